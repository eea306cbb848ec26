"""The page "Create new promo code" at /seller/ (AE-01, AM-03..05, AM-09..11, AM-14, AM-15)."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from marketplace.models import StoreMember
from promocodes.models import PromoCode, Promotion
from tests.factories.marketplace import make_category, make_product, make_store, make_user
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
LIST = "/seller/promocodes/promotion/"
ADD = f"{LIST}add/"
PREVIEW = f"{LIST}preview/"
PRODUCTS = f"{LIST}products/"
LEAST = {
    "act": "create",
    "kind": "social",
    "discount_type": "percent",
    "percent": "10",
    "scope": "storewide",
    "timezone": "Europe/Moscow",
}


@pytest.fixture
def alice():
    return make_user(language="en")


@pytest.fixture
def store(alice):
    return make_store(owner=alice, name="Alice's", is_verified=True)


@pytest.fixture
def seller(client, alice, store):
    client.force_login(alice)
    return client


@pytest.fixture
def theirs(db):
    """Mallory's store, with something in it."""
    mallory = make_store(owner=make_user(), name="Mallory's", is_verified=True)
    product = make_product(store=mallory, ref="their-cup", name="Their cup")
    return mallory, product


def send(seller, path=ADD, **fields):
    return seller.post(path, {name: value for name, value in (LEAST | fields).items() if value})


def words(response):
    return unescape(response.content.decode())


# --- creating ------------------------------------------------------------------------------------


def test_a_code_is_made_waits_and_the_list_comes_next(seller, store, alice):
    """AE-01, AE-03, AM-06: after sending one is on the list, where the code waits."""
    response = send(seller, code="autumn10", share_social="on")
    assert response.status_code == 302
    assert response["Location"] == LIST
    promotion = Promotion.objects.get()
    assert (promotion.store, promotion.created_by) == (store, alice)
    assert (promotion.kind, promotion.status) == ("social", "pending_approval")
    assert promotion.share_with_affiliates
    assert (promotion.name, promotion.codes.get().code) == ("AUTUMN10", "AUTUMN10")
    page = words(seller.get(LIST))
    assert "AUTUMN10 is on its way" in page
    assert "Waiting for approval" in page
    assert "Affiliate Setting" in page


def test_everything_that_is_filled_in_is_kept(seller, store):
    make_product(store=store, ref="mug", category=make_category(ref="mugs"))
    ends = (timezone.now() + timedelta(days=40)).strftime("%Y-%m-%dT12:00")
    send(
        seller,
        kind="store",
        code="ALL-IN",
        name="Everything",
        percent="12.5",
        max_discount="500",
        min_spend="1 500,50",
        scope="categories",
        categories="mugs",
        total="100",
        per_person="2",
        budget="10000",
        budget_edge="partial",
        ends_at=ends,
        timezone="Asia/Vladivostok",
        stacking="exclusive",
        first_order_only="on",
    )
    promotion = Promotion.objects.select_related("terms").get()
    terms = promotion.terms
    assert (promotion.kind, promotion.name, promotion.currency) == ("store", "Everything", "RUB")
    assert not promotion.share_with_affiliates
    assert (terms.percent_bp, terms.max_discount_minor, terms.min_spend_minor) == (
        1_250,
        50_000,
        150_050,
    )
    assert (terms.scope, terms.categories) == ("categories", ["mugs"])
    assert (promotion.total_limit, promotion.per_person_limit) == (100, 2)
    assert (promotion.budget_minor, promotion.budget_edge) == (1_000_000, "partial")
    assert (terms.stacking, terms.first_order_only) == ("exclusive", True)
    assert terms.timezone == "Asia/Vladivostok"
    assert terms.ends_local == f"{ends}:00"


def test_without_a_code_one_is_made_up(seller, store):
    send(seller, percent="15")
    promotion = Promotion.objects.get()
    code = promotion.codes.get().code
    assert code.startswith("ALICES15-")
    assert promotion.name == code


def test_a_taken_code_is_refused_beside_its_field_and_nothing_is_made(seller, store):
    make_promotion(code="TAKEN")
    before = Promotion.objects.count(), PromoCode.objects.count()
    response = send(seller, code="taken")
    assert response.status_code == 422
    assert "This code is taken. Choose another." in words(response)
    assert (Promotion.objects.count(), PromoCode.objects.count()) == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"percent": ""}, "How much is taken off?"),
        ({"percent": "120"}, "Between 0.01 and 100."),
        ({"min_spend": "1,500"}, "RUB has 2 decimals: write it like 1500.50."),
        ({"scope": "products"}, "Choose at least one."),
        ({"kind": "platform"}, "Select a valid choice."),
        ({"kind": "referral"}, "Select a valid choice."),
        ({"total": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(seller, store, fields, said):
    response = send(seller, **fields)
    assert response.status_code == 422
    assert said in words(response)
    assert not Promotion.objects.exists()


# --- sharing -------------------------------------------------------------------------------------


def test_the_toggle_says_that_it_is_final_free_and_obliges_nobody(seller, store):
    """AM-01, AM-05, AM-09, AM-10."""
    page = words(seller.get(ADD))
    assert "Share this promo code with" in page
    assert "influencers and affiliates" in page
    assert "This choice is final" in page
    assert "Nobody is obliged to post" in page
    assert "Fee for sharing: ₽0." in page


def test_toggle_off_stays_off(seller, store):
    """AM-04."""
    send(seller, code="ALONE")
    assert not Promotion.objects.get().share_with_affiliates


@pytest.mark.parametrize(("is_verified", "country"), [(False, "RU"), (True, "DE")])
def test_a_store_that_is_not_eligible_sees_no_toggle_and_can_not_forge_it(
    client, settings, is_verified, country
):
    """AM-15: by the brand, and by the market."""
    bob = make_user(language="en")
    make_store(owner=bob, is_verified=is_verified, country=country)
    settings.SHARING_MARKETS = ["RU", "KZ"]
    client.force_login(bob)
    assert "Share this promo code with" not in words(client.get(ADD))
    send(client, code="FORGED", share_social="on", share_store="on", share_with_affiliates="true")
    assert not Promotion.objects.get().share_with_affiliates


# --- preview -------------------------------------------------------------------------------------


def test_preview_shows_the_cart_line_by_line(seller, store):
    make_product(store=store, ref="cup", name="Blue cup", price_minor=100_000)
    make_product(store=store, ref="pot", name="Tea pot", price_minor=300_000)
    page = words(send(seller, PREVIEW, max_discount="300"))
    assert "Blue cup" in page
    assert "10% of ₽4,000 is ₽400." in page
    assert "But at most ₽300." in page
    assert "₽3,700" in page
    assert not Promotion.objects.exists()


def test_preview_says_why_a_cart_gets_nothing(seller, store):
    make_product(store=store, ref="cup", price_minor=100_000)
    quantities = {"qty-cup": "1", "was-cup": "2"}
    page = words(send(seller, PREVIEW, min_spend="1500", **quantities))
    assert "The cart is below this code's minimum order." in page
    assert "₽500 more would do." in page


def test_sample_cart_reaches_the_minimum_unless_the_seller_says_otherwise(seller, store):
    make_product(store=store, ref="cup", price_minor=100_000)
    page = words(send(seller, PREVIEW, min_spend="2500"))
    assert 'name="qty-cup" id="qty-cup" value="3"' in page
    assert "Minimum spend ₽2,500 is reached." in page
    untouched = send(seller, PREVIEW, min_spend="4500", **{"qty-cup": "3", "was-cup": "3"})
    assert 'value="5"' in words(untouched)


def test_lines_outside_the_chosen_products_say_so(seller, store):
    make_product(store=store, ref="cup", name="Blue cup")
    make_product(store=store, ref="pot", name="Tea pot")
    page = words(send(seller, PREVIEW, scope="products", products="pot"))
    assert "not among the chosen products" in page


def test_preview_of_a_half_filled_form_waits(seller, store):
    page = words(send(seller, PREVIEW, percent=""))
    assert "Say how much is taken off" in page
    assert "How much is taken off?" not in page
    assert "Between 0.01 and 100." in words(send(seller, PREVIEW, percent="0"))


def test_preview_advises_softly(seller, store):
    """AM-11: under two weeks is allowed, and worth a second thought."""
    soon = (timezone.now() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    page = words(send(seller, PREVIEW, ends_at=soon, timezone="UTC"))
    assert "Two weeks or more sell better" in page
    assert "Nothing bounds what it may cost you." in page
    later = (timezone.now() + timedelta(days=15)).strftime("%Y-%m-%dT%H:%M")
    page = words(send(seller, PREVIEW, ends_at=later, timezone="UTC", budget="100"))
    assert "sell better" not in page
    assert "at most ₽100" in page
    assert send(seller, code="SHORT", ends_at=soon, timezone="UTC").status_code == 302


def test_preview_without_javascript_is_the_page_with_the_answer(seller, store):
    response = send(seller, act="preview", code="KEPT")
    page = words(response)
    assert response.status_code == 200
    assert "The shopper pays" in page
    assert 'value="KEPT"' in page
    assert not Promotion.objects.exists()


def test_store_without_a_catalogue_gets_a_sample(seller, store):
    assert "Sample product A" in words(send(seller, PREVIEW))


def test_free_delivery_is_previewed(seller, store):
    page = words(send(seller, PREVIEW, discount_type="free_shipping", percent=""))
    assert "Delivery is free." in page
    assert "Off the delivery" in page


@pytest.mark.parametrize(("currency", "total"), [("JPY", "¥270"), ("KWD", "KWD 270")])
def test_other_currencies_count_in_their_own_units(client, currency, total):
    bob = make_user(language="en")
    store = make_store(owner=bob, currency=currency)
    make_product(store=store, price_minor=300 if currency == "JPY" else 300_000)
    client.force_login(bob)
    assert total in words(send(client, PREVIEW)).replace("\xa0", " ")


# --- products ------------------------------------------------------------------------------------


def test_products_are_found_by_name_beside_those_chosen(seller, store):
    make_product(store=store, ref="cup", name="Blue cup")
    make_product(store=store, ref="pot", name="Tea pot")
    page = words(seller.get(PRODUCTS, {"product_query": "TEA", "products": ["cup"]}))
    assert 'value="cup" checked' in page
    assert 'value="pot">' in page
    page = words(seller.get(PRODUCTS, {"product_query": "nothing"}))
    assert "Nothing of yours has this in its name." in page


def test_search_shows_twenty_and_says_that_there_are_more(seller, store):
    for number in range(21):
        make_product(store=store, name=f"Cup {number:02}")
    page = words(seller.get(PRODUCTS))
    assert page.count('name="products"') == 20
    assert "There are more." in page


# --- whose it is ---------------------------------------------------------------------------------


def test_anothers_product_is_neither_found_nor_shown_nor_taken(seller, store, theirs):
    _mallory, product = theirs
    for query in ({"product_query": "Their"}, {"products": [product.ref]}):
        assert product.name not in words(seller.get(PRODUCTS, query))
    response = send(seller, scope="products", products=product.ref, code="MINE")
    assert response.status_code == 422
    assert product.name not in words(response)
    assert "Some of these are no longer in your catalogue." in words(response)
    assert not Promotion.objects.exists()
    page = words(send(seller, PREVIEW, scope="products", products=product.ref))
    assert product.name not in page


def test_anothers_store_is_missing(seller, store, theirs):
    mallory, _ = theirs
    for path in (ADD, PREVIEW):
        assert send(seller, path, store=mallory.ref, code="MINE").status_code == 404
    assert seller.get(ADD, {"store": mallory.ref}).status_code == 404
    assert seller.get(PRODUCTS, {"store": mallory.ref}).status_code == 404
    assert send(seller, store="no-such-store").status_code == 404
    assert not Promotion.objects.exists()


def test_posted_ids_of_stores_and_people_are_not_believed(seller, store, theirs, alice):
    mallory, _ = theirs
    send(
        seller,
        code="MINE",
        store_id=mallory.pk,
        created_by=mallory.members.get().user_id,
        status="approved",
        currency="USD",
    )
    promotion = Promotion.objects.get()
    assert (promotion.store, promotion.created_by) == (store, alice)
    assert (promotion.status, promotion.currency) == ("pending_approval", "RUB")


def test_who_works_in_two_stores_chooses(seller, store, alice):
    second = make_store(name="Second", currency="KZT", country="KZ")
    StoreMember.objects.create(store=second, user=alice)
    page = words(seller.get(ADD))
    assert "Second" in page
    send(seller, store=second.ref, code="SECOND")
    promotion = Promotion.objects.get()
    assert (promotion.store, promotion.currency) == (second, "KZT")


@pytest.mark.parametrize("path", [ADD, PREVIEW, PRODUCTS])
def test_guests_and_shoppers_stay_outside(client, path):
    assert client.get(path).status_code == 302
    client.force_login(make_user())
    assert client.get(path, follow=True).status_code == 403
    assert client.post(path, LEAST, follow=True).status_code == 403
    assert not Promotion.objects.exists()


def test_help_stands_beside_every_field_that_needs_it(seller, store):
    """AM-14."""
    page = words(seller.get(ADD))
    for name in ("max_discount", "min_spend", "code", "starts_at", "ends_at", "total", "budget"):
        assert f'id="id_{name}_helptext"' in page
        assert f'aria-describedby="id_{name}_helptext"' in page
