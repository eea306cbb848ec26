"""Reservations: held → redeemed (`redemptions`), or released, or expired (`holds`).

A hold takes its uses, persons' slots and money like a redemption, for as long as it lasts; whoever
holds keeps the terms that it was judged by (engine.md 13).
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from marketplace import clock
from promocodes import holds, receipts, recording
from promocodes.cart import Cart
from promocodes.models import Checkout
from promocodes.receipts import CheckoutUnknown, Receipt
from promocodes.recording import Wish
from promocodes.throttling import Source

DEFAULT_SECONDS = 900
LEAST_SECONDS = 60
MOST_SECONDS = 3600
# However often it is renewed.
LONGEST = timedelta(hours=24)
State = Checkout.State


class ReservationOver(Exception):
    """The reservation was released or has expired."""

    code = "reservation_over"


class AlreadyRedeemed(Exception):
    """The reservation became a redemption."""

    code = "already_redeemed"


def reserve(
    *, cart: Cart, source: Source, client_id: int, seconds: int = DEFAULT_SECONDS
) -> Receipt:
    """Hold all codes of the cart for so many seconds, or none.

    Raises `quoting.CodeRefused` with the quote.
    """
    return recording.settle(
        Wish(cart=cart, source=source, client_id=client_id, hold_seconds=seconds)
    )


def renew(*, checkout_id: UUID, source: Source, seconds: int = DEFAULT_SECONDS) -> Receipt:
    """Hold on for so many seconds from now, at most 24 hours in all.

    Raises `CheckoutUnknown`, `ReservationOver`, `AlreadyRedeemed`.
    """
    with transaction.atomic(durable=True):
        checkout = locked(checkout_id, source)
        now = clock.now()
        if not checkout.is_held_at(now):
            raise refusal(checkout)
        until = min(now + timedelta(seconds=seconds), checkout.decided_at + LONGEST)
        checkout.expires_at = max(until, checkout.expires_at or until)
        checkout.save(update_fields=["expires_at"])
        return receipts.read(checkout)


def release(*, checkout_id: UUID, source: Source) -> None:
    """Let go of a hold; one that is over already stays so.

    Raises `CheckoutUnknown`, `AlreadyRedeemed`.
    """
    with transaction.atomic(durable=True):
        checkout = locked(checkout_id, source)
        if checkout.state == State.HELD:
            holds.end(checkout_id, State.RELEASED)
        elif checkout.state not in (State.RELEASED, State.EXPIRED):
            raise AlreadyRedeemed


def refusal(checkout: Checkout) -> Exception:
    """Why a checkout is no hold any more."""
    over = checkout.state in (State.HELD, State.RELEASED, State.EXPIRED)
    return ReservationOver() if over else AlreadyRedeemed()


def locked(checkout_id: UUID, source: Source) -> Checkout:
    """The checkout's row, locked. Inner verb. Raises `CheckoutUnknown`, for a foreign one too."""
    found = (
        Checkout.objects.select_for_update()
        .filter(pk=checkout_id, **receipts.of_source(source))
        .first()
    )
    if found is None:
        raise CheckoutUnknown
    return found
