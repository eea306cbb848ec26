"""The checkout while a server falls, is away, or stands still: acknowledged is kept, nothing twice.

trust.md, Faults: PostgreSQL crashing during redemptions, Valkey away, a slow database.
"""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import Error as DatabaseError

from config import processes
from promocodes.models import Checkout, MissCount, Promotion, PromotionCounter, Redemption
from promocodes.terms import Limits
from promocodes.throttling import PER_SHOPPER
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_promotion
from tests.programs import Program, granian
from tests.promocodes.test_http_races import Shop, cart, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CLIENTS, CRASHES = 8, 3


@pytest.fixture
def promotion(transactional_db) -> Promotion:
    limits = Limits(total=1_000_000)
    return make_promotion(store=make_store(ref="s1"), code="TEN", limits=limits)


@pytest.fixture
def secret(transactional_db) -> str:
    return make_client(name="the shop")[1]


@pytest.fixture(autouse=True)
def _honest(transactional_db) -> Iterator[None]:
    yield
    call_command("verify_invariants", verbosity=0)


def test_postgres_crashes_during_redemptions(
    secret: str, promotion: Promotion, granian_server: Program
) -> None:
    """Who had no answer sends the same key again, and has one redemption of each order."""
    postmaster = _postmaster()
    shop, heard, over = Shop(granian_server, secret), Counter[int](), threading.Event()

    def buy(client: int) -> list[str]:
        orders = 0
        ids = []
        while not over.is_set():
            orders += 1
            ids.append(_until_heard(shop, f"c{client}-o{orders}", heard))
        return ids

    with ThreadPoolExecutor(CLIENTS) as pool:
        buying = [pool.submit(buy, client) for client in range(CLIENTS)]
        for _ in range(CRASHES):
            time.sleep(1)
            os.kill(postmaster, signal.SIGQUIT)
            postmaster = _postmaster(other_than=postmaster)
        time.sleep(1)
        over.set()
        acknowledged = [each for one in buying for each in one.result()]

    assert set(heard) <= {200, 201, 503}, heard
    assert heard[201] + heard[200] == len(set(acknowledged)) == len(acknowledged) > CLIENTS
    kept = {
        str(pk) for pk in Checkout.objects.filter(state="redeemed").values_list("pk", flat=True)
    }
    assert kept == set(acknowledged)
    assert Redemption.objects.filter(promotion=promotion).count() == len(acknowledged)
    counters = PromotionCounter.objects.filter(promotion=promotion)
    assert sum(counter.taken for counter in counters) == len(acknowledged)


def test_valkey_is_away(secret: str, promotion: Promotion, tmp_path: Path) -> None:
    """The checkout asks it nothing; guesses are counted all the same."""
    nobody = f"redis://{processes.LOOPBACK}:{processes.free_port()}/0"
    with granian(tmp_path, REDIS_URL=nobody) as program:
        shop = Shop(program, secret)
        assert shop.post("/quotes", cart())[1]["discount"] == 100
        _, held = shop.post("/reservations", cart())
        by_hold = {"order_ref": "o1", "reservation": held["id"]}
        assert shop.post("/redemptions", by_hold, key="k1")[0] == 201
        assert shop.post("/redemptions", by_hold, key="k1")[0] == 201
        status, used = shop.post("/redemptions", cart(order_ref="o2"))
        assert status == 201
        all_back = {"reversal_ref": "r1", "cause": "cancelled"}
        assert shop.post(f"/redemptions/{used['id']}/reversals", all_back)[0] == 201
        guesses = cart(codes=["GUESS"], shopper={"ref": "mallory"})
        said = [
            shop.post("/quotes", guesses)[1]["codes"][0]["reason"]["code"]
            for _ in range(PER_SHOPPER + 2)
        ]
    assert said == ["code_not_found"] * PER_SHOPPER + ["throttled"] * 2
    assert MissCount.objects.exists()


def test_one_that_stands_still_does_not_stop_the_others(
    secret: str, promotion: Promotion, tmp_path: Path
) -> None:
    """Who meets a lock that is not let go is told to come again; then all is as if nothing was."""
    make_promotion(store=promotion.store, code="FREE")
    calls = [("/redemptions", cart(order_ref=f"o{n}"), f"k{n}") for n in range(24)]
    with granian(tmp_path, DB_LOCK_TIMEOUT="1") as program:
        shop = Shop(program, secret)
        with transaction.atomic():
            assert list(PromotionCounter.objects.select_for_update().filter(promotion=promotion))
            began = time.monotonic()
            answers = shop.at_once(calls)
            assert told(answers) == {(503, "unavailable"): len(calls)}
            assert time.monotonic() - began < 20
            free = cart(codes=["FREE"])
            others = [("/redemptions", free | {"order_ref": f"f{n}"}, None) for n in range(8)]
            assert told(shop.at_once(others)) == {(201, None): 8}
        assert told(shop.at_once(calls)) == {(201, None): len(calls)}
    assert sum(row.taken for row in promotion.counters.all()) == len(calls)


def _until_heard(shop: Shop, order_ref: str, heard: Counter[int]) -> str:
    """Send it until it is answered, always with the same key: the id of the redemption."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            status, body = shop.post("/redemptions", cart(order_ref=order_ref), key=order_ref)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            continue
        heard[status] += 1
        if status in {200, 201}:
            return str(body["id"])
        assert status == 503, body
        time.sleep(0.05)
    raise AssertionError(f"{order_ref} was not answered: {heard}")


def _postmaster(*, other_than: int = 0) -> int:
    """The pid of this test's own PostgreSQL, which its keeper starts again; skips if there's none.

    `other_than`: wait until that one is followed.
    """
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            connection.close()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
                )
                pid = _parent(cursor.fetchone()[0])
        except (DatabaseError, OSError, TypeError):
            time.sleep(0.1)
            continue
        if pid != other_than:
            if "config.embedded" not in Path(f"/proc/{_parent(pid)}/cmdline").read_text():
                pytest.skip("PostgreSQL is not ours to crash")
            return pid
        time.sleep(0.1)
    raise AssertionError("PostgreSQL did not come back")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
