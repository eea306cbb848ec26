"""`/orders/events`: the shop reports what happened to its orders."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import orders
from marketplace.api.document import documented
from marketplace.api.fields import (
    CurrencyField,
    InstantField,
    IntField,
    MinorField,
    RefField,
    TextField,
    WordField,
)
from marketplace.api.serializers import ListOf, ShopperSerializer, StrictSerializer, present
from marketplace.api.views import ApiView
from marketplace.folding import Event
from marketplace.models import ApiClient, OrderEvent
from marketplace.money import MAX_MINOR

MOST_UNITS = 1_000_000
MOST_LINES = 1_000
MOST_AT_ONCE = 500
REFUSALS: Mapping[type[Exception], int] = {orders.UnknownOrder: 404, orders.OrderRefusal: 422}
_FACTS = ("currency", "shopper", "lines", "shipping", "codes", "click_id", "refund")


class OrderLineSerializer(StrictSerializer):
    """One line as it was sold; `discount` is of the whole line."""

    ref = RefField()
    product = RefField(required=False, allow_null=True)
    store = RefField(required=False, allow_null=True)
    category = RefField(required=False, allow_null=True)
    unit_price = MinorField()
    quantity = IntField(min_value=1, max_value=MOST_UNITS)
    discount = MinorField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The line's sums, and `discount` 0 where it is absent."""
        price = attrs["unit_price"] * attrs["quantity"]
        if price > MAX_MINOR:
            raise serializers.ValidationError({"unit_price": ["The line is worth too much."]})
        discount = attrs.get("discount", 0)
        if discount > price:
            raise serializers.ValidationError({"discount": ["More than the line's price."]})
        if not attrs.get("store") and not attrs.get("product"):
            raise serializers.ValidationError({"store": ["Name the store or the product."]})
        return present(attrs) | {"discount": discount}


class RefundedLineSerializer(StrictSerializer):
    """How many units of a line came back."""

    ref = RefField()
    quantity = IntField(min_value=1, max_value=MOST_UNITS)


class RefundSerializer(StrictSerializer):
    """What came back under the shop's own `ref`; without `lines`, everything."""

    ref = RefField()
    lines = ListOf(
        RefundedLineSerializer(), most=MOST_LINES, unique="ref", required=False, allow_null=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Null and absent are the same."""
        return present(attrs)


class OrderEventSerializer(StrictSerializer):
    """One thing that happened to an order."""

    event_id = RefField()
    order_ref = RefField()
    version = IntField(max_value=2**63 - 1)
    type = WordField(choices=OrderEvent.Type.choices)
    occurred_at = InstantField()
    shopper = ShopperSerializer(required=False, allow_null=True)
    currency = CurrencyField(required=False, allow_null=True)
    lines = ListOf(
        OrderLineSerializer(), most=MOST_LINES, unique="ref", required=False, allow_null=True
    )
    shipping = MinorField(required=False, allow_null=True)
    codes = serializers.ListField(
        child=TextField(max_length=64, trim_whitespace=True),
        required=False,
        allow_null=True,
        max_length=50,
    )
    click_id = RefField(required=False, allow_null=True)
    refund = RefundSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What each type must and may carry."""
        faults = {}
        event = present(attrs)
        is_refund = event["type"] == OrderEvent.Type.REFUNDED
        if is_refund and "refund" not in event:
            faults["refund"] = ["Say what was refunded."]
        if not is_refund and "refund" in event:
            faults["refund"] = ["Only a refunded event carries a refund."]
        if event["type"] == OrderEvent.Type.PLACED and "lines" not in event:
            faults["lines"] = ["A placed event carries the lines."]
        if "currency" not in event and ("lines" in event or "shipping" in event):
            faults["currency"] = ["Amounts need their currency."]
        if faults:
            raise serializers.ValidationError(faults)
        worth = sum(line["unit_price"] * line["quantity"] for line in event.get("lines", ()))
        if worth > MAX_MINOR:
            raise serializers.ValidationError({"lines": ["The order is worth too much."]})
        return event


class OrderEventsSerializer(StrictSerializer):
    """Many events at once."""

    events = ListOf(OrderEventSerializer(), most=MOST_AT_ONCE)


class StoredEventSerializer(serializers.Serializer[Any]):
    """Whether the event is new to us; `false` when it was sent before."""

    event_id = RefField()
    stored = serializers.BooleanField()


class StoredEventsSerializer(serializers.Serializer[Any]):
    """The same for each event of a batch, in its order."""

    results = StoredEventSerializer(many=True)


EXAMPLES = [
    OpenApiExample(
        "paid",
        request_only=True,
        value={
            "event_id": "e-1001",
            "order_ref": "o-77",
            "version": 2,
            "type": "paid",
            "occurred_at": "2026-12-01T12:00:00+03:00",
            "shopper": {"ref": "u1", "email": "anna@example.com"},
            "currency": "RUB",
            "lines": [
                {
                    "ref": "1",
                    "product": "p1",
                    "store": "s1",
                    "category": "mugs",
                    "unit_price": 120000,
                    "quantity": 2,
                    "discount": 24000,
                }
            ],
            "shipping": 30000,
            "codes": ["SUMMER10"],
            "click_id": "c-5",
        },
    ),
    OpenApiExample(
        "refunded",
        request_only=True,
        value={
            "event_id": "e-1002",
            "order_ref": "o-77",
            "version": 3,
            "type": "refunded",
            "occurred_at": "2026-12-08T12:00:00+03:00",
            "refund": {"ref": "r-1", "lines": [{"ref": "1", "quantity": 1}]},
        },
    ),
]


class OrderEventsView(ApiView):
    """`POST /orders/events`."""

    scope = ApiClient.Scope.ORDERS
    refusals = REFUSALS

    @documented(
        "report_order_event",
        request=OrderEventSerializer,
        answers={202: StoredEventSerializer},
        examples=EXAMPLES,
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Report one event of an order.

        Events may come in any order and any number of times: an order is folded from all of them by
        `version`. A fact that a later version does not carry stays as it was.
        """
        event = _event(self.client, self.read(OrderEventSerializer))
        stored = orders.record(client=self.client, event=event)
        return Response({"event_id": event.event_id, "stored": stored}, status=202)


class OrderEventBatchView(ApiView):
    """`POST /orders/events/batch`."""

    scope = ApiClient.Scope.ORDERS
    refusals = REFUSALS

    @documented(
        "report_order_events",
        request=OrderEventsSerializer,
        answers={202: StoredEventsSerializer},
        problems=(404,),
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        """Report up to 500 events of any orders: all are recorded or none."""
        events = [_event(self.client, item) for item in self.read(OrderEventsSerializer)["events"]]
        stored = orders.record_batch(client=self.client, events=events)
        results = [
            {"event_id": event.event_id, "stored": is_new}
            for event, is_new in zip(events, stored, strict=True)
        ]
        return Response({"results": results}, status=202)


def _event(client: ApiClient, body: Mapping[str, Any]) -> Event:
    return Event(
        client_id=client.pk,
        order_ref=body["order_ref"],
        event_id=body["event_id"],
        version=body["version"],
        type=body["type"],
        occurred_at=body["occurred_at"],
        facts={name: body[name] for name in _FACTS if name in body},
    )
