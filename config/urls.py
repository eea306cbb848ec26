"""Every door of the house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import demo
from config.admin import seller_site
from config.language import set_language
from marketplace.api.views import AnyOther

urlpatterns = [
    # The shop's servers first: they ask most often, and addresses are looked through in order.
    path("api/v1/", include("marketplace.api.urls")),
    path("api/v1/", include("promocodes.api.urls")),
    path("api/v1/", include("affiliates.api.urls")),
    path("api/v1/", include("referrals.api.urls")),
    re_path(r"^api/v1(?:/|$)", AnyOther.as_view()),
    path(
        "",
        TemplateView.as_view(template_name="home.html", extra_context={"demo": demo.allowed()}),
        name="home",
    ),
    path("", include("marketplace.urls")),
    path("", include("referrals.urls")),
    path("creators/tasks/", include("tasks.urls")),
    path("creators/", include("affiliates.urls")),
    path("go/", include("affiliates.urls_go")),
    path("accounts/", include("allauth.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("seller/", seller_site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
]
handler400 = "marketplace.api.faults.bad_request"
handler500 = "marketplace.api.faults.server_error"
if settings.DEBUG:
    urlpatterns.append(
        path(
            "styleguide/", TemplateView.as_view(template_name="styleguide.html"), name="styleguide"
        )
    )
if demo.allowed():
    urlpatterns.append(path("", include("config.demo_urls")))
