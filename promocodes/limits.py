"""Counters behind limited promotions: opened, changed, taken from and given back to.

A counter is a cache of the ledger of uses, moved in the same transaction (engine.md 1, 2), by
functions of the database (migration 0004); CHECKs stand behind them. A promotion that may become
hot shares its limits over slots, so that buyers don't queue: how many follows from the limits
themselves, since what one row can serve in a few seconds needs no second one.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, Sum

from marketplace.money import split
from promocodes import terms as worded
from promocodes.models import Promotion, PromotionCounter, Redemption
from promocodes.reasons import Reason, Refusal
from promocodes.terms import Limits, Terms

MOST_SLOTS = 64
# What one row serves in less than a second however hot it is.
USES_PER_SLOT = 50
# For percents without a cap: a thousand roubles, a thousand dollars.
USUAL_DISCOUNT_MINOR = 100_000


class LimitBelowUse(Exception):
    """The new limit is below what is taken already."""

    code = "limit_below_use"


class LimitTaken(Exception):
    """Somebody else took what was left."""

    code = "limit_taken"

    def __init__(
        self,
        promotion_id: UUID,
        *,
        reason: Reason = Reason.TOTAL_LIMIT_REACHED,
        limit: int | None = None,
    ) -> None:
        super().__init__(promotion_id)
        self.promotion_id = promotion_id
        self.refusal = Refusal(reason, {"limit": limit} if limit is not None else {})

    @property
    def is_budget(self) -> bool:
        """Whether it was money that ran out."""
        return self.refusal.reason == Reason.BUDGET_EXHAUSTED


def open_counters(promotion: Promotion) -> None:
    """Give a limited promotion its counters. Inner verb: opens no transaction."""
    _write(promotion, worded.limits_of(promotion), used=0, spent=0)


def take(promotion_id: UUID, *, amount_minor: int, in_order: bool = False) -> None:
    """Take one use and so much of the budget, if both are there.

    `in_order`: for who may roll back to a savepoint and take again, and takes from several.
    Inner verb: the caller shares the promotion's lock. Raises `LimitTaken`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT promocodes_take(%s, %s, %s)", [promotion_id, amount_minor, in_order])
        (is_taken,) = cursor.fetchone()
    if not is_taken:
        raise lost(promotion_id)


def lost(promotion_id: UUID) -> LimitTaken:
    """Which of the limits is in the way; of uses, if there is no budget that could be."""
    left = PromotionCounter.objects.filter(promotion=promotion_id).aggregate(
        allowed=Sum("quota"), unused=Sum(F("quota") - F("taken")), budget=Sum("budget_minor")
    )
    if left["budget"] is None or (left["unused"] is not None and left["unused"] < 1):
        return LimitTaken(promotion_id, limit=left["allowed"])
    return LimitTaken(promotion_id, reason=Reason.BUDGET_EXHAUSTED)


def give_back(returns: Mapping[UUID, tuple[int, int]]) -> None:
    """Give back uses and money to each promotion that has a counter, in id order.

    Inner verb: the caller shares the promotions' locks.
    """
    with connection.cursor() as cursor:
        for promotion_id, (uses, amount_minor) in sorted(returns.items()):
            if uses or amount_minor:
                cursor.execute(
                    "SELECT promocodes_give_back(%s, %s, %s)",
                    [promotion_id, uses, amount_minor],
                )


def change(promotion: Promotion, limits: Limits) -> None:
    """Make the counters follow new limits, counting from the ledger.

    Inner verb: the caller holds the promotion alone, so nothing is written meanwhile.
    Raises `LimitBelowUse`.
    """
    used, spent = taken_by_ledger(promotion.pk)
    if limits.total is not None and limits.total < used:
        raise LimitBelowUse
    if limits.budget_minor is not None and limits.budget_minor < spent:
        raise LimitBelowUse
    PromotionCounter.objects.filter(promotion=promotion).delete()
    _write(promotion, limits, used=used, spent=spent)


def slots_for(limits: Limits, terms: Terms) -> int:
    """Over how many rows the limits are shared; 0 for none."""
    sizes = []
    if limits.total is not None:
        sizes.append(limits.total // USES_PER_SLOT)
    if limits.budget_minor is not None:
        largest = terms.max_discount_minor or terms.amount_minor or USUAL_DISCOUNT_MINOR
        sizes.append(limits.budget_minor // (largest * USES_PER_SLOT))
    return min(MOST_SLOTS, max(1, min(sizes))) if sizes else 0


def taken_by_ledger(promotion_id: UUID) -> tuple[int, int]:
    """Uses that count, and money that was given, by the ledger of uses itself."""
    uses = Redemption.objects.filter(promotion=promotion_id)
    found = uses.aggregate(
        counted=Count("pk", filter=Q(is_given_back=False)),
        given=Sum(F("discount_minor") + F("shipping_discount_minor") - F("returned_minor")),
    )
    return found["counted"], found["given"] or 0


def _write(promotion: Promotion, limits: Limits, *, used: int, spent: int) -> None:
    """Counters with what is taken already, shared out like the limits."""
    count = slots_for(limits, worded.of(promotion.terms))
    if not count:
        return
    equal = [1] * count
    quotas = [None] * count if limits.total is None else split(limits.total, equal)
    budgets = [None] * count if limits.budget_minor is None else split(limits.budget_minor, equal)
    taken = split(used, [quota if quota is not None else 1 for quota in quotas])
    money = split(spent, [budget if budget is not None else 1 for budget in budgets])
    PromotionCounter.objects.bulk_create(
        PromotionCounter(
            promotion=promotion,
            slot=slot,
            quota=quotas[slot],
            taken=taken[slot],
            budget_minor=budgets[slot],
            spent_minor=money[slot],
        )
        for slot in range(count)
    )
