"""The page of one promotion: what it promises, what it sold, its codes, and what may be done."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from marketplace import clock
from promocodes import issuing, reports, sheets
from promocodes import terms as worded
from promocodes.desk import chart, history, wording
from promocodes.desk.forecast import UNLAUNCHED
from promocodes.desk.frame import Frame
from promocodes.models import CodeBatch, PromoCode, Promotion
from promocodes.reports import Day, Sums
from promocodes.seller_admin import listing

State = Promotion.State
DAYS = 30
CODES = 20
EDITABLE = (State.PENDING_APPROVAL, State.REFUSED)
CANCELLED = "promotion.cancel"
WIDENABLE = (State.SCHEDULED, State.LIVE, State.ENDED)


@dataclass(frozen=True, slots=True)
class May:
    """What the seller may do with the promotion now."""

    edit: bool
    widen: bool
    cancel: bool
    promote: bool
    forecast: bool


def may(promotion: Promotion, state: Promotion.State) -> May:
    """By the state; the verbs decide again."""
    return May(
        edit=state in EDITABLE,
        widen=state in WIDENABLE,
        cancel=state != State.CANCELLED,
        forecast=state in UNLAUNCHED,
        promote=promotion.share_with_affiliates and state in (State.LIVE, State.SCHEDULED),
    )


def page(request: HttpRequest, promotion: Promotion, *, frame: Frame) -> HttpResponse:
    """The whole page."""
    now = clock.now()
    [row] = listing.rows_of([promotion], now)
    days = days_of(promotion, now)
    codes = PromoCode.objects.filter(promotion=promotion).order_by("-id")[: CODES + 1]
    context: dict[str, Any] = {
        "promotion": promotion,
        "row": row,
        "may": may(promotion, row.state),
        "facts": wording.of(promotion, worded.of(promotion.terms), worded.limits_of(promotion)),
        "versions": wording.versions_of(promotion) if promotion.terms.version > 1 else [],
        "events": (events := history.for_store(promotion)),
        "cancelled": next((each for each in events if each.verb == CANCELLED), None),
        "sums": reports.totals(promotion),
        "days": days,
        "chart": chart.draw([(day.day, day.sums.sales_minor) for day in days]),
        "codes": codes[:CODES],
        "amend_url": frame.url("amend", promotion.pk),
        "cancel_url": frame.url("cancel", promotion.pk),
        "report_url": frame.url("report", promotion.pk),
        "more_codes_url": frame.url("codes", promotion.pk),
        "codes_url": frame.url("codes_csv", promotion.pk),
        "forecast_url": frame.url("forecast", promotion.pk),
        "try_url": frame.url("try_cart"),
        "has_more_codes": len(codes) > CODES,
        "batches": CodeBatch.objects.begun().filter(promotion=promotion).order_by("-id")[:5],
    }
    return frame.render(request, "promocodes/seller/page.html", promotion.name, context)


def days_of(promotion: Promotion, now: datetime) -> list[Day]:
    """The last days of the promotion's life, those without uses too."""
    zone = ZoneInfo(promotion.terms.timezone)
    today = now.astimezone(zone).date()
    since = today - timedelta(days=DAYS - 1)
    begun = datetime(since.year, since.month, since.day, tzinfo=zone)
    found = {day.day: day.sums for day in reports.by_day(promotion, since=begun, zone=zone.key)}
    shown: list[date] = [since + timedelta(days=place) for place in range(DAYS)]
    return [Day(day, found.get(day, Sums())) for day in shown]


def codes_sheet(promotion: Promotion) -> StreamingHttpResponse:
    """All codes of the promotion as CSV, however many."""
    zone = ZoneInfo(promotion.terms.timezone)
    headings = [gettext("Promo code"), gettext("Made"), gettext("Revoked")]
    rows = (
        (code, made.astimezone(zone), revoked.astimezone(zone) if revoked else None)
        for code, made, revoked in issuing.all_codes(promotion.pk)
    )
    response = StreamingHttpResponse(
        sheets.csv_chunks(headings, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="codes-{promotion.pk}.csv"'
    return response
