"""Plays the purchases in order, in batches: codes at checkout first, then the orders' events.

A batch's events are its last call, all or none. So the batches that are done can be told by asking
the API for their first order, and a replay that was stopped goes on with the first that isn't.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from affiliates import commissions, prepayments, settlement
from config.replay.plan import PlannedOrder, cart, events, gives_back
from config.replay.purchases import CURRENCY
from config.replay.rounds import PURCHASES, Rounds
from config.replay.shop import Answer, Shop, ShopFailed
from config.replay.stage import Codes
from marketplace import clock
from promocodes.models import Checkout
from referrals import rounds

BATCH = 100  # orders; at most four events each, and the API takes 500
DRIVE_EVERY = 5  # batches


@dataclass(frozen=True)
class Sold:
    """An order after its checkout: what the codes took off each line, minor units."""

    order: PlannedOrder
    codes: Sequence[str] = ()
    discounts: Mapping[str, int] = field(default_factory=dict)
    redemption: str = ""


@dataclass
class Replay:
    """One replay of planned orders."""

    shop: Shop
    codes: Codes
    rounds: Rounds
    orders: Sequence[PlannedOrder]
    until: datetime
    threads: int
    refused: Counter[str] = field(default_factory=Counter)

    def run(self, say: Callable[[int], None]) -> None:
        """Play what is missing; `say` hears how many orders are done."""
        done = done_batches(self.shop, self.orders)
        last = len(self.orders)
        say(min(last, done * BATCH))
        for start in range(done * BATCH, last, BATCH):
            if self.rounds.round is None:
                chunk = start - start % PURCHASES
                self.rounds.open(self.orders[chunk : chunk + PURCHASES], done=start - chunk)
            self._play(self.orders[start : start + BATCH])
            end = min(last, start + BATCH)
            if (start // BATCH) % DRIVE_EVERY == 0:
                drive_jobs()
            if end % PURCHASES == 0 or end == last:
                drive_jobs()
                self.rounds.close()
            say(end)
        drive_jobs()

    def _play(self, orders: Sequence[PlannedOrder]) -> None:
        self.rounds.keep_open()
        # What an interrupted try of this batch has redeemed is asked for in the same words.
        known = _redeemed([order.ref for order in orders])
        lanes: dict[str, list[tuple[PlannedOrder, str | None]]] = defaultdict(list)
        for order in orders:
            planned = self._word(order)
            word = known.get(order.ref, planned)
            # Uses of one code follow each other, so that the same ones meet its limit each time.
            lanes[word or order.ref].append((order, word))
        with ThreadPoolExecutor(self.threads) as pool:
            sold = [one for lane in pool.map(self._check_out_lane, lanes.values()) for one in lane]
        told = [event for one in sold for event in self._events(one)]
        # In any order: versions tell what came after what.
        random.Random(orders[0].ref).shuffle(told)  # noqa: S311 - the same each time
        self.shop.done(
            "/orders/events/batch", {"events": told}, key=f"replay events {orders[0].ref}"
        )

    def _word(self, order: PlannedOrder) -> str | None:
        return self.rounds.code_for(order) or self.codes.for_order(order)

    def _events(self, sold: Sold) -> list[dict[str, object]]:
        return events(sold.order, discounts=sold.discounts, codes=sold.codes, until=self.until)

    def _check_out_lane(self, lane: Sequence[tuple[PlannedOrder, str | None]]) -> list[Sold]:
        return [self._check_out(order, word) for order, word in lane]

    def _check_out(self, order: PlannedOrder, word: str | None) -> Sold:
        if word is None:
            return Sold(order)
        answer = self._redeem(order, word)
        if not answer.ok:
            self.refused[_why(answer)] += 1
            return Sold(order)
        quote = answer.body["quote"]
        sold = Sold(
            order=order,
            codes=[word],
            discounts={line["ref"]: line["discount"] for line in quote["lines"]},
            redemption=answer.body["id"],
        )
        self._give_back(sold)
        return sold

    def _redeem(self, order: PlannedOrder, word: str) -> Answer:
        """The code used on the order: at once, or by a reservation first."""
        wanted: dict[str, Any] = {
            "currency": CURRENCY,
            "shopper": {"ref": order.shopper},
            "lines": cart(order),
            "codes": [word],
        }
        if order.reserves:
            held = self.shop.post("/reservations", wanted, key=f"replay hold {order.ref} {word}")
            if not held.ok:
                return held
            body = {"order_ref": order.ref, "reservation": held.body["id"]}
            answer = self.shop.post("/redemptions", body, key=f"replay take {order.ref} {word}")
            if answer.ok:
                return answer
        return self.shop.post(
            "/redemptions",
            {"order_ref": order.ref} | wanted,
            key=f"replay redeem {order.ref} {word}",
        )

    def _give_back(self, sold: Sold) -> None:
        cause = gives_back(sold.order, until=self.until)
        if cause is None:
            return
        body: dict[str, Any] = {"reversal_ref": f"{sold.order.ref}-back", "cause": cause}
        if sold.order.returned:
            body["lines"] = [
                {"ref": ref, "quantity": quantity} for ref, quantity in sold.order.returned
            ]
        self.shop.done(
            f"/redemptions/{sold.redemption}/reversals",
            body,
            key=f"replay back {sold.order.ref}",
        )


def done_batches(shop: Shop, orders: Sequence[PlannedOrder]) -> int:
    """How many batches the API knows already; they were sent one after another."""
    low, high = 0, -(-len(orders) // BATCH)
    while low < high:
        middle = (low + high) // 2
        if is_known(shop, orders[middle * BATCH].ref) is not None:
            low = middle + 1
        else:
            high = middle
    return low


def is_known(shop: Shop, order_ref: str) -> dict[str, Any] | None:
    """The order as the API knows it, or None."""
    answer = shop.get(f"/orders/{order_ref}")
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if not answer.ok:
        raise ShopFailed(f"GET /orders/{order_ref}: {answer.status} {answer.code}")
    return answer.body


def drive_jobs() -> None:
    """What the worker does within seconds; doing it here too changes nothing."""
    rounds.drive_due(at=clock.now())
    commissions.derive_due()
    prepayments.use_due()
    settlement.release_due()


def _redeemed(order_refs: Sequence[str]) -> dict[str, str]:
    """The code that each of these orders has used already."""
    rows = Checkout.objects.filter(order_ref__in=order_refs, store=None)
    return {ref: kept["codes"][0] for ref, kept in rows.values_list("order_ref", "cart") if ref}


def _why(answer: Answer) -> str:
    """The reason of a refusal: the code's own where there is one."""
    for code in answer.body.get("quote", {}).get("codes", []):
        if code.get("reason"):
            return str(code["reason"]["code"])
    return answer.code
