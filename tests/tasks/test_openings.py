"""tasks/openings.py: tasks of shared codes, opened and closed by their store."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from affiliates import agreements
from marketplace import clock
from marketplace.models import AuditEntry
from promocodes import promotions
from tasks import openings
from tasks.models import Task
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms
from tests.factories.tasks import make_partner_store, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return make_partner_store(rate_bp=800)


def shared(store, **fields):
    return make_promotion(store=store, share_with_affiliates=True, **fields)


def test_a_task_takes_the_rate_of_the_stores_plan(store):
    """AE-16, AE-20, AE-23."""
    promotion = shared(store, name="Autumn")
    task = make_task(promotion=promotion)
    task.refresh_from_db()
    assert (task.pay_model, task.rate_bp, task.fee_minor) == ("cps", 800, None)
    assert (task.name, task.currency, task.market) == ("Autumn", "RUB", "RU")
    assert task.sample_available is False
    entry = AuditEntry.objects.get(verb="task.open")
    assert entry.target == f"task {task.pk}"


def test_a_fee_task_pays_its_own_fee(store):
    """AE-16."""
    task = make_task(promotion=shared(store), pay_model="fee", fee_minor=15_000)
    assert (task.pay_model, task.rate_bp, task.fee_minor) == ("fee", None, 15_000)


def test_promoting_twice_makes_one_task(store):
    promotion = shared(store)
    first, again = make_task(promotion=promotion), make_task(promotion=promotion)
    assert first.pk == again.pk
    assert Task.objects.count() == 1
    assert AuditEntry.objects.filter(verb="task.open").count() == 1


def test_a_closed_task_is_opened_again_by_promoting_it(store):
    task = make_task(promotion=shared(store))
    owner = store.members.get().user
    openings.close_task(store=store, task_id=task.pk, actor=owner)
    openings.close_task(store=store, task_id=task.pk, actor=owner)
    assert Task.objects.get().state == "closed"
    assert AuditEntry.objects.filter(verb="task.close").count() == 1
    assert make_task(promotion=task.promotion).pk == task.pk
    assert Task.objects.get().state == "open"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"share_with_affiliates": False}, openings.NotShared),
        ({"needs_approval": True}, openings.NotRunning),
    ],
)
def test_only_a_shared_approved_promotion_can_be_promoted(store, fields, refusal):
    """AE-02, AM-06."""
    promotion = make_promotion(store=store, **{"share_with_affiliates": True} | fields)
    with pytest.raises(refusal):
        make_task(promotion=promotion)
    assert not Task.objects.exists()


def test_an_ended_or_cancelled_promotion_can_not_be_promoted(store):
    ended = shared(store, terms=make_terms(ends_at=clock.now() - timedelta(seconds=1)))
    cancelled = shared(store)
    promotions.cancel(promotion_id=cancelled.pk, actor=make_staff())
    for promotion in (ended, cancelled):
        with pytest.raises(openings.NotRunning):
            make_task(store=store, promotion=promotion)
    assert not Task.objects.exists()


def test_anothers_promotion_looks_like_a_missing_one(store):
    foreign = shared(make_partner_store())
    for promotion_id in (foreign.pk, "not-an-id", "0198c0de-0000-7000-8000-000000000000"):
        with pytest.raises(openings.PromotionUnknown):
            openings.open_task(
                store=store, promotion_id=promotion_id, actor=store.members.get().user
            )
    assert not Task.objects.exists()


def test_a_store_without_a_plan_of_its_own_joins_the_programme_first():
    """AE-18: the default plan of all doesn't make a store a member."""
    owner = make_user()
    store = make_store(owner=owner)
    agreements.set_plan(store=None, rate_bp=500, starts_at=clock.now(), actor=make_staff())
    with pytest.raises(openings.NotInProgramme):
        make_task(promotion=shared(store))
    agreements.set_plan(store=store, rate_bp=700, starts_at=clock.now(), actor=owner)
    assert make_task(promotion=shared(store)).rate_bp == 700


def test_the_database_keeps_a_task_with_its_promotions_store(store):
    task = make_task(promotion=shared(store))
    foreign = make_store()
    with pytest.raises(IntegrityError, match="task_promotion_of_store"):
        move(task, foreign)


def move(task, store):
    """Give the task to another store, and let the database judge it now, not at the commit."""
    with transaction.atomic():
        Task.objects.filter(pk=task.pk).update(store=store)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
