"""Reversals: what comes back of a redemption, by cause (engine.md 9).

Each is written once per `reversal_ref` and never edited. Partial returns give back their exact
share of the discount and of the budget. The use itself comes back when all that a code discounted
has come back, if the terms that it was judged by say so for the cause. Works after expiry and
cancellation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from promocodes import cart as carts
from promocodes import limits, locks, reservations, returns, units
from promocodes.cart import Line
from promocodes.models import (
    Checkout,
    PromotionTerms,
    Redemption,
    RedemptionLine,
    Reversal,
    ReversalLine,
    UseSlot,
)
from promocodes.returns import Returned
from promocodes.throttling import Source
from promocodes.units import Runs

State = Checkout.State
REVERSIBLE = (State.REDEEMED, State.PART_REVERSED, State.REVERSED)


class NotRedeemed(Exception):
    """A reservation has nothing to reverse; release it."""

    code = "not_redeemed"


class ReversalTaken(Exception):
    """This reversal_ref was used for something else."""

    code = "reversal_ref_used"


@dataclass(slots=True)
class _Use:
    """A code's part of the checkout, and what this reversal gives back of it."""

    redemption: Redemption
    lines: dict[str, RedemptionLine]
    parts: list[tuple[RedemptionLine, int, int]] = field(default_factory=list)
    shipping_minor: int = 0
    gives_back: bool = False

    @property
    def discount_minor(self) -> int:
        return sum(discount for _, _, discount in self.parts)

    def is_of(self, store_ref: str) -> bool:
        """Whether that store's goods are the promotion's sales."""
        store = self.redemption.store
        return store is None or store.ref == store_ref

    @property
    def shares(self) -> dict[str, Runs]:
        return {ref: units.pack(line.units) for ref, line in self.lines.items()}


@transaction.atomic
def reverse(
    *,
    checkout_id: UUID,
    reversal_ref: str,
    cause: str,
    source: Source,
    quantities: Mapping[str, int] | None = None,
) -> tuple[Reversal, bool]:
    """Take back units of an order by line ref (None: all that is left); the row, and if it is new.

    The same `reversal_ref` again: the same row. Raises `CheckoutUnknown`, `NotRedeemed`,
    `ReversalTaken`, `returns.TooManyUnits`, `returns.LineUnknown`.
    """
    checkout = reservations.locked(checkout_id, source)
    asked = {"cause": cause, "lines": dict(quantities) if quantities is not None else None}
    known = Reversal.objects.filter(checkout=checkout, reversal_ref=reversal_ref).first()
    if known is not None:
        if known.asked != asked:
            raise ReversalTaken
        return known, False
    if checkout.state not in REVERSIBLE:
        raise NotRedeemed
    lines = carts.lines_from_json(checkout.cart)
    uses = _uses(checkout)
    shares = {code: use.shares for code, use in uses.items()}
    came_back = returns.give_back(lines, checkout.returned, shares, quantities)
    for found in came_back:
        checkout.returned[found.place] += found.quantity
    is_all = checkout.returned == [line.quantity for line in lines]
    if came_back or is_all:
        checkout.state = State.REVERSED if is_all else State.PART_REVERSED
        checkout.save(update_fields=["returned", "state"])
    for code, use in uses.items():
        _decide(use, code, came_back, lines, is_all=is_all, cause=cause)
    row = _record(checkout, reversal_ref, asked, came_back, list(uses.values()))
    _settle(row, list(uses.values()))
    return row, True


def _uses(checkout: Checkout) -> dict[str, _Use]:
    """The codes of the checkout; their promotions stay as they are until the commit."""
    redemptions = list(
        Redemption.objects.filter(checkout=checkout)
        .select_related("code", "terms", "store")
        .prefetch_related("lines")
    )
    locks.share(redemption.promotion_id for redemption in redemptions)
    return {
        redemption.code.code: _Use(
            redemption=redemption,
            lines={line.line_ref: line for line in redemption.lines.all()},
        )
        for redemption in redemptions
    }


def _decide(
    use: _Use,
    code: str,
    came_back: Sequence[Returned],
    lines: Sequence[Line],
    *,
    is_all: bool,
    cause: str,
) -> None:
    """Work out what of one code's use, of a cart with these lines, comes back with the units."""
    redemption = use.redemption
    for found in came_back:
        if use.is_of(lines[found.place].store):
            redemption.sales_minor -= found.amount_minor
        if (line := use.lines.get(found.ref)) is not None:
            line.returned_quantity += found.quantity
            line.returned_minor += found.by_code[code]
            use.parts.append((line, found.quantity, found.by_code[code]))
    lines_over = bool(use.lines) and all(
        line.returned_quantity == line.quantity for line in use.lines.values()
    )
    was_over = redemption.state == Redemption.State.REVERSED
    if (is_all or lines_over) and not was_over:
        redemption.state = Redemption.State.REVERSED
        use.gives_back = cause in redemption.terms.gives_back_for
        redemption.is_given_back = use.gives_back
        if cause != PromotionTerms.Cause.REFUNDED:
            use.shipping_minor = redemption.shipping_discount_minor
    elif use.parts and not was_over:
        redemption.state = Redemption.State.PART_REVERSED
    redemption.returned_minor += use.discount_minor + use.shipping_minor


def _record(
    checkout: Checkout,
    reversal_ref: str,
    asked: dict[str, Any],
    came_back: Sequence[Returned],
    uses: Sequence[_Use],
) -> Reversal:
    return Reversal.objects.create(
        checkout=checkout,
        reversal_ref=reversal_ref,
        cause=asked["cause"],
        asked=asked,
        lines=[found.to_json() for found in came_back],
        discount_minor=sum(found.discount_minor for found in came_back),
        shipping_discount_minor=sum(use.shipping_minor for use in uses),
        amount_minor=sum(found.amount_minor for found in came_back),
        uses_returned=sum(use.gives_back for use in uses),
        state_after=checkout.state,
    )


def _settle(row: Reversal, uses: Sequence[_Use]) -> None:
    """Write what came back of each use, free the slots, and last the counters."""
    parts = [part for use in uses for part in use.parts]
    ReversalLine.objects.bulk_create(
        ReversalLine(reversal=row, redemption_line=line, quantity=quantity, discount_minor=discount)
        for line, quantity, discount in parts
    )
    RedemptionLine.objects.bulk_update(
        [line for line, _, _ in parts], ["returned_quantity", "returned_minor"]
    )
    Redemption.objects.bulk_update(
        [use.redemption for use in uses],
        ["state", "returned_minor", "sales_minor", "is_given_back"],
    )
    over = [use.redemption.pk for use in uses if use.gives_back]
    if over:
        UseSlot.objects.filter(redemption__in=over).delete()
    limits.give_back(
        {
            use.redemption.promotion_id: (
                int(use.gives_back),
                use.discount_minor + use.shipping_minor,
            )
            for use in uses
        }
    )
