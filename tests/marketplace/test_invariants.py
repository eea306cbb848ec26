"""`verify_invariants` finds every floor's rules and says which is broken."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from marketplace import invariants, orders
from marketplace.models import Order
from tests.factories.marketplace import make_line, make_order_event, make_store

pytestmark = pytest.mark.django_db


def verify(*only: str) -> str:
    out = StringIO()
    try:
        call_command("verify_invariants", only=only, stdout=out, no_color=True)
    except CommandError as broken:
        return f"{out.getvalue()}{broken}"
    return out.getvalue()


@pytest.fixture
def order(api):
    lines = [make_line(store=make_store(), quantity=3, discount=1)]
    api.post("/orders/events", make_order_event(order_ref="o1", lines=lines))
    return Order.objects.get()


def test_all_hold(order):
    assert "invariants hold" in verify()


def test_every_rule_says_what_and_why():
    found = list(invariants.find_all())
    names = [f"{app}.{invariant.name}" for app, invariant in found]
    assert len(names) == len(set(names))
    assert "marketplace.orders_are_their_fold" in names
    for _, invariant in found:
        assert invariant.why
        assert bool(invariant.sql) != bool(invariant.find)


BREAK = {
    "orders_are_their_fold": "UPDATE marketplace_order SET version = 7",
    "events_have_their_order": "DELETE FROM marketplace_orderline; DELETE FROM marketplace_order",
    "an_order_is_one_speakers_word": (
        "UPDATE marketplace_apiclient SET store_id = (SELECT id FROM marketplace_store)"
    ),
    "orders_have_one_currency": "UPDATE marketplace_order SET currency = 'USD'",
    "refunded_money_is_the_share_of_the_units": (
        "UPDATE marketplace_orderline SET refunded_quantity = 1, refunded_minor = 5"
    ),
    "cancelled_paid_orders_came_back_whole": (
        "UPDATE marketplace_order SET state = 'cancelled', cancelled_at = now()"
    ),
    "lines_have_an_order_with_a_currency": "UPDATE marketplace_order SET currency = ''",
    "clients_have_at_most_two_live_keys": (
        "INSERT INTO marketplace_apikey (client_id, prefix, digest, created_at)"
        " SELECT id, 'sk_x', n::text, now() FROM marketplace_apiclient, generate_series(1, 3) n"
    ),
    "keys_are_audited": "UPDATE marketplace_apikey SET revoked_at = now()",
}


def test_each_rule_of_this_floor_is_shown_to_bite():
    assert set(BREAK) == {invariant.name for invariant in invariants.INVARIANTS}


@pytest.mark.parametrize("name", BREAK)
def test_a_broken_rule_is_found(order, name):
    assert "All 1 invariants hold." in verify(name)
    with connection.cursor() as cursor:
        cursor.execute(BREAK[name])
    said = verify(name)
    assert f"BROKEN marketplace.{name}" in said
    assert "1 of 1 invariants are broken." in said


def test_the_fold_is_checked_chunk_by_chunk(api):
    store = make_store()
    for number in range(5):
        lines = [make_line(store=store)]
        api.post("/orders/events", make_order_event(order_ref=f"o{number}", lines=lines))
    Order.objects.filter(ref__in=["o1", "o4"]).update(shipping_minor=1)
    assert list(orders.misfolded(chunk=2)) == [("o1",), ("o4",)]
