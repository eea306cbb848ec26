"""A bar chart of days in whole SVG units, drawn by the template (pure; docs/design.md, charts)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, LEFT, TOP, FLOOR = 640, 84, 24, 204
LABELS = 6
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: its place, and what it says."""

    x: int
    y: int
    width: int
    height: int
    day: date
    value: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid, or a day below it."""

    at: int
    value: int


@dataclass(frozen=True, slots=True)
class DayMark:
    """A day named below the bars."""

    at: int
    day: date


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws; `grid` from the floor up."""

    bars: tuple[Bar, ...]
    grid: tuple[Mark, ...]
    days: tuple[DayMark, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(bar.value for bar in self.bars)


def draw(values: Sequence[tuple[date, int]]) -> Chart:
    """The chart of these days, in order; values are not negative."""
    top = nice_top(max((value for _, value in values), default=0))
    slot = (WIDTH - LEFT) // max(len(values), 1)
    width = min(max(slot - 2, 2), 48)
    high = FLOOR - TOP
    bars = []
    for place, (day, value) in enumerate(values):
        height = value * high // top if top else 0
        height = max(height, 2) if value else 0
        x = LEFT + place * slot + (slot - width) // 2
        bars.append(Bar(x, FLOOR - height, width, height, day, value))
    every = -(-len(values) // LABELS) or 1
    return Chart(
        bars=tuple(bars),
        grid=tuple(Mark(FLOOR - part * high // 2, top * part // 2) for part in range(3)),
        days=tuple(DayMark(bar.x + bar.width // 2, bar.day) for bar in bars[::every]),
    )


def nice_top(most: int) -> int:
    """The least of 2, 10, 20, 100, 200, 1000 … and their like that is not below `most`."""
    if most <= 0:
        return 2
    scale = 2
    while True:
        for step in _STEPS:
            if most <= step * scale:
                return step * scale
        scale *= 10
