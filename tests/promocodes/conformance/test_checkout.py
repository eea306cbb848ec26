"""Holding and redeeming: repetition, digests, reservations, idempotency keys (api.md)."""

from datetime import timedelta
from uuid import UUID

import pytest

from marketplace import clock
from marketplace.models import Store
from promocodes.models import Checkout, Redemption
from tests.api import Api
from tests.factories.marketplace import make_client
from tests.promocodes.conformance.till import (
    Till,
    cart,
    given,
    is_problem,
    item,
    percent,
    reasons,
)

pytestmark = pytest.mark.django_db
UNKNOWN = "0190d5a0-0000-7000-8000-000000000000"


def run_out(reservation: dict) -> None:
    """Let the time of a hold pass."""
    past = clock.now() - timedelta(seconds=1)
    assert Checkout.objects.filter(pk=UUID(reservation["id"])).update(expires_at=past) == 1


SAME_CART = [
    pytest.param({}, id="word-for-word"),
    pytest.param({"codes": [" code "]}, id="the-code-typed-otherwise"),
    pytest.param({"shipping": 0}, id="no-shipping-said-aloud"),
    pytest.param({"first_order": True}, id="first-order-said"),
    pytest.param({"audience": "shopper"}, id="asked-for-a-shopper"),
    pytest.param({"shopper": {"ref": "anna"}}, id="a-shopper-told"),
]


@pytest.mark.parametrize("change", SAME_CART)
def test_the_same_order_and_cart_again(till: Till, change) -> None:
    made = till.promotion(percent("10"), limits={"total": 1})
    sent = cart((1_000, 1)) | {"order_ref": "o-1"}
    first = till.try_redeem(sent)
    assert first.status_code == 201
    for _ in range(2):
        again = till.try_redeem(sent | change)
        assert (again.status_code, again.json()) == (200, first.json())
    assert till.usage(made)["redeemed"] == 1


def test_lines_in_another_order_are_the_same_cart(till: Till) -> None:
    till.promotion(percent("10"))
    sent = cart((1_000, 1), (500, 2)) | {"order_ref": "o-1"}
    first = till.try_redeem(sent).json()
    again = till.try_redeem(sent | {"lines": sent["lines"][::-1]})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])


OTHER_CART = [
    pytest.param({"lines": [{"unit_price": 1_001}]}, id="price"),
    pytest.param({"lines": [{"quantity": 2}]}, id="quantity"),
    pytest.param({"lines": [{"product": "p9"}]}, id="product"),
    pytest.param({"lines": [{"category": "mugs"}]}, id="category"),
    pytest.param({"lines": [{"ref": "9"}]}, id="ref"),
    pytest.param({"shipping": 1}, id="shipping"),
    pytest.param({"codes": []}, id="no-codes"),
    pytest.param({"codes": ["OTHER"]}, id="other-code"),
    pytest.param({"currency": "USD", "codes": []}, id="currency"),
]


@pytest.mark.parametrize("change", OTHER_CART)
def test_the_same_order_with_another_cart(till: Till, change) -> None:
    made = till.promotion(percent("10"))
    till.promotion(percent("10"), code="OTHER")
    sent = cart((1_000, 1)) | {"order_ref": "o-1"}
    assert till.try_redeem(sent).status_code == 201
    other = sent | change
    if "lines" in change:
        other["lines"] = [sent["lines"][0] | change["lines"][0]]
    is_problem(till.try_redeem(other), 422, "order_ref_used")
    assert till.usage(made)["redeemed"] == 1
    assert Redemption.objects.count() == 1


def test_the_same_order_after_the_code_is_over(till: Till) -> None:
    made = till.promotion(percent("10"))
    sent = cart((1_000, 1)) | {"order_ref": "o-1"}
    first = till.try_redeem(sent).json()
    till.api.post(f"/promotions/{made['id']}/cancel")
    again = till.try_redeem(sent)
    assert (again.status_code, again.json()) == (200, first)


def test_an_order_without_codes_is_redeemed_too(till: Till) -> None:
    sent = cart((1_000, 1), codes=[]) | {"order_ref": "o-1"}
    first = till.try_redeem(sent)
    assert (first.status_code, first.json()["redemptions"]) == (201, [])
    assert till.try_redeem(sent).status_code == 200


CHANGES = [
    pytest.param({"lines": [{"unit_price": 1_001}]}, id="price"),
    pytest.param({"lines": [{"quantity": 2}]}, id="quantity"),
    pytest.param({"lines": [{"product": "p9"}]}, id="product"),
    pytest.param({"shipping": 1}, id="shipping"),
    pytest.param({"codes": []}, id="codes"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_digest_guards_the_cart(till: Till, change) -> None:
    till.promotion(percent("10"))
    sent = cart((1_000, 1))
    digest = till.quote((1_000, 1))["digest"]
    other = sent | change
    if "lines" in change:
        other["lines"] = [sent["lines"][0] | change["lines"][0]]
    body = is_problem(till.try_redeem(other | {"digest": digest}), 409, "cart_changed")
    assert not Checkout.objects.exists()
    assert till.try_redeem(other | {"digest": body["quote"]["digest"]}).status_code == 201


def test_a_digest_guards_what_was_promised(till: Till) -> None:
    made = till.promotion(percent("10"))
    digest = till.quote((1_000, 1))["digest"]
    till.api.patch(f"/promotions/{made['id']}", {"discount": percent("11")})
    body = is_problem(till.try_redeem(cart((1_000, 1), digest=digest)), 409, "cart_changed")
    assert given(body["quote"]) == {"CODE": 110}
    till.api.patch(f"/promotions/{made['id']}", {"discount": percent("10")})
    assert till.try_redeem(cart((1_000, 1), digest=digest)).status_code == 201


def test_a_digest_that_still_fits(till: Till) -> None:
    till.promotion(percent("10"))
    digest = till.quote((1_000, 1), (5, 2))["digest"]
    assert till.quote((1_000, 1), (5, 2))["digest"] == digest
    assert till.quote((1_000, 1), (5, 2), shopper={"ref": "anna"})["digest"] == digest
    assert till.redeem((1_000, 1), (5, 2), digest=digest)["quote"]["digest"] == digest


@pytest.mark.parametrize("digest", ["nonsense", "0" * 64])
def test_a_digest_of_nothing(till: Till, digest) -> None:
    till.promotion(percent("10"))
    is_problem(till.try_redeem(cart((1_000, 1), digest=digest)), 409, "cart_changed")


def test_a_refusal_comes_before_a_changed_cart(till: Till) -> None:
    till.promotion(percent("10"), min_spend=5_000)
    body = is_problem(till.try_redeem(cart((1_000, 1), digest="x")), 409, "code_refused")
    assert reasons(body["quote"]) == {"CODE": "min_spend_not_met"}


TTLS = [(None, 900), (60, 60), (3600, 3600), (61, 61)]


@pytest.mark.parametrize(("asked", "seconds"), TTLS)
def test_a_reservation_lasts_as_long_as_asked(till: Till, asked, seconds) -> None:
    till.promotion(percent("10"))
    held = till.reserve((1_000, 1), **({} if asked is None else {"ttl_seconds": asked}))
    row = Checkout.objects.get(pk=held["id"])
    assert row.expires_at - row.decided_at == timedelta(seconds=seconds)
    assert held["state"] == "held"
    assert till.api.get(f"/reservations/{held['id']}").json() == held


@pytest.mark.parametrize("asked", [59, 0, -1, 3601, 60.5, "600", True])
def test_a_reservation_is_neither_too_short_nor_too_long(till: Till, asked) -> None:
    till.promotion(percent("10"))
    held = till.api.post("/reservations", cart((1_000, 1), ttl_seconds=asked))
    assert list(is_problem(held, 400, "invalid")["errors"]) == ["ttl_seconds"]
    assert not Checkout.objects.exists()


def test_a_reservation_is_redeemed_once_by_one_order(till: Till) -> None:
    made = till.promotion(percent("10"), limits={"total": 5})
    held = till.reserve((1_000, 1))
    order = {"order_ref": "o-1", "reservation": held["id"]}
    first = till.api.post("/redemptions", order)
    assert first.status_code == 201
    assert first.json()["quote"] == held["quote"]
    again = till.api.post("/redemptions", order)
    assert (again.status_code, again.json()) == (200, first.json())
    other = till.api.post("/redemptions", order | {"order_ref": "o-2"})
    is_problem(other, 409, "already_redeemed")
    assert till.usage(made)["redeemed"] == 1


def test_two_reservations_on_one_order(till: Till) -> None:
    till.promotion(percent("10"))
    one, other = till.reserve((1_000, 1)), till.reserve((1_000, 1))
    order = {"order_ref": "o-1"}
    assert till.api.post("/redemptions", order | {"reservation": one["id"]}).status_code == 201
    taken = till.api.post("/redemptions", order | {"reservation": other["id"]})
    is_problem(taken, 422, "order_ref_used")
    assert till.api.get(f"/reservations/{other['id']}").json()["state"] == "held"


def test_a_reservation_with_a_digest(till: Till) -> None:
    till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    order = {"order_ref": "o-1", "reservation": held["id"]}
    changed = till.api.post("/redemptions", order | {"digest": "0" * 64})
    assert is_problem(changed, 409, "cart_changed")["quote"] == held["quote"]
    fits = till.api.post("/redemptions", order | {"digest": held["quote"]["digest"]})
    assert fits.status_code == 201


def test_a_hold_past_its_time_is_over_before_any_job(till: Till) -> None:
    till.promotion(percent("10"), limits={"total": 1})
    held = till.reserve((1_000, 1))
    run_out(held)
    order = {"order_ref": "o-1", "reservation": held["id"]}
    is_problem(till.api.post("/redemptions", order), 409, "reservation_over")
    is_problem(till.api.post(f"/reservations/{held['id']}/renew", {}), 409, "reservation_over")
    assert till.api.get(f"/reservations/{held['id']}").json()["state"] == "expired"
    again = till.api.post("/redemptions", cart((1_000, 1)) | {"order_ref": "o-2"}, key="once")
    assert again.status_code == 201
    assert till.api.delete(f"/reservations/{held['id']}").status_code == 204


def test_a_hold_is_renewed_from_now(till: Till) -> None:
    till.promotion(percent("10"))
    held = till.reserve((1_000, 1), ttl_seconds=60)
    renewed = till.api.post(f"/reservations/{held['id']}/renew", {"ttl_seconds": 3600})
    assert renewed.status_code == 200
    assert renewed.json()["expires_at"] > held["expires_at"]
    shorter = till.api.post(f"/reservations/{held['id']}/renew", {"ttl_seconds": 60}).json()
    assert shorter["expires_at"] == renewed.json()["expires_at"]
    row = Checkout.objects.get()
    assert row.expires_at - row.decided_at <= timedelta(hours=1, minutes=1)


def test_a_hold_does_not_last_beyond_a_day(till: Till) -> None:
    till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    row = Checkout.objects.get()
    almost = row.decided_at + timedelta(hours=24, seconds=-1)
    Checkout.objects.update(expires_at=almost)
    till.api.post(f"/reservations/{held['id']}/renew", {"ttl_seconds": 3600})
    assert Checkout.objects.get().expires_at <= row.decided_at + timedelta(hours=24)


def test_what_is_released_stays_released(till: Till) -> None:
    till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    for _ in range(3):
        assert till.api.delete(f"/reservations/{held['id']}").status_code == 204
    order = {"order_ref": "o-1", "reservation": held["id"]}
    is_problem(till.api.post("/redemptions", order), 409, "reservation_over")
    is_problem(till.api.post(f"/reservations/{held['id']}/renew", {}), 409, "reservation_over")
    is_problem(till.api.get(f"/redemptions/{held['id']}"), 404, "not_found")


def test_what_is_redeemed_is_not_released(till: Till) -> None:
    made = till.promotion(percent("10"))
    held = till.reserve((1_000, 1))
    till.api.post("/redemptions", {"order_ref": "o-1", "reservation": held["id"]})
    is_problem(till.api.delete(f"/reservations/{held['id']}"), 409, "already_redeemed")
    is_problem(till.api.post(f"/reservations/{held['id']}/renew", {}), 409, "already_redeemed")
    assert till.usage(made)["redeemed"] == 1


def test_a_redemption_shows_what_was_answered_and_its_state_now(till: Till) -> None:
    till.promotion(percent("10"))
    order = till.redeem((1_000, 2))
    path = f"/redemptions/{order['id']}"

    def now(returned: int, *reversals: dict) -> dict:
        came_back = [{k: x for k, x in one.items() if k != "redemption"} for one in reversals]
        lines = [{"ref": "1", "quantity": 2, "returned": returned}]
        return {"lines": lines, "reversals": came_back}

    assert till.api.get(path).json() == order | now(0)
    first = till.reverse(order, line1=1)
    assert till.api.get(path).json() == order | {"state": "part_reversed"} | now(1, first)
    rest = till.reverse(order)
    assert till.api.get(path).json() == order | {"state": "reversed"} | now(2, first, rest)


MISSING = [
    ("GET", "/redemptions/{}", None),
    ("GET", "/reservations/{}", None),
    ("DELETE", "/reservations/{}", None),
    ("POST", "/reservations/{}/renew", {}),
    ("POST", "/redemptions/{}/reversals", {"reversal_ref": "r", "cause": "fraud"}),
    ("GET", "/promotions/{}", None),
    ("PATCH", "/promotions/{}", {"name": "x"}),
    ("POST", "/promotions/{}/approve", None),
    ("POST", "/promotions/{}/cancel", {}),
    ("GET", "/promotions/{}/codes", None),
    ("GET", "/promotions/{}/report", None),
]


@pytest.mark.parametrize("key", [UNKNOWN, "nonsense", "1", "%00"])
@pytest.mark.parametrize(("method", "path", "body"), MISSING)
def test_what_is_not_there(till: Till, method, path, body, key) -> None:
    act = getattr(till.api, method.lower())
    answer = act(path.format(key), *([body] if body is not None else []))
    is_problem(answer, 404, "not_found")


@pytest.mark.parametrize("reservation", [UNKNOWN, "nonsense", "x" * 64])
def test_a_reservation_that_is_not_there(till: Till, reservation) -> None:
    answer = till.api.post("/redemptions", {"order_ref": "o-1", "reservation": reservation})
    is_problem(answer, 404, "not_found")


ONCE = [
    ("/reservations", cart((1_000, 1)), {"shipping": 5}),
    ("/redemptions", cart((1_000, 1)) | {"order_ref": "o-1"}, {"order_ref": "o-2"}),
    (
        "/promotions",
        {
            "name": "New",
            "store": "s1",
            "currency": "RUB",
            "discount": percent("5"),
            "code": "NEW",
        },
        {"name": "Newer"},
    ),
]


@pytest.mark.parametrize(("path", "body", "change"), ONCE)
def test_one_key_is_one_effect(till: Till, path, body, change) -> None:
    made = till.promotion(percent("10"))
    first = till.api.post(path, body, key="key-1")
    assert first.status_code == 201
    for _ in range(2):
        again = till.api.post(path, dict(reversed(body.items())), key="key-1")
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotent-Replayed"] == "true"
    is_problem(till.api.post(path, body | change, key="key-1"), 422, "idempotency_mismatch")
    usage = till.usage(made)
    assert usage["redeemed"] + usage["held"] == (0 if path == "/promotions" else 1)
    assert len(till.api.get("/promotions").json()["results"]) == (2 if path == "/promotions" else 1)


def test_one_key_on_two_paths(till: Till) -> None:
    till.promotion(percent("10"))
    assert till.api.post("/reservations", cart((1_000, 1)), key="key-1").status_code == 201
    other = till.api.post("/redemptions", cart((1_000, 1)) | {"order_ref": "o"}, key="key-1")
    is_problem(other, 422, "idempotency_mismatch")


def test_one_reversal_by_one_key(till: Till) -> None:
    till.promotion(percent("10"))
    order = till.redeem((1_000, 2))
    path = f"/redemptions/{order['id']}/reversals"
    body = {"reversal_ref": "r", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    first = till.api.post(path, body, key="key-1")
    again = till.api.post(path, body, key="key-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    is_problem(till.api.post(path, body | {"cause": "fraud"}, key="key-1"), 422)


def test_keys_of_two_clients_never_meet(till: Till) -> None:
    till.promotion(percent("10"))
    other = Api(make_client(name="another")[1])
    one = till.api.post("/reservations", cart((1_000, 1)), key="key-1").json()
    two = other.post("/reservations", cart((2_000, 1)), key="key-1").json()
    assert one["id"] != two["id"]


def test_a_decision_is_kept_under_its_key(till: Till) -> None:
    made = till.promotion(percent("10"), min_spend=2_000)
    sent = cart((1_000, 1)) | {"order_ref": "o-1"}
    first = till.api.post("/redemptions", sent, key="key-1")
    is_problem(first, 409, "code_refused")
    till.api.patch(f"/promotions/{made['id']}", {"min_spend": 0})
    again = till.api.post("/redemptions", sent, key="key-1")
    assert (again.status_code, again.content) == (409, first.content)
    assert till.api.post("/redemptions", sent, key="key-2").status_code == 201


def test_what_was_not_understood_leaves_the_key_free(till: Till) -> None:
    till.promotion(percent("10"))
    is_problem(till.api.post("/reservations", cart((-1, 1)), key="key-1"), 400, "invalid")
    assert till.api.post("/reservations", cart((1_000, 1)), key="key-1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\tb"])
def test_a_key_that_can_not_be(till: Till, key) -> None:
    till.promotion(percent("10"))
    is_problem(till.api.post("/reservations", cart((1_000, 1)), key=key), 400)
    assert not Checkout.objects.exists()


def test_the_longest_key(till: Till) -> None:
    till.promotion(percent("10"))
    assert till.api.post("/reservations", cart((1_000, 1)), key="x" * 255).status_code == 201


def test_a_stores_own_key_has_order_numbers_of_its_own(till: Till) -> None:
    till.promotion(percent("10"))
    own = Till(Api(make_client(store=Store.objects.get(ref="s1"))[1]))
    sent = cart(item(1_000)) | {"order_ref": "o-1"}
    first, second = till.try_redeem(sent).json(), own.try_redeem(sent)
    assert second.status_code == 201
    assert first["id"] != second.json()["id"]
    assert own.api.get(f"/redemptions/{first['id']}").status_code == 404
