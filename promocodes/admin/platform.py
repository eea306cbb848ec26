"""The platform's own promotions at /admin/: made by a guided form, and changed by the same.

What it asks is what the REST call takes; the verbs are the same. Who may approve needs nobody
else's approval; what others make waits.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.models import Store, User
from promocodes import terms as worded
from promocodes.admin import choosing
from promocodes.desk import making
from promocodes.desk.frame import Frame
from promocodes.forms.platform import PlatformForm, fits
from promocodes.forms.stored import initial_of
from promocodes.models import Promotion

FALLBACK = "RUB"  # for a marketplace without stores
Status = Promotion.Status


def page(request: HttpRequest, *, actor: User, may_approve: bool, frame: Frame) -> HttpResponse:
    """New platform promotion; `act` says whether it is to be looked at or sent."""
    form = _new(request, data=request.POST if request.method == "POST" else None)
    if request.method != "POST" or request.POST.get("act") != "create":
        return _show(request, frame, form, may_approve=may_approve)
    if form.is_valid():
        made = making.create(form, actor=actor, needs_approval=not may_approve)
        if made is not None:
            said = _("%(name)s is made.") if may_approve else _("%(name)s waits for approval.")
            messages.success(request, said % {"name": made.name})
            return redirect(frame.url("change", made.pk))
    return _show(request, frame, form, may_approve=may_approve, status=422)


def amend(request: HttpRequest, promotion: Promotion, *, actor: User, frame: Frame) -> HttpResponse:
    """Change what may still change: new terms are a new version (engine.md 13)."""
    here = frame.url("change", promotion.pk)
    old = worded.of(promotion.terms)
    if not fits(old):
        words = _("It names more than a form can show: change it by the REST call.")
        messages.info(request, words)
        return redirect(here)
    form = PlatformForm(
        request.POST if request.method == "POST" else None,
        currency=promotion.currency,
        currencies=[],
        at=clock.now(),
        old=old,
        initial=initial_of(promotion),
    )
    sent = request.method == "POST" and request.POST.get("act") == "create"
    if not sent:
        return _show(request, frame, form, promotion=promotion)
    if form.is_valid():
        done = making.amend(
            request,
            promotion,
            form,
            actor=actor,
            terms=form.whole_terms,
            by_seller=promotion.status == Status.REFUSED,  # which sends it for approval again
        )
        if done:
            messages.success(request, _("The promotion is changed."))
            return redirect(here)
    return _show(request, frame, form, promotion=promotion, status=422)


def preview(request: HttpRequest) -> HttpResponse:
    """What the cart would cost, for htmx."""
    return making.preview_part(request, _posted(request))


def forecast_part(request: HttpRequest) -> HttpResponse:
    """What the form, as it stands, would have cost, for htmx."""
    return making.forecast_part(request, _posted(request))


def options(request: HttpRequest, field: str) -> HttpResponse:
    """One picker, for htmx."""
    if field not in choosing.PICKERS:
        raise Http404
    found = choosing.options(
        field,
        currency=request.POST.get("settled_currency") or _currency(request, currencies()),
        chosen=request.POST.getlist(field),
        query=request.POST.get(f"{field}_query", ""),
    )
    return render(request, "promocodes/desk/_options.html", {"options": found})


def currencies() -> list[str]:
    """In which the marketplace's stores sell."""
    return sorted(set(Store.objects.values_list("currency", flat=True).distinct())) or [FALLBACK]


def _new(request: HttpRequest, *, data: QueryDict | None) -> PlatformForm:
    offered = currencies()
    return PlatformForm(
        data, currency=_currency(request, offered), currencies=offered, at=clock.now()
    )


def _posted(request: HttpRequest) -> PlatformForm:
    """The form as it stands, of a new promotion or, with its id, of one that is changed."""
    if asked := request.POST.get("promotion"):
        promotion = _platform(asked)
        return PlatformForm(
            request.POST,
            currency=promotion.currency,
            currencies=[],
            at=clock.now(),
            old=worded.of(promotion.terms),
            initial=initial_of(promotion),
        )
    return _new(request, data=request.POST)


def _platform(key: str) -> Promotion:
    try:
        return Promotion.objects.select_related("terms").get(pk=key, kind=Promotion.Kind.PLATFORM)
    except (Promotion.DoesNotExist, ValidationError) as error:
        raise Http404 from error


def _currency(request: HttpRequest, offered: list[str]) -> str:
    """The one that was chosen; ours to begin with."""
    asked = request.POST.get("currency")
    first = FALLBACK if FALLBACK in offered else offered[0]
    return asked if asked in offered else first


def _show(
    request: HttpRequest,
    frame: Frame,
    form: PlatformForm,
    *,
    promotion: Promotion | None = None,
    may_approve: bool = True,
    status: int = 200,
) -> HttpResponse:
    """The page with the form as it stands, its preview and what may be named."""
    pickers: dict[str, Any] = {
        name: choosing.options(
            name,
            currency=form.currency,
            chosen=making.chosen_refs(request, form, name),
            query=request.POST.get(f"{name}_query", ""),
        )
        for name in choosing.PICKERS
    }
    context = making.context_of(request, form, frame=frame, promotion=promotion) | {
        "pickers": pickers,
        "options_urls": {name: frame.url("options", name) for name in pickers},
        "may_approve": may_approve,
        "is_live": promotion is not None and promotion.status == Status.APPROVED,
        "is_refused": promotion is not None and promotion.status == Status.REFUSED,
    }
    title = (
        gettext("Change %(name)s") % {"name": promotion.name}
        if promotion
        else gettext("New platform promotion")
    )
    return frame.render(request, "promocodes/admin/platform.html", title, context, status=status)
