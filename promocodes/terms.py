"""What a promotion gives and asks, as plain values (pure): the input of all verbs and rules.

Amounts are minor units of the promotion's currency, percents basis points, instants aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from promocodes.models import Promotion, PromotionTerms

DiscountType = PromotionTerms.DiscountType
Allocation = PromotionTerms.Allocation
Scope = PromotionTerms.Scope
MinSpendBasis = PromotionTerms.MinSpendBasis
Stacking = PromotionTerms.Stacking
Cause = PromotionTerms.Cause
BudgetEdge = Promotion.BudgetEdge

MAX_PER_PERSON = 1_000
# By field of api.md; lazy, for the reader's language is the door's matter.
Errors = dict[str, str | Promise]
LISTS = ("products", "categories", "exclude_products", "stores", "gives_back_for")


class TermsInvalid(Exception):
    """The promotion can't be as asked; `errors` says why, by field of api.md."""

    code = "invalid"

    def __init__(self, errors: Mapping[str, str | Promise]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of the terms (api.md, Promotions). `starts_at` None: from creation."""

    discount_type: str
    percent_bp: int | None = None
    amount_minor: int | None = None
    max_discount_minor: int | None = None
    allocation: str = Allocation.ACROSS
    max_units_per_line: int | None = None
    scope: str = Scope.STOREWIDE
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclude_products: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    min_spend_minor: int = 0
    min_spend_basis: str = MinSpendBasis.UNDISCOUNTED
    first_order_only: bool = False
    stacking: str = Stacking.DEFAULT
    priority: int = 100
    gives_back_for: tuple[str, ...] = field(default=(Cause.UNPAID, Cause.CANCELLED))
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Lists are sets: one order, no repeats, so that equal terms are equal."""
        for name in LISTS:
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often and for how much; None is unlimited."""

    total: int | None = None
    per_person: int | None = None
    per_code: int | None = None
    budget_minor: int | None = None
    budget_edge: str = BudgetEdge.REFUSE


UNLIMITED = Limits()


def check(terms: Terms, limits: Limits, *, kind: str) -> None:
    """Raises `TermsInvalid` unless the terms and limits can be a promotion of this kind."""
    errors = _discount_errors(terms) | _scope_errors(terms, kind) | _limit_errors(limits)
    if terms.starts_at and terms.ends_at and terms.ends_at <= terms.starts_at:
        errors["ends_at"] = _("The end must be after the start.")
    try:
        ZoneInfo(terms.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["timezone"] = _("Use an IANA time zone such as Europe/Moscow.")
    if terms.min_spend_minor < 0:
        errors["min_spend"] = _("A minimum spend can't be negative.")
    if errors:
        raise TermsInvalid(errors)


def _discount_errors(terms: Terms) -> Errors:
    errors: Errors = {}
    if terms.discount_type == DiscountType.PERCENT:
        if terms.percent_bp is None or not 1 <= terms.percent_bp <= 10_000:
            errors["discount.percent"] = _("A percent lies between 0.01 and 100.")
    elif terms.percent_bp is not None:
        errors["discount.percent"] = _("Only a percent discount has a percent.")
    if terms.discount_type == DiscountType.FIXED:
        if terms.amount_minor is None or terms.amount_minor < 1:
            errors["discount.amount"] = _("A fixed discount has an amount of at least 1.")
    elif terms.amount_minor is not None:
        errors["discount.amount"] = _("Only a fixed discount has an amount.")
    if terms.max_discount_minor is not None and terms.max_discount_minor < 1:
        errors["discount.max_discount"] = _("A cap is at least 1.")
    if terms.max_units_per_line is not None and terms.max_units_per_line < 1:
        errors["max_units_per_line"] = _("At least one unit.")
    return errors


def _scope_errors(terms: Terms, kind: str) -> Errors:
    errors: Errors = {}
    for scope, refs in ((Scope.PRODUCTS, terms.products), (Scope.CATEGORIES, terms.categories)):
        if terms.scope == scope and not refs:
            errors[f"applies_to.{scope}"] = _("Name at least one.")
        elif terms.scope != scope and refs:
            errors[f"applies_to.{scope}"] = _("These don't go with this scope.")
    if terms.stores and kind != Promotion.Kind.PLATFORM:
        errors["applies_to.stores"] = _("Only a platform promotion names stores.")
    return errors


def _limit_errors(limits: Limits) -> Errors:
    named = {
        "limits.total": limits.total,
        "limits.per_person": limits.per_person,
        "limits.per_code": limits.per_code,
        "limits.budget": limits.budget_minor,
    }
    errors: Errors = {
        name: "At least 1." for name, limit in named.items() if limit is not None and limit < 1
    }
    for name in ("limits.per_person", "limits.per_code"):
        if (named[name] or 0) > MAX_PER_PERSON:
            errors[name] = _at_most()
    return errors


def _told_most() -> str:
    return gettext("At most %(most)s.") % {"most": MAX_PER_PERSON}


_at_most = lazy(_told_most, str)


def of(row: PromotionTerms) -> Terms:
    """The values of a stored version."""
    return Terms(
        discount_type=row.discount_type,
        percent_bp=row.percent_bp,
        amount_minor=row.amount_minor,
        max_discount_minor=row.max_discount_minor,
        allocation=row.allocation,
        max_units_per_line=row.max_units_per_line,
        scope=row.scope,
        products=tuple(row.products),
        categories=tuple(row.categories),
        exclude_products=tuple(row.exclude_products),
        stores=tuple(row.stores),
        min_spend_minor=row.min_spend_minor,
        min_spend_basis=row.min_spend_basis,
        first_order_only=row.first_order_only,
        stacking=row.stacking,
        priority=row.priority,
        gives_back_for=tuple(row.gives_back_for),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        timezone=row.timezone,
    )


def limits_of(promotion: Promotion) -> Limits:
    """The limits of a stored promotion."""
    return Limits(
        total=promotion.total_limit,
        per_person=promotion.per_person_limit,
        per_code=promotion.per_code_limit,
        budget_minor=promotion.budget_minor,
        budget_edge=promotion.budget_edge,
    )
