"""What must never be: named queries that return no row (trust.md, Invariants).

Every floor lists its own in `<app>/invariants.py` as `INVARIANTS`; `manage.py verify_invariants`
finds and runs them all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import connection

from marketplace import orders

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Invariant:
    """One rule. `sql` (or `find`, where SQL can't say it) returns the rows that break it."""

    name: str
    sql: str = ""
    why: str = ""
    find: Callable[[], Iterable[Row]] | None = None

    def broken(self, *, most: int = 20) -> list[Row]:
        """Up to `most` rows that break the rule; empty when all is well."""
        if self.find is not None:
            return [row for row, _ in zip(self.find(), range(most), strict=False)]
        with connection.cursor() as cursor:
            cursor.execute(self.sql)
            rows: list[Row] = cursor.fetchmany(most)
        return rows


def find_all() -> Iterator[tuple[str, Invariant]]:
    """Every invariant of every installed app, with the app's name."""
    for app in apps.get_app_configs():
        module = f"{app.name}.invariants"
        if find_spec(module) is None:
            continue
        listed: Sequence[Invariant] = getattr(import_module(module), "INVARIANTS", ())
        for invariant in listed:
            yield app.name, invariant


INVARIANTS = [
    Invariant(
        name="orders_are_their_fold",
        find=orders.misfolded,
        why="An order is what its events fold to, in whatever order they came.",
    ),
    Invariant(
        name="events_have_their_order",
        sql="""
            SELECT e.id, e.order_ref FROM marketplace_orderevent e
            WHERE NOT EXISTS (SELECT FROM marketplace_order o WHERE o.ref = e.order_ref)
        """,
        why="An event is folded in the transaction that records it.",
    ),
    Invariant(
        name="an_order_is_one_speakers_word",
        sql="""
            SELECT o.ref, s.ref, o.number FROM marketplace_order o
            LEFT JOIN marketplace_store s ON s.id = o.reported_by_id
            WHERE o.ref <> coalesce(s.ref || '/', '') || o.number
            UNION ALL
            SELECT o.ref, c.name, e.event_id FROM marketplace_orderevent e
            JOIN marketplace_order o ON o.ref = e.order_ref
            JOIN marketplace_apiclient c ON c.id = e.client_id
            WHERE c.store_id IS DISTINCT FROM o.reported_by_id
            UNION ALL
            SELECT o.ref, s.ref, l.ref FROM marketplace_orderline l
            JOIN marketplace_order o ON o.id = l.order_id
            JOIN marketplace_store s ON s.id = l.store_id
            WHERE l.store_id <> o.reported_by_id
        """,
        why="A store tells only of its own sales, and never gets into another's order.",
    ),
    Invariant(
        name="orders_have_one_currency",
        sql="""
            SELECT o.ref, o.currency, e.payload->>'currency'
            FROM marketplace_orderevent e JOIN marketplace_order o ON o.ref = e.order_ref
            WHERE e.payload->>'currency' <> o.currency
        """,
        why="An order keeps its currency for ever.",
    ),
    Invariant(
        name="refunded_money_is_the_share_of_the_units",
        sql="""
            SELECT id, refunded_minor FROM marketplace_orderline
            WHERE refunded_minor <> floor(
                ((unit_price_minor * quantity - discount_minor)::numeric * refunded_quantity * 2
                 + quantity) / (2 * quantity))
        """,
        why="What came back is the exact share of the discounted line, half-up on the sum.",
    ),
    Invariant(
        name="cancelled_paid_orders_came_back_whole",
        sql="""
            SELECT o.ref, l.ref FROM marketplace_orderline l JOIN marketplace_order o
                ON o.id = l.order_id
            WHERE o.state = 'cancelled' AND o.paid_at IS NOT NULL
              AND l.refunded_quantity <> l.quantity
        """,
        why="Whoever paid for an order that was cancelled gets all of it back.",
    ),
    Invariant(
        name="lines_have_an_order_with_a_currency",
        sql="""
            SELECT o.ref FROM marketplace_orderline l JOIN marketplace_order o
                ON o.id = l.order_id
            WHERE o.currency = ''
        """,
        why="No amount is without its currency.",
    ),
    Invariant(
        name="clients_have_at_most_two_live_keys",
        sql="""
            SELECT client_id, count(*) FROM marketplace_apikey
            WHERE revoked_at IS NULL GROUP BY client_id HAVING count(*) > 2
        """,
        why="Two live keys are enough to rotate; more are forgotten ones.",
    ),
    Invariant(
        name="keys_are_audited",
        sql="""
            SELECT k.prefix FROM marketplace_apikey k
            WHERE k.revoked_at IS NOT NULL AND NOT EXISTS (
                SELECT FROM marketplace_auditentry a
                WHERE a.verb = 'api_key.revoke' AND a.target = 'api_key:' || k.prefix)
        """,
        why="Whoever stopped a key, and why, is known.",
    ),
]
