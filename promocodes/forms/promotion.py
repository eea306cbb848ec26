"""What a seller fills in for a promo code (AE-01), with a help text beside each field (AM-14)."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.models import Category, Product, Store
from promocodes import promotions, zones
from promocodes.forms.terms import TermsForm
from promocodes.models import Promotion
from promocodes.terms import Terms

Kind = Promotion.Kind


class PromotionForm(TermsForm):
    """Everything about a promo code (AE-01). Once it is made, kind, sharing and code are settled.

    `old`: the terms that are changed; None for a new code.
    """

    # As they stand on the page; what is wrong is told in this order.
    field_order = (
        *("kind", "share_social", "share_store", "discount_type", "percent", "max_discount"),
        *("amount", "min_spend", "code", "name", "scope", "products", "categories"),
        *("starts_at", "ends_at", "timezone", "total", "per_person", "budget", "budget_edge"),
        "per_code",
    )

    kind = forms.ChoiceField(
        label=_("What kind of code is it?"),
        choices=[(Kind.SOCIAL, _("Social media code")), (Kind.STORE, _("Store code"))],
        initial=Kind.SOCIAL,
        widget=forms.RadioSelect,
    )
    # One box for each kind, because each begins with a default of its own (AM-03).
    share_social = forms.BooleanField(required=False, initial=True)
    share_store = forms.BooleanField(required=False, initial=False)

    def __init__(
        self,
        data: Any = None,
        *,
        store: Store,
        at: datetime,
        old: Terms | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            data,
            currency=store.currency,
            countries=(store.country,),
            zone=zones.first(store.country),
            at=at,
            old=old,
            **kwargs,
        )
        self.store: Store = store
        self.may_share = self.is_new and promotions.may_share(store)
        settled = () if self.is_new else ("kind", "code")
        for name in (*settled, *(() if self.may_share else ("share_social", "share_store"))):
            del self.fields[name]

    def goods(self) -> "dict[str, QuerySet[Any]]":
        """The store's own."""
        return {
            "products": Product.objects.filter(store=self.store),
            "categories": Category.objects.filter(products__store=self.store),
        }

    @property
    def share(self) -> bool:
        """Whether it is shared with influencers; never when the store isn't offered to (AM-15)."""
        return self.may_share and bool(self.cleaned_data.get(f"share_{self.chosen_kind}"))

    @property
    def chosen_kind(self) -> str:
        """The kind of code."""
        return str(self.cleaned_data.get("kind") or self.initial.get("kind") or Kind.SOCIAL)
