"""tasks/seller_admin.py and tasks/promoting.py: what a seller does with tasks at /seller/."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from affiliates.models import AffiliatePlan
from tasks import assignments, submissions
from tasks.models import Submission, Task
from tests.factories.affiliates import make_plan
from tests.factories.marketplace import make_store, make_user
from tests.factories.promocodes import make_promotion
from tests.factories.tasks import (
    make_assignment,
    make_influencer,
    make_partner_store,
    make_task,
)

pytestmark = pytest.mark.django_db
PROMOTE = "/seller/tasks/task/promote/"
TASKS = "/seller/tasks/task/"
INBOX = "/seller/tasks/submission/"


@pytest.fixture
def alice():
    return make_user(language="en")


@pytest.fixture
def store(alice):
    return make_partner_store(owner=alice, rate_bp=800, name="Alice's")


@pytest.fixture
def seller(client, alice):
    client.force_login(alice)
    return client


def content_for(store, url="https://vk.com/wall1"):
    promotion = make_promotion(store=store, share_with_affiliates=True)
    made = make_assignment(task=make_task(promotion=promotion), affiliate=make_influencer())
    assignments.get_codes(assignment_id=made.pk, affiliate=made.affiliate)
    return submissions.submit(
        assignment_id=made.pk,
        affiliate=made.affiliate,
        url=url,
        posted_on=timezone.localdate(),
    )


# --- Affiliate Setting -------------------------------------------------------------------------


def test_from_affiliate_setting_to_a_task(seller, alice):
    """AE-03, AE-04, AE-18: activate the plan, then promote."""
    store = make_store(owner=alice)
    promotion = make_promotion(store=store, share_with_affiliates=True, code="AUTUMN")
    page = seller.get(PROMOTE).content.decode()
    assert "/admin/" not in page
    assert "Activate immediately" in page
    assert "AUTUMN" in page
    assert "Promote now" not in page
    wrong = seller.post(PROMOTE, {"act": "activate", "percent": "101"})
    assert wrong.status_code == 200
    assert not AffiliatePlan.objects.exists()
    page = seller.post(PROMOTE, {"act": "activate", "percent": "8.5"}, follow=True)
    assert AffiliatePlan.objects.get().rate_bp == 850
    assert "Promote now" in page.content.decode()
    assert "Activate immediately" not in page.content.decode()
    response = seller.post(PROMOTE, {"act": "promote", "promotion_id": promotion.pk})
    task = Task.objects.get()
    assert response["Location"] == f"{TASKS}{task.pk}/change/"
    assert (task.promotion, task.store, task.rate_bp) == (promotion, store, 850)
    assert "Promoted: see the task" in seller.get(PROMOTE).content.decode()


def test_a_plan_below_the_default_is_not_active_at_once(seller, alice):
    make_store(owner=alice)
    make_plan(store=None, rate_bp=500)
    page = seller.post(PROMOTE, {"act": "activate", "percent": "4"}, follow=True).content.decode()
    assert "worse terms are announced 30 days ahead" in page
    assert "was active already" not in page
    assert AffiliatePlan.objects.get().store is None


def test_an_existing_code_is_joined_by_its_id(seller, store):
    """AE-07, AE-08."""
    promotion = make_promotion(store=store, share_with_affiliates=True)
    seller.post(PROMOTE, {"act": "join", "promotion_id": f"  {promotion.pk} "})
    assert Task.objects.get().promotion == promotion


def test_a_code_that_is_not_shared_can_not_be_promoted(seller, store):
    """AE-02."""
    promotion = make_promotion(store=store, share_with_affiliates=False, code="ALONE")
    page = unescape(seller.get(PROMOTE).content.decode())
    assert "ALONE" not in page
    assert "1 promo code of yours isn't shared" in page
    response = seller.post(PROMOTE, {"act": "join", "promotion_id": promotion.pk}, follow=True)
    assert "isn't shared with influencers" in unescape(response.content.decode())
    assert not Task.objects.exists()


@pytest.mark.parametrize("act", ["promote", "join"])
def test_anothers_code_is_unknown(seller, store, act):
    mallorys = make_promotion(store=make_partner_store(), share_with_affiliates=True)
    for promotion_id in (mallorys.pk, "0198c0de-0000-7000-8000-000000000000", "x"):
        response = seller.post(PROMOTE, {"act": act, "promotion_id": promotion_id}, follow=True)
        assert "Your store has no promo code with this ID." in response.content.decode()
    assert not Task.objects.exists()


def test_a_store_that_is_not_mine_is_missing(seller, store):
    other = make_store()
    assert seller.get(PROMOTE, {"store": other.ref}).status_code == 404
    body = {"act": "activate", "percent": "5", "store": other.ref}
    assert seller.post(PROMOTE, body).status_code == 404
    assert not AffiliatePlan.objects.filter(store=other).exists()


def test_strangers_and_guests_stay_outside(client, store):
    assert client.get(PROMOTE).status_code == 302
    client.force_login(make_user())
    assert client.get(PROMOTE, follow=True).status_code == 403


# --- tasks -------------------------------------------------------------------------------------


def test_a_seller_sees_their_own_tasks_and_who_took_them(seller, store):
    mine = make_task(promotion=make_promotion(store=store, share_with_affiliates=True, name="Mine"))
    make_task(
        promotion=make_promotion(
            store=make_partner_store(), share_with_affiliates=True, name="Theirs"
        )
    )
    made = make_assignment(task=mine, affiliate=make_influencer(name="Polina"))
    assignments.get_codes(assignment_id=made.pk, affiliate=made.affiliate)
    page = seller.get(TASKS).content.decode()
    assert "Mine" in page
    assert "8% of sales" in page
    assert "Theirs" not in page
    page = seller.get(f"{TASKS}{mine.pk}/change/").content.decode()
    assert "Polina" in page
    assert "Awaiting Submission" in page
    assert made.affiliate.user.email not in page


def test_what_is_told_of_a_task_changes_and_its_pay_does_not(seller, store):
    task = make_task(promotion=make_promotion(store=store, share_with_affiliates=True))
    path = f"{TASKS}{task.pk}/change/"
    body = {
        "name": "New name",
        "brief": "Show the cup",
        "channel": "social",
        "sample_available": "on",
        "applications_close_at_0": "2031-01-01",
        "applications_close_at_1": "12:00:00",
        "submission_due_at_0": "",
        "submission_due_at_1": "",
        "rate_bp": "1",
        "state": "closed",
        "assignments-TOTAL_FORMS": "0",
        "assignments-INITIAL_FORMS": "0",
    }
    assert seller.post(path, body).status_code == 302
    task.refresh_from_db()
    assert (task.name, task.brief, task.channel) == ("New name", "Show the cup", "social")
    assert task.sample_available
    assert task.applications_close_at.year == 2031
    assert (task.rate_bp, task.state) == (800, "open")


def test_a_task_is_closed_and_opened_again(seller, store):
    task = make_task(promotion=make_promotion(store=store, share_with_affiliates=True))
    for name, other, state in (("close", "open_again", "closed"), ("open_again", "close", "open")):
        path = reverse(f"seller:tasks_task_{name}", args=[task.pk])
        page = seller.get(f"{TASKS}{task.pk}/change/").content.decode()
        assert path in page
        assert reverse(f"seller:tasks_task_{other}", args=[task.pk]) not in page
        seller.get(path)
        assert Task.objects.get().state != state
        seller.post(path)
        assert Task.objects.get().state == state


# --- content -----------------------------------------------------------------------------------


def test_content_is_approved(seller, store):
    content = content_for(store, url="https://vk.com/wall77")
    assert "https://vk.com/wall77" in seller.get(INBOX).content.decode()
    path = reverse("seller:tasks_submission_approve", args=[content.pk])
    seller.get(path)
    assert Submission.objects.get().state == "submitted"
    seller.post(path)
    content.refresh_from_db()
    assert content.state == content.assignment.state == "approved"


def test_changes_are_asked_for_with_words(seller, store):
    content = content_for(store)
    path = reverse("seller:tasks_submission_ask_for_changes", args=[content.pk])
    page = seller.get(path).content.decode()
    assert "What should change?" in page
    assert "/admin/" not in page
    assert seller.post(path, {"reason": ""}).status_code == 200
    assert Submission.objects.get().state == "submitted"
    seller.post(path, {"reason": "Say where to buy"})
    content.refresh_from_db()
    assert (content.state, content.reason) == ("changes_asked", "Say where to buy")
    again = seller.post(path, {"reason": "And more"}, follow=True).content.decode()
    assert "reviewed already" in again
    assert Submission.objects.get().reason == "Say where to buy"


def test_anothers_content_is_missing(seller, store):
    content = content_for(make_partner_store(), url="https://vk.com/secret")
    assert "secret" not in seller.get(INBOX).content.decode()
    for act in ("approve", "ask_for_changes"):
        path = reverse(f"seller:tasks_submission_{act}", args=[content.pk])
        assert seller.post(path, {"reason": "x"}).status_code in {302, 404}
    assert Submission.objects.get().state == "submitted"


def test_lists_ask_the_same_number_of_queries_however_long(seller, store):
    def asked(path):
        with CaptureQueriesContext(connection) as queries:
            assert seller.get(path).status_code == 200
        return len(queries)

    content_for(store)
    seller.get(TASKS)  # notes in the session that somebody is here
    with_one = [asked(TASKS), asked(INBOX)]
    content_for(store)
    content_for(store)
    assert [asked(TASKS), asked(INBOX)] == with_one
