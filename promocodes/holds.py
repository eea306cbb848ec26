"""The end of a hold: let go of, or past its time; what it took is free again.

A job ends what is overdue. But nothing may hang on a job: whoever meets a limit asks first whether
holds past their time stand in the way, and ends those.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from marketplace import clock
from promocodes import limits, locks
from promocodes.models import Checkout, Redemption, UseSlot

State = Checkout.State
_MOST = 50  # that a refused cart ends


def expire_due(*, most: int = 1_000) -> int:
    """End the holds whose time is over, each in a short transaction; returns how many.

    Any number of these may run at once, beside redemptions: one wins each hold.
    """
    return sum(_expire(checkout_id, wait=False) for checkout_id in _due()[:most])


def make_way(
    *, used_up: Iterable[UUID], by_person: Iterable[UUID], persons: Sequence[bytes]
) -> bool:
    """End the holds past their time of promotions that seem used up; whether there were any.

    `by_person`: promotions that these persons seem to have used as often as allowed; of those,
    their own holds. Waits for whoever is ending one just now, since then its use is free too.
    Call it when no other transaction is open: what it locks it must let go of, hold by hold.
    """
    ways = Q(redemptions__promotion__in=list(used_up))
    ways |= Q(redemptions__promotion__in=list(by_person), persons__overlap=list(persons))
    due = _due().filter(ways, redemptions__state=Redemption.State.RESERVED)
    found = list(dict.fromkeys(due[:_MOST]))
    for checkout_id in found:
        _expire(checkout_id, wait=True)
    return bool(found)


def end(checkout_id: UUID, state: Checkout.State) -> None:
    """Free all that a hold took. Inner verb: the caller holds the checkout's row."""
    Checkout.objects.filter(pk=checkout_id).update(state=state)
    with connection.cursor() as cursor:
        cursor.execute(_FREE, {"checkout": checkout_id, "state": state.value})
        freed = cursor.fetchall()
    UseSlot.objects.filter(redemption__in=[row[0] for row in freed]).delete()
    limits.give_back({promotion: (1, amount) for _, promotion, amount in freed})


def _due() -> "QuerySet[Checkout, UUID]":
    overdue = Checkout.objects.filter(state=State.HELD, expires_at__lte=clock.now())
    return overdue.order_by("expires_at", "pk").values_list("pk", flat=True)


def _expire(checkout_id: UUID, *, wait: bool) -> bool:
    """End a hold if it is still overdue; whether it was. Without `wait`, not one that is locked."""
    with transaction.atomic(durable=True):
        held = Checkout.objects.select_for_update(skip_locked=not wait)
        due = held.filter(pk=checkout_id, state=State.HELD, expires_at__lte=clock.now())
        if due.first() is None:
            return False
        end(checkout_id, State.EXPIRED)
        return True


_FREE = f"""
UPDATE promocodes_redemption AS r
SET state = %(state)s, is_given_back = TRUE,
    returned_minor = r.discount_minor + r.shipping_discount_minor
FROM (
    SELECT id, {locks.SHARED.format(id="promotion_id")} FROM promocodes_redemption
    WHERE checkout_id = %(checkout)s ORDER BY {locks.NUMBER.format(id="promotion_id")}
) AS held
WHERE r.id = held.id
RETURNING r.id, r.promotion_id, r.discount_minor + r.shipping_discount_minor
"""  # noqa: S608 - no value of anybody's in it
