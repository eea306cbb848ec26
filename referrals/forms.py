"""Forms of this floor's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from referrals.models.participation import MESSAGE_LENGTH
from referrals.participations import clean


class WordsForm(forms.Form):
    """The shopper's own words to friends (OK-04)."""

    message = forms.CharField(
        label=_("Your own words"),
        required=False,
        max_length=MESSAGE_LENGTH,
        help_text=_("Plain text. Your friends see it above the invitation."),
        widget=forms.Textarea(
            attrs={"rows": 4, "data-preview": "#said", "data-count": "#words-left"}
        ),
    )
    shows_name = forms.BooleanField(
        label=_("Show my name to friends"),
        required=False,
        help_text=_("Otherwise they read “your friend”."),
    )

    def clean_message(self) -> str:
        """What will be kept: plain text."""
        return clean(self.cleaned_data["message"])


def words_of(participation: Any) -> WordsForm:
    """The form as it stands now."""
    return WordsForm(
        initial={"message": participation.message, "shows_name": participation.shows_name}
    )
