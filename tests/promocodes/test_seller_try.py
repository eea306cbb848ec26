""" "Try a cart" at /seller/: the store's own codes on the store's own goods, explained."""

from html import unescape

import pytest

from promocodes.models import Checkout, MissCount
from promocodes.terms import Limits
from tests.factories.marketplace import make_product, make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

pytestmark = pytest.mark.django_db
TRY = "/seller/promocodes/promotion/try/"


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


@pytest.fixture
def cup(store):
    return make_product(store=store, ref="cup", name="Blue cup", price_minor=100_000)


def words(response):
    return unescape(response.content.decode())


def try_cart(seller, codes, **fields):
    return seller.post(TRY, {"codes": codes, "qty-cup": "1"} | fields)


def test_two_codes_are_explained_line_by_line(seller, store, cup):
    make_promotion(store=store, code="TEN")
    make_promotion(store=store, code="MUCH", terms=make_terms(min_spend_minor=500_000))
    page = words(try_cart(seller, "ten, much"))
    assert "10% of ₽1,000 is ₽100." in page
    assert "The cart is below this code's minimum order." in page
    assert "₽4,000 more would do." in page
    assert "₽900" in page


def test_page_comes_with_the_code_one_came_from(seller, store, cup):
    promotion = make_promotion(store=store, code="TEN")
    assert 'value="TEN"' in words(seller.get(TRY, {"promotion": promotion.pk}))
    theirs = make_promotion(code="THEIRS")
    assert "THEIRS" not in words(seller.get(TRY, {"promotion": theirs.pk}))
    assert seller.get(TRY, {"promotion": "x"}).status_code == 200


def test_limits_per_person_are_seen_for_the_person_the_guest_and_the_newcomer(seller, store, cup):
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    shopper = {"email": "anna@example.com"}
    Shop().sell(make_cart((100, 9), codes=["ONCE"], store=store, shopper=shopper))
    used = words(try_cart(seller, "ONCE", **shopper))
    assert "This shopper has used this code as often as allowed." in used
    assert "takes off ₽100" in words(try_cart(seller, "ONCE"))
    assert "Sign in to use this code." in words(try_cart(seller, "ONCE", is_guest="on"))


def test_nothing_is_written_and_no_guess_is_counted(seller, store, cup):
    for _ in range(30):
        assert "There is no such code." in words(try_cart(seller, "WRONG"))
    assert not Checkout.objects.exists()
    assert not MissCount.objects.exists()


def test_anothers_codes_and_goods_do_not_exist_here(seller, store, cup):
    mallory = make_store()
    make_promotion(store=mallory, code="THEIRS")
    make_promotion(kind="platform", code="ALL")
    make_product(store=mallory, ref="their-cup", name="Their cup")
    page = words(try_cart(seller, "THEIRS", **{"qty-their-cup": "3"}))
    assert "There is no such code." in page
    assert "Their cup" not in page
    assert "Their cup" not in words(try_cart(seller, "X", product_query="their"))
    assert seller.post(TRY, {"store": mallory.ref, "codes": "THEIRS"}).status_code == 404


def test_htmx_gets_the_answer_or_the_shelf_alone(seller, store, cup):
    make_promotion(store=store, code="TEN")
    body = {"codes": "TEN", "qty-cup": "2", "product_query": "blue"}
    answer = words(seller.post(TRY, body, headers={"HX-Request": "true"}))
    assert "takes off ₽200" in answer
    assert "<html" not in answer
    shelf = words(seller.post(TRY, body, headers={"HX-Request": "true", "HX-Target": "shelf"}))
    assert 'name="qty-cup" value="2"' in shelf
    assert "takes off" not in shelf


@pytest.mark.parametrize("quantity", ["0", "-1", "x", "", "1.5", "٣"])
def test_a_quantity_that_is_none_is_no_line(seller, store, cup, quantity):
    page = words(seller.post(TRY, {"codes": "TEN", "qty-cup": quantity}))
    assert "Put something into the cart." in page


def test_huge_quantities_and_many_codes_are_bounded(seller, store, cup):
    make_promotion(store=store, code="TEN")
    assert "₽9,999,000" in words(try_cart(seller, "TEN", **{"qty-cup": "99999999"}))
    many = " ".join(f"C{number}" for number in range(11))
    assert "At most 10 codes." in words(try_cart(seller, many))


def test_first_orders_and_delivery_are_asked_for(seller, store, cup):
    make_promotion(store=store, code="FIRST", terms=make_terms(first_order_only=True))
    make_promotion(store=store, code="SHIP", terms=make_terms(discount_type="free_shipping"))
    assert "for a first order only" in words(try_cart(seller, "FIRST"))
    assert "takes off ₽100" in words(try_cart(seller, "FIRST", is_first="on"))
    assert "Off the delivery" in words(try_cart(seller, "SHIP", shipping="300"))
