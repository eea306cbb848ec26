"""promocodes/reports.py: sales and cost of a promotion, net of what came back (engine.md 12)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from marketplace import clock
from marketplace.money import percent_of
from promocodes import issuing, redemptions, reports, reservations, reversals
from promocodes.cart import Cart, Line
from promocodes.reports import Sums
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db


class Shop:
    """The marketplace's server."""

    def __init__(self) -> None:
        client, _ = make_client(name="the shop")
        self.source = Source(client_id=client.pk)
        self.number = 0

    def sell(self, cart):
        """Redeem the cart's codes on a new order; the id of the redemption."""
        self.number += 1
        receipt, _ = redemptions.redeem(
            order_ref=f"o{self.number}",
            cart=cart,
            source=self.source,
            client_id=self.source.client_id,
        )
        return receipt.id

    def take_back(self, checkout_id, quantities=None, cause="refunded"):
        self.number += 1
        reversals.reverse(
            checkout_id=checkout_id,
            reversal_ref=f"r{self.number}",
            cause=cause,
            source=self.source,
            quantities=quantities,
        )


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


@pytest.fixture
def store(db: None):
    return make_store()


def test_a_use_tells_what_was_bought_and_what_it_cost(shop, store):
    promotion = make_promotion(store=store, code="TEN")
    shop.sell(make_cart((10_000, 2), (5_000, 1), codes=["TEN"], store=store))
    [use] = reports.uses(promotion)
    assert (use.order_ref, use.code, use.state) == ("o1", "TEN", "redeemed")
    assert {type(value) for value in (use.units, use.sales_minor, use.discount_minor)} == {int}
    assert (use.units, use.units_back) == (3, 0)
    assert (use.discount_minor, use.sales_minor) == (2_500, 22_500)
    assert not use.is_referred


def test_returns_are_taken_off_to_the_last_unit(shop, store):
    promotion = make_promotion(store=store, code="TEN")
    sold = shop.sell(make_cart((333, 3), codes=["TEN"], store=store))  # 999 less 34 + 33 + 33
    for left, discount in ((600, 66), (300, 33), (0, 0)):
        shop.take_back(sold, {"1": 1})
        [use] = reports.uses(promotion)
        assert (use.sales_minor, use.discount_minor) == (left, discount)
    assert reports.totals(promotion) == Sums(reversed=1)


def test_only_the_goods_of_the_promotion_s_store_are_its_sales(shop, store):
    promotion = make_promotion(store=store, code="TEN")
    cart = Cart(
        currency="RUB",
        lines=(
            Line(ref="1", unit_price_minor=10_000, quantity=1, store=store.ref, product="a"),
            Line(ref="2", unit_price_minor=99_000, quantity=1, store=make_store().ref, product="b"),
        ),
        codes=("TEN",),
    )
    shop.sell(cart)
    assert reports.totals(promotion) == Sums(uses=1, discount_minor=1_000, sales_minor=9_000)


def test_another_code_s_discount_is_not_paid_for_goods_either(shop, store):
    """Sales are what the buyer paid, so each code of an order sees both discounts off."""
    mine = make_promotion(store=store, code="TEN")
    platform = make_promotion(kind="platform", code="ALL", terms=make_terms(amount_minor=1_000))
    shop.sell(make_cart((10_000, 1), codes=["TEN", "ALL"], store=store))
    assert reports.totals(mine) == Sums(uses=1, discount_minor=1_000, sales_minor=8_000)
    assert reports.totals(platform) == Sums(uses=1, discount_minor=1_000, sales_minor=8_000)


def test_free_delivery_costs_its_shipping_and_brings_the_goods(shop, store):
    promotion = make_promotion(
        store=store, code="SHIP", terms=make_terms(discount_type="free_shipping")
    )
    shop.sell(make_cart((10_000, 1), codes=["SHIP"], store=store, shipping_minor=300))
    assert reports.totals(promotion) == Sums(uses=1, discount_minor=300, sales_minor=10_000)


def test_a_hold_is_no_sale(shop, store):
    promotion = make_promotion(store=store, code="TEN")
    cart = make_cart((10_000, 1), codes=["TEN"], store=store)
    reservations.reserve(cart=cart, source=shop.source, client_id=shop.source.client_id)
    assert reports.totals(promotion) == Sums()
    assert list(reports.uses(promotion)) == []


def test_what_an_influencer_s_code_brought_is_referred(shop, store):
    """AM-13: by the holder of the code."""
    promotion = make_promotion(store=store, code="OWN", share_with_affiliates=True)
    held = issuing.issue(promotion_id=promotion.pk, holder=make_user(), at=clock.now())
    shop.sell(make_cart((10_000, 1), codes=["OWN"], store=store))
    shop.sell(make_cart((30_000, 1), codes=[held.code], store=store))
    returned = shop.sell(make_cart((50_000, 1), codes=[held.code], store=store))
    shop.take_back(returned, cause="cancelled")
    sums = reports.totals(promotion)
    assert (sums.uses, sums.reversed, sums.referred_uses) == (2, 1, 1)
    assert (sums.sales_minor, sums.referred_sales_minor) == (36_000, 27_000)
    assert sums.referred_bp == 7_500
    best, other = reports.by_code(promotion)
    assert (best.code, best.is_referred, best.sums.sales_minor) == (held.code, True, 27_000)
    assert (other.code, other.is_referred, other.sums.sales_minor) == ("OWN", False, 9_000)


def test_days_are_those_of_the_zone(shop, store):
    """22:30 UTC is the next day in Moscow."""
    promotion = make_promotion(store=store, code="TEN")
    sold = shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    at = datetime.now(UTC).replace(hour=22, minute=30) - timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE promocodes_redemption SET redeemed_at = %s WHERE checkout_id = %s", [at, sold]
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    since = at - timedelta(days=3)
    assert [day.day for day in reports.by_day(promotion, since=since, zone="UTC")] == [at.date()]
    [day] = reports.by_day(promotion, since=since, zone="Europe/Moscow")
    assert day.day == at.date() + timedelta(days=1)
    assert day.sums == Sums(uses=1, discount_minor=1_000, sales_minor=9_000)
    assert reports.by_day(promotion, since=at + timedelta(hours=1), zone="UTC") == []


def test_streaming_and_paging_give_every_use_once(shop, store, monkeypatch):
    promotion = make_promotion(store=store, code="TEN")
    for _ in range(5):
        shop.sell(make_cart((10_000, 1), codes=["TEN"], store=store))
    refs = ["o1", "o2", "o3", "o4", "o5"]
    for batch in (1, 2, 5, 6):
        monkeypatch.setattr(reports, "BATCH", batch)
        assert [use.order_ref for use in reports.uses(promotion)] == refs
    newest = reports.latest(promotion, most=2)
    older = reports.latest(promotion, before=UUID(newest[-1].id), most=9)
    assert [use.order_ref for use in (*newest, *older)] == refs[::-1]


def test_stores_are_summed_by_promotion(shop, store):
    since = clock.now() - timedelta(days=30)
    small, big = (make_promotion(store=store, code=code) for code in ("SMALL", "BIG"))
    make_promotion(store=store, code="NONE")
    theirs = make_promotion(code="THEIRS")
    shop.sell(make_cart((10_000, 1), codes=["SMALL"], store=store))
    shop.sell(make_cart((20_000, 1), codes=["BIG"], store=store))
    shop.sell(make_cart((90_000, 1), codes=["THEIRS"], store=theirs.store))
    rows = reports.by_promotion([store.pk], since=since)
    assert [row.promotion_id for row in rows] == [big.pk, small.pk]
    assert reports.added(row.sums for row in rows) == Sums(
        uses=2, discount_minor=3_000, sales_minor=27_000
    )
    assert reports.by_promotion([], since=since) == []
    assert reports.added([]) == Sums()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prices=st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 4)), min_size=1, max_size=4),
    data=st.data(),
)
def test_the_three_views_agree_after_any_returns(shop, store, prices, data):
    """Use by use, by code and in total are the same money, and equal what the buyer kept paying."""
    shop.number += 1
    code = f"C{shop.number}"
    promotion = make_promotion(store=store, code=code)
    assume(percent_of(sum(price * quantity for price, quantity in prices), 1_000))
    sold = shop.sell(make_cart(*prices, codes=[code], store=store))
    back = {
        str(place): data.draw(st.integers(0, quantity))
        for place, (_, quantity) in enumerate(prices, 1)
    }
    wanted = {ref: quantity for ref, quantity in back.items() if quantity}
    if wanted:
        shop.take_back(sold, wanted)
    [use] = reports.uses(promotion)
    totals = reports.totals(promotion)
    [by_code] = reports.by_code(promotion)
    assert totals == by_code.sums
    assert (use.sales_minor, use.discount_minor) == (totals.sales_minor, totals.discount_minor)
    kept = sum(
        price * (quantity - back[str(place)]) for place, (price, quantity) in enumerate(prices, 1)
    )
    assert use.sales_minor == kept - use.discount_minor
