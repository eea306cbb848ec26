"""The job with a real worker and a real beat: rounds move by themselves."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from marketplace import clock
from referrals import jobs
from referrals.models import Round
from tests.factories import referrals as make
from tests.programs import Program

SECONDS = 60


@pytest.mark.django_db
def test_one_run_takes_everything_that_is_due_and_the_next_nothing() -> None:
    make.campaign(opens_at=clock.now() - timedelta(days=30))
    assert jobs.drive_rounds() == 3
    assert jobs.drive_rounds() == 0
    states = Round.objects.order_by("number").values_list("state", flat=True)
    assert list(states) == ["closed", "open"]


def wait_for(ready: Callable[[], bool]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_beat_and_worker_open_close_and_plan(worker: Program, beat: Program) -> None:
    now = clock.now()
    campaign = make.campaign(
        opens_at=now + timedelta(seconds=2), length=timedelta(seconds=16), pause=timedelta(hours=1)
    )
    first = campaign.rounds.get()

    def state() -> str:
        return Round.objects.get(pk=first.pk).state

    assert wait_for(lambda: state() == "open"), worker.log.read_text()[-2000:]
    assert wait_for(lambda: state() == "closed")
    assert campaign.rounds.get(number=2).opens_at == first.closes_at + timedelta(hours=1)
