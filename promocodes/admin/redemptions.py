"""The ledger of uses: carts at the till, what each code gave in them, what came back."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace import orders
from marketplace.access import OpsModelAdmin
from marketplace.admin_inlines import OpsTabularInline
from marketplace.money import format_money
from promocodes import receipts
from promocodes.cart import lines_from_json
from promocodes.codes import normalise
from promocodes.models import Checkout, PromoCode, Redemption, RedemptionLine, Reversal


def _amount(minor: int, currency: str) -> str:
    return format_money(minor, currency, get_language() or "en")


class UseInline(OpsTabularInline):
    """What each code gave."""

    model = Redemption
    hide_title = True
    fields = ("code", "promotion", "state", "given", "came_back", "is_given_back")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Redemption]:
        """With the code and the promotion, for their names."""
        rows: QuerySet[Redemption] = super().get_queryset(request)
        return rows.select_related("code", "promotion")

    @admin.display(description=_("discount"))
    def given(self, use: Redemption) -> str:
        """Off the lines and the shipping."""
        return _amount(use.discount_minor + use.shipping_discount_minor, use.promotion.currency)

    @admin.display(description=_("discount returned"))
    def came_back(self, use: Redemption) -> str:
        """With the goods that came back."""
        return _amount(use.returned_minor, use.promotion.currency)


class ReversalInline(OpsTabularInline):
    """What came back, and why."""

    model = Reversal
    hide_title = True
    fields = ("recorded_at", "reversal_ref", "cause", "discount", "amount", "uses_returned")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reversal]:
        """With the checkout, for its currency."""
        rows: QuerySet[Reversal] = super().get_queryset(request)
        return rows.select_related("checkout")

    @admin.display(description=_("discount returned"))
    def discount(self, row: Reversal) -> str:
        """With the shipping discount."""
        return _amount(row.discount_minor + row.shipping_discount_minor, row.checkout.currency)

    @admin.display(description=_("amount returned"))
    def amount(self, row: Reversal) -> str:
        """What was paid for the units."""
        return _amount(row.amount_minor, row.checkout.currency)


class LineInline(OpsTabularInline):
    """The shares of a use, line by line and unit by unit."""

    model = RedemptionLine
    hide_title = True
    fields = ("line_ref", "store", "quantity", "shares", "discount_minor", "returned_minor")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RedemptionLine]:
        """With the store, for its name."""
        rows: QuerySet[RedemptionLine] = super().get_queryset(request)
        return rows.select_related("store")

    @admin.display(description=_("shares by unit"))
    def shares(self, line: RedemptionLine) -> str:
        """The first units' shares."""
        shown = ", ".join(str(share) for share in line.units[:12])
        return shown + (", …" if len(line.units) > 12 else "")


@admin.register(Checkout)
class CheckoutAdmin(OpsModelAdmin):
    """Carts that were held or redeemed; found by the whole id of the order or the shopper."""

    list_display = ("name", "state", "shopper_ref", "subtotal", "discount", "decided_at")
    list_filter = ("state", "currency")
    search_fields = ("order_ref__exact",)
    search_help_text = _("The whole id of the order")
    fields = (
        ("name", "state", "order"),
        ("shopper_ref", "client"),
        ("subtotal", "shipping"),
        ("discount", "shipping_discount"),
        ("decided_at", "expires_at", "redeemed_at"),
        "goods",
    )
    readonly_fields = (
        "name",
        "order",
        "goods",
        "subtotal",
        "shipping",
        "discount",
        "shipping_discount",
    )
    inlines = (UseInline, ReversalInline)
    ordering = ("-pk",)
    sortable_by = ()

    @admin.display(description=_("order or reservation"))
    def name(self, checkout: Checkout) -> str:
        """The order's id; the reservation's own before there is one."""
        return str(checkout)

    @admin.display(description=_("order"))
    def order(self, checkout: Checkout) -> SafeString | str:
        """A way to the order."""
        if checkout.order_ref is None:
            return "—"
        url = reverse("admin:marketplace_order_changelist")
        ref = orders.ref_of(checkout.store, checkout.order_ref)
        return format_html('<a href="{}?q={}">{}</a>', url, ref, _("open"))

    @admin.display(description=_("goods"))
    def goods(self, checkout: Checkout) -> SafeString:
        """The lines, what each code gave on them, and how many units came back."""
        quoted = receipts.read(checkout).quote.lines
        lines = [
            {
                "ref": line.ref,
                "product": line.product,
                "store": line.store,
                "unit_price_minor": line.unit_price_minor,
                "quantity": line.quantity,
                "returned": returned,
                "by_code": list(answer.by_code.items()),
            }
            for line, returned, answer in zip(
                lines_from_json(checkout.cart), checkout.returned, quoted, strict=True
            )
        ]
        return render_to_string(
            "admin/promocodes/_goods.html", {"lines": lines, "currency": checkout.currency}
        )

    @admin.display(description=_("subtotal"))
    def subtotal(self, checkout: Checkout) -> str:
        """Of the lines."""
        return _amount(checkout.subtotal_minor, checkout.currency)

    @admin.display(description=_("shipping"))
    def shipping(self, checkout: Checkout) -> str:
        """Before any code."""
        return _amount(checkout.shipping_minor, checkout.currency)

    @admin.display(description=_("discount"))
    def discount(self, checkout: Checkout) -> str:
        """Off the lines."""
        return _amount(checkout.discount_minor, checkout.currency)

    @admin.display(description=_("shipping discount"))
    def shipping_discount(self, checkout: Checkout) -> str:
        """Off the shipping."""
        return _amount(checkout.shipping_discount_minor, checkout.currency)


@admin.register(Redemption)
class RedemptionAdmin(OpsModelAdmin):
    """Uses of codes, with their frozen shares and the version of the terms they were judged by."""

    list_display = ("code", "promotion", "state", "order_ref", "given", "came_back", "decided_at")
    list_filter = ("state",)
    list_select_related = ("code", "promotion", "checkout")
    search_fields = ("checkout__order_ref__exact",)
    search_help_text = _("The whole id of the order, or the whole code")
    fields = (
        ("code", "state"),
        ("promotion", "terms"),
        ("order_ref", "store"),
        ("given", "came_back", "is_given_back"),
        "decided_at",
    )
    readonly_fields = ("code", "promotion", "terms", "order_ref", "store", "given", "came_back")
    inlines = (LineInline,)
    ordering = ("-pk",)
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Redemption], search_term: str
    ) -> tuple[QuerySet[Redemption], bool]:
        """Uses on an order or of a code: each looked up by its own index."""
        if not search_term:
            return queryset, False
        carts = list(Checkout.objects.filter(order_ref=search_term).values_list("pk", flat=True))
        if carts:
            return queryset.filter(checkout__in=carts), False
        codes = list(PromoCode.objects.spelled(normalise(search_term)).values_list("pk", flat=True))
        return queryset.filter(code__in=codes), False

    @admin.display(description=_("order"))
    def order_ref(self, use: Redemption) -> Any:
        """The order's id."""
        return use.checkout.order_ref or "—"

    @admin.display(description=_("discount"))
    def given(self, use: Redemption) -> str:
        """Off the lines and the shipping."""
        return _amount(use.discount_minor + use.shipping_discount_minor, use.promotion.currency)

    @admin.display(description=_("discount returned"))
    def came_back(self, use: Redemption) -> str:
        """With the goods that came back."""
        return _amount(use.returned_minor, use.promotion.currency)
