"""The ways to the form of the platform's own promotions; who may take them."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from marketplace.access import changes_nothing
from marketplace.models import User
from promocodes.admin import platform
from promocodes.admin.deciding import DecidingAdmin
from promocodes.desk.frame import Frame


class MakingAdmin(DecidingAdmin):
    """Promotions of which staff makes the platform's own; sellers make theirs at /seller/."""

    allow_add = True
    show_add_link = False  # a button with words stands above the list instead
    change_list_template = "promocodes/admin/list.html"
    change_form_template = "promocodes/admin/change.html"
    list_before_template = "promocodes/admin/_list_before.html"

    @property
    def frame(self) -> Frame:
        """The site around the pages that both sites have."""
        return Frame(self.admin_site)

    def get_urls(self) -> list[URLPattern]:
        """Django's, and the parts of the form that come while one types."""
        ours: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "preview": ("preview/", self.preview),
            "forecast_part": ("forecast/", self.forecast_part),
            "options": ("options/<slug:field>/", self.options),
        }
        view = self.admin_site.admin_view
        named = [
            path(route, view(act), name=f"promocodes_promotion_{name}")
            for name, (route, act) in ours.items()
        ]
        return [*named, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """New platform promotion."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return platform.page(
            request,
            actor=self._maker(request),
            may_approve=self.has_decide_permission(request),
            frame=self.frame,
        )

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the form, as it stands, would mean."""
        self._maker(request)
        return platform.preview(request)

    def forecast_part(self, request: HttpRequest) -> HttpResponse:
        """What the form, as it stands, would have cost."""
        self._maker(request)
        return platform.forecast_part(request)

    def options(self, request: HttpRequest, field: str) -> HttpResponse:
        """Stores, products or categories by search."""
        self._maker(request)
        return platform.options(request, field)

    def _maker(self, request: HttpRequest) -> User:
        """Who makes promotions or changes them. Raises `PermissionDenied`."""
        may = self.has_add_permission(request) or self.has_decide_permission(request)
        if not (may and isinstance(request.user, User)):
            raise PermissionDenied
        return request.user

    def has_amend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who decides on promotions changes the platform's own, until they are cancelled."""
        return self.has_cancel_permission(request, object_id) and self._is_platform(object_id)

    @changes_nothing  # by itself: what is sent from the page is asked for there
    @action(description=_("Change"), icon="edit", url_path="amend", permissions=["amend"])
    def amend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change what may still change."""
        promotion = self.get_object(request, unquote(object_id))
        return platform.amend(request, promotion, actor=self._maker(request), frame=self.frame)
