"""Shared codes: listed once approved, found by category, taken in one tap, paid by the plan."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from affiliates import shared_codes
from affiliates.models import Affiliate, Agreement, Commission, Link
from affiliates.shared_codes import MayNotTake, NotListed
from marketplace import clock
from promocodes import promotions
from promocodes.models import PromoCode
from tasks import assignments, openings
from tests.factories.affiliates import (
    Shop,
    derive,
    line,
    make_affiliate,
    make_agreement,
    make_click,
    make_member,
    make_plan,
)
from tests.factories.marketplace import make_category, make_product, make_staff, make_store
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/creators/codes/"


@pytest.fixture(autouse=True)
def _proved(transactional_db):
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def anna():
    affiliate = make_affiliate(name="Anna")
    affiliate.user.language = "en"
    affiliate.user.save()
    return affiliate


@pytest.fixture
def browser(anna):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(anna.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def store(transactional_db):
    store = make_store(name="Mugs", host="mugs.example", is_verified=True)
    make_plan(store=store, rate_bp=800)
    return store


def share(store, *, name="Summer", code=None, **more):
    more = {"share_with_affiliates": True} | more
    return make_promotion(store=store, name=name, code=code, kind="social", **more)


def names(response):
    return [promotion.name for promotion, _rate, _agreement in response.context["rows"]]


def take(promotion, affiliate):
    return shared_codes.take(affiliate=affiliate, promotion_id=promotion.pk)


def of(promotion, page="shared_code"):
    return reverse(f"affiliates:{page}", args=[promotion.pk])


# --- the list ----------------------------------------------------------------------------------


def test_only_what_is_shared_approved_and_running_is_listed(browser, store):
    at = clock.now()
    share(store, name="Runs")
    share(store, name="Not shared", share_with_affiliates=False)
    share(store, name="Waits", needs_approval=True)
    share(store, name="Later", terms=make_terms(starts_at=at + timedelta(days=1)))
    share(store, name="Over", terms=make_terms(ends_at=at))
    cancelled = share(store, name="Cancelled")
    promotions.cancel(promotion_id=cancelled.pk, actor=make_staff(), reason="a mistake")
    share(make_store(is_active=False), name="Closed store")
    assert names(browser.get(LIST)) == ["Runs"]


def test_an_approved_code_is_listed_from_then_on(browser, store):
    promotion = share(store, needs_approval=True)
    assert names(browser.get(LIST)) == []
    promotions.approve(promotion_id=promotion.pk, actor=make_staff())
    assert names(browser.get(LIST)) == ["Summer"]


def test_a_store_is_listed_once_it_joins_the_programme_by_a_plan_of_its_own(browser):
    """AE-18: the default plan would cost a store what it never saw."""
    store = make_store()
    share(store)
    make_plan(rate_bp=500)
    assert names(browser.get(LIST)) == []
    make_plan(store=store, rate_bp=300)
    assert "3% of sales" in browser.get(LIST).content.decode()


def test_the_list_says_what_was_agreed_not_what_the_store_offers(browser, anna, store):
    promotion = share(store)
    assert "8% of sales" in browser.get(LIST).content.decode()
    make_agreement(affiliate=anna, promotion=promotion, fee_minor=15_000)
    page = browser.get(LIST).content.decode()
    assert "for each use" in page
    assert "8% of sales" not in page


def test_browsing_by_category(browser, store):
    mugs, vases, other = make_category(name="Mugs"), make_category(name="Vases"), make_category()
    make_product(store=store, ref="mug", category=mugs)
    make_product(store=store, ref="vase", category=vases)
    make_product(store=make_store(), category=other)
    share(store, name="All")
    share(store, name="Mug", terms=make_terms(scope="products", products=("mug",)))
    share(store, name="Vases", terms=make_terms(scope="categories", categories=(vases.ref,)))
    share(store, name="No mug", terms=make_terms(exclude_products=("mug",)))
    assert names(browser.get(LIST, {"category": mugs.ref})) == ["Mug", "All"]
    assert names(browser.get(LIST, {"category": vases.ref})) == ["No mug", "Vases", "All"]
    assert names(browser.get(LIST, {"category": other.ref})) == []
    page = browser.get(LIST).content.decode()
    assert ">Vases</option>" in page
    assert other.name not in page  # nothing that is shared is sold there


@pytest.mark.parametrize("query", [{"category": "no-such"}, {"store": "x" * 101}])
def test_a_filter_that_makes_no_sense_says_so(browser, store, query):
    share(store)
    response = browser.get(LIST, query)
    assert response.status_code == 200
    assert names(response) == []
    assert "errorlist" in response.content.decode()


def test_the_list_asks_as_often_for_three_as_for_one(browser, store, django_assert_num_queries):
    share(store, name="First")
    with django_assert_num_queries(8):
        browser.get(LIST)
    share(store, name="Second")
    other = make_store()
    make_plan(store=other, rate_bp=100)
    share(other, name="Third")
    with django_assert_num_queries(8):
        assert len(names(browser.get(LIST))) == 3


# --- taking ------------------------------------------------------------------------------------


def test_a_link_and_a_code_in_one_tap_and_both_stay(browser, anna, store):
    promotion = share(store, code="SUMMER10")
    assert "Take my link and code" in browser.get(of(promotion)).content.decode()
    assert browser.post(of(promotion, "take")).status_code == 302
    link, code = Link.objects.get(), PromoCode.objects.get(holder=anna.user)
    page = browser.get(of(promotion)).content.decode()
    assert f"/go/{link.pk}" in page
    assert f"with my code {code.code}." in page
    assert "Take my link and code" not in page
    browser.post(of(promotion, "take"))
    assert (Link.objects.count(), PromoCode.objects.filter(holder=anna.user).count()) == (1, 1)
    agreement = Agreement.objects.get()
    assert (agreement.pay_model, agreement.rate_bp, agreement.valid_until) == ("cps", None, None)


def test_a_store_without_a_verified_host_gives_a_code_alone(browser, anna):
    store = make_store(host="")
    make_plan(store=store)
    promotion = share(store)
    assert take(promotion, anna).link is None
    assert "/go/" not in browser.get(of(promotion)).content.decode()


def test_what_is_bought_with_the_code_and_through_the_link_is_paid_by_the_plan(anna, store):
    has = take(share(store), anna)
    click = make_click(link=has.link, at=clock.now())
    at = clock.now() + timedelta(minutes=1)
    Shop().sell("by-code", line(store, price=100_000), at=at, codes=[has.codes[0].code])
    Shop().sell("by-link", line(store, price=50_000), at=at, click_id=click.ref)
    derive("by-code", "by-link")
    earned = dict(Commission.objects.values_list("order_ref", "amount_minor"))
    assert earned == {"by-code": 8_000, "by-link": 4_000}


def test_who_may_not_take(browser, anna, store):
    secret = share(store, share_with_affiliates=False)
    with pytest.raises(NotListed):
        take(secret, anna)
    assert browser.get(of(secret)).status_code == 404
    assert browser.post(of(secret, "take"))["Location"] == LIST
    shared = share(store)
    Affiliate.objects.update(status=Affiliate.Status.SUSPENDED)
    with pytest.raises(MayNotTake):
        take(shared, anna)
    assert "suspended" in browser.post(of(shared, "take"), follow=True).content.decode()
    assert not Agreement.objects.exists()
    assert not Link.objects.exists()


def test_a_code_that_is_over_still_shows_to_who_took_it(browser, anna, store):
    promotion = share(store)
    take(promotion, anna)
    promotions.cancel(promotion_id=promotion.pk, actor=make_staff(), reason="sold out")
    assert "work any more" in browser.get(of(promotion)).content.decode()
    stranger = make_affiliate()
    browser.force_login(stranger.user, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(of(promotion)).status_code == 404


# --- beside tasks ------------------------------------------------------------------------------


def test_the_terms_of_a_task_follow_those_of_a_shared_code(anna, store):
    promotion = share(store)
    has = take(promotion, anna)
    task = openings.open_task(store=store, promotion_id=promotion.pk, actor=make_staff())
    assignment = assignments.apply(task_id=task.pk, affiliate=anna)
    assignments.get_codes(assignment_id=assignment.pk, affiliate=anna)
    first, second = Agreement.objects.order_by("valid_from")
    assert (first.pk, first.valid_until) == (has.agreement.pk, second.valid_from)
    assert (second.rate_bp, second.valid_until) == (800, None)


def test_what_a_task_agreed_on_stands_and_its_code_is_the_one_shown(anna, store):
    promotion = share(store)
    make_agreement(affiliate=anna, promotion=promotion, rate_bp=1_500)
    has = take(promotion, anna)
    assert (has.agreement.rate_bp, has.link is not None) == (1_500, True)
    assert Agreement.objects.count() == 1


def test_who_has_the_code_of_a_task_may_take_a_link_too(browser, anna, store):
    promotion = share(store)
    task = openings.open_task(store=store, promotion_id=promotion.pk, actor=make_staff())
    assignment = assignments.apply(task_id=task.pk, affiliate=anna)
    (code,) = assignments.get_codes(assignment_id=assignment.pk, affiliate=anna)
    assert "Take my link<" in browser.get(of(promotion)).content.decode()
    browser.post(of(promotion, "take"))
    page = browser.get(of(promotion)).content.decode()
    assert f"/go/{Link.objects.get().pk}" in page
    assert "Take my link" not in page
    assert PromoCode.objects.filter(holder=anna.user).get() == code


def test_where_a_use_is_paid_there_is_no_link_to_earn_nothing_by(anna, store):
    promotion = share(store)
    make_agreement(affiliate=anna, promotion=promotion, fee_minor=5_000)
    assert take(promotion, anna).link is None


def test_a_link_taken_before_is_not_shown_once_only_uses_are_paid(browser, anna, store):
    promotion = share(store)
    link = take(promotion, anna).link
    assert f"/go/{link.pk}" in browser.get(of(promotion)).content.decode()
    work_on(promotion, anna, pay_model="fee", fee_minor=5_000)
    page = browser.get(of(promotion)).content.decode()
    assert "for each use" in page
    assert "/go/" not in page


def test_an_agency_has_no_share_in_what_was_taken_without_it(anna, store):
    promotion = share(store)
    has = take(promotion, anna)
    agency = make_affiliate(kind="agency")
    member = make_member(agency=agency, influencer=anna, share_bp=10_000)
    task = openings.open_task(store=store, promotion_id=promotion.pk, actor=make_staff())
    made = assignments.apply(task_id=task.pk, affiliate=agency)
    with pytest.raises(assignments.OwnTerms):
        assignments.get_codes(assignment_id=made.pk, affiliate=agency, member_id=member.pk)
    at = clock.now() + timedelta(minutes=1)
    Shop().sell("by-code", line(store, price=100_000), at=at, codes=[has.codes[0].code])
    derive("by-code")
    assert list(Commission.objects.values_list("beneficiary", "amount_minor")) == [(anna.pk, 8_000)]
    assert PromoCode.objects.filter(holder=anna.user).count() == 1


def test_who_waits_for_the_terms_of_a_task_takes_a_code_by_them(anna, store):
    promotion = share(store)
    has = while_held(anna, lambda: agree(promotion, anna), lambda: take(promotion, anna))
    assert has.agreement == Agreement.objects.get()
    assert has.agreement.rate_bp == 800


def test_who_waits_for_taking_still_gets_the_code_of_a_task(anna, store):
    promotion = share(store)
    task = openings.open_task(store=store, promotion_id=promotion.pk, actor=make_staff())
    made = assignments.apply(task_id=task.pk, affiliate=anna)
    codes = while_held(
        anna,
        lambda: agree(promotion, anna, rate_bp=None),
        lambda: assignments.get_codes(assignment_id=made.pk, affiliate=anna),
    )
    assert len(codes) == 1
    taken, of_task = Agreement.objects.order_by("valid_from")
    assert (taken.rate_bp, of_task.rate_bp) == (None, 800)
    assert taken.valid_until == of_task.valid_from


def work_on(promotion, affiliate, **pay):
    task = openings.open_task(
        store=promotion.store, promotion_id=promotion.pk, actor=make_staff(), **pay
    )
    made = assignments.apply(task_id=task.pk, affiliate=affiliate)
    return assignments.get_codes(assignment_id=made.pk, affiliate=affiliate)


def agree(promotion, affiliate, **pay):
    make_agreement(affiliate=affiliate, promotion=promotion, valid_from=clock.now(), **pay)


def while_held(affiliate, first, second):
    """`second` in a thread that waits for the affiliate's row until `first` is committed."""

    def run():
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Affiliate.objects.select_for_update().get(pk=affiliate.pk)
            waiting = threads.submit(run)
            wait_for_a_lock()
            first()
        return waiting.result()


def wait_for_a_lock():
    with connection.cursor() as cursor:
        for _try in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_sleep(0.02), pg_locks"
                " WHERE NOT granted AND locktype = 'transactionid'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
