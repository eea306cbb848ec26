"""A round in numbers."""

from datetime import timedelta

import pytest

from marketplace import clock
from referrals import numbers, rounds
from tests.api import Api
from tests.factories import referrals as make
from tests.referrals.test_prizes import cart

pytestmark = pytest.mark.django_db


def test_numbers_add_up(api: Api) -> None:
    round_ = make.open_round()
    at = clock.now()
    anna = make.participant(round_, at=at - timedelta(hours=3))
    boris = make.shopper()
    make.visit(anna, user=boris, at=at)
    make.participant(round_, boris, at=at)
    make.friends(anna, 9, at=at)
    make.visit(anna, agent="curl/8", at=at)
    anna.refresh_from_db()
    assert api.post("/redemptions", {"order_ref": "o1", **cart(anna)}).status_code == 201
    found = numbers.of(round_)
    assert (found.joined, found.joined_as_friends, found.k_factor) == (2, 1, 0.5)
    assert found.visits == {"counted": 10, "waiting": 1, "not_counted": 0}
    assert found.reasons == [("counted", "counted", 10), ("waiting", "automated", 1)]
    assert (found.codes_issued, found.codes_used) == (1, 1)
    assert (found.discount_minor, found.sales_minor) == (39_900, 10_100)
    assert found.to_code == timedelta(hours=3)
    assert sum(day.joined for day in found.days) == 2
    assert sum(day.counted for day in found.days) == 10


def test_a_round_without_anybody_has_numbers_too() -> None:
    found = numbers.of(make.campaign(opens_at=make.instant(1)).rounds.get())
    assert (found.joined, found.k_factor, found.to_code) == (0, 0.0, None)


def test_the_round_before_is_the_one_that_was_held() -> None:
    first = make.open_round(opens_at=clock.now() - timedelta(days=30))
    rounds.drive_due(at=clock.now())
    second = first.campaign.rounds.get(number=2)
    assert numbers.before(second) == first
    assert numbers.before(first) is None
