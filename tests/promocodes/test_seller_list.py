"""The seller's list of promo codes: badges, bars, search, filters, whose rows, how many queries."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from marketplace.models import StoreMember
from promocodes import promotions
from promocodes.models import PromotionCounter
from promocodes.promotions import BatchOrder
from promocodes.seller_admin import listing
from promocodes.terms import Limits
from tests.factories.marketplace import make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db
LIST = "/seller/promocodes/promotion/"


@pytest.fixture
def alice():
    return make_user(language="en")


@pytest.fixture
def store(alice):
    return make_store(owner=alice, is_verified=True)


@pytest.fixture
def seller(client, alice, store):
    client.force_login(alice)
    return client


def words(response):
    return unescape(response.content.decode())


def names(response):
    return [row.promotion.name for row in response.context["rows"]]


def one_of_each_state(store):
    """Six promotions, named for their state."""
    now = clock.now()
    day = timedelta(days=1)
    make_promotion(store=store, name="live")
    make_promotion(store=store, name="scheduled", terms=make_terms(starts_at=now + day))
    make_promotion(store=store, name="ended", terms=make_terms(ends_at=now - day))
    make_promotion(store=store, name="pending_approval", needs_approval=True)
    refused = make_promotion(store=store, name="refused", needs_approval=True)
    promotions.refuse(promotion_id=refused.pk, actor="ops", reason="Too good to be true")
    cancelled = make_promotion(store=store, name="cancelled")
    promotions.cancel(promotion_id=cancelled.pk, actor="ops")


def test_every_state_has_its_badge_in_words(seller, store):
    one_of_each_state(store)
    response = seller.get(LIST)
    assert {row.promotion.name: row.state.value for row in response.context["rows"]} == {
        name: name
        for name in ("live", "scheduled", "ended", "pending_approval", "refused", "cancelled")
    }
    page = words(response)
    for badge in ("Live", "Scheduled", "Ended", "Waiting for approval", "Refused", "Cancelled"):
        assert badge in page
    assert "Too good to be true" in page


@pytest.mark.parametrize("state", ["live", "scheduled", "ended", "pending_approval", "refused"])
def test_filter_by_state_follows_the_clock(seller, store, state):
    one_of_each_state(store)
    assert names(seller.get(LIST, {"state": state})) == [state]


def test_filters_by_kind_and_sharing(seller, store):
    make_promotion(store=store, name="a", kind="social", share_with_affiliates=True)
    make_promotion(store=store, name="b", kind="store", share_with_affiliates=False)
    assert names(seller.get(LIST, {"kind__exact": "social"})) == ["a"]
    assert names(seller.get(LIST, {"share_with_affiliates__exact": "0"})) == ["b"]


def test_search_by_a_part_of_the_name_or_by_a_code(seller, store):
    make_promotion(store=store, name="Autumn sale", code="OCT-10")
    make_promotion(store=store, name="Spring sale", code="MAY-10")
    assert names(seller.get(LIST, {"q": "autumn"})) == ["Autumn sale"]
    assert names(seller.get(LIST, {"q": " oct‐10 "})) == ["Autumn sale"]
    assert names(seller.get(LIST, {"q": "OCT"})) == []
    assert "No promo code fits this search." in words(seller.get(LIST, {"q": "OCT"}))


def test_bars_show_what_is_taken_of_the_limits(seller, store):
    make_promotion(
        store=store, name="limited", code="TEN", limits=Limits(total=4, budget_minor=10_000)
    )
    shop = Shop()
    shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    response = seller.get(LIST)
    [row] = response.context["rows"]
    assert (row.usage.uses.taken, row.usage.uses.limit, row.usage.uses.part) == (1, 4, 25)
    assert (row.usage.budget.taken, row.usage.budget.part) == (1_000, 10)
    page = words(response)
    assert "1 of 4" in page
    assert "₽10 of ₽100" in page


def test_hot_counter_in_slots_is_one_bar(seller, store):
    """engine.md 2: a hot limit is shared over several rows."""
    promotion = make_promotion(store=store, limits=Limits(total=10))
    PromotionCounter.objects.filter(promotion=promotion).update(quota=6, taken=5)
    PromotionCounter.objects.create(promotion=promotion, slot=1, quota=4, taken=4)
    [row] = seller.get(LIST).context["rows"]
    assert (row.usage.uses.taken, row.usage.uses.limit) == (9, 10)


def test_unlimited_ones_count_their_first_uses(seller, store, monkeypatch):
    make_promotion(store=store, code="TEN")
    shop = Shop()
    for _ in range(3):
        shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    [row] = seller.get(LIST).context["rows"]
    assert (row.usage.counted, row.usage.is_more) == (3, False)
    monkeypatch.setattr(listing, "COUNTED", 2)
    response = seller.get(LIST)
    [row] = response.context["rows"]
    assert (row.usage.counted, row.usage.is_more) == (2, True)
    assert "2+" in words(response)


def test_code_is_shown_to_copy_or_named_as_many(seller, store):
    make_promotion(store=store, code="ONLY")
    make_promotion(store=store, batch=BatchOrder(count=5))
    page = words(seller.get(LIST))
    assert "ONLY" in page
    assert "no shared code" in page


def test_first_visit_is_led_to_the_first_code(seller, store):
    page = words(seller.get(LIST))
    assert "Your first promo code takes two minutes" in page
    assert f'href="{LIST}add/"' in page


def test_another_store_s_rows_are_neither_listed_nor_found(seller, store):
    make_promotion(name="Theirs", code="THEIRS")
    for query in ({}, {"q": "Theirs"}, {"q": "theirs"}, {"state": "live"}):
        response = seller.get(LIST, query)
        assert response.context["rows"] == []
        assert "THEIRS" not in words(response)


def test_two_stores_of_one_person_stand_together_with_their_names(seller, store, alice):
    second = make_store(name="Second shop")
    StoreMember.objects.create(store=second, user=alice)
    make_promotion(store=store, name="one")
    make_promotion(store=second, name="two")
    response = seller.get(LIST)
    assert names(response) == ["two", "one"]
    assert "Second shop" in words(response)


def test_kinds_that_are_not_the_seller_s_stay_out(seller, store):
    make_promotion(store=store, kind="referral", name="round")
    assert names(seller.get(LIST)) == []


def queries_of_list(seller):
    with CaptureQueriesContext(connection) as queries:
        assert seller.get(LIST).status_code == 200
    return [query["sql"] for query in queries]


def test_list_asks_as_much_for_thirty_as_for_one(seller, store):
    make_promotion(store=store, code="C0", limits=Limits(total=5))
    seller.get(LIST)  # what is cached by process and session
    few = queries_of_list(seller)
    for number in range(1, 31):
        limits = Limits(total=5, budget_minor=500) if number % 2 else Limits()
        make_promotion(store=store, code=f"C{number}", limits=limits)
    many = queries_of_list(seller)
    assert len(many) == len(few)
    own = [sql for sql in many if "promocodes_" in sql]
    assert len(own) == 5  # how many (bounded), the page, words, counters, first uses
    counting = [sql for sql in own if "COUNT(*)" in sql.upper()]
    assert all("LIMIT" in sql for sql in counting)
