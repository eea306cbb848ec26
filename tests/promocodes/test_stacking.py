"""Several codes: which go together, in which order, and that the best is the best."""

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promocodes import pricing, stacking, units
from promocodes.cart import Cart
from promocodes.eligibility import CodeFacts, eligible_lines
from promocodes.pricing import Left
from promocodes.stacking import Candidate
from promocodes.terms import Limits
from tests.factories.promocodes import make_terms
from tests.promocodes.strategies import carts, codes, facts


def whole(*lines: tuple[int, int], shipping: int = 0) -> Left:
    return Left([[(quantity, price)] for price, quantity in lines], shipping)


def candidate(number: int, *, lines: tuple[int, ...] = (0,), **fields) -> Candidate:
    terms = {
        name: fields.pop(name)
        for name in list(fields)
        if name not in {"kind", "store", "limits", "budget_left_minor", "promotion_id"}
    }
    fields.setdefault("store", "s1")
    return Candidate(facts(number, terms=make_terms(**terms), **fields), lines)


def result(*candidates: Candidate, left: Left) -> tuple[dict[str, int], dict[str, str]]:
    outcome = stacking.best(candidates, left)
    return (
        {found.facts.code: share.total_minor for found, share in outcome.shares},
        {found.facts.code: str(why.reason) for found, why in outcome.refused},
    )


def test_one_code_per_seller_and_the_better_replaces_the_other() -> None:
    ten, twenty = candidate(1, percent_bp=1000), candidate(2, percent_bp=2000)
    assert result(ten, twenty, left=whole((1_000, 1))) == (
        {"CODE2": 200},
        {"CODE1": "replaced"},
    )


def test_a_loser_is_told_what_it_would_have_given_and_who_won() -> None:
    ten, twenty = candidate(1, percent_bp=1000), candidate(2, percent_bp=2000)
    ((_, refusal),) = stacking.best([ten, twenty], whole((1_000, 1))).refused
    assert refusal.params == {"would_give": 100, "by": "CODE2"}


def test_codes_of_two_sellers_and_one_platform_and_one_shipping_go_together() -> None:
    found = result(
        candidate(1, percent_bp=1000),
        candidate(2, percent_bp=1000, lines=(1,), store="s2"),
        candidate(3, percent_bp=1000, lines=(0, 1), kind="platform", store=""),
        candidate(4, discount_type="free_shipping", kind="platform", store=""),
        left=whole((1_000, 1), (1_000, 1), shipping=300),
    )
    assert found == ({"CODE1": 100, "CODE2": 100, "CODE3": 180, "CODE4": 300}, {})


def test_only_one_platform_and_one_shipping_code() -> None:
    found = result(
        candidate(1, percent_bp=1000, kind="platform", store=""),
        candidate(2, percent_bp=2000, kind="referral", store=""),
        candidate(3, discount_type="free_shipping", max_discount_minor=50),
        candidate(4, discount_type="free_shipping", kind="platform", store=""),
        left=whole((1_000, 1), shipping=300),
    )
    assert found == ({"CODE2": 200, "CODE4": 300}, {"CODE1": "replaced", "CODE3": "replaced"})


def test_a_stackable_code_goes_with_any_that_is_not_exclusive() -> None:
    found = result(
        candidate(1, percent_bp=1000),
        candidate(2, percent_bp=1000, stacking="stackable"),
        candidate(3, percent_bp=1000, stacking="stackable"),
        left=whole((1_000, 1)),
    )
    assert found == ({"CODE1": 100, "CODE2": 90, "CODE3": 81}, {})


@pytest.mark.parametrize(
    ("percent", "winners", "losers"),
    [
        (5000, {"CODE3": 500}, {"CODE1": "not_combinable", "CODE2": "not_combinable"}),
        (1000, {"CODE1": 100, "CODE2": 90}, {"CODE3": "not_combinable"}),
    ],
)
def test_an_exclusive_code_stands_alone_or_not_at_all(
    percent: int, winners: dict, losers: dict
) -> None:
    found = result(
        candidate(1, percent_bp=1000),
        candidate(2, percent_bp=1000, stacking="stackable"),
        candidate(3, percent_bp=percent, stacking="exclusive"),
        left=whole((1_000, 1)),
    )
    assert found == (winners, losers)


def test_two_codes_of_one_promotion_never_go_together() -> None:
    one = candidate(1, percent_bp=1000, stacking="stackable")
    other = Candidate(
        facts(
            2,
            promotion_id=one.facts.promotion_id,
            terms=one.facts.terms,
            store="s1",
        ),
        (0,),
    )
    assert result(one, other, left=whole((1_000, 1))) == (
        {"CODE1": 100},
        {"CODE2": "not_combinable"},
    )


def test_item_before_store_before_platform_before_shipping_whatever_the_priority() -> None:
    stackable = {"stacking": "stackable"}
    shipping = candidate(1, discount_type="free_shipping", priority=900, **stackable)
    platform = candidate(2, percent_bp=5000, priority=800, kind="platform", store="", **stackable)
    store = candidate(3, percent_bp=5000, priority=700, **stackable)
    item = candidate(4, percent_bp=5000, scope="products", products=("p1",), **stackable)
    outcome = stacking.best([shipping, platform, store, item], whole((1_000, 1), shipping=9))
    assert [(found.facts.code, share.total_minor) for found, share in outcome.shares] == [
        ("CODE4", 500),
        ("CODE3", 250),
        ("CODE2", 125),
        ("CODE1", 9),
    ]


def test_the_higher_priority_applies_first_then_the_lower_id() -> None:
    stackable = {"stacking": "stackable", "percent_bp": 5000}
    outcome = stacking.best(
        [
            candidate(1, **stackable),
            candidate(2, **stackable),
            candidate(3, priority=200, **stackable),
        ],
        whole((1_000, 1)),
    )
    assert [found.facts.code for found, _ in outcome.shares] == ["CODE3", "CODE1", "CODE2"]


def test_of_equal_savings_the_fewer_codes_then_the_lower_id() -> None:
    assert result(
        candidate(2, percent_bp=1000), candidate(1, percent_bp=1000), left=whole((1_000, 1))
    ) == ({"CODE1": 100}, {"CODE2": "replaced"})
    found = result(
        candidate(1, percent_bp=5000, stacking="stackable"),
        candidate(2, percent_bp=10_000, stacking="stackable"),
        left=whole((1_000, 1)),
    )
    assert found == ({"CODE2": 1_000}, {"CODE1": "replaced"})


def test_a_minimum_after_earlier_codes() -> None:
    after = {"min_spend_basis": "after_earlier_codes", "stacking": "stackable"}
    first = candidate(1, amount_minor=300, priority=200, stacking="stackable")
    outcome = stacking.best(
        [first, candidate(2, amount_minor=100, min_spend_minor=800, **after)], whole((1_000, 1))
    )
    assert [found.facts.code for found, _ in outcome.shares] == ["CODE1"]
    ((_, refusal),) = outcome.refused
    assert (str(refusal.reason), refusal.params["missing"]) == ("min_spend_not_met", 100)
    found = result(
        first, candidate(2, amount_minor=100, min_spend_minor=700, **after), left=whole((1_000, 1))
    )
    assert found == ({"CODE1": 300, "CODE2": 100}, {})


def test_at_the_edge_of_a_budget_refuse_whole_or_pay_what_is_left() -> None:
    limits = Limits(budget_minor=500)
    assert result(
        candidate(1, percent_bp=1000, budget_left_minor=99, limits=limits), left=whole((1_000, 1))
    ) == ({}, {"CODE1": "budget_exhausted"})
    partial = Limits(budget_minor=500, budget_edge="partial")
    assert result(
        candidate(1, percent_bp=1000, budget_left_minor=99, limits=partial),
        left=whole((1_000, 1)),
    ) == ({"CODE1": 99}, {})
    assert result(
        candidate(1, percent_bp=1000, budget_left_minor=100, limits=limits),
        left=whole((1_000, 1)),
    ) == ({"CODE1": 100}, {})


def test_a_code_too_dear_for_its_budget_alone_may_fit_behind_another() -> None:
    first = candidate(1, percent_bp=5000, priority=200, stacking="stackable")
    second = candidate(
        2,
        percent_bp=1000,
        stacking="stackable",
        budget_left_minor=60,
        limits=Limits(budget_minor=60),
    )
    assert result(first, second, left=whole((1_000, 1))) == ({"CODE1": 500, "CODE2": 50}, {})


def test_a_code_that_would_be_spent_for_nothing_is_not_used() -> None:
    assert result(candidate(1, percent_bp=1), left=whole((1, 1))) == (
        {},
        {"CODE1": "no_eligible_items"},
    )


def test_ten_sellers_codes_at_once() -> None:
    many = [
        candidate(number, percent_bp=1000, lines=(number,), store=f"s{number}")
        for number in range(10)
    ]
    applied, refused = result(*many, left=whole(*[(1_000, 1)] * 10))
    assert sum(applied.values()) == 1_000
    assert not refused


def allowed(chosen: tuple[CodeFacts, ...]) -> bool:
    """The rule of engine.md 6, written down once more."""
    places = [
        "shipping"
        if one.terms.discount_type == "free_shipping"
        else (one.store if one.kind == "store" else "platform")
        for one in chosen
        if one.terms.stacking == "default"
    ]
    exclusive = any(one.terms.stacking == "exclusive" for one in chosen)
    return len(places) == len(set(places)) and not (exclusive and len(chosen) > 1)


def worth(chosen: tuple[CodeFacts, ...], cart: Cart) -> int | None:
    """What a set saves, applied in order by hand; None when one of them can't be used in it."""
    left = Left([[(x.quantity, x.unit_price_minor)] for x in cart.lines], cart.shipping_minor)
    total = 0
    for one in sorted(chosen, key=order):
        lines = eligible_lines(one, cart)
        partial = one.limits.budget_edge == "partial"
        if one.terms.min_spend_basis == "after_earlier_codes":
            spent = sum(units.total(left.lines[i]) for i in lines)
            if spent < one.terms.min_spend_minor:
                return None
        share = pricing.apply(
            pricing.Offer(
                id=one.code_id,
                terms=one.terms,
                lines=lines,
                cap_minor=one.budget_left_minor if partial else None,
            ),
            left,
        )
        if share.total_minor == 0 or share.total_minor > (one.budget_left_minor or 10**30):
            return None
        left = pricing.take(left, share)
        total += share.total_minor
    return total


def order(one: CodeFacts) -> tuple[int, int, str]:
    stage = 0 if one.terms.scope != "storewide" else 1
    if one.kind == "platform":
        stage = 2
    if one.terms.discount_type == "free_shipping":
        stage = 3
    return stage, -one.terms.priority, str(one.code_id)


@settings(max_examples=150, deadline=None)
@given(carts(most=3), st.data())
def test_the_best_is_really_the_best_of_all_allowed(cart: Cart, data: st.DataObject) -> None:
    found = [data.draw(codes(number)) for number in range(1, data.draw(st.integers(2, 5)))]
    candidates = [Candidate(one, eligible_lines(one, cart)) for one in found]
    left = Left([[(x.quantity, x.unit_price_minor)] for x in cart.lines], cart.shipping_minor)
    outcome = stacking.best(candidates, left)
    sets = chain.from_iterable(combinations(found, size) for size in range(1, len(found) + 1))
    worths = [worth(chosen, cart) for chosen in sets if allowed(chosen)]
    assert outcome.total_minor == max((x for x in worths if x is not None), default=0)
    chosen = tuple(one.facts for one, _ in outcome.shares)
    assert allowed(chosen)
    named = [one.facts.code for one, _ in outcome.shares + outcome.refused]
    assert sorted(named) == sorted(one.code for one in found)
    spent = left
    for _, share in outcome.shares:
        assert share.total_minor > 0
        spent = pricing.take(spent, share)
    assert all(value >= 0 for runs in spent.lines for _, value in runs)
    assert spent.shipping_minor >= 0


@pytest.mark.parametrize(("percent_bp", "winners"), [(9_900, 1), (9_000, 7)])
def test_of_many_codes_one_that_stands_alone_wins_only_if_it_gives_most(
    percent_bp: int, winners: int
) -> None:
    alone = candidate(
        9, percent_bp=percent_bp, lines=tuple(range(7)), kind="platform", stacking="exclusive"
    )
    sellers = [
        candidate(number, percent_bp=9_500, lines=(number,), store=f"s{number}")
        for number in range(7)
    ]
    applied, refused = result(alone, *sellers, left=whole(*[(1_000, 1)] * 7))
    assert len(applied) == winners
    assert sum(applied.values()) == max(percent_bp * 7 // 10, 6_650)
    assert len(refused) == 8 - winners
