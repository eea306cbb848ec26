"""What a promotion would have done to past orders: uses and cost by day (engine.md 14; pure).

Each order is judged by the very code that judges a quote (`rehearsal.judge`), in the order of time,
against limits that are taken from as one goes. The orders come as a stream; what is kept is a row
for each day and, where the promotion limits per person, a count for each shopper.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from marketplace.money import half_up
from promocodes import rehearsal
from promocodes.cart import Cart, Line
from promocodes.eligibility import CodeFacts
from promocodes.reasons import Reason
from promocodes.rehearsal import Draft
from promocodes.terms import BudgetEdge, Limits

# Refusals that a limit makes; any other means that the code doesn't fit the order.
_CUTS = frozenset(
    {Reason.CUSTOMER_LIMIT_REACHED, Reason.TOTAL_LIMIT_REACHED, Reason.BUDGET_EXHAUSTED}
)
_RUNS_OUT = frozenset({Reason.TOTAL_LIMIT_REACHED, Reason.BUDGET_EXHAUSTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    """An order as it was placed. `persons`: by what the shopper is known again; guests by none.

    `is_first`: whether it was the shopper's first; None for guests.
    """

    ref: str
    at: datetime
    lines: tuple[Line, ...]
    shipping_minor: int = 0
    persons: tuple[str, ...] = ()
    is_first: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How it is replayed: the days `[first, last]` of a zone, which part of the orders we have.

    `weight`: each order stands for so many. `uptake`: of 100 orders that the code fits, so many
    use it.
    """

    first: date
    last: date
    zone: str
    weight: int = 1
    uptake: int = 100


@dataclass(slots=True)
class Day:
    """One day's uses and what they cost, minor units."""

    day: date
    uses: int = 0
    discount_minor: int = 0


@dataclass(slots=True)
class Forecast:
    """The sums, minor units. Of `orders` the code fits `fitting`; `uses` of them get it.

    `cuts`: uses that a limit refused, by the limit, which saved `cut_minor`; `refusals`: orders
    that the code doesn't fit, by the reason. `goods_minor`: of the orders that use it, before it.
    """

    days: list[Day]
    weight: int = 1
    orders: int = 0
    fitting: int = 0
    uses: int = 0
    discount_minor: int = 0
    goods_minor: int = 0
    cut_minor: int = 0
    cuts: Counter[Reason] = field(default_factory=Counter)
    refusals: Counter[Reason] = field(default_factory=Counter)
    ran_out_on: date | None = None

    @property
    def basket_minor(self) -> int:
        """The average basket of an order that uses the code, before it."""
        return half_up(self.goods_minor, self.uses) if self.uses else 0

    @property
    def per_use_minor(self) -> int:
        """What an average use costs."""
        return half_up(self.discount_minor, self.uses) if self.uses else 0

    @property
    def cut_uses(self) -> int:
        """Uses that a limit refused."""
        return self.cuts.total()


def forecast(draft: Draft, orders: Iterable[PastOrder], *, replay: Replay) -> Forecast:
    """Replay `orders`, which come in the order of time, with the draft's code on each.

    The promotion's own window is lifted: the past lies before it.
    """
    zone = ZoneInfo(replay.zone)
    purse = _Purse(_undated(draft), replay.weight)
    count = (replay.last - replay.first).days + 1
    days = [Day(replay.first + timedelta(days=place)) for place in range(count)]
    by_day = {day.day: day for day in days}
    found = Forecast(days=days, weight=replay.weight)
    for order in orders:
        day = by_day.get(order.at.astimezone(zone).date())
        if day is not None:
            _add(found, day, order, purse, uptake=replay.uptake)
    return _weighed(found)


class _Purse:
    """The limits, and what is left of them."""

    def __init__(self, draft: Draft, weight: int) -> None:
        limits = draft.limits
        # Each order stands for `weight` of them, so it meets a limit that much smaller.
        self.uses_left = None if limits.total is None else -(-limits.total // weight)
        self.budget_left = None if limits.budget_minor is None else limits.budget_minor // weight
        self.is_partial = limits.budget_edge == BudgetEdge.PARTIAL
        self.per_person = limits.per_person
        self.currency, self.code = draft.currency, draft.code
        self.open = rehearsal.facts_of(replace(draft, limits=Limits()))
        self.limited = replace(self.open, limits=limits)
        self.is_limited = limits != Limits()
        self._by_person: Counter[str] = Counter()

    def facts(self, order: PastOrder) -> CodeFacts:
        """What is known of the code when this order comes."""
        if not self.is_limited:
            return self.open
        used = max((self._by_person[person] for person in order.persons), default=0)
        return replace(
            self.limited,
            uses_left=self.uses_left,
            budget_left_minor=self.budget_left,
            person_uses=used,
        )

    def take(self, order: PastOrder, discount_minor: int) -> None:
        """Take one use."""
        if self.uses_left is not None:
            self.uses_left -= 1
        if self.budget_left is not None:
            self.budget_left -= discount_minor
        if self.per_person is not None:
            self._by_person.update(order.persons)


def _add(found: Forecast, day: Day, order: PastOrder, purse: _Purse, *, uptake: int) -> None:
    """One order: does the code fit it, does its shopper type the code, is there something left."""
    found.orders += 1
    given, refused = _judge(purse.facts(order), order, purse)
    if refused is not None and refused not in _CUTS:
        found.refusals[refused] += 1
        return
    found.fitting += 1
    if crc32(order.ref.encode()) % 100 >= uptake:
        return
    at_edge = purse.is_partial and given == purse.budget_left
    if refused is not None or at_edge:
        whole, _ = _judge(purse.open, order, purse)
        found.cut_minor += whole - given
    if refused is not None:
        found.cuts[refused] += 1
        if refused in _RUNS_OUT and found.ran_out_on is None:
            found.ran_out_on = day.day
        return
    purse.take(order, given)
    found.uses += 1
    found.discount_minor += given
    found.goods_minor += sum(line.total_minor for line in order.lines)
    day.uses += 1
    day.discount_minor += given


def _judge(facts: CodeFacts, order: PastOrder, purse: _Purse) -> tuple[int, Reason | None]:
    cart = Cart(
        currency=purse.currency,
        lines=order.lines,
        codes=(purse.code,),
        shipping_minor=order.shipping_minor,
        first_order=order.is_first,
    )
    [answer] = rehearsal.judge(
        facts, cart, at=order.at, is_first_order=order.is_first, is_known=bool(order.persons)
    ).quote.codes
    if answer.refusal is not None:
        return 0, answer.refusal.reason
    return answer.discount_minor, None


def _undated(draft: Draft) -> Draft:
    return replace(draft, terms=replace(draft.terms, starts_at=None, ends_at=None))


def _weighed(found: Forecast) -> Forecast:
    """The sums of the sample as sums of all orders."""
    weight = found.weight
    if weight == 1:
        return found
    for day in found.days:
        day.uses, day.discount_minor = day.uses * weight, day.discount_minor * weight
    for name in (
        "orders",
        "fitting",
        "uses",
        "discount_minor",
        "goods_minor",
        "cut_minor",
    ):
        setattr(found, name, getattr(found, name) * weight)
    for counted in (found.cuts, found.refusals):
        for reason in counted:
            counted[reason] *= weight
    return found
