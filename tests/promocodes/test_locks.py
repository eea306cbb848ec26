"""Locks of promotions: whoever shares several takes them in the order of their numbers."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from promocodes import issuing, locks, redemptions, reservations, reversals
from promocodes.models import Promotion
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = """
SELECT mine.granted FROM pg_locks waiting JOIN pg_locks mine USING (pid)
WHERE waiting.locktype = 'advisory' AND NOT waiting.granted AND mine.locktype = 'advisory'
    AND waiting.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (mine.classid::bigint << 32 | mine.objid::bigint) = %s
"""


@pytest.fixture
def store(transactional_db: None):
    return make_store()


@pytest.fixture
def by(transactional_db: None) -> dict[str, Any]:
    client, _ = make_client()
    return {"source": Source(client_id=client.pk), "client_id": client.pk}


@pytest.fixture
def pair(store) -> tuple[Promotion, Promotion]:
    """Two promotions: the first by its lock's number is the last by its id and by its code."""
    while True:
        older, younger = (
            make_promotion(store=store, terms=make_terms(stacking="stackable")) for _ in range(2)
        )
        if locks.key(younger.pk) < locks.key(older.pk):
            break
    issuing.share(promotion=older, text="AAA", at=older.terms.starts_at)
    issuing.share(promotion=younger, text="ZZZ", at=younger.terms.starts_at)
    return younger, older


def redeem(cart, by) -> Callable[[], Any]:
    return lambda: redemptions.redeem(order_ref="o1", cart=cart, **by)


def release(cart, by) -> Callable[[], Any]:
    held = reservations.reserve(cart=cart, **by)
    return lambda: reservations.release(checkout_id=held.id, source=by["source"])


def reverse(cart, by) -> Callable[[], Any]:
    receipt, _ = redemptions.redeem(order_ref="o1", cart=cart, **by)
    return lambda: reversals.reverse(
        checkout_id=receipt.id, reversal_ref="r1", cause="cancelled", source=by["source"]
    )


@pytest.mark.parametrize("prepare", [redeem, release, reverse])
def test_who_waits_for_the_last_lock_has_the_first(store, by, pair, prepare) -> None:
    first, last = pair
    act = prepare(make_cart((1_000, 1), codes=["AAA", "ZZZ"], store=store), by)

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    writer = threading.Thread(target=run)
    with transaction.atomic():
        locks.hold_alone(last.pk)
        writer.start()
        has_first = held_by_who_waits(first)
    writer.join(timeout=30)
    assert has_first
    assert not writer.is_alive()


def held_by_who_waits(promotion: Promotion) -> bool:
    """Whether a connection that waits for some lock holds this promotion's."""
    number = locks.key(promotion.pk)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [number])
            if any(granted for (granted,) in cursor.fetchall()):
                return True
        time.sleep(0.02)
    return False
