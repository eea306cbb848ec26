"""What an order is, from the events that the shop sent (pure; api.md, Orders).

Events may come in any order and any number of times; the same set always gives the same order.

- Every fact comes from the event of the highest version that carries it: lines, shopper, shipping,
  codes, click. Events of one version are ranked by type, then time, then id.
- The state is the furthest of placed, paid, delivered; or cancelled, if no such event has a higher
  version than the cancellation. An order that was paid when it was cancelled came back whole.
- Refunds are a union by their ref. The money of a line that came back is its discounted total in
  proportion to the units, rounded half-up on the sum, so that all units are the whole to the last
  minor unit. What can't have come back (a line unknown, units beyond those bought) is parked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from marketplace.money import half_up

PLACED, PAID, DELIVERED = "placed", "paid", "delivered"
CANCELLED, REFUNDED = "cancelled", "refunded"
_PROGRESS = (PLACED, PAID, DELIVERED)
_RANK = {kind: rank for rank, kind in enumerate((*_PROGRESS, REFUNDED, CANCELLED))}
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `facts` holds what it carries, and only that: `currency`, `shopper`, `lines`,
    `shipping`, `codes`, `click_id`, `refund`, as in api.md; amounts in minor units."""

    client_id: int
    order_ref: str
    event_id: str
    version: int
    type: str
    occurred_at: datetime
    facts: Facts

    @property
    def rank(self) -> tuple[int, int, datetime, str, int]:
        """The order of events, total: no two events share it."""
        return self.version, _RANK[self.type], self.occurred_at, self.event_id, self.client_id


@dataclass(frozen=True, slots=True)
class FoldedLine:
    """One line; amounts in minor units."""

    ref: str
    product_ref: str
    store_ref: str
    category_ref: str
    unit_price_minor: int
    quantity: int
    discount_minor: int
    refunded_quantity: int = 0

    @property
    def total_minor(self) -> int:
        """What the shopper paid for the line."""
        return self.unit_price_minor * self.quantity - self.discount_minor

    @property
    def refunded_minor(self) -> int:
        """The part of the total that came back: exact for all units, half-up on the way."""
        return half_up(self.total_minor * self.refunded_quantity, self.quantity)


@dataclass(frozen=True, slots=True)
class Parked:
    """Units that were reported as returned and can't be: kept until an event explains them."""

    refund: str
    line: str
    quantity: int
    reason: str  # unknown_line | more_than_bought


@dataclass(frozen=True, slots=True)
class FoldedOrder:
    """The order; instants are those of the events."""

    version: int
    state: str
    currency: str
    shopper_ref: str
    identities: tuple[str, ...]
    shipping_minor: int
    codes: tuple[str, ...]
    click_ref: str
    placed_at: datetime | None
    paid_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lines: tuple[FoldedLine, ...]
    parked: tuple[Parked, ...]


def fold(events: Iterable[Event]) -> FoldedOrder:
    """Fold the events of one order. ValueError without any."""
    ranked = sorted({event.rank: event for event in events}.values(), key=lambda e: e.rank)
    if not ranked:
        raise ValueError("an order has at least one event")
    shopper = _latest(ranked, "shopper", {})
    state, times = _progress(ranked)
    lines, parked = _returned(_lines(ranked), _refunds(ranked))
    if state == CANCELLED and times[PAID] is not None:
        lines = [replace(line, refunded_quantity=line.quantity) for line in lines]
    return FoldedOrder(
        version=ranked[-1].version,
        state=state,
        currency=_latest(ranked, "currency", ""),
        shopper_ref=shopper.get("ref") or "",
        identities=tuple(shopper.get("prints", ())),
        shipping_minor=_latest(ranked, "shipping", 0),
        codes=tuple(_latest(ranked, "codes", ())),
        click_ref=_latest(ranked, "click_id", ""),
        placed_at=times[PLACED],
        paid_at=times[PAID],
        delivered_at=times[DELIVERED],
        cancelled_at=times[CANCELLED],
        lines=tuple(lines),
        parked=tuple(parked),
    )


def _latest(ranked: Sequence[Event], name: str, default: Any) -> Any:
    """The fact `name` of the last event that carries it."""
    return next((e.facts[name] for e in reversed(ranked) if name in e.facts), default)


def _progress(ranked: Sequence[Event]) -> tuple[str, dict[str, datetime | None]]:
    """The state, and when each step was first taken.

    A cancellation undoes the steps before it; a later step takes the order up again.
    """
    steps = [event for event in ranked if event.type != REFUNDED]
    cancelled = next((event for event in reversed(steps) if event.type == CANCELLED), None)
    times: dict[str, datetime | None] = dict.fromkeys((*_PROGRESS, CANCELLED))
    state = PLACED
    if cancelled is not None and cancelled is steps[-1]:
        state = CANCELLED
        times[CANCELLED] = cancelled.occurred_at
    elif cancelled is not None:
        steps = steps[steps.index(cancelled) + 1 :]
    for event in reversed(steps):
        if event.type != CANCELLED:
            times[event.type] = event.occurred_at
    if state != CANCELLED:
        state = next((step for step in reversed(_PROGRESS) if times[step]), PLACED)
    return state, times


def _lines(ranked: Sequence[Event]) -> list[FoldedLine]:
    return [
        FoldedLine(
            ref=line["ref"],
            product_ref=line.get("product") or "",
            store_ref=line["store"],
            category_ref=line.get("category") or "",
            unit_price_minor=line["unit_price"],
            quantity=line["quantity"],
            discount_minor=line.get("discount", 0),
        )
        for line in _latest(ranked, "lines", ())
    ]


def _refunds(ranked: Sequence[Event]) -> list[Facts]:
    """Each refund once, as its last event tells it, in the order in which the refunds began."""
    found: dict[str, Facts] = {}
    for event in ranked:
        if "refund" in event.facts:
            found[event.facts["refund"]["ref"]] = event.facts["refund"]
    return list(found.values())


def _returned(
    lines: Sequence[FoldedLine], refunds: Iterable[Facts]
) -> tuple[list[FoldedLine], list[Parked]]:
    """The lines with what came back, and what can't have."""
    left = {line.ref: line.quantity for line in lines}
    parked = []
    for refund in refunds:
        # A refund without lines is of everything.
        asked = refund.get("lines")
        if asked is None:
            left = dict.fromkeys(left, 0)
            continue
        for item in asked:
            ref, quantity = item["ref"], item["quantity"]
            taken = min(quantity, left.get(ref, 0))
            if taken < quantity:
                reason = "more_than_bought" if ref in left else "unknown_line"
                parked.append(Parked(refund["ref"], ref, quantity - taken, reason))
            if taken:
                left[ref] -= taken
    return [
        replace(line, refunded_quantity=line.quantity - left[line.ref]) for line in lines
    ], parked
