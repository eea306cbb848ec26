"""What was held or redeemed, read back as it was answered: its quote, from the frozen shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from marketplace import clock
from promocodes import cart as carts
from promocodes import units
from promocodes.models import Checkout, Redemption
from promocodes.pricing import Share
from promocodes.quoting import CodeAnswer, Quote, line_answer
from promocodes.throttling import Source


class CheckoutUnknown(Exception):
    """There is no such reservation or redemption."""

    code = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One code's part of a receipt."""

    id: UUID
    code: str
    discount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A reservation or a redemption as its client sees it."""

    id: UUID
    state: str
    quote: Quote
    uses: tuple[Use, ...]
    order_ref: str | None = None
    expires_at: datetime | None = None


def of_source(source: Source) -> dict[str, int]:
    """The filter that hides foreign checkouts: a store's own key sees only that store's."""
    return {} if source.store_id is None else {"store_id": source.store_id}


def load(checkout_id: UUID, *, source: Source) -> Receipt:
    """The receipt of a checkout. Raises `CheckoutUnknown` for a missing or a foreign one."""
    found = Checkout.objects.filter(pk=checkout_id, **of_source(source)).first()
    if found is None:
        raise CheckoutUnknown
    receipt = read(found)
    if found.state == Checkout.State.HELD and not found.is_held_at(clock.now()):
        return replace(receipt, state=Checkout.State.EXPIRED)  # the job has yet to say so
    return receipt


def of_order(order_ref: str, *, source: Source) -> tuple[Checkout, Receipt] | None:
    """What was redeemed on an order, by clients of the same reach; None if nothing was."""
    reach = Q(store=None) if source.store_id is None else Q(store=source.store_id)
    found = Checkout.objects.filter(reach, order_ref=order_ref).first()
    return (found, read(found)) if found is not None else None


def read(checkout: Checkout) -> Receipt:
    """The receipt of a row at hand."""
    uses = {
        use.code.code: use
        for use in Redemption.objects.filter(checkout=checkout)
        .select_related("code")
        .prefetch_related("lines")
        .order_by("pk")
    }
    codes = [code for code in checkout.cart["codes"] if code in uses]
    return Receipt(
        id=checkout.pk,
        state=checkout.state,
        quote=_quote(checkout, uses, codes),
        uses=tuple(
            Use(id=uses[code].pk, code=code, discount_minor=_worth(uses[code])) for code in codes
        ),
        order_ref=checkout.order_ref,
        expires_at=checkout.expires_at,
    )


def use_of(redemption_id: UUID, code: str, share: Share) -> Use:
    """A use that was written just now."""
    return Use(id=redemption_id, code=code, discount_minor=share.total_minor)


def _quote(checkout: Checkout, uses: Mapping[str, Redemption], codes: Sequence[str]) -> Quote:
    """The quote that the checkout was written by."""
    runs = {
        code: {line.line_ref: units.pack(line.units) for line in use.lines.all()}
        for code, use in uses.items()
    }
    return Quote(
        currency=checkout.currency,
        subtotal_minor=checkout.subtotal_minor,
        shipping_minor=checkout.shipping_minor,
        discount_minor=checkout.discount_minor,
        shipping_discount_minor=checkout.shipping_discount_minor,
        lines=tuple(
            line_answer(
                ref=line.ref,
                quantity=line.quantity,
                by_code={
                    code: found[line.ref] for code, found in runs.items() if line.ref in found
                },
            )
            for line in carts.lines_from_json(checkout.cart)
        ),
        codes=tuple(_code_answer(uses[code]) for code in codes),
        cart_digest=checkout.cart_digest,
        at=checkout.decided_at,
    )


def _code_answer(redemption: Redemption) -> CodeAnswer:
    return CodeAnswer(
        code=redemption.code.code,
        promotion_id=redemption.promotion_id,
        discount_minor=_worth(redemption),
        shipping_discount_minor=redemption.shipping_discount_minor,
    )


def _worth(redemption: Redemption) -> int:
    return redemption.discount_minor + redemption.shipping_discount_minor
