"""The shorter forms of the seller's pages: what may still be widened, and why one is cancelled."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from promocodes.forms.fields import LocalMomentField, MoneyField
from promocodes.terms import MAX_PER_PERSON, BudgetEdge, Limits, TermsInvalid

MOST_USES = 2**31 - 1

# Where a refusal of the verb (by field of api.md) is shown.
SHOWN_AT = {
    "discount.percent": "percent",
    "discount.amount": "amount",
    "discount.max_discount": "max_discount",
    "applies_to.products": "products",
    "applies_to.categories": "categories",
    "applies_to.exclude_products": "exclude_products",
    "applies_to.stores": "stores",
    "max_units_per_line": "max_units_per_line",
    "limits.total": "total",
    "limits.per_person": "per_person",
    "limits.per_code": "per_code",
    "limits.budget": "budget",
    "min_spend": "min_spend",
    "starts_at": "starts_at",
    "ends_at": "ends_at",
    "timezone": "timezone",
}


def number(most: int = MOST_USES, **kwargs: Any) -> forms.IntegerField:
    """A whole number of at least 1; empty: none."""
    attrs = {"inputmode": "numeric", "class": "p-input p-number"}
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=most,
        widget=forms.NumberInput(attrs=attrs),
        **kwargs,
    )


class LimitsForm(forms.Form):
    """How long and how often: what a seller may still widen when the code is live."""

    ends_at = LocalMomentField(
        label=_("Ends"),
        required=False,
        help_text=_("Leave it empty to let the code run until you cancel it."),
    )
    total = number(
        label=_("Total redemptions"),
        help_text=_("How many orders may use it in all. Empty: no limit."),
    )
    per_person = number(
        MAX_PER_PERSON,
        label=_("Redemptions per person"),
        help_text=_("How often one shopper may use it. Empty: as often as they like."),
    )
    per_code = number(
        MAX_PER_PERSON,
        label=_("Redemptions per code"),
        help_text=_("For many unique codes: 1 lets each work once. Empty: no limit of its own."),
    )
    budget = MoneyField(
        label=_("Budget"),
        required=False,
        help_text=_("The most that all discounts together may cost you. Empty: no limit."),
    )
    budget_edge = forms.ChoiceField(
        label=_("When the budget is nearly spent"),
        choices=BudgetEdge.choices,
        initial=BudgetEdge.REFUSE,
        required=False,
        widget=forms.Select(attrs={"class": "p-input"}),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"class": "p-input", "autocomplete": "off"}),
        help_text=_("For you, our team and influencers; shoppers don't see it. Empty: the code."),
    )

    def __init__(self, data: Any = None, *, currency: str, at: datetime, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.currency, self.at = currency, at
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.currency = currency

    @property
    def limits(self) -> Limits:
        """The limits as far as they are filled in rightly."""
        data = self.cleaned_data
        return Limits(
            total=data.get("total"),
            per_person=data.get("per_person"),
            per_code=data.get("per_code"),
            budget_minor=data.get("budget"),
            budget_edge=data.get("budget_edge") or BudgetEdge.REFUSE,
        )

    def show(self, refusal: TermsInvalid) -> None:
        """Show what the verb refused beside the fields that it is about."""
        for place, text in refusal.errors.items():
            name = SHOWN_AT.get(place)
            self.add_error(name if name in self.fields else None, str(text))


class CancelForm(forms.Form):
    """Why a promotion is cancelled, for the store's own record."""

    reason = forms.CharField(
        label=_("Why? For your own record"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"class": "p-input"}),
    )
