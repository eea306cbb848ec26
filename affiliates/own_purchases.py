"""Own purchases: nobody earns on what they, their agency or its people bought (money.md).

Asked when a line is won, and again whenever the order changes: who the shopper is may be told last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from affiliates.models import Affiliate, RosterMember
from marketplace import identities
from marketplace.models import Order


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A line that somebody won; `agency` shares in it by the agreement, `at` is its time."""

    order: Order
    winner: Affiliate
    agency: Affiliate | None
    at: datetime


def among(sales: Sequence[Sale]) -> list[bool]:
    """For each sale, whether the shopper is the winner or one of the winner's people then.

    These are the agencies that had signed the winner, the one that shares in the sale, and
    everybody whom any of them had signed. Reads the users of the affiliates that are given.
    """
    known = {
        affiliate.pk: affiliate
        for sale in sales
        for affiliate in (sale.winner, sale.agency)
        if affiliate is not None
    }
    roster = _roster(known.values())
    for row in roster:
        for affiliate in (row.agency, row.influencer):
            if affiliate is not None:
                known[affiliate.pk] = affiliate
    return [
        any(_is_shopper(known[pk], sale.order) for pk in _circle(sale, roster)) for sale in sales
    ]


def _roster(affiliates: Iterable[Affiliate]) -> list[RosterMember]:
    """Whoever was ever signed by these, or by an agency that ever signed one of them."""
    asked = list(affiliates)
    if not asked:
        return []
    agencies = set(
        RosterMember.objects.filter(influencer__in=asked).values_list("agency", flat=True)
    )
    agencies |= {affiliate.pk for affiliate in asked if affiliate.is_agency}
    rows = RosterMember.objects.filter(
        agency__in=agencies, influencer__isnull=False, joined_at__isnull=False
    )
    return list(rows.select_related("agency__user", "influencer__user"))


def _circle(sale: Sale, roster: Iterable[RosterMember]) -> set[UUID]:
    winner = sale.winner
    then = [row for row in roster if _was_signed(row, sale.at)]
    agencies = {row.agency_id for row in then if row.influencer_id == winner.pk}
    agencies |= {each.pk for each in (winner, sale.agency) if each is not None and each.is_agency}
    members = {row.influencer_id for row in then if row.agency_id in agencies}
    return {winner.pk, *agencies, *(pk for pk in members if pk is not None)}


def _was_signed(row: RosterMember, at: datetime) -> bool:
    return (
        row.joined_at is not None
        and row.joined_at <= at
        and (row.left_at is None or at < row.left_at)
    )


def _is_shopper(affiliate: Affiliate, order: Order) -> bool:
    user = affiliate.user
    if order.shopper_id == user.pk or (user.ref and order.shopper_ref == user.ref):
        return True
    prints = identities.prints_of({"email": user.email})
    return bool(set(prints) & set(order.identities))
