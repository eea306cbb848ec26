"""Form fields of the seller's pages: exact amounts, percents, local moments, ids of own rows.

What is typed becomes what the verbs take (minor units, basis points, aware instants), or a refusal
that says how to write it.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from marketplace.money import MAX_MINOR, exponent
from marketplace.templatetags.money import money

_SPACES = re.compile(r"[\s\u00a0\u202f']")
_NUMBER = re.compile(r"[0-9]{1,15}(?:[.,][0-9]*)?")
# The empty placeholder lets the style sheet know that nothing is typed.
_TYPED = {
    "inputmode": "decimal",
    "autocomplete": "off",
    "class": "p-input p-number",
    "placeholder": " ",
}
MOMENT = "%Y-%m-%dT%H:%M"


class MoneyField(forms.CharField):
    """An amount typed in the currency's own decimals; cleans to minor units.

    A dot or a comma begins the decimals; more of them than the currency has are refused, so that
    1,500 is never read as 1.50. `currency` is set by the form.
    """

    currency = "RUB"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs=_TYPED), max_length=30, **kwargs)

    def clean(self, value: Any) -> int | None:
        """Minor units, or None when left empty."""
        text = _SPACES.sub("", super().clean(value) or "")
        if not text:
            return None
        number = _decimal(text)
        decimals = exponent(self.currency)
        if number is None:
            raise ValidationError(
                _("Write only digits, like %(example)s."),
                code="not_a_number",
                params={"example": example(self.currency)},
            )
        if _decimals(number) > decimals:  # even if they are zeros: 1,500 isn't 1.50
            raise ValidationError(self._too_fine(decimals), code="too_many_decimals")
        minor = int(number.scaleb(decimals))
        if minor > MAX_MINOR:
            raise ValidationError(
                _("At most %(most)s."),
                code="too_much",
                params={"most": money(MAX_MINOR, self.currency)},
            )
        if minor < 1:
            raise ValidationError(
                _("At least %(least)s."),
                code="too_little",
                params={"least": money(1, self.currency)},
            )
        return minor

    def _too_fine(self, decimals: int) -> Any:
        if decimals == 0:
            return _(
                "%(currency)s has no decimals: write a whole number without dots or commas."
            ) % {"currency": self.currency}
        return _("%(currency)s has %(count)s decimals: write it like %(example)s.") % {
            "currency": self.currency,
            "count": decimals,
            "example": example(self.currency),
        }


class PercentField(forms.CharField):
    """A percent with at most two decimals; cleans to basis points (12.5 is 1250)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs=_TYPED), max_length=10, **kwargs)

    def clean(self, value: Any) -> int | None:
        """Basis points, or None when left empty."""
        text = _SPACES.sub("", super().clean(value) or "").removesuffix("%")
        if not text:
            return None
        number = _decimal(text)
        if number is None:
            raise ValidationError(_("Write a number, like 10 or 12.5."), code="not_a_number")
        if _decimals(number) > 2:
            raise ValidationError(_("At most two decimals, like 12.25."), code="too_many_decimals")
        basis_points = int(number * 100)
        if not 1 <= basis_points <= 10_000:
            raise ValidationError(_("Between 0.01 and 100."), code="out_of_range")
        return basis_points


class LocalMomentField(forms.CharField):
    """A day and time without a zone; the form's `timezone` makes it an instant (`instant`)."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "p-input"}, format=MOMENT
        )
        super().__init__(widget=widget, **kwargs)

    def clean(self, value: Any) -> datetime | None:
        """The naive local moment, or None when left empty."""
        text = str(value or "").strip()[:16]
        if not text:
            super().clean("")
            return None
        try:
            return datetime.strptime(text, MOMENT)  # noqa: DTZ007 - `instant` adds the zone
        except ValueError as error:
            raise ValidationError(_("Choose a day and a time."), code="not_a_moment") from error


class RefsField(forms.Field):
    """Ids of the shop, chosen by checkboxes; whose they are is asked by `refuse_unknown`."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(widget=forms.MultipleHiddenInput(), required=False, **kwargs)

    def clean(self, value: Any) -> list[str]:
        """Each id once, in the order chosen."""
        refs = list(dict.fromkeys(str(ref) for ref in value or [] if ref))
        if len(refs) > self.most:
            raise ValidationError(
                _("Choose at most %(most)s."), code="too_many", params={"most": self.most}
            )
        return refs


def refuse_unknown(refs: Sequence[str], known: Collection[str]) -> None:
    """Raise a `ValidationError` for ids that are not the seller's own; it names none of them."""
    if set(refs) - set(known):
        raise ValidationError(
            _("Some of these are no longer in your catalogue. Choose again."), code="unknown"
        )


def instant(local: datetime, zone: str) -> datetime:
    """The UTC instant of a local moment; of two the earlier.

    Raises `ValidationError` for a moment that the zone skips when its clocks go forward.
    """
    at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise ValidationError(
            _("On that day the clocks skip this time. Choose another."), code="skipped"
        )
    return at


def example(currency: str) -> str:
    """How an amount is written: 1500, 1500.50 or 1500.500."""
    decimals = exponent(currency)
    return f"{Decimal(1500) + Decimal(5).scaleb(-1):.{decimals}f}" if decimals else "1500"


def typed_amount(minor: int | None, currency: str) -> str:
    """Minor units as a person would type them, for a form that shows what is stored."""
    if minor is None:
        return ""
    text = f"{Decimal(minor).scaleb(-exponent(currency)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed_percent(basis_points: int | None) -> str:
    """Basis points as a person would type them."""
    return typed_amount(basis_points, "RUB")


def _decimal(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def _decimals(number: Decimal) -> int:
    """How many decimals were typed."""
    return max(0, -int(number.as_tuple().exponent))
