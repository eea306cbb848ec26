"""The calls of promotions and checkout keep the contract, with our key and with a stranger's.

The stranger is another store's own key with every scope: whatever it sends, with the real ids too,
it is told nothing of ours and moves nothing of ours.
"""

from typing import Any

import pytest

from promocodes.models import Checkout, PromoCode, Promotion, PromotionTerms, Redemption, Reversal
from tests.api import Api
from tests.contract import contract, keep
from tests.factories.marketplace import make_client, make_product, make_store

__all__ = ["contract"]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]
WORD, NAME, ORDER = "MINEALONE", "Whispered deal", "order-of-ours"
CALLS = [
    ("GET", "/promotions"),
    ("POST", "/promotions"),
    ("GET", "/promotions/{promotion_id}"),
    ("PATCH", "/promotions/{promotion_id}"),
    ("POST", "/promotions/{promotion_id}/approve"),
    ("POST", "/promotions/{promotion_id}/cancel"),
    ("GET", "/promotions/{promotion_id}/codes"),
    ("GET", "/promotions/{promotion_id}/codes.csv"),
    ("GET", "/promotions/{promotion_id}/report"),
    ("GET", "/promotions/{promotion_id}/report.csv"),
    ("POST", "/quotes"),
    ("POST", "/reservations"),
    ("GET", "/reservations/{checkout_id}"),
    ("DELETE", "/reservations/{checkout_id}"),
    ("POST", "/reservations/{checkout_id}/renew"),
    ("POST", "/redemptions"),
    ("GET", "/redemptions/{checkout_id}"),
    ("POST", "/redemptions/{checkout_id}/reversals"),
]


@pytest.fixture
def ours(db) -> dict[str, Any]:
    """A store with a live promotion, a hold, and an order of which a part came back."""
    make_product(store=make_store(ref="s1", is_verified=True), ref="p1")
    make_product(store=make_store(ref="s2", is_verified=True), ref="p2")
    shop = Api(make_client(name="the shop")[1])
    promotion = shop.post(
        "/promotions",
        {
            "name": NAME,
            "store": "s1",
            "currency": "RUB",
            "discount": {"type": "percent", "percent": "10"},
            "limits": {"total": 1_000, "per_person": 900, "budget": 10**9},
            "share_with_affiliates": True,
            "code": WORD,
        },
    ).json()
    cart = {
        "currency": "RUB",
        "lines": [{"ref": "1", "product": "p1", "unit_price": 1_000, "quantity": 3}],
        "shopper": {"ref": "anna"},
        "codes": [WORD],
    }
    hold = shop.post("/reservations", cart).json()
    order = shop.post("/redemptions", cart | {"order_ref": ORDER}).json()
    part = {"reversal_ref": "r", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    assert shop.post(f"/redemptions/{order['id']}/reversals", part).status_code == 201
    return {
        "secret": shop.secret,
        "promotion_id": promotion["id"],
        "hold": hold["id"],
        "order": order["id"],
        "lines": cart["lines"],
    }


def known(ours: dict[str, Any], path: str) -> dict[str, Any]:
    """What is really there, by the names that the call uses."""
    return {
        "promotion_id": ours["promotion_id"],
        "checkout_id": ours["hold" if "reservations" in path else "order"],
        "reservation": ours["hold"],
        "codes": [WORD],
        "currency": "RUB",
        "store": "s1",
        "order_ref": ORDER,
        "lines": ours["lines"] if "reversals" not in path else [{"ref": "1", "quantity": 1}],
    }


def rows() -> dict[str, list[Any]]:
    """All that is ours."""
    return {
        model.__name__: list(found.order_by("pk").values_list())
        for model, found in {
            Promotion: Promotion.objects.filter(store__ref="s1"),
            PromotionTerms: PromotionTerms.objects.filter(promotion__store__ref="s1"),
            PromoCode: PromoCode.objects.filter(promotion__store__ref="s1"),
            Checkout: Checkout.objects.filter(store=None),
            Redemption: Redemption.objects.filter(store__ref="s1"),
            Reversal: Reversal.objects.all(),
        }.items()
    }


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_keeps_the_contract(contract, ours, method, path) -> None:
    assert keep(contract, method, path, ours["secret"], most=12, known=known(ours, path))


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_strangers_key_finds_and_moves_nothing(contract, ours, method, path) -> None:
    _, stranger = make_client(name="a stranger", store=make_store(ref="evil", is_verified=True))
    before = rows()
    said = keep(contract, method, path, stranger, most=12, known=known(ours, path))
    assert rows() == before
    types_words = path in ("/quotes", "/reservations", "/redemptions")
    for text in said:
        for secret in (ours["promotion_id"], ours["hold"], ours["order"], NAME):
            assert secret not in text
        # A stranger may be told the word that was typed, and that there is no such code.
        assert types_words or not (WORD in text or ORDER in text)
        if WORD in text:
            assert '"applied":true' not in text.replace(" ", "")
