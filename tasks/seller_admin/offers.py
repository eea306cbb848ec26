"""A store's tasks: what is told of them, and who took them."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from marketplace.access import StoreScopedAdmin, StoreScopedTabularInline, changes_nothing
from tasks import openings
from tasks.models import Assignment, CodeGrant, Submission, Task
from tasks.openings import Offer, TaskRefused
from tasks.promoting import promote
from tasks.seller_admin.words import STATE_COLOURS, actor_of, offered, pay_in_words, shown_name


class ApplicantInline(StoreScopedTabularInline):
    """Who took the task; to look at only (AE-19: nobody has to be approved)."""

    model = Assignment
    store_path = "task__store"
    verbose_name_plural = _("Influencers on this task")
    fields = readonly_fields = ("influencer", "kind", "state", "codes", "applied_at")
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        """With names and numbers of codes."""
        rows: QuerySet[Assignment] = super().get_queryset(request)
        return rows.select_related("affiliate__user__profile").annotate(
            code_count=counted(CodeGrant.objects.filter(assignment=OuterRef("pk")))
        )

    @display(description=_("influencer"))
    def influencer(self, row: Assignment) -> str:
        """The name they show; nothing more of a person."""
        return shown_name(row)

    @display(description=_("codes"))
    def codes(self, row: Assignment) -> int:
        """How many codes they hold."""
        return int(row.code_count)  # type: ignore[attr-defined]


class TaskAdmin(StoreScopedAdmin):
    """A store's tasks; made by *Promote now*, never by a blank form."""

    store_path = "store"
    allow_change = True
    list_display = ("name", "shown_state", "pay", "ends", "takers", "inbox", "opened_at")
    list_filter = ("state", "pay_model")
    search_fields = ("name",)
    readonly_fields = ("type", "state", "promotion", "pay", "market", "ends", "opened_at")
    fieldsets = (
        (None, {"fields": ("name", "state", "type", "promotion", "pay", "opened_at")}),
        (_("What influencers read"), {"fields": ("brief", "channel", "sample_available")}),
        (_("Dates"), {"fields": ("applications_close_at", "submission_due_at", "ends")}),
    )
    inlines = (ApplicantInline,)
    actions_list: ClassVar[list[str]] = ["affiliate_setting"]
    actions_detail: ClassVar[list[str]] = ["close", "open_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """With how many took it and how much content waits."""
        rows: QuerySet[Task] = super().get_queryset(request)
        taken = Assignment.objects.filter(task=OuterRef("pk"))
        waiting = Submission.objects.filter(
            assignment__task=OuterRef("pk"), state=Submission.State.SUBMITTED
        )
        return rows.select_related("store", "promotion__terms").annotate(
            taker_count=counted(taken), inbox_count=counted(waiting)
        )

    def get_urls(self) -> list[URLPattern]:
        """Django's, and the page on which tasks are made."""
        page = self.admin_site.admin_view(self.promote)
        return [path("promote/", page, name="tasks_task_promote"), *super().get_urls()]

    def promote(self, request: HttpRequest) -> HttpResponse:
        """Affiliate Setting → Promotion Plan Management → Default Channel Promotion (AE-03, 04)."""
        return promote(request, actor=actor_of(request), site=self.admin_site)

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:
        """Change what is told of the task, by its verb."""
        told = {name: getattr(obj, name) for name in Offer.__dataclass_fields__}
        openings.describe_task(
            store=obj.store, task_id=obj.pk, actor=actor_of(request), offer=Offer(**told)
        )

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Only the act that the task's state allows; the verb refuses the other one anyway."""
        task = self.get_object(request, object_id)
        is_open = task is not None and task.state == Task.State.OPEN
        return offered(
            super().get_actions_detail(request, object_id), "close" if is_open else "open_again"
        )

    @changes_nothing
    @action(description=_("Affiliate Setting"), icon="campaign")
    def affiliate_setting(self, request: HttpRequest) -> HttpResponse:
        """To the page on which tasks are made."""
        return redirect(f"{self.admin_site.name}:tasks_task_promote")

    @action(description=_("Take no more influencers"), icon="block")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop applications; codes go on working."""
        task = self.get_object(request, object_id)
        openings.close_task(store=task.store, task_id=task.pk, actor=actor_of(request))
        return redirect(f"{self.admin_site.name}:tasks_task_change", object_id)

    @action(description=_("Take influencers again"), icon="campaign")
    def open_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same as promoting the code once more."""
        task = self.get_object(request, object_id)
        try:
            openings.open_task(
                store=task.store, promotion_id=task.promotion_id, actor=actor_of(request)
            )
        except TaskRefused as refusal:
            messages.error(request, str(refusal.message))
        return redirect(f"{self.admin_site.name}:tasks_task_change", object_id)

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def shown_state(self, task: Task) -> tuple[str, str]:
        """The state as a badge."""
        return task.state, task.get_state_display()

    @display(description=_("pay"))
    def pay(self, task: Task) -> str:
        """The pay in words."""
        return pay_in_words(task)

    @display(description=_("code works until"), ordering="promotion__terms__ends_at")
    def ends(self, task: Task) -> str | None:
        """The end of the code, which is the promotion's."""
        at = task.promotion.terms.ends_at
        return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else None

    @display(description=_("influencers"), ordering="taker_count")
    def takers(self, task: Task) -> int:
        """How many took it."""
        return int(task.taker_count)  # type: ignore[attr-defined]

    @display(description=_("content to review"), ordering="inbox_count")
    def inbox(self, task: Task) -> int:
        """How much content waits for a review."""
        return int(task.inbox_count)  # type: ignore[attr-defined]


def counted(rows: QuerySet[Any]) -> Coalesce:
    """How many rows there are, beside each row of another query."""
    ones = rows.order_by().annotate(one=Value(1)).values("one")
    number = Subquery(ones.annotate(number=Count("pk")).values("number"))
    return Coalesce(number, 0, output_field=IntegerField())
