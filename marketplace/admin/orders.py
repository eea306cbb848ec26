"""Orders, their lines and the events that made them; nothing here can be changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.access import OpsModelAdmin
from marketplace.admin_inlines import OpsTabularInline
from marketplace.models import Order, OrderEvent, OrderLine
from marketplace.money import format_money


def _amount(minor: int, currency: str) -> str:
    return format_money(minor, currency or "XXX", get_language() or "en")


class OrderLineInline(OpsTabularInline):
    """What was bought, and what came back."""

    model = OrderLine
    fields = ("ref", "store", "product_ref", "price", "quantity", "discount", "paid", "returned")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the order, for its currency, and the store, for its name."""
        return super().get_queryset(request).select_related("order", "store")

    @admin.display(description=_("unit price"))
    def price(self, line: OrderLine) -> str:
        """Of one unit."""
        return _amount(line.unit_price_minor, line.order.currency)

    @admin.display(description=_("discount"))
    def discount(self, line: OrderLine) -> str:
        """Of the whole line."""
        return _amount(line.discount_minor, line.order.currency)

    @admin.display(description=pgettext_lazy("order", "paid"))
    def paid(self, line: OrderLine) -> str:
        """After the discount."""
        return _amount(line.total_minor, line.order.currency)

    @admin.display(description=_("returned"))
    def returned(self, line: OrderLine) -> str:
        """Units and money."""
        if not line.refunded_quantity:
            return "—"
        return f"{line.refunded_quantity} · {_amount(line.refunded_minor, line.order.currency)}"


@admin.register(Order)
class OrderAdmin(OpsModelAdmin):
    """Orders as they stand; found by the whole id of the order or the shopper."""

    list_display = ("ref", "state", "shopper_ref", "currency", "placed_at", "paid_at", "has_parked")
    list_filter = ("state", "currency", ("reported_by", admin.EmptyFieldListFilter))
    list_select_related = ("reported_by",)
    search_fields = ("ref__exact", "shopper_ref__exact")
    search_help_text = _("The whole id of the order or of the shopper")
    fields = (
        ("ref", "reported_by"),
        ("state", "version"),
        ("shopper_ref", "shopper"),
        ("shipping", "codes", "click_ref"),
        ("placed_at", "paid_at"),
        ("delivered_at", "cancelled_at"),
        "came_back_in_vain",
        "events",
    )
    readonly_fields = ("shipping", "came_back_in_vain", "events")
    inlines = (OrderLineInline,)
    ordering = ("-pk",)

    @admin.display(description=_("shipping"))
    def shipping(self, order: Order) -> str:
        """What the shopper paid for it."""
        return _amount(order.shipping_minor, order.currency)

    @admin.display(description=_("parked"))
    def has_parked(self, order: Order) -> str:
        """Something came back that can't have; somebody should ask the shop."""
        return gettext("ask the shop") if order.parked else "—"

    @admin.display(description=_("reported as returned, but can't be"))
    def came_back_in_vain(self, order: Order) -> SafeString | str:
        """What is parked, each in a sentence."""
        told = {
            "unknown_line": _("refund {refund}: {quantity} × line {line}, which we don't know"),
            "more_than_bought": _(
                "refund {refund}: {quantity} × line {line} more than were bought"
            ),
        }
        lines = ((told[item["reason"]].format(**item),) for item in order.parked)
        return format_html_join(mark_safe("<br>"), "{}", lines) or "—"

    @admin.display(description=_("events"))
    def events(self, order: Order) -> SafeString:
        """The order's journal, in the order of versions."""
        rows = OrderEvent.objects.filter(order_ref=order.ref).select_related("client")
        return render_to_string(
            "admin/marketplace/_order_events.html",
            {"events": rows.order_by("version", "id")[:100]},
        )


@admin.register(OrderEvent)
class OrderEventAdmin(OpsModelAdmin):
    """The journal as it came in."""

    list_display = ("recorded_at", "order", "type", "version", "occurred_at", "client", "event_id")
    list_filter = ("type",)
    list_select_related = ("client",)
    search_fields = ("order_ref__exact", "event_id__exact")
    search_help_text = _("The whole id of the order or of the event")
    fields = (
        ("order", "event_id", "client"),
        ("type", "version"),
        ("occurred_at", "recorded_at"),
        "payload",
    )
    readonly_fields = ("order", "recorded_at")
    ordering = ("-pk",)

    @admin.display(description=_("order"))
    def order(self, event: OrderEvent) -> SafeString:
        """A way to the order."""
        url = reverse("admin:marketplace_order_changelist")
        return format_html('<a href="{}?q={}">{}</a>', url, event.order_ref, event.order_ref)
