"""The forecast at /seller/ (form and page) and at /admin/: numbers, chart, whose orders."""

from datetime import timedelta
from html import unescape

import pytest
from playwright.sync_api import expect

from marketplace import clock
from promocodes.models import Promotion
from promocodes.terms import Limits
from tests.browser import DESK, PHONE, assert_fits, sign_in
from tests.factories.marketplace import make_order, make_product, make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms
from tests.promocodes.test_seller_browser import assert_accessible

LIST = "/seller/promocodes/promotion/"
OPS = "/admin/promocodes/promotion/"
FORM = {"kind": "social", "discount_type": "percent", "percent": "10", "scope": "storewide"}


@pytest.fixture
def store(db):
    store = make_store(owner=make_user(language="en"), is_verified=True, name="Glaze")
    store.owner = store.members.get().user
    return store


@pytest.fixture
def seller(client, store):
    client.force_login(store.owner)
    return client


def sold(store, price, *, days=1, **fields):
    at = clock.now() - timedelta(days=days)
    line = {"store": store, "unit_price_minor": price, "product_ref": "cup"}
    return make_order(placed_at=at, paid_at=at, lines=[line], **fields)


def words(response) -> str:
    return unescape(response.content.decode())


@pytest.mark.django_db
def test_form_is_replayed_on_own_orders_for_htmx(seller, store) -> None:
    sold(store, 100_000)
    sold(store, 300_000)
    sold(make_store(), 900_000)
    page = words(seller.post(f"{LIST}forecast/", FORM | {"forecast_days": "7"}))
    assert "<html" not in page
    assert "Replayed on 2 orders" in page
    for text in ("₽400", "₽200 per use", "₽2,000", "100% of 2"):
        assert text in page
    assert not Promotion.objects.exists()


@pytest.mark.django_db
def test_without_javascript_the_whole_page_comes_back_with_it(seller, store) -> None:
    sold(store, 100_000)
    page = words(seller.post(f"{LIST}add/", FORM | {"act": "forecast", "code": "KEPT"}))
    assert "Replayed on 1 order" in page
    assert 'value="KEPT"' in page
    assert not Promotion.objects.exists()
    nothing = seller.post(f"{LIST}add/", FORM | {"act": "forecast", "percent": ""})
    assert "Say first how much is taken off." in words(nothing)
    assert "Say first" in words(seller.post(f"{LIST}forecast/", FORM | {"percent": "x"}))
    for page in (f"{LIST}forecast/", f"{LIST}add/"):  # the discount is said, the goods are not
        answer = words(seller.post(page, FORM | {"act": "forecast", "scope": "products"}))
        assert "Choose first at least one" in answer
        assert "Say first" not in answer


@pytest.mark.django_db
def test_a_promotion_that_waits_has_a_page_with_its_limits(seller, store) -> None:
    for days in range(3):
        sold(store, 100_000, days=days + 1)
    sold(store, 5_000)
    terms = make_terms(min_spend_minor=50_000)
    waiting = make_promotion(
        store=store, code="TEN", needs_approval=True, terms=terms, limits=Limits(total=2)
    )
    assert f"{waiting.pk}/forecast/" in words(seller.get(f"{LIST}{waiting.pk}/change/"))
    page = words(seller.get(f"{LIST}{waiting.pk}/forecast/"))
    for text in (
        "It would have cost",
        "₽200",
        "1 use refused",
        "It would have run out on",
        "The cart is below this code's minimum order.",
        "p-chart-bar",
    ):
        assert text in page
    live = make_promotion(store=store)
    assert "/forecast/" not in words(seller.get(f"{LIST}{live.pk}/change/"))


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["?forecast_days=8", "?forecast_days=x&forecast_uptake=-1", ""])
def test_what_is_asked_wrongly_is_as_if_not_asked(seller, store, query) -> None:
    sold(store, 100_000, days=20)
    waiting = make_promotion(store=store, needs_approval=True)
    assert "Replayed on 1 order" in words(seller.get(f"{LIST}{waiting.pk}/forecast/{query}"))
    week = seller.get(f"{LIST}{waiting.pk}/forecast/?forecast_days=7")
    assert "There are no orders in these days" in words(week)


@pytest.mark.django_db
def test_anothers_promotion_has_no_forecast_here(seller, store) -> None:
    theirs = make_promotion(needs_approval=True)
    assert seller.get(f"{LIST}{theirs.pk}/forecast/").status_code == 404
    mallory = make_store()
    assert seller.post(f"{LIST}forecast/", FORM | {"store": mallory.ref}).status_code == 404


@pytest.mark.django_db
def test_operations_see_it_for_stores_and_for_platform_codes(client, store) -> None:
    client.force_login(make_staff(language="en"))
    sold(store, 100_000)
    sold(make_store(ref="other"), 200_000)
    own = make_promotion(store=store, needs_approval=True)
    assert "Replayed on 1 order" in words(client.get(f"{OPS}{own.pk}/forecast/"))
    wide = make_promotion(kind="platform")
    assert "Replayed on 2 orders" in words(client.get(f"{OPS}{wide.pk}/forecast/"))
    named = make_promotion(kind="platform", terms=make_terms(stores=("other",)))
    page = words(client.get(f"{OPS}{named.pk}/forecast/?forecast_uptake=100"))
    assert "Replayed on 1 order" in page
    assert "₽200" in page
    assert f"{OPS}{named.pk}/forecast/" in words(client.get(f"{OPS}{named.pk}/change/"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_is_seen_in_the_form_and_on_its_page(open_page, store, size) -> None:
    make_product(store=store, ref="cup", name="Blue cup", price_minor=120_000)
    for number in range(40):
        sold(store, 50_000 + 9_000 * (number % 7), days=number % 28)
    waiting = make_promotion(
        store=store, needs_approval=True, name="Waits", limits=Limits(budget_minor=100_000)
    )
    page = open_page(size=size, locale="en-US")
    sign_in(page, store.owner)
    page.goto(f"{LIST}add/")
    page.get_by_label("Percent off").fill("10")
    page.get_by_role("button", name="Show the forecast").click()
    expect(page.locator("#forecast")).to_contain_text("Replayed on 40 orders")
    assert_fits(page)
    assert_accessible(page)
    page.goto(f"{LIST}{waiting.pk}/forecast/?forecast_days=90")
    expect(page.get_by_text("It would have run out on")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
