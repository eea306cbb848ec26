"""The replay's rounds: some shoppers win a code by ten friends, as pages let them, and spend it.

A round lasts for `PURCHASES` orders. It is planned here and opened and closed by the job; while
orders are still being played it is extended. Its winners are drawn by the seed.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from config.replay import browsers
from config.replay.plan import PlannedOrder
from config.replay.purchases import CURRENCY
from config.replay.shop import Shop
from config.replay.stage import person
from marketplace import clock
from referrals import participations, planning, rounds
from referrals.models import Campaign, Participation, Round

NAME = "CD friends"
PURCHASES = 2_000
WINNERS = 3
FRIENDS = 10
AMOUNT, MIN_ORDER = 600, 2_000  # minor units
LENGTH, LEFT, MORE = timedelta(seconds=25), timedelta(seconds=12), timedelta(seconds=10)
AT_ONCE = 10  # friends at their phones
OLD_ENOUGH = 1.2  # seconds that a friend looks at the page before pressing the button


class Rounds:
    """The rounds of one replay; `codes` are those won in the round that is open, by shopper."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self.shop, self.seed = shop, seed
        self.actor = person("cdnow-ops", "Replay")
        self.codes: dict[str, str] = {}
        self.round: Round | None = None

    def open(self, orders: Sequence[PlannedOrder], *, done: int) -> None:
        """Open a round for these orders, the first `done` of which have been played before.

        Its winners are those who still have an order to spend the code on.
        """
        self.round = self._opened()
        spent = {order.shopper for order in orders[:done] if order.total >= MIN_ORDER}
        winners = [shopper for shopper in self._drawn(orders) if shopper not in spent]
        links = {shopper: self._joined(shopper) for shopper in winners}
        others = sorted({order.shopper for order in orders} - set(winners))
        self._follow(
            [(link, friend) for link in links.values() for friend in self._friends(link, others)]
        )
        won = Participation.objects.filter(token__in=links.values(), code__isnull=False)
        self.codes = {
            row.shopper.ref or "": row.code.code
            for row in won.select_related("shopper", "code")
            if row.code
        }

    def keep_open(self) -> None:
        """Extend the round if it would end while orders are being played."""
        if self.round is not None and self.round.closes_at - clock.now() < LEFT:
            self.round = planning.extend(
                round_id=self.round.pk,
                closes_at=clock.now() + LEFT + MORE,
                actor=self.actor,
                reason="orders are still being played",
            )

    def close(self) -> None:
        """Wait for the round's end and let the job close it; its codes end with it."""
        if self.round is None:
            return
        wait = (self.round.closes_at - clock.now()).total_seconds()
        time.sleep(max(0.0, wait))
        rounds.drive_due(at=clock.now())
        self.round, self.codes = None, {}

    def code_for(self, order: PlannedOrder) -> str | None:
        """The code that the order's shopper won, the first time that an order may use it."""
        if order.total < MIN_ORDER:
            return None
        return self.codes.pop(order.shopper, None)

    def _opened(self) -> Round:
        campaign = Campaign.objects.filter(name=NAME).first()
        if campaign is None:
            campaign = planning.start_series(
                first_opens_at=clock.now(),
                actor=self.actor,
                name=NAME,
                length=LENGTH,
                pause=timedelta(0),
                threshold=FRIENDS,
                amount_minor=AMOUNT,
                min_order_minor=MIN_ORDER,
                currency=CURRENCY,
                timezone="America/New_York",
                is_running=False,  # the next round is planned when its orders come
            )
        rounds.drive_due(at=clock.now())
        now = clock.now()
        found = campaign.rounds.filter(state=Round.State.OPEN, closes_at__gt=now).first()
        if found is None:
            found = planning.plan(
                campaign_id=campaign.pk, opens_at=now, closes_at=now + LENGTH, actor=self.actor
            )
            rounds.drive_due(at=clock.now())
            found.refresh_from_db()
        return found

    def _drawn(self, orders: Sequence[PlannedOrder]) -> list[str]:
        able = sorted({order.shopper for order in orders if order.total >= MIN_ORDER})
        dice = random.Random(f"{self.seed}:{orders[0].ref}")  # noqa: S311 - the same each time
        return dice.sample(able, k=min(WINNERS, len(able)))

    def _joined(self, shopper: str) -> str:
        """The shopper takes part; the token of their link."""
        assert self.round is not None  # noqa: S101 - `open` has set it
        inviter = person(shopper, "")
        joined = participations.join(round_id=self.round.pk, shopper=inviter, at=clock.now())
        return joined.participation.token

    def _friends(self, link: str, others: Sequence[str]) -> list[str]:
        dice = random.Random(link)  # noqa: S311 - which friends they are changes no sum
        return dice.sample(others, k=min(FRIENDS, len(others)))

    def _follow(self, visits: Sequence[tuple[str, str]]) -> None:
        """Each friend signs in, follows the link, looks at the page and presses the button."""

        def follow(visit: tuple[str, str]) -> None:
            link, friend = visit
            browser = browsers.signed_in(self.shop, ref=friend)
            page = browser.open(f"/i/{link}")
            time.sleep(OLD_ENOUGH)
            browser.press(page, f"/i/{link}/accept")

        for start in range(0, len(visits), AT_ONCE):
            self.keep_open()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(follow, visits[start : start + AT_ONCE]))
