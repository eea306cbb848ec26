"""The jobs do what is due, by the names that beat calls; a real worker takes them."""

from datetime import timedelta

import pytest

from config.celery import BEAT, app
from marketplace import clock
from promocodes import jobs, promotions, reservations
from promocodes.models import Checkout, CodeBatch, MissCount, PromoCode
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion


def test_beat_knows_every_job_by_its_name() -> None:
    ours = {name for name in BEAT if name.startswith("promocodes.")}
    assert ours == {
        jobs.expire_reservations.name,
        jobs.issue_batches.name,
        jobs.send_notices.name,
    }
    assert ours <= set(app.tasks)


def hold() -> Checkout:
    client, _ = make_client()
    store = make_store()
    make_promotion(store=store, code="ONE", limits=Limits(total=1))
    receipt = reservations.reserve(
        cart=make_cart((1_000, 1), codes=["ONE"], store=store),
        source=Source(client_id=client.pk),
        client_id=client.pk,
    )
    Checkout.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    return Checkout.objects.get(pk=receipt.id)


@pytest.mark.django_db(transaction=True)
def test_holds_expire_and_old_counts_are_forgotten() -> None:
    checkout = hold()
    young, old = (clock.now() - timedelta(hours=hours) for hours in (1, 25))
    for since in (young, old):
        MissCount.objects.create(source=b"x", since=since)
    for _ in range(2):
        jobs.expire_reservations()
    checkout.refresh_from_db()
    assert checkout.state == "expired"
    assert [row.since for row in MissCount.objects.all()] == [young]


@pytest.mark.slow
def test_a_worker_takes_them(worker) -> None:
    checkout = hold()
    make_promotion(batch=promotions.BatchOrder(count=50))
    jobs.expire_reservations.delay()
    jobs.issue_batches.delay()
    worker.wait_until(
        lambda: (
            CodeBatch.objects.filter(state="done").exists()
            and Checkout.objects.filter(pk=checkout.pk, state="expired").exists()
        )
    )
    assert PromoCode.objects.filter(batch__isnull=False).count() == 50
