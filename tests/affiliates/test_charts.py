"""Bars that fit their drawing and labels that are round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates.charts import BOTTOM, TOP, bars


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 200), (200, 200), (201, 400), (401, 1_000), (1_001, 2_000), (999_999, 1_000_000)],
)
def test_the_scale_ends_at_a_round_value(highest, top):
    drawing = bars([highest], unit=100)
    assert [line.value for line in drawing.grid] == [top, top // 2, 0]
    assert [line.y for line in drawing.grid] == [TOP, (TOP + BOTTOM) // 2, BOTTOM]


@given(st.lists(st.integers(0, 10**14), min_size=1, max_size=7), st.sampled_from([1, 100, 1000]))
def test_bars_stand_on_the_ground_and_stay_inside(values, unit):
    drawing = bars(values, unit=unit)
    top = drawing.grid[0].value
    assert max(values) <= top <= max(5 * max(values) // 2, 2 * unit)
    for value, bar in zip(values, drawing.bars, strict=True):
        assert bar.y + bar.height == BOTTOM
        assert TOP <= bar.y <= BOTTOM
        assert bar.height == value * (BOTTOM - TOP) // top
    assert drawing.bars[-1].x + 48 <= 640
