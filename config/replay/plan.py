"""What becomes of each purchase (pure): decided by the seed and the purchase's row alone.

So a replay that is taken up again, or run a second time, sends the same orders with the same refs,
and the API recognises each of them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from config.replay.purchases import CURRENCY, Purchase

STORES = 8
PRODUCTS = 25  # in each store
CATEGORIES = ("rock", "pop", "jazz", "classical", "soundtracks")
INFLUENCERS = 6  # with a code of each store that shares its code


class Wish(StrEnum):
    """Which code the shopper brings, unless they have won one of a round."""

    NONE = "none"
    STORE = "store"
    INFLUENCER = "influencer"


class Fate(StrEnum):
    """How the order ends."""

    KEPT = "kept"
    PART_RETURNED = "part_returned"
    RETURNED = "returned"
    CANCELLED = "cancelled"  # after it was paid
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; prices in minor units."""

    ref: str
    store: str
    product: str
    category: str
    unit_price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """A purchase as the marketplace will play it."""

    ref: str
    shopper: str
    lines: tuple[Line, ...]
    wish: Wish
    influencer: int
    reserves: bool
    fate: Fate
    returned: tuple[tuple[str, int], ...]  # line ref, units
    placed_at: datetime
    paid_at: datetime
    delivered_at: datetime
    ended_at: datetime  # returned or cancelled

    @property
    def total(self) -> int:
        """What the goods cost before any discount, minor units."""
        return sum(line.unit_price * line.quantity for line in self.lines)


def store_ref(number: int) -> str:
    """The store's id on the marketplace."""
    return f"cdnow-{number}"


def product_ref(store: int, number: int) -> str:
    """The product's id on the marketplace."""
    return f"{store_ref(store)}-cd-{number}"


def category_of(product: int) -> str:
    """The category in which a product stands."""
    return CATEGORIES[product % len(CATEGORIES)]


def order_ref(*, seed: int, row: int) -> str:
    """The order's id on the marketplace."""
    return f"cdnow-{seed}-{row:06d}"


def shopper_ref(customer: str) -> str:
    """The shopper's id on the marketplace."""
    return f"cdnow-u{customer}"


def planned(purchase: Purchase, *, seed: int, shift: timedelta) -> PlannedOrder:
    """The order that this purchase becomes, `shift` after its own date."""
    dice = random.Random(f"{seed}:{purchase.row}")  # noqa: S311 - the same for ever is the point
    lines = _lines(purchase, dice)
    wish = dice.choices(list(Wish), weights=(45, 25, 30))[0]
    fate = dice.choices(list(Fate), weights=(83, 9, 3, 3, 2))[0]
    placed_at = _instant(purchase.on + shift) + timedelta(seconds=dice.randrange(86_400))
    paid_at = placed_at + timedelta(minutes=dice.randint(1, 50))
    delivered_at = paid_at + timedelta(days=dice.randint(1, 8), minutes=dice.randrange(600))
    ended_at = delivered_at + timedelta(days=dice.randint(1, 25))
    if fate in {Fate.CANCELLED, Fate.UNPAID}:
        ended_at = paid_at + timedelta(hours=dice.randint(1, 20))
    return PlannedOrder(
        ref=order_ref(seed=seed, row=purchase.row),
        shopper=shopper_ref(purchase.customer),
        lines=lines,
        wish=wish,
        influencer=dice.randrange(INFLUENCERS),
        reserves=dice.random() < 0.2,
        fate=fate,
        returned=_returned(lines, fate, dice),
        placed_at=placed_at,
        paid_at=paid_at,
        delivered_at=delivered_at,
        ended_at=ended_at,
    )


def events(
    order: PlannedOrder, *, discounts: Mapping[str, int], codes: Sequence[str], until: datetime
) -> list[dict[str, object]]:
    """The order's events before `until`, as `POST /orders/events/batch` takes them.

    `discounts` is minor units by line ref, as the redemption answered; `codes` those it took.
    """
    facts = {
        "shopper": {"ref": order.shopper},
        "currency": CURRENCY,
        "lines": [line | {"discount": discounts.get(str(line["ref"]), 0)} for line in cart(order)],
        "shipping": 0,
        "codes": list(codes),
    }
    return [
        {
            "event_id": f"{order.ref}-{kind}",
            "order_ref": order.ref,
            "version": version,
            "type": kind,
            "occurred_at": at.isoformat(),
            **(facts if kind == "placed" else carried),
        }
        for version, (kind, at, carried) in enumerate(_story(order), start=1)
        if at < until
    ]


def cart(order: PlannedOrder) -> list[dict[str, object]]:
    """The lines as quotes and redemptions take them."""
    return [
        {
            "ref": line.ref,
            "product": line.product,
            "store": line.store,
            "category": line.category,
            "unit_price": line.unit_price,
            "quantity": line.quantity,
        }
        for line in order.lines
    ]


def gives_back(order: PlannedOrder, *, until: datetime) -> str | None:
    """The cause for which the order's codes are given back before `until`, or None."""
    if order.ended_at >= until:
        return None
    return {
        Fate.PART_RETURNED: "refunded",
        Fate.RETURNED: "refunded",
        Fate.CANCELLED: "cancelled",
        Fate.UNPAID: "unpaid",
    }.get(order.fate)


def _story(order: PlannedOrder) -> list[tuple[str, datetime, dict[str, object]]]:
    placed: tuple[str, datetime, dict[str, object]] = ("placed", order.placed_at, {})
    if order.fate is Fate.UNPAID:
        return [placed, ("cancelled", order.ended_at, {})]
    paid: tuple[str, datetime, dict[str, object]] = ("paid", order.paid_at, {})
    if order.fate is Fate.CANCELLED:
        return [placed, paid, ("cancelled", order.ended_at, {})]
    story = [placed, paid, ("delivered", order.delivered_at, {})]
    if order.returned:
        lines = [{"ref": ref, "quantity": units} for ref, units in order.returned]
        refund: dict[str, object] = {"refund": {"ref": f"{order.ref}-r1", "lines": lines}}
        story.append(("refunded", order.ended_at, refund))
    return story


def _lines(purchase: Purchase, dice: random.Random) -> tuple[Line, ...]:
    """Units at the price below and at the price above, so that they sum to the amount exactly."""
    price, dearer = divmod(purchase.amount_minor, purchase.units)
    home = dice.randrange(STORES)
    elsewhere = dice.randrange(STORES) if dice.random() < 0.15 else home
    parts = [(price, purchase.units - dearer, home), (price + 1, dearer, elsewhere)]
    return tuple(
        _line(str(number), store, unit_price, quantity, dice)
        for number, (unit_price, quantity, store) in enumerate(parts, start=1)
        if quantity
    )


def _line(ref: str, store: int, unit_price: int, quantity: int, dice: random.Random) -> Line:
    product = dice.randrange(PRODUCTS)
    return Line(
        ref=ref,
        store=store_ref(store),
        product=product_ref(store, product),
        category=category_of(product),
        unit_price=unit_price,
        quantity=quantity,
    )


def _returned(
    lines: tuple[Line, ...], fate: Fate, dice: random.Random
) -> tuple[tuple[str, int], ...]:
    if fate is Fate.RETURNED:
        return tuple((line.ref, line.quantity) for line in lines)
    if fate is Fate.PART_RETURNED:
        line = dice.choice(lines)
        return ((line.ref, dice.randint(1, max(1, line.quantity - 1))),)
    return ()


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
