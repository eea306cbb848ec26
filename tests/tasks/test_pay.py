"""tasks/pay.py: the example that tells what a task pays."""

import pytest

from tasks.pay import Example, example


@pytest.mark.parametrize(
    ("currency", "rate_bp", "expected"),
    [
        ("RUB", 800, Example(500_000, 40_000)),  # 8 % of 5,000 ₽ = 400 ₽ (pages.md)
        ("JPY", 1250, Example(6_000, 750)),
        ("KWD", 333, Example(100_000, 3_330)),
        ("USD", 0, Example(10_000, 0)),
    ],
)
def test_the_example_is_exact_in_every_currency(currency, rate_bp, expected):
    assert example(currency=currency, rate_bp=rate_bp) == expected
