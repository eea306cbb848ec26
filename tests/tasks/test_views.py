"""tasks/views.py: an influencer finds a task, applies, gets the code once, submits content."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import roster
from marketplace import clock
from marketplace.money import format_money
from promocodes import promotions
from promocodes.codes import groups
from promocodes.models import PromoCode
from promocodes.terms import Limits
from tasks import assignments, openings
from tasks.models import Assignment, Submission, Task
from tests.factories.marketplace import make_category, make_product, make_staff, make_user
from tests.factories.promocodes import make_promotion, make_terms
from tests.factories.tasks import (
    make_assignment,
    make_influencer,
    make_partner_store,
    make_task,
)

pytestmark = pytest.mark.django_db
LIST = "/creators/tasks/"


@pytest.fixture
def polina():
    return make_influencer(name="Polina")


@pytest.fixture
def browser(client, polina):
    client.force_login(polina.user)
    return client


def of(task, page="details"):
    return reverse(f"tasks:{page}", args=[task.pk])


def names(response):
    return [task.name for task in response.context["page"].rows]


def rub(roubles):
    return format_money(roubles * 100, "RUB", "en")


def shared(store=None, *, name="Autumn", limits=None, **terms):
    store = store or make_partner_store(rate_bp=800)
    return make_promotion(
        store=store,
        name=name,
        share_with_affiliates=True,
        terms=make_terms(**terms),
        limits=limits or Limits(),
    )


# --- who may enter -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIST, f"{LIST}mine/", f"{LIST}{UUID(int=1)}/"])
def test_guests_are_led_to_sign_in_and_others_to_join(client, path):
    assert client.get(path)["Location"].startswith("/accounts/login/?next=/creators/tasks/")
    client.force_login(make_user())
    assert client.get(path)["Location"].startswith("/creators/")
    assert "next=" in client.get(path)["Location"]


def test_an_unknown_task_is_missing(browser):
    assert browser.get(f"{LIST}{uuid4()}/").status_code == 404
    for page in ("apply", "codes", "content"):
        assert browser.post(f"{LIST}{uuid4()}/{page}/").status_code == 404


def test_nothing_is_changed_by_a_get(browser):
    task = make_task()
    for page in ("apply", "codes", "submit"):
        assert browser.get(of(task, page)).status_code == 405
    assert not Assignment.objects.exists()


# --- the list ----------------------------------------------------------------------------------


def test_the_list_shows_what_can_be_taken_newest_first(browser, polina):
    """AE-25."""
    now = clock.now()
    first = make_task(promotion=shared(name="First"))
    make_task(promotion=shared(name="Second"))
    closed = make_task(promotion=shared(name="Closed"))
    openings.close_task(
        store=closed.store, task_id=closed.pk, actor=closed.store.members.get().user
    )
    make_task(promotion=shared(name="Too late"), applications_close_at=now)
    make_task(promotion=shared(name="Not yet", starts_at=now + timedelta(days=1)))
    cancelled = make_task(promotion=shared(name="Cancelled"))
    promotions.cancel(promotion_id=cancelled.promotion_id, actor=make_staff())
    make_assignment(task=first, affiliate=polina)
    response = browser.get(LIST)
    assert names(response) == ["Second", "First"]
    page = response.content.decode()
    assert "8% of sales" in page
    assert "10% off" in page
    assert page.count("Applied") == 1
    assert names(browser.get(LIST, {"type": "store_promo_code"})) == ["Second", "First"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_queries_however_long(
    browser, django_assert_num_queries, count
):
    for _ in range(count):
        make_task()
    # session, user, affiliate, clock, tasks, categories of the filter
    with django_assert_num_queries(6):
        response = browser.get(LIST)
    assert len(response.context["page"].rows) == count


def test_filters_narrow_the_list(browser):
    mugs, books = make_category(ref="mugs"), make_category(ref="books")
    store = make_partner_store(rate_bp=1200)
    cup = make_product(store=store, category=mugs)
    now = clock.now()
    make_task(promotion=shared(store, name="All of it", ends_at=now + timedelta(days=10)))
    make_task(promotion=shared(store, name="Cup only", scope="products", products=(cup.ref,)))
    make_task(promotion=shared(store, name="Mugs", scope="categories", categories=("mugs",)))
    fee = shared(name="Fee")
    make_product(store=fee.store, category=books)
    make_task(promotion=fee, pay_model="fee", fee_minor=10_000, channel="social")
    everything = ["Fee", "Mugs", "Cup only", "All of it"]

    def narrowed(**query):
        return names(browser.get(LIST, query))

    assert narrowed() == everything
    assert narrowed(category="mugs") == ["Mugs", "Cup only", "All of it"]
    assert narrowed(category="books") == ["Fee"]
    assert narrowed(pay="fee") == ["Fee"]
    assert narrowed(pay="cps", rate="1000") == ["Mugs", "Cup only", "All of it"]
    assert narrowed(rate="1500") == []
    assert narrowed(code_type="products") == ["Cup only"]
    assert narrowed(code_type="storewide") == ["Fee", "All of it"]
    assert narrowed(channel="feed") == ["Mugs", "Cup only", "All of it"]
    assert narrowed(channel="social") == everything
    assert narrowed(ends_in="14") == ["Fee", "Mugs", "Cup only"]
    assert narrowed(ends_in="7") == everything
    assert narrowed(category="no-such") == []
    assert narrowed(state="closed", store__name="x") == everything  # not on the list of filters


def test_a_long_list_is_paged_by_key(browser, monkeypatch):
    monkeypatch.setattr("marketplace.keyset.PER_PAGE", 2)
    store = make_partner_store()
    for name in ("a", "b", "c", "d", "e"):
        make_task(promotion=shared(store, name=name))
    seen, path = [], LIST
    while path:
        response = browser.get(path)
        seen += names(response)
        before = response.context["page"].next_before
        path = f"{LIST}?before={before}" if before else None
    assert seen == ["e", "d", "c", "b", "a"]
    assert names(browser.get(f"{LIST}?before=nonsense")) == ["e", "d"]


# --- task details ------------------------------------------------------------------------------


def test_the_details_tell_pay_rules_dates_and_conditions(browser):
    """AE-12, AE-13, AE-16, AE-20, AE-36."""
    promotion = shared(
        min_spend_minor=150_000,
        max_discount_minor=50_000,
        ends_at=clock.now() + timedelta(days=20),
        limits=Limits(total=40, per_person=1, budget_minor=900_000),
    )
    page = browser.get(of(make_task(promotion=promotion))).content.decode()
    for words in (
        f"8% of {rub(5_000)} = {rub(400)}, about 15 days after delivery.",
        f"Spend {rub(1_500)} or more",
        f"off, at most {rub(500)}",
        "1 use per person",
        "storewide",
        rub(9_000),
        "Sample Not Available",
        "Application Deadline",
        "the last moment a buyer can use the code",
    ):
        assert words in page


def test_set_products_are_named(browser):
    store = make_partner_store()
    cup = make_product(store=store, name="Blue cup")
    make_product(store=store, name="Red plate")
    promotion = shared(store, scope="products", products=(cup.ref,))
    page = browser.get(of(make_task(promotion=promotion))).content.decode()
    assert "Blue cup" in page
    assert "Red plate" not in page


def test_from_apply_to_the_code_that_stays(browser, polina):
    """AE-26, AE-27, AE-28, AE-29."""
    task = make_task()
    assert "Get Promo Code" not in browser.get(of(task)).content.decode()
    page = browser.post(of(task, "apply"), follow=True).content.decode()
    assert "Get Promo Code" in page
    assert "Awaiting Submission" in page
    browser.post(of(task, "codes"))
    browser.post(of(task, "codes"))
    code = PromoCode.objects.get(holder=polina.user)
    groups = [code.code[i : i + 4] for i in (0, 4, 8)]
    for _ in range(2):
        page = browser.get(of(task)).content.decode()
        assert all(group in page for group in groups)
        assert f"with my code {code.code}" in page
        assert "Get Promo Code" not in page


def test_mallory_sees_neither_the_code_nor_the_work_of_another(client, polina):
    task = make_task()
    made = make_assignment(task=task, affiliate=polina)
    [code] = assignments.get_codes(assignment_id=made.pk, affiliate=polina)
    client.force_login(make_influencer().user)
    page = client.get(of(task)).content.decode()
    assert code.code[:4] not in page
    assert client.post(of(task, "codes")).status_code == 404
    assert client.post(of(task, "submit"), {}).status_code == 404
    assert client.get(f"{LIST}mine/").context["page"].rows == []


def test_an_agency_says_how_many(client):
    """AE-30."""
    agency = make_influencer(kind="agency")
    client.force_login(agency.user)
    task = make_task()
    page = client.post(of(task, "apply"), follow=True).content.decode()
    assert "How many promo codes?" in page
    for _ in range(2):  # the same dialog sent twice
        client.post(of(task, "codes"), {"more": 3, "have": 0})
    assert PromoCode.objects.filter(holder=agency.user).count() == 3
    client.post(of(task, "codes"), {"more": 2, "have": 3})
    assert PromoCode.objects.filter(holder=agency.user).count() == 5
    for wrong in ("0", "-1", "1000", "many", ""):
        assert client.post(of(task, "codes"), {"more": wrong, "have": 5}).status_code == 400
    response = client.post(of(task, "codes"), {"more": 100, "have": 5}, follow=True)
    assert "more promo codes than an agency can hold" in response.content.decode()
    assert PromoCode.objects.filter(holder=agency.user).count() == 5


def test_an_agency_passes_a_code_on_and_the_influencer_sees_it(client, polina):
    """AE-31."""
    agency, stranger = make_influencer(kind="agency"), make_influencer(name="Stranger")
    for person in (polina, stranger):
        boss = agency if person is polina else make_influencer(kind="agency")
        member = roster.invite(
            agency=boss, email=person.user.email, share_bp=2_000, actor=boss.user
        )
        roster.accept(member_id=member.pk, influencer=person)
    client.force_login(agency.user)
    task = make_task()
    page = client.post(of(task, "apply"), follow=True).content.decode()
    assert "Polina" in page
    assert "Stranger" not in page
    theirs = {"more": 1, "have": 0, "member": member.pk}
    assert client.post(of(task, "codes"), theirs).status_code == 400
    own = roster.signed(agency).get()
    page = client.post(of(task, "codes"), theirs | {"member": own.pk}, follow=True)
    assert "Passed on to Polina:" in page.content.decode()
    code = PromoCode.objects.get(holder=polina.user)
    client.force_login(polina.user)
    page = client.get(f"/creators/codes/{task.promotion_id}/").content.decode()
    assert all(group in page for group in groups(code.code))
    assert "Your agency passed it on to you and has 20% of that." in page


def test_applying_for_a_closed_task_is_refused_kindly(browser):
    task = make_task()
    openings.close_task(store=task.store, task_id=task.pk, actor=task.store.members.get().user)
    assert "takes no more applications" in browser.get(of(task)).content.decode()
    page = browser.post(of(task, "apply"), follow=True).content.decode()
    assert "This task takes no more applications" in page
    assert not Assignment.objects.exists()


def test_content_is_submitted_from_the_details(browser, polina):
    """AE-35."""
    task = make_task()
    made = make_assignment(task=task, affiliate=polina)
    assignments.get_codes(assignment_id=made.pk, affiliate=polina)
    today = timezone.localdate()
    body = {"url": "https://ok.ru/p/1", "posted_on": today.isoformat()}
    for wrong in (
        {"url": "javascript:alert(1)"},
        {"url": "ftp://ok.ru/p"},
        {"posted_on": "soon"},
        {"posted_on": (today + timedelta(days=2)).isoformat()},
    ):
        assert browser.post(of(task, "submit"), body | wrong).status_code == 400
    assert not Submission.objects.exists()
    page = browser.post(of(task, "submit"), body, follow=True).content.decode()
    assert "Being reviewed by the seller" in page
    assert Assignment.objects.get().state == "submitted"
    assert browser.post(of(task, "submit"), body).status_code == 400
    assert Submission.objects.count() == 1


def test_my_tasks_stand_under_their_states(browser, polina):
    """AE-27; what is over stands under Ended, whatever its state was."""
    running = make_assignment(task=make_task(promotion=shared(name="Runs")), affiliate=polina)
    over = make_assignment(task=make_task(promotion=shared(name="Over")), affiliate=polina)
    promotions.cancel(promotion_id=over.task.promotion_id, actor=make_staff())
    make_assignment(task=make_task(promotion=shared(name="Another's")))

    def tab(state):
        rows = browser.get(f"{LIST}mine/", {"state": state}).context["page"].rows
        return [row.task.name for row in rows]

    assert tab("") == ["Over", "Runs"]
    assert tab("awaiting_submission") == ["Runs"]
    assert tab("ended") == ["Over"]
    assert tab("approved") == []
    assignments.get_codes(assignment_id=running.pk, affiliate=polina)
    assert Task.objects.get(name="Over").state == "open"  # no row was touched


@pytest.mark.parametrize("count", [1, 3])
def test_my_tasks_ask_the_same_number_of_queries_however_many(
    browser, polina, django_assert_num_queries, count
):
    for _ in range(count):
        made = make_assignment(affiliate=polina)
        assignments.get_codes(assignment_id=made.pk, affiliate=polina)
    # session, user, affiliate, clock, assignments, codes given
    with django_assert_num_queries(6):
        response = browser.get(f"{LIST}mine/")
    assert len(response.context["page"].rows) == count
