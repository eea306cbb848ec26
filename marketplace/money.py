"""Money in integer minor units (pure); the only place that rounds (engine.md 5).

Amounts are `int` minor units by ISO 4217; percents are basis points (12.5 % = 1250).
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from babel.core import Locale, UnknownLocaleError, get_global
from babel.numbers import format_currency

BASIS = 10_000
# Signs that mean one currency to everybody, for languages that CLDR leaves with its letters.
_SIGNS = {
    "GEL": "₾", "ILS": "₪", "INR": "₹", "KRW": "₩", "KZT": "₸", "NGN": "₦", "PHP": "₱", "RUB": "₽",
    "TRY": "₺", "UAH": "₴", "VND": "₫",
}  # fmt: skip
# A currency written in letters stands off the number (CLDR's rule, which Babel lacks): RUB 399.
_LETTER_BY_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")
# The largest amount that any door accepts: fits a bigint with room for sums of a billion rows.
MAX_MINOR = 10**12 - 1
# By ISO 4217, where it isn't 2. The CLDR data of babel counts the coins in use instead (0 for RSD).
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
# Currencies in which somebody can pay today, by ISO 4217; no metals, no test codes, no history.
CURRENCIES = frozenset(
    code
    for periods in get_global("territory_currencies").values()
    for code, _since, until, is_tender in periods
    if is_tender and until is None
)


def exponent(currency: str) -> int:
    """Decimals of a currency by ISO 4217: 2 for RUB, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded half away from zero."""
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def percent_of(amount_minor: int, percent_bp: int) -> int:
    """`percent_bp` of an amount, rounded half-up once."""
    return half_up(amount_minor * percent_bp, BASIS)


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split a total over weights by largest remainder; parts sum to the total.

    Ties go to the earlier part. With all weights zero only a total of zero can be split.
    """
    if total_minor < 0 or any(weight < 0 for weight in weights):
        raise ValueError("a split takes no negative amount")
    whole = sum(weights)
    if whole == 0:
        if total_minor:
            raise ValueError("nothing to split over")
        return [0] * len(weights)
    parts = [total_minor * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda i: (-(total_minor * weights[i] % whole), i)
    )
    for i in by_remainder[: total_minor - sum(parts)]:
        parts[i] += 1
    return parts


def format_money(amount_minor: int, currency: str, language: str) -> str:
    """An amount as a person reads it: `39900, "RUB", "ru"` is «399 ₽»; whole sums lose zeros.

    A language we don't know reads as English, a currency nobody knows as its code.
    """
    digits = exponent(currency)
    value = Decimal(amount_minor).scaleb(-digits)
    if value == value.to_integral_value():
        digits = 0
    locale = _locale(language)
    text = format_currency(
        value, currency, format=_pattern(locale, digits), locale=locale, currency_digits=False
    )
    if currency in _SIGNS and currency in text:
        return text.replace(currency, _SIGNS[currency])
    return _LETTER_BY_DIGIT.sub("\u00a0", text)


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"), sep="_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


@cache
def _pattern(locale: Locale, digits: int) -> str:
    """The locale's way to write money, with `digits` decimals."""
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern.replace(".00", "." + "0" * digits if digits else "")
