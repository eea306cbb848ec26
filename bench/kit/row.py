"""A row of the table: what it times, what it is held against, what came out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


class WrongResult(Exception):
    """What was timed did not do its work right, so its time says nothing."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """`at_least` is for rates, `at_most` for times: bounds of ours divided by the limit.

    A row without a limit has a bound on ours itself.
    """

    name: str
    what: str
    against: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        """The bound in words."""
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


@dataclass(frozen=True, kw_only=True)
class Also:
    """A further thing that has to hold, with its figure."""

    text: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Medians of what was timed in turns, and every single figure of it.

    `of_turns` is the median of the turns' ratios: what disturbs a turn disturbs both in it.
    """

    ours: float
    limit: float | None = None
    of_turns: float | None = None
    also: tuple[Also, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours divided by the limit."""
        if self.of_turns is not None:
            return self.of_turns
        return self.ours / self.limit if self.limit else None

    def meets(self, row: Row) -> bool:
        """Whether the goal is reached."""
        value = self.ours if self.ratio is None else self.ratio
        return (
            (row.at_least is None or value >= row.at_least)
            and (row.at_most is None or value <= row.at_most)
            and all(one.holds for one in self.also)
        )


def in_turns(
    ours: Callable[[int], float], limit: Callable[[int], float], *, turns: int
) -> Measured:
    """Time both one after the other, again and again, so that a busy moment hits both alike."""
    pairs = [(ours(turn), limit(turn)) for turn in range(turns)]
    return of_pairs(pairs)


def of_pairs(pairs: Sequence[tuple[float, float]]) -> Measured:
    """The medians of what was timed in turns."""
    return Measured(
        ours=median(one for one, _ in pairs),
        limit=median(other for _, other in pairs),
        of_turns=median(one / other for one, other in pairs),
        figures={
            "ours": [round(one, 3) for one, _ in pairs],
            "limit": [round(other, 3) for _, other in pairs],
        },
    )


def expect(found: Any, wanted: Any, what: str) -> None:
    """Raise `WrongResult` unless both are the same."""
    if found != wanted:
        raise WrongResult(f"{what}: {found!r}, and should be {wanted!r}")
