"""The life of a promotion: who may change what, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from marketplace.models import AuditEntry
from promocodes import promotions
from promocodes.limits import LimitBelowUse  # noqa: F401 - named by the doors
from promocodes.models import Promotion, PromotionCounter, PromotionTerms
from promocodes.terms import Limits, TermsInvalid
from tests.factories.marketplace import make_product, make_store
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db
State = Promotion.State
START = datetime(2026, 12, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
SECOND = timedelta(microseconds=1)


def test_a_sellers_code_waits_for_approval_and_a_platform_code_does_not() -> None:
    for kind in ("store", "social"):
        assert make_promotion(kind=kind, needs_approval=None).status == "pending_approval"
    assert make_promotion(kind="platform", needs_approval=None).status == "approved"
    assert make_promotion(kind="referral", needs_approval=None).status == "approved"


def test_sharing_is_on_for_social_codes_and_off_for_others_unless_said() -> None:
    assert make_promotion(kind="social").share_with_affiliates
    assert not make_promotion(kind="store").share_with_affiliates
    assert make_promotion(kind="store", share_with_affiliates=True).share_with_affiliates
    assert not make_promotion(kind="social", share_with_affiliates=False).share_with_affiliates


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (START - SECOND, State.SCHEDULED),
        (START, State.LIVE),
        (END - SECOND, State.LIVE),
        (END, State.ENDED),
    ],
)
def test_time_makes_the_state_without_touching_the_row(at: datetime, state: State) -> None:
    promotion = make_promotion(terms=make_terms(starts_at=START, ends_at=END))
    assert promotion.state(at) == state
    assert list(Promotion.objects.in_state(state, at)) == [promotion]
    assert list(Promotion.objects.in_state(State.APPROVED, at)) == [promotion]
    for other in {State.SCHEDULED, State.LIVE, State.ENDED, State.CANCELLED} - {state}:
        assert not Promotion.objects.in_state(other, at).exists()


def test_local_dates_are_kept() -> None:
    promotion = make_promotion(
        terms=make_terms(starts_at=START, ends_at=END, timezone="Asia/Tokyo")
    )
    assert promotion.terms.starts_local == "2026-12-01T09:00:00"
    assert promotion.terms.ends_local == "2027-01-01T09:00:00"


@pytest.mark.parametrize(
    ("column", "value"),
    [("share_with_affiliates", True), ("kind", "social"), ("currency", "USD"), ("store_id", None)],
)
def test_the_database_refuses_to_change_what_is_frozen(column: str, value: object) -> None:
    promotion = make_promotion(kind="store")
    with pytest.raises(DatabaseError), transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).update(**{column: value})
    with pytest.raises(DatabaseError), transaction.atomic():
        PromotionTerms.objects.filter(promotion=promotion).update(min_spend_minor=5)
    with pytest.raises(DatabaseError), transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).delete()


def test_approval_is_audited_and_repeatable() -> None:
    promotion = make_promotion(needs_approval=None)
    approved = promotions.approve(promotion_id=promotion.pk, actor="ops")
    again = promotions.approve(promotion_id=promotion.pk, actor="ops")
    assert approved.status == again.status == "approved"
    assert approved.approved_at == again.approved_at
    entries = AuditEntry.objects.filter(target=f"promotion:{promotion.pk}")
    assert sorted(entry.verb for entry in entries) == ["promotion.approve", "promotion.create"]


def test_a_refused_one_can_be_amended_by_its_seller_and_waits_again() -> None:
    promotion = make_promotion(needs_approval=None)
    refused = promotions.refuse(promotion_id=promotion.pk, actor="ops", reason="too much")
    assert (refused.status, refused.refused_reason) == ("refused", "too much")
    with pytest.raises(promotions.PromotionMoved):
        promotions.approve(promotion_id=promotion.pk, actor="ops")
    amended = promotions.amend(
        promotion_id=promotion.pk, actor="seller", terms=make_terms(percent_bp=500), by_seller=True
    )
    assert (amended.status, amended.terms.percent_bp) == ("pending_approval", 500)


def test_a_cancelled_one_stays_so() -> None:
    promotion = make_promotion()
    cancelled = promotions.cancel(promotion_id=promotion.pk, actor="ops")
    assert promotions.cancel(promotion_id=promotion.pk, actor="ops") == cancelled
    for act in (promotions.approve, promotions.submit, promotions.amend):
        with pytest.raises(promotions.PromotionMoved):
            act(promotion_id=promotion.pk, actor="ops")


def test_new_terms_are_a_new_version_and_the_old_one_stays() -> None:
    promotion = make_promotion(terms=make_terms(starts_at=START, ends_at=END))
    amended = promotions.amend(
        promotion_id=promotion.pk,
        actor="ops",
        terms=make_terms(starts_at=None, ends_at=END + timedelta(days=7)),
    )
    assert (amended.terms.version, amended.terms.starts_at) == (2, START)
    assert [v.ends_at for v in promotion.versions.order_by("version")] == [
        END,
        END + timedelta(days=7),
    ]


def test_the_same_terms_again_make_no_version() -> None:
    promotion = make_promotion()
    amended = promotions.amend(promotion_id=promotion.pk, actor="ops", terms=make_terms(), name="N")
    assert (amended.terms.version, amended.name) == (1, "N")


@pytest.mark.parametrize(
    ("terms", "limits"),
    [
        ({"percent_bp": 2000}, {}),
        ({"ends_at": END - timedelta(days=1)}, {}),
        ({"min_spend_minor": 5}, {}),
        ({}, {"total": 9}),
    ],
)
def test_a_seller_may_only_widen_what_is_approved(terms: dict, limits: dict) -> None:
    base = make_terms(starts_at=START, ends_at=END)
    promotion = make_promotion(terms=base, limits=Limits(total=10))
    with pytest.raises(promotions.TermsFrozen):
        promotions.amend(
            promotion_id=promotion.pk,
            actor="seller",
            terms=replace(base, **terms),
            limits=replace(Limits(total=10), **limits),
            by_seller=True,
        )
    wider = promotions.amend(
        promotion_id=promotion.pk,
        actor="seller",
        terms=replace(base, ends_at=END + timedelta(days=1)),
        limits=Limits(total=11),
        by_seller=True,
    )
    assert (wider.total_limit, wider.counters.get().quota) == (11, 11)


def test_only_a_limited_promotion_has_a_counter() -> None:
    assert not make_promotion().counters.exists()
    assert not make_promotion(limits=Limits(per_person=1)).counters.exists()
    counter = make_promotion(limits=Limits(total=5, budget_minor=700)).counters.get()
    assert (counter.quota, counter.taken, counter.budget_minor, counter.spent_minor) == (
        5,
        0,
        700,
        0,
    )


def test_a_limit_may_come_and_go() -> None:
    promotion = make_promotion()
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits(total=3))
    assert promotion.counters.get().quota == 3
    promotions.amend(promotion_id=promotion.pk, actor="ops", limits=Limits())
    assert not PromotionCounter.objects.exists()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"percent_bp": 0}, "discount.percent"),
        ({"percent_bp": 10_001}, "discount.percent"),
        ({"amount_minor": 0}, "discount.amount"),
        ({"discount_type": "free_shipping", "amount_minor": 5}, "discount.amount"),
        ({"max_discount_minor": 0}, "discount.max_discount"),
        ({"scope": "products"}, "applies_to.products"),
        ({"categories": ("c1",)}, "applies_to.categories"),
        ({"stores": ("s1",)}, "applies_to.stores"),
        ({"starts_at": END, "ends_at": END}, "ends_at"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"min_spend_minor": -1}, "min_spend"),
        ({"max_units_per_line": 0}, "max_units_per_line"),
    ],
)
def test_terms_that_can_not_be_are_refused_and_nothing_is_kept(fields: dict, name: str) -> None:
    with pytest.raises(TermsInvalid) as refusal:
        make_promotion(terms=make_terms(**fields))
    assert name in refusal.value.errors
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("name", ["total", "per_person", "per_code", "budget_minor"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(TermsInvalid):
        make_promotion(limits=Limits(**{name: 0}))


def test_another_stores_product_is_unknown_here() -> None:
    foreign = make_product(store=make_store())
    with pytest.raises(TermsInvalid) as refusal:
        make_promotion(
            store=make_store(), terms=make_terms(scope="products", products=(foreign.ref,))
        )
    with translation.override("en"):
        assert refusal.value.errors == {"applies_to.products": f"Unknown product: {foreign.ref}"}
