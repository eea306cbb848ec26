"""Where a field may be left out, null means the same (api.md, Values): in every body we read."""

from collections.abc import Iterator

import pytest
from rest_framework import serializers

from marketplace.api import catalogue, order_events, sessions
from marketplace.api.serializers import ListOf, StrictSerializer
from promocodes.api import carts, codes, promotions
from tests.api import Api
from tests.factories.marketplace import make_store

pytestmark = pytest.mark.django_db
BODIES = [
    catalogue.StoreSerializer,
    catalogue.ProductsSerializer,
    order_events.OrderEventSerializer,
    sessions.SessionSerializer,
    carts.CartSerializer,
    carts.ReservationSerializer,
    carts.RenewalSerializer,
    carts.DirectRedemptionSerializer,
    carts.HeldRedemptionSerializer,
    carts.ReversalSerializer,
    codes.MoreCodesSerializer,
    promotions.PromotionSerializer,
    promotions.AmendmentSerializer,
    promotions.ReasonSerializer,
]


def optional(shape: StrictSerializer, place: str) -> Iterator[tuple[str, serializers.Field]]:
    """Every field that may be left out, however deep, by its place."""
    for name, field in shape.fields.items():
        here = f"{place}.{name}"
        if not field.required:
            yield here, field
        inner = field.child if isinstance(field, ListOf) else field
        if isinstance(inner, StrictSerializer):
            yield from optional(inner, here)


FIELDS = dict(pair for body in BODIES for pair in optional(body(), body.__name__))


def test_the_walk_finds_what_is_deep() -> None:
    assert {
        "PromotionSerializer.applies_to.scope",
        "OrderEventSerializer.lines.discount",
        "CartSerializer.audience",
        "StoreSerializer.host",
    } <= FIELDS.keys()


@pytest.mark.parametrize("place", sorted(FIELDS))
def test_null_is_read_wherever_a_field_may_be_left_out(place: str) -> None:
    assert FIELDS[place].allow_null, "the document would not say it"
    try:
        found = FIELDS[place].run_validation(None)
    except serializers.SkipField:
        return
    assert found in (None, FIELDS[place].default)


def promotion(**fields) -> dict:
    return {
        "name": "Summer",
        "store": "s1",
        "currency": "RUB",
        "discount": {"type": "percent", "percent": "10"},
    } | fields


def test_a_promotion_of_nulls_is_one_of_what_is_left_out(api: Api) -> None:
    make_store(ref="s1")
    causes = ("unpaid", "cancelled", "refunded", "fraud")
    limits = ("total", "per_person", "per_code", "budget", "budget_edge")
    names = promotions.PromotionSerializer().fields
    nulls = {name: None for name, field in names.items() if not field.required and name != "store"}
    deep = {
        "applies_to": dict.fromkeys(("scope", "products", "categories", "exclude_products")),
        "give_back": dict.fromkeys(causes),
        "limits": dict.fromkeys(limits),
    }
    expected = api.post("/promotions", promotion()).json()
    for body in (promotion(**nulls), promotion(**nulls | deep)):
        answer = api.post("/promotions", body)
        assert answer.status_code == 201, answer.content
        found = answer.json()
        its_own = ("id", "created_at", "approved_at", "starts_at", "local")
        assert {name: x for name, x in found.items() if name not in its_own} == {
            name: x for name, x in expected.items() if name not in its_own
        }


def test_a_change_of_nulls_takes_away_bounds_and_nothing_else(api: Api) -> None:
    make_store(ref="s1")
    sent = promotion(
        discount={"type": "percent", "percent": "10", "max_discount": 5},
        max_units_per_line=3,
        applies_to={"products": ["p1"], "exclude_products": ["p2"]},
        min_spend=100,
        min_spend_basis="after_earlier_codes",
        first_order_only=True,
        limits={"total": 9, "per_person": 2, "per_code": 8, "budget": 7, "budget_edge": "partial"},
        stacking="stackable",
        priority=7,
        starts_at="2026-01-01T00:00:00+03:00",
        ends_at="2090-01-01T00:00:00+03:00",
        timezone="Europe/Moscow",
        give_back={"unpaid": False, "cancelled": True, "refunded": True, "fraud": False},
        share_with_affiliates=True,
    )
    made = api.post("/promotions", sent).json()
    nulls = dict.fromkeys(promotions.AmendmentSerializer().fields) | {
        "discount": dict.fromkeys(("type", "percent", "amount", "max_discount")),
        "applies_to": dict.fromkeys(("scope", "products", "categories", "exclude_products")),
        "give_back": dict.fromkeys(("unpaid", "cancelled", "refunded", "fraud")),
        "limits": dict.fromkeys(("total", "per_person", "per_code", "budget", "budget_edge")),
    }
    answer = api.patch(f"/promotions/{made['id']}", nulls)
    assert answer.status_code == 200, answer.content
    assert answer.json() == made | {
        "discount": made["discount"] | {"max_discount": None},
        "max_units_per_line": None,
        "min_spend": 0,
        "limits": dict.fromkeys(made["limits"]) | {"budget_edge": "partial"},
        "ends_at": None,
        "local": made["local"] | {"ends_at": None},
        "terms_version": 2,
        "usage": made["usage"] | {"budget_left": None},
    }


def test_a_checkout_of_nulls(api: Api) -> None:
    make_store(ref="s1")
    line = {"ref": "1", "store": "s1", "unit_price": 500, "quantity": 1}
    nulls = dict.fromkeys(("shopper", "shipping", "codes", "first_order", "audience"))
    cart = {"currency": "RUB", "lines": [line | {"product": None, "category": None}]} | nulls
    assert api.post("/quotes", cart).status_code == 200
    held = api.post("/reservations", cart | {"ttl_seconds": None})
    assert held.status_code == 201, held.content
    path = f"/reservations/{held.json()['id']}/renew"
    assert api.post(path, {"ttl_seconds": None}).status_code == 200
    body = {"order_ref": "o", "reservation": held.json()["id"], "digest": None, "audience": None}
    assert api.post("/redemptions", body).status_code == 201
    body = cart | {"order_ref": "o-2", "digest": None}
    assert api.post("/redemptions", body).status_code == 201


def test_a_redemption_of_either_kind_may_hold_nulls_of_the_other(api: Api) -> None:
    make_store(ref="s1")
    line = {"ref": "1", "store": "s1", "unit_price": 500, "quantity": 1}
    cart = {"currency": "RUB", "lines": [line], "shopper": {"ref": "u1"}}
    direct = cart | {"order_ref": "o", "reservation": None}
    assert api.post("/redemptions", direct).status_code == 201
    held = api.post("/reservations", cart).json()
    none = dict.fromkeys(("currency", "lines", "shopper", "shipping", "codes", "first_order"))
    body = {"order_ref": "o-2", "reservation": held["id"]}
    assert api.post("/redemptions", body | none | {"magic": None}).status_code == 400
    assert api.post("/redemptions", body | none).status_code == 201
    answer = api.post("/redemptions", {"order_ref": "o-3", "reservation": None})
    assert list(answer.json()["errors"]) == ["currency", "lines"]


def test_a_store_and_an_event_of_nulls(api: Api) -> None:
    store = {"name": "S", "currency": "RUB", "country": "RU", "verified": True, "host": "a.ru"}
    assert api.put("/stores/s1", store).status_code == 201
    assert api.put("/stores/s1", store | {"verified": None, "host": None}).json() == (
        store | {"ref": "s1"}
    )
    line = {"ref": "1", "store": "s1", "unit_price": 500, "quantity": 1, "discount": None}
    event = {
        "event_id": "e",
        "order_ref": "o",
        "version": 1,
        "type": "placed",
        "occurred_at": "2026-12-01T12:00:00+03:00",
        "currency": "RUB",
        "lines": [line | {"product": None, "category": None}],
        **dict.fromkeys(("shopper", "shipping", "codes", "click_id", "refund")),
    }
    assert api.post("/orders/events", event).status_code == 202
    assert api.get("/orders/o").json()["lines"][0]["discount"] == 0
