"""The personal code: at the checkout of the shop, for its shopper, until the round ends."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace import clock
from promocodes.models import PromoCode
from referrals import planning, prizes, rounds
from referrals.models import Participation, Round
from tests.api import Api
from tests.factories import referrals as make
from tests.factories.marketplace import make_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_() -> Round:
    return make.open_round()


@pytest.fixture
def won(round_: Round) -> Participation:
    anna = make.participant(round_)
    make.friends(anna, 10)
    anna.refresh_from_db()
    return anna


def cart(participation: Participation, *, price: int = 50_000, **shopper: Any) -> dict[str, Any]:
    store = make_store()
    return {
        "currency": "RUB",
        "shopper": shopper or {"ref": participation.shopper.ref},
        "lines": [
            {"ref": "1", "product": "p1", "store": store.ref, "unit_price": price, "quantity": 1}
        ],
        "codes": [str(participation.code)],
    }


def test_the_code_takes_399_roubles_off_an_order_of_400(api: Api, won: Participation) -> None:
    quote = api.post("/quotes", cart(won, price=40_000)).json()
    assert (quote["discount"], quote["total"]) == (39_900, 100)
    answer = api.post("/redemptions", {"order_ref": "o1", **cart(won, price=40_000)})
    assert answer.status_code == 201
    again = api.post("/redemptions", {"order_ref": "o2", **cart(won)})
    assert again.status_code == 409


def test_an_order_below_400_is_told_what_is_missing(api: Api, won: Participation) -> None:
    quote = api.post("/quotes", cart(won, price=39_999)).json()
    assert quote["discount"] == 0
    assert quote["codes"][0]["reason"]["code"] == "min_spend_not_met"
    assert quote["codes"][0]["reason"]["params"]["missing"] == 1


def test_a_stranger_cannot_use_it(api: Api, won: Participation) -> None:
    quote = api.post("/quotes", cart(won, ref="mallory")).json()
    assert quote["codes"][0]["reason"]["code"] == "wrong_owner"


def test_it_works_until_the_round_ends(api: Api) -> None:
    past = make.open_round(opens_at=clock.now() - timedelta(days=2), length=timedelta(days=1))
    at = past.closes_at - timedelta(hours=1)
    anna = make.participant(past, at=at)
    make.friends(anna, 10, at=at)
    anna.refresh_from_db()
    assert anna.code is not None
    quote = api.post("/quotes", cart(anna)).json()
    assert quote["codes"][0]["reason"]["code"] == "expired"


def test_an_extended_round_extends_its_codes(api: Api, won: Participation) -> None:
    ops, later = make.shopper(is_staff=True), won.round.closes_at + timedelta(days=5)
    planning.extend(round_id=won.round_id, closes_at=later, actor=ops, reason="holidays")
    assert won.code is not None
    promotion = PromoCode.objects.get(pk=won.code_id).promotion
    assert promotion.terms.ends_at == later
    assert api.post("/quotes", cart(won)).json()["discount"] == 39_900


def test_a_lower_threshold_brings_the_code_to_whoever_has_reached_it(round_: Round) -> None:
    anna, boris = make.participant(round_), make.participant(round_)
    make.friends(anna, 6)
    make.friends(boris, 4)
    ops = make.shopper(is_staff=True)
    planning.amend(round_id=round_.pk, changes={"threshold": 5}, actor=ops, reason="kind")
    assert prizes.award_due(at=clock.now()) == 1
    assert prizes.award_due(at=clock.now()) == 0
    anna.refresh_from_db()
    boris.refresh_from_db()
    assert anna.code is not None
    assert boris.code is None


def test_nothing_falls_due_after_the_end(round_: Round) -> None:
    anna = make.participant(round_)
    make.friends(anna, 9)
    rounds.drive_due(at=round_.closes_at)
    Participation.objects.filter(pk=anna.pk).update(counted=10)
    assert prizes.award_due(at=round_.closes_at) == 0
    assert not PromoCode.objects.exists()


def test_each_round_brings_its_own_code(won: Participation) -> None:
    other = make.participant(make.open_round(), won.shopper)
    assert other.counted == 0
    make.friends(other, 10)
    other.refresh_from_db()
    assert other.code is not None
    assert other.code != won.code
    won.refresh_from_db()
    assert won.code is not None
