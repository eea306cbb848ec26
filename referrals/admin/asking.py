"""How the pages of this floor act: by a verb, with a reason, its refusal shown as a message."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from referrals import participations, planning, rounds, visits

# What a verb may refuse, in words for the person at operations.
REFUSALS: dict[type[Exception], str | Promise] = {
    planning.TermsFrozen: _(
        "Shoppers have joined this round: its terms can only get better for them."
    ),
    planning.RoundsOverlap: _("Another round of this campaign runs at that time."),
    planning.TermsImpossible: _("These terms contradict themselves."),
    planning.NotLater: _("A round can only be extended to a later end."),
    rounds.RoundMoved: _("The round has moved on meanwhile. Look at it again."),
    participations.LinkRevoked: _("The link was revoked before."),
    visits.ReviewOver: _("This visit is not in review any more."),
}


def act(
    request: HttpRequest, verb: Callable[[], Any], *, done: str | Promise, back: str
) -> HttpResponse:
    """Call the verb, say what happened, and lead back."""
    try:
        verb()
    except tuple(REFUSALS) as refusal:
        messages.error(request, str(REFUSALS[type(refusal)]))
    else:
        messages.success(request, str(done))
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": back})
    return HttpResponseRedirect(back)


def dialog(title: Any, *, form_class: Any, submit: Any, description: Any = "") -> dict[str, Any]:
    """A dialog that asks before an action."""
    return {
        "title": title,
        "description": description,
        "form_class": form_class,
        "form_submit_text": submit,
    }
