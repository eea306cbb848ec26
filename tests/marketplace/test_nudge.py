"""A nudge starts a job after the commit, and never costs the saved work."""

import time

import pytest
from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from marketplace import nudge
from marketplace.models import Category


@shared_task(name="tests.nothing")
def nothing(**_) -> None:
    """A job."""


@pytest.fixture
def sent(monkeypatch):
    found = []
    monkeypatch.setattr(nothing, "apply_async", lambda **options: found.append(options))
    monkeypatch.setattr(nudge, "_broker_down_until", 0.0)
    return found


@pytest.mark.django_db(transaction=True)
class TestAroundACommit:
    def test_it_is_sent_after_the_commit(self, sent):
        with transaction.atomic():
            nudge.nudge(nothing, order="o1")
            assert sent == []
        assert sent == [{"kwargs": {"order": "o1"}, "retry": False, "ignore_result": True}]

    def test_nothing_is_sent_for_what_was_rolled_back(self, sent):
        with transaction.atomic():
            nudge.nudge(nothing)
            transaction.set_rollback(True)
        assert sent == []

    def test_a_broker_that_is_away_costs_nothing_and_is_left_alone(self, monkeypatch):
        tries = []

        def away(**_):
            tries.append(1)
            raise OperationalError

        monkeypatch.setattr(nothing, "apply_async", away)
        monkeypatch.setattr(nudge, "_broker_down_until", 0.0)
        for number in range(3):
            with transaction.atomic():
                Category.objects.create(ref=f"c{number}", name="x")
                nudge.nudge(nothing)
        assert Category.objects.count() == 3
        assert len(tries) == 1
        monkeypatch.setattr(nudge, "_broker_down_until", time.monotonic() - 1)
        nudge.nudge(nothing)
        assert len(tries) == 2
