"""What people fill in: codes for an agency, content, the seller's offer."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates import roster
from affiliates.models import Affiliate, RosterMember
from tasks.assignments import MOST_CODES


class MemberField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of an agency's influencers, by name."""

    def label_from_instance(self, member: RosterMember) -> str:
        """The name in the profile, else the address of the invitation."""
        name = roster.shown_name(member.influencer) if member.influencer else ""
        return name or member.email


class CodesForm(forms.Form):
    """How many more codes an agency wants; `have` makes sending it twice harmless (AE-30)."""

    more = forms.IntegerField(
        label=_("How many promo codes?"),
        min_value=1,
        max_value=MOST_CODES,
        initial=1,
    )
    member = MemberField(
        label=_("For whom?"),
        queryset=RosterMember.objects.none(),
        required=False,
        empty_label=_("for the agency itself"),
        help_text=_("Who holds a code earns on it, less your agency's share."),
    )
    have = forms.IntegerField(min_value=0, max_value=MOST_CODES, widget=forms.HiddenInput)

    def __init__(self, *args: Any, agency: Affiliate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"].queryset = roster.signed(agency)  # type: ignore[attr-defined]


class SubmissionForm(forms.Form):
    """A post that is out."""

    url = forms.URLField(
        label=_("Address of the post"),
        max_length=1000,
        assume_scheme="https",
        validators=[URLValidator(["http", "https"])],
        widget=forms.URLInput(attrs={"placeholder": "https://", "inputmode": "url"}),
    )
    posted_on = forms.DateField(
        label=_("Posted on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ChangesForm(forms.Form):
    """What the influencer should change."""

    reason = forms.CharField(
        label=_("What should change?"), max_length=1000, widget=UnfoldAdminTextareaWidget
    )


class PlanForm(forms.Form):
    """What a store pays influencers on what they sell."""

    percent = forms.DecimalField(
        label=_("Commission rate, %"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        help_text=_("Of what buyers pay for goods, after discounts. It can be raised at any time."),
        widget=UnfoldAdminDecimalFieldWidget,
    )

    @property
    def rate_bp(self) -> int:
        """Basis points of a percent."""
        return int(self.cleaned_data["percent"] * 100)


class JoinForm(forms.Form):
    """The ID of a promo code that exists already (AE-07)."""

    promotion_id = forms.CharField(
        label=_("Promo code ID"),
        max_length=40,
        help_text=_("You find it on the promo code's page."),
        widget=UnfoldAdminTextInputWidget,
    )
