"""Forms of the operations site: money in whole currency units, rules as switches and numbers."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
    UnfoldBooleanSwitchWidget,
)

from marketplace.money import MAX_MINOR, exponent
from referrals.models import Campaign, Round, RoundTerms
from referrals.models.policy import ANYONE, NEW, SIGNED_IN, Policy

AUDIENCES = [
    (ANYONE, _("everybody who follows the link")),
    (SIGNED_IN, _("friends who have signed in")),
    (NEW, _("friends who have never bought here")),
]
NUMBERS = ("max_inviters_per_friend", "network_per_day", "burst", "ring_size")
HOURS = ("review_hours", "min_account_hours")
SWITCHES = ("automation_waits", "confirms_by_gesture")
RULES = ("audience", *NUMBERS, *HOURS, *SWITCHES)


def _number(label: Any, help_text: Any, *, lowest: int = 1, required: bool = False) -> Any:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=required,
        min_value=lowest,
        max_value=10_000,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a round promises and what counts in it; `terms()` gives it as the verbs take it."""

    amount = forms.DecimalField(
        label=_("Discount"),
        help_text=_("In the currency: 399. Leave empty for a percentage."),
        required=False,
        min_value=Decimal("0.001"),
        widget=UnfoldAdminDecimalFieldWidget,
    )
    percent = forms.DecimalField(
        label=_("Discount, percent"),
        help_text=_("12.5, for example. Leave empty for a fixed amount."),
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    min_order = forms.DecimalField(
        label=_("Minimum order"),
        help_text=_("In the currency; 0 for none."),
        min_value=0,
        initial=0,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    audience = forms.ChoiceField(
        label=_("Who counts"), choices=AUDIENCES, widget=UnfoldAdminSelectWidget
    )
    max_inviters_per_friend = _number(
        _("Inviters per friend"), _("For how many people one friend counts; empty: any number.")
    )
    network_per_day = _number(
        _("Anonymous friends per network and day"),
        _("Beyond it friends are asked to sign in; empty: never."),
    )
    burst = _number(
        _("Friends in ten minutes"),
        _("Beyond it anonymous friends are asked to sign in; empty: never."),
    )
    ring_size = _number(
        _("Closed ring"),
        _("People who all invited each other before we take a look; empty: never."),
        lowest=2,
    )
    review_hours = _number(
        _("Review, hours"), _("Then it counts by itself."), lowest=0, required=True
    )
    min_account_hours = _number(
        _("Age of an account, hours"), _("Younger ones can't join yet."), lowest=0, required=True
    )
    automation_waits = forms.BooleanField(
        label=_("Automated visits wait"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    confirms_by_gesture = forms.BooleanField(
        label=_("A touch of the page confirms"),
        help_text=_("A script accepts after the page was seen and touched."),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        terms: RoundTerms = self.instance
        rules = terms.rules.to_json()
        for name in RULES:
            self.initial.setdefault(name, rules[name])
        unit = Decimal(1).scaleb(-exponent(terms.currency))
        if terms.amount_minor is not None:
            self.initial.setdefault("amount", terms.amount_minor * unit)
        if terms.percent_bp is not None:
            self.initial.setdefault("percent", Decimal(terms.percent_bp) / 100)
        self.initial.setdefault("min_order", terms.min_order_minor * unit)

    def clean(self) -> dict[str, Any]:
        """One discount, and amounts that the currency can say."""
        found = super().clean() or {}
        if (found.get("amount") is None) == (found.get("percent") is None):
            self.add_error("amount", _("Give either an amount or a percentage."))
        for name in ("amount", "min_order"):
            if found.get(name) is not None and self._minor(name) is None:
                self.add_error(name, _("The currency has no coins so small, or it is too much."))
        return found

    def terms(self) -> dict[str, Any]:
        """The form's terms as columns; amounts in minor units."""
        found = self.cleaned_data
        percent = found["percent"]
        return {
            name: found[name] for name in ("threshold", "currency", "timezone") if name in found
        } | {
            "discount_type": "fixed" if percent is None else "percent",
            "amount_minor": self._minor("amount"),
            "percent_bp": None if percent is None else int(percent * 100),
            "min_order_minor": self._minor("min_order"),
            "policy": Policy(**{name: found[name] for name in RULES}).to_json(),
        }

    def _minor(self, name: str) -> int | None:
        value = self.cleaned_data.get(name)
        if value is None:
            return None
        scaled = value.scaleb(exponent(self.cleaned_data.get("currency") or "RUB"))
        return int(scaled) if scaled == int(scaled) and scaled <= MAX_MINOR else None


class CampaignForm(TermsForm):
    """A series: its rhythm, its terms, and when the first round opens."""

    storefront_url = forms.URLField(
        label=_("Storefront"),
        help_text=_("Where a friend goes shopping after accepting."),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
    )
    length_days = _number(_("Length of a round, days"), "", required=True)
    pause_days = _number(_("Pause between rounds, days"), "", lowest=0, required=True)
    first_opens_at = forms.SplitDateTimeField(
        label=_("The first round opens"), widget=UnfoldAdminSplitDateTimeWidget
    )

    class Meta:
        model = Campaign
        fields = ("name", "partner_name", "threshold", "currency", "timezone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("storefront_url", self.instance.storefront_url)
        self.initial.setdefault("length_days", self.instance.length.days)
        self.initial.setdefault("pause_days", self.instance.pause.days)
        if self.instance.pk:
            del self.fields["first_opens_at"]


class RoundForm(TermsForm):
    """A planned round: its window and its terms; an open one may only get better."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Stands in the audit log beside what was before and after."),
        widget=UnfoldAdminTextareaWidget,
    )

    class Meta:
        model = Round
        fields = ("opens_at", "closes_at", "threshold", "currency", "timezone")


def _moment(label: Any) -> Any:
    """An instant in the browser's own picker, read in the site's time zone."""
    return forms.DateTimeField(
        label=label, widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    )


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget)


class ExtendForm(ReasonForm):
    """Until when, and why."""

    closes_at = _moment(_("New end"))


class WindowForm(BaseDialogForm):  # type: ignore[misc]
    """From when until when."""

    opens_at = _moment(_("Opens"))
    closes_at = _moment(_("Closes"))
