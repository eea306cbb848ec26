"""Payout rules and batches."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from affiliates import bank_files, payout_rules
from affiliates.admin.asking import amount, percent
from affiliates.admin.forms import RuleForm
from affiliates.models import PayoutBatch, PayoutRule
from marketplace.access import OpsModelAdmin, changes_nothing
from promocodes import sheets


@admin.register(PayoutRule)
class RuleAdmin(OpsModelAdmin):
    """What a withdrawal costs in each currency; holds for requests from now on."""

    allow_add = allow_change = True
    form = RuleForm
    list_display = ("currency", "minimum", "fee", "tax", "two_persons_above", "arrival_days")
    ordering = ("currency",)

    def get_readonly_fields(self, request: HttpRequest, obj: PayoutRule | None = None) -> Any:
        """A rule keeps its currency."""
        return ("currency",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: PayoutRule, form: RuleForm, change: bool
    ) -> None:
        """By the verb, which audits it."""
        actor: Any = request.user
        payout_rules.put(currency=obj.currency, actor=actor, **form.rule())

    @admin.display(description=_("smallest"))
    def minimum(self, rule: PayoutRule) -> str:
        """The smallest withdrawal."""
        return amount(rule.minimum_minor, rule.currency)

    @admin.display(description=_("fee"))
    def fee(self, rule: PayoutRule) -> str:
        """Of each withdrawal."""
        return amount(rule.fee_minor, rule.currency)

    @admin.display(description=_("tax of private persons"))
    def tax(self, rule: PayoutRule) -> str:
        """In percent."""
        return percent(rule.person_tax_bp)

    @admin.display(description=_("two persons above"))
    def two_persons_above(self, rule: PayoutRule) -> str:
        """The threshold of four eyes."""
        return amount(rule.two_persons_above_minor, rule.currency)


@admin.register(PayoutBatch)
class BatchAdmin(OpsModelAdmin):
    """Batches with their bank file."""

    list_display = ("id", "currency", "count", "net", "created_by", "created_at")
    list_filter = ("currency",)
    list_select_related = ("created_by",)
    date_hierarchy = "created_at"
    fields = (("id", "currency"), ("count", "net"), ("created_by", "created_at"))
    readonly_fields = ("id", "net")
    ordering = ("-pk",)
    actions_detail = ("bank_file",)

    def has_download_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Bank accounts are for those who send payouts."""
        return request.user.has_perm("affiliates.change_withdrawal")

    @admin.display(description=_("to be paid"))
    def net(self, batch: PayoutBatch) -> str:
        """The sum of the file."""
        return amount(batch.net_minor, batch.currency)

    @changes_nothing
    @action(description=_("Bank file"), icon="download", url_path="file", permissions=["download"])
    def bank_file(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The batch as CSV for the bank."""
        batch = PayoutBatch.objects.get(pk=object_id)
        body = sheets.csv_chunks(bank_files.HEADINGS, bank_files.rows(batch))
        response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
        name = f"payouts-{batch.currency}-{batch.pk}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response
