"""Column types that all floors share."""

import re
from typing import TYPE_CHECKING, Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    TextField = models.CharField[str, str]
else:  # the class takes no parameters when it runs
    TextField = models.CharField

REF_PATTERN = re.compile(r"[A-Za-z0-9._:\-]{1,64}")
validate_ref = RegexValidator(
    re.compile(rf"^{REF_PATTERN.pattern}\Z"),
    _("Use 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen."),
    code="ref",
)
validate_currency = RegexValidator(
    re.compile(r"^[A-Z]{3}\Z"), _("Use an ISO 4217 code such as RUB."), code="currency"
)


class RefField(TextField):
    """A client's own id (api.md, Conventions)."""

    default_validators = [validate_ref]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(*args, **kwargs)


class OrderRefField(RefField):
    """Which order: the marketplace's number of it, or `store/number` if the store told of it."""

    default_validators = [
        RegexValidator(
            re.compile(rf"^(?:{REF_PATTERN.pattern}/)?{REF_PATTERN.pattern}\Z"), code="ref"
        )
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 129)
        super().__init__(*args, **kwargs)


class CurrencyField(TextField):
    """An ISO 4217 code."""

    default_validators = [validate_currency]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        super().__init__(*args, **kwargs)


class TransactionId(models.Func):
    """The id of the writing transaction, as a bigint that only grows within one cluster."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()
