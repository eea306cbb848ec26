"""Orders as the shop reports them; the only writer of order events, orders and their lines.

An event is recorded once in the append-only journal and folded at once, in one transaction: the
journal is the truth, the order is what `folding.fold` makes of it. Folding with the event, under a
lock on the order, means that whoever reads an order sees every event that we acknowledged; it costs
little, because an order has few events. Nothing else is done here: the floors above derive their
rows from the journal at their own pace (`marketplace.journal`).

Whoever speaks has orders of their own: a key that is bound to a store tells of `store/number`, any
other of `number`. So a store can neither get into an order of the marketplace's or of another
store's, nor hold its number before it is told of. Where both tell of one sale, the marketplace's
word stands: the store may add nothing more, and what its word brought is taken back above.

An e-mail, phone, device or payment never gets into the journal, only its print.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from marketplace import folding, identities, order_rows
from marketplace.folding import Event, FoldedOrder
from marketplace.models import ApiClient, Order, Store
from marketplace.order_rows import Known

MOST_EVENTS = 1_000  # of one order


class OrderRefusal(Exception):
    """An event that can't be recorded."""

    code = "order_refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.extra = extra


class UnknownOrder(OrderRefusal):
    """No such order, or one that is not for this client's store to tell of."""

    code = "not_found"


class UnknownStore(OrderRefusal):
    """A line names a store that we were not told of."""

    code = "unknown_store"


class UnknownProduct(OrderRefusal):
    """A line names no store, and the catalogue doesn't know its product."""

    code = "unknown_product"


class ProductOfAnotherStore(OrderRefusal):
    """A line gives a product of one store to another."""

    code = "product_of_another_store"


class CurrencyConflict(OrderRefusal):
    """An order keeps its currency for ever."""

    code = "currency_conflict"


class EventMismatch(OrderRefusal):
    """The client used this event id for another event."""

    code = "event_mismatch"


class TooManyEvents(OrderRefusal):
    """The order has `MOST_EVENTS` events already."""

    code = "too_many_events"


def record(*, client: ApiClient, event: Event) -> bool:
    """Record one event; False if the client has sent it before. Raises as `record_batch`."""
    return record_batch(client=client, events=[event])[0]


def record_batch(*, client: ApiClient, events: Sequence[Event]) -> list[bool]:
    """Record events, all or none; for each, False if the client has sent it before.

    Raises a refusal of this module if one can't be recorded; then nothing was. A client of one
    store tells only of lines of that store, and not of a sale that the marketplace has told of:
    else `UnknownOrder`.
    """
    nameless = [
        replace(
            event,
            order_ref=ref_of(client.store, event.order_ref),
            facts=_without_names(event.facts),
        )
        for event in events
    ]
    prints = _fingerprints(nameless)
    wanted = {event.event_id: event for event in reversed(nameless)}
    with transaction.atomic(durable=True):
        complete = _completed(client, list(wanted.values()))
        new = order_rows.insert_events(complete, prints)
        refs = sorted({event.order_ref for event in complete})
        order_rows.lock_orders(refs, store_id=client.store_id)
        histories = _histories(client, refs, prints)
        for ref in refs:
            _check(ref, histories[ref])
        touched = sorted({event.order_ref for event in complete if event.event_id in new})
        if touched:
            _refuse_overruled(client, touched)
            order_rows.write_orders({ref: folding.fold(histories[ref]) for ref in touched})
    answers = []
    for event in events:  # an event that stands twice in a batch is stored once
        answers.append(event.event_id in new)
        new.discard(event.event_id)
    return answers


def ref_of(store: Store | None, number: str) -> str:
    """Which order the marketplace (None) or a store's own key means by a number."""
    return number if store is None else f"{store.ref}/{number}"


def fold(*, order_ref: str) -> Order:
    """Fold an order anew from its events. `UnknownOrder` if we have none of it."""
    with transaction.atomic(durable=True):
        if not Order.objects.select_for_update().filter(ref=order_ref).exists():
            raise UnknownOrder("There is no such order.")
        order_rows.write_orders(
            {order_ref: folding.fold(order_rows.events_of([order_ref])[order_ref])}
        )
    return Order.objects.get(ref=order_ref)


def misfolded(*, chunk: int = 500) -> Iterator[tuple[str]]:
    """Refs of orders that are not what their events fold to; there must be none.

    Reads every order, `chunk` at a time, and writes nothing.
    """
    last = ""
    while True:
        orders = list(
            Order.objects.filter(ref__gt=last)
            .order_by("ref")
            .prefetch_related("lines__store")[:chunk]
        )
        if not orders:
            return
        last = orders[-1].ref
        histories = order_rows.events_of([order.ref for order in orders])
        for order in orders:
            history = histories.get(order.ref)
            if not history or order_rows.as_folded(order) != _by_ref(folding.fold(history)):
                yield (order.ref,)


def _by_ref(order: FoldedOrder) -> FoldedOrder:
    return replace(order, lines=tuple(sorted(order.lines, key=lambda line: line.ref)))


def _without_names(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with prints in the place of whatever tells who the shopper is."""
    kept = dict(facts)
    if "shopper" in kept:
        shopper = kept["shopper"]
        kept["shopper"] = {
            "ref": shopper.get("ref") or "",
            "prints": identities.prints_of(shopper),
        }
    return kept


def _fingerprints(events: Iterable[Event]) -> dict[str, str]:
    """What each event says, by its id, before we add what the catalogue knows.

    `EventMismatch` when one id stands for two events.
    """
    found: dict[str, str] = {}
    for event in events:
        said = [event.order_ref, event.version, event.type, event.occurred_at.isoformat()]
        text = json.dumps([*said, event.facts], sort_keys=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        if found.setdefault(event.event_id, fingerprint) != fingerprint:
            raise _mismatch(event.event_id)
    return found


def _mismatch(event_id: str) -> EventMismatch:
    return EventMismatch("This event_id was used for another event.", event_id=event_id)


def _completed(client: ApiClient, events: Sequence[Event]) -> list[Event]:
    """The events with each line's store and category filled in; the line's own values win."""
    lines = [line for event in events for line in event.facts.get("lines", ())]
    if client.store is not None and any(
        line.get("store", client.store.ref) != client.store.ref for line in lines
    ):
        raise UnknownOrder("There is no such order.")
    catalogue = order_rows.known(
        products={line["product"] for line in lines if line.get("product")},
        stores={line["store"] for line in lines if line.get("store")},
    )
    return [_with_stores(client, event, catalogue) for event in events]


def _with_stores(client: ApiClient, event: Event, catalogue: Known) -> Event:
    if "lines" not in event.facts:
        return event
    filled = [_filled(line, catalogue, event.event_id) for line in event.facts["lines"]]
    if client.store is not None and any(line["store"] != client.store.ref for line in filled):
        raise UnknownOrder("There is no such order.")
    return replace(event, facts={**event.facts, "lines": filled})


def _filled(line: Mapping[str, Any], catalogue: Known, event_id: str) -> dict[str, Any]:
    where = {"event_id": event_id, "line": line["ref"]}
    known = catalogue.products.get(line.get("product") or "")
    store = line.get("store") or (known and known[0])
    if not store:
        raise UnknownProduct("Name the line's store, or tell us of the product first.", **where)
    if store not in catalogue.stores:
        raise UnknownStore("We were not told of this store.", store=store, **where)
    if known is None:
        return dict(line)
    if store != known[0]:
        raise ProductOfAnotherStore("The product is of another store.", **where)
    return {**line, "store": store, "category": line.get("category") or known[1]}


def _histories(
    client: ApiClient, refs: Sequence[str], prints: Mapping[str, str]
) -> dict[str, list[Event]]:
    """All events of the orders. `EventMismatch` if an event of ours stood there differently."""
    found: dict[str, list[Event]] = {ref: [] for ref in refs}
    for event, said in order_rows.history(refs, client_id=client.pk, event_ids=prints):
        if event.client_id == client.pk and prints.get(event.event_id, said) != said:
            raise _mismatch(event.event_id)
        if event.order_ref in found:
            found[event.order_ref].append(event)
    return found


def _check(ref: str, history: Sequence[Event]) -> None:
    """Refuse what can't be true of the order with all its events."""
    said = {"order_ref": ref.rpartition("/")[2]}
    if len(history) > MOST_EVENTS:
        raise TooManyEvents("The order has too many events.", **said)
    if len({event.facts["currency"] for event in history if "currency" in event.facts}) > 1:
        raise CurrencyConflict("The order is in another currency.", **said)


def _refuse_overruled(client: ApiClient, refs: Sequence[str]) -> None:
    """A store adds nothing to what the marketplace has told of its lines under these numbers."""
    if client.store is None:
        return
    if any(order.is_overruled for order in Order.objects.with_other_words(refs)):
        raise UnknownOrder("There is no such order.")
