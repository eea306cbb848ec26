""" "Try a cart" at /admin/: any code, goods of several stores, everybody's identities."""

import re
from datetime import timedelta
from html import unescape

import pytest
from playwright.sync_api import expect

from marketplace import clock
from promocodes.models import Checkout, MissCount
from promocodes.terms import Limits
from tests.browser import DESK, PHONE, assert_fits, sign_in
from tests.factories.marketplace import make_product, make_staff, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop
from tests.promocodes.test_seller_browser import assert_accessible

OPS = "/admin/promocodes/promotion/"
TRY = f"{OPS}try/"


@pytest.fixture
def stores(db):
    cups, books = make_store(name="Cups", ref="cups"), make_store(name="Books", ref="books")
    make_product(store=cups, ref="cup", name="Blue cup", price_minor=100_000)
    make_product(store=books, ref="book", name="Tales", price_minor=50_000)
    return cups, books


@pytest.fixture
def staff(client, stores):
    client.force_login(make_staff(language="en"))
    return client


def words(response) -> str:
    return unescape(response.content.decode())


def try_cart(staff, codes, **fields):
    body = {"codes": codes, "currency": "RUB", "qty-cup": "1", "qty-book": "2"}
    return words(staff.post(TRY, body | fields))


@pytest.mark.django_db
def test_codes_of_stores_and_of_the_platform_stand_in_one_cart(staff, stores) -> None:
    cups, books = stores
    make_promotion(store=cups, code="CUPS10")
    make_promotion(store=books, code="BOOKS", terms=make_terms(min_spend_minor=500_000))
    make_promotion(kind="platform", code="ALL5", terms=make_terms(percent_bp=500))
    make_promotion(kind="platform", code="SHIP", terms=make_terms(discount_type="free_shipping"))
    page = try_cart(staff, "CUPS10 BOOKS ALL5 SHIP", shipping="300")
    assert "10% of ₽1,000 is ₽100." in page
    assert "another store's product" in page
    assert "The cart is below this code's minimum order." in page
    assert "5% of ₽1,900 is ₽95." in page
    assert "Delivery is free." in page
    assert not Checkout.objects.exists()
    assert not MissCount.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "shopper", [{"ref": "u9"}, {"email": "anna@example.com"}, {"phone": "+79161234567"}]
)
def test_a_shopper_is_known_by_any_of_their_names(staff, stores, shopper) -> None:
    cups, _ = stores
    make_promotion(store=cups, code="ONCE", limits=Limits(per_person=1))
    Shop().sell(make_cart((100, 9), codes=["ONCE"], store=cups, shopper=shopper))
    assert "This shopper has used this code" in try_cart(staff, "ONCE", **shopper)
    assert "takes off ₽100" in try_cart(staff, "ONCE")
    assert "Sign in to use this code." in try_cart(staff, "ONCE", is_guest="on")


@pytest.mark.django_db
def test_first_order_is_said_or_looked_up(staff, stores) -> None:
    make_promotion(store=stores[0], code="FIRST", terms=make_terms(first_order_only=True))
    assert "for a first order only" in try_cart(staff, "FIRST", is_first="no")
    assert "takes off ₽100" in try_cart(staff, "FIRST", is_first="yes")
    assert "takes off ₽100" in try_cart(staff, "FIRST", ref="u77")


@pytest.mark.django_db
def test_one_comes_from_a_promotion_with_its_code_store_and_currency(staff, stores) -> None:
    yen = make_store(currency="JPY", ref="yen")
    make_product(store=yen, ref="tea", name="Green tea", price_minor=500)
    promotion = make_promotion(store=yen, code="TEA")
    assert staff.get(f"{OPS}{promotion.pk}/try/").url == f"{TRY}?promotion={promotion.pk}"
    page = words(staff.get(TRY, {"promotion": promotion.pk}))
    assert 'value="TEA"' in page
    assert "Green tea" in page
    assert "Blue cup" not in page
    answer = words(staff.post(TRY, {"codes": "TEA", "currency": "JPY", "qty-tea": "3"}))
    assert "10% of ¥1,500 is ¥150." in answer
    assert staff.get(TRY, {"promotion": "x"}).status_code == 200


@pytest.mark.django_db
def test_goods_are_found_by_name_and_by_the_store(staff) -> None:
    part = {"HX-Request": "true", "HX-Target": "shelf"}
    body = {"currency": "RUB", "product_query": "books"}
    shelf = words(staff.post(TRY, body, headers=part))
    assert "Tales" in shelf
    assert "Blue cup" not in shelf
    assert "Blue cup" in words(staff.post(TRY, body | {"product_query": "blue"}, headers=part))
    nothing = words(staff.post(TRY, body | {"product_query": "zzz"}, headers=part))
    assert "No product fits this." in nothing


@pytest.mark.django_db
def test_rubbish_is_told_or_left_alone(staff) -> None:
    assert "Select a valid choice" in try_cart(staff, "X", currency="ZZZ")
    assert "There is no such code." in try_cart(staff, "X")
    assert "Put something into the cart." in words(staff.post(TRY, {"currency": "RUB"}))


@pytest.mark.django_db
def test_only_staff_comes_in(client, stores) -> None:
    assert client.get(TRY).status_code == 302
    assert "Try a cart" not in words(client.get(TRY, follow=True))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_answers_while_one_types(open_page, stores, size) -> None:
    make_promotion(store=stores[0], code="CUPS10")
    page = open_page(size=size, locale="en-US")
    sign_in(page, make_staff(language="en"))
    page.goto(OPS)
    page.goto(TRY)
    page.get_by_label("Promo codes").fill("CUPS10")
    page.locator("#qty-cup").fill("2")
    expect(page.locator("#preview")).to_contain_text("takes off ₽200")
    assert_fits(page)
    assert_accessible(page)


@pytest.mark.django_db
def test_what_waits_is_tried_as_if_it_were_live(staff, stores) -> None:
    later = clock.now() + timedelta(days=3)
    waiting = make_promotion(
        store=stores[0], code="WAITS", needs_approval=True, terms=make_terms(starts_at=later)
    )
    assert "This code is not approved yet." in try_cart(staff, "WAITS")
    assert "10% of ₽1,000 is ₽100." in try_cart(staff, "WAITS", as_live="on")
    box = re.compile(r'name="as_live"[^>]*checked')
    assert box.search(words(staff.get(TRY, {"promotion": waiting.pk})))
    live = make_promotion(store=stores[0], code="LIVE")
    assert not box.search(words(staff.get(TRY, {"promotion": live.pk})))
