"""The two admin sites: operations at /admin/, sellers at /seller/.

Neither has a sign-in form of its own: both lead to /accounts/login/, where passwords are throttled
and the second factor is asked for. Who may enter is asked on every request.
"""

import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.apps import apps
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import LogoutView
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.sites import UnfoldAdminSite

from marketplace.access import OpsModelAdmin, StoreScopedAdmin, is_ops, is_seller
from marketplace.second_factor import step_missing

View = Callable[..., HttpResponseBase]

FLOORS = ("marketplace", "promocodes", "affiliates", "referrals", "tasks")

# The admin theme evaluates Alpine expressions and sets style attributes; nothing else may.
RELAXED_CSP = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}

LAST_SEEN = "admin_last_seen"  # session key; seconds since 1970
SEEN_GRAIN = 60  # seconds; writing the session on every click would buy nothing


class GuardedSite(UnfoldAdminSite):  # type: ignore[misc]
    """An admin site behind our own doors; its pages alone get the relaxed policy."""

    base_admin: type
    refused_template: str

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Show a model of ours by an admin that knows its rules; others' admins are left out."""
        if admin_class is None or not issubclass(admin_class, self.base_admin):
            if admin_class and admin_class.__module__.partition(".")[0] not in (*FLOORS, "config"):
                return  # allauth's and auth's own, which would show secrets and let one edit them
            raise ImproperlyConfigured(f"{admin_class} must be a {self.base_admin.__name__}")
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern]:
        """Django's, without the door that shows any object's address to whoever counts ids."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Django's gate, then idleness and second factor, all under the relaxed policy."""
        guarded = super().admin_view(view, cacheable)

        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request):
                if _sat_idle(request):
                    logout(request)
                elif step := self.step_missing(request):
                    return redirect(step)
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            return response

        relaxed: View = csp_update(RELAXED_CSP)(gate)
        return relaxed

    def step_missing(self, request: HttpRequest) -> str | None:
        """Where the user must go before entering; None if nothing is missing."""
        return None

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Lead guests to the sign-in page and back; tell others why this isn't their place."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
            wanted = reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")
        if self.has_permission(request):
            return redirect(wanted)
        return render(request, self.refused_template, {"wanted": wanted}, status=403)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """End the session, on POST only."""
        return LogoutView.as_view(next_page="home")(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Passwords are changed at one door, which is throttled."""
        return redirect("account_change_password")

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Pages by name. The theme's search keeps answers by user, across both sites: ours none."""
        term = request.GET.get("s", "").strip().lower()
        results = self._search_apps(self.get_app_list(request), term) if term else []
        context = {"results": results, "page_counter": 0, "execution_time": 0}
        return TemplateResponse(
            request,
            "unfold/helpers/search_results.html",
            context,
            headers={"HX-Trigger": "search"},
        )


class OpsAdminSite(GuardedSite):
    """Operations staff: everything, across stores."""

    settings_name = "UNFOLD"
    index_template = "admin/start_ops.html"
    base_admin = OpsModelAdmin
    refused_template = "admin/refused_ops.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff only."""
        return is_ops(request.user)

    def step_missing(self, request: HttpRequest) -> str | None:
        """The second factor."""
        return step_missing(request)


class SellerAdminSite(GuardedSite):
    """Members of a store: their own store only (`marketplace.store_admin`)."""

    settings_name = "UNFOLD_SELLER"
    index_template = "admin/start_seller.html"
    base_admin = StoreScopedAdmin
    refused_template = "admin/refused_seller.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever is a member of an active store."""
        return is_seller(request)


seller_site = SellerAdminSite(name="seller")


def register_seller_admins() -> None:
    """Let every floor put its pages on the sellers' site (`<app>.seller_admin.register`)."""
    for app in apps.get_app_configs():
        module = f"{app.name}.seller_admin"
        if app.name in FLOORS and find_spec(module):
            import_module(module).register(seller_site)


def _sat_idle(request: HttpRequest) -> bool:
    """Whether nobody touched the admin for too long; else notes that somebody does."""
    now = int(time.time())
    seen = request.session.get(LAST_SEEN, now)
    if now - seen > settings.ADMIN_IDLE_SECONDS:
        return True
    if now - seen >= SEEN_GRAIN or LAST_SEEN not in request.session:
        request.session[LAST_SEEN] = now
    return False
