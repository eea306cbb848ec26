"""Pages of the ground floor: the one-time sign-in, and what watches us from outside."""

from functools import cache
from urllib.parse import urlsplit

from django.contrib.auth import login
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import destinations, sessions

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Show who will be signed in (GET), sign them in and lead them on (POST)."""
    try:
        link = sessions.use(token=token) if request.method == "POST" else sessions.look(token=token)
    except sessions.LinkGone:
        return _private(render(request, "marketplace/sign_in_gone.html", status=410))
    if request.method == "POST":
        login(request, link.user, backend=_BACKEND)
        return _private(HttpResponseRedirect(link.next))
    with translation.override(link.user.language):
        page = render(request, "marketplace/sign_in.html", {"shopper": link.user})
    response = _private(page)
    if not destinations.is_own_path(link.next):
        # The answer to the form leads to the store: the policy of this page must allow it.
        place = urlsplit(link.next)
        response._csp_update = {"form-action": [f"{place.scheme}://{place.netloc}"]}  # type: ignore[attr-defined]
    return response


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a secret: it leaves neither by links nor by search engines."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; 503 with what is missing."""
    try:
        missing = _newest_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except OperationalError:
        return JsonResponse({"ready": False, "why": "the database is away"}, status=503)
    if missing:
        names = sorted(".".join(name) for name in missing)
        return JsonResponse({"ready": False, "why": "migrations wait", "next": names}, status=503)
    return JsonResponse({"ready": True})


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app, which is applied after all before it."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
