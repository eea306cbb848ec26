"""Promo codes on the sellers' site: create, list, look, change, report (AE-01, AM-01..16)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.admin.filters import ChoicesFieldListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path

from marketplace import clock
from marketplace.access import StoreScopedAdmin
from marketplace.models import User
from promocodes import promotions
from promocodes.desk import codes, forecast, trying
from promocodes.desk.frame import Frame
from promocodes.models import Promotion
from promocodes.seller_admin import changes, creation, listing, page, report
from promocodes.seller_admin.listing import StateFilter


class PromotionAdmin(StoreScopedAdmin):
    """A store's own promotions; every change is a verb's."""

    store_path = "store"
    allow_add = True
    fields = readonly_fields = ("name",)
    list_display = ("name",)
    list_filter = (StateFilter, ("kind", ChoicesFieldListFilter), "share_with_affiliates")
    extra_lookups = (StateFilter.parameter_name,)
    list_filter_sheet = True
    search_fields = ("name",)
    ordering = ("-id",)
    actions = None
    change_list_template = "promocodes/seller/list.html"
    list_before_template = "promocodes/seller/_list_before.html"

    @property
    def frame(self) -> Frame:
        """The site around the pages."""
        return Frame(self.admin_site)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        """The seller's own kinds, with their terms."""
        rows: QuerySet[Promotion] = super().get_queryset(request)
        return rows.filter(kind__in=promotions.SELLERS_KINDS).select_related("terms", "store")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """By name or code."""
        return (listing.search(queryset, search_term) if search_term else queryset), False

    def get_urls(self) -> list[URLPattern]:
        """Django's, and ours."""
        ours: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
            "preview": ("preview/", self.preview),
            "products": ("products/", self.products),
            "forecast_part": ("forecast/", self.forecast_part),
            "try_cart": ("try/", self.try_cart),
            "forecast": ("<uuid:object_id>/forecast/", self.forecast),
            "amend": ("<uuid:object_id>/amend/", self.amend),
            "cancel": ("<uuid:object_id>/cancel/", self.cancel),
            "codes": ("<uuid:object_id>/codes/", self.codes),
            "codes_csv": ("<uuid:object_id>/codes.csv", self.codes_csv),
            "report": ("<uuid:object_id>/report/", self.report),
            "report_csv": ("<uuid:object_id>/report.csv", self.report_csv),
            "report_xlsx": ("<uuid:object_id>/report.xlsx", self.report_xlsx),
        }
        view = self.admin_site.admin_view
        named = [
            path(route, view(act), name=f"promocodes_promotion_{name}")
            for name, (route, act) in ours.items()
        ]
        return [*named, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The list, with rows of our own."""
        response: HttpResponseBase = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None)
        if shown and (found := shown.get("cl")):
            shown |= {
                "rows": listing.rows_of(list(found.result_list), clock.now()),
                "several_stores": len({row.store_id for row in found.result_list}) > 1,
                "try_url": self.frame.url("try_cart"),
                "affiliate_setting": self.frame.url_above("tasks_task_promote"),
            }
        return response

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Create new promo code."""
        self._check_may_add(request)
        return creation.page(request, actor=_actor(request), frame=self.frame)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the form, as it stands, would mean."""
        self._check_may_add(request)
        return creation.preview(request)

    def products(self, request: HttpRequest) -> HttpResponse:
        """Own products by search."""
        self._check_may_add(request)
        return creation.products(request)

    def forecast_part(self, request: HttpRequest) -> HttpResponse:
        """What the form, as it stands, would have cost."""
        self._check_may_add(request)
        return creation.forecast_part(request)

    def try_cart(self, request: HttpRequest) -> HttpResponse:
        """What own codes would do to a cart."""
        self._check_may_add(request)
        return trying.page(request, frame=self.frame)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one promotion; it changes nothing itself."""
        return page.page(request, self._promotion(request, object_id), frame=self.frame)

    def forecast(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """What it would have done to past orders."""
        promotion = self._promotion(request, object_id)
        return forecast.page(request, promotion, frame=self.frame)

    def amend(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Change what may still change."""
        promotion = self._promotion(request, object_id)
        return changes.amend(request, promotion, actor=_actor(request), frame=self.frame)

    def cancel(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """End it for good."""
        promotion = self._promotion(request, object_id)
        return changes.cancel(request, promotion, actor=_actor(request), frame=self.frame)

    def codes(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """More codes: from a file, or made."""
        promotion, here = self._promotion(request, object_id), self.frame.url("codes", object_id)
        return codes.page(request, promotion, actor=_actor(request), frame=self.frame, here=here)

    def codes_csv(self, request: HttpRequest, object_id: UUID) -> StreamingHttpResponse:
        """All its codes."""
        return page.codes_sheet(self._promotion(request, object_id))

    def report(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """What it sold."""
        return report.page(request, self._promotion(request, object_id), frame=self.frame)

    def report_csv(self, request: HttpRequest, object_id: UUID) -> StreamingHttpResponse:
        """What it sold, as CSV."""
        return report.csv_file(self._promotion(request, object_id))

    def report_xlsx(self, request: HttpRequest, object_id: UUID) -> StreamingHttpResponse:
        """What it sold, as XLSX."""
        return report.xlsx_file(self._promotion(request, object_id))

    def _check_may_add(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _promotion(self, request: HttpRequest, object_id: UUID | str) -> Promotion:
        """One of the seller's own; a foreign one is missing."""
        found: Promotion | None = self.get_object(request, str(object_id))
        if found is None:
            raise Http404
        return found


def _actor(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
