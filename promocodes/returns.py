"""How much of each code's share goes back with the units of a line that come back (pure).

Units come back in the order of the line; a unit's share is what was stored for it, so any sequence
of part returns ends at exactly what was given (engine.md 5, 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promocodes import units
from promocodes.cart import Line
from promocodes.units import Runs


class TooManyUnits(Exception):
    """More units than are left of the line."""

    code = "too_many_units"


class LineUnknown(Exception):
    """The order has no such line."""

    code = "line_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Some units of one line that came back: the discount on them, and the money paid for them."""

    ref: str
    place: int
    quantity: int
    discount_minor: int
    amount_minor: int
    by_code: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As it is kept and answered."""
        return {
            "ref": self.ref,
            "quantity": self.quantity,
            "discount_returned": self.discount_minor,
            "amount_returned": self.amount_minor,
        }


def give_back(
    lines: Sequence[Line],
    returned: Sequence[int],
    shares: Mapping[str, Mapping[str, Runs]],
    asked: Mapping[str, int] | None,
) -> list[Returned]:
    """What comes back with `asked` units by line ref (None: all that are left).

    `returned`: units of each line that came back before. `shares`: by code, then by line ref.
    Raises `TooManyUnits`, `LineUnknown`.
    """
    if asked is not None and asked.keys() - {line.ref for line in lines}:
        raise LineUnknown
    found = []
    for place, (line, before) in enumerate(zip(lines, returned, strict=True)):
        quantity = line.quantity - before if asked is None else asked.get(line.ref, 0)
        if before + quantity > line.quantity:
            raise TooManyUnits
        if quantity:
            found.append(_of_line(line, place, before, quantity, shares))
    return found


def _of_line(
    line: Line,
    place: int,
    before: int,
    quantity: int,
    shares: Mapping[str, Mapping[str, Runs]],
) -> Returned:
    by_code = {
        code: units.slice_total(lines[line.ref], before, before + quantity)
        for code, lines in shares.items()
        if line.ref in lines
    }
    discount = sum(by_code.values())
    return Returned(
        ref=line.ref,
        place=place,
        quantity=quantity,
        discount_minor=discount,
        amount_minor=line.unit_price_minor * quantity - discount,
        by_code=by_code,
    )
