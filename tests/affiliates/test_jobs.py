"""The jobs, run by a real worker: what is due is done; running them again does nothing."""

from datetime import timedelta

import pytest

from affiliates import jobs
from affiliates.models import Transfer
from config import processes
from marketplace import clock
from tests.factories.affiliates import Shop, balance, line, make_affiliate, make_code
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_promotion


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_derives_and_releases(worker):
    anna, store = make_affiliate(), make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, now = Shop(), clock.now()
    shop.sell("old", line(store), at=now - timedelta(days=15), codes=[code])
    shop.sell("new", line(store), at=now, codes=[code])
    for _ in range(2):
        jobs.derive_commissions.delay()
    processes.wait_until(lambda: balance(anna, "pending") == 80_000, seconds=90, pause=0.1)
    assert balance(anna, "pending") == 80_000
    for _ in range(2):
        jobs.release_commissions.delay()
    processes.wait_until(lambda: balance(anna, "available") == 40_000, seconds=90, pause=0.1)
    assert (balance(anna, "pending"), balance(anna, "available")) == (40_000, 40_000)
    kinds = sorted(Transfer.objects.values_list("kind", flat=True))
    assert kinds == ["accrue", "accrue", "release"]


@pytest.mark.django_db(transaction=True)
def test_jobs_with_nothing_to_do_do_nothing():
    for job in (jobs.derive_commissions, jobs.release_commissions):
        job(unknown="argument of a later version")
    assert not Transfer.objects.exists()
