"""Plain promotions and codes; what a test depends on it passes by name."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from marketplace.models import Store
from promocodes import promotions
from promocodes.cart import Cart, Line, Shopper
from promocodes.models import Promotion
from promocodes.terms import Limits, Terms
from tests.factories.marketplace import make_store

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_number = count(1)


def make_terms(**fields: Any) -> Terms:
    """Ten percent off everything since long ago, unless said otherwise."""
    if "amount_minor" in fields:
        fields.setdefault("discount_type", "fixed")
    fields.setdefault("discount_type", "percent")
    if fields["discount_type"] == "percent":
        fields.setdefault("percent_bp", 1000)
    return Terms(**{"starts_at": LONG_AGO} | fields)


def make_promotion(
    *,
    store: Store | None = None,
    kind: str = "store",
    code: str | None = None,
    terms: Terms | None = None,
    limits: Limits | None = None,
    **fields: Any,
) -> Promotion:
    """An approved promotion of a new store (or of `store`), made by the verb."""
    if store is None and kind in ("store", "social"):
        store = make_store()
    fields = {
        "name": f"Promotion {next(_number)}",
        "currency": store.currency if store else "RUB",
        "needs_approval": False,
        "actor": "test",
    } | fields
    return promotions.create(
        kind=kind,
        store=store,
        code=code,
        terms=terms or make_terms(),
        limits=limits or Limits(),
        **fields,
    )


def make_cart(
    *lines: tuple[int, int],
    codes: tuple[str, ...] | list[str] = (),
    store: Store | str = "",
    shopper: dict[str, str] | None = None,
    **fields: Any,
) -> Cart:
    """A cart in roubles of lines `(unit price, quantity)`, all of one store."""
    ref = store.ref if isinstance(store, Store) else store
    return Cart(
        **{
            "currency": "RUB",
            "lines": tuple(
                Line(
                    ref=str(number),
                    unit_price_minor=price,
                    quantity=quantity,
                    store=ref,
                    product=f"thing{number}",
                )
                for number, (price, quantity) in enumerate(lines, 1)
            ),
            "codes": tuple(codes),
            "shopper": Shopper(**(shopper or {})),
        }
        | fields
    )
