"""One winner per line: codes before clicks, the last click in its window, losers in the trace."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates.winners import SKEW, ClickUse, CodeUse, Outcome, decide

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def code(affiliate="anna", *, discount=100, order=0, code_id="c1"):
    """A code on the line."""
    return CodeUse(
        affiliate=affiliate,
        code_id=code_id,
        code=code_id.upper(),
        promotion="p",
        discount_minor=discount,
        order=order,
    )


def click(affiliate="boris", *, at=NOON - timedelta(days=1), days=30, is_open=True):
    """A click that the order carries."""
    return ClickUse(
        affiliate=affiliate,
        click_ref=f"{affiliate}.1",
        clicked_at=at,
        window_days=days,
        is_open=is_open,
    )


def outcomes(verdict):
    """Who had which outcome, in the order of the trace."""
    return [(step["affiliate"], step["outcome"]) for step in verdict.trace]


def test_nobody_wins_without_candidates():
    verdict = decide([], [], ordered_at=NOON)
    assert (verdict.winner, verdict.trace) == (None, [])


def test_a_code_beats_a_click():
    verdict = decide([code("anna")], [click("boris")], ordered_at=NOON)
    assert verdict.winner.affiliate == "anna"
    assert outcomes(verdict) == [("anna", "won"), ("boris", "code_beats_click")]


def test_the_code_that_gave_the_most_on_the_line_wins():
    small, large = code("anna", discount=10), code("boris", discount=11, order=1, code_id="c2")
    verdict = decide([small, large], [], ordered_at=NOON)
    assert outcomes(verdict) == [("boris", "won"), ("anna", "smaller_discount")]


def test_equal_codes_are_ranked_as_the_order_names_them():
    late, early = code("anna", order=1, code_id="c1"), code("boris", order=0, code_id="c2")
    assert decide([late, early], [], ordered_at=NOON).winner.affiliate == "boris"


def test_the_last_click_wins():
    older = click("anna", at=NOON - timedelta(hours=2))
    newer = click("boris", at=NOON - timedelta(hours=1))
    verdict = decide([], [older, newer], ordered_at=NOON)
    assert outcomes(verdict) == [("boris", "won"), ("anna", "later_click")]


@pytest.mark.parametrize(
    ("clicked", "outcome"),
    [
        (NOON, Outcome.WON),
        (NOON + SKEW, Outcome.WON),  # the shop's clock is behind ours
        (NOON + SKEW + MICROSECOND, Outcome.CLICK_AFTER_ORDER),
        (NOON - timedelta(days=30) + MICROSECOND, Outcome.WON),
        (NOON - timedelta(days=30), Outcome.CLICK_TOO_OLD),
    ],
)
def test_the_window_is_half_open(clicked, outcome):
    verdict = decide([], [click(at=clicked)], ordered_at=NOON)
    assert outcomes(verdict) == [("boris", str(outcome))]
    assert (verdict.winner is not None) == (outcome == Outcome.WON)


def test_a_closed_link_brings_nobody():
    verdict = decide([], [click(is_open=False)], ordered_at=NOON)
    assert verdict.winner is None
    assert outcomes(verdict) == [("boris", "link_closed")]


codes = st.builds(
    code,
    st.sampled_from(["anna", "boris", "vera"]),
    discount=st.integers(0, 5),
    order=st.integers(0, 3),
    code_id=st.sampled_from(["c1", "c2", "c3"]),
)
clicks = st.builds(
    click,
    st.sampled_from(["anna", "boris", "vera"]),
    at=st.integers(-40, 1).map(lambda days: NOON + timedelta(days=days)),
    is_open=st.booleans(),
)


@given(
    st.lists(codes, max_size=3, unique_by=lambda use: use.code_id),
    st.lists(clicks, max_size=4, unique_by=lambda use: use.clicked_at),
    st.randoms(),
)
def test_there_is_at_most_one_winner_and_no_order_of_arrival_matters(codes, clicks, random):
    verdict = decide(codes, clicks, ordered_at=NOON)
    won = [step for step in verdict.trace if step["outcome"] == "won"]
    assert len(won) == (verdict.winner is not None) <= 1
    assert len(verdict.trace) == len(codes) + len(clicks)
    assert bool(verdict.winner) >= bool(codes), "a code always brings somebody"
    shuffled = random.sample(codes, len(codes)), random.sample(clicks, len(clicks))
    assert decide(*shuffled, ordered_at=NOON) == verdict
