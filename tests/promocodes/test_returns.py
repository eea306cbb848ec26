"""Part returns give back stored shares: any sequence of them ends at exactly what was given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promocodes import returns, units
from promocodes.cart import Line

LINES = (
    Line(ref="1", unit_price_minor=100, quantity=3),
    Line(ref="2", unit_price_minor=50, quantity=1),
    Line(ref="3", unit_price_minor=0, quantity=2),
)
SHARES = {
    "A": {"1": units.pack([34, 33, 33]), "2": units.pack([10])},
    "B": {"1": units.pack([5, 0, 0])},
}


def test_one_unit_gives_back_its_own_shares() -> None:
    (found,) = returns.give_back(LINES, [0, 0, 0], SHARES, {"1": 1})
    assert (found.discount_minor, found.amount_minor, found.by_code) == (39, 61, {"A": 34, "B": 5})
    (found,) = returns.give_back(LINES, [1, 0, 0], SHARES, {"1": 1})
    assert (found.discount_minor, found.amount_minor, found.by_code) == (33, 67, {"A": 33, "B": 0})


def test_no_lines_mean_all_that_is_left() -> None:
    found = returns.give_back(LINES, [1, 0, 2], SHARES, None)
    assert [(one.ref, one.quantity, one.discount_minor) for one in found] == [
        ("1", 2, 66),
        ("2", 1, 10),
    ]


def test_a_line_without_discount_comes_back_at_its_price() -> None:
    (found,) = returns.give_back((Line(ref="9", unit_price_minor=70, quantity=2),), [0], {}, None)
    assert (found.discount_minor, found.amount_minor) == (0, 140)


@pytest.mark.parametrize("asked", [{"1": 4}, {"2": 2}, {"1": 3, "3": 3}])
def test_never_more_units_than_were_sold(asked: dict[str, int]) -> None:
    with pytest.raises(returns.TooManyUnits):
        returns.give_back(LINES, [0, 0, 0], SHARES, asked)


def test_units_that_came_back_do_not_come_back_again() -> None:
    with pytest.raises(returns.TooManyUnits):
        returns.give_back(LINES, [2, 0, 0], SHARES, {"1": 2})


def test_an_unknown_line_is_refused() -> None:
    with pytest.raises(returns.LineUnknown):
        returns.give_back(LINES, [0, 0, 0], SHARES, {"4": 1})


@given(st.data())
def test_any_sequence_of_part_returns_ends_at_zero(data: st.DataObject) -> None:
    quantities = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    lines = tuple(
        Line(ref=str(i), unit_price_minor=100, quantity=quantity)
        for i, quantity in enumerate(quantities)
    )
    shares = {
        code: {
            line.ref: units.pack(
                data.draw(
                    st.lists(st.integers(0, 50), min_size=line.quantity, max_size=line.quantity)
                )
            )
            for line in lines
        }
        for code in ("A", "B")
    }
    returned = [0] * len(lines)
    discount = amount = 0
    while returned != quantities:
        place = data.draw(st.sampled_from([i for i, q in enumerate(quantities) if returned[i] < q]))
        some = data.draw(st.integers(1, quantities[place] - returned[place]))
        (found,) = returns.give_back(lines, returned, shares, {str(place): some})
        returned[place] += some
        discount += found.discount_minor
        amount += found.amount_minor
    given_away = sum(units.total(runs) for by_line in shares.values() for runs in by_line.values())
    assert discount == given_away
    assert amount == sum(line.total_minor for line in lines) - given_away
