"""What sellers and operations both fill in: what a promotion gives and asks, and when it works.

A subclass says in which currency, whose goods may be named, and what else is asked.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.models import Store
from promocodes import codes, zones
from promocodes.forms.fields import (
    LocalMomentField,
    MoneyField,
    PercentField,
    RefsField,
    instant,
    refuse_unknown,
)
from promocodes.forms.limits import LimitsForm
from promocodes.models import Promotion
from promocodes.promotions import BatchOrder
from promocodes.terms import DiscountType, Scope, Stacking, Terms

MOST_PRODUCTS = 500
MOST_CATEGORIES = 100
FIRST_WEEKS = 4  # how long a new code runs unless somebody says otherwise
ADVISED = timedelta(weeks=2)  # AM-11
DISCOUNTS = [
    (DiscountType.PERCENT, _("Percent")),
    (DiscountType.FIXED, _("Fixed amount")),
    (DiscountType.FREE_SHIPPING, _("Free delivery")),
]
SCOPES = [
    (Scope.STOREWIDE, _("Storewide")),
    (Scope.PRODUCTS, _("Set Products")),
    (Scope.CATEGORIES, _("Set Categories")),
]


def select() -> forms.Select:
    """A list to choose from."""
    return forms.Select(attrs={"class": "p-input"})


class TermsForm(LimitsForm):
    """The deal itself. `old`: the terms that are changed; None for a new promotion."""

    store: Store | None = None
    caps_percents_only = True  # whether "at most" belongs to percents alone

    discount_type = forms.ChoiceField(
        label=_("Discount"),
        choices=DISCOUNTS,
        initial=DiscountType.PERCENT,
        widget=forms.RadioSelect,
    )
    percent = PercentField(label=_("Percent off"), required=False)
    amount = MoneyField(
        label=_("Amount off"),
        required=False,
        help_text=_("Off the whole order, never more than the goods cost."),
    )
    max_discount = MoneyField(
        label=_("At most per order"),
        required=False,
        help_text=_("Keeps a percent of a big order affordable. Empty: no cap."),
    )
    scope = forms.ChoiceField(
        label=_("Code Type"), choices=SCOPES, initial=Scope.STOREWIDE, widget=forms.RadioSelect
    )
    products = RefsField(label=_("Products"), most=MOST_PRODUCTS)
    categories = RefsField(label=_("Categories"), most=MOST_CATEGORIES)
    min_spend = MoneyField(
        label=_("Promotion Rule: minimum spend"),
        required=False,
        help_text=_(
            "How much of the goods above an order must hold. Influencers pass this on to buyers."
        ),
    )
    code = forms.CharField(
        label=_("Promo code"),
        max_length=64,
        required=False,
        widget=forms.TextInput(
            attrs={
                "class": "p-input p-code",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
        help_text=_("What shoppers type: letters and digits. Empty: we make one up for you."),
    )
    starts_at = LocalMomentField(
        label=_("Starts"), required=False, help_text=_("Empty: as soon as it is approved.")
    )
    stacking = forms.ChoiceField(
        label=_("Together with other codes"),
        choices=[
            (Stacking.DEFAULT, _("one code of your store per order, the best for the buyer")),
            (Stacking.STACKABLE, _("goes together with any other code")),
            (Stacking.EXCLUSIVE, _("only by itself")),
        ],
        initial=Stacking.DEFAULT,
        required=False,
        widget=select(),
    )
    first_order_only = forms.BooleanField(
        label=_("Only for a shopper's first order on the marketplace"), required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        currency: str,
        countries: tuple[str, ...],
        zone: str,
        at: datetime,
        old: Terms | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, currency=currency, at=at, **kwargs)
        self.old = old
        chosen = str((data or {}).get("timezone") or self.initial.get("timezone") or "")
        # Only a new, untouched form takes the browser's own zone.
        own = {"data-own": ""} if self.is_new and data is None else {}
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=zones.choices(*countries, at=at, chosen=chosen),
            initial=zone,
            widget=forms.Select(attrs={"class": "p-input"} | own),
        )
        local = at.astimezone(ZoneInfo(zone))
        last_day = (local + timedelta(weeks=FIRST_WEEKS)).replace(hour=23, minute=59)
        self.fields["ends_at"].initial = last_day.replace(tzinfo=None)

    def goods(self) -> "dict[str, QuerySet[Any]]":
        """By field: the rows whose ids may be named."""
        raise NotImplementedError

    # --- what was filled in -----------------------------------------------------------------
    def clean_code(self) -> str:
        """The word as it will be kept; empty when one is to be made."""
        text = str(self.cleaned_data["code"]).strip()
        if not text:
            return ""
        try:
            return codes.chosen(text)
        except codes.CodeUnfit as refusal:
            raise ValidationError(
                _("Use letters and digits; - _ . may stand between them."), code=refusal.code
            ) from refusal

    def clean_timezone(self) -> str:
        """An IANA name."""
        zone = str(self.cleaned_data["timezone"])
        if not zones.is_zone(zone):
            raise ValidationError(_("Choose a time zone."), code="unknown_zone")
        return zone

    def clean(self) -> dict[str, Any]:
        """What must fit together."""
        data = super().clean() or {}
        self._clean_discount(data)
        self._clean_scope(data)
        self._clean_window(data)
        return data

    def forget(self, data: dict[str, Any], name: str, empty: Any = None) -> None:
        """What belongs to a choice that wasn't taken neither counts nor disturbs."""
        data[name] = empty
        self.errors.pop(name, None)

    def _clean_discount(self, data: dict[str, Any]) -> None:
        kind = data.get("discount_type")
        needed = {DiscountType.PERCENT: "percent", DiscountType.FIXED: "amount"}
        for discount_type, name in needed.items():
            if kind != discount_type:
                self.forget(data, name)
            elif data.get(name) is None and name not in self.errors:
                self.add_error(name, _("How much is taken off?"))
        if self.caps_percents_only and kind != DiscountType.PERCENT:
            self.forget(data, "max_discount")

    def _clean_scope(self, data: dict[str, Any]) -> None:
        for name, rows in self.goods().items():
            if name in Scope.values and data.get("scope") != name:
                self.forget(data, name, [])
                continue
            refs = data.get(name) or []
            if name in Scope.values and not refs and name not in self.errors:
                self.add_error(name, _("Choose at least one."))
            known = set(rows.filter(ref__in=refs).values_list("ref", flat=True)) if refs else set()
            try:
                refuse_unknown(refs, known | set(getattr(self.old, name, ())))
            except ValidationError as error:
                self.add_error(name, error)

    def _clean_window(self, data: dict[str, Any]) -> None:
        zone = data.get("timezone")
        for name in ("starts_at", "ends_at"):
            local = data.get(name)
            if local is None or zone is None:
                continue
            try:
                data[name] = self.kept(name, instant(local, zone))
            except ValidationError as error:
                self.add_error(name, error)
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if ends is not None and zone is not None:
            if starts is not None and ends <= starts:
                self.add_error("ends_at", _("The end must come after the start."))
            elif ends <= self.at and self.is_new:
                self.add_error("ends_at", _("This moment is over already."))

    def kept(self, name: str, at: datetime) -> datetime:
        """The minute that is shown stands for the very instant that is stored."""
        stored: datetime | None = getattr(self.old, name, None)
        return stored if stored and minute(stored) == at else at

    # --- what the verbs take ----------------------------------------------------------------
    @property
    def is_new(self) -> bool:
        """Whether nothing of it is settled yet."""
        return self.old is None

    @property
    def chosen_kind(self) -> str:
        """The kind of promotion."""
        return str(Promotion.Kind.PLATFORM)

    @property
    def share(self) -> bool:
        """Whether it is shared with influencers and affiliates."""
        return False

    @property
    def wants_code(self) -> bool:
        """Whether it has one shared word, typed or made up."""
        return True

    @property
    def batch(self) -> BatchOrder | None:
        """Unique codes to be made."""
        return None

    @property
    def is_for_posts(self) -> bool:
        """Whether people are to write of it, which takes time (AM-11)."""
        return True

    def second_thoughts(self) -> list[str]:
        """What else is allowed but may not be meant."""
        return []

    @property
    def lasts(self) -> timedelta | None:
        """How long the code would run; None without an end."""
        starts, ends = (self._instant(name) for name in ("starts_at", "ends_at"))
        return ends - max(starts or self.at, self.at) if ends else None

    @property
    def terms(self) -> Terms | None:
        """The terms as far as they are filled in rightly; None while the discount is open."""
        data = self.cleaned_data
        discount_type = data.get("discount_type")
        if not discount_type or any(
            name in self.errors for name in ("percent", "amount", "stores")
        ):
            return None
        scope = data.get("scope") or Scope.STOREWIDE
        if scope in self.errors:
            return None
        return Terms(
            discount_type=discount_type,
            percent_bp=data.get("percent"),
            amount_minor=data.get("amount"),
            max_discount_minor=data.get("max_discount"),
            scope=scope,
            products=tuple(data.get("products") or ()) if scope == Scope.PRODUCTS else (),
            categories=tuple(data.get("categories") or ()) if scope == Scope.CATEGORIES else (),
            min_spend_minor=data.get("min_spend") or 0,
            first_order_only=bool(data.get("first_order_only")),
            stacking=data.get("stacking") or Stacking.DEFAULT,
            starts_at=self._instant("starts_at"),
            ends_at=self._instant("ends_at"),
            timezone=data.get("timezone") or "UTC",
            **self.more_terms(data),
        )

    @property
    def whole_terms(self) -> Terms:
        """The terms of a form that is valid."""
        if (terms := self.terms) is None:
            raise ValueError("a form that is whole has terms")
        return terms

    def more_terms(self, data: dict[str, Any]) -> dict[str, Any]:
        """What else the terms hold: what isn't asked here stays as it was."""
        if self.old is None:
            return {}
        asked_elsewhere = (
            *("allocation", "max_units_per_line", "exclude_products", "priority"),
            *("gives_back_for", "min_spend_basis", "stores"),
        )
        return {name: getattr(self.old, name) for name in asked_elsewhere}

    def _instant(self, name: str) -> datetime | None:
        """A moment of the window, once it is one."""
        value = self.cleaned_data.get(name)
        return value if isinstance(value, datetime) and value.tzinfo is not None else None

    def asks_wrongly(self) -> dict[str, Any]:
        """Errors of fields in which something stands, for a preview that doesn't nag."""
        return {
            name: errors
            for name, errors in self.errors.items()
            if name in self.fields and self.data.get(name)
        }


def minute(at: datetime) -> datetime:
    """The minute that a field shows of an instant."""
    return at.replace(second=0, microsecond=0)
