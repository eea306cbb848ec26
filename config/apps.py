"""How Django finds the admin sites and the wiring."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AdminConfig(admin_apps.AdminConfig):
    """`django.contrib.admin.site` is the operations site."""

    default_site = "config.admin.OpsAdminSite"


class ConfigConfig(AppConfig):
    """Wiring: commands and checks that belong to no floor."""

    name = "config"

    def ready(self) -> None:
        """Make Celery's app the current one, register checks and pages, listen to sign-ins."""
        # Apps must be ready before these are read.
        from config import admin, celery, checks, recognition  # noqa: F401, PLC0415

        recognition.connect()
        admin.register_seller_admins()
