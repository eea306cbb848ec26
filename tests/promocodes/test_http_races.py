"""Forty clients at once over HTTP against a real server: what the shop would see."""

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from promocodes.invariants import INVARIANTS
from promocodes.models import Checkout, PromotionCounter, Redemption
from promocodes.terms import Limits
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_promotion
from tests.programs import Program

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 40


class Shop:
    """Calls the running server with a real key."""

    def __init__(self, server: Program, secret: str) -> None:
        self.host = urlsplit(server.url).netloc
        self.secret = secret

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, json.loads(raw)

    def at_once(self, calls: list[tuple[str, dict[str, Any], str | None]]) -> list[Any]:
        gate = threading.Barrier(len(calls))

        def send(call: tuple[str, dict[str, Any], str | None]):
            gate.wait(timeout=30)
            return self.post(call[0], call[1], key=call[2])

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(send, calls))


@pytest.fixture
def shop(granian_server: Program) -> Shop:
    _, secret = make_client(name="the shop")
    return Shop(granian_server, secret)


@pytest.fixture(autouse=True)
def _honest(transactional_db: None):
    yield
    assert {found.name: found.broken() for found in INVARIANTS if found.broken()} == {}


def cart(**fields: Any) -> dict[str, Any]:
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 1}
    return {"currency": "RUB", "lines": [line], "codes": ["TEN"]} | fields


def told(answers: list[Any]) -> Counter[tuple[int, str | None]]:
    return Counter((status, body.get("code")) for status, body in answers)


def test_forty_at_once_on_a_limit_of_ten(shop: Shop) -> None:
    store = make_store(ref="s1")
    promotion = make_promotion(store=store, code="TEN", limits=Limits(total=10))
    answers = shop.at_once(
        [("/redemptions", cart(order_ref=f"o{n}"), f"key{n}") for n in range(MANY)]
    )
    assert told(answers) == {(201, None): 10, (409, "code_refused"): 30}
    reasons = {
        body["quote"]["codes"][0]["reason"]["code"] for status, body in answers if status == 409
    }
    assert reasons == {"total_limit_reached"}
    assert Redemption.objects.count() == 10
    assert PromotionCounter.objects.get(promotion=promotion).taken == 10


def test_one_key_forty_times_is_one_effect(shop: Shop) -> None:
    store = make_store(ref="s1")
    make_promotion(store=store, code="TEN", limits=Limits(total=100))
    call = ("/reservations", cart(), "one-key")
    answers = shop.at_once([call] * MANY)
    assert set(told(answers)) <= {(201, None), (409, "in_progress")}
    assert len({body["id"] for status, body in answers if status == 201}) == 1
    status, body = shop.post(*call[:2], key="one-key")
    assert status == 201
    assert Checkout.objects.get().pk.hex == body["id"].replace("-", "")


def test_one_order_forty_times_is_one_redemption(shop: Shop) -> None:
    store = make_store(ref="s1")
    make_promotion(store=store, code="TEN", limits=Limits(total=1, per_person=1))
    call = cart(order_ref="o1", shopper={"ref": "u1"})
    answers = shop.at_once([("/redemptions", call, f"key{n}") for n in range(MANY)])
    assert told(answers) == {(201, None): 1, (200, None): MANY - 1}
    assert len({json.dumps(body, sort_keys=True) for _, body in answers}) == 1
    assert Redemption.objects.count() == 1
