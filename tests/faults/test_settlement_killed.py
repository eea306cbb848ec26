"""kill -9 at every statement of a settlement; whoever comes next finishes it, to the last coin."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command

from affiliates import settlement
from affiliates.models import Commission, SettlementRun, Transfer
from config.embedded import PROJECT
from marketplace import clock
from tests.factories.affiliates import Shop, balance, derive, line, make_affiliate, make_code
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_promotion
from tests.programs import environment

COUNT = 90


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_every_statement_no_coin_is_lost_or_made() -> None:
    people = [make_affiliate() for _ in range(3)]
    store = make_store()
    codes = [make_code(affiliate=each, promotion=make_promotion(store=store)) for each in people]
    shop, at = Shop(), clock.now() - timedelta(days=20)
    refs = [f"o{number}" for number in range(COUNT)]
    for number, ref in enumerate(refs):
        shop.sell(ref, line(store, price=10_000), at=at, codes=[codes[number % 3]])
    derive(*refs)

    driver = [sys.executable, "-m", "tests.faults.settlement_driver", "4"]
    done = subprocess.run(
        driver,
        cwd=PROJECT,
        env=environment(DJANGO_SETTINGS_MODULE="config.settings"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 30, "it died at many places"
    assert outcomes[-1] == "finished"

    settlement.release_due()  # a killed process may have held rows when the last one passed by
    assert set(Commission.objects.values_list("state", flat=True)) == {"available"}
    assert Transfer.objects.filter(kind="release").count() == COUNT
    assert [balance(each, "available") for each in people] == [COUNT // 3 * 800] * 3
    runs = SettlementRun.objects.all()
    assert sum(run.released_count for run in runs) == COUNT
    assert sum(run.released_minor for run in runs) == COUNT * 800
    assert all(run.finished_at for run in runs)
    call_command("verify_ledger", verbosity=0)
    call_command("verify_invariants", verbosity=0)
