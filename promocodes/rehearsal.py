"""A promotion tried before it exists: the quote that its terms would give (nothing is written).

The decision is `quoting.judge`, the very one that redemptions are written by; only the facts come
from a form instead of the tables. The terms count as approved, and nothing of the limits is used.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from marketplace.models import Store
from promocodes import quoting
from promocodes import terms as worded
from promocodes.cart import Cart
from promocodes.eligibility import CodeFacts
from promocodes.facts import Known
from promocodes.models import Promotion
from promocodes.quoting import Judgement
from promocodes.terms import Allocation, DiscountType, Limits, Terms

STAND_IN = "PROMO"  # for a promotion whose word is not chosen yet
_NOBODY = UUID(int=0)
_SOMEBODY = b"rehearsal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A promotion as a form has it; of a store, or the platform's own (`store` None)."""

    store: Store | None
    kind: str
    currency: str
    terms: Terms
    limits: Limits
    code: str = STAND_IN


def draft_of(promotion: Promotion) -> Draft:
    """A promotion that exists, as if nothing of it were used yet."""
    return Draft(
        store=promotion.store,
        kind=promotion.kind,
        currency=promotion.currency,
        terms=worded.of(promotion.terms),
        limits=worded.limits_of(promotion),
    )


def rehearse(draft: Draft, cart: Cart, *, at: datetime) -> Judgement:
    """What the cart would cost with the draft's code at the instant `at`, for a first order.

    The cart's lines name their stores and categories; `cart.codes` holds the draft's code.
    """
    return judge(facts_of(draft), cart, at=at, is_first_order=True)


def facts_of(draft: Draft) -> CodeFacts:
    """What the tables would tell of the draft's code."""
    return CodeFacts(
        code=draft.code,
        code_id=_NOBODY,
        promotion_id=_NOBODY,
        terms_id=_NOBODY,
        kind=draft.kind,
        status=Promotion.Status.APPROVED,
        currency=draft.currency,
        terms=draft.terms,
        limits=draft.limits,
        store=draft.store.ref if draft.store else "",
        store_id=draft.store.pk if draft.store else None,
        uses_left=draft.limits.total,
        budget_left_minor=draft.limits.budget_minor,
    )


def as_live(known: Known) -> Known:
    """What is known, as if every code of the cart were approved and its window open."""
    return replace(
        known,
        codes={
            word: replace(
                found,
                status=Promotion.Status.APPROVED,
                terms=replace(found.terms, starts_at=None, ends_at=None),
            )
            for word, found in known.codes.items()
        },
    )


def judge(
    found: CodeFacts,
    cart: Cart,
    *,
    at: datetime,
    is_first_order: bool | None,
    is_known: bool = True,
) -> Judgement:
    """The decision on a cart by these facts. `is_known` False: nothing was told of who buys."""
    known = Known(
        at=at,
        cart=cart,
        persons=(_SOMEBODY,) if is_known else (),
        email="",
        codes={found.code: found},
        is_first_order=is_first_order,
    )
    return quoting.judge(known, cart=cart)


def ceiling_minor(terms: Terms, limits: Limits) -> int | None:
    """The most that all uses together may cost, minor units; None if nothing bounds it."""
    by_use = _most_by_use(terms)
    by_uses = by_use * limits.total if by_use is not None and limits.total is not None else None
    bounds = [bound for bound in (by_uses, limits.budget_minor) if bound is not None]
    return min(bounds) if bounds else None


def _most_by_use(terms: Terms) -> int | None:
    bounds = [terms.max_discount_minor]
    once = terms.allocation in (Allocation.ACROSS, Allocation.CHEAPEST_UNIT)
    if terms.discount_type == DiscountType.FIXED and once:
        bounds.append(terms.amount_minor)
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None
