"""Money: the only place that rounds, exact in any currency."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import money
from marketplace.money import MAX_MINOR

amounts = st.integers(0, MAX_MINOR)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=60)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**18))
def test_half_up_is_the_nearest_and_halves_go_away_from_zero(numerator, denominator):
    rounded = money.half_up(numerator, denominator)
    exact = Fraction(numerator, denominator)
    assert abs(exact - rounded) <= Fraction(1, 2)
    if abs(exact - rounded) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)
    assert money.half_up(-numerator, denominator) == -rounded


@pytest.mark.parametrize("denominator", [0, -1])
def test_half_up_by_nothing_is_refused(denominator):
    with pytest.raises(ValueError, match="positive"):
        money.half_up(1, denominator)


@pytest.mark.parametrize(
    ("amount", "percent_bp", "share"),
    [
        (500_000, 800, 40_000),  # 8 % of 5,000.00 is 400.00
        (39_900, 10_000, 39_900),
        (39_900, 0, 0),
        (5, 1_000, 1),  # 0.5 goes up
        (4, 1_000, 0),
        (1, 5_000, 1),
        (33, 1_250, 4),  # 4.125
        (MAX_MINOR, 1, 100_000_000),
    ],
)
def test_percents(amount, percent_bp, share):
    assert money.percent_of(amount, percent_bp) == share


@given(amounts, st.integers(0, money.BASIS))
def test_a_percent_and_the_rest_differ_from_the_whole_by_the_last_coin(amount, percent_bp):
    share = money.percent_of(amount, percent_bp)
    assert 0 <= share <= amount
    rest = money.percent_of(amount, money.BASIS - percent_bp)
    assert amount <= share + rest <= amount + 1


@given(amounts, weights.filter(any))
def test_parts_sum_to_the_whole_and_are_fair(total, shares):
    parts = money.split(total, shares)
    whole = sum(shares)
    assert sum(parts) == total
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1
        assert weight or not part


@given(amounts, weights.filter(any))
def test_the_largest_remainders_win_and_ties_go_to_the_earlier(total, shares):
    whole = sum(shares)
    parts = money.split(total, shares)
    up = [i for i, part in enumerate(parts) if part > total * shares[i] // whole]
    down = [i for i in range(len(shares)) if i not in up]
    for i in up:
        for j in down:
            won, lost = total * shares[i] % whole, total * shares[j] % whole
            assert won > lost or (won == lost and i < j)


@pytest.mark.parametrize(
    ("total", "shares", "parts"),
    [
        (1, [1] * 7, [1, 0, 0, 0, 0, 0, 0]),
        (10, [1, 1, 1], [4, 3, 3]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (7, [0, 5, 0], [0, 7, 0]),
        (100, [1, 2, 3, 4], [10, 20, 30, 40]),
        (5, [3, 3, 1], [2, 2, 1]),
    ],
)
def test_splits(total, shares, parts):
    assert money.split(total, shares) == parts


@pytest.mark.parametrize(("total", "shares"), [(1, []), (1, [0, 0]), (-1, [1]), (1, [1, -1])])
def test_what_can_not_be_split_is_refused(total, shares):
    with pytest.raises(ValueError, match=r"nothing|negative"):
        money.split(total, shares)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("RUB", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("VND", 0),
        ("KWD", 3),
        ("IQD", 3),
        ("RSD", 2),
        ("IRR", 2),
    ],
)
def test_decimals_are_those_of_iso_4217(currency, digits):
    assert money.exponent(currency) == digits


def test_known_currencies_are_those_one_can_pay_in():
    assert {"RUB", "KZT", "BYN", "CNY", "USD", "EUR", "JPY", "KWD", "XOF"} <= money.CURRENCIES
    assert not {"XXX", "XTS", "XAU", "SUR", "DEM", "RUR", "BTC"} & money.CURRENCIES
    assert all(code.isascii() and code.isupper() and len(code) == 3 for code in money.CURRENCIES)


READ = {
    "ru": {
        (39_900, "RUB"): "399 ₽",
        (39_950, "RUB"): "399,50 ₽",
        (123_456_789, "RUB"): "1 234 567,89 ₽",
        (-24_050, "RUB"): "-240,50 ₽",
        (0, "RUB"): "0 ₽",
        (5, "RUB"): "0,05 ₽",
        (500, "JPY"): "500 ¥",
        (1_500, "KWD"): "1,500 KWD",
        (1_000, "KWD"): "1 KWD",
        (1_500, "IQD"): "1,500 IQD",
        (250, "RSD"): "2,50 RSD",
    },
    "en": {
        (39_900, "RUB"): "₽399",
        (39_950, "RUB"): "₽399.50",
        (-24_050, "RUB"): "-₽240.50",
        (500, "JPY"): "¥500",
        (1_234, "USD"): "$12.34",
        (1_500, "KWD"): "KWD 1.500",
        (99, "ABC"): "ABC 0.99",
    },
    "zh-hans": {
        (39_900, "RUB"): "₽399",
        (1_250, "CNY"): "¥12.50",
        (1_500, "KWD"): "KWD 1.500",
    },
    "a language that nobody speaks": {(39_900, "RUB"): "₽399"},
}


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [(lang, *sum_, text) for lang, texts in READ.items() for sum_, text in texts.items()],
)
def test_amounts_as_people_read_them(language, amount, currency, text):
    assert money.format_money(amount, currency, language).replace("\u00a0", " ") == text


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(sorted(money.CURRENCIES)))
def test_no_digit_is_lost_in_writing(amount, currency):
    for language in ("ru", "en", "zh-hans"):
        text = money.format_money(amount, currency, language)
        digits = int("".join(c for c in text if c.isdigit()))
        assert digits in (abs(amount), abs(amount) // 10 ** money.exponent(currency))
        assert digits == abs(amount) or amount % 10 ** money.exponent(currency) == 0
