"""Stores, categories and products as the shop told them."""

from django.contrib import admin
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.access import OpsModelAdmin
from marketplace.admin_inlines import OpsTabularInline
from marketplace.models import Category, Product, Store, StoreMember
from marketplace.money import format_money


class MemberInline(OpsTabularInline):
    """Who works in the store."""

    model = StoreMember
    fields = ("user", "role")


@admin.register(Store)
class StoreAdmin(OpsModelAdmin):
    """Sellers on the marketplace."""

    list_display = ("name", "ref", "country", "currency", "host", "is_verified", "is_active")
    list_filter = ("is_verified", "is_active", "country", "currency")
    search_fields = ("ref__exact", "name__istartswith", "host__exact")
    fields = (
        ("name", "ref"),
        ("country", "currency"),
        ("host", "is_verified"),
        ("is_active", "created_at"),
    )
    readonly_fields = ("created_at",)
    inlines = (MemberInline,)
    ordering = ("-pk",)


@admin.register(Category)
class CategoryAdmin(OpsModelAdmin):
    """Product categories."""

    list_display = ("name", "ref")
    search_fields = ("ref__exact", "name__istartswith")
    ordering = ("ref",)


@admin.register(Product)
class ProductAdmin(OpsModelAdmin):
    """What the stores sell."""

    list_display = ("name", "ref", "store", "category", "price", "is_active")
    list_filter = ("is_active", "currency")
    list_select_related = ("store", "category")
    search_fields = ("ref__exact", "store__ref__exact", "category__ref__exact")
    search_help_text = _("The whole id of the product, its store or its category")
    fields = (
        ("name", "ref"),
        ("store", "category"),
        ("price", "is_active"),
        "url",
        "image_url",
        "updated_at",
    )
    readonly_fields = ("price", "updated_at")
    ordering = ("-pk",)

    @admin.display(description=_("price"))
    def price(self, product: Product) -> str:
        """In words."""
        return format_money(product.price_minor, product.currency, get_language() or "en")
