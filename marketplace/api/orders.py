"""`GET /orders/{order_ref}`: an order as it stands."""

from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import orders
from marketplace.api.document import documented
from marketplace.api.fields import instant_text
from marketplace.api.views import ApiView
from marketplace.models import ApiClient, Order, OrderLine


class FoldedLineSerializer(serializers.Serializer[Any]):
    """A line; amounts are of the whole line, `unit_price` apart."""

    ref = serializers.CharField()
    product = serializers.CharField(allow_null=True)
    store = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    unit_price = serializers.IntegerField()
    quantity = serializers.IntegerField()
    discount = serializers.IntegerField()
    total = serializers.IntegerField(help_text="After the discount.")
    refunded_quantity = serializers.IntegerField()
    refunded = serializers.IntegerField(help_text="The part of `total` that came back.")


class ParkedSerializer(serializers.Serializer[Any]):
    """Units reported as returned that can't have been, until an event explains them."""

    refund = serializers.CharField()
    line = serializers.CharField()
    quantity = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=["unknown_line", "more_than_bought"])


class OrderSerializer(serializers.Serializer[Any]):
    """An order folded from its events. A store's own key sees its lines and their sums."""

    order_ref = serializers.CharField()
    reported_by = serializers.CharField(
        allow_null=True, help_text="The store whose own key told of it; null: the marketplace."
    )
    state = serializers.ChoiceField(choices=Order.State.choices)
    version = serializers.IntegerField()
    currency = serializers.CharField(allow_null=True)
    shopper = serializers.CharField(allow_null=True, help_text="The shop's id of the shopper.")
    placed_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    subtotal = serializers.IntegerField()
    discount = serializers.IntegerField()
    shipping = serializers.IntegerField(
        allow_null=True, help_text="Null for a store's key, unless that store told of the order."
    )
    total = serializers.IntegerField()
    refunded = serializers.IntegerField()
    codes = serializers.ListField(child=serializers.CharField())
    click_id = serializers.CharField(allow_null=True)
    lines = FoldedLineSerializer(many=True)
    parked = ParkedSerializer(many=True)


class OrderView(ApiView):
    """`GET /orders/{order_ref}`. A floor above may add what it knows by overriding `body`."""

    scope = ApiClient.Scope.ORDERS

    @documented("get_order", answers={200: OrderSerializer}, problems=(404,))
    def get(self, request: Request, order_ref: str) -> Response:
        """How an order stands by all events so far."""
        return Response(self.body(order_of(self.client, order_ref)))

    def body(self, order: Order) -> dict[str, Any]:
        """The answer."""
        return represent(order, whole=self.client.store_id in (None, order.reported_by_id))


def order_of(client: ApiClient, order_ref: str) -> Order:
    """The order with the lines that the client may see; `NotFound` if there is none of these.

    A store's own key sees its lines in the marketplace's order; if there are none, the order that
    it told of itself.
    """
    lines = OrderLine.objects.select_related("store").order_by("pk")
    if client.store is not None:
        lines = lines.filter(store=client.store)
    found = Order.objects.select_related("reported_by").prefetch_related(Prefetch("lines", lines))
    order = found.filter(ref=order_ref).first()
    if client.store is not None and (order is None or not order.lines.all()):
        order = found.filter(ref=orders.ref_of(client.store, order_ref)).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def represent(order: Order, *, whole: bool) -> dict[str, Any]:
    """The order as `OrderSerializer` says, from its prefetched lines (with their stores).

    `whole` False leaves out what is not of the lines: shipping and other stores' parked units.
    """
    lines = [_line(line) for line in order.lines.all()]
    refs = {line["ref"] for line in lines}
    shipping = order.shipping_minor if whole else 0
    return {
        "order_ref": order.number,
        "reported_by": order.reported_by.ref if order.reported_by else None,
        "state": order.state,
        "version": order.version,
        "currency": order.currency or None,
        "shopper": order.shopper_ref or None,
        "placed_at": _instant(order.placed_at),
        "paid_at": _instant(order.paid_at),
        "delivered_at": _instant(order.delivered_at),
        "cancelled_at": _instant(order.cancelled_at),
        "subtotal": sum(line["total"] + line["discount"] for line in lines),
        "discount": sum(line["discount"] for line in lines),
        "shipping": shipping if whole else None,
        "total": sum(line["total"] for line in lines) + shipping,
        "refunded": sum(line["refunded"] for line in lines),
        "codes": order.codes,
        "click_id": order.click_ref or None,
        "lines": lines,
        "parked": [item for item in order.parked if whole or item["line"] in refs],
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "product": line.product_ref or None,
        "store": line.store.ref,
        "category": line.category_ref or None,
        "unit_price": line.unit_price_minor,
        "quantity": line.quantity,
        "discount": line.discount_minor,
        "total": line.total_minor,
        "refunded_quantity": line.refunded_quantity,
        "refunded": line.refunded_minor,
    }


def _instant(instant: Any) -> str | None:
    return instant_text(instant) if instant is not None else None
