"""The queue of withdrawals: approved, rejected, sent and answered in bulk, each by its verb.

Every act first shows how many, how much and a sample, and asks for a reason.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from affiliates import withdrawals
from affiliates.admin.asking import amount, person
from affiliates.admin.books import to_changelist
from affiliates.admin.forms import BulkNoteForm, BulkReasonForm
from affiliates.models import Withdrawal
from affiliates.offers import WithdrawalRefusal
from marketplace.access import OpsModelAdmin, changes_nothing

State = Withdrawal.State
SAMPLE = 10
COLOURS = {
    "requested": "warning",
    "approved": "info",
    "sent": "info",
    "paid": "success",
    "cancelled": "default",
    "rejected": "danger",
    "failed": "danger",
    "returned": "danger",
}


@dataclass(frozen=True, kw_only=True)
class Act:
    """One step that staff can take with many withdrawals."""

    title: Any  # a lazy text
    states: Sequence[str]
    form: type[forms.Form]
    run: Callable[[list[Withdrawal], Any, str], "Counter[str]"]


def one_by_one(verb: Callable[..., Any]) -> Callable[[list[Withdrawal], Any, str], "Counter[str]"]:
    """Call a verb for each, in a transaction of its own; counts what it refused, by its words."""

    def run(rows: list[Withdrawal], actor: Any, reason: str) -> Counter[str]:
        refused: Counter[str] = Counter()
        for row in rows:
            try:
                verb(withdrawal_id=row.pk, actor=actor, reason=reason)
            except WithdrawalRefusal as refusal:
                refused[str(refusal.message)] += 1
        return refused

    return run


def in_batches(rows: list[Withdrawal], actor: Any, reason: str) -> Counter[str]:
    """Send them, one batch a currency."""
    refused: Counter[str] = Counter()
    by_currency = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row.pk)
    for currency, ids in by_currency.items():
        try:
            withdrawals.send(currency=currency, actor=actor, withdrawal_ids=ids, reason=reason)
        except WithdrawalRefusal as refusal:
            refused[str(refusal.message)] += len(ids)
    return refused


ACTS = {
    "approve": Act(
        title=_("Approve"),
        states=[State.REQUESTED],
        form=BulkNoteForm,
        run=one_by_one(withdrawals.approve),
    ),
    "reject": Act(
        title=_("Reject"),
        states=[State.REQUESTED, State.APPROVED],
        form=BulkReasonForm,
        run=one_by_one(withdrawals.reject),
    ),
    "send": Act(
        title=_("Send to the bank"), states=[State.APPROVED], form=BulkNoteForm, run=in_batches
    ),
    "paid": Act(
        title=_("The bank has paid"),
        states=[State.SENT],
        form=BulkNoteForm,
        run=one_by_one(withdrawals.mark_paid),
    ),
    "failed": Act(
        title=_("The bank refused"),
        states=[State.SENT],
        form=BulkReasonForm,
        run=one_by_one(withdrawals.mark_failed),
    ),
    "returned": Act(
        title=_("The bank sent it back"),
        states=[State.SENT, State.PAID],
        form=BulkReasonForm,
        run=one_by_one(withdrawals.mark_returned),
    ),
}


@admin.register(Withdrawal)
class WithdrawalAdmin(OpsModelAdmin):
    """Who wants their money, and how far it is."""

    list_display = (
        "requested_at",
        "person",
        "shown_state",
        "gross",
        "net",
        "needs_two",
        "batch",
    )
    list_display_links = ("requested_at", "person")
    list_filter = ("state", "currency", "needs_two")
    list_select_related = ("affiliate__user__profile", "batch")
    search_fields = ("id__exact", "affiliate__user__email__iexact")
    search_help_text = _("The whole number of the withdrawal, or the whole e-mail")
    date_hierarchy = "requested_at"
    ordering = ("-pk",)
    fields = (
        ("who", "state"),
        "reason",
        ("gross", "net"),
        ("tax", "fee"),
        ("method", "batch"),
        ("requested_by", "requested_at"),
        ("needs_two", "first_approver"),
        ("approver", "approved_at"),
        ("sent_at", "paid_at", "ended_at"),
    )
    readonly_fields = ("who", "gross", "tax", "fee", "net")
    actions = tuple(ACTS)
    actions_detail = ("approve_this", "reject_this")

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may change withdrawals may act on them."""
        return request.user.has_perm("affiliates.change_withdrawal")

    def has_answer_permission(self, request: HttpRequest, object_id: str) -> bool:
        """The same, while this one waits for an answer."""
        waits = Withdrawal.objects.filter(pk=unquote(object_id), state=State.REQUESTED)
        return self.has_manage_permission(request) and waits.exists()

    @display(description=_("state"), ordering="state", label=COLOURS)
    def shown_state(self, withdrawal: Withdrawal) -> tuple[str, str]:
        """In colour and in words."""
        return withdrawal.state, withdrawal.get_state_display()

    @admin.display(description=_("affiliate"))
    def person(self, withdrawal: Withdrawal) -> str:
        """By name."""
        return person(withdrawal.affiliate)

    @admin.display(description=_("affiliate"))
    def who(self, withdrawal: Withdrawal) -> str:
        """By name, as the way to their page."""
        url = reverse("admin:affiliates_affiliate_change", args=[withdrawal.affiliate_id])
        return format_html(
            '<a class="text-link" href="{}">{}</a>', url, person(withdrawal.affiliate)
        )

    @admin.display(description=_("amount"))
    def gross(self, withdrawal: Withdrawal) -> str:
        """What leaves the balance."""
        return amount(withdrawal.amount_minor, withdrawal.currency)

    @admin.display(description=_("tax withheld"))
    def tax(self, withdrawal: Withdrawal) -> str:
        """What goes to the tax office."""
        return amount(withdrawal.tax_minor, withdrawal.currency)

    @admin.display(description=_("fee"))
    def fee(self, withdrawal: Withdrawal) -> str:
        """What we keep."""
        return amount(withdrawal.fee_minor, withdrawal.currency)

    @admin.display(description=_("to be paid"))
    def net(self, withdrawal: Withdrawal) -> str:
        """What reaches the bank."""
        return amount(withdrawal.net_minor, withdrawal.currency)

    @changes_nothing  # asks; what it shows is sent to the list's action
    @action(description=ACTS["approve"].title, icon="check", permissions=["answer"])
    def approve_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether to approve the one that is looked at."""
        return self._take(request, Withdrawal.objects.filter(pk=unquote(object_id)), "approve")

    @changes_nothing
    @action(description=ACTS["reject"].title, icon="block", permissions=["answer"])
    def reject_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why to reject it."""
        return self._take(request, Withdrawal.objects.filter(pk=unquote(object_id)), "reject")

    @admin.action(description=ACTS["approve"].title, permissions=["manage"])
    def approve(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Approve, or be the first of two."""
        return self._take(request, chosen, "approve")

    @admin.action(description=ACTS["reject"].title, permissions=["manage"])
    def reject(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Refuse, with a reason that the person reads."""
        return self._take(request, chosen, "reject")

    @admin.action(description=ACTS["send"].title, permissions=["manage"])
    def send(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Put into a payout batch."""
        return self._take(request, chosen, "send")

    @admin.action(description=ACTS["paid"].title, permissions=["manage"])
    def paid(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Note the bank's answer."""
        return self._take(request, chosen, "paid")

    @admin.action(description=ACTS["failed"].title, permissions=["manage"])
    def failed(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Note the bank's refusal."""
        return self._take(request, chosen, "failed")

    @admin.action(description=ACTS["returned"].title, permissions=["manage"])
    def returned(self, request: HttpRequest, chosen: QuerySet[Withdrawal]) -> HttpResponse:
        """Note that the money came back."""
        return self._take(request, chosen, "returned")

    def _take(self, request: HttpRequest, chosen: QuerySet[Withdrawal], name: str) -> HttpResponse:
        """Ask first; on the second POST do it and say what was done and what was not."""
        act = ACTS[name]
        rows = list(
            chosen.filter(state__in=act.states).select_related("affiliate__user").order_by("pk")
        )
        form = act.form(request.POST if "confirmed" in request.POST else None)
        if not rows:
            messages.warning(request, _("None of these is in the state for that."))
            return to_changelist("withdrawal")
        if form.is_valid():
            self._say(request, len(rows), act.run(rows, request.user, form.cleaned_data["reason"]))
            return to_changelist("withdrawal")
        return self._ask_for(request, chosen, name, rows, form)

    def _say(self, request: HttpRequest, asked: int, refused: "Counter[str]") -> None:
        done = asked - refused.total()
        if done:
            text = ngettext("%(count)d withdrawal: done.", "%(count)d withdrawals: done.", done)
            messages.success(request, text % {"count": done})
        for words, count in refused.items():
            messages.error(request, f"{count} × {words}")

    def _ask_for(
        self,
        request: HttpRequest,
        chosen: QuerySet[Withdrawal],
        name: str,
        rows: list[Withdrawal],
        form: forms.Form,
    ) -> HttpResponse:
        sums: Counter[str] = Counter()
        for row in rows:
            sums[row.currency] += row.amount_minor
        context = self.admin_site.each_context(request) | {
            "title": ACTS[name].title,
            "opts": self.opts,
            "form": form,
            "action": name,
            "checkbox": ACTION_CHECKBOX_NAME,
            "ids": [row.pk for row in rows],
            "count": len(rows),
            "left_out": chosen.count() - len(rows),
            "sums": sorted(sums.items()),
            "sample": rows[:SAMPLE],
        }
        return TemplateResponse(request, "admin/affiliates/ask_withdrawals.html", context)
