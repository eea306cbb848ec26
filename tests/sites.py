"""An admin site of a test's own, at /own/ beside all our other addresses."""

from importlib import import_module
from typing import Any

from django.contrib.admin import ModelAdmin
from django.urls import path

from config.admin import GuardedSite


class OpenSite(GuardedSite):
    """A site that registers anything and lets everybody in."""

    settings_name = "UNFOLD_SELLER"
    base_admin = ModelAdmin

    def has_permission(self, request: Any) -> bool:
        return True


def site_of(settings: Any, admins: dict[Any, Any]) -> OpenSite:
    """Register these admins and point the URLconf at them for this test."""
    site = OpenSite(name="own")
    for model, admin_class in admins.items():
        site.register(model, admin_class)
    patterns = [path("own/", site.urls), *import_module("config.urls").urlpatterns]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})
    return site
