"""What a promotion is made of and changed by (api.md, Promotions): shapes only."""

from dataclasses import replace
from typing import Any

from rest_framework import serializers

from marketplace.api.fields import (
    BoolField,
    CurrencyField,
    InstantField,
    IntField,
    MinorField,
    PercentField,
    RefField,
    TextField,
    WordField,
    ZoneField,
)
from marketplace.api.names import NameField
from marketplace.api.serializers import StrictSerializer, present
from promocodes.issuing import MAX_BATCH
from promocodes.models import Promotion
from promocodes.promotions import BatchOrder
from promocodes.terms import (
    Allocation,
    BudgetEdge,
    Cause,
    DiscountType,
    Limits,
    MinSpendBasis,
    Scope,
    Stacking,
    Terms,
)

MOST_REFS = 5_000
MOST_LIMIT = 2**31 - 1
ABSENT: dict[str, Any] = {"required": False, "allow_null": True}


def _refs() -> serializers.ListField:
    return serializers.ListField(
        child=RefField(), max_length=MOST_REFS, required=False, allow_null=True
    )


class DiscountSerializer(StrictSerializer):
    """What the code takes off: a percent, a fixed amount, or the shipping."""

    type = WordField(choices=DiscountType.choices)
    percent = PercentField(**ABSENT)
    amount = MinorField(**ABSENT)
    max_discount = MinorField(**ABSENT)


class ChangedDiscountSerializer(DiscountSerializer):
    """What changes of the discount; without `type` it stays of its type."""

    type = WordField(choices=DiscountType.choices, required=False)


class AppliesToSerializer(StrictSerializer):
    """Which goods the code discounts; a platform code may name stores."""

    scope = WordField(choices=Scope.choices, required=False)
    products = _refs()
    categories = _refs()
    exclude_products = _refs()
    stores = _refs()


class LimitsSerializer(StrictSerializer):
    """How often and for how much; null is unlimited. `per_code`: 1 for unique codes if left out."""

    total = IntField(max_value=MOST_LIMIT, **ABSENT)
    per_person = IntField(**ABSENT)
    per_code = IntField(**ABSENT)
    budget = MinorField(**ABSENT)
    budget_edge = WordField(choices=BudgetEdge.choices, required=False)


class GiveBackSerializer(StrictSerializer):
    """For which causes a use comes back when all of it is returned."""

    unpaid = BoolField(required=False)
    cancelled = BoolField(required=False)
    refunded = BoolField(required=False)
    fraud = BoolField(required=False)


class CodesSerializer(StrictSerializer):
    """Unique codes, made in the background; each `#` of the pattern is a random symbol."""

    count = IntField(min_value=1, max_value=MAX_BATCH)
    pattern = TextField(max_length=64, **ABSENT)


class TermsSerializer(StrictSerializer):
    """What may be changed by PATCH."""

    name = NameField(max_length=200, required=False)
    discount = DiscountSerializer(required=False)
    allocation = WordField(choices=Allocation.choices, required=False)
    max_units_per_line = IntField(**ABSENT)
    applies_to = AppliesToSerializer(required=False)
    stores = _refs()
    min_spend = MinorField(**ABSENT)
    min_spend_basis = WordField(choices=MinSpendBasis.choices, required=False)
    first_order_only = BoolField(required=False)
    limits = LimitsSerializer(**ABSENT)
    stacking = WordField(choices=Stacking.choices, required=False)
    priority = IntField(min_value=-1_000_000, max_value=1_000_000, required=False)
    starts_at = InstantField(**ABSENT)
    ends_at = InstantField(**ABSENT)
    timezone = ZoneField(required=False)
    give_back = GiveBackSerializer(required=False)


class PromotionSerializer(TermsSerializer):
    """A new promotion, with one shared `code` or with unique `codes`."""

    name = NameField(max_length=200)
    kind = WordField(choices=Promotion.Kind.choices, required=False)
    store = RefField(**ABSENT)
    currency = CurrencyField()
    discount = DiscountSerializer()
    share_with_affiliates = BoolField(**ABSENT)
    code = TextField(max_length=100, **ABSENT)
    codes = CodesSerializer(**ABSENT)


class AmendmentSerializer(TermsSerializer):
    """A change. What is frozen may be sent only as it is."""

    discount = ChangedDiscountSerializer(required=False)
    kind = WordField(choices=Promotion.Kind.choices, required=False)
    store = RefField(required=False)
    currency = CurrencyField(required=False)
    share_with_affiliates = BoolField(required=False)


class ReasonSerializer(StrictSerializer):
    """Why, for the audit log and the seller."""

    reason = TextField(max_length=1_000, trim_whitespace=True, required=False, allow_blank=True)


def terms_of(body: dict[str, Any], *, base: Terms | None = None) -> Terms:
    """The terms of a body that was read; what it leaves out is as in `base`, or the default."""
    changes: dict[str, Any] = {
        name: body[name]
        for name in (
            "allocation",
            "max_units_per_line",
            "min_spend_basis",
            "first_order_only",
            "stacking",
            "priority",
            "starts_at",
            "ends_at",
            "timezone",
        )
        if name in body
    }
    if "min_spend" in body:
        changes["min_spend_minor"] = body["min_spend"] or 0
    if "discount" in body:
        changes |= _discount_of(body["discount"], base)
    changes |= _scope_of(body, base)
    if "give_back" in body:
        changes["gives_back_for"] = _causes(body["give_back"], base)
    return replace(base, **changes) if base is not None else Terms(**changes)


def limits_of(body: dict[str, Any], *, base: Limits) -> Limits:
    """The limits of a body that was read; what it leaves out is as in `base`."""
    given = dict(body.get("limits") or {})
    if body.get("codes"):
        # Unique codes work once each, unless said otherwise.
        given = {"per_code": 1} | given
    if "budget" in given:
        given["budget_minor"] = given.pop("budget")
    return replace(base, **given)


def batch_of(body: dict[str, Any]) -> BatchOrder | None:
    """The unique codes asked for."""
    asked = body.get("codes")
    return BatchOrder(**present(asked)) if asked else None


def _discount_of(asked: dict[str, Any], base: Terms | None) -> dict[str, Any]:
    """What is left out stays as it was; another type begins without what the old one had."""
    found = {
        column: asked[name]
        for name, column in (("percent", "percent_bp"), ("amount", "amount_minor"))
        if asked.get(name) is not None
    }
    if "max_discount" in asked:
        found["max_discount_minor"] = asked["max_discount"]
    kind = asked.get("type")
    if base is not None and kind in (None, base.discount_type):
        return found
    anew = {"percent_bp": None, "amount_minor": None, "max_discount_minor": None}
    return {"discount_type": kind} | anew | found


def _scope_of(body: dict[str, Any], base: Terms | None) -> dict[str, Any]:
    """What is left out stays as it was; another scope begins without products and categories."""
    found: dict[str, Any] = {}
    if "applies_to" in body:
        asked = body["applies_to"]
        found = {
            name: tuple(asked[name])
            for name in ("products", "categories", "exclude_products", "stores")
            if asked.get(name) is not None
        }
        before = base.scope if base is not None else Scope.STOREWIDE
        found["scope"] = asked.get("scope") or _implied(found) or before
        if found["scope"] != before:
            found = {"products": (), "categories": ()} | found
    if body.get("stores") is not None:
        found["stores"] = (*found.get("stores", ()), *body["stores"])
    return found


def _implied(named: dict[str, tuple[str, ...]]) -> str | None:
    if named.get("products"):
        return Scope.PRODUCTS
    return Scope.CATEGORIES if named.get("categories") else None


def _causes(given: dict[str, bool], base: Terms | None) -> tuple[str, ...]:
    before = (base or Terms(discount_type=DiscountType.FREE_SHIPPING)).gives_back_for
    return tuple(cause for cause in Cause.values if given.get(cause, cause in before))
