"""A round's numbers as tiles and its days as a chart: all that a template has to draw (pure)."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.money import format_money
from referrals.models import Round
from referrals.numbers import Day, Numbers

WIDTH, HEIGHT = 720, 220
LEFT, TOP, BOTTOM = 48, 12, 190
LABELS = 8


@dataclass(frozen=True)
class Tile:
    """A number with its name, and the same of the round before."""

    title: str | Promise
    value: str
    past: str


def tiles_of(
    round_: Round, mine: Numbers, *, earlier: Round | None, before: Numbers | None
) -> list[Tile]:
    """What stands above the chart."""
    now = _shown(round_, mine)
    then = _shown(earlier, before) if earlier and before else [""] * len(now)
    return [Tile(title, *pair) for title, *pair in zip(TITLES, now, then, strict=True)]


TITLES = (
    _("Joined"),
    _("Confirmed visits"),
    _("K-factor"),
    _("Median time to the code"),
    _("Codes issued"),
    _("Codes used"),
    _("Discount given"),
    _("Sales brought"),
)


def _shown(round_: Round, found: Numbers) -> list[str]:
    language = get_language() or "en"
    return [
        f"{found.joined:n}",
        f"{found.visits_in_all:n}",
        f"{found.k_factor:.2f}",
        _time(found.to_code),
        f"{found.codes_issued:n}",
        f"{found.codes_used:n}",
        format_money(found.discount_minor, round_.currency, language),
        format_money(found.sales_minor, round_.currency, language),
    ]


def _time(taken: timedelta | None) -> str:
    if taken is None:
        return "–"
    minutes = int(taken.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02}"


@dataclass(frozen=True)
class Bar:
    """One day: two bars side by side, and a label under some."""

    x: int
    width: int
    joined_y: int
    counted_y: int
    joined: int
    counted: int
    day: date
    is_labelled: bool

    @property
    def counted_x(self) -> int:
        """Where the second bar stands."""
        return self.x + self.width

    @property
    def middle(self) -> int:
        """Where the label stands."""
        return self.x + self.width

    @property
    def joined_height(self) -> int:
        """Of the first bar."""
        return BOTTOM - self.joined_y

    @property
    def counted_height(self) -> int:
        """Of the second bar."""
        return BOTTOM - self.counted_y


@dataclass(frozen=True)
class Chart:
    """All that the template draws."""

    bars: list[Bar]
    lines: list[tuple[int, int]]
    bottom: int = BOTTOM
    left: int = LEFT
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(days: list[Day]) -> Chart:
    """Bars for each day, and three lines with their values."""
    most = max([1, *(day.joined for day in days), *(day.counted for day in days)])
    top = _rounded(most)
    step = (WIDTH - LEFT) // max(1, len(days))
    width = max(1, min(18, (step - 2) // 2))
    every = -(-len(days) // LABELS)
    bars = [
        Bar(
            x=LEFT + place * step + (step - 2 * width) // 2,
            width=width,
            joined_y=_y(day.joined, top),
            counted_y=_y(day.counted, top),
            joined=day.joined,
            counted=day.counted,
            day=day.day,
            is_labelled=place % every == 0,
        )
        for place, day in enumerate(days)
    ]
    return Chart(bars=bars, lines=[(_y(value, top), value) for value in (0, top // 2, top)])


def _y(value: int, top: int) -> int:
    return BOTTOM - (BOTTOM - TOP) * value // top


def _rounded(most: int) -> int:
    """The next even number of the kind 2, 4, 10, 20, 40, 100 …"""
    unit = 1
    while True:
        for step in (2, 4, 10):
            if most <= step * unit:
                return step * unit
        unit *= 10
