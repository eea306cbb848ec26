"""Runs of units behave as the lists that they stand for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import money
from promocodes import units
from tests.promocodes.strategies import runs


@given(runs, st.integers(0, 200))
def test_first_units_are_the_lists_first(found: units.Runs, count: int) -> None:
    assert units.expand(units.first(found, count)) == units.expand(found)[:count]


@given(runs, st.integers(0, 100), st.integers(0, 100))
def test_a_slice_sums_as_the_lists_slice(found: units.Runs, start: int, more: int) -> None:
    listed = units.expand(found)
    assert units.slice_total(found, start, start + more) == sum(listed[start : start + more])


@given(runs)
def test_packing_gives_the_same_units(found: units.Runs) -> None:
    listed = units.expand(found)
    packed = units.pack(listed)
    assert units.expand(packed) == listed
    assert all(one[1] != other[1] for one, other in itertools.pairwise(packed))


@given(runs, runs)
def test_plus_and_minus_go_unit_by_unit(one: units.Runs, other: units.Runs) -> None:
    listed, parts = units.expand(one), units.expand(other)
    parts = (parts + [0] * len(listed))[: len(listed)]
    assert units.expand(units.plus(one, other)) == [
        value + part for value, part in zip(listed, parts, strict=True)
    ]
    assert units.expand(units.minus(units.plus(one, other), other)) == listed


@given(runs, st.data())
def test_a_split_is_the_largest_remainder_over_the_units(
    weights: units.Runs, data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, units.total(weights)))
    parts = units.split(amount, weights)
    assert units.expand(parts) == money.split(amount, units.expand(weights))


def test_nothing_can_be_split_over_nothing_but_nothing() -> None:
    assert units.expand(units.split(0, [(3, 0)])) == [0, 0, 0]
    with pytest.raises(ValueError, match="nothing to split over"):
        units.split(1, [(3, 0)])


def test_ten_thousand_equal_units_are_split_to_the_last_coin() -> None:
    parts = units.split(33_333, [(10_000, 999)])
    assert parts == [(3_333, 4), (6_667, 3)]
