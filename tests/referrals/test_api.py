"""The programme over REST: the host's app as a client of ours."""

from datetime import timedelta
from uuid import uuid4

import pytest

from marketplace import clock
from marketplace.models import User
from referrals import rounds
from referrals.models import Participation, Round
from tests.api import Api
from tests.factories import referrals as make
from tests.factories.marketplace import make_client, make_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_() -> Round:
    return make.open_round()


def test_the_current_round_is_told(api: Api, round_: Round) -> None:
    answer = api.get("/rounds/current")
    assert answer.status_code == 200
    body = answer.json()
    assert body["opens_at"].endswith("Z")
    assert body | {"opens_at": "", "closes_at": ""} == {
        "id": str(round_.pk),
        "campaign": round_.campaign.name,
        "number": 1,
        "state": "open",
        "opens_at": "",
        "closes_at": "",
        "timezone": "Europe/Moscow",
        "currency": "RUB",
        "discount": {"type": "fixed", "amount": 39900, "percent": None},
        "min_order": 40000,
        "threshold": 10,
    }


def test_a_percent_is_a_string(api: Api) -> None:
    make.open_round(percent_bp=1250)
    discount = api.get("/rounds/current").json()["discount"]
    assert discount == {"type": "percent", "amount": None, "percent": "12.5"}


def test_without_a_round_there_is_none(api: Api) -> None:
    answer = api.get("/rounds/current")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_shopper_of_the_marketplace_joins_once(api: Api, round_: Round) -> None:
    path = f"/rounds/{round_.pk}/participations"
    body = {"shopper": {"ref": "u1", "name": "Анна", "email": "anna@example.org", "locale": "ru"}}
    first = api.post(path, body, key="k1")
    assert first.status_code == 201
    participation = Participation.objects.get()
    told = first.json()
    assert told["invite_url"].endswith(f"/i/{participation.token}")
    assert (told["shopper"], told["code"], told["visits"]) == ("u1", None, [])
    assert told["progress"] == {"counted": 0, "waiting": 0, "threshold": 10}
    assert api.post(path, body, key="k1").json() == told
    again = api.post(path, body)
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    assert Participation.objects.count() == 1
    assert User.objects.get(ref="u1").profile.name == "Анна"


def test_progress_is_told_with_reasons_and_the_code(api: Api, round_: Round) -> None:
    anna = make.participant(round_)
    make.friends(anna, 5, address="192.0.2.1", channel="vk")
    make.visit(anna, address="192.0.2.1", channel="ok")
    told = api.get(f"/participations/{anna.pk}").json()
    assert told["progress"] == {"counted": 5, "waiting": 1, "threshold": 10}
    newest = told["visits"][0]
    assert (newest["channel"], newest["outcome"], newest["reason"]) == (
        "ok",
        "waiting",
        "network_ceiling",
    )
    make.friends(anna, 5)
    anna.refresh_from_db()
    told = api.get(f"/participations/{anna.pk}").json()
    assert told["code"] == str(anna.code)
    assert told["code_expires_at"] is not None


def test_a_closed_round_takes_nobody(api: Api, round_: Round) -> None:
    rounds.drive_due(at=round_.closes_at)
    answer = api.post(f"/rounds/{round_.pk}/participations", {"shopper": {"ref": "u1"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "round_not_open")
    assert not User.objects.filter(ref="u1").exists()


def test_a_young_account_is_not_eligible(api: Api) -> None:
    round_ = make.open_round(policy={"min_account_hours": 48})
    answer = api.post(f"/rounds/{round_.pk}/participations", {"shopper": {"ref": "u1"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_eligible")
    assert not Participation.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"shopper": {}},
        {"shopper": "u1"},
        {"shopper": {"ref": "bad ref"}},
        {"shopper": {"ref": "u1"}, "extra": 1},
        [],
    ],
)
def test_bad_bodies_are_refused(api: Api, round_: Round, body: object) -> None:
    answer = api.post(f"/rounds/{round_.pk}/participations", body)
    assert answer.status_code == 400
    assert not Participation.objects.exists()


def test_what_is_missing_is_not_found(api: Api) -> None:
    join = api.post(f"/rounds/{uuid4()}/participations", {"shopper": {"ref": "u1"}})
    assert (join.status_code, join.json()["code"]) == (404, "round_unknown")
    assert api.get(f"/participations/{uuid4()}").status_code == 404
    assert api.get("/participations/1").status_code == 404


def test_a_stores_key_may_not_look_at_shoppers(round_: Round) -> None:
    _, secret = make_client(name="a store", store=make_store())
    anna, store = make.participant(round_), Api(secret)
    assert store.get(f"/participations/{anna.pk}").status_code == 403
    joining = store.post(f"/rounds/{round_.pk}/participations", {"shopper": {"ref": "u1"}})
    assert joining.status_code == 403
    assert Participation.objects.count() == 1


def test_a_key_without_the_scope_may_not(round_: Round) -> None:
    _, secret = make_client(name="till", scopes=["checkout"])
    assert Api(secret).get("/rounds/current").status_code == 403


def test_after_the_round_what_waited_is_told_as_over(api: Api, round_: Round) -> None:
    past = make.open_round(
        opens_at=clock.now() - timedelta(days=20), length=timedelta(days=10), is_running=False
    )
    at = past.closes_at - timedelta(days=1)
    anna = make.participant(past, at=at)
    make.visit(anna, agent="curl/8", at=at)
    told = api.get(f"/participations/{anna.pk}").json()
    assert told["visits"][0]["reason"] == "round_ended"
    assert told["progress"]["waiting"] == 0
