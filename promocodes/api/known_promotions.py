"""A promotion as the API shows it (api.md, Promotions)."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from marketplace.api.fields import instant_text, percent_text
from promocodes.api.promotions import (
    AppliesToSerializer,
    DiscountSerializer,
    GiveBackSerializer,
    LimitsSerializer,
)
from promocodes.models import CodeBatch, Promotion, PromotionTerms
from promocodes.terms import Allocation, Cause, MinSpendBasis, Stacking
from promocodes.usage import Usage


class UsageSerializer(serializers.Serializer[Any]):
    """How much is used: `taken` of the total limit; `discount` is net of what came back."""

    redeemed = serializers.IntegerField()
    held = serializers.IntegerField()
    reversed = serializers.IntegerField()
    taken = serializers.IntegerField()
    discount = serializers.IntegerField()
    budget_left = serializers.IntegerField(allow_null=True)


class CodesProgressSerializer(serializers.Serializer[Any]):
    """How far the making of unique codes is."""

    count = serializers.IntegerField()
    made = serializers.IntegerField()
    pattern = serializers.CharField()
    state = serializers.ChoiceField(choices=CodeBatch.State.choices)


class LocalTimeSerializer(serializers.Serializer[Any]):
    """The window by the clocks of the promotion's own zone."""

    starts_at = serializers.CharField()
    ends_at = serializers.CharField(allow_null=True)


class KnownPromotionSerializer(serializers.Serializer[Any]):
    """A promotion as it stands."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Promotion.State.choices)
    refused_reason = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Promotion.Kind.choices)
    store = serializers.CharField(allow_null=True)
    stores = serializers.ListField(child=serializers.CharField())
    currency = serializers.CharField()
    discount = DiscountSerializer()
    allocation = serializers.ChoiceField(choices=Allocation.choices)
    max_units_per_line = serializers.IntegerField(allow_null=True)
    applies_to = AppliesToSerializer()
    min_spend = serializers.IntegerField()
    min_spend_basis = serializers.ChoiceField(choices=MinSpendBasis.choices)
    first_order_only = serializers.BooleanField()
    limits = LimitsSerializer()
    stacking = serializers.ChoiceField(choices=Stacking.choices)
    priority = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    timezone = serializers.CharField()
    local = LocalTimeSerializer()
    share_with_affiliates = serializers.BooleanField()
    give_back = GiveBackSerializer()
    terms_version = serializers.IntegerField()
    code = serializers.CharField(allow_null=True)
    codes = CodesProgressSerializer(allow_null=True)
    usage = UsageSerializer()
    created_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


def represent(promotion: Promotion, *, usage: Usage, at: datetime) -> dict[str, Any]:
    """As `KnownPromotionSerializer` says, from a row with terms, store, codes and batches."""
    terms = promotion.terms
    return {
        "id": str(promotion.pk),
        "state": str(promotion.state(at)),
        "refused_reason": promotion.refused_reason or None,
        "name": promotion.name,
        "kind": promotion.kind,
        "store": promotion.store.ref if promotion.store else None,
        "currency": promotion.currency,
        **_terms(terms),
        "limits": {
            "total": promotion.total_limit,
            "per_person": promotion.per_person_limit,
            "per_code": promotion.per_code_limit,
            "budget": promotion.budget_minor,
            "budget_edge": promotion.budget_edge,
        },
        "share_with_affiliates": promotion.share_with_affiliates,
        "code": _shared_code(promotion),
        "codes": _progress(promotion),
        "usage": {
            "redeemed": usage.redeemed,
            "held": usage.held,
            "reversed": usage.reversed,
            "taken": usage.taken,
            "discount": usage.discount_minor,
            "budget_left": usage.budget_left_minor,
        },
        "created_at": instant_text(promotion.created_at),
        "approved_at": instant_text(promotion.approved_at) if promotion.approved_at else None,
        "cancelled_at": instant_text(promotion.cancelled_at) if promotion.cancelled_at else None,
    }


def _terms(terms: PromotionTerms) -> dict[str, Any]:
    return {
        "stores": terms.stores,
        "discount": {
            "type": terms.discount_type,
            "percent": None if terms.percent_bp is None else percent_text(terms.percent_bp),
            "amount": terms.amount_minor,
            "max_discount": terms.max_discount_minor,
        },
        "allocation": terms.allocation,
        "max_units_per_line": terms.max_units_per_line,
        "applies_to": {
            "scope": terms.scope,
            "products": terms.products,
            "categories": terms.categories,
            "exclude_products": terms.exclude_products,
            "stores": terms.stores,
        },
        "min_spend": terms.min_spend_minor,
        "min_spend_basis": terms.min_spend_basis,
        "first_order_only": terms.first_order_only,
        "stacking": terms.stacking,
        "priority": terms.priority,
        "starts_at": instant_text(terms.starts_at),
        "ends_at": instant_text(terms.ends_at) if terms.ends_at else None,
        "timezone": terms.timezone,
        "local": {"starts_at": terms.starts_local, "ends_at": terms.ends_local or None},
        "give_back": {cause: cause in terms.gives_back_for for cause in Cause.values},
        "terms_version": terms.version,
    }


def _shared_code(promotion: Promotion) -> str | None:
    found: list[Any] = getattr(promotion, "shared_codes", [])
    return found[0].code if found else None


def _progress(promotion: Promotion) -> dict[str, Any] | None:
    batches = list(promotion.batches.all())
    if not batches:
        return None
    waiting = [batch for batch in batches if batch.state != CodeBatch.State.DONE]
    return {
        "count": sum(batch.count for batch in batches),
        "made": sum(batch.made for batch in batches),
        "pattern": batches[-1].pattern,
        "state": str(waiting[0].state if waiting else CodeBatch.State.DONE),
    }
