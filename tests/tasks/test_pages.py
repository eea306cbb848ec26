"""The creators' task pages in real browsers: phone and desk, no JavaScript, three languages."""

import pytest
from playwright.sync_api import expect

from affiliates.models import Affiliate
from promocodes.models import PromoCode
from tasks import assignments
from tasks.models import Assignment, Submission
from tests.browser import assert_accessible, assert_fits, sign_in
from tests.factories.marketplace import make_category, make_product
from tests.factories.promocodes import make_promotion, make_terms
from tests.factories.tasks import make_assignment, make_influencer, make_partner_store, make_task

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/creators/tasks/"


@pytest.fixture
def task():
    store = make_partner_store(name="Семь трав")
    make_product(store=store, category=make_category(name="Чай и травы"))
    promotion = make_promotion(
        store=store,
        name="300 ₽ на самые вечерние травы и подарочные наборы",
        share_with_affiliates=True,
        terms=make_terms(amount_minor=30_000, min_spend_minor=150_000),
    )
    return make_task(promotion=promotion, brief="Расскажите, что вы завариваете вечером.")


def test_every_state_of_the_pages_is_accessible_and_fits(reader_page, task):
    language, page = reader_page
    polina = make_influencer(name="Полина", language=language)
    sign_in(page, polina.user)
    here = f"{LIST}{task.pk}/"
    for path in (LIST, f"{LIST}?rate=1500", f"{LIST}mine/", here):
        page.goto(path)
        assert_fits(page)
        assert_accessible(page)
    made = make_assignment(task=task, affiliate=polina)
    for _ in ("the code to get", "the code that stays"):
        for path in (here, f"{LIST}mine/"):
            page.goto(path)
            assert_fits(page)
            assert_accessible(page)
        assignments.get_codes(assignment_id=made.pk, affiliate=polina)


def test_from_the_list_to_the_content_without_javascript(no_js_page, task):
    """AE-25..29, AE-35 with nothing but links and buttons."""
    polina = make_influencer(name="Polina")
    sign_in(no_js_page, polina.user)
    no_js_page.goto(LIST)
    no_js_page.get_by_role("link", name=task.name).click()
    no_js_page.get_by_role("button", name="Apply").click()
    no_js_page.get_by_role("button", name="Get Promo Code").click()
    code = PromoCode.objects.get(holder=polina.user).code
    shown = no_js_page.locator(".code").inner_text()
    assert shown.replace(" ", "") == code
    no_js_page.get_by_label("Address of the post").fill("https://vk.com/wall1")
    no_js_page.get_by_role("button", name="Submit content").click()
    assert "Being reviewed by the seller" in no_js_page.content()
    assert Submission.objects.get().url == "https://vk.com/wall1"
    assert Assignment.objects.get().state == "submitted"


def test_an_agency_takes_three_codes_on_a_phone(page, task):
    """AE-30."""
    agency = make_influencer(kind=Affiliate.Kind.AGENCY)
    sign_in(page, agency.user)
    page.goto(f"{LIST}{task.pk}/")
    page.get_by_role("button", name="Apply").click()
    page.get_by_label("How many promo codes?").fill("3")
    page.get_by_role("button", name="Get Promo Codes").click()
    assert page.locator(".code").count() == 3
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("button", name="Copy code").first.click()
    expect(page.get_by_text("Copied").first).to_be_visible()
