"""Codes are made once, stand until revoked, and come in bulk in the background."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from promocodes import codes, issuing, promotions
from promocodes.models import CodeBatch, PromoCode
from tests.factories.marketplace import make_user
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_bearer_code_is_long_and_a_personal_one_may_be_short() -> None:
    promotion, anna = make_promotion(), make_user()
    bearer = issuing.issue(promotion_id=promotion.pk, at=NOW, holder=anna)
    personal = issuing.issue(promotion_id=promotion.pk, at=NOW, person=anna)
    assert (len(bearer.code), bearer.holder, bearer.person) == (12, anna, None)
    assert (len(personal.code), personal.holder, personal.person) == (8, None, anna)


def test_a_pattern_is_followed() -> None:
    code = issuing.issue(promotion_id=make_promotion().pk, at=NOW, pattern="ok-######")
    assert code.code.startswith("OK-")


def test_nothing_is_issued_when_the_promotion_is_over() -> None:
    ended = make_promotion(terms=make_terms(ends_at=END))
    cancelled = make_promotion()
    promotions.cancel(promotion_id=cancelled.pk, actor="ops")
    for promotion, at in ((ended, END), (cancelled, NOW)):
        with pytest.raises(issuing.PromotionOver):
            issuing.issue(promotion_id=promotion.pk, at=at)
    assert not PromoCode.objects.exists()
    issuing.issue(promotion_id=ended.pk, at=END - timedelta(microseconds=1))


def test_a_word_belongs_to_one_promotion_however_it_is_typed() -> None:
    make_promotion(code="SUMMER10")
    with pytest.raises(issuing.CodeTaken):
        make_promotion(code=" summer10 ")
    assert PromoCode.objects.get().code == "SUMMER10"


def test_a_word_is_free_again_when_its_promotion_is_over() -> None:
    first = make_promotion(code="SUMMER10")
    promotions.cancel(promotion_id=first.pk, actor="ops")
    second = make_promotion(code="SUMMER10")
    assert PromoCode.objects.standing().get().promotion == second
    assert PromoCode.objects.count() == 2


def test_a_revoked_code_stays_revoked_and_rotation_gives_another() -> None:
    anna = make_user()
    leaked = issuing.issue(promotion_id=make_promotion().pk, at=NOW, holder=anna)
    fresh = issuing.rotate(code_id=leaked.pk, actor="ops", at=NOW, reason="leaked")
    leaked.refresh_from_db()
    assert leaked.revoked_at is not None
    assert (fresh.holder, fresh.promotion) == (anna, leaked.promotion)
    assert fresh.code != leaked.code
    assert issuing.revoke(code_id=leaked.pk, actor="ops").revoked_at == leaked.revoked_at


def test_the_database_keeps_a_code_as_it_is() -> None:
    code = issuing.issue(promotion_id=make_promotion().pk, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        PromoCode.objects.filter(pk=code.pk).update(code="OTHER")
    with pytest.raises(DatabaseError), transaction.atomic():
        PromoCode.objects.filter(pk=code.pk).update(person=make_user())
    with pytest.raises(DatabaseError), transaction.atomic():
        PromoCode.objects.filter(pk=code.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_made_in_chunks_and_shows_how_far_it_is(monkeypatch) -> None:
    monkeypatch.setattr(issuing, "CHUNK", 40)
    promotion = make_promotion(batch=promotions.BatchOrder(count=100, pattern="FR-####"))
    assert issuing.make_due(most=1) == 40
    batch = CodeBatch.objects.get()
    assert (batch.made, batch.state, promotion.codes.count()) == (40, "waiting", 40)
    assert issuing.make_due() == 60
    assert issuing.make_due() == 0
    batch.refresh_from_db()
    assert (batch.made, batch.state) == (100, "done")
    assert batch.done_at is not None
    made = set(promotion.codes.values_list("code", flat=True))
    assert len(made) == 100
    assert all(code.startswith("FR-") and len(code) == 7 for code in made)


@pytest.mark.django_db(transaction=True)
def test_a_batch_of_a_cancelled_promotion_stops() -> None:
    promotion = make_promotion(batch=promotions.BatchOrder(count=10))
    promotions.cancel(promotion_id=promotion.pk, actor="ops")
    assert issuing.make_due() == 0
    assert CodeBatch.objects.get().state == "stopped"
    assert not PromoCode.objects.exists()


def test_a_pattern_without_room_makes_no_promotion() -> None:
    with pytest.raises(codes.PatternUnfit):
        make_promotion(batch=promotions.BatchOrder(count=1000, pattern="A-#"))
    assert not CodeBatch.objects.exists()
