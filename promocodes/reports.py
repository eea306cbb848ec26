"""What a promotion sold and cost: use by use, by code, by day and in total, net of what came back.

The source is the ledger of uses (engine.md 1, 12). Sales are what buyers paid for the goods of the
promotion's store in the orders that used its codes, after all discounts, without shipping; each use
keeps them (`Redemption.sales_minor`), so a million of them are summed while a page loads. A use is
referred when its code was handed to an influencer (`PromoCode.holder`; AM-13). Amounts are minor
units of the promotion's currency.
"""

# ruff: noqa: S608 - the statements are put together from constants; values are parameters

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from marketplace.money import half_up
from promocodes.models import Promotion

BATCH = 10_000
# A hold is redeemed at most so long after its id was made; ids are in order of time.
_LATE = timedelta(days=2)
_FIRST = UUID(int=0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COUNTED = "r.state IN ('redeemed', 'part_reversed', 'reversed')"
_DISCOUNT = "r.discount_minor + r.shipping_discount_minor - r.returned_minor"


def _of(rows: str) -> str:
    """The statement that tells of these rows of the ledger of uses, named r.

    The instant as microseconds since 1970, which Python reads five times as fast.
    """
    return f"""
SELECT r.id::text, (extract(epoch FROM r.redeemed_at) * 1000000)::bigint, c.order_ref, code.code,
    r.state, goods.units, goods.units_back, r.sales_minor, {_DISCOUNT}, code.holder_id IS NOT NULL
FROM {rows} r
JOIN promocodes_checkout c ON c.id = r.checkout_id
JOIN promocodes_promocode code ON code.id = r.code_id
LEFT JOIN marketplace_store s ON s.id = r.store_id
CROSS JOIN LATERAL (
    SELECT COALESCE(sum((l.line ->> 5)::bigint), 0)::bigint AS units,
        COALESCE(sum(c.returned[l.place::int]), 0)::bigint AS units_back
    FROM jsonb_array_elements(c.cart -> 'lines') WITH ORDINALITY AS l(line, place)
    WHERE s.ref IS NULL OR l.line ->> 2 = s.ref
) AS goods"""


def _sums(where: str, *, key: str = "NULL") -> str:
    """Groups of uses, `g.key` and `code` with the sums of each.

    By code first: there are few, and only they know who was referred.
    """
    return f"""
FROM (
    SELECT {key} AS key, r.code_id,
        count(*) FILTER (WHERE r.state <> 'reversed') AS uses,
        count(*) FILTER (WHERE r.state = 'reversed') AS reversed,
        sum({_DISCOUNT}) AS discount, sum(r.sales_minor) AS sales
    FROM promocodes_redemption r WHERE {_COUNTED} AND {where} GROUP BY 1, 2
) g JOIN promocodes_promocode code ON code.id = g.code_id"""


_SUMS = ", ".join(
    f"COALESCE(sum(g.{column}){rows}, 0)::bigint AS {name}"
    for name, column, rows in (
        ("uses", "uses", ""),
        ("reversed", "reversed", ""),
        ("discount", "discount", ""),
        ("sales", "sales", ""),
        ("referred_uses", "uses", " FILTER (WHERE code.holder_id IS NOT NULL)"),
        ("referred_sales", "sales", " FILTER (WHERE code.holder_id IS NOT NULL)"),
    )
)


class Use(NamedTuple):
    """One order that used a code; `units_back` of `units` came back, the sums are what is left.

    A tuple, because a report may hold a million of them.
    """

    id: str
    redeemed_at: datetime
    order_ref: str
    code: str
    state: str
    units: int
    units_back: int
    sales_minor: int
    discount_minor: int
    is_referred: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over uses. `uses` stand, `reversed` came back whole."""

    uses: int = 0
    reversed: int = 0
    discount_minor: int = 0
    sales_minor: int = 0
    referred_uses: int = 0
    referred_sales_minor: int = 0

    @property
    def referred_bp(self) -> int:
        """The part of the sales that influencers brought: whole percents, in basis points."""
        if not self.sales_minor:
            return 0
        return half_up(self.referred_sales_minor * 100, self.sales_minor) * 100


@dataclass(frozen=True, slots=True)
class CodeSums:
    """What one code of a promotion did."""

    code: str
    is_referred: bool
    sums: Sums


@dataclass(frozen=True, slots=True)
class PromotionSums:
    """What one promotion of a store did."""

    promotion_id: UUID
    sums: Sums


@dataclass(frozen=True, slots=True)
class Day:
    """One day in the promotion's own zone."""

    day: date
    sums: Sums


def uses(promotion: Promotion) -> Iterator[Use]:
    """All uses, the oldest first; read in batches, so any number streams in bounded memory."""
    after = str(_FIRST)
    while True:
        batch = _uses("r.promotion_id = %s AND r.id > %s::uuid", "id", [promotion.pk, after], BATCH)
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def latest(promotion: Promotion, *, before: UUID | None = None, most: int = 50) -> list[Use]:
    """The newest uses, or those older than the use `before`: a page at a time."""
    where = "r.promotion_id = %s AND (%s::uuid IS NULL OR r.id < %s::uuid)"
    return _uses(where, "id DESC", [promotion.pk, before, before], most)


def totals(promotion: Promotion) -> Sums:
    """The whole life of a promotion."""
    [row] = _read(f"SELECT {_SUMS} {_sums('r.promotion_id = %s')}", [promotion.pk])
    return Sums(*row)


def by_code(promotion: Promotion, *, most: int = 50) -> list[CodeSums]:
    """The codes that sold most."""
    rows = _read(
        f"""SELECT code.code, code.holder_id IS NOT NULL, {_SUMS} {_sums("r.promotion_id = %s")}
        GROUP BY code.id ORDER BY sales DESC, code.code LIMIT %s""",
        [promotion.pk, most],
    )
    return [CodeSums(row[0], row[1], Sums(*row[2:])) for row in rows]


def by_day(promotion: Promotion, *, since: datetime, zone: str) -> list[Day]:
    """Days with uses since the instant, in order; days of the IANA `zone`."""
    where = "r.promotion_id = %s AND r.id >= %s AND r.redeemed_at >= %s"
    rows = _read(
        f"""SELECT g.key, {_SUMS} {_sums(where, key="(r.redeemed_at AT TIME ZONE %s)::date")}
        GROUP BY g.key ORDER BY g.key""",
        [zone, promotion.pk, _id_at(since - _LATE), since],
    )
    return [Day(row[0], Sums(*row[1:])) for row in rows]


def by_promotion(stores: Sequence[int], *, since: datetime) -> list[PromotionSums]:
    """The promotions of these stores with uses since the instant, by sales."""
    where = "r.store_id = ANY(%s) AND r.id >= %s AND r.redeemed_at >= %s"
    rows = _read(
        f"""SELECT g.key, {_SUMS} {_sums(where, key="r.promotion_id")}
        GROUP BY g.key ORDER BY sales DESC, g.key""",
        [list(stores), _id_at(since - _LATE), since],
    )
    return [PromotionSums(row[0], Sums(*row[1:])) for row in rows]


def added(parts: Iterable[Sums]) -> Sums:
    """Sums of sums; of one currency."""
    rows = [astuple(part) for part in parts]
    return Sums(*(sum(column) for column in zip(*rows, strict=True))) if rows else Sums()


def _uses(where: str, order: str, params: list[Any], most: int) -> list[Use]:
    # The page is cut before anything is joined to it, so that its cost is the page's own.
    page = f"SELECT * FROM promocodes_redemption r WHERE {_COUNTED} AND {where}"
    sql = f"{_of(f'({page} ORDER BY r.{order} LIMIT %s)')} ORDER BY r.{order}"
    rows = _read(sql, [*params, most])
    return [Use(use, _EPOCH + timedelta(microseconds=at), *about) for use, at, *about in rows]


def _read(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _id_at(at: datetime) -> UUID:
    """The lowest id that could have been made at this instant."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
