"""Who brought an order line (pure; money.md, Attribution).

A code that was used beats a click. Among codes on one line the one that gave the most wins, then
the one named first. Among clicks the last one within the window wins. What a store tells by its own
key brings sales to its own promotions only. Every candidate stays in the trace with what became of
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

# The shop's clock and ours may differ by so much.
SKEW = timedelta(minutes=15)


class Outcome(StrEnum):
    """What became of a candidate; stored in traces, so a value never changes its meaning."""

    WON = "won"
    SMALLER_DISCOUNT = "smaller_discount"
    CODE_BEATS_CLICK = "code_beats_click"
    LATER_CLICK = "later_click"
    CLICK_TOO_OLD = "click_too_old"
    CLICK_AFTER_ORDER = "click_after_order"
    LINK_CLOSED = "link_closed"
    STORES_WORD = "stores_word"


@dataclass(frozen=True, kw_only=True)
class CodeUse:
    """A code on a line; `order` is its place among the order's codes.

    `is_backed` False: only a store says so, and somebody else would pay.
    """

    affiliate: str
    code_id: str
    code: str
    promotion: str
    discount_minor: int
    order: int
    use_ref: str = ""
    is_backed: bool = True


@dataclass(frozen=True, kw_only=True)
class ClickUse:
    """A click that the order carries; `window_days` is the store's plan at the order's time."""

    affiliate: str
    click_ref: str
    clicked_at: datetime
    window_days: int
    promotion: str | None = None
    is_open: bool = True
    is_backed: bool = True


Candidate = CodeUse | ClickUse


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The winner, if any, and the trace to store."""

    winner: Candidate | None
    trace: list[dict[str, Any]]


def decide(
    codes: Sequence[CodeUse], clicks: Sequence[ClickUse], *, ordered_at: datetime
) -> Verdict:
    """Pick the one winner of a line among its candidates."""
    ranked = sorted(codes, key=lambda use: (-use.discount_minor, use.order, use.code_id))
    winner: Candidate | None = next((use for use in ranked if use.is_backed), None)
    trace = [_code_step(use, _code_outcome(use, winner)) for use in ranked]
    for click in sorted(clicks, key=lambda use: use.clicked_at, reverse=True):
        outcome = _click_outcome(click, winner, ordered_at)
        if outcome == Outcome.WON:
            winner = click
        trace.append(_click_step(click, outcome))
    return Verdict(winner=winner, trace=trace)


def _code_outcome(use: CodeUse, winner: Candidate | None) -> Outcome:
    if not use.is_backed:
        return Outcome.STORES_WORD
    return Outcome.WON if use is winner else Outcome.SMALLER_DISCOUNT


def _click_outcome(click: ClickUse, winner: Candidate | None, ordered_at: datetime) -> Outcome:
    if not click.is_backed:
        return Outcome.STORES_WORD
    if not click.is_open:
        return Outcome.LINK_CLOSED
    if click.clicked_at > ordered_at + SKEW:
        return Outcome.CLICK_AFTER_ORDER
    # Half-open: a click exactly a window old is too old.
    if ordered_at - click.clicked_at >= timedelta(days=click.window_days):
        return Outcome.CLICK_TOO_OLD
    if isinstance(winner, CodeUse):
        return Outcome.CODE_BEATS_CLICK
    return Outcome.LATER_CLICK if winner else Outcome.WON


def _code_step(use: CodeUse, outcome: Outcome) -> dict[str, Any]:
    return {
        "by": "code",
        "affiliate": use.affiliate,
        "code": use.code,
        "promotion": use.promotion,
        "discount_minor": use.discount_minor,
        "outcome": str(outcome),
    }


def _click_step(click: ClickUse, outcome: Outcome) -> dict[str, Any]:
    return {
        "by": "click",
        "affiliate": click.affiliate,
        "click": click.click_ref,
        "promotion": click.promotion,
        "clicked_at": click.clicked_at.isoformat(),
        "window_days": click.window_days,
        "outcome": str(outcome),
    }
