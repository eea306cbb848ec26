"""Commissions and attributions; derived from orders, so nothing here can be changed."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from affiliates import commissions
from affiliates.admin.asking import amount, percent, person
from affiliates.earnings import transfer_keys
from affiliates.models import Affiliate, Attribution, Commission, ParkedOrder, Transfer
from marketplace.access import OpsModelAdmin

COLOURS = {
    "pending": "warning",
    "available": "success",
    "settled": "info",
    "reversed": "danger",
    "not_due": "default",
}


@admin.register(Commission)
class CommissionAdmin(OpsModelAdmin):
    """What each order line earned; found by the whole id of the order."""

    list_display = (
        "order_ref",
        "line_ref",
        "person",
        "store",
        "shown_state",
        "left",
        "release_at",
    )
    list_filter = ("state", "kind", "reason", "currency", "side")
    list_select_related = ("beneficiary__user__profile", "store")
    search_fields = ("order_ref",)
    search_help_text = _("The whole id of the order, or the whole e-mail of the influencer")
    date_hierarchy = "ordered_at"
    ordering = ("-pk",)
    fields = (
        ("order_ref", "line_ref"),
        ("beneficiary", "side"),
        ("state", "reason"),
        ("store", "promotion", "code"),
        ("base", "rate", "share"),
        ("earned", "taken_back", "left"),
        ("agreement", "terms_version", "hold_days"),
        ("ordered_at", "accrued_at"),
        ("release_at", "released_at"),
        ("run", "settled_by"),
        "transfers",
    )
    readonly_fields = ("base", "rate", "share", "earned", "taken_back", "left", "transfers")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Commission], search_term: str
    ) -> tuple[QuerySet[Commission], bool]:
        """By order or person, each by its index, so that it stays quick at any size."""
        if not search_term:
            return queryset, False
        people = Affiliate.objects.filter(user__email=search_term.lower()).values_list("pk")
        found = Q(order_ref=search_term) | Q(beneficiary__in=[pk for (pk,) in people])
        return queryset.filter(found), False

    @display(description=_("state"), ordering="state", label=COLOURS)
    def shown_state(self, commission: Commission) -> tuple[str, str]:
        """In colour and in words."""
        return commission.state, commission.get_state_display()

    @admin.display(description=_("beneficiary"))
    def person(self, commission: Commission) -> str:
        """By name."""
        return person(commission.beneficiary)

    @admin.display(description=_("base"))
    def base(self, commission: Commission) -> str:
        """After discounts."""
        return amount(commission.base_minor, commission.currency)

    @admin.display(description=_("rate or fee"))
    def rate(self, commission: Commission) -> str:
        """Whichever it is."""
        if commission.kind == Commission.Kind.FEE:
            return amount(commission.fee_minor, commission.currency)
        return percent(commission.rate_bp)

    @admin.display(description=_("agency's share"))
    def share(self, commission: Commission) -> str:
        """In percent."""
        return percent(commission.share_bp or None)

    @admin.display(description=_("earned"))
    def earned(self, commission: Commission) -> str:
        """At the order's time."""
        return amount(commission.amount_minor, commission.currency)

    @admin.display(description=_("taken back"))
    def taken_back(self, commission: Commission) -> str:
        """For what came back."""
        return amount(commission.reversed_minor, commission.currency)

    @admin.display(description=_("left"))
    def left(self, commission: Commission) -> str:
        """What is left."""
        return amount(commission.left_minor, commission.currency)

    @admin.display(description=_("transfers"))
    def transfers(self, commission: Commission) -> SafeString:
        """What the ledger moved for it."""
        rows = Transfer.objects.filter(key__in=transfer_keys(commission)).order_by("pk")
        return render_to_string(
            "admin/affiliates/_transfers.html",
            {"transfers": rows.select_related("debit_account", "credit_account")},
        )


@admin.register(Attribution)
class AttributionAdmin(OpsModelAdmin):
    """Who brought each line, with the trace of how it was decided."""

    list_display = ("order_ref", "line_ref", "winner", "by", "code", "ordered_at", "decided_at")
    list_filter = ("by",)
    list_select_related = ("winner", "code")
    search_fields = ("order_ref__exact",)
    search_help_text = _("The whole id of the order")
    date_hierarchy = "ordered_at"
    ordering = ("-pk",)


@admin.register(ParkedOrder)
class ParkedAdmin(OpsModelAdmin):
    """Orders whose commissions could not be worked out: each is a fault of ours."""

    list_display = ("order_ref", "tries", "parked_at", "retry_at", "error")
    fields = ("order_ref", "what_to_do", ("tries", "parked_at", "retry_at"), "error")
    readonly_fields = ("what_to_do",)
    search_fields = ("order_ref__exact",)
    search_help_text = _("The whole id of the order")
    ordering = ("-pk",)
    actions_detail = ("try_again",)

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may change parked orders may have one tried again."""
        return request.user.has_perm("affiliates.change_parkedorder")

    @admin.display(description=_("what to do"))
    def what_to_do(self, parked: ParkedOrder) -> str:
        """For whoever finds it here."""
        return str(
            _(
                "Nothing is lost: the order is kept, and tried again by itself, ever more seldom."
                " Until then nobody earns on it, and nothing is taken back. Give the error to"
                " whoever looks after this installation; once it is mended, press “Try again now”."
                " The row goes by itself when a try succeeds."
            )
        )

    @action(description=_("Try again now"), icon="refresh", url_path="again", permissions=["retry"])
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make it due; the job takes it within seconds."""
        parked = self.get_object(request, object_id)
        try:
            commissions.try_again(order_ref=str(parked))
        except commissions.NotParked as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("It is tried again within seconds."))
        return HttpResponseRedirect(reverse("admin:affiliates_parkedorder_changelist"))
