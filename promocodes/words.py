"""A word is free once its promotion is over; one that goes again needs its words back.

Whoever asks for a word of a promotion that is over gets it, and the old code is revoked in the
same breath (engine.md 10). Should that promotion go on after all, extended say, its codes stand
again, unless others work with the words by now. Both look at a promotion's state, so the one
shares its lock and the other holds it alone (`locks`).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from promocodes import locks
from promocodes.models import Promotion

# Of promotion p and its terms t; the same as `OVER_STATES`.
_OVER_AT = "(p.status IN ('cancelled', 'refused') OR (p.status = 'approved' AND t.ends_at <= {at}))"
OVER = _OVER_AT.format(at="now()")
JOINED = """promocodes_promocode c
    JOIN promocodes_promotion p ON p.id = c.promotion_id
    JOIN promocodes_promotionterms t ON t.id = p.terms_id"""
# Whose words one call frees: each is a lock, and the database has room for some thousands.
MOST_OWNERS = 1_000
OVER_STATES = (Promotion.State.ENDED, Promotion.State.CANCELLED, Promotion.State.REFUSED)

_FREEABLE = f"""
    FROM {JOINED} WHERE c.code = ANY(%s::text[]) AND c.revoked_at IS NULL
    AND {_OVER_AT.format(at="coalesce(%s::timestamptz, now())")}"""
_OWNERS = f"SELECT DISTINCT p.id {_FREEABLE} LIMIT {MOST_OWNERS}"
_FREE = f"""
    UPDATE promocodes_promocode SET revoked_at = now()
    WHERE revoked_at IS NULL AND id IN (SELECT c.id {_FREEABLE} AND p.id = ANY(%s))"""  # noqa: S608
# Codes that nobody revoked by hand, which leaves an entry: their words were given away.
_LOST = """
    SELECT DISTINCT ON (c.code) c.id, c.code FROM promocodes_promocode c
    WHERE c.promotion_id = %s AND c.revoked_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM marketplace_auditentry a
        WHERE a.target = 'code:' || c.id AND a.verb = 'code.revoke')
    AND NOT EXISTS (
        SELECT FROM promocodes_promocode s
        WHERE s.promotion_id = c.promotion_id AND s.code = c.code AND s.revoked_at IS NULL)
    ORDER BY c.code, c.id DESC"""
_TAKEN = f"""
    SELECT c.code FROM {JOINED}
    WHERE c.code = ANY(%s::text[]) AND c.revoked_at IS NULL AND {OVER} IS NOT TRUE
    ORDER BY c.code LIMIT 1"""  # noqa: S608
_BACK = """
    UPDATE promocodes_promocode SET revoked_at = NULL
    WHERE id = ANY(%s::uuid[]) AND NOT EXISTS (
        SELECT FROM promocodes_promocode o
        WHERE o.code = promocodes_promocode.code AND o.revoked_at IS NULL)"""


class CodeTaken(Exception):
    """Another promotion uses this word."""

    code = "code_taken"

    def __init__(self, word: str) -> None:
        super().__init__(f"Another promotion uses the word {word}.")
        self.word = word
        self.extra = {"word": word}


def free(words: Sequence[str], *, at: datetime | None = None) -> None:
    """Revoke the codes that stand with these words if their promotions are over at `at` (now).

    Inner verb: opens no transaction. Until its end those promotions stay over. Words of more than
    `MOST_OWNERS` promotions are not all freed; what is not stays taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, [list(words), at])
        if owners := [row[0] for row in cursor.fetchall()]:
            locks.share(owners)
            cursor.execute(_FREE, [list(words), at, owners])


def reclaim(promotion: Promotion) -> None:
    """Let the codes of a promotion that is not over any more stand again.

    Inner verb: opens no transaction; the caller holds the promotion alone. Raises `CodeTaken`
    with the first word by which another promotion works meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOST, [promotion.pk])
        lost = cursor.fetchall()
        if not lost:
            return
        words = [word for _, word in lost]
        cursor.execute(_TAKEN, [words])
        if taken := cursor.fetchone():
            raise CodeTaken(taken[0])
        free(words)
        try:
            with transaction.atomic():
                cursor.execute(_BACK, [[code_id for code_id, _ in lost]])
                are_back = cursor.rowcount == len(lost)
        except IntegrityError:
            are_back = False
        if not are_back:  # somebody took a word since we looked
            raise CodeTaken(words[0])
