"""The ledger: accounts, transfers, the trial balance. To read only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from affiliates import trial_balance
from affiliates.admin.asking import amount
from affiliates.invariants import LEDGER
from affiliates.models import Account, Transfer
from marketplace.access import OpsModelAdmin, changes_nothing


@admin.register(Account)
class AccountAdmin(OpsModelAdmin):
    """Every account with its balance; numbers and ids, no names."""

    list_display = ("code", "kind", "currency", "debits_sum", "credits_sum", "balance")
    list_filter = ("kind", "currency")
    search_fields = ("code__exact", "owner__exact")
    search_help_text = _("The whole code, or the id of the affiliate or store")
    fields = (
        ("code", "kind"),
        ("owner", "currency"),
        ("debits_sum", "credits_sum", "balance"),
        "may_go_negative",
    )
    readonly_fields = ("debits_sum", "credits_sum", "balance")
    ordering = ("-pk",)
    actions_list = ("trial",)

    @admin.display(description=_("debits"))
    def debits_sum(self, account: Account) -> str:
        """All that was debited."""
        return amount(account.debited_minor, account.currency)

    @admin.display(description=_("credits"))
    def credits_sum(self, account: Account) -> str:
        """All that was credited."""
        return amount(account.credited_minor, account.currency)

    @admin.display(description=_("balance"))
    def balance(self, account: Account) -> str:
        """In the account's own direction."""
        return amount(account.balance_minor, account.currency)

    @changes_nothing
    @action(description=_("Trial balance"), icon="balance", url_path="trial")
    def trial(self, request: HttpRequest) -> HttpResponse:
        """All accounts by kind; with `?prove=1` every balance is added up anew."""
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": _("Trial balance"),
            "opts": self.opts,
            "rows": trial_balance.rows(),
            "proofs": (
                [(each, each.broken(most=5)) for each in LEDGER] if "prove" in request.GET else None
            ),
        }
        return TemplateResponse(request, "admin/affiliates/trial_balance.html", context)


@admin.register(Transfer)
class TransferAdmin(OpsModelAdmin):
    """Every transfer, for ever."""

    list_display = ("recorded_at", "kind", "debit_account", "credit_account", "shown_amount", "key")
    list_filter = ("kind", "currency")
    list_select_related = ("debit_account", "credit_account")
    search_fields = (
        "key__exact",
        "group__exact",
        "debit_account__code__exact",
        "credit_account__code__exact",
    )
    search_help_text = _("The whole code of an account, or the beginning of a key")
    date_hierarchy = "recorded_at"
    ordering = ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str
    ) -> tuple[QuerySet[Transfer], bool]:
        """By account or key, each by its index, so that it stays quick at any size."""
        if not search_term:
            return queryset, False
        account = Account.objects.filter(code=search_term).first()
        if account is None:
            return queryset.filter(key__startswith=search_term), False
        return queryset.filter(Q(debit_account=account) | Q(credit_account=account)), False

    @admin.display(description=_("amount"))
    def shown_amount(self, transfer: Transfer) -> str:
        """With its currency."""
        return amount(transfer.amount_minor, transfer.currency)


def to_changelist(model: str) -> HttpResponseRedirect:
    """Back to the list."""
    return HttpResponseRedirect(reverse(f"admin:affiliates_{model}_changelist"))
