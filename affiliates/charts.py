"""Bars of a chart in whole-number coordinates (pure); docs/design.md, Charts: 640 × 240 units."""

from collections.abc import Sequence
from dataclasses import dataclass

TOP, BOTTOM = 20, 200
LEFT, STEP, WIDTH = 84, 79, 48


@dataclass(frozen=True)
class Bar:
    """One bar; `y` is its upper edge, `middle` where its label stands."""

    x: int
    y: int
    height: int
    middle: int


@dataclass(frozen=True)
class GridLine:
    """A line across the chart at a value; its label stands `label_y` high."""

    y: int
    label_y: int
    value: int


@dataclass(frozen=True)
class Bars:
    """The drawing of up to seven values."""

    bars: list[Bar]
    grid: list[GridLine]


def bars(values: Sequence[int], *, unit: int = 1) -> Bars:
    """Bars for values that are not negative; the grid shows nothing, the half and the top.

    `unit` is the step of the scale (a whole coin), so that the labels are round.
    """
    top = _round_up(max([*values, 1]), unit)
    high = BOTTOM - TOP
    heights = [value * high // top for value in values]
    return Bars(
        bars=[
            Bar(LEFT + i * STEP, BOTTOM - height, height, LEFT + i * STEP + WIDTH // 2)
            for i, height in enumerate(heights)
        ],
        grid=[
            GridLine(BOTTOM - share * high // 2, BOTTOM - share * high // 2 - 6, top * share // 2)
            for share in (2, 1, 0)
        ],
    )


def _round_up(value: int, unit: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 … units, so that its half is round too."""
    top = 2 * unit
    while top < value:
        lead = top // unit
        while lead >= 10:
            lead //= 10
        top = top * 2 if lead != 4 else top * 5 // 2
    return top
