"""What is not understood, not let in or not allowed: named, in one shape, and without effect."""

import json

import pytest

from marketplace.models import ApiClient
from promocodes.models import Checkout, Promotion
from tests.api import Api
from tests.factories.marketplace import make_client
from tests.promocodes.conformance.till import Till, cart, fixed, is_problem, percent

pytestmark = pytest.mark.django_db
HUGE = 10**12
LONG = "x" * 65


def at(path: str, value: object) -> object:
    """A change of one member: `lines.0.quantity` of a body."""
    return pytest.param(path, value, id=f"{path}={str(value)[:24]}")


def changed(body: dict, path: str, value: object) -> dict:
    """The body with one member changed, deep within."""
    found = json.loads(json.dumps(body))
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place = found
    for step in steps:
        place = place[step]
    place[last] = value
    return found


NUMBERS = [1.0, 1.5, 1e3, "1", True, False, [], {}, -1, -(10**30), 10**30, None]
CART_FAULTS = [
    *(at("lines.0.unit_price", value) for value in [*NUMBERS, HUGE]),
    *(at("lines.0.quantity", value) for value in [*NUMBERS, 0, 100_001]),
    *(at("shipping", value) for value in [*NUMBERS[:-1], HUGE]),
    *(at("lines.0.ref", value) for value in ["", LONG, "a b", "ключ", "a/b", 1, None, [], "a\n"]),
    *(at("lines.0.product", value) for value in ["", LONG, "a b", 1, [], True]),
    *(at("lines.0.store", value) for value in ["", LONG, "a b", 1, {}]),
    *(at("lines.0.category", value) for value in ["", LONG, "a b", 1, {}]),
    *(at("lines", value) for value in [[], None, {}, "x", 1]),
    *(at("lines.0", value) for value in [None, [], "x", 1]),
    *(at("currency", value) for value in ["rub", "RUR", "XXX", "XAU", "", "RUBB", 643, None, []]),
    *(at("codes", value) for value in ["CODE", {}, 1, [1], [None], [["CODE"]], ["x" * 101]]),
    at("codes", ["A"] * 21),
    *(at("first_order", value) for value in [1, 0, "true", "", [], {}]),
    *(at("audience", value) for value in ["anyone", "", 1, [], "Shopper"]),
    *(at("shopper", value) for value in ["anna", 1, [], True]),
    *(at("shopper.ref", value) for value in ["", LONG, "a b", 1]),
    *(at("shopper.email", value) for value in ["anna", "a@b", "a b@c.de", 1, "x" * 250 + "@b.ru"]),
    *(at("shopper.phone", value) for value in [79123456789, "7" * 41, []]),
    *(at("shopper.device", value) for value in [1, "x" * 201, {}]),
    *(at("shopper.payment", value) for value in [1, "x" * 201, {}]),
    *(at("shopper.name", value) for value in ["Anna"]),
    at("lines.0.discount", 5),
    at("lines.0.total", 5),
    at("total", 5),
    at("Lines", []),
    at("", 1),
]


@pytest.mark.parametrize(("path", "value"), CART_FAULTS)
def test_a_cart_that_can_not_be(till: Till, path, value) -> None:
    till.promotion(percent("10"))
    sent = changed(cart((1_000, 1), shopper={}, shipping=5), path, value)
    for call in ("/quotes", "/reservations", "/redemptions"):
        more = {"order_ref": "o-1"} if call == "/redemptions" else {}
        body = is_problem(till.api.post(call, sent | more), 400, "invalid")
        assert all(name.startswith(path) for name in body["errors"]), body["errors"]
        assert all(isinstance(text, str) for texts in body["errors"].values() for text in texts)
    assert not Checkout.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_ref": ""}, "order_ref"),
        ({"order_ref": LONG}, "order_ref"),
        ({"order_ref": "a b"}, "order_ref"),
        ({"order_ref": 1}, "order_ref"),
        ({"order_ref": None}, "order_ref"),
        ({"digest": 1}, "digest"),
        ({"digest": LONG}, "digest"),
        ({"ttl_seconds": 60}, "ttl_seconds"),
        ({"reservation": "x"}, None),
    ],
)
def test_an_order_that_can_not_be(till: Till, change, field) -> None:
    sent = cart((1_000, 1), codes=[]) | {"order_ref": "o-1"} | change
    body = is_problem(till.api.post("/redemptions", sent), 400, "invalid")
    if field:
        assert list(body["errors"]) == [field]
    assert not Checkout.objects.exists()


@pytest.mark.parametrize("order_ref", ["a", "A.b_c:d-9", "x" * 64, "0"])
def test_an_order_ref_that_can_be(till: Till, order_ref) -> None:
    sent = cart((1_000, 1), codes=[]) | {"order_ref": order_ref}
    assert till.api.post("/redemptions", sent).json()["order_ref"] == order_ref


def test_refs_of_lines_stand_once(till: Till) -> None:
    sent = cart((1, 1), (2, 1), (3, 1))
    sent["lines"][2]["ref"] = "1"
    body = is_problem(till.api.post("/quotes", sent), 400, "invalid")
    assert list(body["errors"]) == ["lines.2.ref"]


@pytest.mark.parametrize(
    "lines",
    [
        [(HUGE - 1, 2)],
        [(HUGE - 1, 1), (1, 1)],
        [(10**7, 100_000)],
        [(1, 60_000), (1, 60_000)],
        [(0, 100_000), (0, 1)],
    ],
)
def test_a_cart_that_is_too_large(till: Till, lines) -> None:
    is_problem(till.api.post("/quotes", cart(*lines)), 400, "invalid")


def test_five_hundred_lines_and_not_one_more(till: Till) -> None:
    till.promotion(percent("10"))
    quote = till.quote(*[(10, 1)] * 500)
    assert quote["discount"] == 500
    is_problem(till.api.post("/quotes", cart(*[(10, 1)] * 501)), 400, "invalid")


PROMOTION = {
    "name": "Deal",
    "kind": "store",
    "store": "s1",
    "currency": "RUB",
    "discount": percent("10"),
    "limits": {},
    "applies_to": {},
    "give_back": {},
    "code": "CODE",
}
PROMOTION_FAULTS = [
    *(at("name", value) for value in ["", " ", "x" * 201, 1, None, []]),
    *(at("kind", value) for value in ["magic", "", "STORE", 1]),
    *(at("currency", value) for value in ["rub", "XXX", "", 1, None]),
    *(at("discount", value) for value in [None, "10%", {}, [], 10]),
    *(at("discount.type", value) for value in ["half", "", 1, None]),
    *(
        at("discount.percent", value)
        for value in [
            10,
            10.5,
            "",
            "-1",
            "0",
            "100.01",
            "101",
            "1.234",
            "10%",
            "1e1",
            "NaN",
            ".5",
            "10.",
            " 10",
            "１０",
            "1,5",
            None,
            True,
            "Infinity",
            "00010",
        ]
    ),
    *(at("discount.amount", value) for value in [5, 0, -1, 1.0, "5", True, HUGE]),
    *(at("discount.max_discount", value) for value in [0, -1, 1.5, "5", True, HUGE]),
    at("discount.magic", 1),
    *(at("allocation", value) for value in ["all", "", 1]),
    *(at("max_units_per_line", value) for value in [0, -1, 1.5, "1", 2**31]),
    *(at("min_spend", value) for value in [-1, 1.5, "1", HUGE, True]),
    *(at("min_spend_basis", value) for value in ["after", "", 1]),
    *(at("first_order_only", value) for value in [1, "true"]),
    *(at("stacking", value) for value in ["all", "", 1]),
    *(at("priority", value) for value in [1.5, "1", 10**6 + 1, -(10**6) - 1]),
    *(at("limits.total", value) for value in [0, -1, 1.5, "1", 2**31, True]),
    *(at("limits.per_person", value) for value in [0, -1, 1.5, "1", 1_001]),
    *(at("limits.per_code", value) for value in [0, -1, 1.5, "1", 1_001]),
    *(at("limits.budget", value) for value in [0, -1, 1.5, "1", HUGE]),
    *(at("limits.budget_edge", value) for value in ["half", "", 1]),
    at("limits.magic", 1),
    *(at("applies_to.scope", value) for value in ["all", "", 1]),
    *(at("applies_to.products", value) for value in ["p1", [1], ["a b"], [LONG], [None], {}]),
    *(at("applies_to.exclude_products", value) for value in ["p1", [1], ["a b"]]),
    at("applies_to.magic", 1),
    *(at("give_back.refunded", value) for value in [1, "true"]),
    at("give_back.magic", True),
    *(at("share_with_affiliates", value) for value in [1, "true"]),
    *(at("codes", value) for value in [5, [], "x", {"count": 1}]),
    at("magic", 1),
]


@pytest.mark.parametrize(("path", "value"), PROMOTION_FAULTS)
def test_a_promotion_that_can_not_be(till: Till, path, value) -> None:
    body = is_problem(till.api.post("/promotions", changed(PROMOTION, path, value)), 400, "invalid")
    assert all(name.startswith(path) for name in body["errors"]), body["errors"]
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("discount", "field"),
    [
        ({"type": "percent"}, "discount.percent"),
        ({"type": "fixed"}, "discount.amount"),
        ({"type": "fixed", "percent": "10", "amount": 5}, "discount.percent"),
        ({"type": "percent", "percent": "10", "amount": 5}, "discount.amount"),
        ({"type": "free_shipping", "amount": 5}, "discount.amount"),
        ({"type": "free_shipping", "percent": "5"}, "discount.percent"),
        (fixed(0), "discount.amount"),
    ],
)
def test_a_discount_that_does_not_fit_its_type(till: Till, discount, field) -> None:
    sent = PROMOTION | {"discount": discount}
    assert list(is_problem(till.api.post("/promotions", sent), 400)["errors"]) == [field]


@pytest.mark.parametrize(
    "code", ["", " ", "-", "a/b", "a,b", "'; --", "<b>", "=1+1", "a" * 65, "—"]
)
def test_a_word_that_can_be_no_code(till: Till, code) -> None:
    answer = till.api.post("/promotions", PROMOTION | {"code": code})
    assert answer.status_code in (400, 422)
    is_problem(answer, answer.status_code)
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("code", ["A", "лето-2026", "夏10", "a" * 64, "100.000", "A_B"])
def test_a_word_that_can_be_a_code(till: Till, code) -> None:
    assert till.promotion(percent("10"), code=code)["code"] == code.upper()
    assert till.quote((1_000, 1), codes=[code])["discount"] == 100


def test_a_word_belongs_to_one_promotion_until_that_is_over(till: Till) -> None:
    first = till.promotion(percent("10"))
    taken = PROMOTION | {"code": " code"}
    is_problem(till.api.post("/promotions", taken), 409, "code_taken")
    till.api.post(f"/promotions/{first['id']}/cancel")
    assert till.api.post("/promotions", taken).status_code == 201


REVERSAL_FAULTS = [
    *(at("reversal_ref", value) for value in ["", LONG, "a b", 1, None]),
    *(at("cause", value) for value in ["", "lost", 1, None, "REFUNDED"]),
    *(at("lines", value) for value in [[], {}, "1", 1, [{}], [None]]),
    *(at("lines.0.quantity", value) for value in [0, -1, 1.0, "1", True, None, 100_001]),
    *(at("lines.0.ref", value) for value in ["", LONG, 1, None]),
    at("lines.0.amount", 5),
    at("lines", [{"ref": "1", "quantity": 1}] * 2),
    at("amount", 5),
]


@pytest.mark.parametrize(("path", "value"), REVERSAL_FAULTS)
def test_a_reversal_that_can_not_be(till: Till, path, value) -> None:
    till.promotion(percent("10"))
    order = till.redeem((1_000, 3))
    sent = {"reversal_ref": "r", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    call = f"/redemptions/{order['id']}/reversals"
    body = is_problem(till.api.post(call, changed(sent, path, value)), 400, "invalid")
    assert all(name.startswith(path) for name in body["errors"])
    assert till.api.get(f"/redemptions/{order['id']}").json()["state"] == "redeemed"


RAW = [
    ("", 400),
    ("null", 400),
    ("[]", 400),
    ("1", 400),
    ('"text"', 400),
    ("{", 400),
    ("{} {}", 400),
    ("{'currency': 'RUB'}", 400),
    ('{"shipping": NaN}', 400),
    ('{"shipping": Infinity}', 400),
    ('{"shipping": -Infinity}', 400),
    ('{"shipping": 1, "shipping": 2}', 400),
    ('{"shipping": 01}', 400),
    ('{"shipping": 1e400}', 400),
    ('{"shipping": ' + "9" * 5_000 + "}", 400),
    ('{"codes": ["\\u0000"]}', 400),
    ('{"codes": ["\\ud800"]}', 400),
    ("[" * 100_000 + "]" * 100_000, 400),
    ('{"a":' * 50_000 + "1" + "}" * 50_000, 400),
    (b"\xff\xfe", 400),
    (b'{"codes": ["\xff"]}', 400),
    ("\ufeff{}", 400),
]


@pytest.mark.parametrize(("raw", "status"), RAW, ids=[str(raw)[:24] for raw, _ in RAW])
@pytest.mark.parametrize("path", ["/quotes", "/redemptions", "/promotions"])
def test_a_body_that_is_no_json_object(till: Till, path, raw, status) -> None:
    is_problem(till.api.post(path, raw), status)


TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("path", ["/quotes", "/reservations", "/redemptions", "/promotions"])
def test_another_content_type(till: Till, path, content_type) -> None:
    answer = till.api.post(path, "{}", **{"Content-Type": content_type})
    is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_said_otherwise(till: Till, content_type) -> None:
    answer = till.api.post("/quotes", cart((1, 1), codes=[]), **{"Content-Type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/quotes", "/reservations", "/redemptions", "/promotions"])
def test_a_body_that_is_too_large(till: Till, path) -> None:
    is_problem(till.api.post(path, b" " * (5 * 2**20 + 1)), 413, "too_large")


METHODS = [
    ("PUT", "/promotions"),
    ("DELETE", "/promotions"),
    ("GET", "/quotes"),
    ("DELETE", "/quotes"),
    ("GET", "/redemptions"),
    ("GET", "/reservations"),
    ("PATCH", "/reservations"),
]


@pytest.mark.parametrize(("method", "path"), METHODS)
def test_another_method(till: Till, method, path) -> None:
    act = getattr(till.api, method.lower())
    answer = act(path, {}) if method in ("PUT", "PATCH") else act(path)
    is_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"]


CALLS = [
    ("POST", "/quotes", "checkout"),
    ("POST", "/reservations", "checkout"),
    ("POST", "/redemptions", "checkout"),
    ("GET", "/promotions", "promotions"),
    ("POST", "/promotions", "promotions"),
]


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_a_key_opens_only_what_its_scopes_say(till: Till, method, path, scope) -> None:
    others = [one for one in ApiClient.Scope.values if one != scope]
    stranger = Api(make_client(name="stranger", scopes=others)[1])
    for key, status in ((stranger, 403), (Api("sk_nonsense"), 401), (Api(""), 401)):
        answer = key.get(path) if method == "GET" else key.post(path, {})
        is_problem(answer, status)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    "query",
    [
        {"magic": 1},
        {"state": "magic"},
        {"limit": 0},
        {"limit": 501},
        {"limit": "x"},
        {"cursor": "x"},
        {"store": "a b"},
    ],
)
def test_a_list_that_can_not_be_asked_for(till: Till, query) -> None:
    is_problem(till.api.get("/promotions", **query), 400, "invalid")
