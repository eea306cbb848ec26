"""The seller's promo pages in a real browser: from sign-in to a live code; thumbs and keys.

AE-01, AE-03, AM-03..06, AM-11, AM-14.
"""

import re

import pytest
from allauth.account.models import EmailAddress
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from promocodes import promotions
from promocodes.models import Promotion
from tests.browser import DESK, PHONE, assert_fits, sign_in
from tests.factories.marketplace import make_category, make_product, make_store, make_user
from tests.factories.promocodes import make_cart, make_promotion, make_terms
from tests.promocodes.test_reports import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/seller/promocodes/promotion/"
ADD = f"{LIST}add/"


@pytest.fixture
def store(transactional_db):
    owner = make_user(language="en", email="alice@example.com", password="tea-and-cups-77")
    store = make_store(owner=owner, name="Glaze", is_verified=True)
    store.owner = owner
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    mugs = make_category(name="Mugs")
    make_product(store=store, ref="cup", name="Blue cup", price_minor=120_000, category=mugs)
    make_product(store=store, ref="pot", name="Tea pot", price_minor=420_000)
    return store


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def seller(request, open_page, store) -> Page:
    """Alice, signed in, on a phone and at a desk."""
    page = open_page(size=request.param, locale="en-US", timezone_id="Asia/Vladivostok")
    sign_in(page, store.owner)
    return page


def assert_accessible(page: Page) -> None:
    """axe finds nothing in what is ours; around it stands the admin theme."""
    assert page.locator("main").count() == 1
    found = Axe().run(page, context=".promo")
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def settled(page: Page) -> None:
    """Wait until the preview has answered."""
    page.wait_for_timeout(600)
    page.wait_for_load_state("networkidle")


def test_from_sign_in_to_a_live_code(open_page, store):
    """A first visitor's whole way, by the real doors."""
    page = open_page(size=PHONE, locale="en-US", timezone_id="Europe/Moscow")
    page.goto(LIST)
    page.locator("input[name=login]").fill("alice@example.com")
    page.locator("input[name=password]").fill("tea-and-cups-77")
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(re.compile(LIST))
    page.get_by_role("link", name="Create new promo code").first.click()
    page.get_by_label("Percent off").fill("15")
    expect(page.locator("#result")).to_contain_text("the sample cart costs")
    expect(page.locator("#preview")).to_contain_text("15% of ₽5,400 is ₽810.")
    page.get_by_label("Promo code", exact=False).first.fill("glaze15")
    page.get_by_role("button", name="Send for approval").click()
    page.wait_for_url(re.compile(f"{LIST}$"))
    expect(page.get_by_text("GLAZE15 is on its way")).to_be_visible()
    expect(page.locator(".p-badge")).to_contain_text("Waiting for approval")
    promotion = Promotion.objects.get()
    assert promotion.share_with_affiliates
    assert promotion.terms.timezone == "Europe/Moscow"

    promotions.approve(promotion_id=promotion.pk, actor="ops")
    page.reload()
    expect(page.locator(".p-badge")).to_contain_text("Live")
    page.get_by_role("link", name="GLAZE15").click()
    expect(page.locator("#word")).to_have_text("GLAZE15")
    page.get_by_role("link", name="Affiliate Setting").click()
    expect(page.get_by_text("GLAZE15").first).to_be_visible()


def test_form_follows_what_is_chosen(seller):
    seller.goto(ADD)
    social, plain = seller.locator("#id_share_social"), seller.locator("#id_share_store")
    expect(social).to_be_visible()
    expect(social).to_be_checked()
    expect(plain).to_be_hidden()
    seller.get_by_role("radio", name="Store code").check()
    expect(plain).to_be_visible()
    expect(plain).not_to_be_checked()
    expect(social).to_be_hidden()
    seller.get_by_role("radio", name="Fixed amount").check()
    expect(seller.locator("#id_amount")).to_be_visible()
    expect(seller.locator("#id_percent")).to_be_hidden()
    seller.get_by_role("radio", name="Set Categories").check()
    expect(seller.get_by_text("Mugs")).to_be_visible()
    expect(seller.locator("#product_query")).to_be_hidden()


def test_zone_is_the_browser_s_own_if_the_market_has_it(seller, open_page, store):
    seller.goto(ADD)
    expect(seller.locator("#id_timezone")).to_have_value("Asia/Vladivostok")
    abroad = open_page(locale="en-US", timezone_id="America/New_York")
    sign_in(abroad, store.owner)
    abroad.goto(ADD)
    expect(abroad.locator("#id_timezone")).to_have_value("Europe/Moscow")


def test_products_are_picked_by_typing(seller):
    seller.goto(ADD)
    seller.locator("#id_percent").fill("10")
    seller.get_by_role("radio", name="Set Products").check()
    seller.locator("#product_query").fill("pot")
    expect(seller.locator("#picker")).not_to_contain_text("Blue cup")
    seller.locator("#picker").get_by_label("Tea pot").check()
    seller.locator("#product_query").fill("cup")
    expect(seller.locator("#picker")).to_contain_text("1 product chosen")
    seller.locator("#product_query").press("Enter")  # searches, sends nothing
    expect(seller.locator("#preview")).to_contain_text("not among the chosen products")
    assert seller.url.endswith(ADD)
    assert not Promotion.objects.exists()


def test_quantity_that_is_being_typed_stays(seller):
    """The preview comes back while one types; what is typed isn't taken away."""
    seller.goto(ADD)
    seller.locator("#id_percent").fill("10")
    expect(seller.locator("#qty-cup")).to_have_value("1")
    seller.locator("#qty-cup").click()
    seller.locator("#qty-cup").press("ControlOrMeta+a")
    seller.keyboard.type("1", delay=10)
    seller.keyboard.type("2", delay=10)
    expect(seller.locator("#preview")).to_contain_text("₽18,600")
    expect(seller.locator("#qty-cup")).to_have_value("12")
    expect(seller.locator("#qty-cup")).to_be_focused()


def test_a_late_answer_takes_nothing_away_that_was_typed_since(seller):
    seller.goto(ADD)
    seller.locator("#id_percent").fill("10")
    expect(seller.locator("#preview")).to_contain_text("₽4,860")
    held = []
    seller.route("**/preview/", lambda route: held.append(route))  # noqa: PLW0108 - a bound method takes no mark
    seller.locator("#id_percent").fill("20")
    while not held:
        seller.wait_for_timeout(50)
    seller.locator("#qty-cup").fill("12")
    held[0].continue_()
    seller.unroute("**/preview/")
    expect(seller.locator("#preview")).to_contain_text("₽14,880")
    expect(seller.locator("#qty-cup")).to_have_value("12")


def test_mistakes_are_told_first_and_lead_to_their_fields(seller):
    seller.goto(ADD)
    seller.locator("#id_min_spend").fill("1,500")
    seller.get_by_role("button", name="Send for approval").click()
    summary = seller.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("2 fields need another look")
    assert_accessible(seller)
    summary.get_by_role("link", name="Percent off").click()
    expect(seller.locator("#id_percent")).to_be_in_viewport()


def test_without_javascript_a_button_shows_the_cart(open_page, store):
    page = open_page(javascript=False, locale="en-US")
    sign_in(page, store.owner)
    page.goto(ADD)
    page.get_by_label("Percent off").fill("10")
    page.get_by_role("button", name="Show what a cart costs").click()
    expect(page.locator("#preview")).to_contain_text("10% of ₽5,400 is ₽540.")
    page.get_by_label("Promo code", exact=False).first.fill("PLAIN10")
    page.get_by_role("button", name="Send for approval").click()
    expect(page.locator(".p-badge")).to_contain_text("Waiting for approval")
    page.goto(f"{LIST}try/")
    page.get_by_label("Promo codes").fill("PLAIN10")
    page.get_by_role("button", name="Show what a cart costs").click()
    expect(page.locator("#preview")).to_contain_text("This code is not approved yet.")


def test_pages_fit_and_axe_finds_nothing(seller, store):
    promotion = make_promotion(
        store=store, code="TEN", name="Ten percent", share_with_affiliates=True, terms=make_terms()
    )
    waiting = make_promotion(store=store, code="WAITS", needs_approval=True)
    Shop().sell(make_cart((100_000, 2), codes=["TEN"], store=store))
    pages = ["", "add/", "try/"]
    pages += [f"{promotion.pk}/{name}/" for name in ("change", "report", "amend", "cancel")]
    pages += [f"{waiting.pk}/{name}/" for name in ("change", "amend")]
    for name in pages:
        seller.goto(LIST + name)
        settled(seller)
        assert_fits(seller)
        assert_accessible(seller)


def test_preview_is_accessible_in_the_dark_too(open_page, store):
    page = open_page(size=DESK, locale="en-US", color_scheme="dark")
    sign_in(page, store.owner)
    page.goto(ADD)
    page.locator("#id_percent").fill("10")
    page.locator("#id_ends_at").fill("")
    settled(page)
    expect(page.locator("#preview")).to_contain_text("The shopper pays")
    assert_accessible(page)
