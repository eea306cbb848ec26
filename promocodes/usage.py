"""How much of promotions is used: counted from the ledger of uses, for a page of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum

from promocodes.models import Promotion, PromotionCounter, Redemption

State = Redemption.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Uses by state; the discount given, net of what came back; what is left (None: no budget).

    `redeemed` counts those of which something is left; `taken` all that count against the total
    limit: what is held, what is redeemed, and what came back without giving the use back. Money in
    minor units.
    """

    redeemed: int = 0
    held: int = 0
    reversed: int = 0
    taken: int = 0
    discount_minor: int = 0
    budget_left_minor: int | None = None


def usage_of(promotions: Iterable[Promotion]) -> dict[object, Usage]:
    """The usage of each promotion, by its id, in two queries."""
    by_id = {promotion.pk: promotion for promotion in promotions}
    spent = dict(
        PromotionCounter.objects.filter(promotion__in=by_id)
        .values_list("promotion_id")
        .annotate(Sum("spent_minor"))
    )
    counted: dict[object, Any] = {
        row["promotion_id"]: row
        for row in Redemption.objects.filter(promotion__in=by_id)
        .values("promotion_id")
        .annotate(
            redeemed=Count("pk", filter=Q(state__in=[State.REDEEMED, State.PART_REVERSED])),
            held=Count("pk", filter=Q(state=State.RESERVED)),
            reversed=Count("pk", filter=Q(state=State.REVERSED)),
            taken=Count("pk", filter=Q(is_given_back=False)),
            discount=Sum(
                F("discount_minor") + F("shipping_discount_minor") - F("returned_minor"),
                filter=~Q(state=State.RESERVED),
            ),
        )
    }
    return {
        key: Usage(
            redeemed=counted.get(key, {}).get("redeemed", 0),
            held=counted.get(key, {}).get("held", 0),
            reversed=counted.get(key, {}).get("reversed", 0),
            taken=counted.get(key, {}).get("taken", 0),
            discount_minor=counted.get(key, {}).get("discount") or 0,
            budget_left_minor=promotion.budget_minor - spent.get(key, 0)
            if promotion.budget_minor is not None
            else None,
        )
        for key, promotion in by_id.items()
    }
