"""The arithmetic of commissions: exact, without drift, parts that sum to the whole."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affiliates.rates import Rate, Side, correction_minor, earned_minor, withheld_minor, worth_minor

money = st.integers(min_value=0, max_value=10**12 - 1)
percents = st.integers(min_value=0, max_value=10_000)


def half_up(value: Fraction) -> int:
    """Rounded half-up the slow way, to check against."""
    return (value + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize(
    ("base_minor", "rate_bp", "earned"),
    [
        (500_000, 800, 40_000),  # 8 % of 5,000.00 is 400.00
        (1, 5_000, 1),  # half a minor unit rounds up
        (1, 4_999, 0),
        (3, 5_000, 2),
        (0, 800, 0),
        (999, 0, 0),
        (7, 10_000, 7),
        (10**12 - 1, 10_000, 10**12 - 1),
        (199, 250, 5),  # 4.975
        (333, 1_250, 42),  # 41.625
    ],
)
def test_earns_rate_of_base_rounded_half_up(base_minor, rate_bp, earned):
    assert earned_minor(Rate(rate_bp=rate_bp), base_minor) == earned


@given(base=money, rate_bp=percents)
def test_earned_equals_exact_arithmetic(base, rate_bp):
    assert earned_minor(Rate(rate_bp=rate_bp), base) == half_up(Fraction(base * rate_bp, 10_000))


@given(base=money, rate_bp=percents, share_bp=percents)
def test_agency_has_the_floor_and_the_influencer_the_rest(base, rate_bp, share_bp):
    whole = earned_minor(Rate(rate_bp=rate_bp), base)
    agency = earned_minor(Rate(side=Side.AGENCY, rate_bp=rate_bp, share_bp=share_bp), base)
    influencer = earned_minor(Rate(side=Side.INFLUENCER, rate_bp=rate_bp, share_bp=share_bp), base)
    assert agency == (Fraction(whole * share_bp, 10_000)).__floor__()
    assert agency + influencer == whole


@st.composite
def chains(draw):
    """A base and a chain of part returns that adds up to at most the base."""
    base = draw(st.integers(min_value=1, max_value=10**9))
    cuts = sorted(draw(st.lists(st.integers(min_value=0, max_value=base), max_size=12)))
    return base, cuts


@settings(max_examples=300)
@given(
    chain=chains(),
    rate_bp=percents,
    share_bp=percents,
    side=st.sampled_from(list(Side)),
)
def test_part_returns_never_drift_and_end_at_exactly_zero(chain, rate_bp, share_bp, side):
    base, cuts = chain
    rate = Rate(side=side, rate_bp=rate_bp, share_bp=share_bp)
    earned = earned_minor(rate, base)
    reversed_minor = 0
    for returned in cuts:
        step = correction_minor(
            rate, base_minor=base, returned_minor=returned, already_reversed_minor=reversed_minor
        )
        assert step >= 0, "what came back grows, so nothing is given again"
        reversed_minor += step
        assert reversed_minor == worth_minor(rate, base, returned) <= earned
    reversed_minor += correction_minor(
        rate, base_minor=base, returned_minor=base, already_reversed_minor=reversed_minor
    )
    assert reversed_minor == earned


@given(chain=chains(), rate_bp=percents)
def test_a_return_taken_back_is_restored_exactly(chain, rate_bp):
    base, cuts = chain
    rate = Rate(rate_bp=rate_bp)
    reversed_minor = worth_minor(rate, base, max(cuts, default=0))
    back = correction_minor(
        rate, base_minor=base, returned_minor=0, already_reversed_minor=reversed_minor
    )
    assert reversed_minor + back == 0


@pytest.mark.parametrize("parts", [(999, 1_234, 5_001), (5_001, 999, 1_234), (1_234, 5_001, 999)])
def test_three_part_refunds_of_the_document_end_at_zero(parts):
    rate = Rate(rate_bp=800)
    base = sum(parts)
    reversed_minor = returned = 0
    for part in parts:
        returned += part
        reversed_minor += correction_minor(
            rate, base_minor=base, returned_minor=returned, already_reversed_minor=reversed_minor
        )
    assert earned_minor(rate, base) - reversed_minor == 0


def test_a_fee_is_owed_until_everything_has_come_back():
    rate = Rate(fee_minor=5_000)
    assert earned_minor(rate, 120_000) == 5_000
    assert worth_minor(rate, 120_000, 119_999) == 0
    assert worth_minor(rate, 120_000, 120_000) == 5_000
    assert earned_minor(rate, 0) == 0, "nothing is earned on what cost nothing"


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_bp": 10_001},
        {"rate_bp": -1},
        {"share_bp": 10_001},
        {"fee_minor": -1},
        {"rate_bp": 1, "fee_minor": 1},
    ],
)
def test_an_impossible_rate_is_refused(wrong):
    with pytest.raises(ValueError, match=r"rate"):
        Rate(**wrong)


@pytest.mark.parametrize("returned", [-1, 101])
def test_more_than_was_bought_does_not_come_back(returned):
    with pytest.raises(ValueError, match="bought"):
        worth_minor(Rate(rate_bp=800), 100, returned)


@pytest.mark.parametrize(
    ("amount", "tax_bp", "tax"),
    [(24_000, 1_300, 3_120), (24_000, 0, 0), (1, 1_300, 0), (4, 1_300, 1)],
)
def test_tax_is_rounded_half_up(amount, tax_bp, tax):
    assert withheld_minor(amount, tax_bp) == tax
