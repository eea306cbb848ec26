"""`GET /orders/{order_ref}` with attribution and commissions."""

from datetime import UTC, datetime

import pytest

from tests.api import Api
from tests.factories.affiliates import Shop, derive, line, make_affiliate, make_code
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store():
    """A seller."""
    return make_store(ref="mugs")


def test_a_line_tells_who_brought_it_and_what_they_earn(api, store):
    anna = make_affiliate()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store), rate_bp=1250)
    shop = Shop()
    lines = [line(store, "1", price=10_000, quantity=2), line(make_store(), "2")]
    shop.sell("o1", *lines, at=NOON, codes=[code])
    shop.refund("o1", at=NOON, line_1=1)
    derive("o1")
    won, other = api.get("/orders/o1").json()["lines"]
    assert other["attribution"] is None
    assert other["commissions"] == []
    assert won["attribution"]["winner"] == str(anna.pk)
    assert won["attribution"]["by"] == "code"
    assert [(step["code"], step["outcome"]) for step in won["attribution"]["trace"]] == [
        (code, "won")
    ]
    (commission,) = won["commissions"]
    assert commission.pop("id")
    assert commission == {
        "affiliate": str(anna.pk),
        "kind": "cps",
        "side": "whole",
        "state": "pending",
        "reason": None,
        "base": 20_000,
        "rate": "12.5",
        "fee": None,
        "amount": 2_500,
        "reversed": 1_250,
        "available_from": "2026-06-16T12:00:00Z",
    }


def test_what_is_not_due_says_why(api, store):
    anna = make_affiliate()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    Shop().sell("o1", line(store), at=NOON, codes=[code], shopper={"ref": anna.user.ref})
    derive("o1")
    (commission,) = api.get("/orders/o1").json()["lines"][0]["commissions"]
    assert (commission["state"], commission["reason"], commission["amount"]) == (
        "not_due",
        "self_purchase",
        0,
    )


def test_a_stores_key_sees_its_own_lines_only(store):
    anna = make_affiliate()
    other = make_store()
    codes = [
        make_code(affiliate=anna, promotion=make_promotion(store=each)) for each in (store, other)
    ]
    Shop().sell("o1", line(store, "1"), line(other, "2"), at=NOON, codes=codes)
    derive("o1")
    own = Api(make_client(store=store)[1]).get("/orders/o1").json()
    assert [each["ref"] for each in own["lines"]] == ["1"]
    assert codes[1] not in str(own["lines"])
    assert Api(make_client(store=make_store())[1]).get("/orders/o1").status_code == 404


def test_it_needs_the_scope():
    answer = Api(make_client(scopes=("catalog",))[1]).get("/orders/o1")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_one_line_and_for_three(api, store, count, django_assert_num_queries):
    anna = make_affiliate()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    lines = [line(store, str(number)) for number in range(count)]
    Shop().sell("o1", *lines, at=NOON, codes=[code])
    derive("o1")
    api.get("/orders/o1")
    with django_assert_num_queries(5):
        api.get("/orders/o1")
