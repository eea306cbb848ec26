"""Writes a judged cart down: the checkout, its uses, their shares, the persons' slots, the limits.

One call reads and shares the promotions' locks, so they stay as they are judged by; one call writes
(`promocodes_record`, migration 0004). Locks are taken in one order by all who write: promotions
(shared), the order's number, persons' slots, and last the counters, in id order; so nobody
deadlocks, and a hot counter is held briefly.
"""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from marketplace.ids import uuid7
from promocodes import cart as carts
from promocodes import facts, limits, quoting, slots, units
from promocodes.cart import Cart
from promocodes.limits import LimitTaken
from promocodes.models import Checkout, Redemption
from promocodes.quoting import CodeRefused, Judgement, Quote
from promocodes.receipts import Receipt, use_of
from promocodes.slots import Claim
from promocodes.terms import BudgetEdge
from promocodes.throttling import Source

TRIES = 8

_RECORD = (
    "SELECT is_order_free, has_slots, lost"
    " FROM promocodes_record(%s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb, %s::jsonb)"
)


class OrderTaken(Exception):
    """Something was redeemed on this order already."""

    code = "order_ref_used"


class Busy(Exception):
    """The budget is being used up by others right now; send the call again."""

    code = "busy"


class CartChanged(Exception):
    """The cart, or what it would get, is not what was quoted; the new quote is given."""

    code = "cart_changed"

    def __init__(self, quote: Quote) -> None:
        super().__init__("The cart is not as it was quoted; see the new quote.")
        self.quote = quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be written of a cart: a hold for so many seconds, or the use of an order."""

    cart: Cart
    source: Source
    client_id: int
    order_ref: str | None = None
    hold_seconds: int | None = None
    digest: str | None = None


@dataclass(slots=True)
class _Draft:
    id: UUID = field(default_factory=uuid7)
    uses: dict[str, UUID] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)


def settle(wish: Wish) -> Receipt:
    """`write` in a transaction of its own; once more if dead holds were in the way of a limit.

    Not inside a door's transaction: the door calls again after its end (`quoting.make_way`).
    """
    try:
        with transaction.atomic(durable=True):
            return write(wish)
    except CodeRefused as refused:
        if connection.in_atomic_block or not quoting.make_way(refused.quote, cart=wish.cart):
            raise
    with transaction.atomic(durable=True):
        return write(wish)


def write(wish: Wish) -> Receipt:
    """Judge the cart by the database's clock and write it down, all codes or none.

    Inner verb: needs a transaction, which must end soon. Raises `CodeRefused`, `CartChanged`
    (both with a quote), `OrderTaken`; after any of them the transaction must be rolled back.
    """
    for _ in range(TRIES):
        known = facts.read(wish.cart, source=wish.source, to_write=True)
        judgement = quoting.judge(known, cart=wish.cart)
        if not judgement.quote.is_whole:
            raise CodeRefused(judgement.quote)
        if wish.digest is not None and wish.digest != judgement.quote.digest:
            raise CartChanged(judgement.quote)
        partial = any(
            found.limits.budget_edge == BudgetEdge.PARTIAL and found.budget_left_minor is not None
            for found, _ in judgement.shares
        )
        try:
            with transaction.atomic() if partial else nullcontext():
                draft = _record(wish, judgement, may_retry=partial)
        except LimitTaken as taken:
            if partial and taken.is_budget:
                continue
            lost = {taken.promotion_id: taken.refusal}
            raise CodeRefused(quoting.judge(known, cart=wish.cart, exhausted=lost).quote) from taken
        return _receipt(wish, judgement, draft)
    raise Busy


def _record(wish: Wish, judgement: Judgement, *, may_retry: bool) -> _Draft:
    """Write all rows and take from the counters. Raises `OrderTaken`, `LimitTaken`.

    `may_retry`: in a savepoint, which is rolled back for another try if a budget was taken.
    """
    draft = _Draft(uses={found.code: uuid7() for found, _ in judgement.shares})
    draft.claims = list(slots.claims(judgement, draft.uses))
    claimed = [row for claim in draft.claims for row in claim.rows()]
    taken = {
        found.promotion_id: share.total_minor
        for found, share in judgement.shares
        if found.uses_left is not None or found.budget_left_minor is not None
    }
    in_order = may_retry and len(taken) > 1
    rows = (
        _checkout(wish, judgement, draft),
        list(_uses(wish, judgement, draft)),
        list(_lines(judgement, draft)),
        claimed,
        [
            {"promotion_id": str(key), "amount_minor": amount, "in_order": in_order}
            for key, amount in taken.items()
        ],
    )
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [json.dumps(part) for part in rows])
        is_order_free, has_slots, lost = cursor.fetchone()
    if not is_order_free:
        raise OrderTaken
    if lost is not None:
        raise limits.lost(lost)
    if not has_slots:
        slots.settle(draft.claims)
        for promotion_id, amount in sorted(taken.items()):
            limits.take(promotion_id, amount_minor=amount, in_order=in_order)
    return draft


def _checkout(wish: Wish, judgement: Judgement, draft: _Draft) -> dict[str, Any]:
    at, quote, cart = judgement.known.at, judgement.quote, judgement.known.cart
    is_hold = wish.order_ref is None
    expires_at = _expiry(wish, at)
    return {
        "id": str(draft.id),
        "client_id": wish.client_id,
        "store_id": wish.source.store_id,
        "order_ref": wish.order_ref,
        "shopper_ref": cart.shopper.ref,
        "persons": [f"\\x{person.hex()}" for person in judgement.known.persons] or None,
        "state": Checkout.State.HELD if is_hold else Checkout.State.REDEEMED,
        "currency": cart.currency,
        "subtotal_minor": quote.subtotal_minor,
        "shipping_minor": quote.shipping_minor,
        "discount_minor": quote.discount_minor,
        "shipping_discount_minor": quote.shipping_discount_minor,
        "cart": carts.to_json(cart),
        "cart_digest": quote.cart_digest,
        "digest": quote.digest,
        "returned": [0] * len(cart.lines),
        "decided_at": at.isoformat(),
        "expires_at": expires_at.isoformat() if expires_at else None,
        "redeemed_at": None if is_hold else at.isoformat(),
    }


def _expiry(wish: Wish, at: datetime) -> datetime | None:
    return at + timedelta(seconds=wish.hold_seconds) if wish.hold_seconds is not None else None


def _uses(wish: Wish, judgement: Judgement, draft: _Draft) -> Iterator[dict[str, Any]]:
    is_hold = wish.order_ref is None
    for found, share in judgement.shares:
        yield {
            "id": str(draft.uses[found.code]),
            "code_id": str(found.code_id),
            "promotion_id": str(found.promotion_id),
            "terms_id": str(found.terms_id),
            "store_id": found.store_id,
            "state": Redemption.State.RESERVED if is_hold else Redemption.State.REDEEMED,
            "discount_minor": share.discount_minor,
            "shipping_discount_minor": share.shipping_minor,
            "sales_minor": _sales(judgement, of_store=found.store),
        }


def _sales(judgement: Judgement, *, of_store: str) -> int:
    """What is paid for a store's goods in the cart, or for all of them, with all codes off."""
    lines = zip(judgement.known.cart.lines, judgement.quote.lines, strict=True)
    return sum(
        line.total_minor - answer.discount_minor
        for line, answer in lines
        if not of_store or line.store == of_store
    )


def _lines(judgement: Judgement, draft: _Draft) -> Iterator[dict[str, Any]]:
    lines = judgement.known.cart.lines
    for found, share in judgement.shares:
        for i, runs in share.lines.items():
            line = lines[i]
            padded = units.plus([(line.quantity, 0)], runs)
            yield {
                "redemption_id": str(draft.uses[found.code]),
                "line_ref": line.ref,
                "store": line.store,
                "quantity": line.quantity,
                "units": units.expand(padded),
                "discount_minor": units.total(padded),
            }


def _receipt(wish: Wish, judgement: Judgement, draft: _Draft) -> Receipt:
    shares = {found.code: share for found, share in judgement.shares}
    return Receipt(
        id=draft.id,
        state=Checkout.State.HELD if wish.order_ref is None else Checkout.State.REDEEMED,
        quote=judgement.quote,
        uses=tuple(
            use_of(draft.uses[code.code], code.code, shares[code.code])
            for code in judgement.quote.codes
        ),
        order_ref=wish.order_ref,
        expires_at=_expiry(wish, judgement.known.at),
    )
