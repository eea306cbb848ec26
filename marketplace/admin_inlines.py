"""Rows inside another row's page on the operations site."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import TabularInline

from marketplace.access import is_ops


class OpsTabularInline(TabularInline):  # type: ignore[misc]
    """To look at only; every staff member sees what they see of the page."""

    extra = 0
    can_delete = False
    per_page = 50
    ordering: tuple[str, ...] = ("pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of them."""
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff."""
        return is_ops(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
