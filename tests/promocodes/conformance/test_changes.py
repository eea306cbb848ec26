"""What PATCH changes, and nothing else: a live deal must not widen by an omission."""

import pytest

from tests.promocodes.conformance.till import (
    Till,
    by_line,
    fixed,
    free_shipping,
    is_problem,
    item,
    percent,
)

pytestmark = pytest.mark.django_db


def change(till: Till, made: dict, **body) -> dict:
    answer = till.api.patch(f"/promotions/{made['id']}", body)
    assert answer.status_code == 200, answer.content
    return answer.json()


SCOPES = [
    pytest.param(
        {"products": ["p1", "p2"]},
        {"exclude_products": ["p2"]},
        {"scope": "products", "products": ["p1", "p2"], "exclude_products": ["p2"]},
        id="products-stay-when-some-are-left-out",
    ),
    pytest.param(
        {"products": ["p1"], "exclude_products": ["p9"]},
        {"products": ["p2"]},
        {"scope": "products", "products": ["p2"], "exclude_products": ["p9"]},
        id="what-is-left-out-stays-left-out",
    ),
    pytest.param(
        {"products": ["p1"]},
        {"scope": "storewide"},
        {"scope": "storewide", "products": []},
        id="another-scope-begins-anew",
    ),
    pytest.param(
        {"products": ["p1"]},
        {"categories": ["mugs"]},
        {"scope": "categories", "products": [], "categories": ["mugs"]},
        id="another-scope-by-what-is-named",
    ),
    pytest.param({"products": ["p1"]}, {}, {"scope": "products", "products": ["p1"]}, id="nothing"),
    pytest.param(
        {"exclude_products": ["p1"]},
        {"exclude_products": []},
        {"scope": "storewide", "exclude_products": []},
        id="emptied",
    ),
]


@pytest.mark.parametrize(("before", "told", "after"), SCOPES)
def test_scope(till: Till, before, told, after) -> None:
    made = till.promotion(percent("10"), applies_to=before)
    found = change(till, made, applies_to=told)["applies_to"]
    assert {name: found[name] for name in after} == after


def test_named_products_are_not_emptied_into_the_whole_store(till: Till) -> None:
    made = till.promotion(percent("10"), applies_to={"products": ["p1"]})
    answer = till.api.patch(f"/promotions/{made['id']}", {"applies_to": {"products": []}})
    assert list(is_problem(answer, 400, "invalid")["errors"]) == ["applies_to.products"]
    assert by_line(till.quote((1_000, 1), (1_000, 1))) == [100, 0]


def test_a_platform_codes_stores_stay(till: Till) -> None:
    made = till.promotion(percent("10"), kind="platform", stores=["s1"])
    change(till, made, applies_to={"exclude_products": ["p9"]}, name="Other")
    assert by_line(till.quote((1_000, 1), item(1_000, store="s2"))) == [100, 0]
    change(till, made, stores=["s2"])
    assert by_line(till.quote((1_000, 1), item(1_000, store="s2"))) == [0, 100]


@pytest.mark.parametrize(
    ("before", "told", "after"),
    [
        (percent("10", max_discount=50), percent("20"), percent("20", max_discount=50)),
        (percent("10", max_discount=50), percent("20", max_discount=None), percent("20")),
        (percent("10"), {"type": "percent", "max_discount": 7}, percent("10", max_discount=7)),
        (percent("10", max_discount=50), fixed(100), fixed(100)),
        (fixed(100), percent("5"), percent("5")),
        (fixed(100, max_discount=50), free_shipping(), free_shipping()),
        (free_shipping(max_discount=50), free_shipping(), free_shipping(max_discount=50)),
        (percent("10", max_discount=50), {"percent": "50"}, percent("50", max_discount=50)),
        (percent("10"), {"max_discount": 50}, percent("10", max_discount=50)),
        (percent("10", max_discount=50), {"max_discount": None}, percent("10")),
        (fixed(100, max_discount=50), {"amount": 70}, fixed(70, max_discount=50)),
        (fixed(100), {"type": None, "amount": 70, "percent": None}, fixed(70)),
        (percent("10"), {}, percent("10")),
    ],
)
def test_discount(till: Till, before, told, after) -> None:
    made = till.promotion(before)
    empty = {"percent": None, "amount": None, "max_discount": None}
    assert change(till, made, discount=told)["discount"] == empty | after


@pytest.mark.parametrize(
    ("before", "told", "field"),
    [
        (percent("10"), {"amount": 70}, "discount.amount"),
        (fixed(100), {"percent": "5"}, "discount.percent"),
        (free_shipping(), {"amount": 70}, "discount.amount"),
        (percent("10"), {"type": "fixed"}, "discount.amount"),
        (percent("10"), {"type": "fixed", "percent": "10", "amount": 5}, "discount.percent"),
    ],
)
def test_what_does_not_fit_the_type_is_refused(till: Till, before, told, field) -> None:
    made = till.promotion(before)
    path = f"/promotions/{made['id']}"
    answer = till.api.patch(path, {"discount": told})
    assert list(is_problem(answer, 400, "invalid")["errors"]) == [field]
    assert till.api.get(path).json() == made


def test_what_is_not_told_stays(till: Till) -> None:
    made = till.promotion(
        percent("10", max_discount=500),
        allocation="each_unit",
        max_units_per_line=3,
        applies_to={"products": ["p1"], "exclude_products": ["p2"]},
        min_spend=100,
        min_spend_basis="after_earlier_codes",
        first_order_only=True,
        limits={
            "total": 9,
            "per_person": 2,
            "per_code": 8,
            "budget": 700,
            "budget_edge": "partial",
        },
        stacking="stackable",
        priority=7,
        starts_at="2026-01-01T00:00:00+03:00",
        ends_at="2090-01-01T00:00:00+03:00",
        timezone="Europe/Moscow",
        give_back={"unpaid": False, "cancelled": True, "refunded": True, "fraud": False},
    )
    found = change(till, made, name="Renamed")
    assert found == made | {"name": "Renamed"}
    found = change(till, made, priority=8)
    assert found == made | {"name": "Renamed", "priority": 8, "terms_version": 2}
    found = change(till, made, limits={"total": 10})
    assert found["limits"] == made["limits"] | {"total": 10}
    assert found["terms_version"] == 2
    assert change(till, made, give_back={"fraud": True})["give_back"] == (
        made["give_back"] | {"fraud": True}
    )


def test_null_takes_a_bound_away(till: Till) -> None:
    made = till.promotion(
        percent("10", max_discount=5),
        max_units_per_line=1,
        min_spend=1_000,
        ends_at="2090-01-01T00:00:00Z",
        limits={"total": 1, "per_person": 1, "budget": 50},
    )
    found = change(
        till,
        made,
        discount={"type": "percent", "max_discount": None},
        max_units_per_line=None,
        min_spend=None,
        ends_at=None,
        limits={"total": None, "per_person": None, "budget": None},
    )
    assert (found["discount"]["max_discount"], found["max_units_per_line"]) == (None, None)
    assert (found["min_spend"], found["ends_at"]) == (0, None)
    assert found["usage"]["budget_left"] is None
    for _ in range(2):
        assert till.redeem((500, 2))["quote"]["discount"] == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [("share_with_affiliates", True), ("currency", "USD"), ("kind", "social"), ("store", "s2")],
)
def test_what_is_frozen(till: Till, name, value) -> None:
    made = till.promotion(percent("10"))
    path = f"/promotions/{made['id']}"
    is_problem(till.api.patch(path, {name: value}), 422, "frozen")
    assert till.api.get(path).json() == made
    assert change(till, made, **{name: made[name]}) == made


@pytest.mark.parametrize(
    "body",
    [
        {"code": "OTHER"},
        {"codes": {"count": 5}},
        {"state": "live"},
        {"id": "x"},
        {"usage": {}},
        {"limits": {"redeemed": 0}},
        {"discount": percent("101")},
        {"discount": {"amount": 5}},
        {"min_spend": -1},
    ],
)
def test_what_can_not_be_changed_so(till: Till, body) -> None:
    made = till.promotion(percent("10"))
    path = f"/promotions/{made['id']}"
    is_problem(till.api.patch(path, body), 400, "invalid")
    assert till.api.get(path).json() == made
