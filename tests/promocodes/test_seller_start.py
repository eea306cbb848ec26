"""What the seller's start page says of promo codes."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from marketplace import clock
from marketplace.models import Store
from promocodes import promotions
from promocodes.reports import Sums
from promocodes.seller_admin import start
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db):
    return make_store()


def read(*stores):
    return start.read(stores, at=clock.now())


def test_month_is_summed_and_the_best_come_first(store):
    shop = Shop()
    for code, price in (("SMALL", 10_000), ("BIG", 30_000)):
        make_promotion(store=store, code=code, name=code)
        shop.sell(make_cart((price, 1), codes=[code], store=store))
    make_promotion(code="THEIRS")
    [month] = read(store).months
    assert month.currency == "RUB"
    assert month.sums == Sums(uses=2, discount_minor=4_000, sales_minor=36_000)
    assert [(row.promotion.name, row.part) for row in month.best] == [("BIG", 100), ("SMALL", 33)]


def test_currencies_are_never_added_up(store):
    other = make_store(currency="KZT")
    shop = Shop()
    for one, code in ((store, "RUBLES"), (other, "TENGE")):
        make_promotion(store=one, code=code)
        cart = make_cart((10_000, 1), codes=[code], store=one, currency=one.currency)
        shop.sell(cart)
    assert [(month.currency, month.sums.uses) for month in read(store, other).months] == [
        ("KZT", 1),
        ("RUB", 1),
    ]


def test_what_ends_soon_what_waits_and_what_was_refused(store):
    now = clock.now()
    make_promotion(store=store, name="soon", terms=make_terms(ends_at=now + timedelta(days=13)))
    make_promotion(store=store, name="later", terms=make_terms(ends_at=now + timedelta(days=15)))
    make_promotion(store=store, name="over", terms=make_terms(ends_at=now - timedelta(days=1)))
    make_promotion(store=store, needs_approval=True)
    refused = make_promotion(store=store, needs_approval=True)
    promotions.refuse(promotion_id=refused.pk, actor="ops", reason="Too much")
    make_promotion(name="theirs", terms=make_terms(ends_at=now + timedelta(days=2)))
    found = read(store)
    assert [row.promotion.name for row in found.ending] == ["soon"]
    assert found.waiting == 1
    assert found.refused == [refused]
    with translation.override("en"):
        page = render_to_string("promocodes/seller/_start.html", {"promo": found})
    assert "soon" in page
    assert "1 promo code waits for approval." in page
    assert "Too much" in page


def test_new_seller_is_led_to_the_first_code(store):
    found = read(store)
    assert (found.months, found.has_any) == ([], False)
    with translation.override("en"):
        page = render_to_string("promocodes/seller/_start.html", {"promo": found})
    assert "Create new promo code" in page
    assert "All promo codes" not in page


def test_queries_are_as_many_for_many_promotions(store, django_assert_num_queries):
    shop = Shop()
    for number in range(4):
        make_promotion(store=store, code=f"C{number}")
        shop.sell(make_cart((10_000, 1), codes=[f"C{number}"], store=store))
    stores = list(Store.objects.filter(pk=store.pk))
    with django_assert_num_queries(7):
        read(*stores)
