"""What operations fill in for a promotion of the platform's own: all that the REST call takes."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.models import Category, Product, Store
from promocodes.forms import codes
from promocodes.forms.fields import RefsField
from promocodes.forms.limits import number
from promocodes.forms.terms import SCOPES, TermsForm, select
from promocodes.promotions import BatchOrder
from promocodes.terms import (
    Allocation,
    Cause,
    DiscountType,
    MinSpendBasis,
    Scope,
    Stacking,
    Terms,
)

MOST_PRIORITY = 1_000_000
# Together fewer fields than a server takes in one form.
MOST = {"stores": 200, "products": 300, "categories": 100, "exclude_products": 200}
ALL, NAMED = "all", "named"
SHARED, UNIQUE, LATER = "shared", "unique", "later"


def fits(terms: Terms) -> bool:
    """Whether a form can show these terms: very long lists are the REST calls' matter."""
    return all(len(getattr(terms, name)) <= most for name, most in MOST.items())


class PlatformForm(TermsForm):
    """A platform promotion. `old`: the terms that are changed; currency and codes are settled."""

    caps_percents_only = False
    # As they stand on the page; what is wrong is told in this order.
    field_order = (
        *("currency", "reach", "stores", "discount_type", "percent", "amount", "max_discount"),
        *("allocation", "max_units_per_line", "min_spend", "min_spend_basis", "code_type", "code"),
        *("count", "pattern", "per_code", "name", "share_all", "scope", "products", "categories"),
        *("exclude_products", "starts_at", "ends_at", "timezone", "total", "per_person", "budget"),
        *("budget_edge", "stacking", "priority", "first_order_only", "gives_back_for"),
    )

    currency: str = forms.ChoiceField(  # type: ignore[assignment]
        label=_("Currency"), widget=select()
    )
    reach = forms.ChoiceField(
        label=_("Where it works"),
        choices=[(ALL, _("In all stores")), (NAMED, _("In stores that you name"))],
        initial=ALL,
        widget=forms.RadioSelect,
    )
    stores = RefsField(label=_("Stores"), most=MOST["stores"])
    allocation = forms.ChoiceField(
        label=_("How it is spread"),
        choices=[
            (Allocation.ACROSS, _("over the whole order")),
            (Allocation.EACH_UNIT, _("off each unit")),
            (Allocation.EACH_LINE, _("off each line of the cart")),
            (Allocation.CHEAPEST_UNIT, _("off the cheapest unit alone")),
        ],
        initial=Allocation.ACROSS,
        required=False,
        widget=select(),
    )
    max_units_per_line = number(
        label=_("Units of a line, at most"),
        help_text=_("So many of the same thing get it. Empty: all of them."),
    )
    min_spend_basis = forms.ChoiceField(
        label=_("The minimum counts"),
        choices=[
            (MinSpendBasis.UNDISCOUNTED, _("prices before any code")),
            (MinSpendBasis.AFTER_EARLIER_CODES, _("what earlier codes have left")),
        ],
        initial=MinSpendBasis.UNDISCOUNTED,
        required=False,
        widget=select(),
    )
    exclude_products = RefsField(label=_("Left out"), most=MOST["exclude_products"])
    code_type = forms.ChoiceField(
        label=_("The code"),
        choices=[
            (SHARED, _("One for everybody")),
            (UNIQUE, _("Many unique ones")),
            (LATER, _("None yet")),
        ],
        initial=SHARED,
        widget=forms.RadioSelect,
    )
    count = codes.count_field(required=False)
    pattern = codes.pattern_field()
    share_all = forms.BooleanField(
        label=_("Share this promo code with influencers and affiliates"), required=False
    )
    stacking = forms.ChoiceField(
        label=_("Together with other codes"),
        choices=[
            (Stacking.DEFAULT, _("one code of the platform per order, the best for the buyer")),
            (Stacking.STACKABLE, _("goes together with any other code")),
            (Stacking.EXCLUSIVE, _("only by itself")),
        ],
        initial=Stacking.DEFAULT,
        required=False,
        widget=select(),
    )
    priority = forms.IntegerField(
        label=_("Priority"),
        required=False,
        initial=100,
        min_value=-MOST_PRIORITY,
        max_value=MOST_PRIORITY,
        widget=forms.NumberInput(attrs={"class": "p-input p-number"}),
        help_text=_("Among the platform's codes in one cart the higher applies first."),
    )
    gives_back_for = forms.MultipleChoiceField(
        label=_("A use comes back when the order was"),
        choices=[
            (Cause.UNPAID, _("never paid")),
            (Cause.CANCELLED, _("cancelled")),
            (Cause.REFUNDED, _("returned, all of it")),
            (Cause.FRAUD, _("a fraud")),
        ],
        initial=[Cause.UNPAID, Cause.CANCELLED],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        currency: str,
        currencies: list[str],
        at: datetime,
        old: Terms | None = None,
        **kwargs: Any,
    ) -> None:
        countries = Store.objects.order_by("country").values_list("country", flat=True).distinct()
        super().__init__(
            data,
            currency=currency,
            countries=tuple(countries),
            zone=settings.TIME_ZONE,
            at=at,
            old=old,
            **kwargs,
        )
        self._word_for_platform()
        settled = () if self.is_new else ("currency", "code_type", "code", "count", "pattern")
        for name in (*settled, *(() if self.is_new else ("share_all",))):
            del self.fields[name]
        if self.is_new:
            self._choices("currency", [(each, each) for each in currencies])
            self.fields["currency"].initial = currency
            self.fields["per_code"].initial = 1

    def _word_for_platform(self) -> None:
        """What a seller's form says in a seller's words."""
        self.fields["name"].help_text = _(
            "For our team and influencers; shoppers don't see it. Empty: the code."
        )
        self.fields["starts_at"].help_text = _("Empty: at once, as soon as it is approved.")
        self.fields["amount"].help_text = _("Never more than the goods cost.")
        self.fields["max_discount"].help_text = _("Keeps a big order affordable. Empty: no cap.")
        self.fields["ends_at"].help_text = _("Empty: until somebody cancels it.")
        self.fields["min_spend"].label = _("Minimum spend")
        self.fields["min_spend"].help_text = _(
            "How much of the goods it is for an order must hold."
        )
        self.fields["scope"].label = _("For which goods")
        self._choices("scope", [(Scope.STOREWIDE, _("All of them")), *SCOPES[1:]])
        for name in ("products", "categories"):
            field = self.fields[name]
            if isinstance(field, RefsField):
                field.most = MOST[name]

    def _choices(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def goods(self) -> "dict[str, QuerySet[Any]]":
        """Everybody's."""
        return {
            "stores": Store.objects.all(),
            "products": Product.objects.all(),
            "categories": Category.objects.all(),
            "exclude_products": Product.objects.all(),
        }

    # --- what was filled in -----------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        """What must fit together."""
        data = self.cleaned_data
        if data.get("reach") != NAMED:
            self.forget(data, "stores", [])
        elif not data.get("stores") and "stores" not in self.errors:
            self.add_error("stores", _("Choose at least one."))
        if self.is_new:
            self._clean_codes(data)
        data = super().clean()
        if data.get("discount_type") == DiscountType.FREE_SHIPPING:
            self.forget(data, "allocation", Allocation.ACROSS)
            self.forget(data, "max_units_per_line")
        return data

    def _clean_codes(self, data: dict[str, Any]) -> None:
        kind = data.get("code_type")
        if kind != SHARED:
            self.forget(data, "code", "")
            if not data.get("name") and "name" not in self.errors:
                self.add_error("name", _("Give it a name: there is no one code to call it by."))
        if kind == SHARED:
            self.forget(data, "per_code")
        if kind != UNIQUE:
            self.forget(data, "count")
            self.forget(data, "pattern", "")
        elif data.get("count") is None and "count" not in self.errors:
            self.add_error("count", _("How many?"))
        else:
            codes.refuse_tight(self, data)

    # --- what the verbs take ----------------------------------------------------------------
    @property
    def share(self) -> bool:
        """Whether it is shared with influencers and affiliates."""
        return bool(self.cleaned_data.get("share_all"))

    @property
    def wants_code(self) -> bool:
        """Whether it has one shared word, typed or made up."""
        return bool(self.cleaned_data.get("code_type") == SHARED)

    @property
    def batch(self) -> BatchOrder | None:
        """Unique codes to be made."""
        if self.cleaned_data.get("code_type") != UNIQUE:
            return None
        data = self.cleaned_data
        return BatchOrder(count=data["count"], pattern=data["pattern"] or None)

    @property
    def is_for_posts(self) -> bool:
        """Whether people are to write of it."""
        return self.share

    def more_terms(self, data: dict[str, Any]) -> dict[str, Any]:
        """What a seller's form doesn't ask."""
        priority = data.get("priority")
        return {
            "stores": tuple(data.get("stores") or ()),
            "exclude_products": tuple(data.get("exclude_products") or ()),
            "allocation": data.get("allocation") or Allocation.ACROSS,
            "max_units_per_line": data.get("max_units_per_line"),
            "min_spend_basis": data.get("min_spend_basis") or MinSpendBasis.UNDISCOUNTED,
            "priority": 100 if priority is None else priority,
            "gives_back_for": tuple(data.get("gives_back_for") or ()),
        }

    def second_thoughts(self) -> list[str]:
        """Stores in which the code could never work."""
        stores = self.cleaned_data.get("stores") or []
        if not stores:
            return []
        count = Store.objects.filter(ref__in=stores).exclude(currency=self.currency).count()
        if not count:
            return []
        text = ngettext(
            "%(count)s of the stores sells in another currency: it won't work there.",
            "%(count)s of the stores sell in another currency: it won't work there.",
            count,
        )
        return [text % {"count": count}]
