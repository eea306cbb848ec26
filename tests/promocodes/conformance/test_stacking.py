"""Several codes on one cart (engine.md 6), over HTTP: who goes with whom, in which order, who wins.

Worked out by hand: codes apply in the order item, store, platform, shipping, then the higher
priority, each on what the earlier ones left; the buyer's best allowed set is taken.
"""

import itertools

import pytest

from promocodes import issuing
from tests.promocodes.conformance.till import (
    Till,
    by_line,
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
STACK = {"stacking": "stackable"}
ALONE = {"stacking": "exclusive"}
PLATFORM = {"kind": "platform"}
ITEM = {"applies_to": {"products": ["p1"]}}


def row(name, codes, expected, lost=None, lines=((1_000, 1),), shipping=0):
    """Codes by word `(discount, fields)`, what each gives, why each loser doesn't."""
    return pytest.param(codes, list(lines), shipping, expected, lost or {}, id=name)


TWO_STORES = ((1_000, 1), item(1_000, store="s2"))
CASES = [
    row("one-code", {"A": (percent("10"), {})}, {"A": 100}),
    row(
        "one-per-seller-the-better",
        {"A": (percent("10"), {}), "B": (percent("20"), {})},
        {"B": 200},
        {"A": "replaced"},
    ),
    row(
        "the-better-depends-on-the-cart",
        {"A": (percent("10"), {}), "B": (fixed(150), {})},
        {"A": 200},
        {"B": "replaced"},
        lines=((2_000, 1),),
    ),
    row(
        "the-fixed-one-on-a-small-cart",
        {"A": (percent("10"), {}), "B": (fixed(150), {})},
        {"B": 150},
        {"A": "replaced"},
    ),
    row(
        "two-sellers",
        {"A": (percent("10"), {}), "B": (percent("20"), {"store": "s2"})},
        {"A": 100, "B": 200},
        lines=TWO_STORES,
    ),
    row(
        "two-sellers-and-the-platform",
        {
            "A": (percent("10"), {}),
            "B": (percent("20"), {"store": "s2"}),
            "C": (percent("10"), PLATFORM),
        },
        {"A": 100, "B": 200, "C": 170},
        lines=TWO_STORES,
    ),
    row(
        "seller-platform-and-shipping",
        {
            "A": (percent("10"), {}),
            "C": (percent("10"), PLATFORM),
            "S": (free_shipping(), PLATFORM),
        },
        {"A": 100, "C": 90, "S": 300},
        shipping=300,
    ),
    row(
        "a-sellers-goods-code-and-shipping-code",
        {"A": (percent("10"), {}), "S": (free_shipping(), {})},
        {"A": 100, "S": 300},
        shipping=300,
    ),
    row(
        "one-shipping-code",
        {"S": (free_shipping(max_discount=100), {}), "T": (free_shipping(), PLATFORM)},
        {"T": 300},
        {"S": "replaced"},
        shipping=300,
    ),
    row(
        "two-shipping-codes-that-stack",
        {
            "S": (free_shipping(max_discount=100), STACK),
            "T": (free_shipping(max_discount=250), PLATFORM | STACK),
        },
        {"S": 100, "T": 200},
        shipping=300,
    ),
    row(
        "one-platform-code",
        {"C": (percent("10"), PLATFORM), "D": (fixed(99), PLATFORM)},
        {"C": 100},
        {"D": "replaced"},
    ),
    row(
        "a-friends-code-is-the-platforms",
        {"C": (percent("10"), PLATFORM), "D": (fixed(101), {"kind": "referral"})},
        {"D": 101},
        {"C": "replaced"},
    ),
    row(
        "a-social-code-is-the-sellers",
        {"A": (percent("10"), {}), "B": (percent("11"), {"kind": "social"})},
        {"B": 110},
        {"A": "replaced"},
    ),
    row(
        "two-percents-are-not-added",
        {"A": (percent("50"), STACK), "B": (percent("50"), STACK)},
        {"A": 500, "B": 250},
    ),
    row(
        "three-that-stack",
        {name: (percent("10"), STACK) for name in "ABC"},
        {"A": 100, "B": 90, "C": 81},
    ),
    row(
        "one-default-among-stackable-ones",
        {"A": (percent("10"), {}), "B": (percent("10"), STACK), "C": (percent("10"), STACK)},
        {"A": 100, "B": 90, "C": 81},
    ),
    row(
        "two-defaults-and-a-stackable-one",
        {"A": (percent("10"), {}), "B": (percent("20"), {}), "C": (percent("10"), STACK)},
        {"B": 200, "C": 80},
        {"A": "replaced"},
    ),
    row(
        "an-exclusive-one-that-wins",
        {"A": (percent("10"), {}), "B": (percent("10"), STACK), "X": (percent("50"), ALONE)},
        {"X": 500},
        {"A": "not_combinable", "B": "not_combinable"},
    ),
    row(
        "an-exclusive-one-that-loses",
        {"A": (percent("10"), {}), "B": (percent("10"), STACK), "X": (percent("18"), ALONE)},
        {"A": 100, "B": 90},
        {"X": "not_combinable"},
    ),
    row(
        "an-exclusive-one-by-itself",
        {"X": (percent("18"), ALONE)},
        {"X": 180},
    ),
    row(
        "two-exclusive-ones",
        {"X": (percent("18"), ALONE), "Y": (percent("19"), ALONE)},
        {"Y": 190},
        {"X": "not_combinable"},
    ),
    row(
        "an-exclusive-one-sends-the-shipping-code-away",
        {"S": (free_shipping(), {}), "X": (percent("50"), ALONE)},
        {"X": 500},
        {"S": "not_combinable"},
        shipping=300,
    ),
    row(
        "an-exclusive-one-of-another-seller-too",
        {"A": (percent("10"), {}), "X": (percent("50"), ALONE | {"store": "s2"})},
        {"X": 500},
        {"A": "not_combinable"},
        lines=TWO_STORES,
    ),
    row(
        "item-before-store",
        {"B": (percent("50"), STACK), "A": (fixed(400), STACK | ITEM)},
        {"A": 400, "B": 300},
    ),
    row(
        "store-before-platform",
        {"C": (percent("50"), PLATFORM | STACK), "B": (fixed(400), STACK)},
        {"B": 400, "C": 300},
    ),
    row(
        "item-store-platform-shipping-whatever-the-priority",
        {
            "S": (free_shipping(), STACK | {"priority": 900}),
            "C": (percent("50"), PLATFORM | STACK | {"priority": 800}),
            "B": (percent("50"), STACK | {"priority": 700}),
            "A": (percent("50"), STACK | ITEM),
        },
        {"A": 500, "B": 250, "C": 125, "S": 9},
        shipping=9,
    ),
    row(
        "the-higher-priority-first",
        {"A": (percent("50"), STACK), "B": (fixed(400), STACK | {"priority": 101})},
        {"B": 400, "A": 300},
    ),
    row(
        "the-lower-priority-later",
        {"A": (percent("50"), STACK), "B": (fixed(400), STACK | {"priority": 99})},
        {"A": 500, "B": 400},
    ),
    row(
        "of-equal-priority-the-older",
        {"A": (percent("50"), STACK), "B": (fixed(400), STACK)},
        {"A": 500, "B": 400},
    ),
    row(
        "the-later-is-clamped-to-what-is-left",
        {"A": (fixed(700), STACK), "B": (fixed(700), STACK)},
        {"A": 700, "B": 300},
    ),
    row(
        "nothing-left-for-a-third",
        {name: (fixed(600), STACK) for name in "ABC"},
        {"A": 600, "B": 400},
        {"C": "replaced"},
    ),
    row(
        "a-full-discount-needs-no-second",
        {"A": (percent("50"), STACK), "B": (percent("100"), STACK)},
        {"B": 1_000},
        {"A": "replaced"},
    ),
    row(
        "the-sellers-better-code-beside-the-platforms",
        {"A": (percent("10"), {}), "C": (fixed(500), PLATFORM), "B": (fixed(120), {})},
        {"B": 120, "C": 500},
        {"A": "replaced"},
    ),
    row(
        "the-sellers-better-code-by-what-both-give-in-all",
        {
            "A": (fixed(300), {}),
            "B": (percent("25"), {}),
            "C": (percent("50"), PLATFORM),
        },
        {"A": 300, "C": 350},
        {"B": "replaced"},
    ),
    row(
        "spread-over-what-is-left-of-each-line",
        {"A": (fixed(900), STACK | ITEM), "B": (percent("10"), STACK)},
        {"A": 900, "B": 110},
        lines=((1_000, 1), (1_000, 1)),
    ),
    row(
        "a-cap-counts-on-what-is-left",
        {"A": (percent("50"), STACK), "B": (percent("50", max_discount=200), STACK)},
        {"A": 500, "B": 200},
    ),
    row(
        "a-refused-code-does-not-disturb-the-others",
        {"A": (percent("10"), {}), "B": (percent("90"), {"min_spend": 5_000})},
        {"A": 100},
        {"B": "min_spend_not_met"},
    ),
    row(
        "a-missing-code-does-not-disturb-the-others",
        {"A": (percent("10"), {}), "NOSUCH": None},
        {"A": 100},
        {"NOSUCH": "code_not_found"},
    ),
    row(
        "six-of-six-sellers-and-ways",
        {
            "A": (percent("10"), {}),
            "B": (percent("10"), {"store": "s2"}),
            "C": (percent("10"), {"store": "s3"}),
            "D": (percent("10"), PLATFORM),
            "S": (free_shipping(), {}),
            "E": (fixed(100), PLATFORM | STACK),
        },
        {"A": 100, "B": 100, "C": 100, "D": 270, "S": 50, "E": 100},
        lines=(*TWO_STORES, item(1_000, store="s3")),
        shipping=50,
    ),
    row(
        "six-the-best-of-many-sets",
        {
            "A": (percent("10"), {}),
            "B": (percent("15"), {}),
            "C": (fixed(149), {}),
            "D": (percent("10"), PLATFORM),
            "E": (fixed(84), PLATFORM),
            "X": (percent("23"), ALONE),
        },
        {"B": 150, "D": 85},
        {"A": "replaced", "C": "replaced", "E": "replaced", "X": "not_combinable"},
    ),
]


@pytest.mark.parametrize(("codes", "lines", "shipping", "expected", "lost"), CASES)
def test_stacking(till: Till, codes, lines, shipping, expected, lost) -> None:
    for word, made in codes.items():
        if made is not None:
            till.promotion(made[0], code=word, **made[1])
    for typed in (list(codes), list(reversed(codes))):
        quote = till.quote(*lines, shipping=shipping, codes=typed)
        assert given(quote) == expected
        assert {code: why for code, why in reasons(quote).items() if why} == lost


def test_a_loser_is_told_what_it_would_have_given_and_who_won(till: Till) -> None:
    till.promotion(percent("10"), code="TEN")
    till.promotion(percent("20"), code="TWENTY")
    till.promotion(percent("15"), code="ALONE", stacking="exclusive")
    quote = till.quote((1_000, 1), codes=["TEN", "TWENTY", "ALONE"])
    told = {one["code"]: one["reason"] for one in quote["codes"] if one["reason"]}
    assert {code: why["params"] for code, why in told.items()} == {
        "TEN": {"would_give": 100, "by": "TWENTY"},
        "ALONE": {"would_give": 150, "by": "TWENTY"},
    }


def test_two_codes_of_one_promotion_do_not_go_together(till: Till) -> None:
    till.promotion(percent("10"), code=None, codes={"count": 2}, **STACK)
    issuing.make_due()
    (made,) = till.api.get("/promotions").json()["results"]
    listed = till.api.get(f"/promotions/{made['id']}/codes").json()["results"]
    words = [one["code"] for one in listed]
    quote = till.quote((1_000, 1), codes=words)
    assert quote["discount"] == 100
    assert sorted(reasons(quote).values(), key=str) == [None, "not_combinable"]


def test_one_code_typed_twice_is_one_code(till: Till) -> None:
    till.promotion(percent("10"), **STACK)
    quote = till.quote((1_000, 1), codes=["CODE", "code", " CODE "])
    assert given(quote) == {"CODE": 100}
    assert len(quote["codes"]) == 1


def test_lines_are_discounted_by_their_own_seller(till: Till) -> None:
    till.promotion(fixed(300), code="OURS")
    till.promotion(fixed(300), code="THEIRS", store="s2")
    quote = till.quote((200, 1), item(100, store="s2"), (400, 1), codes=["THEIRS", "OURS"])
    assert by_line(quote) == [100, 100, 200]
    assert [line["by_code"] for line in quote["lines"]] == [
        {"OURS": 100},
        {"THEIRS": 100},
        {"OURS": 200},
    ]


def test_all_codes_or_none(till: Till) -> None:
    ours = till.promotion(percent("10"), code="OURS", limits={"total": 5})
    till.promotion(percent("10"), code="SPENT", store="s2", limits={"total": 1})
    lines = [(1_000, 1), item(1_000, store="s2")]
    till.redeem(item(1_000, store="s2"), codes=["SPENT"])
    assert till.refused(*lines, codes=["OURS", "SPENT"]) == {
        "OURS": None,
        "SPENT": "total_limit_reached",
    }
    held = till.api.post("/reservations", cart(*lines, codes=["OURS", "SPENT"]))
    is_problem(held, 409, "code_refused")
    assert (till.usage(ours)["redeemed"], till.usage(ours)["held"]) == (0, 0)
    assert given(till.redeem(*lines, codes=["OURS"])["quote"]) == {"OURS": 100}


def test_a_loser_makes_the_redemption_fail(till: Till) -> None:
    till.promotion(percent("10"), code="TEN")
    till.promotion(percent("20"), code="TWENTY")
    assert till.refused((1_000, 1), codes=["TEN", "TWENTY"]) == {"TEN": "replaced", "TWENTY": None}


def test_ten_sellers_codes_at_once(till: Till) -> None:
    words = []
    for number in range(10):
        till.store(f"t{number}")
        words.append(f"T{number}")
        till.promotion(percent("10"), code=words[-1], store=f"t{number}")
    lines = [item(1_000, store=f"t{number}") for number in range(10)]
    assert given(till.quote(*lines, codes=words)) == dict.fromkeys(words, 100)


WAYS = list(itertools.product(["default", "stackable", "exclusive"], repeat=2))


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_two_sellers_codes_go_together_unless_one_stands_alone(till: Till, one, other) -> None:
    till.promotion(percent("10"), code="OURS", stacking=one)
    till.promotion(percent("20"), code="THEIRS", store="s2", stacking=other)
    quote = till.quote((1_000, 1), item(1_000, store="s2"), codes=["OURS", "THEIRS"])
    together = "exclusive" not in (one, other)
    assert quote["discount"] == (300 if together else 200)
    assert reasons(quote)["OURS"] == (None if together else "not_combinable")


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_one_sellers_codes_go_together_if_one_is_stackable(till: Till, one, other) -> None:
    till.promotion(percent("10"), code="TEN", stacking=one)
    till.promotion(percent("20"), code="TWENTY", stacking=other)
    quote = till.quote((1_000, 1), codes=["TEN", "TWENTY"])
    if "exclusive" in (one, other):
        assert (quote["discount"], reasons(quote)["TEN"]) == (200, "not_combinable")
    elif "stackable" in (one, other):
        assert given(quote) == {"TEN": 100, "TWENTY": 180}
    else:
        assert (quote["discount"], reasons(quote)["TEN"]) == (200, "replaced")
