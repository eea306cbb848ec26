"""Limits by use, by person and by money: worked out by hand from engine.md 2 to 4."""

import itertools

import pytest

from promocodes import issuing
from tests.promocodes.conformance.till import (
    Till,
    cart,
    fixed,
    free_shipping,
    given,
    is_problem,
    item,
    percent,
    reasons,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_total(till: Till, limit: int) -> None:
    made = till.promotion(percent("10"), limits={"total": limit})
    for _ in range(limit):
        till.redeem((1_000, 1))
    assert till.refused((1_000, 1)) == {"CODE": "total_limit_reached"}
    (code,) = till.quote((1_000, 1))["codes"]
    assert code["reason"]["params"] == {"limit": limit}
    assert till.usage(made) == {
        "redeemed": limit,
        "held": 0,
        "reversed": 0,
        "taken": limit,
        "discount": limit * 100,
        "budget_left": None,
    }


def test_total_counts_over_persons_orders_and_carts(till: Till) -> None:
    till.promotion(percent("10"), limits={"total": 2})
    till.redeem((1_000, 1), shopper={"ref": "anna"})
    till.redeem((5, 2), shopper={"ref": "boris"})
    assert till.refused((70, 1), shopper={"ref": "clara"}) == {"CODE": "total_limit_reached"}


def test_a_quote_takes_nothing(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1, "per_person": 1, "budget": 100})
    for _ in range(3):
        assert given(till.quote((1_000, 1), shopper={"ref": "anna"})) == {"CODE": 100}
    assert till.usage(made)["budget_left"] == 100
    till.redeem((1_000, 1), shopper={"ref": "anna"})


def test_a_refused_redemption_takes_nothing(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1}, min_spend=1_000)
    for _ in range(3):
        assert till.refused((999, 1)) == {"CODE": "min_spend_not_met"}
    till.redeem((1_000, 1))
    assert till.usage(made)["redeemed"] == 1


def test_a_hold_takes_a_use_and_its_release_gives_it_back(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1, "budget": 500, "per_person": 1})
    anna = {"shopper": {"ref": "anna"}}
    held = till.reserve((1_000, 1), **anna)
    assert till.usage(made) == {
        "redeemed": 0,
        "held": 1,
        "reversed": 0,
        "taken": 1,
        "discount": 0,
        "budget_left": 400,
    }
    assert till.refused((1_000, 1), shopper={"ref": "boris"}) == {"CODE": "total_limit_reached"}
    assert till.refused((1_000, 1), **anna) == {"CODE": "customer_limit_reached"}
    assert till.api.delete(f"/reservations/{held['id']}").status_code == 204
    assert till.usage(made)["budget_left"] == 500
    till.redeem((1_000, 1), **anna)


def test_redeeming_a_hold_takes_no_second_use(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1})
    held = till.reserve((1_000, 1))
    answer = till.api.post("/redemptions", {"order_ref": "o1", "reservation": held["id"]})
    assert answer.status_code == 201
    assert (till.usage(made)["redeemed"], till.usage(made)["held"]) == (1, 0)


ALL = {
    "ref": "anna",
    "email": "anna.smith@gmail.com",
    "phone": "+7 912 345-67-89",
    "device": "device-1",
    "payment": "card-1",
}
SAME = [
    pytest.param({"ref": "anna"}, id="ref"),
    pytest.param({"email": "anna.smith@gmail.com"}, id="email"),
    pytest.param({"email": "ANNA.SMITH@GMAIL.COM"}, id="email-in-capitals"),
    pytest.param({"email": "annasmith@gmail.com"}, id="gmail-without-dots"),
    pytest.param({"email": "a.n.n.a.smith@gmail.com"}, id="gmail-with-more-dots"),
    pytest.param({"email": "anna.smith+promo@gmail.com"}, id="gmail-with-a-tag"),
    pytest.param({"email": "annasmith+1+2@googlemail.com"}, id="googlemail"),
    pytest.param({"phone": "+79123456789"}, id="phone"),
    pytest.param({"phone": "8 (912) 345-67-89"}, id="phone-with-an-eight"),
    pytest.param({"phone": "7-912-345-67-89"}, id="phone-without-plus"),
    pytest.param({"phone": "+7 (912) 345 67 89"}, id="phone-with-brackets"),
    pytest.param({"phone": "007 912 3456789"}, id="phone-with-two-zeros"),
    pytest.param({"device": "device-1"}, id="device"),
    pytest.param({"payment": "card-1"}, id="payment"),
    pytest.param({"ref": "other", "email": "annasmith@gmail.com"}, id="another-ref-same-email"),
    pytest.param({"ref": "other", "phone": "89123456789"}, id="another-ref-same-phone"),
    pytest.param(
        {"ref": "other", "email": "x@y.com", "phone": "+1 555 0100", "device": "device-1"},
        id="all-but-the-device-differ",
    ),
    pytest.param(ALL | {"ref": "other"}, id="all-but-the-ref"),
]
OTHER = [
    pytest.param({"ref": "boris"}, id="another-ref"),
    pytest.param({"ref": "ANNA"}, id="a-ref-in-capitals"),
    pytest.param({"email": "anna.smyth@gmail.com"}, id="another-email"),
    pytest.param({"email": "annasmith@example.com"}, id="another-domain"),
    pytest.param({"phone": "+7 912 345-67-80"}, id="another-phone"),
    pytest.param({"device": "device-11"}, id="another-device"),
    pytest.param({"device": "card-1"}, id="a-payment-as-a-device"),
    pytest.param({"payment": "device-1"}, id="a-device-as-a-payment"),
    pytest.param({"device": "anna"}, id="a-ref-as-a-device"),
    pytest.param({"ref": "card-1"}, id="a-payment-as-a-ref"),
]


@pytest.mark.parametrize("shopper", SAME)
def test_the_same_person_by_any_identity(till: Till, shopper) -> None:
    till.promotion(percent("10"), limits={"per_person": 1})
    till.redeem((1_000, 1), shopper=ALL)
    assert reasons(till.quote((1_000, 1), shopper=shopper)) == {"CODE": "customer_limit_reached"}
    assert till.refused((1_000, 1), shopper=shopper) == {"CODE": "customer_limit_reached"}


@pytest.mark.parametrize("shopper", SAME)
def test_the_same_person_told_the_other_way_round(till: Till, shopper) -> None:
    till.promotion(percent("10"), limits={"per_person": 1})
    till.redeem((1_000, 1), shopper=shopper)
    assert till.refused((1_000, 1), shopper=ALL) == {"CODE": "customer_limit_reached"}


@pytest.mark.parametrize("shopper", OTHER)
def test_another_person(till: Till, shopper) -> None:
    till.promotion(percent("10"), limits={"per_person": 1})
    till.redeem((1_000, 1), shopper=ALL)
    till.redeem((1_000, 1), shopper=shopper)


def test_dots_mean_something_elsewhere(till: Till) -> None:
    till.promotion(percent("10"), limits={"per_person": 1})
    till.redeem((1_000, 1), shopper={"email": "anna.smith@example.com"})
    till.redeem((1_000, 1), shopper={"email": "annasmith@example.com"})
    assert till.refused((1_000, 1), shopper={"email": "Anna.Smith+a@EXAMPLE.com"}) == {
        "CODE": "customer_limit_reached"
    }


@pytest.mark.parametrize("shopper", [None, {}, {"ref": None}, {"email": None, "phone": None}])
def test_nobody_is_no_person(till: Till, shopper) -> None:
    till.promotion(percent("10"), limits={"per_person": 1})
    assert till.refused((1_000, 1), shopper=shopper) == {"CODE": "customer_required"}


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_per_person(till: Till, limit: int) -> None:
    till.promotion(percent("10"), limits={"per_person": limit})
    for who in ("anna", "boris"):
        for _ in range(limit):
            till.redeem((1_000, 1), shopper={"ref": who})
        assert till.refused((1_000, 1), shopper={"ref": who}) == {"CODE": "customer_limit_reached"}


def test_uses_by_two_identities_add_up(till: Till) -> None:
    till.promotion(percent("10"), limits={"per_person": 2})
    till.redeem((1_000, 1), shopper={"ref": "anna"})
    till.redeem((1_000, 1), shopper={"email": "anna@example.com"})
    both = {"ref": "anna", "email": "anna@example.com"}
    assert till.refused((1_000, 1), shopper=both) == {"CODE": "customer_limit_reached"}
    till.redeem((1_000, 1), shopper={"ref": "anna"})


def test_a_person_is_limited_over_all_codes_of_the_promotion(till: Till) -> None:
    made = till.promotion(
        percent("10"), code=None, codes={"count": 3}, limits={"per_person": 1, "per_code": None}
    )
    issuing.make_due()
    listed = till.api.get(f"/promotions/{made['id']}/codes").json()["results"]
    words = [one["code"] for one in listed]
    till.redeem((1_000, 1), codes=[words[0]], shopper={"ref": "anna"})
    for word in words:
        assert till.refused((1_000, 1), codes=[word], shopper={"ref": "anna"}) == {
            word: "customer_limit_reached"
        }
    till.redeem((1_000, 1), codes=[words[0]], shopper={"ref": "boris"})


def test_a_person_may_use_another_promotion(till: Till) -> None:
    for word in ("ONE", "TWO"):
        till.promotion(percent("10"), code=word, limits={"per_person": 1})
    anna = {"ref": "anna"}
    till.redeem((1_000, 1), codes=["ONE"], shopper=anna)
    till.redeem((1_000, 1), codes=["TWO"], shopper=anna)
    assert till.refused((1_000, 1), codes=["ONE"], shopper=anna) == {
        "ONE": "customer_limit_reached"
    }


@pytest.mark.parametrize(("limits", "uses"), [({}, 1), ({"per_code": 2}, 2), ({"per_code": 3}, 3)])
def test_per_code(till: Till, limits, uses: int) -> None:
    made = till.promotion(percent("10"), code=None, codes={"count": 2}, limits=limits)
    issuing.make_due()
    listed = till.api.get(f"/promotions/{made['id']}/codes").json()["results"]
    for word in (one["code"] for one in listed):
        for _ in range(uses):
            till.redeem((1_000, 1), codes=[word])
        assert till.refused((1_000, 1), codes=[word]) == {word: "total_limit_reached"}


# Budget, worth of the cart at ten percent, then what the code gives each time (None: refused).
BUDGETS = [
    pytest.param("refuse", 100, [1_000], [100], id="exactly-spent"),
    pytest.param("refuse", 100, [1_000, 1_000], [100, None], id="spent"),
    pytest.param("refuse", 99, [1_000], [None], id="a-coin-too-little"),
    pytest.param("refuse", 99, [1_000, 990], [None, 99], id="too-little-for-this-cart-only"),
    pytest.param("refuse", 250, [1_000, 1_000, 1_000, 500], [100, 100, None, 50], id="an-edge"),
    pytest.param("refuse", 1, [10, 10], [1, None], id="one-coin"),
    pytest.param("partial", 100, [1_000], [100], id="partial-exactly-spent"),
    pytest.param("partial", 99, [1_000], [99], id="partial-gives-what-is-left"),
    pytest.param("partial", 250, [1_000] * 4, [100, 100, 50, None], id="partial-edge"),
    pytest.param("partial", 1, [1_000, 1_000], [1, None], id="partial-one-coin"),
]


@pytest.mark.parametrize(("edge", "budget", "carts", "expected"), BUDGETS)
def test_budget(till: Till, edge: str, budget: int, carts, expected) -> None:
    made = till.promotion(percent("10"), limits={"budget": budget, "budget_edge": edge})
    left = budget
    for worth, gives in zip(carts, expected, strict=True):
        if gives is None:
            assert till.refused((worth, 1)) == {"CODE": "budget_exhausted"}
        else:
            assert given(till.quote((worth, 1))) == {"CODE": gives}
            assert given(till.redeem((worth, 1))["quote"]) == {"CODE": gives}
            left -= gives
        assert till.usage(made)["budget_left"] == left


def test_what_a_partial_budget_gives_is_spread_by_worth(till: Till) -> None:
    till.promotion(percent("50"), limits={"budget": 100, "budget_edge": "partial"})
    quote = till.redeem((1_000, 1), (2_000, 1), (3_000, 1))["quote"]
    assert [line["discount"] for line in quote["lines"]] == [17, 33, 50]


def test_the_budget_and_the_cap(till: Till) -> None:
    made = till.promotion(
        percent("50", max_discount=80), limits={"budget": 200, "budget_edge": "partial"}
    )
    assert [given(till.redeem((1_000, 1))["quote"])["CODE"] for _ in range(3)] == [80, 80, 40]
    assert till.usage(made)["budget_left"] == 0


def test_shipping_is_paid_from_the_budget(till: Till) -> None:
    made = till.promotion(free_shipping(), limits={"budget": 500})
    till.redeem((1_000, 1), shipping=300)
    assert till.refused((1_000, 1), shipping=300) == {"CODE": "budget_exhausted"}
    till.redeem((1_000, 1), shipping=200)
    assert till.usage(made)["budget_left"] == 0


def test_a_partial_budget_pays_part_of_the_shipping(till: Till) -> None:
    till.promotion(free_shipping(), limits={"budget": 500, "budget_edge": "partial"})
    till.redeem((1_000, 1), shipping=300)
    assert till.redeem((1_000, 1), shipping=300)["quote"]["shipping_discount"] == 200


def test_behind_an_earlier_code_a_code_costs_its_budget_less(till: Till) -> None:
    till.promotion(percent("50"), code="A", stacking="stackable", priority=200)
    till.promotion(percent("10"), code="B", stacking="stackable", limits={"budget": 60})
    assert till.refused((1_000, 1), codes=["B"]) == {"B": "budget_exhausted"}
    assert given(till.redeem((1_000, 1), codes=["A", "B"])["quote"]) == {"A": 500, "B": 50}


def test_the_first_limit_that_is_reached_is_named(till: Till) -> None:
    till.promotion(percent("10"), limits={"total": 1, "per_person": 1, "budget": 100})
    till.redeem((1_000, 1), shopper={"ref": "anna"})
    assert till.refused((1_000, 1), shopper={"ref": "anna"}) == {"CODE": "customer_limit_reached"}
    assert till.refused((1_000, 1), shopper={"ref": "boris"}) == {"CODE": "total_limit_reached"}


def test_limits_of_a_live_promotion_may_be_raised(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1, "per_person": 1, "budget": 100})
    path = f"/promotions/{made['id']}"
    anna = {"shopper": {"ref": "anna"}}
    till.redeem((1_000, 1), **anna)
    for limits, expected in (
        ({"per_person": 2}, "total_limit_reached"),
        ({"total": 2}, "budget_exhausted"),
        ({"budget": 200}, None),
    ):
        assert till.api.patch(path, {"limits": limits}).status_code == 200
        assert reasons(till.quote((1_000, 1), **anna)) == {"CODE": expected}
    till.redeem((1_000, 1), **anna)


@pytest.mark.parametrize(
    "limits",
    [{"total": 1}, {"budget": 100}, {"total": 1, "budget": 100}],
    ids=["total", "budget", "both"],
)
def test_a_limit_that_comes_while_live_counts_what_was_used(till: Till, limits) -> None:
    made = till.promotion(percent("10"))
    till.redeem((1_000, 1))
    answer = till.api.patch(f"/promotions/{made['id']}", {"limits": limits})
    assert answer.status_code == 200
    (why,) = till.refused((1_000, 1)).values()
    assert why in ("total_limit_reached", "budget_exhausted")


@pytest.mark.parametrize("shopper", SAME[::3])
def test_a_limit_per_person_that_comes_while_live_counts_what_was_used(till: Till, shopper) -> None:
    made = till.promotion(percent("10"))
    first = till.redeem((1_000, 1), shopper=ALL)
    path = f"/promotions/{made['id']}"
    assert till.api.patch(path, {"limits": {"per_person": 1}}).status_code == 200
    assert till.refused((1_000, 1), shopper=shopper) == {"CODE": "customer_limit_reached"}
    till.redeem((1_000, 1), shopper={"ref": "boris"})
    assert till.reverse(first, "cancelled")["uses_returned"] == 1
    till.redeem((1_000, 1), shopper=shopper)


def test_a_limit_per_person_that_comes_while_live_counts_holds(till: Till) -> None:
    made = till.promotion(percent("10"))
    held = till.reserve((1_000, 1), shopper={"ref": "anna"})
    path = f"/promotions/{made['id']}"
    assert till.api.patch(path, {"limits": {"per_person": 1}}).status_code == 200
    assert till.refused((1_000, 1), shopper={"ref": "anna"}) == {"CODE": "customer_limit_reached"}
    till.api.delete(f"/reservations/{held['id']}")
    till.redeem((1_000, 1), shopper={"ref": "anna"})


def test_a_limit_per_code_that_comes_while_live_counts_what_was_used(till: Till) -> None:
    made = till.promotion(percent("10"))
    till.redeem((1_000, 1))
    till.redeem((1_000, 1))
    path = f"/promotions/{made['id']}"
    assert till.api.patch(path, {"limits": {"per_code": 3}}).status_code == 200
    till.redeem((1_000, 1))
    assert till.refused((1_000, 1)) == {"CODE": "total_limit_reached"}


def test_a_limit_that_went_and_came_again_counts_all(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"per_person": 3, "total": 9})
    path = f"/promotions/{made['id']}"
    anna = {"shopper": {"ref": "anna"}}
    till.redeem((1_000, 1), **anna)
    till.api.patch(path, {"limits": {"per_person": None, "total": None}})
    till.redeem((1_000, 1), **anna)
    till.api.patch(path, {"limits": {"per_person": 3, "total": 9}})
    till.redeem((1_000, 1), **anna)
    assert till.refused((1_000, 1), **anna) == {"CODE": "customer_limit_reached"}
    assert till.usage(made)["redeemed"] == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"total": 1}),
        ({}, {"budget": 199}),
        ({}, {"per_person": 1}),
        ({}, {"per_code": 1}),
        ({"total": 5}, {"total": 1}),
        ({"budget": 500}, {"budget": 199}),
        ({"per_person": 5}, {"per_person": 1}),
        ({"per_code": 5}, {"per_code": 1}),
        ({"per_person": 5, "total": 5}, {"per_person": 1}),
    ],
)
def test_a_limit_is_not_cut_below_what_is_used(till: Till, before, after) -> None:
    made = till.promotion(percent("10"), limits=before)
    for _ in range(2):
        till.redeem((1_000, 1), shopper={"ref": "anna"})
    path = f"/promotions/{made['id']}"
    shown = till.api.get(path).json()
    is_problem(till.api.patch(path, {"limits": after}), 409, "limit_below_use")
    assert till.api.get(path).json() == shown
    till.redeem((1_000, 1), shopper={"ref": "anna"})


STEPS = list(itertools.product([1, 2], [1, 2, 3]))


@pytest.mark.parametrize(("per_person", "total"), STEPS)
def test_both_limits_hold(till: Till, per_person: int, total: int) -> None:
    made = till.promotion(percent("10"), limits={"per_person": per_person, "total": total})
    used = 0
    for who in ("anna", "boris", "clara"):
        for n in range(3):
            answer = till.try_redeem(cart((1_000, 1), shopper={"ref": who}))
            fits = n < per_person and used < total
            assert answer.status_code == (201 if fits else 409)
            used += fits
    assert till.usage(made)["redeemed"] == used == min(total, 3 * per_person)


def test_a_limit_of_one_seller_says_nothing_of_another(till: Till) -> None:
    till.promotion(fixed(10), code="OURS", limits={"total": 1})
    till.promotion(fixed(10), code="THEIRS", store="s2", limits={"total": 1})
    lines = [(1_000, 1), item(1_000, store="s2")]
    till.redeem((1_000, 1), codes=["OURS"])
    assert till.refused(*lines, codes=["OURS", "THEIRS"]) == {
        "OURS": "total_limit_reached",
        "THEIRS": None,
    }
    till.redeem(*lines, codes=["THEIRS"])
