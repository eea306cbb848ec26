"""How often a client may call: by key, by address, for each process by itself."""

import http.client
import json
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from time import monotonic
from urllib.parse import urlsplit

import pytest

from marketplace import keys
from marketplace.api import rates
from marketplace.api.rates import Bucket
from marketplace.models import ApiKey
from tests.api import Api
from tests.factories.marketplace import make_client
from tests.programs import Program, granian


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so."""

    class Clock:
        now = 1_000.0

    monkeypatch.setattr(rates, "monotonic", lambda: Clock.now)
    return Clock


def few(settings, *, per_second: float = 1, burst: int = 3) -> None:
    settings.API_CALLS_PER_SECOND, settings.API_BURST = per_second, burst


class TestABucket:
    def test_holds_a_burst_and_fills_at_its_rate(self, clock):
        bucket = Bucket("x", per_second=2, burst=3)
        assert [bucket.draw() for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
        clock.now += 0.25
        assert bucket.draw() == 0.25
        clock.now += 0.25
        assert [bucket.draw(), bucket.draw()] == [0, 0.5]

    def test_holds_no_more_after_a_long_rest(self, clock):
        bucket = Bucket("x", per_second=2, burst=3)
        clock.now += 1_000
        assert [bucket.draw() for _ in range(4)] == [0, 0, 0, 0.5]

    def test_without_a_rate_it_never_ends(self, clock):
        bucket = Bucket("x", per_second=0, burst=0)
        assert sum(bucket.draw() for _ in range(1_000)) == 0

    def test_another_rate_holds_from_now_on(self, clock):
        bucket = Bucket("x", per_second=1, burst=1)
        assert [bucket.draw(), bucket.draw()] == [0, 1]
        bucket.fill_at(per_second=10, burst=20)
        assert bucket.draw() == pytest.approx(0.1)
        clock.now += 1
        assert [bucket.draw() for _ in range(11)][-2:] == [0, pytest.approx(0.1)]
        bucket.fill_at(per_second=0, burst=0)
        assert bucket.draw() == 0


@pytest.mark.django_db
class TestAKey:
    def test_more_calls_than_its_bucket_holds_are_refused(self, api, clock, settings):
        few(settings, per_second=0.4, burst=3)
        assert [api.get("/products").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = api.post("/quotes", {})
        assert refused["Content-Type"] == "application/problem+json"
        assert refused["Retry-After"] == str(math.ceil(1 / 0.4))
        body = refused.json()
        assert (body["status"], body["code"]) == (429, "throttled")
        assert "Retry-After" in body["detail"]
        clock.now += 2.5
        assert [api.get("/products").status_code for _ in range(2)] == [200, 429]

    def test_a_second_is_the_least_to_wait(self, api, clock, settings):
        few(settings, per_second=1_000, burst=1)
        assert api.get("/products").status_code == 200
        assert api.get("/products")["Retry-After"] == "1"

    def test_a_refused_call_asks_nothing_of_the_database(
        self, api, clock, settings, django_assert_num_queries
    ):
        few(settings)
        for _ in range(3):
            api.get("/products")
        with django_assert_num_queries(0):
            assert api.get("/products").status_code == 429

    def test_the_others_go_on(self, api, clock, settings):
        few(settings)
        _, secret = make_client()
        assert [api.get("/products").status_code for _ in range(5)][-1] == 429
        assert [Api(secret).get("/products").status_code for _ in range(3)] == [200] * 3

    def test_each_key_of_a_client_has_its_own(self, clock, settings):
        few(settings)
        client, first = make_client()
        _, second = keys.create(client=client, actor="a test")
        assert [Api(first).get("/products").status_code for _ in range(4)][-1] == 429
        assert Api(second).get("/products").status_code == 200

    def test_its_addresses_share_one(self, client, clock, settings):
        few(settings)
        headers = {"Authorization": f"Bearer {make_client()[1]}"}

        def status(address: str) -> int:
            return client.get("/api/v1/products", headers=headers, REMOTE_ADDR=address).status_code

        told = [status(f"203.0.113.{n % 2}") for n in range(5)]
        assert told == [200, 200, 200, 429, 429]
        assert status("203.0.113.9") == 429

    def test_who_may_not_come_from_there_draws_nothing(self, client, clock, settings):
        few(settings)
        _, secret = make_client(addresses=("203.0.113.7",))
        headers = {"Authorization": f"Bearer {secret}"}

        def status(address: str) -> int:
            return client.get("/api/v1/products", headers=headers, REMOTE_ADDR=address).status_code

        assert status("203.0.113.7") == 200
        assert {status("203.0.113.8") for _ in range(20)} == {401}
        assert [status("203.0.113.7") for _ in range(3)] == [200, 200, 429]

    def test_a_rate_of_its_own_goes_before_the_settings(self, clock, settings):
        few(settings, per_second=200, burst=400)
        client, secret = make_client()
        key = client.keys.get()
        keys.change_rate(key=key, calls_per_second=2, actor="a test")
        api = Api(secret)
        assert [api.get("/products").status_code for _ in range(5)] == [200] * 4 + [429]
        keys.change_rate(key=key, calls_per_second=None, actor="a test")
        clock.now += 1
        assert api.get("/products").status_code == 200  # from the next call that is let in
        clock.now += 1
        assert {api.get("/products").status_code for _ in range(100)} == {200}

    def test_zero_asks_nothing_but_of_keys_with_a_rate(self, api, clock, settings):
        few(settings, per_second=0, burst=0)
        assert {api.get("/products").status_code for _ in range(30)} == {200}
        client, secret = make_client()
        keys.change_rate(key=client.keys.get(), calls_per_second=1, actor="a test")
        assert [Api(secret).get("/products").status_code for _ in range(3)][-1] == 429

    def test_a_revoked_key_is_refused_as_such(self, clock, settings):
        few(settings)
        client, secret = make_client()
        assert Api(secret).get("/products").status_code == 200
        keys.revoke(key=client.keys.get(), actor="a test", reason="lost")
        assert {Api(secret).get("/products").status_code for _ in range(20)} == {401}

    def test_what_is_no_call_of_ours_counts_too(self, api, clock, settings):
        few(settings)
        assert [api.get("/nothing").status_code for _ in range(4)] == [404] * 3 + [429]

    def test_the_log_tells_it_once_a_minute(self, api, clock, settings, caplog):
        few(settings, burst=1)
        for seconds in (0.0, 0.1, 0.1, 60.0):
            clock.now += seconds
            for _ in range(10):
                api.get("/products")
        assert {record.levelname for record in caplog.records} == {"WARNING"}
        told = [record.getMessage() for record in caplog.records]
        assert (
            told == [f"Too many calls of 'the shop', key {ApiKey.objects.get().pk}: refused."] * 2
        )

    def test_a_refused_call_does_not_use_its_idempotency_key_up(self, api, clock, settings):
        few(settings, burst=1)
        body = {"shopper": {"ref": "u1"}}
        api.get("/products")
        assert api.post("/sessions", body, key="k").status_code == 429
        clock.now += 1
        assert api.post("/sessions", body, key="k").status_code == 201


@pytest.mark.django_db
class TestAStranger:
    @pytest.fixture(autouse=True)
    def _strict(self, clock, settings):
        settings.API_WRONG_KEYS_PER_SECOND = 0.5  # five at once

    def call(self, client, secret: str | None, address: str = "203.0.113.7"):
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return client.get("/api/v1/products", headers=headers, REMOTE_ADDR=address)

    def test_wrong_keys_are_refused_unread_after_some(self, client, django_assert_num_queries):
        told = [self.call(client, f"sk_{n}").status_code for n in range(6)]
        assert told == [401] * 5 + [429]
        with django_assert_num_queries(0):
            refused = self.call(client, "sk_another")
        assert (refused.status_code, refused["Retry-After"]) == (429, "2")
        assert refused.json()["code"] == "throttled"
        assert self.call(client, "sk_another", "203.0.113.8").status_code == 401

    def test_calls_without_a_key_count_the_same(self, client):
        assert [self.call(client, None).status_code for _ in range(6)] == [401] * 5 + [429]
        assert self.call(client, "sk_wrong").status_code == 429

    def test_a_right_key_behind_the_same_address_goes_on(self, client):
        _, known = make_client()
        _, unseen = make_client()
        assert self.call(client, known).status_code == 200
        for number in range(50):
            self.call(client, f"sk_{number}")
        assert self.call(client, "sk_wrong").status_code == 429
        assert {self.call(client, known).status_code for _ in range(20)} == {200}
        # Never seen by this process, in the midst of the guesses.
        assert self.call(client, unseen).status_code == 200

    def test_a_key_made_meanwhile_is_known_within_a_second(self, client, clock):
        for number in range(6):
            self.call(client, f"sk_{number}")
        _, secret = make_client()
        assert self.call(client, secret).status_code == 429
        clock.now += 1.1
        assert self.call(client, secret).status_code == 200

    def test_a_right_key_from_a_wrong_address_is_as_wrong(self, client, django_assert_num_queries):
        _, secret = make_client(addresses=("198.51.100.0/24",))
        assert [self.call(client, secret).status_code for _ in range(6)] == [401] * 5 + [429]
        with django_assert_num_queries(0):
            assert self.call(client, secret).status_code == 429
        assert self.call(client, secret, "198.51.100.1").status_code == 200

    def test_a_net_of_ipv6_is_one_place(self, client):
        numbers = count(1)

        def status(net: str) -> int:
            return self.call(client, "sk_wrong", f"{net}::{next(numbers):x}").status_code

        assert [status("2001:db8:0:1") for _ in range(6)] == [401] * 5 + [429]
        assert status("2001:db8:0:2") == 401

    def test_an_address_of_ipv4_in_ipv6_is_itself(self):
        assert rates._network("::ffff:192.0.2.7") == rates._network("192.0.2.7")
        assert rates._network("::ffff:192.0.2.7") != rates._network("::ffff:192.0.2.8")

    @pytest.mark.parametrize("address", ["", "x", "::x", "fe80::1%eth0"])
    def test_an_address_that_is_none_breaks_nothing(self, client, address):
        told = [self.call(client, "sk_wrong", address).status_code for _ in range(6)]
        assert told == [401] * 5 + [429]

    def test_memory_has_an_end(self, client, monkeypatch):
        for known in (rates._strangers, rates._let_in, rates._keys):
            monkeypatch.setattr(known, "most", 10)
        for number in range(30):
            self.call(client, "sk_wrong", f"203.0.113.{number}")
            self.call(client, make_client()[1], f"203.0.113.{number}")
        sizes = [len(known) for known in (rates._strangers, rates._let_in, rates._keys)]
        assert sizes == [10, 10, 10]


class Line:
    """One connection to the server with one key; it stays open."""

    def __init__(self, server: Program, secret: str) -> None:
        self._line = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {secret}"}

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def get(self) -> tuple[int, str | None, str | None]:
        self._line.request("GET", "/api/v1/products", headers=self._headers)
        answer = self._line.getresponse()
        body = json.loads(answer.read())
        return answer.status, body.get("code"), answer.headers["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_one_key_floods_and_the_others_go_on(tmp_path):
    """Over HTTP: 300 calls of one key, against a limit of 1 a second and 20 at once."""
    _, hostile = make_client()
    _, shop = make_client()
    limits = {"API_CALLS_PER_SECOND": "1", "API_BURST": "20"}
    with granian(tmp_path, **limits) as server, ThreadPoolExecutor(6) as threads:

        def flood(_: int):
            with Line(server, hostile) as line:
                return [line.get() for _ in range(60)]

        began = monotonic()
        floods = [threads.submit(flood, number) for number in range(5)]
        with Line(server, shop) as line:
            answers = [line.get()[0] for _ in range(20)]
        told = Counter(answer for one in floods for answer in one.result())
        seconds = monotonic() - began
    assert answers == [200] * 20
    passed = told.pop((200, None, None))
    assert 20 <= passed <= 20 + seconds
    assert told == {(429, "throttled", "1"): 300 - passed}
