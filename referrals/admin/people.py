"""Participations and visits: looked at, not changed; a link is revoked, a review ended."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from marketplace import clock
from marketplace.access import OpsModelAdmin
from referrals import participations, visits
from referrals.admin.asking import act, dialog
from referrals.admin.forms import ReasonForm
from referrals.models import Participation, Visit


@admin.register(Participation)
class ParticipationAdmin(OpsModelAdmin):
    """Who takes part in which round, and how far they are."""

    list_display = ("shopper", "round", "counted", "code", "joined_at", "revoked_at")
    list_filter = ("round__campaign", ("code", admin.EmptyFieldListFilter))
    list_select_related = ("shopper", "round__campaign", "code")
    search_fields = ("shopper__email__istartswith", "shopper__ref__exact", "token__exact")
    date_hierarchy = "joined_at"
    ordering = ("-joined_at",)
    fields = (
        ("shopper", "round"),
        ("counted", "code"),
        ("joined_at", "issued_at"),
        "message",
        ("shows_name", "revoked_at"),
    )
    actions_detail = ("revoke_link",)

    def has_manage_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change participations may stop a link."""
        return request.user.has_perm("referrals.change_participation")

    @action(
        description=_("Revoke the link"),
        icon="link_off",
        permissions=["manage"],
        dialog=dialog(
            _("Revoke this link"),
            form_class=ReasonForm,
            submit=_("Revoke"),
            description=_("For proved fraud. What counted and a code that was issued stay."),
        ),
    )
    def revoke_link(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Stop a link."""
        actor: Any = request.user
        return act(
            request,
            lambda: participations.revoke_link(
                participation_id=UUID(object_id),
                actor=actor,
                reason=form.cleaned_data["reason"],
                at=clock.now(),
            ),
            done=_("The link is revoked."),
            back=reverse("admin:referrals_participation_change", args=[object_id]),
        )


@admin.register(Visit)
class VisitAdmin(OpsModelAdmin):
    """Each visit with its verdict and the facts that it was judged by."""

    list_display = ("visited_at", "inviter", "outcome", "reason", "channel", "review_due_at")
    list_select_related = ("participation__shopper",)
    list_filter = ("outcome", "reason", "channel")
    search_fields = ("participation__token__exact", "participation__shopper__email__istartswith")
    date_hierarchy = "visited_at"
    ordering = ("-visited_at",)
    fields = (
        "participation",
        ("outcome", "reason"),
        ("friend_key", "channel"),
        ("visited_at", "decided_at"),
        "review_due_at",
        "facts",
    )
    actions_detail = ("count_now", "refuse")

    def has_review_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may change visits may end a review, while there is one."""
        if object_id is None or not request.user.has_perm("referrals.change_visit"):
            return False
        return Visit.objects.filter(pk=object_id, review_due_at__isnull=False).exists()

    @admin.display(description=_("inviter"), ordering="participation")
    def inviter(self, visit: Visit) -> str:
        """Whose link it was."""
        return str(visit.participation.shopper)

    @action(
        description=_("Count it"),
        icon="check",
        permissions=["review"],
        dialog=dialog(_("Count this visit"), form_class=ReasonForm, submit=_("Count it")),
    )
    def count_now(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End the review in the friend's favour."""
        return self._end(request, form, object_id, counts=True)

    @action(
        description=_("Do not count it"),
        icon="block",
        permissions=["review"],
        dialog=dialog(_("Do not count this visit"), form_class=ReasonForm, submit=_("Refuse")),
    )
    def refuse(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End the review against it."""
        return self._end(request, form, object_id, counts=False)

    def _end(
        self, request: HttpRequest, form: ReasonForm, object_id: str, *, counts: bool
    ) -> HttpResponse:
        actor: Any = request.user
        return act(
            request,
            lambda: visits.end_review(
                visit_id=int(object_id),
                counts=counts,
                actor=actor,
                reason=form.cleaned_data["reason"],
                at=clock.now(),
            ),
            done=_("The review is over."),
            back=reverse("admin:referrals_visit_change", args=[object_id]),
        )
