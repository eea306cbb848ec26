"""What is typed on "Try a cart": codes, and what the shop would tell of the shopper."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from promocodes import codes
from promocodes.forms.fields import MoneyField

MOST_CODES = 10
_TEXT = {"class": "p-input", "autocomplete": "off"}


class CartForm(forms.Form):
    """Codes, and what is known of the shopper; the goods stand beside it."""

    codes = forms.CharField(
        label=_("Promo codes"),
        required=False,
        max_length=700,
        widget=forms.TextInput(
            attrs={"class": "p-input p-code", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_("One, or several with spaces between them."),
    )
    email = forms.EmailField(
        label=_("Shopper's e-mail"),
        required=False,
        widget=forms.EmailInput(attrs=_TEXT),
        help_text=_("To see what is left to a person. Empty: somebody who never used a code."),
    )
    is_guest = forms.BooleanField(
        label=_("A guest: the shop doesn't know who buys"), required=False
    )
    as_live = forms.BooleanField(
        label=_("As if they were live: codes that wait, start later or are over"), required=False
    )
    shipping = MoneyField(label=_("Delivery costs"), required=False)
    is_first = forms.BooleanField(label=_("It is the shopper's first order"), required=False)

    def __init__(self, data: Any = None, *, currency: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.currency = currency

    def clean_codes(self) -> tuple[str, ...]:
        """The words, normalised, each once."""
        words = str(self.cleaned_data["codes"]).replace(",", " ").split()
        found = dict.fromkeys(filter(None, map(codes.normalise, words)))
        if len(found) > MOST_CODES:
            raise forms.ValidationError(
                _("At most %(most)s codes."), code="too_many", params={"most": MOST_CODES}
            )
        return tuple(found)

    @property
    def first_order(self) -> bool | None:
        """What the shop says: whether it is the first order; None: it says nothing."""
        return bool(self.cleaned_data.get("is_first"))


class AnyCartForm(CartForm):
    """The same for operations: in any currency, with all by which a shopper is known."""

    currency = forms.ChoiceField(label=_("Currency"), widget=forms.Select(attrs=_TEXT))
    ref = forms.CharField(
        label=_("Shopper's id in the shop"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs=_TEXT),
    )
    phone = forms.CharField(
        label=_("Shopper's phone"),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs=_TEXT | {"inputmode": "tel"}),
    )
    is_first = forms.ChoiceField(  # type: ignore[assignment]
        label=_("Is it the shopper's first order?"),
        choices=[
            ("", _("not said: look it up")),
            ("yes", _("yes")),
            ("no", _("no")),
        ],
        required=False,
        widget=forms.Select(attrs=_TEXT),
    )

    def __init__(self, data: Any = None, *, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(code, code) for code in currencies]

    @property
    def first_order(self) -> bool | None:
        """What the shop says, if it says anything."""
        return {"yes": True, "no": False}.get(str(self.cleaned_data.get("is_first")))
