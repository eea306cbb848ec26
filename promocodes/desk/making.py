"""A promotion made or changed by a form: one verb, and what it refuses is told beside the field."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from marketplace.models import User
from promocodes import codes, issuing, promotions, rehearsal
from promocodes import limits as counted
from promocodes.desk import preview
from promocodes.desk.forecast import ForecastForm
from promocodes.desk.frame import Frame
from promocodes.forms.limits import LimitsForm
from promocodes.forms.terms import TermsForm
from promocodes.models import Promotion
from promocodes.promotions import PromotionMoved, TermsFrozen
from promocodes.terms import Terms, TermsInvalid

TRIES = 5
MOVED = _("This promo code has changed meanwhile. Please look at it again.")
TAKEN = _("Another promotion uses the code %(code)s by now, so this one can't go on with it.")
_PREFIX = 8
_PATTERN = "-####"


def create(form: TermsForm, *, actor: User, needs_approval: bool | None = None) -> Promotion | None:
    """The promotion of a form that is whole; None when the verb refused, which the form shows."""
    terms, typed = form.whole_terms, form.cleaned_data["code"]
    for _try in range(TRIES):
        code = (typed or suggestion(form, terms)) if form.wants_code else None
        try:
            return promotions.create(
                name=form.cleaned_data["name"] or code or "",
                kind=form.chosen_kind,
                store=form.store,
                currency=form.currency,
                terms=terms,
                limits=form.limits,
                share_with_affiliates=form.share,
                needs_approval=needs_approval,
                code=code,
                batch=form.batch,
                actor=actor,
            )
        except issuing.CodeTaken:
            if typed:
                form.add_error("code", _("This code is taken. Choose another."))
                return None
        except TermsInvalid as refusal:
            form.show(refusal)
            return None
    form.add_error("code", _("We found no free code. Please type one."))
    return None


def amend(
    request: HttpRequest,
    promotion: Promotion,
    form: LimitsForm,
    *,
    actor: User,
    terms: Terms,
    by_seller: bool,
) -> bool:
    """Whether the verb took it; else the form says why not."""
    try:
        promotions.amend(
            promotion_id=promotion.pk,
            actor=actor,
            name=form.cleaned_data["name"] or None,
            terms=terms,
            limits=form.limits,
            by_seller=by_seller,
        )
    except TermsFrozen:
        form.add_error(
            None,
            _("A promo code that is approved can only get a later end and wider limits."),
        )
    except issuing.CodeTaken as refusal:
        form.add_error(None, TAKEN % {"code": refusal.word})
    except counted.LimitBelowUse:
        form.add_error(None, _("A limit can't be lower than what is used already."))
    except TermsInvalid as refusal:
        form.show(refusal)
    except PromotionMoved:
        messages.error(request, MOVED)
    else:
        return True
    return False


def preview_part(request: HttpRequest, form: TermsForm) -> HttpResponse:
    """What the cart would cost, for htmx; nothing is written."""
    context = {"preview": preview.look(form), "is_part": True}
    return render(request, "promocodes/desk/_preview.html", context)


def forecast_part(request: HttpRequest, form: TermsForm) -> HttpResponse:
    """What the form, as it stands, would have cost, for htmx; nothing is written."""
    if (shown := preview.replay(form)) is None:
        open_yet = {"lacks_goods": preview.lacks_goods(form)}
        return render(request, "promocodes/desk/_forecast_open.html", open_yet)
    return render(request, "promocodes/desk/_forecast.html", {"shown": shown})


def context_of(
    request: HttpRequest, form: TermsForm, *, frame: Frame, promotion: Promotion | None
) -> dict[str, Any]:
    """What the page of every such form shows: the form, its preview, its forecast if asked for."""
    sent = request.method == "POST"
    asks = request.POST.get("act") == "forecast"
    return {
        "form": form,
        "store": form.store,
        "currency": form.currency,
        "promotion": promotion,
        "preview": preview.look(form) if sent else preview.blank(form),
        "preview_url": frame.url("preview"),
        "forecast_url": frame.url("forecast_part"),
        "forecast_form": ForecastForm(request.POST if sent else None),
        "asked_forecast": asks,
        "shown": preview.replay(form) if asks else None,
        "lacks_goods": asks and preview.lacks_goods(form),
        "back": frame.url("change", promotion.pk) if promotion else frame.url("changelist"),
    }


def chosen_refs(request: HttpRequest, form: TermsForm, name: str) -> list[str]:
    """What is ticked in a picker: as it was sent, or as it is stored."""
    if request.method == "POST":
        return request.POST.getlist(name)
    return [str(ref) for ref in form.initial.get(name, [])]


def suggestion(form: TermsForm, terms: Terms) -> str:
    """A code nobody had to think of: the store's name, the percent, and four symbols."""
    name = form.store.name if form.store else ""
    kept = "".join(char for char in name if char.isascii() and char.isalnum()).upper()
    prefix = kept[:_PREFIX] or rehearsal.STAND_IN
    if terms.percent_bp is not None and terms.percent_bp % 100 == 0:
        prefix += str(terms.percent_bp // 100)
    return codes.make(prefix + _PATTERN)
