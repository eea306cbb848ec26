"""The forecast of a promotion on past orders (engine.md 14): of a form, or of one that waits.

The page reads only. Its numbers come at once however big the store is: of very many orders an even
part is replayed, and the page says so (of 100,000 orders 10,000, in about a second).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.models import Store
from promocodes import forecasting, past_orders, rehearsal
from promocodes.desk import chart
from promocodes.desk.chart import Chart
from promocodes.desk.frame import Frame
from promocodes.forecasting import Forecast, Replay
from promocodes.models import Promotion
from promocodes.past_orders import Window
from promocodes.rehearsal import Draft

State = Promotion.State
# States in which the question is still open.
UNLAUNCHED = (State.DRAFT, State.PENDING_APPROVAL, State.REFUSED, State.SCHEDULED)
DAYS = ((7, _("the last 7 days")), (30, _("the last 30 days")), (90, _("the last 90 days")))
UPTAKES = (
    (100, _("everybody")),
    (50, _("every second")),
    (25, _("every fourth")),
    (10, _("1 of 10")),
)
SELECT = forms.Select(attrs={"class": "p-input"})


class ForecastForm(forms.Form):
    """Which past, and how many take the offer up."""

    forecast_days = forms.TypedChoiceField(
        label=_("Orders of"),
        choices=DAYS,
        coerce=int,
        initial=30,
        required=False,
        widget=SELECT,
    )
    forecast_uptake = forms.TypedChoiceField(
        label=_("Who uses the code"),
        choices=UPTAKES,
        coerce=int,
        initial=100,
        required=False,
        widget=SELECT,
        help_text=_("Of the shoppers whose order fits. Everybody: the most that it can cost."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the template shows of a forecast."""

    forecast: Forecast
    chart: Chart
    currency: str
    first: date
    last: date
    uptake: int
    is_cut: bool

    @property
    def busy_days(self) -> list[forecasting.Day]:
        """Days with uses, for the table."""
        return [day for day in self.forecast.days if day.uses]

    @property
    def fitting_part(self) -> int:
        """Of 100 orders, how many the code fits."""
        return self.forecast.fitting * 100 // self.forecast.orders if self.forecast.orders else 0

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why other orders don't get it, the most frequent first."""
        found = self.forecast.refusals.most_common()
        return [(str(reason.label), count) for reason, count in found]

    @property
    def cuts(self) -> list[tuple[str, int]]:
        """Which limits refuse uses."""
        return [(str(reason.label), count) for reason, count in self.forecast.cuts.most_common()]


def page(request: HttpRequest, promotion: Promotion, *, frame: Frame) -> HttpResponse:
    """The forecast of a promotion that exists, with its whole limits."""
    form = ForecastForm(request.GET or None)
    context: dict[str, Any] = {
        "promotion": promotion,
        "forecast_form": form,
        "shown": make(rehearsal.draft_of(promotion), form=form, at=clock.now()),
        "back": frame.url("change", promotion.pk),
    }
    title = gettext("Forecast: %(name)s") % {"name": promotion.name}
    return frame.render(request, "promocodes/desk/forecast.html", title, context)


def make(draft: Draft, *, form: ForecastForm, at: datetime) -> Shown:
    """Replay the past days; what is asked for wrongly is as if not asked."""
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    days, uptake = asked.get("forecast_days") or 30, asked.get("forecast_uptake") or 100
    zone = ZoneInfo(draft.terms.timezone)
    last = at.astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    window = Window(
        since=datetime(first.year, first.month, first.day, tzinfo=zone),
        until=at,
        currency=draft.currency,
        stores=_stores(draft),
        asks_first=draft.terms.first_order_only,
    )
    found = past_orders.count(window)
    replay = Replay(first=first, last=last, zone=zone.key, weight=found.weight, uptake=uptake)
    orders = past_orders.read(window, weight=found.weight) if found.count else ()
    told = forecasting.forecast(draft, orders, replay=replay)
    return Shown(
        forecast=told,
        chart=chart.draw([(day.day, day.discount_minor) for day in told.days]),
        currency=draft.currency,
        first=first,
        last=last,
        uptake=uptake,
        is_cut=found.is_cut,
    )


def _stores(draft: Draft) -> tuple[int, ...] | None:
    """Whose orders: the promotion's store, those that a platform code names, or all (None)."""
    if draft.store is not None:
        return (draft.store.pk,)
    if not draft.terms.stores:
        return None
    return tuple(Store.objects.filter(ref__in=draft.terms.stores).values_list("pk", flat=True))
