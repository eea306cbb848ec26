"""What the shop asks about, as plain values (pure). Amounts are minor units of `currency`."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

MAX_UNITS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Who buys, as far as the shop says."""

    ref: str = ""
    email: str = ""
    phone: str = ""
    device: str = ""
    payment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some units of one product at one price; `store`, `category` are the shop's own ids."""

    ref: str
    unit_price_minor: int
    quantity: int
    product: str = ""
    store: str = ""
    category: str = ""

    @property
    def total_minor(self) -> int:
        """The line before any discount."""
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A cart and the codes typed for it, normalised, each once.

    `first_order` None: unknown to the shop, so the orders that we know decide.
    """

    currency: str
    lines: tuple[Line, ...]
    codes: tuple[str, ...] = ()
    shipping_minor: int = 0
    shopper: Shopper = field(default_factory=Shopper)
    first_order: bool | None = None

    @property
    def subtotal_minor(self) -> int:
        """All lines before any discount, without shipping."""
        return sum(line.total_minor for line in self.lines)


def digest_of(cart: Cart) -> str:
    """What identifies the cart's goods, prices and codes, in whatever order they are listed."""
    return _hash(
        [cart.currency, cart.shipping_minor, sorted(map(_key, cart.lines)), sorted(cart.codes)]
    )


def digest_with(cart_digest: str, outcome: Any) -> str:
    """What identifies a cart together with what it was promised (a JSON value)."""
    return _hash([cart_digest, outcome])


def to_json(cart: Cart) -> dict[str, Any]:
    """What is kept of a cart: nothing of the shopper."""
    return {"lines": [list(_key(line)) for line in cart.lines], "codes": list(cart.codes)}


def lines_from_json(kept: dict[str, Any]) -> tuple[Line, ...]:
    """The lines of a cart that was kept."""
    return tuple(
        Line(
            ref=ref,
            product=product,
            store=store,
            category=category,
            unit_price_minor=price,
            quantity=quantity,
        )
        for ref, product, store, category, price, quantity in kept["lines"]
    )


def _key(line: Line) -> tuple[str, str, str, str, int, int]:
    return (
        line.ref,
        line.product,
        line.store,
        line.category,
        line.unit_price_minor,
        line.quantity,
    )


def _hash(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
