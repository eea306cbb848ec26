"""Bodies that no honest client sends: refused with a code, nothing changed, never a 500."""

import json
import socket

import pytest
from django.db import OperationalError
from django.test import Client

from marketplace import orders
from marketplace.models import Order, OrderEvent, Product, SignInToken, Store, User
from tests.api import Api
from tests.factories.marketplace import make_client, make_line, make_order_event, make_store
from tests.threads import at_once

pytestmark = pytest.mark.django_db
GOOD = '{"shopper": {"ref": "u1"}}'
CALLS = [("POST", "/sessions"), ("PUT", "/products")]
DEEP = "[" * 100_000 + "]" * 100_000

BODIES = {
    "nothing": ("", 400, None),
    "not JSON": ("hello", 400, "malformed"),
    "half of it": ('{"shopper": {"ref"', 400, "malformed"),
    "two values": ("{}{}", 400, "malformed"),
    "a trailing comma": ('{"a": 1,}', 400, "malformed"),
    "a comment": ('{"a": 1} // hi', 400, "malformed"),
    "single quotes": ("{'a': 1}", 400, "malformed"),
    "NaN": ('{"a": NaN}', 400, "malformed"),
    "Infinity": ('{"a": Infinity}', 400, "malformed"),
    "minus Infinity": ('{"a": -Infinity}', 400, "malformed"),
    "a name twice": ('{"a": 1, "a": 2}', 400, "malformed"),
    "a name twice inside": ('{"shopper": {"ref": "u1", "ref": "u2"}}', 400, "malformed"),
    "a name twice by escape": (r'{"a": 1, "\u0061": 2}', 400, "malformed"),
    "a raw NUL": ('{"a": "\x00"}', 400, "malformed"),
    "an escaped NUL": (r'{"shopper": {"ref": "u\u00001"}}', 400, "malformed"),
    "an escaped NUL in a list": (r'{"a": ["\u0000"]}', 400, "malformed"),
    "an escaped NUL in a name": (r'{"\u0000": 1}', 400, "malformed"),
    "half a character": (r'{"next": "\ud800"}', 400, "malformed"),
    "half a character in a name": (r'{"\uDFFF": 1}', 400, "malformed"),
    "halves in wrong order": (r'{"a": "\udc00\ud800"}', 400, "malformed"),
    "invalid UTF-8": (b'{"a": "\xff\xfe"}', 400, "malformed"),
    "UTF-16": (GOOD.encode("utf-16"), 400, "malformed"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), 400, "malformed"),
    "overlong UTF-8": (b'{"a": "\xc0\x80"}', 400, "malformed"),
    "a hundred thousand brackets": (DEEP, 400, "malformed"),
    "a hundred thousand objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, 400, "malformed"),
    "ten thousand digits": ('{"a": ' + "9" * 10_000 + "}", 400, "malformed"),
    "a huge exponent": ('{"a": 1e999}', 400, "invalid"),
    "null": ("null", 400, "invalid"),
    "a list": ("[]", 400, "invalid"),
    "a string": ('"shopper"', 400, "invalid"),
    "a number": ("17", 400, "invalid"),
    "true": ("true", 400, "invalid"),
    "an unknown name": ('{"__class__": "User"}', 400, "invalid"),
    "a very long name": ('{"' + "a" * 100_000 + '": 1}', 400, "invalid"),
    "a hundred thousand names": (
        json.dumps({f"n{number}": 1 for number in range(100_000)}),
        400,
        "invalid",
    ),
}


def untouched() -> bool:
    rows = (OrderEvent, Order, Product, SignInToken, Store, User)
    return not any(model.objects.exists() for model in rows)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_changes_nothing(api, call, name):
    body, status, code = BODIES[name]
    method, path = call
    answer = api.put(path, body) if method == "PUT" else api.post(path, body, key="k1")
    problem = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["code"] == (code or problem["code"])
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert len(answer.content) < 30_000
    assert untouched()


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"],
)
def test_another_type_of_body_is_refused(api, content_type):
    answer = api.post("/sessions", GOOD, **{"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert untouched()


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_said_in_many_ways(api, content_type):
    assert api.post("/sessions", GOOD, **{"Content-Type": content_type}).status_code == 201


def test_a_body_above_the_limit_is_refused_before_it_is_read(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = GOOD + " " * 1_000
    answer = api.post("/sessions", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert api.put("/products", body).status_code == 413
    assert untouched()


def test_texts_of_every_script_are_kept(api):
    make_store(ref="s1")
    name = "Кружка 杯子 🫖 \u202eabc"
    item = {"ref": "p1", "store": "s1", "name": name, "price": 1, "currency": "RUB"}
    assert api.put("/products", {"products": [item]}).status_code == 200  # as \ud83e\uded6
    assert api.get("/products").json()["results"][0]["name"] == name
    raw = json.dumps({"products": [item]}, ensure_ascii=False).encode()
    assert api.put("/products", raw).json() == {"created": 0, "updated": 1}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "", "nonsense"])
def test_the_answer_is_json_whatever_is_asked_for(client, api, accept):
    headers = {"Authorization": f"Bearer {api.secret}", "Accept": accept}
    answer = client.get("/api/v1/products", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("language", ["ru", "zh-hans", "en"])
def test_errors_speak_english_to_programmers(client, api, language):
    headers = {"Authorization": f"Bearer {api.secret}", "Accept-Language": language}
    answers = [
        client.post("/api/v1/sessions", {}, content_type="application/json", headers=headers),
        client.get("/api/v1/products?store=!", headers=headers),
        client.delete("/api/v1/products", headers=headers),
        client.get("/api/v1/products", headers={"Accept-Language": language}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 405, 401]
    for answer in answers:
        assert answer.text.isascii()
        assert answer["Content-Language"] == "en"


PATHS = [
    "/orders/a%00b",
    "/orders/%ED%A0%80",
    "/orders/%FF",
    "/orders/" + "o" * 65,
    "/orders/a%20b",
    "/orders/..%2f..%2fetc",
    "/stores/%D0%BC%D0%B0%D0%B3",
    "/stores/",
    "/orders/events/none",
    "/nothing",
    "/",
]


@pytest.mark.parametrize("path", PATHS)
def test_an_address_that_is_none_is_a_problem_too(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/products"), ("PATCH", "/stores/s1"), ("GET", "/sessions"), ("PUT", "/orders/o1")],
)
def test_another_method_is_refused(client, api, method, path):
    headers = {"Authorization": f"Bearer {api.secret}"}
    answer = client.generic(method, f"/api/v1{path}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Content-Type"] == "application/problem+json"
    for allowed in answer["Allow"].split(", "):
        again = client.generic(allowed, f"/api/v1{path}", headers=headers)
        assert again.status_code != 405, allowed


def test_a_number_too_long_is_told_without_advice_on_python(api):
    answer = api.post("/quotes", '{"shipping": ' + "9" * 5_000 + "}")
    assert answer.json()["detail"] == "The body is not valid JSON: a number is too long."


def test_a_host_that_is_not_ours_is_a_problem_to_programs(client, api):
    headers = {"Authorization": f"Bearer {api.secret}", "Host": "elsewhere.example"}
    answer = client.get("/api/v1/products", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer["Content-Type"] == "application/problem+json"
    page = client.get("/", headers={"Host": "elsewhere.example"})
    assert (page.status_code, page["Content-Type"].partition(";")[0]) == (400, "text/html")


def test_a_stranger_learns_nothing_from_a_wrong_call(client):
    for path in ("/products", "/nothing", "/orders/o1"):
        answer = client.get(f"/api/v1{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_database_that_is_away_is_said_so(monkeypatch, api):
    def away(**_):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(orders, "record", away)
    answer = api.post("/orders/events", make_order_event(order_ref="o1"), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "1"
    assert "lost" not in answer.text


def test_a_fault_of_ours_is_a_problem_without_a_trace(monkeypatch, api):
    def broken(**_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(orders, "record", broken)
    headers = {"Authorization": f"Bearer {api.secret}", "Idempotency-Key": "k1"}
    answer = Client(raise_request_exception=False).post(
        "/api/v1/orders/events",
        make_order_event(order_ref="o1"),
        content_type="application/json",
        headers=headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert untouched()


def raw(address: str, request: bytes) -> tuple[int, bytes]:
    """What a real server answers to these very bytes."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(request)
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_over_a_real_wire(granian_server):
    """What the test client can't send: lengths that lie, chunks, megabytes."""
    _, secret = make_client()

    def call(body: bytes, *headers: str, method: str = "POST", path: str = "/sessions"):
        lines = [
            f"{method} /api/v1{path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {secret}",
            "Content-Type: application/json",
            "Connection: close",
            *headers,
        ]
        return raw(granian_server.url, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    good = GOOD.encode()
    assert call(good, f"Content-Length: {len(good)}")[0] == 201
    before = SignInToken.objects.count()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)
    assert call(chunked, "Transfer-Encoding: chunked")[0] in (201, 411)
    for length in ("-1", "abc", "99999999999999999999"):
        status, _ = call(good, f"Content-Length: {length}")
        assert 400 <= status < 500, length
    big = b'{"a":"' + b"x" * (6 * 1024 * 1024) + b'"}'
    status, body = call(big, f"Content-Length: {len(big)}")
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert SignInToken.objects.count() in (before, before + 1)
    status, body = call(b"", "Content-Length: 0", method="GET", path="/orders/none")
    assert (status, json.loads(body)["code"]) == (404, "not_found")


def test_forty_clients_report_one_order_over_a_real_wire(granian_server):
    """The order is the same as if its events had come one by one."""
    _, secret = make_client()
    store = make_store(ref="s1")
    lines = [make_line(store=store, unit_price=100, quantity=40)]
    events = [make_order_event(order_ref="o1", lines=lines, version=1)]
    for number in range(39):
        refund = {"ref": f"r{number}", "lines": [{"ref": "1", "quantity": 1}]}
        events.append(
            make_order_event(order_ref="o1", type="refunded", version=number + 2, refund=refund)
        )

    def report(number: int) -> int:
        body = json.dumps(events[number]).encode()
        head = (
            "POST /api/v1/orders/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return raw(granian_server.url, head.encode() + body)[0]

    assert at_once(40, report) == [202] * 40
    order = Api(secret).get("/orders/o1").json()
    assert (order["lines"][0]["refunded_quantity"], order["refunded"]) == (39, 3_900)
    assert Client().get("/readyz").json() == {"ready": True}
