"""tasks/assignments.py: tasks of shared codes, applying, codes given once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from affiliates import directory, roster
from affiliates.models import Affiliate, Agreement
from marketplace import clock
from marketplace.models import AuditEntry
from promocodes import promotions
from promocodes.models import PromoCode
from tasks import assignments, openings
from tasks.assignments import NotSigned, OtherTerms, OwnTerms
from tasks.models import Assignment, CodeGrant, Task
from tests.factories.marketplace import make_staff
from tests.factories.promocodes import make_promotion, make_terms
from tests.factories.tasks import (
    make_assignment,
    make_influencer,
    make_partner_store,
    make_task,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return make_partner_store(rate_bp=800)


def at_once(act):
    """Do it, and let the database judge it now instead of at the commit."""
    with transaction.atomic():
        act()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def shared(store, **fields):
    return make_promotion(store=store, share_with_affiliates=True, **fields)


# --- apply -------------------------------------------------------------------------------------


def test_an_application_is_approved_by_itself():
    """AE-19, AE-27."""
    task, polina = make_task(), make_influencer()
    assignment = assignments.apply(task_id=task.pk, affiliate=polina)
    assert assignment.state == "awaiting_submission"
    assert Assignment.objects.get() == assignment


def test_applying_twice_is_one_assignment():
    task, polina = make_task(), make_influencer()
    first = assignments.apply(task_id=task.pk, affiliate=polina)
    assert assignments.apply(task_id=task.pk, affiliate=polina).pk == first.pk
    assert Assignment.objects.count() == 1


def test_a_closed_task_takes_nobody_new_and_keeps_who_is_in(store):
    task, polina = make_task(promotion=shared(store)), make_influencer()
    held = make_assignment(task=task, affiliate=polina)
    openings.close_task(store=store, task_id=task.pk, actor=store.members.get().user)
    with pytest.raises(assignments.TaskClosed):
        make_assignment(task=task)
    assert assignments.apply(task_id=task.pk, affiliate=polina).pk == held.pk
    assert Assignment.objects.count() == 1


def test_applications_close_at_their_own_date_to_the_instant(store):
    past = make_task(promotion=shared(store), applications_close_at=clock.now())
    open_ = make_task(
        promotion=shared(store), applications_close_at=clock.now() + timedelta(hours=1)
    )
    with pytest.raises(assignments.TaskClosed):
        make_assignment(task=past)
    assert make_assignment(task=open_).pk


def test_nobody_applies_for_a_code_that_is_not_live(store):
    scheduled = shared(store, terms=make_terms(starts_at=clock.now() + timedelta(days=1)))
    with pytest.raises(assignments.TaskClosed):
        make_assignment(task=make_task(promotion=scheduled))
    assert not Assignment.objects.exists()


def test_a_suspended_influencer_may_not_apply():
    polina = make_influencer()
    directory.suspend(affiliate_id=polina.pk, actor=make_staff(), reason="fraud")
    polina.refresh_from_db()
    with pytest.raises(assignments.MayNotWork):
        make_assignment(affiliate=polina)
    assert not Assignment.objects.exists()


# --- get_codes ---------------------------------------------------------------------------------


def test_an_individual_gets_one_code_that_stays():
    """AE-28, AE-29; the agreement is made in the same breath."""
    polina = make_influencer()
    assignment = make_assignment(affiliate=polina)
    [code] = assignments.get_codes(assignment_id=assignment.pk, affiliate=polina)
    assert code.holder == polina.user
    assert code.promotion_id == assignment.task.promotion_id
    assert list(assignments.get_codes(assignment_id=assignment.pk, affiliate=polina)) == [code]
    agreement = Agreement.objects.get()
    assert (agreement.affiliate, agreement.promotion_id) == (polina, code.promotion_id)
    assert (agreement.pay_model, agreement.rate_bp) == ("cps", assignment.task.rate_bp)
    with pytest.raises(assignments.OneCodeEach):
        assignments.get_codes(assignment_id=assignment.pk, affiliate=polina, total=2)
    assert PromoCode.objects.count() == 1


def signed(agency, influencer, *, share_bp=2_000):
    member = roster.invite(
        agency=agency, email=influencer.user.email, share_bp=share_bp, actor=agency.user
    )
    roster.accept(member_id=member.pk, influencer=influencer)
    return member


def test_an_agency_passes_codes_on_to_whom_it_has_signed():
    """AE-31."""
    agency, anna = make_influencer(kind="agency"), make_influencer()
    assignment = make_assignment(affiliate=agency)
    member = signed(agency, anna)

    def get(total, member_id=None):
        return assignments.get_codes(
            assignment_id=assignment.pk, affiliate=agency, total=total, member_id=member_id
        )

    get(1)
    assert [code.holder for code in get(3, member.pk)] == [agency.user, anna.user, anna.user]
    assert len(get(3, member.pk)) == 3  # sent twice
    own, passed_on = Agreement.objects.order_by("pk")
    assert (own.affiliate, own.agency, own.agency_share_bp) == (agency, None, 0)
    assert (passed_on.affiliate, passed_on.agency, passed_on.agency_share_bp) == (
        anna,
        agency,
        2_000,
    )
    assert passed_on.rate_bp == own.rate_bp


def test_codes_are_passed_on_to_nobody_else():
    agency, other = make_influencer(kind="agency"), make_influencer(kind="agency")
    anna, boris = make_influencer(), make_influencer()
    assignment = make_assignment(affiliate=agency)
    of_another, gone = signed(other, anna), signed(agency, boris)
    roster.end(member_id=gone.pk, affiliate=agency)
    suspended = signed(agency, make_influencer())
    Affiliate.objects.filter(agencies=suspended.pk).update(status="suspended")
    for member in (of_another, gone, suspended):
        with pytest.raises(NotSigned):
            assignments.get_codes(
                assignment_id=assignment.pk, affiliate=agency, member_id=member.pk
            )
    assert not PromoCode.objects.exclude(holder=None).exists()
    assert not Agreement.objects.exists()


def test_terms_of_ones_own_are_not_replaced_by_an_agencys_nor_the_other_way_round():
    agency, anna, boris = make_influencer(kind="agency"), make_influencer(), make_influencer()
    task = make_task()
    assignment = make_assignment(task=task, affiliate=agency)
    own = make_assignment(task=task, affiliate=anna)
    assignments.get_codes(assignment_id=own.pk, affiliate=anna)
    with pytest.raises(OwnTerms):
        assignments.get_codes(
            assignment_id=assignment.pk, affiliate=agency, member_id=signed(agency, anna).pk
        )
    assignments.get_codes(
        assignment_id=assignment.pk, affiliate=agency, member_id=signed(agency, boris).pk
    )
    with pytest.raises(OtherTerms):
        assignments.get_codes(
            assignment_id=make_assignment(task=task, affiliate=boris).pk, affiliate=boris
        )
    assert Agreement.objects.filter(agency=None).get().affiliate == anna
    assert Agreement.objects.exclude(agency=None).get().affiliate == boris


def test_an_agency_gets_as_many_as_it_asks_for():
    """AE-30."""
    agency = make_influencer(kind="agency")
    assignment = make_assignment(affiliate=agency)
    first = assignments.get_codes(assignment_id=assignment.pk, affiliate=agency, total=3)
    assert len(first) == 3
    again = assignments.get_codes(assignment_id=assignment.pk, affiliate=agency, total=3)
    assert list(again) == list(first)
    more = assignments.get_codes(assignment_id=assignment.pk, affiliate=agency, total=5)
    assert list(more)[:3] == list(first)
    assert len({code.code for code in more}) == 5
    assert Agreement.objects.count() == 1
    with pytest.raises(assignments.TooManyCodes):
        assignments.get_codes(
            assignment_id=assignment.pk, affiliate=agency, total=assignments.MOST_CODES + 1
        )
    assert PromoCode.objects.count() == 5


def test_anothers_assignment_looks_like_a_missing_one():
    assignment, mallory = make_assignment(), make_influencer()
    with pytest.raises(assignments.TaskUnknown):
        assignments.get_codes(assignment_id=assignment.pk, affiliate=mallory)
    assert not PromoCode.objects.exists()


def test_no_code_is_given_once_the_promotion_is_over(store):
    promotion = shared(store)
    assignment = make_assignment(task=make_task(promotion=promotion))
    promotions.cancel(promotion_id=promotion.pk, actor=make_staff())
    with pytest.raises(assignments.CodeOver):
        assignments.get_codes(assignment_id=assignment.pk, affiliate=assignment.affiliate)
    assert not PromoCode.objects.exists()
    assert not Agreement.objects.exists()


def test_a_code_once_given_is_shown_after_the_end_too(store):
    promotion = shared(store)
    polina = make_influencer()
    assignment = make_assignment(task=make_task(promotion=promotion), affiliate=polina)
    given = assignments.get_codes(assignment_id=assignment.pk, affiliate=polina)
    promotions.cancel(promotion_id=promotion.pk, actor=make_staff())
    assert list(assignments.get_codes(assignment_id=assignment.pk, affiliate=polina)) == list(given)


def test_the_database_gives_an_individual_one_code_only(store):
    polina = make_influencer()
    task = make_task(promotion=shared(store))
    assignment = make_assignment(task=task, affiliate=polina)
    assignments.get_codes(assignment_id=assignment.pk, affiliate=polina)
    other = make_promotion(store=store, code="OTHER").codes.get()
    for slot, kind, rule in (
        (1, "individual", "code_grant_slot_once"),
        (2, "individual", "code_grant_individual_has_one"),
        (2, "agency", "code_grant_kind_of_assignment"),
    ):
        grant = CodeGrant(assignment=assignment, kind=kind, slot=slot, code=other)
        with pytest.raises(IntegrityError, match=rule):
            at_once(grant.save)
    with pytest.raises(ProgrammingError), transaction.atomic():
        CodeGrant.objects.all().delete()
    assert CodeGrant.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kind", "total"), [("individual", 1), ("agency", 3)])
def test_a_double_click_gives_nothing_twice(kind, total):
    affiliate = make_influencer(kind=kind)
    assignment = make_assignment(affiliate=affiliate)
    clicks = 8
    barrier = Barrier(clicks)

    def click(_):
        barrier.wait()
        try:
            found = assignments.get_codes(
                assignment_id=assignment.pk, affiliate=affiliate, total=total
            )
            return sorted(code.code for code in found)
        finally:
            connection.close()

    with ThreadPoolExecutor(clicks) as pool:
        shown = list(pool.map(click, range(clicks)))
    assert all(codes == shown[0] for codes in shown)
    assert PromoCode.objects.count() == CodeGrant.objects.count() == total
    assert Agreement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_promoting_and_applying_at_once_makes_one_of_each():
    store = make_partner_store()
    promotion = make_promotion(store=store, share_with_affiliates=True)
    owner, polina = store.members.get().user, make_influencer()
    barrier = Barrier(6)

    def click(_):
        barrier.wait()
        try:
            task = openings.open_task(store=store, promotion_id=promotion.pk, actor=owner)
            return assignments.apply(task_id=task.pk, affiliate=polina).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(click, range(6)))
    assert len(found) == Task.objects.count() == Assignment.objects.count() == 1
    assert AuditEntry.objects.filter(verb="task.open").count() == 1
