"""Forms of the creators' pages: shape only, the verbs hold the rules."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from marketplace.models import Category
from marketplace.money import MAX_MINOR, exponent

AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
SPACES = re.compile(r"[\s\u00a0\u202f]")


class MoneyField(forms.CharField):
    """An amount as people type it ("1 234,50"), read into minor units of `currency`."""

    default_error_messages = {
        "invalid": _("Type an amount, for example 1500 or 1500.50."),
        "decimals": _("This currency has fewer decimals."),
    }

    def __init__(self, *, currency: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency
        self.widget.attrs["inputmode"] = "decimal"

    def to_python(self, value: Any) -> Any:
        """Minor units; None for an empty field."""
        text = SPACES.sub("", str(value or "")).replace(",", ".")
        if not text:
            return None
        if not AMOUNT.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], "invalid")
        minor = Decimal(text).scaleb(exponent(self.currency))
        whole = minor.to_integral_value()
        if not 0 < whole <= MAX_MINOR:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid")
        if minor != whole:
            raise forms.ValidationError(self.error_messages["decimals"], "decimals")
        return int(whole)


class JoinForm(forms.Form):
    """Become an influencer or an agency."""

    kind = forms.ChoiceField(
        label=_("I work as"),
        choices=Affiliate.Kind.choices,
        widget=forms.RadioSelect,
        initial=Affiliate.Kind.INDIVIDUAL,
    )
    tax_status = forms.ChoiceField(
        label=_("My tax status"),
        choices=Affiliate.TaxStatus.choices,
        help_text=_("You can change it later; it holds for withdrawals from then on."),
    )
    terms = forms.BooleanField(label=_("I have read the terms below and agree"))


class TaxForm(forms.Form):
    """How tax is handled."""

    tax_status = forms.ChoiceField(label=_("Tax status"), choices=Affiliate.TaxStatus.choices)


class PayoutMethodForm(forms.Form):
    """Where to pay to."""

    holder_name = forms.CharField(
        label=_("Account holder"), max_length=140, help_text=_("As the bank knows them.")
    )
    bank_code = forms.CharField(
        label=_("Bank code (BIC)"),
        help_text=_("Nine digits in Russia, 8 or 11 letters and digits elsewhere."),
    )
    account_number = forms.CharField(label=_("Account number or IBAN"))

    def clean_bank_code(self) -> str:
        """A Russian BIK or a SWIFT code."""
        code = SPACES.sub("", self.cleaned_data["bank_code"]).upper()
        if not re.fullmatch(r"\d{9}|[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", code):
            raise forms.ValidationError(_("This is not a bank code."))
        return code

    def clean_account_number(self) -> str:
        """A Russian account of 20 digits or an IBAN whose check digits are right."""
        number = SPACES.sub("", self.cleaned_data["account_number"]).upper()
        if not re.fullmatch(r"\d{20}", number) and not _is_iban(number):
            raise forms.ValidationError(_("This is not an account number."))
        return number


class WithdrawForm(forms.Form):
    """How much to withdraw."""

    amount = MoneyField(label=_("Amount"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        if isinstance(field, MoneyField):
            field.currency = currency


class InterestsForm(forms.Form):
    """What an affiliate writes about, and whether to be told of new codes in it (AM-08)."""

    categories = forms.ModelMultipleChoiceField(
        label=_("I write about"),
        queryset=Category.objects.order_by("name", "pk"),
        to_field_name="ref",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    wants_letters = forms.BooleanField(
        label=_("Write to me when sellers share new codes in these categories"),
        help_text=_("At most one letter a day; each has a link that ends them."),
        required=False,
    )


class InviteForm(forms.Form):
    """Invite an influencer to the agency's roster."""

    email = forms.EmailField(label=_("E-mail of the influencer"))
    share = forms.DecimalField(
        label=_("Your agency's share, %"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        help_text=_("Of what codes earn that you pass on to them; the influencer has the rest."),
    )

    def share_bp(self) -> int:
        """The share in basis points of a percent."""
        share: Decimal = self.cleaned_data["share"]
        return int((share * 100).to_integral_value(ROUND_HALF_UP))


def _is_iban(number: str) -> bool:
    """ISO 13616: two letters, two check digits, up to 30 more; the whole is 1 modulo 97."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", number):
        return False
    digits = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
    return int(digits) % 97 == 1
