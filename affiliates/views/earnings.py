"""What was earned and why: balances, lines, one line's story, statements."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates import charts, ledger, statements
from affiliates import earnings as reading
from affiliates.access import affiliate_required, joined
from affiliates.ledger import Balances
from affiliates.models import Affiliate, Commission
from marketplace.keyset import place_in
from marketplace.money import exponent
from promocodes import sheets


@require_safe
@affiliate_required
def earnings(request: HttpRequest) -> HttpResponse:
    """Five balances, a chart over time, the lines."""
    affiliate = joined(request)
    balances = ledger.balances(affiliate)
    shown = chosen(request, balances)
    context = {
        "affiliate": affiliate,
        "balances": balances,
        "shown": shown,
        "states": Commission.State.choices,
        "state": _state(request),
        "section": "earnings",
    }
    if shown is not None:
        context |= _lines_and_chart(request, affiliate, shown.currency)
    return render(request, "affiliates/earnings.html", context)


@require_safe
@affiliate_required
def line(request: HttpRequest, commission_id: UUID) -> HttpResponse:
    """One line: what it is of, why it is yours, what moved."""
    story = reading.story(joined(request), commission_id)
    if story is None:
        raise Http404
    return render(request, "affiliates/line.html", {"story": story, "section": "earnings"})


@require_safe
@affiliate_required
def statement_list(request: HttpRequest) -> HttpResponse:
    """The months that have a statement."""
    months = statements.months(joined(request))
    return render(
        request, "affiliates/statements.html", {"months": months, "section": "statements"}
    )


@require_safe
@affiliate_required
def statement(request: HttpRequest, currency: str, year: int, month: int) -> HttpResponseBase:
    """A month's statement; with `?format=csv` as a file."""
    try:
        found = statements.make(
            affiliate=joined(request), currency=currency, year=year, month=month
        )
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if request.GET.get("format") != "csv":
        context = {"statement": found, "section": "statements"}
        return render(request, "affiliates/statement.html", context)
    body = sheets.csv_chunks(statements.headings(), statements.table(found))
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    name = f"statement-{found.currency}-{found.start:%Y-%m}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def chosen(request: HttpRequest, balances: list[Balances]) -> Balances | None:
    """The balances in the currency that was asked for, else the first; None if there are none."""
    wanted = request.POST.get("currency") or request.GET.get("currency")
    first = balances[0] if balances else None
    return next((each for each in balances if each.currency == wanted), first)


def _lines_and_chart(
    request: HttpRequest, affiliate: Affiliate, currency: str
) -> dict[str, object]:
    months = reading.months(affiliate, currency=currency, at=timezone.now())
    drawing = charts.bars([month.earned_minor for month in months], unit=10 ** exponent(currency))
    before = place_in(request.GET.get("before", ""))
    page = reading.lines(affiliate, currency=currency, state=_state(request), before=before)
    return {
        "page": page,
        "is_first_page": before is None,
        "months": list(zip(months, drawing.bars, strict=True)),
        "grid": drawing.grid,
    }


def _state(request: HttpRequest) -> str:
    state = request.GET.get("state", "")
    return state if state in Commission.State.values else ""
