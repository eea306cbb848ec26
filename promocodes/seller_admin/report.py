"""The sales report of one promotion: page, CSV, XLSX (AM-12, AM-13)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from marketplace.money import exponent
from promocodes import reports, sheets
from promocodes.desk.frame import Frame
from promocodes.models import Promotion, Redemption
from promocodes.sheets import Cell

PAGE = 50
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YES = "Y"


def page(request: HttpRequest, promotion: Promotion, *, frame: Frame) -> HttpResponse:
    """Sums, the codes that sold most, and the orders that used them, newest first."""
    labels = state_labels()
    uses = reports.latest(promotion, before=_before(request), most=PAGE + 1)
    context: dict[str, Any] = {
        "promotion": promotion,
        "sums": reports.totals(promotion),
        "codes": reports.by_code(promotion),
        "uses": [(use, labels[use.state]) for use in uses[:PAGE]],
        "older": uses[PAGE - 1].id if len(uses) > PAGE else None,
        "is_first_page": "before" not in request.GET,
        "zone": ZoneInfo(promotion.terms.timezone),
        "back": frame.url("change", promotion.pk),
        "csv_url": frame.url("report_csv", promotion.pk),
        "xlsx_url": frame.url("report_xlsx", promotion.pk),
        "yes": YES,
        "referred_heading": referred_heading(),
    }
    title = gettext("Sales report: %(name)s") % {"name": promotion.name}
    return frame.render(request, "promocodes/seller/report.html", title, context)


def csv_file(promotion: Promotion) -> StreamingHttpResponse:
    """Every use as CSV, streamed."""
    chunks = sheets.csv_chunks(headings(promotion), rows(promotion))
    return _download(chunks, f"sales-{promotion.pk}.csv", CSV)


def xlsx_file(promotion: Promotion) -> StreamingHttpResponse:
    """Every use as XLSX."""
    chunks = sheets.xlsx_chunks(headings(promotion), rows(promotion), title=gettext("Sales"))
    return _download(chunks, f"sales-{promotion.pk}.xlsx", XLSX)


def headings(promotion: Promotion) -> list[str]:
    """What stands above the columns; the last one only if the promotion is shared (AM-13)."""
    names = [
        gettext("Date"),
        gettext("Order"),
        gettext("Promo code"),
        gettext("State"),
        gettext("Units"),
        gettext("Units returned"),
        gettext("Sales"),
        gettext("Discount"),
        gettext("Currency"),
    ]
    return [*names, referred_heading()] if promotion.share_with_affiliates else names


def rows(promotion: Promotion) -> Iterator[list[Cell]]:
    """One row for each use, the oldest first; amounts in the currency's own unit."""
    zone, decimals = ZoneInfo(promotion.terms.timezone), exponent(promotion.currency)
    labels = state_labels()
    for use in reports.uses(promotion):
        row: list[Cell] = [
            use.redeemed_at.astimezone(zone),
            use.order_ref,
            use.code,
            labels[use.state],
            use.units,
            use.units_back,
            Decimal(use.sales_minor).scaleb(-decimals),
            Decimal(use.discount_minor).scaleb(-decimals),
            promotion.currency,
        ]
        if promotion.share_with_affiliates:
            row.append(YES if use.is_referred else "")
        yield row


def state_labels() -> dict[str, str]:
    """The states of uses in the reader's language."""
    return {state.value: str(state.label) for state in Redemption.State}


def referred_heading() -> str:
    """The name of the column that says who was brought by an influencer."""
    return gettext("Referred by Associate/Influencer")


def _before(request: HttpRequest) -> UUID | None:
    """The use after whose page this one comes. Raises `Http404` for what is no id."""
    text = request.GET.get("before")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Http404 from error


def _download(chunks: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
