"""The platform's own promotions at /admin/ in a real browser: on a phone, at a desk, scriptless."""

import pytest
from playwright.sync_api import Page, expect

from promocodes.models import Promotion
from tests.browser import DESK, PHONE, assert_fits, sign_in
from tests.factories.marketplace import make_category, make_product, make_staff, make_store
from tests.factories.promocodes import make_promotion
from tests.promocodes.test_seller_browser import assert_accessible, settled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/promocodes/promotion/"
ADD = f"{LIST}add/"


@pytest.fixture
def stores(transactional_db):
    cups, books = make_store(name="Cups", ref="cups"), make_store(name="Books", ref="books")
    make_product(
        store=cups,
        ref="cup",
        name="Blue cup",
        price_minor=100_000,
        category=make_category(name="Mugs"),
    )
    make_product(store=books, ref="book", name="Tales", price_minor=50_000)
    return cups, books


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def ops(request, open_page, stores) -> Page:
    """Staff, signed in, on a phone and at a desk."""
    page = open_page(size=request.param, locale="en-US", timezone_id="Asia/Vladivostok")
    sign_in(page, make_staff(language="en"))
    return page


def test_from_the_list_to_a_live_promotion_in_some_stores(open_page, stores):
    page = open_page(size=DESK, locale="en-US", timezone_id="Asia/Vladivostok")
    sign_in(page, make_staff(language="en"))
    page.goto(LIST)
    page.get_by_role("link", name="New platform promotion").click()
    page.get_by_role("radio", name="In stores that you name").check()
    page.locator("#stores_query").fill("boo")
    expect(page.locator("#stores-options")).not_to_contain_text("Cups")
    page.locator("#stores-options").get_by_label("Books").check()
    page.get_by_label("Percent off").fill("15")
    expect(page.locator("#preview")).to_contain_text("15% of ₽500 is ₽75.")
    expect(page.locator("#preview")).to_contain_text("not from one of the chosen stores")
    page.locator("#id_code").fill("books15")
    page.get_by_role("button", name="Make the promotion").click()
    expect(page.get_by_text("BOOKS15 is made.")).to_be_visible()
    promotion = Promotion.objects.select_related("terms").get()
    assert (promotion.status, promotion.terms.stores) == ("approved", ["books"])

    page.get_by_role("link", name="Change").click()
    expect(page.locator("#id_percent")).to_have_value("15")
    page.locator("#id_percent").fill("20")
    expect(page.locator("#preview")).to_contain_text("20% of ₽500 is ₽100.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The promotion is changed.")).to_be_visible()
    promotion.refresh_from_db()
    assert (promotion.terms.version, promotion.terms.percent_bp) == (2, 2_000)


def test_form_follows_what_is_chosen(ops):
    ops.goto(ADD)
    expect(ops.locator("#stores_query")).to_be_hidden()
    ops.get_by_role("radio", name="In stores that you name").check()
    expect(ops.locator("#stores_query")).to_be_visible()
    expect(ops.locator("#id_allocation")).to_be_visible()
    ops.get_by_role("radio", name="Free delivery").check()
    expect(ops.locator("#id_allocation")).to_be_hidden()
    expect(ops.locator("#id_max_discount")).to_be_visible()
    expect(ops.locator("#id_percent")).to_be_hidden()
    expect(ops.locator("#id_code")).to_be_visible()
    expect(ops.locator("#id_per_code")).to_be_hidden()
    ops.get_by_role("radio", name="Many unique ones").check()
    expect(ops.locator("#id_code")).to_be_hidden()
    expect(ops.locator("#id_count")).to_be_visible()
    expect(ops.locator("#id_per_code")).to_have_value("1")
    ops.get_by_role("radio", name="Set Categories").check()
    ops.locator("#categories_query").fill("mug")
    ops.locator("#categories-options").get_by_label("Mugs").check()
    expect(ops.locator("#products_query")).to_be_hidden()


def test_another_currency_changes_the_form_and_loses_nothing(ops):
    tokyo = make_store(name="Tokyo", ref="tokyo", currency="JPY", country="JP")
    make_product(store=tokyo, ref="tea", name="Green tea", price_minor=500)
    ops.goto(ADD)
    ops.locator("#id_percent").fill("10")
    ops.locator("#id_min_spend").fill("400")
    ops.locator("#id_currency").select_option("JPY")
    expect(ops.locator("#preview")).to_contain_text("10% of ¥500 is ¥50.")
    expect(ops.locator(".p-suffix").nth(1)).to_have_text("JPY")
    expect(ops.locator("#id_min_spend")).to_have_value("400")
    ops.get_by_role("radio", name="In stores that you name").check()
    expect(ops.locator("#stores-options")).to_contain_text("Tokyo")
    expect(ops.locator("#stores-options")).not_to_contain_text("Cups")
    assert not Promotion.objects.exists()


def test_mistakes_are_told_first_and_lead_to_their_fields(ops):
    ops.goto(ADD)
    ops.get_by_role("radio", name="In stores that you name").check()
    ops.get_by_role("button", name="Make the promotion").click()
    summary = ops.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("2 fields need another look")
    assert_accessible(ops)
    assert_fits(ops)
    summary.get_by_role("link", name="Stores").click()
    expect(ops.locator("#stores_query")).to_be_in_viewport()


def test_pages_fit_and_axe_finds_nothing(ops):
    live = make_promotion(kind="platform", code="ALL5")
    make_store(currency="JPY", country="JP")
    for path in (ADD, f"{LIST}{live.pk}/amend/"):
        ops.goto(path)
        ops.get_by_role("radio", name="In stores that you name").check()
        ops.locator("#id_percent").fill("10")
        ops.locator("#id_budget").fill("1000")
        while (closed := ops.locator("#promotion-form details:not([open]) > summary")).count():
            closed.first.click()
        ops.get_by_role("button", name="Show the forecast").click()
        settled(ops)
        expect(ops.locator("#forecast")).not_to_be_empty()
        assert_fits(ops)
        assert_accessible(ops)


def test_it_is_accessible_in_the_dark_too(open_page, stores):
    page = open_page(size=DESK, locale="en-US", color_scheme="dark")
    sign_in(page, make_staff(language="en"))
    page.goto(ADD)
    page.locator("#id_percent").fill("10")
    settled(page)
    expect(page.locator("#preview")).to_contain_text("The shopper pays")
    assert_accessible(page)


def test_without_javascript_buttons_find_show_and_make(open_page, stores):
    make_promotion(store=stores[0], code="CUPS10")
    page = open_page(javascript=False, locale="en-US")
    sign_in(page, make_staff(language="en"))
    page.goto(LIST)
    page.get_by_role("link", name="New platform promotion").click()
    page.get_by_role("radio", name="In stores that you name").check()
    page.locator("#stores_query").fill("boo")
    page.locator("#id_stores").get_by_role("button", name="Find").click()
    page.locator("#stores-options").get_by_label("Books").check()
    page.get_by_label("Percent off").fill("10")
    page.get_by_role("button", name="Show what a cart costs").click()
    expect(page.locator("#preview")).to_contain_text("10% of ₽500 is ₽50.")
    page.locator("#id_code").fill("PLAIN10")
    page.get_by_role("button", name="Make the promotion").click()
    expect(page.get_by_text("PLAIN10 is made.")).to_be_visible()
    assert Promotion.objects.get(kind="platform").terms.stores == ["books"]
