"""The sidebars of the two admin sites: groups of models, each with an icon.

A site shows what is registered on it and what the user may see; a model that no group names
stands in the last one, so nothing that is registered gets lost.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from config.admin import seller_site

Group = tuple[str | Promise, dict[str, str]]

# Title, then model → icon of Material Symbols.
GROUPS: list[Group] = [
    (
        _("Friendly discounts"),
        {
            "referrals.campaign": "campaign",
            "referrals.round": "celebration",
            "referrals.participation": "diversity_3",
            "referrals.visit": "waving_hand",
        },
    ),
    (
        _("Promo codes"),
        {
            "promocodes.promotion": "sell",
            "promocodes.promocode": "confirmation_number",
            "promocodes.codebatch": "layers",
            "promocodes.checkout": "shopping_cart_checkout",
            "promocodes.redemption": "redeem",
        },
    ),
    (
        _("Influencers"),
        {
            "tasks.task": "assignment",
            "tasks.assignment": "how_to_reg",
            "tasks.codegrant": "key_vertical",
            "tasks.submission": "rate_review",
            "affiliates.affiliate": "record_voice_over",
            "affiliates.rostermember": "groups",
            "affiliates.affiliateplan": "percent",
            "affiliates.agreement": "handshake",
            "affiliates.link": "link",
            "affiliates.attribution": "alt_route",
        },
    ),
    (
        _("Money"),
        {
            "affiliates.withdrawal": "payments",
            "affiliates.payoutbatch": "account_balance",
            "affiliates.payoutrule": "rule",
            "affiliates.commission": "price_check",
            "affiliates.parkedorder": "report",
            "affiliates.settlementrun": "event_available",
            "affiliates.account": "account_balance_wallet",
            "affiliates.transfer": "swap_horiz",
        },
    ),
    (
        _("Shop"),
        {
            "marketplace.order": "receipt_long",
            "marketplace.orderline": "receipt",
            "marketplace.orderevent": "checklist",
            "marketplace.product": "inventory_2",
            "marketplace.category": "category",
            "marketplace.store": "storefront",
        },
    ),
    (
        _("People and access"),
        {
            "marketplace.user": "person",
            "auth.group": "badge",
            "marketplace.apiclient": "dns",
            "marketplace.apikey": "vpn_key",
            "marketplace.auditentry": "history",
        },
    ),
]
OTHER = "table_rows"


def ops(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of /admin/."""
    return sidebar(admin.site, request)


def sellers(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of /seller/."""
    return sidebar(seller_site, request)


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """Links under the user's name."""
    return [{"title": _("Sign-in and security"), "link": reverse("mfa_index")}]


def sidebar(site: AdminSite, request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links to the lists that this user may see on `site`."""
    left = {
        model._meta.label_lower: {
            "title": capfirst(model._meta.verbose_name_plural),
            "link": _list_of(site, model),
            "icon": OTHER,
        }
        for model, model_admin in site._registry.items()
        if model_admin.has_module_permission(request) and model_admin.has_view_permission(request)
    }
    start = {
        "title": _("Start"),
        "link": reverse("admin:index", current_app=site.name),
        "icon": "home",
    }
    groups: list[dict[str, Any]] = [{"items": [start]}]
    for title, icons in GROUPS:
        items: list[dict[str, Any]] = [
            left.pop(label) | {"icon": icons[label]} for label in icons if label in left
        ]
        if "promocodes.promotion" in icons and items:
            items[0] = items[0] | {"active": _stands_in_promotions}
            items.append(_try_a_cart(site))
        groups.append({"title": title, "separator": True, "items": items})
    groups.append({"title": _("More"), "separator": True, "items": list(left.values())})
    return [group for group in groups if group["items"]]


def _try_a_cart(site: AdminSite) -> dict[str, Any]:
    """The one page that belongs to no model."""
    return {
        "title": _("Try a cart"),
        "link": reverse("admin:promocodes_promotion_try_cart", current_app=site.name),
        "icon": "shopping_cart",
    }


def _stands_in_promotions(request: HttpRequest) -> bool:
    """Whether the page is one of promotions; the cart, whose address lies below, is not."""
    match = request.resolver_match
    name = (match.url_name or "") if match else ""
    return name.startswith("promocodes_promotion_") and not name.endswith("_try_cart")


def _list_of(site: AdminSite, model: Any) -> str:
    meta = model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}_changelist"
    return reverse(name, current_app=site.name)
