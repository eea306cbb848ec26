"""Tasks on the operations site: to look at, across stores."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from marketplace.access import OpsModelAdmin
from tasks.models import Assignment, CodeGrant, Submission, Task


@admin.register(Task)
class TaskAdmin(OpsModelAdmin):
    """Every store's tasks."""

    list_display = ("name", "store", "state", "pay_model", "rate_bp", "fee_minor", "takers")
    list_filter = ("state", "pay_model", "type", "channel")
    list_select_related = ("store",)
    search_fields = ("name", "store__name")
    date_hierarchy = "opened_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """With how many took it."""
        rows: QuerySet[Task] = super().get_queryset(request)
        return rows.annotate(taker_count=Count("assignments"))

    @admin.display(description="influencers")
    def takers(self, task: Task) -> int:
        """How many took it."""
        return int(task.taker_count)  # type: ignore[attr-defined]


@admin.register(Assignment)
class AssignmentAdmin(OpsModelAdmin):
    """Who is at work on what."""

    list_display = ("task", "affiliate", "kind", "state", "applied_at")
    list_filter = ("state", "kind")
    list_select_related = ("task", "affiliate")
    search_fields = ("task__name", "affiliate__user__email")


@admin.register(CodeGrant)
class CodeGrantAdmin(OpsModelAdmin):
    """Codes given for tasks."""

    list_display = ("code", "assignment", "granted_at")
    list_select_related = ("code", "assignment")
    search_fields = ("code__code",)


@admin.register(Submission)
class SubmissionAdmin(OpsModelAdmin):
    """Content and what became of it."""

    list_display = ("url", "assignment", "state", "submitted_at", "reviewed_at")
    list_filter = ("state",)
    list_select_related = ("assignment",)
    search_fields = ("url",)
