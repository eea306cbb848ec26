"""`manage.py replay FILE`: play the marketplace on real purchases, through the REST API."""

import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.replay import play, purchases, stage, table
from config.replay.plan import order_ref, planned
from config.replay.purchases import BadPurchases, Purchase
from config.replay.rounds import Rounds
from config.replay.server import own_server
from config.replay.shop import Shop, ShopFailed
from marketplace import keys
from marketplace.invariants import find_all
from marketplace.models import ApiClient

CLIENT = "Replay"
BAR = 30  # characters


class Command(BaseCommand):
    """Play the purchases; stopped anywhere, it goes on where it was."""

    help = (
        "Play the marketplace on a purchase history (customer,date,units,amount_minor) through the"
        " REST API: stores, codes, rounds, orders, returns. Run again, it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and how much of it, against which server, by which seed."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--limit", type=int, help="only the first purchases")
        parser.add_argument("--base-url", help="a server that runs on this database")
        parser.add_argument("--key", help="an API key with every scope (sk_…)")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--threads", type=int, default=4, help="calls at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play, sum up, prove."""
        threads = options["threads"]
        given = options["base_url"]
        server = nullcontext(given) if given else own_server(workers=2, threads=threads)
        try:
            bought = purchases.read(options["file"], limit=options["limit"])
            last_day = purchases.last_day(options["file"])
            with (
                server as url,
                self._key(options["key"]) as key,
                Shop(url.rstrip("/"), key) as shop,
            ):
                self._play(shop, bought, last_day, options["seed"], threads)
        except (BadPurchases, ShopFailed, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            again = "Stopped. Run it again: it goes on where it was."
            raise CommandError(again, returncode=128 + signal.SIGINT) from None
        self._prove()

    def _play(
        self, shop: Shop, bought: list[Purchase], last_day: date, seed: int, threads: int
    ) -> None:
        self.stderr.write("Stores, goods, promo codes, influencers …")
        codes = stage.set_up(shop)
        shift = self._shift(shop, bought[0], last_day, seed)
        until = datetime.combine(last_day + shift, day_time(), tzinfo=UTC) + timedelta(days=1)
        replay = play.Replay(
            shop=shop,
            codes=codes,
            rounds=Rounds(shop, seed=seed),
            orders=[planned(purchase, seed=seed, shift=shift) for purchase in bought],
            until=until,
            threads=threads,
        )
        replay.run(Progress(len(bought), self.stderr))
        for line in table.lines(prefix=f"cdnow-{seed}-", refused=replay.refused):
            self.stdout.write(line)

    @staticmethod
    def _shift(shop: Shop, first: Purchase, last_day: date, seed: int) -> timedelta:
        """From the history's days to ours: the last purchase was made yesterday.

        A replay that goes on takes it from the first order that it sent.
        """
        known = play.is_known(shop, order_ref(seed=seed, row=first.row))
        if known is None:
            return datetime.now(UTC).date() - timedelta(days=1) - last_day
        return datetime.fromisoformat(known["placed_at"]).date() - first.on

    @staticmethod
    @contextmanager
    def _key(given: str | None) -> Iterator[str]:
        """The key that was given, or one of our own client that ends with the replay."""
        if given:
            yield given
            return
        client, _ = ApiClient.objects.get_or_create(
            name=CLIENT, defaults={"scopes": list(ApiClient.Scope.values)}
        )
        for old in client.keys.filter(revoked_at=None):  # of a replay that was killed
            keys.revoke(key=old, actor="replay", reason="its replay was stopped")
        key, secret = keys.create(client=client, actor="replay")
        try:
            yield secret
        finally:
            keys.revoke(key=key, actor="replay", reason="the replay is over")

    def _prove(self) -> None:
        """Run every invariant. CommandError when one is broken."""
        broken = 0
        for app, invariant in find_all():
            rows = invariant.broken()
            broken += bool(rows)
            if rows:
                self.stderr.write(f"BROKEN {app}: {invariant.name}\n  {rows}\n  {invariant.why}")
        if broken:
            raise CommandError(f"{broken} invariants are broken.")
        self.stdout.write("\nAll invariants hold.")


class Progress:
    """A bar on the terminal; elsewhere a line now and then."""

    def __init__(self, whole: int, stream: Any) -> None:
        self.whole, self.stream = whole, stream
        self.began, self.first, self.told = time.monotonic(), -1, -1

    def __call__(self, done: int) -> None:
        """Say how far it is."""
        self.first = done if self.first < 0 else self.first
        speed = (done - self.first) / max(0.001, time.monotonic() - self.began)
        left = (self.whole - done) / speed if speed else 0
        filled = BAR * done // self.whole
        text = f"[{'#' * filled}{'.' * (BAR - filled)}] {done:,} of {self.whole:,} orders"
        if speed:
            text += f", {speed:.0f}/s, {left / 60:.0f} min left"
        if sys.stderr.isatty():
            self.stream.write(f"\r{text:<78}", ending="\n" if done == self.whole else "")
        elif done == self.whole or done * 20 // self.whole > self.told:
            self.told = done * 20 // self.whole
            self.stream.write(text)
