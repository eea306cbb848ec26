"""What one code takes off: the hard cases by hand, and what must hold for all."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import money
from promocodes import pricing, units
from promocodes.pricing import Left, Offer, Share
from promocodes.terms import Terms
from tests.promocodes.strategies import all_terms, carts

ID = UUID(int=1)


def price(lines: list[tuple[int, int]], *, shipping: int = 0, cap: int | None = None, **terms):
    """The share of a code that fits every line `(unit price, quantity)`."""
    if "percent_bp" in terms:
        terms.setdefault("discount_type", "percent")
    elif "amount_minor" in terms:
        terms.setdefault("discount_type", "fixed")
    offer = Offer(id=ID, terms=Terms(**terms), lines=tuple(range(len(lines))), cap_minor=cap)
    return pricing.apply(offer, Left([[(n, value)] for value, n in lines], shipping))


def by_line(share: Share, count: int) -> list[int]:
    return [units.total(share.lines.get(i, [])) for i in range(count)]


@pytest.mark.parametrize(
    ("lines", "percent_bp", "expected"),
    [
        ([(120_000, 2)], 1000, [24_000]),
        ([(1, 1)], 5000, [1]),  # 0.5 is rounded up
        ([(1, 1)], 4999, [0]),
        ([(1, 1)] * 7, 1429, [1, 0, 0, 0, 0, 0, 0]),  # 1.0003: one coin over seven lines
        ([(1, 7)], 1429, [1]),
        ([(333, 1), (333, 1), (334, 1)], 1000, [33, 33, 34]),
        ([(100, 1), (100, 1), (100, 1)], 3333, [34, 33, 33]),  # 99.99 → 100, the first the coin
        ([(0, 3), (100, 1)], 1000, [0, 10]),
        ([(0, 1), (0, 5)], 1000, [0, 0]),
        ([(999, 10_000)], 3333, [3_329_667]),
        ([(10**12 - 1, 10_000)], 10_000, [(10**12 - 1) * 10_000]),
        ([(500, 1), (300, 1)], 1500, [75, 45]),  # JPY
        ([(1_500, 1), (2_505, 3)], 1250, [188, 939]),  # KWD: 1126.875 → 1127
        ([(99, 3)], 1000, [30]),
        ([(4_990, 1), (10, 1)], 1, [1, 0]),  # 0.5 → 1
    ],
)
def test_percent_across(lines: list[tuple[int, int]], percent_bp: int, expected: list[int]) -> None:
    assert by_line(price(lines, percent_bp=percent_bp), len(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "amount", "expected"),
    [
        ([(40_000, 1)], 39_900, [39_900]),
        ([(39_900, 1)], 39_900, [39_900]),
        ([(39_800, 1)], 39_900, [39_800]),  # never above the line
        ([(100, 1)] * 3, 100, [34, 33, 33]),
        ([(1, 1)] * 7, 1, [1, 0, 0, 0, 0, 0, 0]),
        ([(2, 1), (1, 1)], 2, [1, 1]),  # 1.33 and 0.67: the coin goes to the larger remainder
        ([(100, 1), (200, 1), (700, 1)], 10, [1, 2, 7]),
        ([(0, 1), (50, 2)], 1_000, [0, 100]),
        ([(1, 10_000)], 9_999, [9_999]),
    ],
)
def test_fixed_across(lines: list[tuple[int, int]], amount: int, expected: list[int]) -> None:
    assert by_line(price(lines, amount_minor=amount), len(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "terms", "expected"),
    [
        ([(100, 3)], {"amount_minor": 30}, [[30, 30, 30]]),
        ([(20, 3)], {"amount_minor": 30}, [[20, 20, 20]]),
        ([(95, 3)], {"percent_bp": 1000}, [[10, 10, 10]]),  # each unit is rounded by itself
        ([(100, 3)], {"amount_minor": 30, "max_units_per_line": 2}, [[30, 30]]),
        ([(100, 3), (10, 1)], {"amount_minor": 30, "max_discount_minor": 50}, [[15, 15, 15], [5]]),
        ([(100, 2), (100, 1)], {"amount_minor": 30, "max_discount_minor": 50}, [[17, 16], [17]]),
    ],
)
def test_on_each_unit(lines: list[tuple[int, int]], terms: dict, expected: list) -> None:
    share = price(lines, allocation="each_unit", **terms)
    assert [units.expand(share.lines[i]) for i in range(len(lines))] == expected


@pytest.mark.parametrize(
    ("lines", "terms", "expected"),
    [
        ([(100, 3), (50, 1)], {"amount_minor": 60}, [60, 50]),
        ([(99, 1), (99, 1)], {"percent_bp": 5000}, [50, 50]),  # each line is rounded by itself
        ([(100, 3), (50, 2)], {"amount_minor": 60, "max_discount_minor": 60}, [30, 30]),
        ([(100, 3)], {"percent_bp": 5000, "max_units_per_line": 1}, [50]),
    ],
)
def test_on_each_line(lines: list[tuple[int, int]], terms: dict, expected: list[int]) -> None:
    assert by_line(price(lines, allocation="each_line", **terms), len(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "terms", "expected"),
    [
        ([(100, 2), (50, 3)], {"percent_bp": 10_000}, [0, 50]),
        ([(50, 1), (50, 1)], {"percent_bp": 10_000}, [50, 0]),
        ([(0, 1), (70, 2)], {"percent_bp": 10_000}, [0, 70]),  # a gift is not the cheapest
        ([(100, 1), (40, 1)], {"amount_minor": 60}, [0, 40]),
        ([(100, 1), (40, 1)], {"percent_bp": 10_000, "max_discount_minor": 7}, [0, 7]),
        ([(0, 1)], {"percent_bp": 10_000}, [0]),
    ],
)
def test_on_the_cheapest_unit(
    lines: list[tuple[int, int]], terms: dict, expected: list[int]
) -> None:
    assert by_line(price(lines, allocation="cheapest_unit", **terms), len(lines)) == expected


def test_the_cheapest_unit_is_found_among_what_earlier_codes_left() -> None:
    offer = Offer(
        id=ID,
        terms=Terms(discount_type="percent", percent_bp=10_000, allocation="cheapest_unit"),
        lines=(0, 1),
    )
    left = Left([[(2, 100), (1, 30), (1, 100)], [(1, 40)]])
    assert units.expand(pricing.apply(offer, left).lines[0]) == [0, 0, 30]


@pytest.mark.parametrize(
    ("terms", "cap", "expected"),
    [({}, None, 30_000), ({"max_discount_minor": 500}, None, 500), ({}, 300, 300)],
)
def test_free_shipping(terms: dict, cap: int | None, expected: int) -> None:
    share = price([(100, 1)], shipping=30_000, cap=cap, discount_type="free_shipping", **terms)
    assert (share.shipping_minor, share.discount_minor) == (expected, 0)


@pytest.mark.parametrize(
    ("cap", "most", "expected"), [(None, 50, 50), (40, 50, 40), (60, 50, 50), (None, None, 100)]
)
def test_the_cap_and_the_budget_that_is_left(
    cap: int | None, most: int | None, expected: int
) -> None:
    share = price([(1_000, 1)], percent_bp=1000, max_discount_minor=most, cap=cap)
    assert share.total_minor == expected


def test_only_so_many_units_of_a_line() -> None:
    share = price([(100, 5), (10, 1)], percent_bp=5000, max_units_per_line=2)
    assert by_line(share, 2) == [100, 5]
    assert units.expand(share.lines[0]) == [50, 50]


@given(carts(), all_terms())
def test_shares_never_exceed_unit_line_cart_or_cap(cart, terms: Terms) -> None:
    left = Left(
        [[(line.quantity, line.unit_price_minor)] for line in cart.lines], cart.shipping_minor
    )
    offer = Offer(id=ID, terms=terms, lines=tuple(range(len(cart.lines))))
    share = pricing.apply(offer, left)
    after = pricing.take(left, share)
    assert after.shipping_minor >= 0
    assert all(value >= 0 for runs in after.lines for _, value in runs)
    assert all(value >= 0 for runs in share.lines.values() for _, value in runs)
    taken = sum(units.total(runs) for runs in left.lines) - sum(map(units.total, after.lines))
    assert taken == share.discount_minor
    if terms.max_discount_minor is not None:
        assert share.total_minor <= terms.max_discount_minor


@given(carts(), all_terms(), st.randoms())
def test_the_order_of_the_lines_does_not_change_the_total(cart, terms: Terms, random) -> None:
    lines = [[(line.quantity, line.unit_price_minor)] for line in cart.lines]
    shuffled = random.sample(lines, len(lines))
    offer = Offer(id=ID, terms=terms, lines=tuple(range(len(lines))))
    one, other = (pricing.apply(offer, Left(found, 100)) for found in (lines, shuffled))
    assert one.total_minor == other.total_minor


@given(carts(), st.integers(1, 10_000))
def test_a_percent_across_is_exact_and_rounded_once(cart, percent_bp: int) -> None:
    lines = [(line.unit_price_minor, line.quantity) for line in cart.lines]
    share = price(lines, percent_bp=percent_bp)
    assert share.discount_minor == money.half_up(cart.subtotal_minor * percent_bp, 10_000)


@given(carts(), st.integers(1, 200_000))
def test_across_lines_is_the_largest_remainder(cart, amount: int) -> None:
    lines = [(line.unit_price_minor, line.quantity) for line in cart.lines]
    totals = [line.total_minor for line in cart.lines]
    share = price(lines, amount_minor=amount)
    given_away = min(amount, sum(totals))
    assert by_line(share, len(lines)) == money.split(given_away, totals)
