"""Who may read a promotion to decide, and who may change it.

Whoever judges a cart shares a promotion's lock; whoever changes the promotion holds it alone.
So a change waits for the redemptions that were judged before it, and every later one is judged by
it. The lock is advisory (`shared` is an expression of the very query that reads the promotion),
lives in memory, ends with the transaction, and costs a hot promotion no row write.

Whoever shares several locks takes them in the order of their numbers: a waiting change stands in
the way of those who come after it, so in any other order two carts and two changes could deadlock.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

_SPACE = 1 << 64

# The same number as `key`, in SQL: the last 64 bits of the id, which are random.
NUMBER = "('x' || right(replace({id}::text, '-', ''), 16))::bit(64)::bigint"
SHARED = f"pg_advisory_xact_lock_shared({NUMBER})"


def key(promotion_id: UUID) -> int:
    """The lock's number: the random half of the id, as PostgreSQL's signed bigint."""
    number = promotion_id.int % _SPACE
    return number - _SPACE if number >= _SPACE // 2 else number


def hold_alone(promotion_id: UUID) -> None:
    """Wait for running decisions on the promotion, and keep new ones out until the commit.

    Inner verb: opens no transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key(promotion_id)])


def share(promotion_ids: Iterable[UUID]) -> None:
    """Keep the promotions as they are until the commit; changes wait, others don't.

    Inner verb: opens no transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(one.key) FROM unnest(%s::bigint[]) AS one(key)",
            [sorted(map(key, promotion_ids))],
        )
