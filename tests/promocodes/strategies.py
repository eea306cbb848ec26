"""Carts, terms and codes for Hypothesis, small enough to shrink and mean enough to find."""

from uuid import UUID

from hypothesis import strategies as st

from promocodes.cart import Cart, Line
from promocodes.eligibility import CodeFacts
from promocodes.terms import Limits, Terms

STORES = ("s1", "s2")
PRODUCTS = ("p1", "p2", "p3")
CATEGORIES = ("c1", "c2")

prices = st.one_of(st.integers(0, 12), st.integers(0, 100_000), st.just(10**12 - 1))
quantities = st.one_of(st.integers(1, 4), st.integers(1, 200), st.just(10_000))
runs = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 50)), min_size=1, max_size=6)


@st.composite
def carts(draw: st.DrawFn, *, most: int = 5) -> Cart:
    """A cart of one currency with shipping or without."""
    count = draw(st.integers(1, most))
    return Cart(
        currency="RUB",
        shipping_minor=draw(st.sampled_from([0, 1, 30_000])),
        lines=tuple(
            Line(
                ref=str(number),
                unit_price_minor=draw(prices),
                quantity=draw(quantities),
                product=draw(st.sampled_from(PRODUCTS)),
                store=draw(st.sampled_from(STORES)),
                category=draw(st.sampled_from(CATEGORIES)),
            )
            for number in range(count)
        ),
    )


@st.composite
def all_terms(draw: st.DrawFn) -> Terms:
    """Any discount, allocation, cap, scope and way of stacking."""
    kind = draw(st.sampled_from(["percent", "percent", "fixed", "fixed", "free_shipping"]))
    scope = draw(st.sampled_from(["storewide", "storewide", "products", "categories"]))
    maybe = st.one_of(st.none(), st.integers(1, 5), st.integers(1, 90_000))
    return Terms(
        discount_type=kind,
        percent_bp=draw(st.integers(1, 10_000)) if kind == "percent" else None,
        amount_minor=draw(st.integers(1, 60_000)) if kind == "fixed" else None,
        max_discount_minor=draw(maybe),
        allocation=draw(st.sampled_from(["across", "each_unit", "each_line", "cheapest_unit"])),
        max_units_per_line=draw(st.one_of(st.none(), st.integers(1, 3))),
        scope=scope,
        products=("p1", "p2") if scope == "products" else (),
        categories=("c1",) if scope == "categories" else (),
        exclude_products=draw(st.sampled_from([(), ("p3",)])),
        min_spend_minor=draw(st.sampled_from([0, 0, 1, 5_000])),
        min_spend_basis=draw(st.sampled_from(["undiscounted", "after_earlier_codes"])),
        stacking=draw(st.sampled_from(["default", "default", "stackable", "exclusive"])),
        priority=draw(st.sampled_from([100, 100, 200])),
    )


@st.composite
def codes(draw: st.DrawFn, number: int) -> CodeFacts:
    """An approved code of a seller or of the platform, with a budget or without."""
    kind = draw(st.sampled_from(["store", "store", "platform"]))
    return facts(
        number,
        terms=draw(all_terms()),
        kind=kind,
        store=draw(st.sampled_from(STORES)) if kind == "store" else "",
        budget_left_minor=draw(st.sampled_from([None, None, 1, 7_000])),
        limits=Limits(
            budget_minor=10_000, budget_edge=draw(st.sampled_from(["refuse", "partial"]))
        ),
    )


def facts(number: int, **fields: object) -> CodeFacts:
    """Facts of an approved code with ids of its own."""
    number_of = UUID(int=number)
    return CodeFacts(
        **{
            "code": f"CODE{number}",
            "code_id": number_of,
            "promotion_id": number_of,
            "terms_id": number_of,
            "kind": "store",
            "status": "approved",
            "currency": "RUB",
            "limits": Limits(),
        }
        | fields
    )
