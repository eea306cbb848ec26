"""What the start page says of promo codes: the last month, what sells, what ends, what waits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marketplace.models import Store
from promocodes import explanations, reports
from promocodes.models import Promotion
from promocodes.reports import Sums

DAYS = 30
SOON = timedelta(days=14)
SHOWN = 5
COUNTED = 100


@dataclass(frozen=True, slots=True)
class Seller:
    """A promotion among those that sold most; `part` of 100 of the first one's sales."""

    promotion: Promotion
    sums: Sums
    part: int


@dataclass(frozen=True, slots=True)
class Month:
    """The last days in one currency."""

    currency: str
    sums: Sums
    best: list[Seller]
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """A live promotion that ends soon."""

    promotion: Promotion
    until: str


@dataclass(frozen=True, slots=True)
class Start:
    """All of it. `waiting` counts up to `COUNTED`."""

    months: list[Month]
    ending: list[Ending] = field(default_factory=list)
    waiting: int = 0
    refused: list[Promotion] = field(default_factory=list)
    has_any: bool = False


def read(stores: Iterable[Store], *, at: datetime) -> Start:
    """The numbers of these stores; a handful of queries, none over a whole table."""
    mine = [store.pk for store in stores]
    own = Promotion.objects.filter(store__in=mine).select_related("terms")
    ending = own.live(at).filter(terms__ends_at__lte=at + SOON).order_by("terms__ends_at")
    status = Promotion.Status
    waiting = own.filter(status=status.PENDING_APPROVAL).values_list("pk", flat=True)
    return Start(
        months=_months(mine, at),
        ending=[
            Ending(row, explanations.moment(row.terms.ends_at, row.terms.timezone))
            for row in ending[:SHOWN]
            if row.terms.ends_at is not None
        ],
        waiting=len(waiting[:COUNTED]),
        refused=list(own.filter(status=status.REFUSED).order_by("-id")[:SHOWN]),
        has_any=own.exists(),
    )


def _months(stores: Sequence[int], at: datetime) -> list[Month]:
    found = reports.by_promotion(stores, since=at - timedelta(days=DAYS))
    promotions = Promotion.objects.in_bulk([row.promotion_id for row in found])
    by_currency: dict[str, list[tuple[Promotion, Sums]]] = defaultdict(list)
    for row in found:
        promotion = promotions[row.promotion_id]
        by_currency[promotion.currency].append((promotion, row.sums))
    return [
        Month(
            currency=currency,
            sums=reports.added(sums for _, sums in rows),
            best=_best(rows),
            is_shared=any(promotion.share_with_affiliates for promotion, _ in rows),
        )
        for currency, rows in sorted(by_currency.items())
    ]


def _best(rows: Sequence[tuple[Promotion, Sums]]) -> list[Seller]:
    most = max((sums.sales_minor for _, sums in rows), default=0) or 1
    return [
        Seller(promotion, sums, sums.sales_minor * 100 // most) for promotion, sums in rows[:SHOWN]
    ]
