"""Problems are for programmers: in English, whatever language was asked for."""

import json

import pytest
from django.test import Client

from tests.api import Api
from tests.factories.marketplace import make_client, make_store

pytestmark = pytest.mark.django_db
UNKNOWN = "0190d5a0-0000-7000-8000-000000000000"
SUMMER = {"name": "Summer", "store": "s1", "currency": "RUB"}
FIXED = {"type": "fixed", "percent": "5"}

CALLS = [
    ("OPTIONS", "/promotions", None),
    ("OPTIONS", "/quotes", None),
    ("DELETE", "/promotions", None),
    ("PUT", "/quotes", {}),
    ("TRACE", "/products", None),
    ("GET", f"/promotions/{UNKNOWN}", None),
    ("GET", "/promotions?state=nosuch", None),
    ("GET", "/nosuch", None),
    ("OPTIONS", "/nosuch", None),
    ("POST", "/quotes", {"lines": []}),
    ("POST", "/promotions", SUMMER | {"discount": FIXED}),
    ("POST", "/promotions", SUMMER | {"discount": FIXED, "limits": {"per_person": 1001}}),
    ("POST", "/promotions", SUMMER | {"discount": {"type": "free_shipping"}, "kind": "platform"}),
    ("POST", "/promotions", SUMMER | {"discount": {"type": "percent", "percent": "101"}}),
    ("POST", "/promotions", SUMMER | {"name": "", "discount": {"type": "free_shipping"}}),
    ("POST", f"/promotions/{UNKNOWN}/approve", {}),
    ("PUT", "/stores/s9", {"name": "S", "currency": "ROUBLE", "country": "XX"}),
    ("POST", "/redemptions", {"order_ref": "o", "reservation": "nosuch"}),
]


def answers(call: tuple, secret: str | None) -> list:
    method, path, body = call
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return [
        Client().generic(
            method,
            f"/api/v1{path}",
            "" if body is None else json.dumps(body),
            "application/json",
            headers=headers | {"Accept-Language": language},
        )
        for language in ("en", "ru", "zh-Hans")
    ]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
@pytest.mark.parametrize("key", ["", "sk_wrong", "right"])
def test_a_problem_is_in_english(call: tuple, key: str) -> None:
    make_store(ref="s1")
    secret = make_client(name="the shop")[1] if key == "right" else key
    english, *others = answers(call, secret)
    assert english.status_code >= 400
    assert english.content.isascii()
    for other in others:
        assert (other.status_code, other.content) == (english.status_code, english.content)
        assert other["Content-Language"] == "en"
        assert other.get("WWW-Authenticate") == english.get("WWW-Authenticate")


def test_what_people_read_is_in_the_language_that_was_asked_for(api: Api) -> None:
    line = {"ref": "1", "store": "s1", "unit_price": 500, "quantity": 1}
    cart = {"currency": "RUB", "lines": [line], "codes": ["NOSUCH"]}
    found = api.post("/quotes", cart, **{"Accept-Language": "ru"}).json()
    assert not found["codes"][0]["reason"]["message"].isascii()
