"""`{{ amount_minor|money:currency }}` and `{{ rate_bp|percent }}` in the reader's language.

Both are built into every template.
"""

from decimal import Decimal

from babel.numbers import format_percent
from django import template
from django.utils.translation import get_language

from marketplace.money import BASIS, format_money

register = template.Library()


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """Format minor units of a currency for the active language."""
    return format_money(amount_minor, currency, get_language() or "en")


@register.filter
def percent(basis_points: int) -> str:
    """Format basis points of a percent for the active language: 1250 is «12,5 %»."""
    return format_percent(
        Decimal(basis_points) / BASIS,
        locale=(get_language() or "en").replace("-", "_"),
        decimal_quantization=False,
    )
