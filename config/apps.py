"""How Django finds the admin sites and the wiring."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models import ForeignKey


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

        name_foreign_keys()
        recognition.connect()
        admin.register_seller_admins()


def name_foreign_keys() -> None:
    """A key without a name of its own is called, on screens, what it points to: in any language.

    Django would say the attribute's name, which nobody can translate.
    """
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and "verbose_name" not in field.deconstruct()[3]:
                field.verbose_name = field.related_model._meta.verbose_name or field.verbose_name
