"""Forms of these pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from affiliates.models import AffiliatePlan, PayoutRule

REASON = 300
RULE = (
    "minimum_minor",
    "fee_minor",
    "person_tax_bp",
    "two_persons_above_minor",
    "arrival_days",
)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    """Why, in a dialog."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON, widget=UnfoldAdminTextareaWidget)


class NoteForm(BaseDialogForm):  # type: ignore[misc]
    """Why, in a dialog, if there is something to say."""

    reason = forms.CharField(
        label=_("Note"), max_length=REASON, widget=UnfoldAdminTextareaWidget, required=False
    )


class BulkReasonForm(forms.Form):
    """Why, on the page that asks before a bulk act."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON, widget=UnfoldAdminTextareaWidget)


class BulkNoteForm(forms.Form):
    """Why, if there is something to say."""

    reason = forms.CharField(
        label=_("Note"), max_length=REASON, widget=UnfoldAdminTextareaWidget, required=False
    )


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """The next plan of a store."""

    class Meta:
        model = AffiliatePlan
        fields = ("store", "rate_bp", "hold_days", "window_days", "starts_at")


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a withdrawal costs."""

    class Meta:
        model = PayoutRule
        fields = ("currency", *RULE)

    def rule(self) -> dict[str, Any]:
        """The values by name."""
        return {name: self.cleaned_data[name] for name in RULE}
