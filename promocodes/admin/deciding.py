"""Decisions on promotions: approve, refuse and cancel, one by one or approved in bulk.

A bulk approval first shows how many and which they are; what moved meanwhile is left out.
"""

from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from marketplace.access import OpsModelAdmin
from marketplace.admin_base import PER_PAGE
from promocodes import promotions, rehearsal
from promocodes import terms as worded
from promocodes.models import Promotion

Status = Promotion.Status
SAMPLE = 20
COUNTED = 100


class Verb(Protocol):
    """A change of state that needs a reason."""

    def __call__(self, *, promotion_id: UUID, actor: Any, reason: str) -> Promotion:
        """Do it. Raises `promotions.PromotionMoved`."""


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why; the seller reads it."""

    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget)


class CancelForm(BaseDialogForm):  # type: ignore[misc]
    """Why a promotion is cancelled, if that is to be said."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text=_(
            "May stay empty. The people of its store read it in a letter and on the"
            " promotion's page."
        ),
    )


class DecidingAdmin(OpsModelAdmin):
    """Promotions that staff decides on; each decision is a verb's."""

    actions = ("approve_chosen",)

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change promotions decides on them."""
        return request.user.has_perm("promocodes.change_promotion")

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """They approve and refuse what waits."""
        return self.has_decide_permission(request) and self._is(object_id, Status.PENDING_APPROVAL)

    def has_cancel_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """They cancel what is not cancelled yet."""
        return self.has_decide_permission(request) and not self._is(object_id, Status.CANCELLED)

    @admin.action(description=_("Approve the chosen promotions"), permissions=["decide"])
    def approve_chosen(
        self, request: HttpRequest, queryset: QuerySet[Promotion]
    ) -> HttpResponse | None:
        """Show those of the page that wait; approve them on the second POST."""
        waiting = queryset.filter(status=Status.PENDING_APPROVAL)
        rows = list(waiting.select_related("terms", "store").order_by("pk")[:PER_PAGE])
        if not rows:
            messages.warning(request, _("None of these waits for approval."))
            return None
        if "confirmed" not in request.POST:
            return self._ask_for(request, rows, left_out=queryset.count() - len(rows))
        actor: Any = request.user
        done = 0
        for promotion in rows:
            try:
                promotions.approve(promotion_id=promotion.pk, actor=actor)
                done += 1
            except promotions.PromotionMoved:
                continue
        text = ngettext("%(n)s promotion is approved.", "%(n)s promotions are approved.", done)
        messages.success(request, text % {"n": done})
        return None

    @action(description=_("Approve"), icon="check", permissions=["approve"], url_path="approve")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a promotion that waits work."""
        actor: Any = request.user
        try:
            promotions.approve(promotion_id=UUID(object_id), actor=actor)
            done = _("The promotion is approved.")
            messages.success(request, f"{done} {_still_waiting()}")
        except promotions.PromotionMoved:
            messages.error(request, _("It does not wait for approval any more."))
        return _back(request, object_id)

    @action(
        description=_("Refuse"),
        icon="block",
        permissions=["approve"],
        dialog={
            "title": _("Refuse this promotion"),
            "description": _("The seller reads the reason, may change the terms and try again."),
            "form_class": ReasonForm,
            "form_submit_text": _("Refuse"),
        },
    )
    def refuse(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Refuse a promotion that waits."""
        done = _("The promotion is refused.")
        said = f"{done} {_still_waiting(but=object_id)}"
        return self._decide(request, form, object_id, promotions.refuse, said)

    @action(
        description=_("Cancel the promotion"),
        icon="cancel",
        permissions=["cancel"],
        dialog={
            "title": _("Cancel this promotion"),
            "description": _(
                "Its codes stop at once and for good. Reservations that are held keep their"
                " right; returns still work."
            ),
            "form_class": CancelForm,
            "form_submit_text": _("Cancel the promotion"),
        },
    )
    def cancel(self, request: HttpRequest, form: CancelForm, object_id: str) -> HttpResponse:
        """End a promotion for good."""
        return self._decide(
            request, form, object_id, promotions.cancel, str(_("The promotion is cancelled."))
        )

    def _decide(
        self, request: HttpRequest, form: BaseDialogForm, object_id: str, verb: Verb, done: str
    ) -> HttpResponse:
        try:
            verb(
                promotion_id=UUID(object_id),
                actor=request.user,
                reason=form.cleaned_data["reason"],
            )
            messages.success(request, done)
        except promotions.PromotionMoved:
            messages.error(request, _("The promotion is in another state by now."))
        return _back(request, object_id)

    def _ask_for(
        self, request: HttpRequest, rows: list[Promotion], *, left_out: int
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": _("Approve the chosen promotions"),
            "opts": self.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "ids": [row.pk for row in rows],
            "count": len(rows),
            "left_out": left_out,
            "sample": [(row, _ceiling(row)) for row in rows[:SAMPLE]],
        }
        return TemplateResponse(request, "admin/promocodes/ask_approval.html", context)

    def _is(self, object_id: str | None, status: Promotion.Status) -> bool:
        if object_id is None or not self._is_key(object_id):
            return False
        return Promotion.objects.filter(pk=unquote(object_id), status=status).exists()

    def _is_platform(self, object_id: str | None) -> bool:
        """Whether it is the platform's own."""
        if object_id is None or not self._is_key(object_id):
            return False
        own = Promotion.objects.filter(kind=Promotion.Kind.PLATFORM)
        return own.filter(pk=unquote(object_id)).exists()


def queue_url() -> str:
    """The list of what waits for approval."""
    query = urlencode({"state": Status.PENDING_APPROVAL.value})
    return f"{reverse('admin:promocodes_promotion_changelist')}?{query}"


def _still_waiting(but: str | None = None) -> str:
    """How many are still in the queue, looked for among the first."""
    waiting = Promotion.objects.filter(status=Status.PENDING_APPROVAL)
    count = (waiting.exclude(pk=but) if but else waiting)[: COUNTED + 1].count()
    if not count:
        return str(_("Nothing else waits."))
    shown = f"{COUNTED}+" if count > COUNTED else str(count)
    return ngettext("%(n)s more waits.", "%(n)s more wait.", count) % {"n": shown}


def _ceiling(promotion: Promotion) -> int | None:
    """The most that it can cost, minor units."""
    return rehearsal.ceiling_minor(worded.of(promotion.terms), worded.limits_of(promotion))


def _back(request: HttpRequest, object_id: str) -> HttpResponse:
    url = reverse("admin:promocodes_promotion_change", args=[object_id])
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
