"""What a task pays, told by an example (pure): "8 % of 5,000 ₽ = 400 ₽"."""

from dataclasses import dataclass

from marketplace.money import exponent, percent_of

# A purchase that people of the market know; elsewhere a hundred of the currency.
USUAL_PURCHASE = {"RUB": 5_000, "KZT": 20_000, "CNY": 300, "JPY": 6_000, "KRW": 50_000}


@dataclass(frozen=True)
class Example:
    """One purchase and what it brings the influencer, minor units."""

    base_minor: int
    pay_minor: int


def example(*, currency: str, rate_bp: int) -> Example:
    """A usual purchase in this currency at `rate_bp` basis points of a percent."""
    base_minor = USUAL_PURCHASE.get(currency, 100) * 10 ** exponent(currency)
    return Example(base_minor=base_minor, pay_minor=percent_of(base_minor, rate_bp))
