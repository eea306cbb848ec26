"""Plans of the stores and agreements on promotions."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from affiliates import agreements
from affiliates.admin.asking import amount, percent, person
from affiliates.admin.forms import PlanForm
from affiliates.models import AffiliatePlan, Agreement
from marketplace.access import OpsModelAdmin


class CheckedPlanForm(PlanForm):
    """Says why a plan can't begin when it should."""

    actor: Any = None

    def clean(self) -> dict[str, Any]:
        """Ask the rule before the verb does."""
        found = super().clean() or {}
        if not self.errors:
            try:
                agreements.check_plan(**found)
            except agreements.CutTooSoon as refusal:
                raise ValidationError({"starts_at": str(refusal.message)}) from refusal
        return found


@admin.register(AffiliatePlan)
class PlanAdmin(OpsModelAdmin):
    """A store's rate, hold and window; a change is the next plan, never an edit."""

    allow_add = True
    form = CheckedPlanForm
    list_display = ("shown_store", "rate", "hold_days", "window_days", "starts_at")
    list_display_links = ("shown_store", "rate")
    list_select_related = ("store",)
    search_fields = ("store__ref__exact", "store__name__istartswith")
    autocomplete_fields = ("store",)
    ordering = ("-starts_at",)

    def save_model(
        self, request: HttpRequest, obj: AffiliatePlan, form: CheckedPlanForm, change: bool
    ) -> None:
        """By the verb, which audits it."""
        actor: Any = request.user
        obj.pk = agreements.set_plan(actor=actor, **form.cleaned_data).pk

    @admin.display(description=_("store"), ordering="store")
    def shown_store(self, plan: AffiliatePlan) -> str:
        """A plan without a store is everybody's."""
        return plan.store.name if plan.store else str(_("all stores"))

    @admin.display(description=_("rate"), ordering="rate_bp")
    def rate(self, plan: AffiliatePlan) -> str:
        """In percent."""
        return percent(plan.rate_bp)


@admin.register(Agreement)
class AgreementAdmin(OpsModelAdmin):
    """Who earns what on which promotion; tasks write them."""

    list_display = ("person", "promotion", "pay", "agency", "valid_from", "valid_until")
    list_filter = ("pay_model", "currency")
    list_select_related = ("affiliate__user__profile", "promotion", "agency")
    search_fields = ("affiliate__user__email__iexact", "promotion__name__istartswith")
    date_hierarchy = "granted_at"
    ordering = ("-pk",)

    @admin.display(description=_("affiliate"))
    def person(self, agreement: Agreement) -> str:
        """By name."""
        return person(agreement.affiliate)

    @admin.display(description=_("pay"))
    def pay(self, agreement: Agreement) -> str:
        """A rate, the plan's rate, or a fee."""
        if agreement.fee_minor is not None:
            return amount(agreement.fee_minor, agreement.currency)
        is_plans = agreement.rate_bp is None
        return str(_("as the plan")) if is_plans else percent(agreement.rate_bp)
