"""How these pages act: by a verb, with a reason, its refusal shown in words."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import get_language

from affiliates import agreements, directory
from affiliates.models import Affiliate
from affiliates.offers import WithdrawalRefusal
from affiliates.roster import shown_name
from marketplace.money import format_money
from marketplace.templatetags.money import percent as shown_percent

Refusal = (WithdrawalRefusal, directory.WrongStatus, agreements.CutTooSoon)


def act(
    request: HttpRequest, verb: Callable[[], Any], *, done: str | Promise, back: str
) -> HttpResponse:
    """Call the verb, say what happened, and lead back."""
    try:
        verb()
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, str(done))
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": back})
    return HttpResponseRedirect(back)


def amount(minor: int, currency: str) -> str:
    """Money as the reader writes it."""
    return format_money(minor, currency, get_language() or "en")


def person(affiliate: Affiliate) -> str:
    """Who it is, in a list that has selected `user__profile`."""
    return shown_name(affiliate) or str(affiliate.user)


def percent(basis_points: int | None) -> str:
    """A percent; a dash for none."""
    return "—" if basis_points is None else shown_percent(basis_points)
