"""Why a code gives nothing (pure): a closed list with parameters, and two faces (engine.md 8).

The merchant is told exactly; before a shopper, all that would tell a stranger something is
`not_applicable`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """api.md, Checkout."""

    CODE_NOT_FOUND = "code_not_found", _("There is no such code.")
    NOT_APPROVED = "not_approved", _("This code is not approved yet.")
    NOT_STARTED = "not_started", _("This code does not work yet.")
    EXPIRED = "expired", _("This code has ended.")
    CANCELLED = "cancelled", _("This code was cancelled.")
    CURRENCY_MISMATCH = "currency_mismatch", _("This code is in another currency.")
    NO_ELIGIBLE_ITEMS = "no_eligible_items", _("Nothing in the cart fits this code.")
    MIN_SPEND_NOT_MET = "min_spend_not_met", _("The cart is below this code's minimum order.")
    NOT_FIRST_ORDER = "not_first_order", _("This code is for a first order only.")
    CUSTOMER_REQUIRED = "customer_required", _("Sign in to use this code.")
    CUSTOMER_LIMIT_REACHED = (
        "customer_limit_reached",
        _("This shopper has used this code as often as allowed."),
    )
    TOTAL_LIMIT_REACHED = "total_limit_reached", _("This code has been used up.")
    BUDGET_EXHAUSTED = "budget_exhausted", _("The budget of this code is spent.")
    NOT_COMBINABLE = "not_combinable", _("This code does not go with another one in the cart.")
    REPLACED = "replaced", _("Another code gives more.")
    WRONG_OWNER = "wrong_owner", _("This code belongs to another person.")
    THROTTLED = "throttled", _("Too many wrong codes; try again later.")
    NOT_APPLICABLE = "not_applicable", _("This code can't be used for this order.")


# What a shopper may be told: it speaks of the cart or of themself, not of the code's secrets.
SAFE = frozenset(
    {
        Reason.NO_ELIGIBLE_ITEMS,
        Reason.CURRENCY_MISMATCH,
        Reason.MIN_SPEND_NOT_MET,
        Reason.CUSTOMER_REQUIRED,
        Reason.NOT_COMBINABLE,
        Reason.REPLACED,
        Reason.THROTTLED,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one code gives nothing. `is_secret`: not even a safe reason is for strangers."""

    reason: Reason
    params: Mapping[str, Any] = field(default_factory=dict)
    is_secret: bool = False

    @property
    def message(self) -> str:
        """A sentence in the active language."""
        label: str | Promise = self.reason.label
        return gettext(str(label))

    def for_shopper(self) -> "Refusal":
        """The face that is safe before a stranger."""
        if self.reason in SAFE and not self.is_secret:
            return self
        return Refusal(Reason.NOT_APPLICABLE)
