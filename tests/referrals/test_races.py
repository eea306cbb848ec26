"""Many at once, with real threads and committed rows: nothing is counted or issued twice."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace import clock, ids
from promocodes.models import PromoCode
from referrals import nonces, participations, planning, rounds, visits
from referrals.invariants import INVARIANTS
from referrals.models import FriendSlot, Participation, Round, Visit
from tests.factories import referrals as make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
AT_ONCE = 40
Act = Callable[[], Any]


def at_once(acts: Sequence[Act]) -> list[Any]:
    """Run all acts from one starting line, each in a thread and connection of its own."""
    line = threading.Barrier(min(len(acts), AT_ONCE))

    def run(act: Act) -> Any:
        try:
            line.wait(timeout=20)
            return act()
        except Exception as error:  # noqa: BLE001 - the test judges what happened
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        return list(threads.map(run, acts))


@pytest.fixture(autouse=True)
def _invariants_hold() -> Iterator[None]:
    yield
    assert {rule.name: rule.broken() for rule in INVARIANTS if rule.broken()} == {}


def accepting(participation: Participation, **facts: Any) -> Act:
    at = clock.now()
    nonce = facts.pop("nonce", None) or nonces.make(
        token=participation.token, at=at - timedelta(seconds=5)
    )
    number = next(make._numbers)
    facts = {"agent": make.PHONE, "address": f"10.{number % 250}.{number // 250}.1"} | facts
    return lambda: visits.accept(token=participation.token, nonce=nonce, at=at, **facts).visit


def test_forty_friends_at_once_around_the_threshold_bring_one_code() -> None:
    round_ = make.open_round(policy={"burst": None})
    anna = make.participant(round_)
    make.friends(anna, 5)
    found = at_once([accepting(anna) for _ in range(AT_ONCE)])
    assert Counter(visit.outcome for visit in found) == {"counted": AT_ONCE}
    anna.refresh_from_db()
    assert anna.counted == 5 + AT_ONCE
    assert PromoCode.objects.filter(person=anna.shopper).count() == 1


def test_one_friend_with_forty_pages_at_once_counts_once() -> None:
    anna = make.participant(make.open_round())
    secret = ids.token()
    found = at_once([accepting(anna, device_secret=secret) for _ in range(AT_ONCE)])
    assert Counter(visit.reason for visit in found) == {
        "counted": 1,
        "already_counted": AT_ONCE - 1,
    }
    anna.refresh_from_db()
    assert anna.counted == 1
    assert Visit.objects.count() == 2


def test_one_nonce_forty_times_at_once_is_one_visit() -> None:
    anna = make.participant(make.open_round())
    nonce = nonces.make(token=anna.token, at=clock.now() - timedelta(seconds=5))
    secret = ids.token()
    found = at_once([accepting(anna, nonce=nonce, device_secret=secret) for _ in range(AT_ONCE)])
    assert len({visit.pk for visit in found}) == 1
    anna.refresh_from_db()
    assert anna.counted == 1


def test_one_friend_at_forty_inviters_at_once_counts_for_three() -> None:
    round_ = make.open_round()
    inviters = [make.participant(round_) for _ in range(AT_ONCE)]
    secret = ids.token()
    found = at_once([accepting(inviter, device_secret=secret) for inviter in inviters])
    assert Counter(visit.reason for visit in found) == {
        "counted": 3,
        "limit_per_friend": AT_ONCE - 3,
    }
    assert FriendSlot.objects.count() == 3


def test_one_network_at_once_stops_at_its_ceiling() -> None:
    anna = make.participant(make.open_round())
    found = at_once([accepting(anna, address="192.0.2.9") for _ in range(AT_ONCE)])
    assert Counter(visit.reason for visit in found) == {
        "counted": 5,
        "network_ceiling": AT_ONCE - 5,
    }


def test_one_shopper_joins_once_with_forty_taps() -> None:
    round_, shopper = make.open_round(), make.shopper()
    at = clock.now()
    found = at_once(
        [
            lambda: participations.join(round_id=round_.pk, shopper=shopper, at=at)
            for _ in range(AT_ONCE)
        ]
    )
    assert Counter(joined.is_new for joined in found) == {True: 1, False: AT_ONCE - 1}
    assert Participation.objects.count() == 1


def test_devices_merging_while_their_friends_accept_never_lock_up() -> None:
    round_ = make.open_round(threshold=50)
    inviters = [make.participant(round_) for _ in range(4)]
    friend = make.shopper()
    secrets = [ids.token() for _ in range(10)]
    for secret in secrets:
        for inviter in inviters[:3]:
            make.visit(inviter, device_secret=secret)
    at = clock.now()
    merging = [
        lambda secret=secret: visits.recognise(device_secret=secret, user=friend, at=at)
        for secret in secrets
    ]
    again = [accepting(inviters[n % 4], device_secret=secrets[n % 10]) for n in range(30)]
    found = at_once([act for pair in zip(merging * 3, again, strict=True) for act in pair][:40])
    assert not [error for error in found if isinstance(error, Exception)]
    for inviter in inviters:
        inviter.refresh_from_db()
    assert sorted(inviter.counted for inviter in inviters) == [0, 1, 1, 1]


def test_two_drivers_close_a_round_once() -> None:
    round_ = make.open_round()
    moved = at_once([lambda: rounds.drive_due(at=round_.closes_at) for _ in range(8)])
    assert sum(moved) == 1
    assert round_.campaign.rounds.filter(state=Round.State.SCHEDULED).count() == 1


def test_terms_cannot_get_worse_beside_somebody_who_is_joining() -> None:
    round_, shopper = make.open_round(), make.shopper()
    joined, may_commit = threading.Event(), threading.Event()

    def join() -> None:
        with transaction.atomic():
            Participation.objects.create(round=round_, shopper=shopper)
            joined.set()
            may_commit.wait(timeout=20)

    def worsen() -> None:
        joined.wait(timeout=20)
        threading.Timer(0.5, may_commit.set).start()
        Round.objects.filter(pk=round_.pk).update(threshold=500, terms_version=2)

    _, refused = at_once([join, worsen])
    assert isinstance(refused, IntegrityError)
    round_.refresh_from_db()
    assert round_.threshold == 10


def test_nobody_joins_a_round_that_is_being_closed_early() -> None:
    round_, shopper, ops = make.open_round(), make.shopper(), make.shopper(is_staff=True)
    at = clock.now()
    closing, joining = at_once(
        [
            lambda: planning.close_early(round_id=round_.pk, actor=ops, reason="test", at=at),
            lambda: participations.join(round_id=round_.pk, shopper=shopper, at=clock.now()),
        ]
    )
    refused = [isinstance(found, Exception) for found in (closing, joining)]
    assert sorted(refused) == [False, True]
    assert Participation.objects.count() == (0 if refused[1] else 1)
