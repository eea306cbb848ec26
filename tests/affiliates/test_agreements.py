"""Agreements and plans: granted once for a time, lengthened, never cut for the past."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from affiliates import agreements
from affiliates.agreements import Plans
from affiliates.models import AffiliatePlan, Agreement
from marketplace import clock
from marketplace.models import AuditEntry
from tests.factories.affiliates import make_affiliate, make_agreement, make_plan
from tests.factories.marketplace import make_staff, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (6, 7, 8))


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate()


@pytest.fixture
def promotion():
    """A promotion."""
    return make_promotion()


def test_the_same_terms_again_are_the_same_agreement(anna, promotion):
    first = make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE, valid_until=JULY)
    again = make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE, valid_until=JULY)
    assert again == first
    assert Agreement.objects.count() == 1


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        (JUNE, AUGUST, (JUNE, AUGUST)),
        (JULY - timedelta(days=1), AUGUST, (JUNE, AUGUST)),
        (JUNE, None, (JUNE, None)),
        (JUNE - timedelta(days=1), JUNE + timedelta(days=1), (JUNE - timedelta(days=1), JULY)),
    ],
)
def test_the_same_terms_for_longer_lengthen_it(anna, promotion, start, end, kept):
    make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE, valid_until=JULY)
    make_agreement(affiliate=anna, promotion=promotion, valid_from=start, valid_until=end)
    only = Agreement.objects.get()
    assert (only.valid_from, only.valid_until) == kept


@pytest.mark.parametrize("terms", [{"rate_bp": 900}, {"fee_minor": 100}, {"terms_version": 2}])
def test_other_terms_for_the_same_time_are_refused(anna, promotion, terms):
    make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE)
    before = list(Agreement.objects.values())
    with pytest.raises(agreements.AgreementOverlaps):
        make_agreement(affiliate=anna, promotion=promotion, valid_from=JULY, **terms)
    assert list(Agreement.objects.values()) == before


def test_other_terms_follow_when_the_first_are_over(anna, promotion):
    make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE, valid_until=JULY)
    later = make_agreement(
        affiliate=anna,
        promotion=promotion,
        valid_from=JULY,
        rate_bp=900,
    )
    assert Agreement.objects.count() == 2
    assert later.is_valid(AUGUST)
    assert later.is_valid(JULY), "the end is exclusive, the start is not"


def test_the_database_refuses_two_at_a_time(anna, promotion):
    made = make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE)
    made.pk = None
    made.valid_from = JULY
    with pytest.raises(IntegrityError, match="agreement_one_at_a_time"), transaction.atomic():
        made.save(force_insert=True)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"fee_minor": 5}, "agreement_pays_one_way"),
        ({"pay_model": "fee"}, "agreement_pays_one_way"),
        ({"rate_bp": 10_001}, "agreement_rate_within_whole"),
        ({"agency_share_bp": 5}, "agreement_share_needs_agency"),
        ({"valid_until": JUNE}, "agreement_ends_after_start"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(anna, promotion, columns, constraint):
    made = make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE)
    row = {field.attname: getattr(made, field.attname) for field in made._meta.concrete_fields}
    odd = Agreement(**row | {"id": None, "valid_from": JULY} | columns)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        odd.save(force_insert=True)


@pytest.mark.parametrize(
    "columns", [{"rate_bp": 900}, {"pay_model": "fee", "rate_bp": None, "fee_minor": 5}]
)
def test_the_database_keeps_what_was_agreed(anna, promotion, columns):
    made = make_agreement(affiliate=anna, promotion=promotion, valid_from=JUNE)
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Agreement.objects.filter(pk=made.pk).update(**columns)
    with pytest.raises(ProgrammingError, match="Cannot delete rows"), transaction.atomic():
        made.delete()


def test_the_plan_of_a_moment():
    store, other = make_store(), make_store()
    make_plan(store=None, rate_bp=100, starts_at=JUNE)
    make_plan(store=store, rate_bp=200, starts_at=JULY)
    make_plan(store=store, rate_bp=300, starts_at=AUGUST)
    plans = Plans([store.pk, other.pk])
    moment = timedelta(microseconds=1)
    assert plans.at(store.pk, JUNE - moment).pk is None
    assert [plans.at(store.pk, at).rate_bp for at in (JUNE, JULY - moment, JULY, AUGUST)] == [
        100,
        100,
        200,
        300,
    ]
    assert plans.at(other.pk, AUGUST).rate_bp == 100


@pytest.mark.parametrize("worse", [{"rate_bp": 499}, {"hold_days": 16}, {"window_days": 29}])
def test_worse_terms_are_announced_thirty_days_ahead(worse):
    store, staff = make_store(), make_staff()
    make_plan(store=store, rate_bp=500)
    fields = {"store": store, "rate_bp": 500, "actor": staff} | worse
    soon = clock.now() + timedelta(days=29)
    with pytest.raises(agreements.CutTooSoon):
        agreements.set_plan(starts_at=soon, **fields)
    assert AffiliatePlan.objects.count() == 1
    assert not AuditEntry.objects.filter(verb="plan.set").exists()
    agreements.set_plan(starts_at=soon + timedelta(days=2), **fields)
    assert AffiliatePlan.objects.count() == 2


def test_better_terms_may_start_at_once_but_not_in_the_past():
    store, staff = make_store(), make_staff()
    make_plan(store=store, rate_bp=500)
    now = clock.now()
    with pytest.raises(agreements.CutTooSoon):
        agreements.set_plan(
            store=store, rate_bp=600, starts_at=now - timedelta(days=1), actor=staff
        )
    agreements.set_plan(store=store, rate_bp=600, starts_at=now + timedelta(seconds=5), actor=staff)
    entry = AuditEntry.objects.get(verb="plan.set")
    assert (entry.before["rate_bp"], entry.after["rate_bp"]) == (500, 600)


def test_a_stores_first_plan_is_no_cut_of_the_default_either():
    store, staff = make_store(), make_staff()
    make_plan(store=None, rate_bp=500)
    fields = {"store": store, "starts_at": clock.now(), "actor": staff}
    with pytest.raises(agreements.CutTooSoon):
        agreements.set_plan(rate_bp=499, **fields)
    assert AffiliatePlan.objects.count() == 1
    agreements.set_plan(rate_bp=500, **fields)
    entry = AuditEntry.objects.get(verb="plan.set")
    assert (entry.before["rate_bp"], entry.after["rate_bp"]) == (500, 500)
