"""Fields of the API: each takes exactly one JSON type and guesses nothing (api.md, Conventions)."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import EmailValidator, URLValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.api.exact import Exact
from marketplace.countries import COUNTRIES
from marketplace.models.fields import REF_PATTERN
from marketplace.money import BASIS, CURRENCIES, MAX_MINOR

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
_MAILBOX = re.compile(r"[^\s@]\S*@[^\s@]+\.[^\s@.]+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?\Z", re.ASCII)
_OLDEST, _YOUNGEST = 1970, 2999  # years; further off a zone could leave the calendar
_check_url = URLValidator(schemes=["http", "https"])
_check_email = EmailValidator()


@cache
def _zones() -> set[str]:
    return available_timezones()


class IntField(Exact, serializers.IntegerField):
    """A JSON integer; no float, bool or string. `min_value` and `max_value` as in DRF."""

    default_error_messages = {"type": "Must be an integer."}

    def __init__(self, *, min_value: int = 0, max_value: int = 2**31 - 1, **kwargs: Any) -> None:
        self.least, self.most = min_value, max_value
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """The integer itself."""
        if type(data) is not int:
            self.fail("type")
        if data < self.least:
            self.fail("min_value", min_value=self.least)
        if data > self.most:
            self.fail("max_value", max_value=self.most)
        return data


@extend_schema_field(
    {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_MINOR,
        "example": 39_900,
        "description": "Money in minor units of the currency.",
    }
)
class MinorField(IntField):
    """Money in minor units, 0 to `MAX_MINOR`."""

    def __init__(self, *, max_value: int = MAX_MINOR, **kwargs: Any) -> None:
        super().__init__(max_value=max_value, **kwargs)


class BoolField(Exact, serializers.BooleanField):
    """`true` or `false`, nothing that looks like it."""

    default_error_messages = {"type": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        """The boolean itself."""
        if type(data) is not bool:
            self.fail("type")
        return data


class TextField(Exact, serializers.CharField):
    """A JSON string of at most `max_length` characters; not empty unless `allow_blank`."""

    default_error_messages = {"type": "Must be a string."}

    def __init__(self, *, max_length: int, trim_whitespace: bool = False, **kwargs: Any) -> None:
        self.most = max_length
        super().__init__(max_length=max_length, trim_whitespace=trim_whitespace, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The string itself, trimmed if the field says so."""
        if not isinstance(data, str):
            self.fail("type")
        if self.trim_whitespace:
            data = data.strip()
        if not data and not self.allow_blank:
            self.fail("blank")
        if len(data) > self.most:
            self.fail("max_length", max_length=self.most)
        return data


@extend_schema_field({"type": "string", "pattern": f"^{REF_PATTERN.pattern}$", "example": "a-1"})
class RefField(TextField):
    """A client's own id: 1 to 64 of `A-Za-z0-9._:-`."""

    default_error_messages = {
        "ref": "Use 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon, hyphen."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The id itself."""
        if not isinstance(data, str) or not REF_PATTERN.fullmatch(data):
            self.fail("ref")
        return data


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "RUB"})
class CurrencyField(TextField):
    """A currency by ISO 4217 in which somebody can pay today."""

    default_error_messages = {"currency": "Use an ISO 4217 code such as RUB."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The code itself."""
        if not isinstance(data, str) or data not in CURRENCIES:
            self.fail("currency")
        return data


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{2}$", "example": "RU"})
class CountryField(TextField):
    """A country by ISO 3166-1: two capital letters of one that exists."""

    default_error_messages = {"country": "Use the two letters of a country by ISO 3166-1: RU."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The code itself."""
        if not isinstance(data, str) or data not in COUNTRIES:
            self.fail("country")
        return data


@extend_schema_field({"type": "string", "pattern": r"^\d{1,3}(\.\d{1,2})?$", "example": "12.5"})
class PercentField(Exact):
    """A percent as a string, `"12.5"`; kept in basis points, 1250. 0 to 100, two decimals."""

    default_error_messages = {"percent": 'Use a string from "0" to "100", such as "12.5".'}

    def to_internal_value(self, data: Any) -> int:
        """Basis points."""
        match = _PERCENT.match(data) if isinstance(data, str) else None
        if not match:
            self.fail("percent")
        percent_bp = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if percent_bp > BASIS:
            self.fail("percent")
        return percent_bp

    def to_representation(self, value: int) -> str:
        """`1250` as `"12.5"`."""
        return percent_text(value)


def percent_text(percent_bp: int) -> str:
    """Basis points as the API shows a percent: 1250 is `"12.5"`, 1000 is `"10"`."""
    whole, part = divmod(percent_bp, 100)
    return f"{whole}.{part:02}".rstrip("0") if part else str(whole)


@extend_schema_field(
    {"type": "string", "format": "date-time", "example": "2026-12-01T00:00:00+03:00"}
)
class InstantField(Exact, serializers.DateTimeField):
    """An instant by RFC 3339; the offset is required. Kept in UTC."""

    default_error_messages = {
        "instant": "Use RFC 3339 with an offset, such as 2026-12-01T00:00:00+03:00."
    }

    def to_internal_value(self, value: Any) -> datetime:
        """An aware datetime in UTC, to the microsecond."""
        if not isinstance(value, str) or not _INSTANT.match(value):
            self.fail("instant")
        try:
            instant = datetime.fromisoformat(value.upper())
        except ValueError:
            self.fail("instant")
        if not _OLDEST < instant.year < _YOUNGEST:
            self.fail("instant")
        return instant.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        """RFC 3339 in UTC."""
        return instant_text(value)


def instant_text(instant: datetime) -> str:
    """An instant as the API shows it: RFC 3339 in UTC, `2026-11-30T21:00:00Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


class ZoneField(TextField):
    """An IANA time zone, `Europe/Moscow`; kept as its name."""

    default_error_messages = {"zone": "Use an IANA time zone such as Europe/Moscow."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The zone's name."""
        if not isinstance(data, str) or data not in _zones():
            self.fail("zone")
        return data


class WordField(Exact, serializers.ChoiceField):
    """One of a closed list of words."""

    def to_internal_value(self, data: Any) -> Any:
        """The word itself."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=str(data)[:40])
        return data


class WebAddressField(TextField):
    """An absolute http or https address; may be empty."""

    default_error_messages = {"url": "Use an absolute http or https address."}

    def __init__(self, *, max_length: int = 1000, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **{"allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        """The address itself."""
        text: str = super().to_internal_value(data)
        if not text:
            return text
        try:
            _check_url(text)
        except DjangoValidationError:
            self.fail("url")
        return text


@extend_schema_field(
    {"type": "string", "pattern": f"^({_HOST.pattern})?$", "example": "shop.example.com"}
)
class HostField(TextField):
    """A host name such as `shop.example.com`; no scheme, port or path."""

    default_error_messages = {"host": "Use a host name such as shop.example.com."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=253, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The host in lower case."""
        text: str = super().to_internal_value(data).lower()
        if text and not _HOST.fullmatch(text):
            self.fail("host")
        return text


class MailboxField(TextField):
    """What a shopper typed as an e-mail, but for blanks around it: it is hashed, never written to.

    Looser than `EmailField`, since a cart or an order is no place to argue about an address.
    """

    default_error_messages = {"email": "Use an e-mail address such as anna@example.com."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, trim_whitespace=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The text itself; a name and a domain stand around an @, and no blank in it."""
        text: str = super().to_internal_value(data)
        if not _MAILBOX.fullmatch(text):
            self.fail("email")
        return text


class EmailField(TextField):
    """An e-mail address that we may write to, but for blanks around it."""

    default_error_messages = {"email": "Use an e-mail address such as anna@example.com."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, trim_whitespace=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The address itself."""
        text: str = super().to_internal_value(data)
        try:
            _check_email(text)
        except DjangoValidationError:
            self.fail("email")
        return text
