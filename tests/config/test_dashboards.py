"""config/dashboards.py: the start pages tell what waits, and count no whole table."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils.timezone import localtime

from marketplace import clock, journal
from tests.api import Api
from tests.factories.marketplace import (
    make_line,
    make_order,
    make_order_event,
    make_staff,
    make_store,
    make_user,
)
from tests.factories.promocodes import make_promotion
from tests.factories.referrals import open_round, participant

pytestmark = pytest.mark.django_db


def start_page(user, site):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(f"/{site}/", headers={"accept-language": "en"})


def test_operations_see_what_waits(django_assert_max_num_queries):
    round_ = open_round()
    participant(round_)
    page = start_page(make_staff(language="en"), "admin")
    assert page.status_code == 200
    (live,) = page.context["rounds"]
    assert (live.round, live.joined, live.codes, live.used) == (round_, 1, 0, 0)
    values = [tile.value for tile in page.context["queues"]]
    assert values == ["0", "0", "0", "0", "0"]
    assert not any(job.is_late for job in page.context["jobs"])
    with django_assert_max_num_queries(45):
        start_page(make_staff(language="en"), "admin")


def test_unread_orders_are_shown_until_they_are_read(api: Api):
    store = make_store()
    lines = [make_line(store=store)]
    assert (
        api.post("/orders/events", make_order_event(order_ref="o1", lines=lines)).status_code == 202
    )
    assert journal.oldest_unread("affiliates") is not None
    page = start_page(make_staff(language="en"), "admin")
    (orders,) = [job for job in page.context["jobs"] if "Orders" in job.title]
    assert orders.due_since is not None
    assert not orders.is_late
    with transaction.atomic():
        journal.changed_orders(reader="affiliates")
    assert journal.oldest_unread("affiliates") is None


def test_sellers_see_their_own_store_only():
    alice, mallory = make_user(language="en"), make_user(language="en")
    mine, theirs = make_store(owner=alice), make_store(owner=mallory)
    make_promotion(store=mine, name="Mine alone")
    make_promotion(store=theirs, name="Somebody else's")
    now = clock.now()
    page = start_page(alice, "seller")
    assert page.status_code == 200
    assert page.context["promo"].has_any
    assert b"Somebody else" not in page.content
    assert page.context["inbox"].value == "0"
    assert clock.now() - now < timedelta(minutes=1)


def test_orders_of_today_and_uses_by_day_are_counted(api: Api):
    store = make_store()
    make_promotion(store=store, code="TENOFF")
    midnight = localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    make_order(lines=[], placed_at=midnight)
    make_order(lines=[], placed_at=midnight - timedelta(seconds=1))
    cart = {"currency": store.currency, "lines": [make_line(store=store)], "codes": ["TENOFF"]}
    for order in ("o1", "o2"):
        sent = api.post("/redemptions", {"order_ref": order, **cart}, key=order)
        assert sent.status_code == 201, sent.content
    page = start_page(make_staff(language="en"), "admin")
    (tile,) = [tile for tile in page.context["queues"] if tile.label == "Orders today"]
    assert tile.value == "1"
    bars = page.context["uses"].bars
    assert [bar.value for bar in bars] == [0] * 13 + [2]
    assert bars[-1].day == localtime().date()
