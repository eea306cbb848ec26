"""One-click sign-ins of the demo; they answer 404 wherever the demo is not allowed."""

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import demo
from config.demo import market
from config.demo.people import BY_ROLE, PERSONAS
from marketplace.models import User


@never_cache
@require_safe
def doors(request: HttpRequest) -> HttpResponse:
    """All one-click sign-ins on one page."""
    if not demo.allowed():
        raise Http404
    return render(request, "demo/doors.html", {"personas": PERSONAS})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, role: str) -> HttpResponse:
    """A page with one button; the button signs in as that person and leads to their start."""
    persona = BY_ROLE.get(role)
    if not demo.allowed() or persona is None:
        raise Http404
    user = get_object_or_404(User, email=persona.email, is_active=True)
    if request.method != "POST":
        return render(request, "demo/sign_in.html", {"persona": persona})
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(persona.start)


@never_cache
@require_POST
def api_key(request: HttpRequest) -> HttpResponse:
    """A key of the demo's shop, shown once; the keys before it end."""
    if not demo.allowed():
        raise Http404
    return render(request, "demo/key.html", {"secret": market.new_key(), "site": settings.SITE_URL})
