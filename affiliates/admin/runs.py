"""Settlement runs: what would be released now, and the button that releases it."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from affiliates import settlement
from affiliates.admin.asking import amount
from affiliates.models import SettlementRun
from marketplace import clock
from marketplace.access import OpsModelAdmin, changes_nothing


@admin.register(SettlementRun)
class RunAdmin(OpsModelAdmin):
    """Runs and their progress; Celery makes one whenever something is due."""

    list_display = ("currency", "cutoff", "started_at", "finished_at", "released_count", "released")
    list_filter = ("currency", ("finished_at", admin.EmptyFieldListFilter))
    date_hierarchy = "cutoff"
    ordering = ("-pk",)
    actions_list = ("preview",)

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Who may add runs may start one."""
        return request.user.has_perm("affiliates.add_settlementrun")

    @admin.display(description=_("released"))
    def released(self, run: SettlementRun) -> str:
        """The sum so far."""
        return amount(run.released_minor, run.currency)

    @changes_nothing  # GET looks; the page itself asks and runs on POST
    @action(
        description=_("Preview and run"), icon="play_arrow", url_path="preview", permissions=["run"]
    )
    def preview(self, request: HttpRequest) -> HttpResponse:
        """What is due now; POST releases it."""
        if request.method == "POST":
            actor: Any = request.user
            count = settlement.release_due(actor=actor)
            text = ngettext(
                "%(count)d commission is released.", "%(count)d commissions are released.", count
            )
            messages.success(request, text % {"count": count})
            return HttpResponseRedirect(reverse("admin:affiliates_settlementrun_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Preview of a settlement run"),
            "opts": self.opts,
            "previews": settlement.preview(at=clock.now()),
        }
        return TemplateResponse(request, "admin/affiliates/run_preview.html", context)
