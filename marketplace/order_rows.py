"""The rows behind orders: each act is one statement for any number of orders.

SQL by hand, for this is the busiest way into the house: the ORM took two thirds of its time. Only
`marketplace.orders` calls what writes. Inner verbs: they open no transaction.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from django.db import connection

from marketplace.folding import Event, FoldedLine, FoldedOrder, Parked
from marketplace.models import Order

_KNOWN = """
    SELECT p.ref, s.ref, coalesce(c.ref, '') FROM marketplace_product AS p
    JOIN marketplace_store AS s ON s.id = p.store_id
    LEFT JOIN marketplace_category AS c ON c.id = p.category_id
    WHERE p.ref = ANY(%s)
    UNION ALL
    SELECT NULL, ref, NULL FROM marketplace_store WHERE ref = ANY(%s)
"""
_INSERT_EVENTS = """
    INSERT INTO marketplace_orderevent
        (client_id, order_ref, event_id, version, type, occurred_at, payload, fingerprint)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[],
                         %s::timestamptz[], %s::jsonb[], %s::text[])
    ON CONFLICT (order_ref, client_id, event_id) DO NOTHING
    RETURNING event_id
"""
# DO UPDATE … WHERE false locks the rows that are there and writes nothing.
_LOCK_ORDERS = """
    INSERT INTO marketplace_order (ref, reported_by_id, state, version, shopper_ref, identities,
                                   currency, shipping_minor, codes, click_ref, parked)
    SELECT ref, %s::bigint, 'placed', 0, '', '{}', '', 0, '{}', '', '[]'
    FROM unnest(%s::text[]) AS ref
    ON CONFLICT (ref) DO UPDATE SET version = EXCLUDED.version WHERE false
"""
_HISTORIES = """
    SELECT client_id, order_ref, event_id, version, type, occurred_at, payload, fingerprint
    FROM marketplace_orderevent
    WHERE order_ref = ANY(%s) OR (client_id = %s AND event_id = ANY(%s))
"""
_WRITE_ORDERS = """
    UPDATE marketplace_order AS o SET
        version = f.version, state = f.state, currency = f.currency, parked = f.parked,
        shopper_ref = f.shopper_ref, identities = f.identities, codes = f.codes,
        shopper_id = (SELECT u.id FROM marketplace_user AS u WHERE u.ref = f.shopper_ref),
        shipping_minor = f.shipping_minor, click_ref = f.click_ref, placed_at = f.placed_at,
        paid_at = f.paid_at, delivered_at = f.delivered_at, cancelled_at = f.cancelled_at
    FROM jsonb_to_recordset(%s) AS f(
        ref text, version bigint, state text, currency text, parked jsonb, shopper_ref text,
        identities text[], codes text[], shipping_minor bigint, click_ref text,
        placed_at timestamptz, paid_at timestamptz, delivered_at timestamptz,
        cancelled_at timestamptz)
    WHERE o.ref = f.ref
"""
_WRITE_LINES = """
    WITH given AS (
        SELECT o.id AS order_id, s.id AS store_id, f.*
        FROM jsonb_to_recordset(%s) AS f(
            order_ref text, place integer, ref text, store_ref text, product_ref text,
            category_ref text, unit_price_minor bigint, quantity integer, discount_minor bigint,
            refunded_quantity integer, refunded_minor bigint)
        JOIN marketplace_order AS o ON o.ref = f.order_ref
        JOIN marketplace_store AS s ON s.ref = f.store_ref
    ), gone AS (
        DELETE FROM marketplace_orderline AS l USING marketplace_order AS o
        WHERE o.ref = ANY(%s) AND l.order_id = o.id AND NOT EXISTS (
            SELECT FROM given WHERE given.order_id = l.order_id AND given.ref = l.ref)
    )
    INSERT INTO marketplace_orderline AS there
        (order_id, ref, store_id, product_ref, category_ref, unit_price_minor, quantity,
         discount_minor, refunded_quantity, refunded_minor)
    SELECT order_id, ref, store_id, product_ref, category_ref, unit_price_minor, quantity,
           discount_minor, refunded_quantity, refunded_minor
    FROM given ORDER BY order_id, place
    ON CONFLICT (order_id, ref) DO UPDATE SET
        store_id = excluded.store_id, product_ref = excluded.product_ref,
        category_ref = excluded.category_ref, unit_price_minor = excluded.unit_price_minor,
        quantity = excluded.quantity, discount_minor = excluded.discount_minor,
        refunded_quantity = excluded.refunded_quantity, refunded_minor = excluded.refunded_minor
    WHERE (there.store_id, there.product_ref, there.category_ref, there.unit_price_minor,
           there.quantity, there.discount_minor, there.refunded_quantity, there.refunded_minor)
          IS DISTINCT FROM
          (excluded.store_id, excluded.product_ref, excluded.category_ref,
           excluded.unit_price_minor, excluded.quantity, excluded.discount_minor,
           excluded.refunded_quantity, excluded.refunded_minor)
"""
_LINE_FACTS = (
    "ref", "product_ref", "category_ref", "unit_price_minor", "quantity", "discount_minor",
    "refunded_quantity",
)  # fmt: skip
_ORDER_FACTS = (
    "version", "state", "currency", "shopper_ref", "shipping_minor", "click_ref",
    "placed_at", "paid_at", "delivered_at", "cancelled_at",
)  # fmt: skip


class Known(NamedTuple):
    """What the catalogue knows of the lines: store and category by product, and the stores."""

    products: dict[str, tuple[str, str]]
    stores: set[str]


class Recorded(NamedTuple):
    """An event of the journal with the print of what was said."""

    event: Event
    fingerprint: str


def known(*, products: Collection[str], stores: Collection[str]) -> Known:
    """Those of the products and stores that we were told of."""
    found = Known({}, set())
    if products or stores:
        for product, store, category in _rows(_KNOWN, [list(products), list(stores)]):
            found.stores.add(store)
            if product is not None:
                found.products[product] = (store, category)
    return found


def insert_events(events: Iterable[Event], fingerprints: Mapping[str, str]) -> set[str]:
    """Put events of one client into the journal; the event ids that were not there yet."""
    ordered = sorted(events, key=lambda e: (e.order_ref, e.event_id))  # one order of locks for all
    columns: list[list[Any]] = [
        [event.client_id for event in ordered],
        [event.order_ref for event in ordered],
        [event.event_id for event in ordered],
        [event.version for event in ordered],
        [event.type for event in ordered],
        [event.occurred_at for event in ordered],
        [json.dumps(event.facts) for event in ordered],
        [fingerprints[event.event_id] for event in ordered],
    ]
    return {event_id for (event_id,) in _rows(_INSERT_EVENTS, columns)}


def lock_orders(refs: Sequence[str], *, store_id: int | None) -> None:
    """Lock one speaker's orders until the transaction ends, making the missing; `refs` sorted."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ORDERS, [store_id, list(refs)])


def history(
    refs: Sequence[str], *, client_id: int = 0, event_ids: Collection[str] = ()
) -> list[Recorded]:
    """The events of orders, and those of a client with these ids wherever they are; unordered."""
    return [
        Recorded(Event(client, ref, event_id, version, kind, at, json.loads(facts)), said)
        for client, ref, event_id, version, kind, at, facts, said in _rows(
            _HISTORIES, [list(refs), client_id, list(event_ids)]
        )
    ]


def events_of(refs: Sequence[str]) -> dict[str, list[Event]]:
    """The events of orders by order ref, unordered."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event, _ in history(refs):
        found[event.order_ref].append(event)
    return found


def write_orders(folded: Mapping[str, FoldedOrder]) -> None:
    """Make the rows of orders and lines say what the fold says; the orders are locked."""
    orders = [_order_record(ref, order) for ref, order in folded.items()]
    lines = [
        _line_record(ref, place, line)
        for ref, order in folded.items()
        for place, line in enumerate(order.lines)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_ORDERS, [json.dumps(orders)])
        cursor.execute(_WRITE_LINES, [json.dumps(lines), list(folded)])


def as_folded(order: Order) -> FoldedOrder:
    """What the rows of an order say, in the fold's words; lines by ref."""
    lines = (
        FoldedLine(store_ref=line.store.ref, **{name: getattr(line, name) for name in _LINE_FACTS})
        for line in sorted(order.lines.all(), key=lambda line: line.ref)
    )
    return FoldedOrder(
        identities=tuple(order.identities),
        codes=tuple(order.codes),
        parked=tuple(Parked(**item) for item in order.parked),
        lines=tuple(lines),
        **{name: getattr(order, name) for name in _ORDER_FACTS},
    )


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _order_record(ref: str, order: FoldedOrder) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(order, name) for name in _ORDER_FACTS}
    for name in ("placed_at", "paid_at", "delivered_at", "cancelled_at"):
        record[name] = record[name] and record[name].isoformat()
    return record | {
        "ref": ref,
        "identities": order.identities,
        "codes": order.codes,
        "parked": [asdict(item) for item in order.parked],
    }


def _line_record(order_ref: str, place: int, line: FoldedLine) -> dict[str, Any]:
    return {
        "order_ref": order_ref,
        "place": place,
        "store_ref": line.store_ref,
        "refunded_minor": line.refunded_minor,
        **{name: getattr(line, name) for name in _LINE_FACTS},
    }
