"""Quotes, reservations, redemptions and reversals as JSON, and their shapes for the document."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from marketplace.api.fields import instant_text
from promocodes import units
from promocodes.api.carts import MERCHANT, SHOPPER
from promocodes.models import Checkout, Reversal
from promocodes.quoting import CodeAnswer, LineAnswer, Quote
from promocodes.reasons import Reason
from promocodes.receipts import Receipt


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a code gives nothing: programs go by `code`, people read `message`."""

    code = serializers.ChoiceField(choices=Reason.choices)
    message = serializers.CharField()
    params = serializers.DictField()


class QuotedCodeSerializer(serializers.Serializer[Any]):
    """What a code gives in all; `shipping_discount` is the part off the shipping."""

    code = serializers.CharField()
    promotion = serializers.UUIDField(allow_null=True)
    applied = serializers.BooleanField()
    discount = serializers.IntegerField()
    shipping_discount = serializers.IntegerField()
    reason = RefusalSerializer(allow_null=True)


class QuotedLineSerializer(serializers.Serializer[Any]):
    """What a line saves: in all, on each unit, by each code."""

    ref = serializers.CharField()
    discount = serializers.IntegerField()
    units = serializers.ListField(child=serializers.IntegerField())
    by_code = serializers.DictField(child=serializers.IntegerField())


class QuoteSerializer(serializers.Serializer[Any]):
    """`total` = subtotal + shipping - discount - shipping_discount."""

    currency = serializers.CharField()
    subtotal = serializers.IntegerField()
    shipping = serializers.IntegerField()
    discount = serializers.IntegerField()
    shipping_discount = serializers.IntegerField()
    total = serializers.IntegerField()
    lines = QuotedLineSerializer(many=True)
    codes = QuotedCodeSerializer(many=True)
    digest = serializers.CharField()
    quoted_at = serializers.DateTimeField()


class HeldSerializer(serializers.Serializer[Any]):
    """A reservation."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Checkout.State.choices)
    expires_at = serializers.DateTimeField(allow_null=True)
    quote = QuoteSerializer()


class UseSerializer(serializers.Serializer[Any]):
    """One code's use."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    discount = serializers.IntegerField()


class RedeemedSerializer(serializers.Serializer[Any]):
    """A redemption."""

    id = serializers.UUIDField()
    order_ref = serializers.CharField()
    state = serializers.ChoiceField(choices=Checkout.State.choices)
    quote = QuoteSerializer()
    redemptions = UseSerializer(many=True)


class CameBackSerializer(serializers.Serializer[Any]):
    """Units of a line that came back, the discount on them, and the money paid for them."""

    ref = serializers.CharField()
    quantity = serializers.IntegerField()
    discount_returned = serializers.IntegerField()
    amount_returned = serializers.IntegerField()


class ReversedStateSerializer(serializers.Serializer[Any]):
    """What the redemption is after it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Checkout.State.choices)


class PastReversalSerializer(serializers.Serializer[Any]):
    """A reversal, for itself."""

    id = serializers.UUIDField()
    reversal_ref = serializers.CharField()
    cause = serializers.CharField()
    lines = CameBackSerializer(many=True)
    discount_returned = serializers.IntegerField()
    shipping_discount_returned = serializers.IntegerField()
    amount_returned = serializers.IntegerField()
    uses_returned = serializers.IntegerField()


class ReversedSerializer(PastReversalSerializer):
    """A reversal."""

    redemption = ReversedStateSerializer()


class ReturnableSerializer(serializers.Serializer[Any]):
    """A line of the order: how many units it has, and how many of them came back."""

    ref = serializers.CharField()
    quantity = serializers.IntegerField()
    returned = serializers.IntegerField()


class KnownRedemptionSerializer(RedeemedSerializer):
    """A redemption with all that came back of it, the oldest first."""

    lines = ReturnableSerializer(many=True)
    reversals = PastReversalSerializer(many=True)


def quote(found: Quote, *, audience: str) -> dict[str, Any]:
    """As `QuoteSerializer` says; for a shopper without what would tell a stranger something."""
    return {
        "currency": found.currency,
        "subtotal": found.subtotal_minor,
        "shipping": found.shipping_minor,
        "discount": found.discount_minor,
        "shipping_discount": found.shipping_discount_minor,
        "total": found.total_minor,
        "lines": [_line(line) for line in found.lines],
        "codes": [_code(code, for_shopper=audience == SHOPPER) for code in found.codes],
        "digest": found.digest,
        "quoted_at": instant_text(found.at),
    }


def reservation(receipt: Receipt, *, audience: str) -> dict[str, Any]:
    """As `HeldSerializer` says."""
    return {
        "id": str(receipt.id),
        "state": str(receipt.state),
        "expires_at": instant_text(receipt.expires_at) if receipt.expires_at else None,
        "quote": quote(receipt.quote, audience=audience),
    }


def redemption(receipt: Receipt, *, audience: str) -> dict[str, Any]:
    """As `RedeemedSerializer` says."""
    return {
        "id": str(receipt.id),
        "order_ref": receipt.order_ref,
        "state": str(receipt.state),
        "quote": quote(receipt.quote, audience=audience),
        "redemptions": [
            {"id": str(use.id), "code": use.code, "discount": use.discount_minor}
            for use in receipt.uses
        ],
    }


def known_redemption(receipt: Receipt, reversals: Sequence[Reversal]) -> dict[str, Any]:
    """As `KnownRedemptionSerializer` says, for the merchant."""
    returned: Counter[str] = Counter()
    for row in reversals:
        returned.update({line["ref"]: line["quantity"] for line in row.lines})
    return redemption(receipt, audience=MERCHANT) | {
        "lines": [
            {
                "ref": line.ref,
                "quantity": sum(count for count, _ in line.units),
                "returned": returned[line.ref],
            }
            for line in receipt.quote.lines
        ],
        "reversals": [_came_back(row) for row in reversals],
    }


def reversal(row: Reversal) -> dict[str, Any]:
    """As `ReversedSerializer` says."""
    return _came_back(row) | {
        "redemption": {"id": str(row.checkout_id), "state": row.state_after},
    }


def _came_back(row: Reversal) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "reversal_ref": row.reversal_ref,
        "cause": row.cause,
        "lines": row.lines,
        "discount_returned": row.discount_minor,
        "shipping_discount_returned": row.shipping_discount_minor,
        "amount_returned": row.amount_minor,
        "uses_returned": row.uses_returned,
    }


def _line(line: LineAnswer) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "discount": line.discount_minor,
        "units": units.expand(line.units),
        "by_code": dict(line.by_code),
    }


def _code(code: CodeAnswer, *, for_shopper: bool) -> dict[str, Any]:
    why = code.refusal
    if why is not None and for_shopper:
        why = why.for_shopper()
    hidden = why is not None and why.reason == Reason.NOT_APPLICABLE
    return {
        "code": code.code,
        "promotion": str(code.promotion_id) if code.promotion_id and not hidden else None,
        "applied": code.is_applied,
        "discount": code.discount_minor,
        "shipping_discount": code.shipping_discount_minor,
        "reason": None
        if why is None
        else {"code": str(why.reason), "message": why.message, "params": dict(why.params)},
    }
