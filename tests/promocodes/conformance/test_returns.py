"""What comes back: exact shares in any order, the use by cause, never below zero (engine.md 9)."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.promocodes.conformance.till import (
    Till,
    fixed,
    free_shipping,
    given,
    is_problem,
    item,
    percent,
)

pytestmark = pytest.mark.django_db
CAUSES = ("unpaid", "cancelled", "refunded", "fraud")
EVERY = dict.fromkeys(CAUSES, True)
NONE = dict.fromkeys(CAUSES, False)


def back(line, quantity, discount, amount):
    """A line of a reversal's answer."""
    return {
        "ref": line,
        "quantity": quantity,
        "discount_returned": discount,
        "amount_returned": amount,
    }


def test_all_that_is_left(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 1, "budget": 1_000})
    order = till.redeem((1_000, 2), (500, 1))
    found = till.reverse(order, "cancelled")
    assert found["lines"] == [back("1", 2, 200, 1_800), back("2", 1, 50, 450)]
    assert (found["discount_returned"], found["amount_returned"]) == (250, 2_250)
    assert (found["uses_returned"], found["redemption"]) == (
        1,
        {"id": order["id"], "state": "reversed"},
    )
    assert till.usage(made) == {
        "redeemed": 0,
        "held": 0,
        "reversed": 1,
        "taken": 0,
        "discount": 0,
        "budget_left": 1_000,
    }
    till.redeem((1_000, 1))


PARTS = [
    pytest.param(fixed(100), [(100, 3)], [{"1": 1}] * 3, [34, 33, 33], id="unit-by-unit"),
    pytest.param(fixed(100), [(100, 3)], [{"1": 2}, {"1": 1}], [67, 33], id="two-then-one"),
    pytest.param(fixed(100), [(100, 3)], [{"1": 1}, {"1": 2}], [34, 66], id="one-then-two"),
    pytest.param(fixed(100), [(100, 3)], [{"1": 3}], [100], id="all-at-once"),
    pytest.param(fixed(1), [(1, 7)], [{"1": 3}, {"1": 4}], [1, 0], id="a-coin-goes-once"),
    pytest.param(
        fixed(100),
        [(100, 1)] * 3,
        [{"3": 1}, {"1": 1}, {"2": 1}],
        [33, 34, 33],
        id="any-order",
    ),
    pytest.param(
        percent("10"), [(333, 3), (1, 1)], [{"2": 1}, {"1": 3}], [0, 100], id="a-line-of-nothing"
    ),
    pytest.param(
        percent("10"), [(95, 1), (5, 1)], [{"1": 1}, {"2": 1}], [10, 0], id="where-the-coin-went"
    ),
    pytest.param(
        percent("50", max_discount=100),
        [(333, 1), (333, 1), (334, 1)],
        [{"3": 1}, {"1": 1, "2": 1}],
        [34, 66],
        id="a-capped-discount",
    ),
    pytest.param(percent("100"), [(7, 10)], [{"1": 9}, {"1": 1}], [63, 7], id="all-was-free"),
    pytest.param(
        percent("33.33"), [(999, 10_000)], [{"1": 9_999}, {"1": 1}], [3_329_335, 332], id="many"
    ),
]


@pytest.mark.parametrize(("discount", "lines", "steps", "expected"), PARTS)
def test_parts_give_back_their_own_shares(till: Till, discount, lines, steps, expected) -> None:
    made = till.promotion(discount, give_back=EVERY, limits={"total": 1, "budget": 5_000_000})
    order = till.redeem(*lines)
    whole, paid = order["quote"]["discount"], order["quote"]["total"]
    told, uses = [], 0
    for number, step in enumerate(steps, 1):
        answer = till.try_reverse(order, "refunded", step)
        assert answer.status_code == 201
        found = answer.json()
        told.append(found["discount_returned"])
        paid -= found["amount_returned"]
        over = number == len(steps)
        assert found["redemption"]["state"] == ("reversed" if over else "part_reversed")
        uses += found["uses_returned"]
        assert till.usage(made)["discount"] == whole - sum(told)
    assert told == expected
    assert (paid, uses) == (0, 1)
    assert till.usage(made)["budget_left"] == 5_000_000


STEPS = [("1", 2), ("1", 1), ("2", 1), ("3", 2)]
# Half of all orders; the others are these from behind.
ORDERS = [steps for steps in itertools.permutations(STEPS) if steps < steps[::-1]]


@pytest.mark.parametrize("steps", ORDERS)
def test_any_order_of_part_returns_ends_at_exactly_zero(till: Till, steps) -> None:
    ours = till.promotion(percent("13.37"), code="OURS", give_back=EVERY, limits={"budget": 9_999})
    all_ = till.promotion(fixed(101), code="ALL", kind="platform", give_back=EVERY)
    order = till.redeem((333, 3), (7, 1), item(99, 2, store="s2"), codes=["OURS", "ALL"])
    discount, paid = order["quote"]["discount"], order["quote"]["total"]
    uses = 0
    for ref, quantity in steps:
        found = till.try_reverse(order, "refunded", {ref: quantity}).json()
        discount -= found["discount_returned"]
        paid -= found["amount_returned"]
        uses += found["uses_returned"]
        assert discount >= 0
        assert paid >= 0
    assert (discount, paid, uses) == (0, 0, 2)
    assert found["redemption"]["state"] == "reversed"
    for made in (ours, all_):
        usage = till.usage(made)
        assert (usage["redeemed"], usage["reversed"], usage["discount"]) == (0, 1, 0)
    assert till.usage(ours)["budget_left"] == 9_999


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("gives", [True, False])
def test_the_use_comes_back_by_cause_and_the_money_always(till: Till, cause, gives) -> None:
    made = till.promotion(
        percent("10"),
        give_back=dict.fromkeys(CAUSES, not gives) | {cause: gives},
        limits={"total": 1, "per_person": 1, "budget": 100},
    )
    anna = {"shopper": {"ref": "anna"}}
    found = till.reverse(till.redeem((1_000, 1), **anna), cause)
    assert (found["uses_returned"], found["discount_returned"]) == (int(gives), 100)
    assert till.usage(made)["budget_left"] == 100
    if gives:
        till.redeem((1_000, 1), **anna)
    else:
        assert till.refused((1_000, 1), **anna) == {"CODE": "customer_limit_reached"}
        other = {"shopper": {"ref": "boris"}}
        assert till.refused((1_000, 1), **other) == {"CODE": "total_limit_reached"}


@pytest.mark.parametrize(
    ("cause", "uses"), [("unpaid", 1), ("cancelled", 1), ("refunded", 0), ("fraud", 0)]
)
def test_which_causes_give_back_unless_said_otherwise(till: Till, cause, uses) -> None:
    till.promotion(percent("10"))
    assert till.reverse(till.redeem((1_000, 1)), cause)["uses_returned"] == uses


def test_the_last_part_decides_of_the_use(till: Till) -> None:
    till.promotion(percent("10"), give_back=NONE | {"cancelled": True})
    for causes, uses in ((("refunded", "cancelled"), 1), (("cancelled", "refunded"), 0)):
        order = till.redeem((1_000, 2))
        parts = [till.reverse(order, cause, line1=1) for cause in causes]
        assert [part["uses_returned"] for part in parts] == [0, uses]


def test_a_code_is_over_when_its_own_lines_came_back(till: Till) -> None:
    till.promotion(percent("10"), code="OURS", give_back=EVERY, limits={"total": 1})
    order = till.redeem((1_000, 1), item(500, store="s2"), codes=["OURS"])
    found = till.reverse(order, line1=1)
    assert (found["uses_returned"], found["redemption"]["state"]) == (1, "part_reversed")
    till.redeem((1_000, 1), codes=["OURS"])
    rest = till.reverse(order)
    assert (rest["uses_returned"], rest["discount_returned"], rest["amount_returned"]) == (
        0,
        0,
        500,
    )


def test_a_line_that_was_not_discounted_comes_back_at_its_price(till: Till) -> None:
    till.promotion(percent("10"))
    order = till.redeem((1_000, 1), item(500, 3, store="s2"))
    assert till.reverse(order, line2=2)["lines"] == [back("2", 2, 0, 1_000)]


def test_an_order_without_codes_comes_back_too(till: Till) -> None:
    order = till.redeem((1_000, 2), codes=[])
    found = till.reverse(order, line1=1)
    assert (found["amount_returned"], found["uses_returned"]) == (1_000, 0)
    assert till.reverse(order)["redemption"]["state"] == "reversed"


@pytest.mark.parametrize(
    "steps",
    [
        [{"1": 4}],
        [{"1": 3}, {"1": 1}],
        [{"1": 2}, {"1": 2}],
        [{"2": 2}],
        [None, {"1": 1}],
        [{"2": 1}, {"1": 1, "2": 1}],
        [{"1": 100_000}],
    ],
)
def test_never_more_units_than_were_sold(till: Till, steps) -> None:
    made = till.promotion(percent("10"), give_back=EVERY, limits={"total": 1, "budget": 1_000})
    order = till.redeem((100, 3), (50, 1))
    for step in steps[:-1]:
        assert till.try_reverse(order, "refunded", step).status_code == 201
    before = till.usage(made)
    is_problem(till.try_reverse(order, "refunded", steps[-1]), 422, "too_many_units")
    assert till.usage(made) == before
    rest = till.reverse(order)
    assert till.usage(made)["discount"] == 0
    assert rest["redemption"]["state"] == "reversed"


def test_a_line_that_is_not_of_the_order(till: Till) -> None:
    till.promotion(percent("10"))
    order = till.redeem((100, 3))
    is_problem(till.try_reverse(order, "refunded", {"9": 1}), 422, "line_unknown")
    is_problem(till.try_reverse(order, "refunded", {"1": 1, "9": 1}), 422, "line_unknown")
    assert till.reverse(order)["lines"] == [back("1", 3, 30, 270)]


def test_a_list_without_lines_is_not_all_that_is_left(till: Till) -> None:
    till.promotion(percent("10"))
    order = till.redeem((100, 3))
    body = is_problem(till.try_reverse(order, "refunded", lines={}), 400, "invalid")
    assert list(body["errors"]) == ["lines"]
    assert till.api.get(f"/redemptions/{order['id']}").json()["state"] == "redeemed"
    path = f"/redemptions/{order['id']}/reversals"
    null = {"reversal_ref": "null", "cause": "refunded", "lines": None}
    assert till.api.post(path, null).json()["lines"] == [back("1", 3, 30, 270)]


def test_repeated_by_its_ref_it_is_the_same_reversal(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"budget": 1_000})
    order = till.redeem((100, 3))
    one = till.try_reverse(order, "refunded", {"1": 1}, reversal_ref="same")
    left = till.usage(made)["budget_left"]
    for _ in range(3):
        again = till.try_reverse(order, "refunded", {"1": 1}, reversal_ref="same")
        assert (again.status_code, again.json()) == (200, one.json())
    assert till.usage(made)["budget_left"] == left == 980
    for lines, cause in (({"1": 2}, "refunded"), (None, "refunded"), ({"1": 1}, "fraud")):
        other = till.try_reverse(order, cause, lines, reversal_ref="same")
        is_problem(other, 422, "reversal_ref_used")
    rest = till.try_reverse(order, "refunded", {"1": 2}, reversal_ref="other")
    assert rest.json()["discount_returned"] == 20
    again = till.try_reverse(order, "refunded", {"1": 1}, reversal_ref="same")
    assert (again.status_code, again.json()) == (200, one.json())


def test_one_reversal_ref_on_two_orders(till: Till) -> None:
    till.promotion(percent("10"))
    for _ in range(2):
        answer = till.try_reverse(till.redeem((100, 3)), "refunded", reversal_ref="same")
        assert answer.status_code == 201


def test_when_all_is_back_there_is_nothing_left(till: Till) -> None:
    made = till.promotion(percent("10"), give_back=EVERY, limits={"total": 2})
    order = till.redeem((1_000, 1))
    till.reverse(order)
    again = till.reverse(order, "cancelled")
    assert (again["lines"], again["discount_returned"], again["amount_returned"]) == ([], 0, 0)
    assert (again["uses_returned"], again["redemption"]["state"]) == (0, "reversed")
    assert till.usage(made)["redeemed"] == 0
    till.redeem((1_000, 1))
    till.redeem((1_000, 1))
    assert till.refused((1_000, 1)) == {"CODE": "total_limit_reached"}


@pytest.mark.parametrize("over", ["expired", "cancelled", "dearer", "without-give-back"])
def test_it_works_when_the_promotion_is_over(till: Till, over) -> None:
    made = till.promotion(percent("10"), limits={"total": 1, "budget": 1_000})
    order = till.redeem((100, 3))
    path = f"/promotions/{made['id']}"
    if over == "cancelled":
        till.api.post(f"{path}/cancel")
    else:
        change = {
            "expired": {"ends_at": (datetime.now(UTC) - timedelta(days=1)).isoformat()},
            "dearer": {"discount": percent("90")},
            "without-give-back": {"give_back": NONE},
        }[over]
        assert till.api.patch(path, change).status_code == 200
    found = till.reverse(order, "cancelled")
    assert (found["discount_returned"], found["uses_returned"]) == (30, 1)
    assert till.usage(made)["budget_left"] == 1_000


SHIPPED = [("unpaid", 300), ("cancelled", 300), ("fraud", 300), ("refunded", 0)]


@pytest.mark.parametrize(("cause", "shipping"), SHIPPED)
def test_the_shipping_comes_back_unless_the_goods_were_shipped(till: Till, cause, shipping) -> None:
    made = till.promotion(free_shipping(), give_back=EVERY, limits={"budget": 1_000})
    order = till.redeem((100, 2), shipping=300)
    part = till.reverse(order, cause, line1=1)
    assert (part["shipping_discount_returned"], part["uses_returned"]) == (0, 0)
    rest = till.reverse(order, cause)
    assert (rest["shipping_discount_returned"], rest["uses_returned"]) == (shipping, 1)
    assert rest["discount_returned"] == 0
    assert till.usage(made)["budget_left"] == 700 + shipping


def test_each_code_gets_its_own_share_back(till: Till) -> None:
    a = till.promotion(percent("50"), code="A", stacking="stackable", limits={"budget": 10_000})
    b = till.promotion(percent("50"), code="B", stacking="stackable", limits={"budget": 10_000})
    order = till.redeem((1_000, 3), codes=["A", "B"])
    assert given(order["quote"]) == {"A": 1_500, "B": 750}
    found = till.reverse(order, line1=2)
    assert (found["discount_returned"], found["amount_returned"]) == (1_500, 500)
    assert (till.usage(a)["budget_left"], till.usage(b)["budget_left"]) == (9_500, 9_750)


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_in_another_currency(till: Till, currency) -> None:
    till.promotion(fixed(100), currency=currency)
    order = till.redeem((999, 3), currency=currency)
    told = [till.reverse(order, line1=1)["discount_returned"] for _ in range(3)]
    assert told == [34, 33, 33]


def test_first_units_are_the_first_to_come_back(till: Till) -> None:
    till.promotion(percent("50"), max_units_per_line=2)
    order = till.redeem((100, 4))
    told = [till.reverse(order, line1=1)["discount_returned"] for _ in range(4)]
    assert told == [50, 50, 0, 0]


def test_a_reservation_has_nothing_to_reverse(till: Till) -> None:
    till.promotion(percent("10"))
    held = till.reserve((100, 1))
    is_problem(till.try_reverse(held, "cancelled"), 409, "not_redeemed")
    till.api.delete(f"/reservations/{held['id']}")
    is_problem(till.try_reverse(held, "cancelled"), 409, "not_redeemed")


def test_the_report_is_net_of_what_came_back(till: Till) -> None:
    made = till.promotion(percent("10"))
    order = till.redeem((1_000, 2))
    till.reverse(till.redeem((500, 1)), "cancelled")
    till.reverse(order, line1=1)
    report = till.api.get(f"/promotions/{made['id']}/report").json()["totals"]
    assert (report["uses"], report["reversed"]) == (1, 1)
    assert (report["sales"], report["discount"]) == (900, 100)


def test_what_came_back_in_part_is_shown_by_line(till: Till) -> None:
    till.promotion(percent("10"), applies_to={"products": ["p1"]})
    order = till.redeem((1_000, 3), (500, 2))
    path = f"/redemptions/{order['id']}"
    till.reverse(order, "refunded", line2=1, line1=2)
    till.reverse(order, "refunded", line1=1)
    found = till.api.get(path).json()
    assert found["lines"] == [
        {"ref": "1", "quantity": 3, "returned": 3},
        {"ref": "2", "quantity": 2, "returned": 1},
    ]
    assert [one["discount_returned"] for one in found["reversals"]] == [200, 100]
    assert found["state"] == "part_reversed"
    assert {name: found[name] for name in order} == order | {"state": "part_reversed"}


def test_of_mixed_causes_the_one_that_completes_decides_on_the_use(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 2})
    for first, last, taken in (("cancelled", "refunded", 1), ("refunded", "cancelled", 1)):
        order = till.redeem((1_000, 2))
        till.reverse(order, first, line1=1)
        till.reverse(order, last)
        assert till.usage(made)["taken"] == taken
