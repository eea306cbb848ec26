"""A promotion that exists, as the forms show it."""

from typing import Any
from zoneinfo import ZoneInfo

from promocodes.forms.fields import typed_amount, typed_percent
from promocodes.models import Promotion


def initial_of(promotion: Promotion) -> dict[str, Any]:
    """What stands in every field; a form takes those that it has."""
    terms, currency = promotion.terms, promotion.currency
    zone = ZoneInfo(terms.timezone)
    return {
        "name": promotion.name,
        "kind": promotion.kind,
        "currency": currency,
        "discount_type": terms.discount_type,
        "percent": typed_percent(terms.percent_bp),
        "amount": typed_amount(terms.amount_minor, currency),
        "max_discount": typed_amount(terms.max_discount_minor, currency),
        "allocation": terms.allocation,
        "max_units_per_line": terms.max_units_per_line,
        "reach": "named" if terms.stores else "all",
        "stores": list(terms.stores),
        "scope": terms.scope,
        "products": list(terms.products),
        "categories": list(terms.categories),
        "exclude_products": list(terms.exclude_products),
        "min_spend": typed_amount(terms.min_spend_minor or None, currency),
        "min_spend_basis": terms.min_spend_basis,
        "starts_at": terms.starts_at.astimezone(zone).replace(tzinfo=None),
        "ends_at": terms.ends_at.astimezone(zone).replace(tzinfo=None) if terms.ends_at else None,
        "timezone": terms.timezone,
        "total": promotion.total_limit,
        "per_person": promotion.per_person_limit,
        "per_code": promotion.per_code_limit,
        "budget": typed_amount(promotion.budget_minor, currency),
        "budget_edge": promotion.budget_edge,
        "stacking": terms.stacking,
        "priority": terms.priority,
        "first_order_only": terms.first_order_only,
        "gives_back_for": list(terms.gives_back_for),
    }
