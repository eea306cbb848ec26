"""The cart as the shop sends it, and through which door it came."""

from collections.abc import Collection
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from marketplace.api.fields import (
    BoolField,
    CurrencyField,
    IntField,
    MinorField,
    RefField,
    TextField,
    WordField,
)
from marketplace.api.serializers import ListOf, ShopperSerializer, StrictSerializer, present
from marketplace.api.views import ApiView
from marketplace.money import MAX_MINOR
from promocodes import reservations
from promocodes.cart import MAX_UNITS, Cart, Line, Shopper
from promocodes.codes import normalise
from promocodes.throttling import Source

MOST_LINES = 500
MOST_CODES = 20
MERCHANT, SHOPPER = "merchant", "shopper"


class CartLineSerializer(StrictSerializer):
    """Some units at one price. Store and category may be left out of a product that we know."""

    ref = RefField()
    product = RefField(required=False, allow_null=True)
    store = RefField(required=False, allow_null=True)
    category = RefField(required=False, allow_null=True)
    unit_price = MinorField()
    quantity = IntField(min_value=1, max_value=MAX_UNITS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The line's worth fits what money may be."""
        if attrs["unit_price"] * attrs["quantity"] > MAX_MINOR:
            raise ValidationError({"unit_price": ["The line is worth too much."]})
        return present(attrs)


class CartSerializer(StrictSerializer):
    """A cart and the codes typed for it."""

    currency = CurrencyField()
    shopper = ShopperSerializer(required=False, allow_null=True)
    lines = ListOf(CartLineSerializer(), most=MOST_LINES, unique="ref")
    shipping = MinorField(required=False, allow_null=True)
    codes = serializers.ListField(
        child=TextField(max_length=100, allow_blank=True),
        required=False,
        allow_null=True,
        max_length=MOST_CODES,
    )
    first_order = BoolField(required=False, allow_null=True)
    audience = WordField(
        choices=[MERCHANT, SHOPPER],
        required=False,
        help_text="For `shopper`, reasons that would tell a stranger something are hidden.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The whole fits what money may be, and what can be priced at once."""
        lines = attrs["lines"]
        if sum(line["unit_price"] * line["quantity"] for line in lines) > MAX_MINOR:
            raise ValidationError({"lines": ["The cart is worth too much."]})
        if sum(line["quantity"] for line in lines) > MAX_UNITS:
            raise ValidationError({"lines": [f"At most {MAX_UNITS} units in all."]})
        return present(attrs)


_OF_CART = frozenset(CartSerializer().fields) - {"audience"}


class ReservationSerializer(CartSerializer):
    """A cart to hold, and for how long."""

    ttl_seconds = IntField(
        min_value=reservations.LEAST_SECONDS,
        max_value=reservations.MOST_SECONDS,
        required=False,
        help_text="900 unless given.",
    )


class RenewalSerializer(StrictSerializer):
    """How long to hold on, from now."""

    ttl_seconds = IntField(
        min_value=reservations.LEAST_SECONDS,
        max_value=reservations.MOST_SECONDS,
        required=False,
        help_text="900 unless given.",
    )


class DirectRedemptionSerializer(CartSerializer):
    """An order and its cart. `digest` of a quote guards both cart and outcome."""

    order_ref = RefField()
    digest = TextField(max_length=64, required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """A reservation of null is none."""
        return super().to_internal_value(_without_nulls(data, {"reservation"}))


class HeldRedemptionSerializer(StrictSerializer):
    """An order that uses what a reservation holds."""

    order_ref = RefField()
    reservation = TextField(max_length=64)
    digest = TextField(max_length=64, required=False, allow_null=True)
    audience = WordField(choices=[MERCHANT, SHOPPER], required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """What a cart has may stand there as null."""
        return super().to_internal_value(_without_nulls(data, _OF_CART))


class ReturnedLineSerializer(StrictSerializer):
    """How many units of a line came back."""

    ref = RefField()
    quantity = IntField(min_value=1, max_value=MAX_UNITS)


class ReversalSerializer(StrictSerializer):
    """What came back, and why; with `lines` left out, all that is left."""

    reversal_ref = RefField()
    cause = WordField(choices=["unpaid", "cancelled", "refunded", "fraud"])
    lines = ListOf(
        ReturnedLineSerializer(),
        most=MOST_LINES,
        unique="ref",
        required=False,
        allow_null=True,
        help_text="Left out: all that is left. An empty list is refused.",
    )


def cart_of(body: dict[str, Any], *, view: ApiView) -> Cart:
    """The cart of a body that was read. A store's own key speaks of that store's goods only."""
    bound = view.client.store
    own = bound.ref if bound is not None else ""
    faults = [
        {"store": ["Unknown store."]} if own and line.get("store", own) != own else {}
        for line in body["lines"]
    ]
    if any(faults):
        raise ValidationError({"lines": faults})
    return Cart(
        currency=body["currency"],
        lines=tuple(_line(line, own) for line in body["lines"]),
        codes=tuple(dict.fromkeys(normalise(code) for code in body.get("codes", ()))),
        shipping_minor=body.get("shipping", 0),
        shopper=Shopper(**present(body.get("shopper", {}))),
        first_order=body.get("first_order"),
    )


def source_of(view: ApiView) -> Source:
    """The client that calls, its address, its store if it is bound to one."""
    return Source(
        client_id=view.client.pk,
        address=view.request.META.get("REMOTE_ADDR", ""),
        store_id=view.client.store_id,
    )


def _line(line: dict[str, Any], own: str) -> Line:
    return Line(
        ref=line["ref"],
        unit_price_minor=line["unit_price"],
        quantity=line["quantity"],
        product=line.get("product", ""),
        store=line.get("store", own),
        category=line.get("category", ""),
    )


def _without_nulls(data: Any, names: Collection[str]) -> Any:
    """The object without those of the names that are null."""
    if not isinstance(data, dict):
        return data
    return {name: value for name, value in data.items() if value is not None or name not in names}
