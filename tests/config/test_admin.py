"""The two admin sites: what they register, what their search and sidebars show."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import translation
from unfold.admin import ModelAdmin

from config.admin import OpsAdminSite, SellerAdminSite, seller_site
from config.navigation import GROUPS
from marketplace.access import OpsModelAdmin, StoreScopedAdmin
from marketplace.models import Product
from tests.factories.marketplace import make_staff, make_store, make_user

pytestmark = pytest.mark.django_db
FLOORS = ("marketplace", "promocodes", "affiliates", "referrals", "tasks")


class Plain(ModelAdmin):
    """An admin that knows no rule."""


class Theirs(ModelAdmin):
    """An admin that a package brings."""


Theirs.__module__ = "allauth.account.admin"
Plain.__module__ = "marketplace.admin"


@pytest.mark.parametrize("site", [OpsAdminSite(), SellerAdminSite()])
@pytest.mark.parametrize("admin_class", [None, Plain])
def test_admin_of_ours_without_rules_is_refused(site: Any, admin_class: Any) -> None:
    with pytest.raises(ImproperlyConfigured):
        site.register(Product, admin_class)


@pytest.mark.parametrize("site", [OpsAdminSite(), SellerAdminSite()])
def test_admins_of_packages_are_left_out(site: Any) -> None:
    site.register(Group, Theirs)
    assert not site.is_registered(Group)


def test_ops_rules_do_not_do_for_sellers() -> None:
    with pytest.raises(ImproperlyConfigured):
        SellerAdminSite().register(Product, OpsModelAdmin)


def test_every_page_of_both_sites_is_on_our_bases() -> None:
    assert all(isinstance(page, OpsModelAdmin) for page in admin.site._registry.values())
    assert all(isinstance(page, StoreScopedAdmin) for page in seller_site._registry.values())
    assert len(admin.site._registry) > 10


def test_nobodys_secrets_are_in_the_admin() -> None:
    shown = {model._meta.label for model in admin.site._registry}
    assert shown & {"mfa.Authenticator", "socialaccount.SocialToken", "sessions.Session"} == set()


def test_door_that_shows_any_objects_address_is_gone(client: Client) -> None:
    client.force_login(make_staff())
    assert client.get("/admin/r/1/1/").status_code == 404


def test_search_finds_pages_by_name(client: Client) -> None:
    client.force_login(make_staff(language="en"))
    found = client.get("/admin/search/", {"s": "categor"}).content.decode()
    assert "/admin/marketplace/category/" in found
    assert client.get("/admin/search/", {"s": ""}).status_code == 200
    assert client.get("/admin/search/", {"s": "zzzz", "page": "x"}).status_code == 200


def test_search_of_one_site_never_answers_with_the_others_pages(client: Client) -> None:
    """The theme's own search kept its answers by user for five minutes, across both sites."""
    both = make_staff(language="en")
    make_store(owner=both)
    client.force_login(both)
    ops = client.get("/admin/search/", {"s": "a"}).content.decode()
    sellers = client.get("/seller/search/", {"s": "a"}).content.decode()
    assert "/admin/" in ops
    assert "/admin/" not in sellers


def test_sidebar_shows_what_is_registered_and_allowed(client: Client) -> None:
    client.force_login(make_staff())
    groups = client.get("/admin/").context["sidebar_navigation"]
    links = {item["link"] for group in groups for item in group["items"]}
    assert "/admin/promocodes/promotion/try/" in links
    assert len(links) == len(admin.site._registry) + 2  # and the start page, and a cart to try
    owner = make_user()
    make_store(owner=owner)
    client.force_login(owner)
    groups = client.get("/seller/").context["sidebar_navigation"]
    links = {item["link"] for group in groups for item in group["items"]}
    assert len(links) == len(seller_site._registry) + 2
    assert all(link.startswith("/seller/") for link in links)


def test_every_icon_and_label_of_the_sidebar_is_of_a_model_that_is_there() -> None:
    labels = {
        model._meta.label_lower for site in (admin.site, seller_site) for model in site._registry
    }
    named = [label for _, icons in GROUPS for label in icons]
    assert len(named) == len(set(named))
    assert labels - set(named) == set(), "name these in config/navigation.py"


def test_every_foreign_key_has_a_name_that_can_be_translated() -> None:
    with translation.override("ru"):
        names = {
            str(field.verbose_name)
            for model in apps.get_models()
            if model.__module__.partition(".")[0] in FLOORS
            for field in model._meta.concrete_fields
            if field.is_relation
        }
    assert not [name for name in names if name.isascii()]
