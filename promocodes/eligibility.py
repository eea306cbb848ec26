"""Whether a code may be used on a cart, and on which lines (pure; engine.md 3, 7, 8).

Each rule is a small function that returns a refusal or None; they are asked in the order in which
a merchant would want to hear of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from promocodes.cart import Cart, Line
from promocodes.models import Promotion
from promocodes.reasons import Reason, Refusal
from promocodes.terms import DiscountType, Limits, MinSpendBasis, Scope, Terms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeFacts:
    """All that is known of a code when a cart is judged.

    `uses_left`, `budget_left_minor` None: unlimited. `person_uses`: by any of the identities given.
    """

    code: str
    code_id: UUID
    promotion_id: UUID
    terms_id: UUID
    kind: str
    status: str
    currency: str
    terms: Terms
    limits: Limits
    store: str = ""
    store_id: int | None = None
    is_personal: bool = False
    person_ref: str = ""
    person_email: str = ""
    uses_left: int | None = None
    budget_left_minor: int | None = None
    person_slots: tuple[int, ...] = ()
    person_uses: int = 0
    code_slots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A code, a cart, and the moment. `email`: canonical; `has_identity`: anything was given."""

    facts: CodeFacts
    cart: Cart
    at: datetime
    lines: tuple[int, ...]
    email: str = ""
    has_identity: bool = False
    is_first_order: bool | None = None


Rule = Callable[[Question], Refusal | None]


def eligible_lines(facts: CodeFacts, cart: Cart) -> tuple[int, ...]:
    """Places of the lines that the code may discount."""
    return tuple(i for i, line in enumerate(cart.lines) if _fits(line, facts))


def refusal(question: Question) -> Refusal | None:
    """The first rule that says no, or None."""
    for rule in RULES:
        if (found := rule(question)) is not None:
            return found
    return None


def _fits(line: Line, facts: CodeFacts) -> bool:
    terms = facts.terms
    if facts.store and line.store != facts.store:
        return False
    if terms.stores and line.store not in terms.stores:
        return False
    if terms.scope == Scope.PRODUCTS and line.product not in terms.products:
        return False
    if terms.scope == Scope.CATEGORIES and line.category not in terms.categories:
        return False
    return line.product not in terms.exclude_products


def _owner(q: Question) -> Refusal | None:
    """A personal code is for one person, known by the shop's id or the e-mail."""
    if not q.facts.is_personal:
        return None
    told = [
        (q.cart.shopper.ref, q.facts.person_ref),
        (q.email, q.facts.person_email),
    ]
    comparable = [(given, known) for given, known in told if given and known]
    if any(given == known for given, known in comparable):
        return None
    if comparable or any(given for given, _ in told):
        return Refusal(Reason.WRONG_OWNER)
    return Refusal(Reason.CUSTOMER_REQUIRED, is_secret=True)


def _decided(q: Question) -> Refusal | None:
    if q.facts.status == Promotion.Status.APPROVED:
        return None
    cancelled = q.facts.status == Promotion.Status.CANCELLED
    return Refusal(Reason.CANCELLED if cancelled else Reason.NOT_APPROVED)


def _window(q: Question) -> Refusal | None:
    starts, ends = q.facts.terms.starts_at, q.facts.terms.ends_at
    if starts is not None and q.at < starts:
        return Refusal(Reason.NOT_STARTED, {"starts_at": _instant(starts)})
    if ends is not None and q.at >= ends:
        return Refusal(Reason.EXPIRED, {"ends_at": _instant(ends)})
    return None


def _instant(at: datetime) -> str:
    """As the API shows every instant: RFC 3339 in UTC with a `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _currency(q: Question) -> Refusal | None:
    if q.facts.currency == q.cart.currency:
        return None
    return Refusal(Reason.CURRENCY_MISMATCH, {"currency": q.facts.currency})


def _items(q: Question) -> Refusal | None:
    if not q.lines:
        return Refusal(Reason.NO_ELIGIBLE_ITEMS)
    if q.facts.terms.discount_type == DiscountType.FREE_SHIPPING:
        worth = q.cart.shipping_minor
    else:
        worth = sum(q.cart.lines[i].total_minor for i in q.lines)
    return None if worth else Refusal(Reason.NO_ELIGIBLE_ITEMS)


def _min_spend(q: Question) -> Refusal | None:
    """At least so much, before any code, on the lines of the code's own scope (engine.md 7)."""
    terms = q.facts.terms
    if terms.min_spend_basis != MinSpendBasis.UNDISCOUNTED:
        return None
    spent = sum(q.cart.lines[i].total_minor for i in q.lines)
    return below_minimum(terms, spent)


def below_minimum(terms: Terms, spent_minor: int) -> Refusal | None:
    """The refusal if so much spent on eligible lines is not enough."""
    missing = terms.min_spend_minor - spent_minor
    if missing <= 0:
        return None
    params = {"missing": missing, "min_spend": terms.min_spend_minor}
    return Refusal(Reason.MIN_SPEND_NOT_MET, params)


def _first_order(q: Question) -> Refusal | None:
    if not q.facts.terms.first_order_only or q.is_first_order:
        return None
    if q.is_first_order is None:
        return Refusal(Reason.CUSTOMER_REQUIRED)
    return Refusal(Reason.NOT_FIRST_ORDER)


def _person(q: Question) -> Refusal | None:
    limit = q.facts.limits.per_person
    if limit is None:
        return None
    if not q.has_identity:
        return Refusal(Reason.CUSTOMER_REQUIRED)
    if q.facts.person_uses >= limit:
        return Refusal(Reason.CUSTOMER_LIMIT_REACHED, {"limit": limit})
    return None


def _total(q: Question) -> Refusal | None:
    per_code = q.facts.limits.per_code
    if per_code is not None and len(q.facts.code_slots) >= per_code:
        return Refusal(Reason.TOTAL_LIMIT_REACHED, {"limit": per_code})
    if q.facts.uses_left is not None and q.facts.uses_left <= 0:
        return Refusal(Reason.TOTAL_LIMIT_REACHED, {"limit": q.facts.limits.total})
    return None


def _budget(q: Question) -> Refusal | None:
    left = q.facts.budget_left_minor
    return Refusal(Reason.BUDGET_EXHAUSTED) if left is not None and left <= 0 else None


RULES: tuple[Rule, ...] = (
    _owner,
    _decided,
    _window,
    _currency,
    _items,
    _min_spend,
    _first_order,
    _person,
    _total,
    _budget,
)
