"""No page, field or answer of the sellers' site shows or takes another store's row (trust.md)."""

from typing import Any, ClassVar

import pytest
from django.contrib import admin
from django.test import Client
from unfold.admin import ModelAdmin

from config.admin import seller_site
from marketplace.access import StoreScopedAdmin
from marketplace.admin_base import HTTPS_LINKS
from marketplace.models import Product, Store, StoreMember
from marketplace.store_scope import scoped
from tests.sites import site_of
from tests.tenancy import Prober
from tests.world import World, two_worlds

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def worlds() -> tuple[World, World]:
    """Alice's store and Mallory's."""
    return two_worlds()


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_sellers_site_keeps_the_stores_apart(
    role: str, client: Client, worlds: tuple[World, World]
) -> None:
    alice, mallory = worlds
    assert seller_site._registry
    client.force_login(getattr(alice, role))
    assert Prober(seller_site, client, alice, mallory).leaks(forms=role == "owner") == []


def test_member_of_two_stores_sees_both_and_nobody_elses(
    client: Client, worlds: tuple[World, World]
) -> None:
    alice, mallory = worlds
    carol = World("CAROLQ3C", "CAROLCODE10")
    StoreMember.objects.create(store=carol.store, user=alice.owner)
    client.force_login(alice.owner)
    assert Prober(seller_site, client, alice, mallory).lists() == []
    assert Prober(seller_site, client, carol, mallory).leaks(forms=False) == []


# --- the prober itself: an admin that scopes only its list is found out in every way -------------
class LeakyAdmin(ModelAdmin):
    """What Django's documentation would have one write."""

    store_path = "store"
    formfield_overrides = HTTPS_LINKS
    search_fields = ("name",)
    list_filter = ("store", "category")
    ordering = ("pk",)

    def get_queryset(self, request: Any) -> Any:
        return scoped(request, super().get_queryset(request), "store")

    def _yes(self, *_: Any, **__: Any) -> bool:
        return True

    has_module_permission = has_view_permission = has_add_permission = _yes
    has_change_permission = has_delete_permission = _yes


class LeakyStores(LeakyAdmin):
    """The model that `store` points at, for autocomplete."""

    store_path = "pk"
    list_filter = ()

    def get_queryset(self, request: Any) -> Any:
        return ModelAdmin.get_queryset(self, request)


class TightAdmin(StoreScopedAdmin):
    """The same, on our own base; more open than any admin of ours."""

    store_path = "store"
    search_fields = ("name",)
    list_filter = ("store", "category", "is_active")
    choices_from: ClassVar = {"category": "products__store"}
    allow_add = allow_change = allow_delete = True


class TightStores(StoreScopedAdmin):
    store_path = "pk"
    search_fields = ("name",)


WIDGETS: dict[str, dict[str, Any]] = {
    "select": {},
    "raw id": {"raw_id_fields": ("store", "category")},
    "autocomplete": {"autocomplete_fields": ("store",)},
    "radio": {"radio_fields": {"store": admin.VERTICAL}},
}


@pytest.mark.parametrize("options", WIDGETS.values(), ids=WIDGETS)
def test_leaks_are_found(
    options: dict[str, Any], client: Client, worlds: tuple[World, World], settings: Any
) -> None:
    alice, mallory = worlds
    leaky = type("Leaky", (LeakyAdmin,), options)
    site = site_of(settings, {Product: leaky, Store: LeakyStores})
    client.force_login(alice.owner)
    found = Prober(site, client, alice, mallory).leaks(forms=False)
    ways = {leak.partition(":")[0] for leak in found}
    assert ways >= {"list", "choice", "initial", "accepted", "autocomplete"}, found


@pytest.mark.parametrize("options", WIDGETS.values(), ids=WIDGETS)
def test_our_own_base_leaks_nothing_however_open(
    options: dict[str, Any], client: Client, worlds: tuple[World, World], settings: Any
) -> None:
    alice, mallory = worlds
    tight = type("Tight", (TightAdmin,), options)
    site = site_of(settings, {Product: tight, Store: TightStores})
    client.force_login(alice.owner)
    assert Prober(site, client, alice, mallory).leaks(forms=False) == []
