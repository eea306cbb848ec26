"""What a seller changes later: all of it while it waits, only wider limits once it is approved.

Each page asks first and acts on POST, by one verb; what the verb refuses is told on the page.
"""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.models import User
from promocodes import promotions
from promocodes import terms as worded
from promocodes.desk import making, wording
from promocodes.desk.frame import Frame
from promocodes.forms.fields import instant
from promocodes.forms.limits import CancelForm, LimitsForm
from promocodes.forms.promotion import PromotionForm
from promocodes.forms.stored import initial_of
from promocodes.forms.terms import minute
from promocodes.models import Promotion
from promocodes.seller_admin import creation, page
from promocodes.terms import Terms


def cancel(
    request: HttpRequest, promotion: Promotion, *, actor: User, frame: Frame
) -> HttpResponse:
    """Ask, then end it for good."""
    here = frame.url("change", promotion.pk)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        promotions.cancel(
            promotion_id=promotion.pk, actor=actor, reason=form.cleaned_data["reason"]
        )
        messages.success(request, _("The promo code is cancelled."))
        return redirect(here)
    title = gettext("Cancel %(name)s?") % {"name": promotion.name}
    context = {"form": form, "promotion": promotion, "back": here}
    return frame.render(request, "promocodes/seller/cancel.html", title, context)


def amend(request: HttpRequest, promotion: Promotion, *, actor: User, frame: Frame) -> HttpResponse:
    """The page that fits its state: everything while it waits, more of it when it is approved."""
    may = page.may(promotion, promotion.state(clock.now()))
    if may.edit:
        return _edit(request, promotion, actor, frame)
    if may.widen:
        return _widen(request, promotion, actor, frame)
    messages.info(request, _("A cancelled promo code can't be changed. Create a new one."))
    return redirect(frame.url("change", promotion.pk))


def _edit(request: HttpRequest, promotion: Promotion, actor: User, frame: Frame) -> HttpResponse:
    store, now = promotion.store, clock.now()
    if store is None:
        raise ValueError("a seller's promotion has a store")
    form = PromotionForm(
        request.POST if request.method == "POST" else None,
        store=store,
        at=now,
        old=worded.of(promotion.terms),
        initial=initial_of(promotion),
    )
    wants = request.method == "POST" and request.POST.get("act") == "create"
    if wants and form.is_valid():
        terms = form.whole_terms
        if making.amend(request, promotion, form, actor=actor, terms=terms, by_seller=True):
            messages.success(request, _("Sent: our team looks at it, then it goes live."))
            return redirect(frame.url("change", promotion.pk))
    title = gettext("Change %(name)s") % {"name": promotion.name}
    return creation.show(request, frame, form, title=title, promotion=promotion)


def _widen(request: HttpRequest, promotion: Promotion, actor: User, frame: Frame) -> HttpResponse:
    store, now = promotion.store, clock.now()
    if store is None:
        raise ValueError("a seller's promotion has a store")
    old = worded.of(promotion.terms)
    form = LimitsForm(
        request.POST or None, currency=store.currency, at=now, initial=initial_of(promotion)
    )
    here = frame.url("change", promotion.pk)
    if request.method == "POST" and form.is_valid() and _clean_end(form, old, now):
        terms = replace(old, ends_at=form.cleaned_data["ends_at"])
        if making.amend(request, promotion, form, actor=actor, terms=terms, by_seller=True):
            messages.success(request, _("Changed. Shoppers get it from now on."))
            return redirect(here)
    title = gettext("Extend %(name)s") % {"name": promotion.name}
    context = {
        "form": form,
        "promotion": promotion,
        "store": store,
        "back": here,
        "window": wording.window(old.starts_at, old.ends_at, old.timezone),
    }
    return frame.render(request, "promocodes/seller/extend.html", title, context)


def _clean_end(form: LimitsForm, old: Terms, now: datetime) -> bool:
    """Turn the end into an instant of the promotion's zone; whether it is later than it was."""
    local = form.cleaned_data["ends_at"]
    if local is None:
        return True
    try:
        ends = instant(local, old.timezone)
    except ValidationError as error:
        form.add_error("ends_at", error)
        return False
    # The minute that is shown stands for the very instant that is stored.
    if old.ends_at is not None and minute(ends) == minute(old.ends_at):
        ends = old.ends_at
    elif ends <= now:
        form.add_error("ends_at", _("This moment is over already."))
    form.cleaned_data["ends_at"] = ends
    return "ends_at" not in form.errors
