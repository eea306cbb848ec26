"""The content inbox: what influencers posted, and the seller's answer."""

from typing import ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from marketplace.access import StoreScopedAdmin, changes_nothing
from tasks import submissions
from tasks.forms import ChangesForm
from tasks.models import Submission
from tasks.openings import TaskRefused
from tasks.seller_admin.words import STATE_COLOURS, actor_of, offered, shown_name


class SubmissionAdmin(StoreScopedAdmin):
    """The content inbox: approve, or ask for changes."""

    store_path = "assignment__task__store"
    list_display = ("task", "influencer", "link", "shown_state", "submitted_at")
    list_filter = ("state", "submitted_at")
    fields = readonly_fields = (
        "task",
        "influencer",
        "link",
        "posted_on",
        "state",
        "reason",
        "submitted_at",
        "reviewed_at",
    )
    ordering = ("-state", "-id")
    actions_detail: ClassVar[list[str]] = ["approve", "ask_for_changes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        """With tasks and names."""
        return (
            super()
            .get_queryset(request)
            .select_related("assignment__task__store", "assignment__affiliate__user__profile")
        )

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Both answers while the content waits for one, then none."""
        content = self.get_object(request, object_id)
        waits = content is not None and content.state == Submission.State.SUBMITTED
        names = ("approve", "ask_for_changes") if waits else ()
        return offered(super().get_actions_detail(request, object_id), *names)

    @action(description=_("Approve"), icon="check")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The content is fine."""
        content = self.get_object(request, object_id)
        try:
            submissions.approve(
                submission_id=content.pk,
                store=content.assignment.task.store,
                actor=actor_of(request),
            )
            messages.success(request, _("Approved."))
        except TaskRefused as refusal:
            messages.error(request, str(refusal.message))
        return redirect(f"{self.admin_site.name}:tasks_submission_changelist")

    @changes_nothing  # asks by a form of its own, and acts on POST only
    @action(description=_("Ask for changes"), icon="edit")
    def ask_for_changes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what should change."""
        content = self.get_object(request, object_id)
        form = ChangesForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                submissions.ask_for_changes(
                    submission_id=content.pk,
                    store=content.assignment.task.store,
                    actor=actor_of(request),
                    reason=form.cleaned_data["reason"],
                )
                messages.success(request, _("The influencer sees what you wrote."))
            except TaskRefused as refusal:
                messages.error(request, str(refusal.message))
            return redirect(f"{self.admin_site.name}:tasks_submission_changelist")
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": gettext("Ask for changes"),
            "opts": self.opts,
            "original": content,
            "form": form,
            "back": reverse(f"{self.admin_site.name}:tasks_submission_change", args=[object_id]),
        }
        return TemplateResponse(request, "tasks/seller/ask_for_changes.html", context)

    @display(description=_("task"))
    def task(self, content: Submission) -> str:
        """The task's name."""
        return content.assignment.task.name

    @display(description=_("influencer"))
    def influencer(self, content: Submission) -> str:
        """The name they show."""
        return shown_name(content.assignment)

    @display(description=_("post"))
    def link(self, content: Submission) -> str:
        """The post, opened beside this page."""
        return format_html(
            '<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>', content.url
        )

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def shown_state(self, content: Submission) -> tuple[str, str]:
        """The state as a badge."""
        return content.state, content.get_state_display()
