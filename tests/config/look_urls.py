"""The site, and beside it the pages that a visitor meets only by accident or with DEBUG."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views import defaults
from django.views.generic import TemplateView

from config.urls import urlpatterns as site


def _page(status: int) -> object:
    def view(request: HttpRequest) -> HttpResponse:
        return render(request, f"{status}.html", status=status)

    return view


urlpatterns = [
    *site,
    path("look/styleguide/", TemplateView.as_view(template_name="styleguide.html")),
    path("look/403/", _page(403)),
    path("look/429/", _page(429)),
    path("look/500/", defaults.server_error),
    path("look/503/", _page(503)),
]
