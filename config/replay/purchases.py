"""The purchase history that is replayed (pure): `customer,date,units,amount_minor` in CSV."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

CURRENCY = "USD"
COLUMNS = ("customer", "date", "units", "amount_minor")


class BadPurchases(Exception):
    """The file is not a purchase history in order of its dates; says which line is wrong."""

    code = "bad_purchases"


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the history: `units` things for `amount_minor` US cents in all."""

    row: int
    customer: str
    on: date
    units: int
    amount_minor: int


def read(path: Path, *, limit: int | None = None) -> list[Purchase]:
    """The first `limit` purchases of the file (all without one), in its order.

    Raises `BadPurchases` for another kind of file or a line that makes no sense.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != COLUMNS:
            raise BadPurchases(f"{path}: the first line must be {','.join(COLUMNS)}")
        found = list(islice(_parsed(path, lines), limit))
    if not found:
        raise BadPurchases(f"{path}: holds no purchase")
    return found


def last_day(path: Path) -> date:
    """The date of the file's last purchase."""
    return read(path)[-1].on


def _parsed(path: Path, lines: "csv.DictReader[str]") -> Iterator[Purchase]:
    before = date.min
    for row, line in enumerate(lines):
        try:
            purchase = Purchase(
                row=row,
                customer=line["customer"],
                on=date.fromisoformat(line["date"]),
                units=int(line["units"]),
                amount_minor=int(line["amount_minor"]),
            )
        except (TypeError, ValueError) as error:
            raise BadPurchases(f"{path}, line {row + 2}: {error}") from error
        if purchase.units < 1 or purchase.amount_minor < 0 or purchase.on < before:
            raise BadPurchases(f"{path}, line {row + 2}: out of range or out of order")
        before = purchase.on
        yield purchase
