"""What one code takes off what the earlier codes left (pure; engine.md 5).

Eligible units → exact percent, half-up once → cap → clamp to what is left → largest remainder over
the lines, then over the units. So every part return is a sum of stored shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from marketplace.money import percent_of, split
from promocodes import units
from promocodes.terms import Allocation, DiscountType, Terms
from promocodes.units import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A code that fits the cart: what it gives, and on which lines (by their place)."""

    id: UUID
    terms: Terms
    lines: tuple[int, ...]
    cap_minor: int | None = None


@dataclass(slots=True)
class Left:
    """What the codes so far have left: the runs of every line, and the shipping."""

    lines: list[Runs]
    shipping_minor: int = 0


@dataclass(slots=True)
class Share:
    """What one code gives: runs of unit discounts by line, and off the shipping."""

    lines: dict[int, Runs] = field(default_factory=dict)
    shipping_minor: int = 0

    @property
    def discount_minor(self) -> int:
        """Off the lines."""
        return sum(units.total(runs) for runs in self.lines.values())

    @property
    def total_minor(self) -> int:
        """Off the lines and the shipping."""
        return self.discount_minor + self.shipping_minor


def apply(offer: Offer, left: Left) -> Share:
    """What the code takes off; nothing is changed."""
    terms = offer.terms
    if terms.discount_type == DiscountType.FREE_SHIPPING:
        return Share(shipping_minor=_capped(left.shipping_minor, offer))
    open_units = {i: _open_units(left.lines[i], terms) for i in offer.lines}
    if terms.allocation == Allocation.EACH_UNIT:
        return _each_unit(offer, open_units)
    if terms.allocation == Allocation.EACH_LINE:
        return _each_line(offer, open_units)
    if terms.allocation == Allocation.CHEAPEST_UNIT:
        return _cheapest_unit(offer, open_units)
    return _across(offer, open_units)


def take(left: Left, share: Share) -> Left:
    """What is left after a share."""
    lines = list(left.lines)
    for i, runs in share.lines.items():
        lines[i] = units.minus(lines[i], runs)
    return Left(lines, left.shipping_minor - share.shipping_minor)


def _open_units(runs: Runs, terms: Terms) -> Runs:
    return runs if terms.max_units_per_line is None else units.first(runs, terms.max_units_per_line)


def _off(base: int, terms: Terms) -> int:
    """The terms' discount of one base, at most the base."""
    if terms.percent_bp is not None:
        return percent_of(base, terms.percent_bp)
    return min(terms.amount_minor or 0, base)


def _capped(discount: int, offer: Offer) -> int:
    caps = [cap for cap in (offer.terms.max_discount_minor, offer.cap_minor) if cap is not None]
    return min(discount, *caps) if caps else discount


def _across(offer: Offer, open_units: Mapping[int, Runs]) -> Share:
    bases = [units.total(runs) for runs in open_units.values()]
    discount = _capped(_off(sum(bases), offer.terms), offer)
    return _spread(discount, bases, open_units)


def _each_line(offer: Offer, open_units: Mapping[int, Runs]) -> Share:
    wanted = [_off(units.total(runs), offer.terms) for runs in open_units.values()]
    return _spread(_capped(sum(wanted), offer), wanted, open_units)


def _each_unit(offer: Offer, open_units: Mapping[int, Runs]) -> Share:
    wanted = {
        i: [(count, _off(value, offer.terms)) for count, value in runs]
        for i, runs in open_units.items()
    }
    sums = [units.total(runs) for runs in wanted.values()]
    return _spread(_capped(sum(sums), offer), sums, wanted)


def _cheapest_unit(offer: Offer, open_units: Mapping[int, Runs]) -> Share:
    """On one unit: of those that cost something the cheapest, the first of equals."""
    best: tuple[int, int, int] | None = None
    for i, runs in open_units.items():
        place = 0
        for count, value in runs:
            if value > 0 and (best is None or value < best[0]):
                best = (value, i, place)
            place += count
    if best is None:
        return Share()
    value, i, place = best
    discount = _capped(_off(value, offer.terms), offer)
    runs = [(1, discount)] if place == 0 else [(place, 0), (1, discount)]
    return Share({i: runs}) if discount else Share()


def _spread(discount: int, by_line: Sequence[int], by_unit: Mapping[int, Runs]) -> Share:
    """A discount by largest remainder over the lines, then over the units of each."""
    parts = split(discount, by_line)
    return Share(
        {
            i: units.split(part, runs)
            for (i, runs), part in zip(by_unit.items(), parts, strict=True)
            if part
        }
    )
