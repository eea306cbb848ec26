"""The demo's orders of the last three months: bought with codes, delivered, some returned.

A fixed seed decides everything, so loading the demo once more sends the same orders again and the
verbs recognise each of them.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.demo.goods import CURRENCY, SHOPS, Shop, Thing
from marketplace import orders
from marketplace.folding import Event
from marketplace.models import ApiClient
from promocodes import redemptions, reversals
from promocodes.cart import Cart, Line, Shopper
from promocodes.models import Checkout, Redemption
from promocodes.quoting import CodeRefused
from promocodes.receipts import Receipt
from promocodes.throttling import Source

SEED = 13
DAYS = 88
SHOPPERS = 24
BATCH = 100


@dataclass(frozen=True)
class Sale:
    """One order; `ago` is how long before the demo's day it was placed."""

    number: int
    shop: Shop
    shopper: str
    lines: tuple[Line, ...]
    code: str | None
    ago: timedelta
    returns: int  # units of the first line that came back

    @property
    def ref(self) -> str:
        """The order's number on the marketplace."""
        return f"demo-{self.number:04d}"


def planned(words: Mapping[str, Sequence[str]]) -> list[Sale]:
    """All orders, oldest first; `words` are the codes that people type at each shop."""
    dice = random.Random(SEED)  # noqa: S311 - the same each time is the point
    spans = sorted((dice.uniform(0.2, DAYS) for _ in range(96)), reverse=True)
    return [_sale(number, ago, words, dice) for number, ago in enumerate(spans, start=1)]


def bought(*, number: int, shopper: str, code: str, ago: timedelta) -> Sale:
    """One order of a shopper who matters to the story: the first thing of the first shop."""
    line = _line("1", SHOPS[0], SHOPS[0].goods[4], quantity=1)
    return Sale(number, SHOPS[0], shopper, (line,), code, ago, 0)


def play(sales: Sequence[Sale], *, client: ApiClient, at: datetime) -> None:
    """Redeem the codes and report the orders, in parts of `BATCH` events."""
    waiting: list[Event] = []
    for sale in sales:
        receipt = _redeem(sale, client)
        if receipt is not None:
            _date_back(receipt, at - sale.ago)
        waiting += _events(sale, receipt, client, at)
        if receipt is not None and sale.returns and _returned_at(sale, at) < at:
            reversals.reverse(
                checkout_id=receipt.id,
                reversal_ref=f"{sale.ref}-return",
                cause="refunded",
                source=Source(client_id=client.pk),
                quantities={sale.lines[0].ref: sale.returns},
            )
    for start in range(0, len(waiting), BATCH):
        orders.record_batch(client=client, events=waiting[start : start + BATCH])


def _sale(number: int, ago: float, words: Mapping[str, Sequence[str]], dice: random.Random) -> Sale:
    shop = dice.choices(SHOPS, weights=(38, 18, 20, 12, 12))[0]
    chosen = dice.sample(shop.goods, k=dice.choices((1, 2, 3), weights=(55, 30, 15))[0])
    lines = tuple(
        _line(str(place), shop, thing, quantity=dice.choice((1, 1, 1, 2)))
        for place, thing in enumerate(chosen, start=1)
    )
    known = words.get(shop.ref, ())
    return Sale(
        number=number,
        shop=shop,
        shopper=f"demo-shopper-{dice.randrange(SHOPPERS)}",
        lines=lines,
        code=dice.choice(known) if known and dice.random() < 0.78 else None,
        ago=timedelta(days=ago),
        returns=1 if dice.random() < 0.12 else 0,
    )


def _line(ref: str, shop: Shop, thing: Thing, *, quantity: int) -> Line:
    return Line(
        ref=ref,
        product=thing.ref,
        store=shop.ref,
        category=thing.category,
        unit_price_minor=thing.roubles * 100,
        quantity=quantity,
    )


def _redeem(sale: Sale, client: ApiClient) -> Receipt | None:
    """Use the code; None without one, or when it is refused and the shopper pays in full."""
    if sale.code is None:
        return None
    cart = Cart(
        currency=CURRENCY,
        lines=sale.lines,
        codes=(sale.code,),
        shopper=Shopper(ref=sale.shopper),
    )
    source = Source(client_id=client.pk)
    try:
        receipt, _ = redemptions.redeem(
            order_ref=sale.ref, cart=cart, source=source, client_id=client.pk
        )
    except CodeRefused:
        return None
    return receipt


def _date_back(receipt: Receipt, at: datetime) -> None:
    """Show the use on the day of its order: the verbs know no clock but the database's, and three
    months of sales in one bar make no chart."""
    Checkout.objects.filter(pk=receipt.id).update(redeemed_at=at)
    Redemption.objects.filter(checkout=receipt.id).update(redeemed_at=at)


def _events(
    sale: Sale, receipt: Receipt | None, client: ApiClient, at: datetime
) -> Iterator[Event]:
    discounts = {line.ref: line.discount_minor for line in receipt.quote.lines} if receipt else {}
    facts: dict[str, Any] = {
        "currency": CURRENCY,
        "shopper": {"ref": sale.shopper},
        "lines": [_told(line, discounts.get(line.ref, 0)) for line in sale.lines],
        "shipping": 29_900,
        "codes": [sale.code] if receipt and sale.code else [],
    }
    placed = at - sale.ago
    returned = {"ref": f"{sale.ref}-r", "lines": [{"ref": "1", "quantity": sale.returns}]}
    story: list[tuple[str, datetime, dict[str, Any]]] = [
        ("placed", placed, facts),
        ("paid", placed + timedelta(minutes=7), {}),
        ("delivered", _delivered_at(sale, at), {}),
    ]
    if sale.returns:
        story.append(("refunded", _returned_at(sale, at), {"refund": returned}))
    for version, (kind, when, told) in enumerate(story, start=1):
        if when < at:
            yield Event(
                client_id=client.pk,
                order_ref=sale.ref,
                event_id=f"{sale.ref}-{kind}",
                version=version,
                type=kind,
                occurred_at=when,
                facts=told,
            )


def _delivered_at(sale: Sale, at: datetime) -> datetime:
    return at - sale.ago + timedelta(days=2 + sale.number % 4)


def _returned_at(sale: Sale, at: datetime) -> datetime:
    return _delivered_at(sale, at) + timedelta(days=3 + sale.number % 15)


def _told(line: Line, discount_minor: int) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "product": line.product,
        "store": line.store,
        "category": line.category,
        "unit_price": line.unit_price_minor,
        "quantity": line.quantity,
        "discount": discount_minor,
    }
