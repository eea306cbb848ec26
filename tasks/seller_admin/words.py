"""What both pages of the sellers' site say in the same way, and who acts."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext
from unfold.dataclasses import UnfoldAction

from marketplace.models import User
from marketplace.templatetags.money import money, percent
from tasks.models import Assignment, Task

STATE_COLOURS = {
    Assignment.State.AWAITING_SUBMISSION: "warning",
    Assignment.State.SUBMITTED: "info",
    Assignment.State.APPROVED: "success",
    Assignment.State.CHANGES_ASKED: "danger",
    Task.State.OPEN: "success",
}


def shown_name(assignment: Assignment) -> str:
    """The influencer's name as they show it, or a neutral word."""
    profile = getattr(assignment.affiliate.user, "profile", None)
    return (profile.name if profile else "") or gettext("influencer")


def pay_in_words(task: Task) -> str:
    """ "8 % of sales", "150 ₽ for each use"."""
    if task.rate_bp is not None:
        return gettext("%(rate)s of sales") % {"rate": percent(task.rate_bp)}
    return gettext("%(fee)s for each use") % {"fee": money(task.fee_minor or 0, task.currency)}


def offered(actions: list[UnfoldAction], *names: str) -> list[UnfoldAction]:
    """Of the buttons above a page, those named."""
    return [
        action
        for action in actions
        if any(action.action_name.endswith(f"_{name}") for name in names)
    ]


def actor_of(request: HttpRequest) -> User:
    """Whoever is signed in; the site lets nobody else come here."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
