"""Orders of the past as a forecast replays them: streamed, and never more than it can judge.

A store's newest orders stand at the end of an index, so the rest of its history costs nothing. Of a
great many an even part is taken: shoppers, each with all of their orders, chosen by a hash; so
limits per person stay true. Only the goods of the asked stores are read; what a store told by a
key of its own doesn't count once the marketplace has told of the same order.
"""

# ruff: noqa: S608 - the statements are put together from constants; values are parameters

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

from promocodes.cart import Line
from promocodes.forecasting import PastOrder

LOOKED_AT = 200_000  # newest orders among which the window is looked for
JUDGED = 10_000  # orders that are replayed; of more, an even part
_AT_ONCE = 2_000

_NEWEST_OF_STORES = """
    SELECT DISTINCT l.order_id AS id FROM marketplace_orderline l
    WHERE l.store_id = ANY(%(stores)s) ORDER BY l.order_id DESC LIMIT %(most)s"""
# Of one store the index on (store, order) is read from its end.
_NEWEST_OF_ONE = _NEWEST_OF_STORES.replace("= ANY(%(stores)s)", "= %(store)s")
_NEWEST_OF_ALL = "SELECT id FROM marketplace_order ORDER BY id DESC LIMIT %(most)s"
_PLACED = "COALESCE(o.placed_at, o.paid_at)"
# By whom an order is known again; what a hash of it chooses is all of a shopper, or a guest's one.
_WHO = "COALESCE(NULLIF(o.shopper_ref, ''), o.identities[1], o.ref)"
# Read before anything is asked of it: the planner thinks little of what the window holds, and a
# nested loop over a hundred thousand orders would take half a minute.
_HEARD_OF = f"""heard AS MATERIALIZED (
    SELECT o.id, o.ref, o.number, o.reported_by_id, o.state, o.currency, o.shipping_minor,
        o.shopper_ref, o.identities, {_PLACED} AS at
    FROM newest JOIN marketplace_order o ON o.id = newest.id)"""
_IN_WINDOW = """
    FROM heard o WHERE o.at >= %(since)s AND o.at < %(until)s
    AND o.state <> 'cancelled' AND o.currency = %(currency)s
    AND (o.reported_by_id IS NULL OR NOT EXISTS (
        SELECT FROM marketplace_order m JOIN marketplace_orderline n ON n.order_id = m.id
        WHERE m.ref = o.number AND n.store_id = o.reported_by_id))"""
_CHOSEN = f"(hashtext({_WHO})::bigint + 2147483648) %% %(weight)s = 0"
# Of first orders the marketplace's word counts, and a store's own for itself.
_HEARD = "(e.reported_by_id IS NULL OR e.reported_by_id = ANY(%(stores)s))"
_IS_FIRST = f"""CASE
    WHEN o.shopper_ref <> '' THEN NOT EXISTS (
        SELECT FROM marketplace_order e
        WHERE e.shopper_ref = o.shopper_ref AND e.paid_at < o.at AND {_HEARD})
    WHEN o.identities <> '{{}}' THEN NOT EXISTS (
        SELECT FROM marketplace_order e
        WHERE e.identities && o.identities AND e.paid_at < o.at AND {_HEARD})
    END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which orders: of these stores (None: of all), in `[since, until)`, in one currency."""

    since: datetime
    until: datetime
    currency: str
    stores: tuple[int, ...] | None = None
    asks_first: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """How many orders the window holds; each that is read stands for `weight` of them.

    `is_cut`: there may be older ones in the window, beyond those that were looked at.
    """

    count: int
    weight: int
    is_cut: bool


def count(window: Window, *, judged: int = JUDGED, looked_at: int = LOOKED_AT) -> Found:
    """How many there are, and which part of them is to be read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_newest(window)} SELECT (SELECT count(*) FROM newest),"
            f" (SELECT count(*) {_IN_WINDOW}),"
            " (SELECT o.at >= %(since)s FROM heard o WHERE o.id = (SELECT min(id) FROM newest))",
            _params(window, looked_at),
        )
        looked, found, goes_on = cursor.fetchone()
    return Found(found, max(1, -(-found // judged)), is_cut=looked >= looked_at and bool(goes_on))


def read(window: Window, *, weight: int, looked_at: int = LOOKED_AT) -> Iterator[PastOrder]:
    """The orders, or every `weight`-th shopper's, in the order of time."""
    own = "" if window.stores is None else "AND l.store_id = ANY(%(stores)s)"
    statement = f"""{_newest(window)}, chosen AS MATERIALIZED (
        SELECT o.id, o.ref, o.at, o.shipping_minor, o.shopper_ref, o.identities,
            {_IS_FIRST if window.asks_first else "NULL::boolean"} AS is_first
        {_IN_WINDOW} AND {_CHOSEN})
    SELECT c.id, c.ref, c.at, c.shipping_minor, c.shopper_ref, c.identities, c.is_first,
        l.ref, l.product_ref, s.ref, l.category_ref, l.unit_price_minor, l.quantity
    FROM chosen c JOIN marketplace_orderline l ON l.order_id = c.id {own}
    JOIN marketplace_store s ON s.id = l.store_id
    ORDER BY c.at, c.id, l.id"""
    params = _params(window, looked_at) | {"weight": weight}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        for _, rows in groupby(_rows(cursor), key=itemgetter(0)):
            yield _order(list(rows))


def _newest(window: Window) -> str:
    inner = _NEWEST_OF_ALL
    if window.stores is not None:
        inner = _NEWEST_OF_ONE if len(window.stores) == 1 else _NEWEST_OF_STORES
    return f"WITH newest AS MATERIALIZED ({inner}), {_HEARD_OF}"


def _params(window: Window, most: int) -> dict[str, Any]:
    return {
        "stores": list(window.stores or ()),
        "store": next(iter(window.stores or ()), None),
        "most": most,
        "since": window.since,
        "until": window.until,
        "currency": window.currency,
    }


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_AT_ONCE):
        yield from rows


def _order(rows: list[tuple[Any, ...]]) -> PastOrder:
    _, ref, at, shipping, shopper, identities, is_first = rows[0][:7]
    return PastOrder(
        ref=ref,
        at=at,
        shipping_minor=shipping,
        persons=tuple(filter(None, (shopper, *identities))),
        is_first=is_first,
        lines=tuple(
            Line(
                ref=line,
                product=product,
                store=store,
                category=category,
                unit_price_minor=price,
                quantity=quantity,
            )
            for line, product, store, category, price, quantity in (row[7:] for row in rows)
        ),
    )
