"""The product's urls, and an empty view."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.urls import handler500
from config.urls import urlpatterns as ours

__all__ = ["handler500", "urlpatterns"]


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    """The least that Django can answer under our server and our settings."""
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("api/empty", empty), *ours]
