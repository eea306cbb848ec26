"""What a cart costs with its codes: judged, priced, explained; nothing is written.

`quote` is what every page and the REST call ask; `judge` is the same decision for the verbs that
then write it down (`reservations`, `redemptions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from promocodes import facts, holds, stacking, throttling, units
from promocodes.cart import Cart, digest_of, digest_with
from promocodes.eligibility import CodeFacts, Question, eligible_lines, refusal
from promocodes.facts import Known
from promocodes.pricing import Left, Share
from promocodes.reasons import Reason, Refusal
from promocodes.stacking import Candidate
from promocodes.throttling import Source
from promocodes.units import Runs

# A wrong guess: no such code, or somebody else's.
MISSES = frozenset({Reason.CODE_NOT_FOUND, Reason.WRONG_OWNER})
# What a hold can stand in the way of.
USED_UP = frozenset({Reason.TOTAL_LIMIT_REACHED, Reason.BUDGET_EXHAUSTED})
BY_PERSON = Reason.CUSTOMER_LIMIT_REACHED
NOBODY = Source()


class CodeRefused(Exception):
    """A code of the cart can't be used; the quote says which and why."""

    code = "code_refused"

    def __init__(self, quote: "Quote") -> None:
        super().__init__("A code can't be used for this cart; see the quote.")
        self.quote = quote


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """What a line saves: in all, unit by unit, and by code."""

    ref: str
    discount_minor: int
    units: Runs
    by_code: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAnswer:
    """What a code gives, off the lines and off the shipping; or why it gives nothing."""

    code: str
    promotion_id: UUID | None = None
    discount_minor: int = 0
    shipping_discount_minor: int = 0
    refusal: Refusal | None = None

    @property
    def is_applied(self) -> bool:
        """Whether the code is used on the cart."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The cart with its codes, as it would be redeemed at the instant `at`."""

    currency: str
    subtotal_minor: int
    shipping_minor: int
    discount_minor: int
    shipping_discount_minor: int
    lines: tuple[LineAnswer, ...]
    codes: tuple[CodeAnswer, ...]
    cart_digest: str
    at: datetime

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return (
            self.subtotal_minor
            + self.shipping_minor
            - self.discount_minor
            - self.shipping_discount_minor
        )

    @property
    def digest(self) -> str:
        """Identifies the cart and what it was promised."""
        return digest_with(
            self.cart_digest,
            [
                sorted((line.ref, line.discount_minor) for line in self.lines),
                self.shipping_discount_minor,
                sorted(code.code for code in self.codes if code.is_applied),
            ],
        )

    @property
    def is_whole(self) -> bool:
        """Whether every code of the cart is used."""
        return all(code.is_applied for code in self.codes)

    @property
    def misses(self) -> int:
        """How many of its codes were wrong guesses; an empty field is none."""
        return sum(
            1 for code in self.codes if code.code and code.refusal and code.refusal.reason in MISSES
        )

    def throttled(self) -> "Quote":
        """The same cart, every code of it unread: too many guesses."""
        return replace(
            self,
            discount_minor=0,
            shipping_discount_minor=0,
            lines=tuple(
                line_answer(
                    ref=line.ref,
                    quantity=sum(count for count, _ in line.units),
                    by_code={},
                )
                for line in self.lines
            ),
            codes=tuple(
                CodeAnswer(code=code.code, refusal=Refusal(Reason.THROTTLED)) for code in self.codes
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A decision, and what it was made of: the cart completed, the shares by code."""

    known: Known
    quote: Quote
    shares: tuple[tuple[CodeFacts, Share], ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)


def quote(cart: Cart, *, source: Source = NOBODY) -> Quote:
    """What the cart costs now. Writes nothing but the count of wrong guesses.

    Holds past their time that a job has yet to end are ended first if they are in the way.
    """
    found = judge(facts.read(cart, source=source), cart=cart).quote
    if make_way(found, cart=cart):
        found = judge(facts.read(cart, source=source), cart=cart).quote
    return counted(found, cart=cart, source=source)


def make_way(refused: Quote, *, cart: Cart) -> bool:
    """End holds past their time if limits are all that refuses codes; whether any were in the way.

    Inner verb: call it when no other transaction is open.
    """
    said = [(code.promotion_id, code.refusal.reason) for code in refused.codes if code.refusal]
    if not said or any(reason not in USED_UP and reason != BY_PERSON for _, reason in said):
        return False
    return holds.make_way(
        used_up=[key for key, reason in said if key and reason in USED_UP],
        by_person=[key for key, reason in said if key and reason == BY_PERSON],
        persons=facts.identities_of(cart.shopper),
    )


def counted(answer: Quote, *, cart: Cart, source: Source) -> Quote:
    """The answer once its wrong guesses are counted; `throttled` when they are too many.

    Inner verb: call it when no other transaction is open.
    """
    if not answer.misses:
        return answer
    persons = facts.identities_of(cart.shopper)
    over = throttling.count(source, persons, misses=answer.misses)
    return answer.throttled() if over else answer


def judge(
    known: Known, *, cart: Cart, exhausted: Mapping[UUID, Refusal] | None = None
) -> Judgement:
    """Decide on every code of the cart (engine.md 3, 5 to 8).

    `cart` is as the shop sent it. `exhausted`: promotions whose limit proved to be taken.
    """
    refused: dict[str, Refusal] = {}
    candidates: list[Candidate] = []
    for code in known.cart.codes:
        said = _look_at(code, known, exhausted or {})
        if isinstance(said, Refusal):
            refused[code] = said
        else:
            candidates.append(said)
    outcome = stacking.best(candidates, _whole(known.cart)) if candidates else stacking.Outcome()
    refused |= {candidate.facts.code: why for candidate, why in outcome.refused}
    shares = tuple((candidate.facts, share) for candidate, share in outcome.shares)
    return Judgement(
        known=known, quote=_quote(known, cart, shares, refused), shares=shares, refused=refused
    )


def _look_at(code: str, known: Known, exhausted: Mapping[UUID, Refusal]) -> Candidate | Refusal:
    if known.is_throttled:
        return Refusal(Reason.THROTTLED)
    found = known.codes.get(code)
    if found is None:
        return Refusal(Reason.CODE_NOT_FOUND)
    if found.promotion_id in exhausted:
        return exhausted[found.promotion_id]
    lines = eligible_lines(found, known.cart)
    question = Question(
        facts=found,
        cart=known.cart,
        at=known.at,
        lines=lines,
        email=known.email,
        has_identity=bool(known.persons),
        is_first_order=known.is_first_order,
    )
    return refusal(question) or Candidate(found, lines)


def _whole(cart: Cart) -> Left:
    return Left(
        [[(line.quantity, line.unit_price_minor)] for line in cart.lines], cart.shipping_minor
    )


def _quote(
    known: Known,
    cart: Cart,
    shares: tuple[tuple[CodeFacts, Share], ...],
    refused: Mapping[str, Refusal],
) -> Quote:
    given = {found.code: share for found, share in shares}
    return Quote(
        currency=cart.currency,
        subtotal_minor=cart.subtotal_minor,
        shipping_minor=cart.shipping_minor,
        discount_minor=sum(share.discount_minor for share in given.values()),
        shipping_discount_minor=sum(share.shipping_minor for share in given.values()),
        lines=tuple(
            line_answer(
                ref=line.ref,
                quantity=line.quantity,
                by_code={code: share.lines[i] for code, share in given.items() if i in share.lines},
            )
            for i, line in enumerate(cart.lines)
        ),
        codes=tuple(
            CodeAnswer(
                code=code,
                promotion_id=_promotion_of(code, known),
                discount_minor=given[code].total_minor if code in given else 0,
                shipping_discount_minor=given[code].shipping_minor if code in given else 0,
                refusal=refused.get(code),
            )
            for code in cart.codes
        ),
        cart_digest=digest_of(cart),
        at=known.at,
    )


def _promotion_of(code: str, known: Known) -> UUID | None:
    """Not told to who guesses: it would say that there is such a code."""
    found = known.codes.get(code)
    return found.promotion_id if found is not None and not known.is_throttled else None


def line_answer(*, ref: str, quantity: int, by_code: Mapping[str, Runs]) -> LineAnswer:
    """The answer for a line from what each code gives on its units."""
    together: Runs = [(quantity, 0)]
    for runs in by_code.values():
        together = units.plus(together, runs)
    return LineAnswer(
        ref=ref,
        discount_minor=units.total(together),
        units=together,
        by_code={code: units.total(runs) for code, runs in by_code.items()},
    )
