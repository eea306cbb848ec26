"""Redemptions: a cart's codes used on an order, all or none; → part reversed → reversed.

By a reservation (which only changes its state: its uses are taken already), or at once. The order's
number makes it exact: sent again with the same cart it is the same redemption.
"""

from dataclasses import replace
from uuid import UUID

from django.db import IntegrityError, transaction

from marketplace import clock
from promocodes import receipts, recording, reservations
from promocodes.cart import Cart, digest_of
from promocodes.models import Checkout, Redemption
from promocodes.quoting import CodeRefused
from promocodes.receipts import Receipt
from promocodes.recording import CartChanged, OrderTaken, Wish
from promocodes.throttling import Source


def redeem(
    *,
    order_ref: str,
    cart: Cart,
    source: Source,
    client_id: int,
    digest: str | None = None,
) -> tuple[Receipt, bool]:
    """Use the cart's codes on an order; the receipt, and whether it is new.

    The same order and cart again: the same receipt. `digest`, if given, must be the quote's.
    Raises `CodeRefused`, `CartChanged` (both with the quote), `OrderTaken` for another cart.
    """
    wish = Wish(cart=cart, source=source, client_id=client_id, order_ref=order_ref, digest=digest)
    try:
        return recording.settle(wish), True
    except (CodeRefused, CartChanged, OrderTaken):
        # Perhaps this very order has taken the last use. Asked only now that all is rolled back:
        # before, we would find what we have just written ourselves.
        if (again := _again(order_ref, cart, source)) is None:
            raise
    return again, False


def redeem_reservation(
    *, order_ref: str, checkout_id: UUID, source: Source, digest: str | None = None
) -> tuple[Receipt, bool]:
    """Turn a hold into the use of an order; the receipt, and whether it is new.

    Raises `CheckoutUnknown`, `reservations.ReservationOver`, `reservations.AlreadyRedeemed` (by
    another order), `CartChanged`, `OrderTaken`.
    """
    with transaction.atomic(durable=True):
        checkout = reservations.locked(checkout_id, source)
        now = clock.now()
        if checkout.order_ref == order_ref:
            return receipts.read(checkout), False
        if not checkout.is_held_at(now):
            raise reservations.refusal(checkout)
        receipt = receipts.read(checkout)
        if digest is not None and digest != checkout.digest:
            raise CartChanged(receipt.quote)
        try:
            Checkout.objects.filter(pk=checkout_id).update(
                state=Checkout.State.REDEEMED, order_ref=order_ref, redeemed_at=now
            )
        except IntegrityError as error:
            raise OrderTaken from error
        Redemption.objects.filter(checkout=checkout_id).update(
            state=Redemption.State.REDEEMED, redeemed_at=now
        )
    return replace(receipt, state=Checkout.State.REDEEMED, order_ref=order_ref), True


def _again(order_ref: str, cart: Cart, source: Source) -> Receipt | None:
    """The receipt if this order was redeemed with this cart. Raises `OrderTaken` for another."""
    found = receipts.of_order(order_ref, source=source)
    if found is None:
        return None
    checkout, receipt = found
    if checkout.cart_digest != digest_of(cart):
        raise OrderTaken
    return receipt
