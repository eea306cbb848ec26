"""Several codes on one cart (pure; engine.md 6).

Codes apply in a fixed order: item, store, platform, shipping; then the higher priority; then by id;
each on what the earlier ones left. Of up to six codes all allowed sets are tried, and the buyer's
best is taken: the most money, then the fewest codes, then the lowest ids. Of more, a good one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from promocodes import pricing, units
from promocodes.eligibility import CodeFacts, below_minimum
from promocodes.models import Promotion
from promocodes.pricing import Left, Offer, Share
from promocodes.reasons import Reason, Refusal
from promocodes.terms import BudgetEdge, DiscountType, MinSpendBasis, Scope, Stacking

EXACT_UP_TO = 6
_SELLERS = (Promotion.Kind.STORE, Promotion.Kind.SOCIAL)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A code that may be used on the cart by itself, and the lines that it fits."""

    facts: CodeFacts
    lines: tuple[int, ...]

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place among the codes of a cart."""
        return (_stage(self.facts), -self.facts.terms.priority, str(self.facts.code_id))


# A code of a set, and what it gives there.
Applied = tuple[Candidate, Share]


@dataclass(frozen=True, slots=True)
class Failed:
    """The code of a set that can't give anything in it, and why."""

    candidate: Candidate
    refusal: Refusal


@dataclass(slots=True)
class Outcome:
    """What each code gives, in the order applied, and why the others don't."""

    shares: list[Applied] = field(default_factory=list)
    refused: list[tuple[Candidate, Refusal]] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        """All that the buyer saves."""
        return sum(share.total_minor for _, share in self.shares)


def best(candidates: Sequence[Candidate], whole: Left) -> Outcome:
    """The buyer's best allowed set of codes on a cart that is still `whole`."""
    if len(candidates) == 1:
        tried = _try(candidates, whole)
        if isinstance(tried, Failed):
            return Outcome(refused=[(tried.candidate, tried.refusal)])
        return Outcome(shares=tried)
    shares = _choose(candidates, whole)
    chosen = [candidate for candidate, _ in shares]
    return Outcome(
        shares=shares,
        refused=[
            (loser, _why_lost(loser, chosen, whole)) for loser in candidates if loser not in chosen
        ],
    )


def conflict(one: CodeFacts, other: CodeFacts) -> Reason | None:
    """Why two codes don't go together, or None if they do."""
    if Stacking.EXCLUSIVE in (one.terms.stacking, other.terms.stacking):
        return Reason.NOT_COMBINABLE
    if one.promotion_id == other.promotion_id:
        return Reason.NOT_COMBINABLE
    both_default = one.terms.stacking == other.terms.stacking == Stacking.DEFAULT
    return Reason.REPLACED if both_default and _place(one) == _place(other) else None


def _stage(facts: CodeFacts) -> int:
    if facts.terms.discount_type == DiscountType.FREE_SHIPPING:
        return 3
    if facts.kind not in _SELLERS:
        return 2
    return 1 if facts.terms.scope == Scope.STOREWIDE else 0


def _place(facts: CodeFacts) -> str:
    """By default one code has this place: one per seller, one platform, one shipping."""
    if facts.terms.discount_type == DiscountType.FREE_SHIPPING:
        return "shipping"
    return f"store:{facts.store}" if facts.kind in _SELLERS else "platform"


def _choose(usable: Sequence[Candidate], whole: Left) -> list[Applied]:
    if len(usable) > EXACT_UP_TO:
        return _grow(usable, whole)
    in_order = sorted(usable, key=lambda candidate: candidate.order)
    return min(_sets(in_order, whole, []), key=_rank, default=[])


def _sets(rest: Sequence[Candidate], left: Left, chosen: list[Applied]) -> Iterator[list[Applied]]:
    """Every allowed set that can be used, each made of a smaller one and a code that comes later.

    So a code is priced once for all sets that begin alike, and one that gives nothing ends them.
    """
    for place, candidate in enumerate(rest):
        if any(conflict(candidate.facts, other.facts) for other, _ in chosen):
            continue
        share = _share(candidate, left)
        if isinstance(share, Refusal):
            continue
        larger = [*chosen, (candidate, share)]
        yield larger
        yield from _sets(rest[place + 1 :], pricing.take(left, share), larger)


def _grow(usable: Sequence[Candidate], whole: Left) -> list[Applied]:
    """Too many to try all: one that stands alone, or from the worthiest on each code that helps."""
    alone = {candidate: _try([candidate], whole) for candidate in usable}
    able = [found for found in alone.values() if not isinstance(found, Failed)]
    exclusive = [found for found in able if found[0][0].facts.terms.stacking == Stacking.EXCLUSIVE]
    found: list[Applied] = []
    for candidate in sorted(usable, key=lambda one: (-_worth(alone[one]), one.order)):
        larger = [*(one for one, _ in found), candidate]
        if candidate.facts.terms.stacking == Stacking.EXCLUSIVE or not _allowed(larger):
            continue
        tried = _try(larger, whole)
        if not isinstance(tried, Failed) and _worth(tried) > _worth(found):
            found = tried
    return min([found, *exclusive], key=_rank)


def _rank(applied: Sequence[Applied]) -> tuple[int, int, list[str]]:
    """The buyer's best comes first: the most money, then the fewest codes, then the lowest ids."""
    ids = sorted(str(candidate.facts.code_id) for candidate, _ in applied)
    return (-_worth(applied), len(applied), ids)


def _allowed(chosen: Sequence[Candidate]) -> bool:
    return not any(conflict(one.facts, other.facts) for one, other in combinations(chosen, 2))


def _worth(applied: Sequence[Applied] | Failed) -> int:
    return 0 if isinstance(applied, Failed) else sum(share.total_minor for _, share in applied)


def _try(chosen: Sequence[Candidate], whole: Left) -> list[Applied] | Failed:
    """The share of each code of the set, in order; the first that can't give anything in it."""
    left = whole
    shares: list[Applied] = []
    for candidate in sorted(chosen, key=lambda found: found.order):
        share = _share(candidate, left)
        if isinstance(share, Refusal):
            return Failed(candidate, share)
        shares.append((candidate, share))
        left = pricing.take(left, share)
    return shares


def _share(candidate: Candidate, left: Left) -> Share | Refusal:
    facts = candidate.facts
    if facts.terms.min_spend_basis == MinSpendBasis.AFTER_EARLIER_CODES:
        spent = sum(units.total(left.lines[i]) for i in candidate.lines)
        if (missing := below_minimum(facts.terms, spent)) is not None:
            return missing
    budget = facts.budget_left_minor
    is_partial = facts.limits.budget_edge == BudgetEdge.PARTIAL
    share = pricing.apply(
        Offer(
            id=facts.code_id,
            terms=facts.terms,
            lines=candidate.lines,
            cap_minor=budget if is_partial else None,
        ),
        left,
    )
    if budget is not None and share.total_minor > budget:
        return Refusal(Reason.BUDGET_EXHAUSTED)
    return share if share.total_minor else Refusal(Reason.NO_ELIGIBLE_ITEMS)


def _why_lost(loser: Candidate, chosen: Sequence[Candidate], whole: Left) -> Refusal:
    alone = _try([loser], whole)
    if isinstance(alone, Failed):
        return alone.refusal
    params = {"would_give": _worth(alone)}
    for winner in chosen:
        if (reason := conflict(loser.facts, winner.facts)) is not None:
            return Refusal(reason, params | {"by": winner.facts.code})
    together = _try([*chosen, loser], whole)
    if (
        isinstance(together, Failed)
        and together.candidate is loser
        and together.refusal.reason != Reason.NO_ELIGIBLE_ITEMS
    ):
        return together.refusal
    return Refusal(Reason.REPLACED, params)
