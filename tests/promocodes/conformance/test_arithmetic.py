"""What a code takes off: worked out by hand from engine.md 5, asked over HTTP.

Percent: exact on the sum of the fitting lines, half-up once, cap, clamp, largest remainder over the
lines (ties: the earlier), then over the units. An expectation is one number for a line, or the list
of its units.
"""

from typing import Any

import pytest

from tests.promocodes.conformance.till import (
    Till,
    by_line,
    fixed,
    free_shipping,
    given,
    item,
    percent,
    reasons,
)

pytestmark = pytest.mark.django_db
MOST = 10**12 - 1


def row(
    name: str,
    discount: Any,
    lines: list[Any],
    expected: list[Any],
    *,
    units: int | None = None,
    **terms: Any,
) -> Any:
    """A case: a promotion of s1 with these terms, a cart, what each line (or unit) saves."""
    if units is not None:
        terms["max_units_per_line"] = units
    return pytest.param(discount, terms, lines, expected, id=name)


def holds(till: Till, discount: Any, terms: Any, lines: list[Any], expected: list[Any]) -> None:
    """The cart saves exactly this, quoted and redeemed alike."""
    till.promotion(discount, **terms)
    quote = till.quote(*lines, currency=terms.get("currency", "RUB"))
    told = [
        line["units"] if isinstance(want, list) else line["discount"]
        for line, want in zip(quote["lines"], expected, strict=True)
    ]
    assert told == expected
    assert reasons(quote) == {"CODE": None}


PERCENT = [
    row("ten-percent", percent("10"), [(1_000, 1)], [100]),
    row("of-a-quantity", percent("10"), [(120_000, 2)], [[12_000, 12_000]]),
    row("half-a-coin-goes-up", percent("50"), [(1, 1)], [1]),
    row("two-and-a-half-goes-up-not-to-even", percent("25"), [(10, 1)], [3]),
    row("three-and-a-half-goes-up", percent("35"), [(10, 1)], [4]),
    row("below-half-goes-down", percent("24"), [(10, 1)], [2]),
    row("above-half-goes-up", percent("26"), [(10, 1)], [3]),
    row("a-percent-with-a-decimal", percent("12.5"), [(100, 1)], [13]),
    row("a-percent-with-two-decimals", percent("7.25"), [(400, 1)], [29]),
    row("the-smallest-percent", percent("0.01"), [(5_000, 1)], [1]),
    row("the-smallest-percent-exact", percent("0.01"), [(10_000, 1)], [1]),
    row("nearly-all-rounds-to-all", percent("99.99"), [(100, 1)], [100]),
    row("nearly-all-leaves-a-coin", percent("99.99"), [(10_000, 1)], [9_999]),
    row("all", percent("100"), [(333, 3)], [[333, 333, 333]]),
    row("all-of-several-lines", percent("100"), [(1, 1), (99, 2), (7, 7)], [1, 198, 49]),
    row("fifteen-of-nineteen-ninety-nine", percent("15"), [(1_999, 1)], [300]),
    row("seven-and-a-half-of-1999", percent("7.5"), [(1_999, 1)], [150]),
    row("a-third-of-three-equal-lines", percent("33.33"), [(100, 1)] * 3, [34, 33, 33]),
    row("rounded-once-not-by-line-up", percent("10"), [(5, 1)] * 3, [1, 1, 0]),
    row("rounded-once-not-by-line-down", percent("10"), [(4, 1)] * 3, [1, 0, 0]),
    row("five-lines-of-99", percent("10"), [(99, 1)] * 5, [10, 10, 10, 10, 10]),
    row("ten-lines-of-a-coin", percent("50"), [(1, 1)] * 10, [1] * 5 + [0] * 5),
    row("one-coin-over-seven-lines", percent("14.29"), [(1, 1)] * 7, [1, 0, 0, 0, 0, 0, 0]),
    row("the-larger-remainder-gets-the-coin", percent("15"), [(999, 1), (1, 1)], [150, 0]),
    row("of-equal-remainders-the-earlier", percent("10"), [(95, 1), (5, 1)], [10, 0]),
    row("of-equal-remainders-swapped", percent("10"), [(5, 1), (95, 1)], [1, 9]),
    row("two-coins-to-two-lines", percent("20"), [(33, 1), (33, 1), (34, 1)], [7, 6, 7]),
    row("the-coin-to-the-last-line", percent("10"), [(333, 1), (333, 1), (334, 1)], [33, 33, 34]),
    row("lines-of-thirds", percent("50"), [(1, 1), (1, 1), (1, 1)], [1, 1, 0]),
    row("units-of-a-line", percent("10"), [(333, 3)], [[34, 33, 33]]),
    row("units-of-a-coin", percent("50"), [(1, 3)], [[1, 1, 0]]),
    row("units-that-divide", percent("10"), [(99, 10)], [[10] * 9 + [9]]),
    row("three-units-of-99", percent("10"), [(99, 3)], [[10, 10, 10]]),
    row("a-gift-among-the-lines", percent("10"), [(0, 3), (100, 1)], [[0, 0, 0], 10]),
    row("a-gift-between", percent("10"), [(10, 1), (0, 1), (10, 1)], [1, 0, 1]),
    row("a-gift-gets-no-coin", percent("50"), [(0, 1), (1, 1), (1, 1)], [0, 1, 0]),
    row("of-ten-thousand-units", percent("10"), [(999, 10_000)], [[100] * 9_000 + [99] * 1_000]),
    row("a-third-of-ten-thousand", percent("33.33"), [(999, 10_000)], [3_329_667]),
    row("one-of-ten-thousand-coins", percent("0.01"), [(1, 10_000)], [[1] + [0] * 9_999]),
    row("all-of-the-dearest-line", percent("100"), [(MOST, 1)], [MOST]),
    row("half-of-the-dearest-line", percent("50"), [(MOST, 1)], [500_000_000_000]),
    row(
        "all-of-the-dearest-cart",
        percent("100"),
        [(499_999_999_999, 1), (500_000_000_000, 1)],
        [499_999_999_999, 500_000_000_000],
    ),
    row(
        "a-third-of-the-dearest-cart",
        percent("33.33"),
        [(333_333_333_333, 1)] * 3,
        [111_100_000_000, 111_100_000_000, 111_100_000_000],
    ),
    row("a-usual-basket", percent("20"), [(1_999, 2), (549, 1), (12_900, 1)], [799, 110, 2_580]),
    row("twenty-of-ten-and-five", percent("20"), [(1_000, 1), (500, 1)], [200, 100]),
    row("ten-of-one-coin-and-much", percent("10"), [(1, 1), (999_999, 1)], [0, 100_000]),
]

FIXED = [
    row("a-hundred", fixed(100), [(1_000, 1)], [100]),
    row("as-much-as-the-line", fixed(39_900), [(39_900, 1)], [39_900]),
    row("more-than-the-line-is-the-line", fixed(39_900), [(39_800, 1)], [39_800]),
    row("more-than-the-cart-is-the-cart", fixed(1_000), [(300, 1), (200, 2)], [300, 400]),
    row("a-coin-less-than-the-cart", fixed(699), [(300, 1), (200, 2)], [300, 399]),
    row("the-known-399-of-400", fixed(39_900), [(40_000, 1)], [39_900], min_spend=40_000),
    row("over-three-equal-lines", fixed(100), [(100, 1)] * 3, [34, 33, 33]),
    row("ten-dollars-by-three", fixed(1_000), [(10_000, 1)] * 3, [334, 333, 333]),
    row("a-coin-over-seven-lines", fixed(1), [(1, 1)] * 7, [1, 0, 0, 0, 0, 0, 0]),
    row("six-coins-over-seven-lines", fixed(6), [(1, 1)] * 7, [1, 1, 1, 1, 1, 1, 0]),
    row("a-coin-over-seven-units", fixed(1), [(1, 7)], [[1, 0, 0, 0, 0, 0, 0]]),
    row("by-worth", fixed(10), [(100, 1), (200, 1), (700, 1)], [1, 2, 7]),
    row(
        "by-worth-with-a-remainder", fixed(100), [(1_000, 1), (2_000, 1), (3_000, 1)], [17, 33, 50]
    ),
    row("quantity-counts", fixed(200), [(1_000, 2), (500, 2)], [[67, 66], [34, 33]]),
    row("the-larger-remainder-though-cheaper", fixed(2), [(2, 1), (1, 1)], [1, 1]),
    row("a-coin-goes-to-the-dear-line", fixed(1), [(1, 1), (1_000_000, 1)], [0, 1]),
    row("of-equal-remainders-the-earlier", fixed(7), [(10, 1), (10, 1)], [4, 3]),
    row("of-equal-remainders-by-quantity", fixed(50), [(100, 1), (100, 3)], [13, [13, 12, 12]]),
    row("two-left-over-coins", fixed(8), [(3, 1), (3, 1), (3, 1), (1, 1)], [3, 2, 2, 1]),
    row("all-of-it-exactly", fixed(10), [(3, 1), (3, 1), (3, 1), (1, 1)], [3, 3, 3, 1]),
    row("units-take-turns", fixed(2), [(5, 4)], [[1, 1, 0, 0]]),
    row("units-of-100-by-3", fixed(100), [(100, 3)], [[34, 33, 33]]),
    row("nothing-on-a-gift", fixed(1_000), [(0, 1), (50, 2)], [0, [50, 50]]),
    row("of-ten-thousand", fixed(9_999), [(1, 10_000)], [[1] * 9_999 + [0]]),
    row("33333-of-ten-thousand", fixed(33_333), [(999, 10_000)], [[4] * 3_333 + [3] * 6_667]),
    row("the-largest-amount", fixed(MOST), [(MOST, 1)], [MOST]),
    row("the-largest-amount-on-little", fixed(MOST), [(5, 2)], [[5, 5]]),
    row("thirty-of-forty-and-ten", fixed(3_000), [(4_000, 1), (1_000, 1)], [2_400, 600]),
]

EACH_UNIT = [
    row("off-each", fixed(30), [(100, 3)], [[30, 30, 30]]),
    row("never-more-than-the-unit", fixed(30), [(20, 3)], [[20, 20, 20]]),
    row("dear-and-cheap-units", fixed(30), [(100, 2), (20, 1), (30, 1)], [60, 20, 30]),
    row("a-gift-stays-a-gift", fixed(10), [(0, 2), (50, 1)], [[0, 0], [10]]),
    row("each-percent-is-rounded-by-itself", percent("10"), [(95, 3)], [[10, 10, 10]]),
    row("each-percent-is-rounded-down-by-itself", percent("10"), [(94, 3)], [[9, 9, 9]]),
    row("half-of-each-coin-is-the-coin", percent("50"), [(1, 4)], [[1, 1, 1, 1]]),
    row("all-of-each", percent("100"), [(7, 3), (1, 1)], [[7, 7, 7], [1]]),
    row("of-ten-thousand", fixed(2), [(5, 10_000)], [20_000]),
    row("two-units-of-a-line", fixed(30), [(100, 3)], [[30, 30, 0]], units=2),
    row(
        "one-of-each-line",
        fixed(30),
        [(100, 3), (50, 2)],
        [[30, 0, 0], [30, 0]],
        units=1,
    ),
    row("more-allowed-than-there-are", fixed(30), [(100, 2)], [[30, 30]], units=10),
    row("percent-of-two-units", percent("20"), [(100, 5)], [[20, 20, 0, 0, 0]], units=2),
    row(
        "a-cap-over-all-units",
        fixed(30, max_discount=50),
        [(100, 3), (10, 1)],
        [[15, 15, 15], [5]],
    ),
    row("a-cap-by-remainder", fixed(30, max_discount=50), [(100, 2), (100, 1)], [[17, 16], [17]]),
    row("a-cap-that-is-not-reached", fixed(30, max_discount=91), [(100, 3)], [[30, 30, 30]]),
    row("a-cap-reached-exactly", fixed(30, max_discount=90), [(100, 3)], [[30, 30, 30]]),
    row(
        "a-cap-and-two-units",
        fixed(30, max_discount=31),
        [(100, 3)],
        [[16, 15, 0]],
        units=2,
    ),
]

EACH_LINE = [
    row("off-each", fixed(60), [(100, 3), (50, 1)], [60, 50]),
    row("whatever-the-quantity", fixed(10), [(100, 1), (100, 9), (100, 3)], [10, 10, 10]),
    row("never-more-than-the-line", fixed(100), [(40, 2)], [[40, 40]]),
    row("units-by-remainder", fixed(100), [(100, 3)], [[34, 33, 33]]),
    row("each-percent-is-rounded-by-itself", percent("50"), [(99, 1), (99, 1)], [50, 50]),
    row("each-percent-is-rounded-on-the-line", percent("10"), [(95, 3)], [[10, 10, 9]]),
    row("percent-of-three-lines", percent("10"), [(5, 1)] * 3, [1, 1, 1]),
    row("percent-of-three-lines-down", percent("10"), [(4, 1)] * 3 + [(10, 1)], [0, 0, 0, 1]),
    row("a-cap-over-all-lines", fixed(60, max_discount=60), [(100, 3), (50, 2)], [30, 30]),
    row("a-cap-by-remainder", fixed(60, max_discount=50), [(100, 1)] * 3, [17, 17, 16]),
    row("a-gift-line", fixed(20), [(0, 1), (30, 1)], [0, 20]),
    row("of-the-first-unit", percent("50"), [(100, 3)], [[50, 0, 0]], units=1),
    row("fixed-on-the-first-unit", fixed(150), [(100, 3)], [[100, 0, 0]], units=1),
]

CHEAPEST = [
    row("is-free", percent("100"), [(100, 2), (50, 3)], [[0, 0], [50, 0, 0]]),
    row("the-only-unit", percent("100"), [(70, 1)], [70]),
    row("of-equals-the-first", percent("100"), [(50, 1), (50, 1)], [50, 0]),
    row("a-gift-is-not-the-cheapest", percent("100"), [(0, 1), (70, 2)], [0, [70, 0]]),
    row("half-of-it", percent("50"), [(100, 1), (99, 1)], [0, 50]),
    row("fixed-off-it", fixed(15), [(100, 1), (40, 1)], [0, 15]),
    row("fixed-more-than-it", fixed(60), [(100, 1), (40, 1)], [0, 40]),
    row("with-a-cap", percent("100", max_discount=7), [(100, 1), (40, 1)], [0, 7]),
    row("of-ten-thousand", percent("100"), [(9, 10_000), (10, 1)], [9, 0]),
    row("last-of-many", percent("100"), [(30, 1), (20, 1), (10, 1)], [0, 0, 10]),
    row(
        "of-what-fits",
        percent("100"),
        [(10, 1), (40, 1), (30, 1)],
        [0, 0, 30],
        applies_to={"scope": "products", "products": ["p2", "p3"]},
    ),
    row(
        "what-is-left-out-is-not-the-cheapest",
        percent("100"),
        [(10, 1), (40, 1)],
        [0, 40],
        applies_to={"exclude_products": ["p1"]},
    ),
    row(
        "of-the-own-store",
        percent("100"),
        [item(10, store="s2"), (40, 1)],
        [0, 40],
    ),
]

CAPS = [
    row("stops-a-percent", percent("10", max_discount=50_000), [(1_000_000, 1)], [50_000]),
    row("not-reached", percent("10", max_discount=50_001), [(500_000, 1)], [50_000]),
    row("reached-exactly", percent("10", max_discount=50_000), [(500_000, 1)], [50_000]),
    row("a-coin-above", percent("10", max_discount=50_000), [(500_010, 1)], [50_000]),
    row("spread-by-worth", percent("50", max_discount=30), [(100, 1), (200, 1)], [10, 20]),
    row("of-a-coin-over-seven", percent("100", max_discount=1), [(5, 1)] * 7, [1] + [0] * 6),
    row("of-a-hundred-by-three", percent("33", max_discount=100), [(5_000, 1)] * 3, [34, 33, 33]),
    row(
        "to-the-larger-remainder",
        percent("100", max_discount=100),
        [(333, 1), (333, 1), (334, 1)],
        [33, 33, 34],
    ),
    row("stops-a-fixed-amount", fixed(500, max_discount=200), [(1_000, 1)], [200]),
    row("above-a-fixed-amount", fixed(500, max_discount=600), [(1_000, 1)], [500]),
    row("of-units", percent("50", max_discount=4), [(3, 3)], [[2, 1, 1]]),
]

FIRST_UNITS = [
    row(
        "across-two",
        percent("50"),
        [(100, 5), (10, 1)],
        [[50, 50, 0, 0, 0], [5]],
        units=2,
    ),
    row("fixed-over-first-units", fixed(50), [(100, 5)], [[50, 0, 0, 0, 0]], units=1),
    row("fixed-stops-at-them", fixed(500), [(100, 5)], [[100, 100, 0, 0, 0]], units=2),
    row("by-the-worth-of-them", fixed(30), [(100, 9), (200, 1)], [10, 20], units=1),
]

CURRENCIES = [
    row("jpy-ten-percent", percent("10"), [(500, 1)], [50], currency="JPY"),
    row("jpy-has-no-sen", percent("10"), [(99, 1)], [10], currency="JPY"),
    row("jpy-half-a-yen", percent("3"), [(150, 1)], [5], currency="JPY"),
    row("jpy-two-lines", percent("15"), [(500, 1), (300, 1)], [75, 45], currency="JPY"),
    row("jpy-100-over-three", fixed(100), [(1_000, 1)] * 3, [34, 33, 33], currency="JPY"),
    row("jpy-500-off-498", fixed(500), [(498, 1)], [498], currency="JPY"),
    row("jpy-1-over-seven", fixed(1), [(120, 1)] * 7, [1] + [0] * 6, currency="JPY"),
    row("krw", percent("7.5"), [(12_345, 1)], [926], currency="KRW"),
    row("vnd", percent("12.5"), [(99_999, 3)], [37_500], currency="VND"),
    row("kwd-ten-percent", percent("10"), [(1_500, 1)], [150], currency="KWD"),
    row("kwd-fils", percent("12.5"), [(1_500, 1), (2_505, 3)], [188, 939], currency="KWD"),
    row("kwd-half-a-fils", percent("50"), [(1_001, 1)], [501], currency="KWD"),
    row("kwd-1000-over-three", fixed(1_000), [(5_000, 1)] * 3, [334, 333, 333], currency="KWD"),
    row("kwd-a-fils-over-seven", fixed(1), [(5_000, 1)] * 7, [1] + [0] * 6, currency="KWD"),
    row("bhd", percent("33.33"), [(999, 1)], [333], currency="BHD"),
    row("usd", percent("15"), [(1_999, 1)], [300], currency="USD"),
    row("eur", fixed(500), [(499, 1)], [499], currency="EUR"),
    row("cny", percent("8"), [(9_990, 2)], [1_598], currency="CNY"),
]


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), PERCENT)
def test_percent(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), FIXED)
def test_fixed(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), EACH_UNIT)
def test_each_unit(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms | {"allocation": "each_unit"}, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), EACH_LINE)
def test_each_line(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms | {"allocation": "each_line"}, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), CHEAPEST)
def test_cheapest_unit(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms | {"allocation": "cheapest_unit"}, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), CAPS)
def test_cap(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), FIRST_UNITS)
def test_first_units_of_a_line(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms, lines, expected)


@pytest.mark.parametrize(("discount", "terms", "lines", "expected"), CURRENCIES)
def test_currency(till: Till, discount, terms, lines, expected) -> None:
    holds(till, discount, terms, lines, expected)


@pytest.mark.parametrize(
    ("discount", "lines"),
    [
        pytest.param(percent("49.99"), [(1, 1)], id="less-than-half-a-coin"),
        pytest.param(percent("0.01"), [(4_999, 1)], id="the-smallest-percent-of-little"),
        pytest.param(percent("1"), [(49, 1)], id="a-percent-of-49"),
        pytest.param(percent("100"), [(0, 3)], id="all-of-a-gift"),
        pytest.param(fixed(100), [(0, 1), (0, 2)], id="fixed-off-gifts"),
    ],
)
def test_a_code_that_gives_nothing_is_not_spent(till: Till, discount, lines) -> None:
    till.promotion(discount)
    quote = till.quote(*lines)
    assert reasons(quote) == {"CODE": "no_eligible_items"}
    assert till.refused(*lines) == {"CODE": "no_eligible_items"}


SHIPPING = [
    pytest.param({}, 30_000, 30_000, id="all-of-it"),
    pytest.param({}, 1, 1, id="a-coin"),
    pytest.param({}, 999_999_999_999, 999_999_999_999, id="the-dearest"),
    pytest.param({"max_discount": 500}, 30_000, 500, id="up-to-a-cap"),
    pytest.param({"max_discount": 500}, 499, 499, id="below-the-cap"),
]


@pytest.mark.parametrize(("more", "shipping", "expected"), SHIPPING)
def test_free_shipping(till: Till, more, shipping, expected) -> None:
    till.promotion(free_shipping(**more))
    quote = till.quote((1_000, 1), shipping=shipping)
    assert (quote["discount"], quote["shipping_discount"]) == (0, expected)
    assert given(quote) == {"CODE": expected}
    assert quote["total"] == 1_000 + shipping - expected
    assert by_line(quote) == [0]


@pytest.mark.parametrize("shipping", [{}, {"shipping": 0}, {"shipping": None}])
def test_free_shipping_where_nothing_is_shipped(till: Till, shipping) -> None:
    till.promotion(free_shipping())
    quote = till.quote((1_000, 1), **shipping)
    assert reasons(quote) == {"CODE": "no_eligible_items"}
    assert (quote["shipping"], quote["shipping_discount"], quote["total"]) == (0, 0, 1_000)


def test_free_shipping_needs_a_fitting_line(till: Till) -> None:
    till.promotion(free_shipping())
    quote = till.quote(item(1_000, store="s2"), shipping=300)
    assert reasons(quote) == {"CODE": "no_eligible_items"}


def test_a_percent_leaves_the_shipping_alone(till: Till) -> None:
    till.promotion(percent("100"))
    quote = till.quote((1_000, 1), shipping=300)
    assert (quote["discount"], quote["shipping_discount"], quote["total"]) == (1_000, 0, 300)


@pytest.mark.parametrize(
    ("discount", "allocation"),
    [
        (percent("13.37"), "across"),
        (percent("13.37"), "each_unit"),
        (percent("13.37"), "each_line"),
        (percent("13.37", max_discount=77), "across"),
        (fixed(101), "across"),
        (fixed(7), "each_unit"),
        (fixed(23, max_discount=41), "each_line"),
        (percent("50"), "cheapest_unit"),
    ],
)
def test_the_order_of_the_lines_does_not_change_the_total(till: Till, discount, allocation) -> None:
    till.promotion(discount, allocation=allocation)
    lines = [item(199, 3), item(5, 7), item(1_001), item(0, 2), item(50, 4)]
    one, other = till.quote(*lines), till.quote(*reversed(lines))
    assert one["discount"] == other["discount"] > 0
