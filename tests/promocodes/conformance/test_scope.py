"""Which lines a code discounts, what they must be worth, and whose first order it is."""

import pytest

from tests.promocodes.conformance.till import (
    Till,
    by_line,
    fixed,
    free_shipping,
    item,
    percent,
    reasons,
)

pytestmark = pytest.mark.django_db


def row(name, applies_to, lines, expected, **terms):
    """A case of ten percent of s1: the scope, the cart, what each line saves (None: refused)."""
    return pytest.param(applies_to, terms, lines, expected, id=name)


MUG, HAT = {"category": "mugs"}, {"category": "hats"}
SCOPES = [
    row("storewide", {"scope": "storewide"}, [(1_000, 1), (500, 1)], [100, 50]),
    row("no-scope-is-storewide", {}, [(1_000, 1), (500, 1)], [100, 50]),
    row("another-stores-line-is-left-alone", {}, [(1_000, 1), item(500, store="s2")], [100, 0]),
    row("only-another-stores-line", {}, [item(500, store="s2")], None),
    row("one-product", {"scope": "products", "products": ["p2"]}, [(1_000, 1), (500, 1)], [0, 50]),
    row(
        "two-products",
        {"scope": "products", "products": ["p1", "p3"]},
        [(1_000, 1), (500, 1), (50, 1)],
        [100, 0, 5],
    ),
    row("a-product-that-is-not-there", {"scope": "products", "products": ["p9"]}, [(1, 1)], None),
    row(
        "one-product-on-two-lines",
        {"scope": "products", "products": ["mug"]},
        [item(100, product="mug"), item(70, product="hat"), item(200, product="mug")],
        [10, 0, 20],
    ),
    row(
        "the-product-of-another-store",
        {"scope": "products", "products": ["p1"]},
        [item(1_000, store="s2")],
        None,
    ),
    row(
        "a-line-without-product",
        {"scope": "products", "products": ["p1"]},
        [item(1_000, product=None), (500, 1)],
        None,
    ),
    row(
        "a-category",
        {"scope": "categories", "categories": ["mugs"]},
        [item(1_000, **MUG), item(500, **HAT)],
        [100, 0],
    ),
    row(
        "two-categories",
        {"scope": "categories", "categories": ["mugs", "hats"]},
        [item(1_000, **MUG), item(500, **HAT), item(100, category="pens")],
        [100, 50, 0],
    ),
    row(
        "a-line-without-category",
        {"scope": "categories", "categories": ["mugs"]},
        [item(1_000)],
        None,
    ),
    row(
        "a-category-but-another-store",
        {"scope": "categories", "categories": ["mugs"]},
        [item(1_000, store="s2", **MUG), item(10, **MUG)],
        [0, 1],
    ),
    row("all-but-one-product", {"exclude_products": ["p1"]}, [(1_000, 1), (500, 1)], [0, 50]),
    row("all-but-all", {"exclude_products": ["p1", "p2"]}, [(1_000, 1), (500, 1)], None),
    row(
        "a-category-but-one-product",
        {"scope": "categories", "categories": ["mugs"], "exclude_products": ["p1"]},
        [item(1_000, **MUG), item(500, **MUG), item(70, **HAT)],
        [0, 50, 0],
    ),
    row(
        "named-and-left-out-is-left-out",
        {"scope": "products", "products": ["p1", "p2"], "exclude_products": ["p1"]},
        [(1_000, 1), (500, 1)],
        [0, 50],
    ),
    row("products-imply-their-scope", {"products": ["p2"]}, [(1_000, 1), (500, 1)], [0, 50]),
    row(
        "categories-imply-their-scope",
        {"categories": ["hats"]},
        [item(1_000, **MUG), item(500, **HAT)],
        [0, 50],
    ),
    row(
        "rounded-on-the-fitting-lines-alone",
        {"products": ["p1", "p2"]},
        [(5, 1), (5, 1), (5, 1)],
        [1, 0, 0],
    ),
]


@pytest.mark.parametrize(("applies_to", "terms", "lines", "expected"), SCOPES)
def test_scope(till: Till, applies_to, terms, lines, expected) -> None:
    till.promotion(percent("10"), applies_to=applies_to, **terms)
    quote = till.quote(*lines)
    assert reasons(quote) == {"CODE": None if expected else "no_eligible_items"}
    assert by_line(quote) == (expected or [0] * len(lines))


PLATFORM = [
    pytest.param({}, ["s1", "s2"], [100, 100], id="everywhere"),
    pytest.param({"stores": ["s1"]}, ["s1", "s2"], [100, 0], id="one-store"),
    pytest.param({"stores": ["s1", "s3"]}, ["s1", "s2", "s3"], [100, 0, 100], id="two-stores"),
    pytest.param({"stores": ["s3"]}, ["s1", "s2"], None, id="none-of-its-stores"),
    pytest.param(
        {"applies_to": {"stores": ["s2"]}}, ["s1", "s2"], [0, 100], id="named-in-the-scope"
    ),
    pytest.param({}, ["s1", "nobody"], [100, 100], id="a-store-that-we-do-not-know"),
    pytest.param({}, ["s1", None], [100, 100], id="a-line-without-store"),
    pytest.param({"stores": ["s1"]}, [None, "s1"], [0, 100], id="one-store-and-a-line-without"),
    pytest.param(
        {"applies_to": {"exclude_products": ["p1"]}}, ["s1", "s2"], [0, 100], id="but-one-product"
    ),
    pytest.param(
        {"applies_to": {"products": ["p2"]}}, ["s1", "s2"], [0, 100], id="a-product-of-any-store"
    ),
]


@pytest.mark.parametrize(("terms", "stores", "expected"), PLATFORM)
def test_platform_code(till: Till, terms, stores, expected) -> None:
    made = till.promotion(percent("10"), kind="platform", **terms)
    assert made["store"] is None
    quote = till.quote(*(item(1_000, store=store) for store in stores))
    assert by_line(quote) == (expected or [0] * len(stores))
    assert reasons(quote) == {"CODE": None if expected else "no_eligible_items"}


def test_a_platform_code_is_rounded_once_over_all_stores(till: Till) -> None:
    till.promotion(percent("10"), kind="platform")
    quote = till.quote(item(5, store="s1"), item(5, store="s2"), item(5, store="s3"))
    assert by_line(quote) == [1, 1, 0]


def min_row(name, minimum, lines, missing, **terms):
    """A minimum, a cart, and what is missing (0: nothing)."""
    return pytest.param(minimum, terms, lines, missing, id=name)


MINIMUM = [
    min_row("met-exactly", 1_000, [(1_000, 1)], 0),
    min_row("a-coin-below", 1_000, [(999, 1)], 1),
    min_row("a-coin-above", 1_000, [(1_001, 1)], 0),
    min_row("none", 0, [(1, 1)], 0, discount=fixed(1)),
    min_row("by-quantity", 1_000, [(250, 4)], 0),
    min_row("by-quantity-below", 1_000, [(249, 4)], 4),
    min_row("by-several-lines", 1_000, [(400, 1), (600, 1)], 0),
    min_row("the-known-400-roubles", 40_000, [(39_999, 1)], 1, discount=fixed(39_900)),
    min_row("another-stores-line-does-not-count", 1_000, [(999, 1), item(500, store="s2")], 1),
    min_row(
        "only-named-products-count",
        1_000,
        [(999, 1), (500, 1)],
        1,
        applies_to={"products": ["p1"]},
    ),
    min_row(
        "only-named-products-count-and-suffice",
        1_000,
        [(1_000, 1), (500, 1)],
        0,
        applies_to={"products": ["p1"]},
    ),
    min_row(
        "what-is-left-out-does-not-count",
        1_000,
        [(500, 1), (800, 1)],
        500,
        applies_to={"exclude_products": ["p2"]},
    ),
    min_row(
        "only-the-category-counts",
        1_000,
        [item(600, category="mugs"), item(600, category="hats")],
        400,
        applies_to={"categories": ["mugs"]},
    ),
    min_row("gifts-count-nothing", 1_000, [(0, 5), (900, 1)], 100),
    min_row("more-units-than-are-discounted-count", 1_000, [(500, 2)], 0, max_units_per_line=1),
    min_row("yen", 5_000, [(4_999, 1)], 1, currency="JPY"),
    min_row("dinars", 10_000, [(2_500, 4)], 0, currency="KWD"),
]


@pytest.mark.parametrize(("minimum", "terms", "lines", "missing"), MINIMUM)
def test_minimum_spend(till: Till, minimum, terms, lines, missing) -> None:
    till.promotion(**({"min_spend": minimum} | terms))
    quote = till.quote(*lines, currency=terms.get("currency", "RUB"))
    (code,) = quote["codes"]
    if not missing:
        assert code["applied"]
        return
    assert code["reason"]["code"] == "min_spend_not_met"
    assert code["reason"]["params"] == {"missing": missing, "min_spend": minimum}
    assert quote["discount"] == 0


def test_the_minimum_does_not_count_the_shipping(till: Till) -> None:
    till.promotion(free_shipping(), min_spend=1_000)
    assert reasons(till.quote((999, 1), shipping=500)) == {"CODE": "min_spend_not_met"}
    assert till.quote((1_000, 1), shipping=500)["shipping_discount"] == 500


BASES = [
    pytest.param("undiscounted", 1_000, {"FIRST": 300, "SECOND": 70}, None, id="before-any-code"),
    pytest.param("after_earlier_codes", 700, {"FIRST": 300, "SECOND": 70}, None, id="exactly-left"),
    pytest.param("after_earlier_codes", 701, {"FIRST": 300}, 1, id="a-coin-too-few-left"),
    pytest.param("after_earlier_codes", 1_000, {"FIRST": 300}, 300, id="met-only-alone"),
]


@pytest.mark.parametrize(("basis", "minimum", "expected", "missing"), BASES)
def test_what_the_minimum_is_counted_on(till: Till, basis, minimum, expected, missing) -> None:
    till.promotion(fixed(300), code="FIRST", stacking="stackable", priority=200)
    till.promotion(
        percent("10"),
        code="SECOND",
        stacking="stackable",
        min_spend=minimum,
        min_spend_basis=basis,
    )
    quote = till.quote((1_000, 1), codes=["SECOND", "FIRST"])
    assert {one["code"]: one["discount"] for one in quote["codes"] if one["applied"]} == expected
    if missing is not None:
        (refused,) = [one["reason"] for one in quote["codes"] if not one["applied"]]
        assert (refused["code"], refused["params"]["missing"]) == ("min_spend_not_met", missing)


def test_an_earlier_code_on_other_lines_leaves_the_minimum_alone(till: Till) -> None:
    till.promotion(percent("50"), code="THEIRS", store="s2")
    till.promotion(
        percent("10"), code="OURS", min_spend=1_000, min_spend_basis="after_earlier_codes"
    )
    quote = till.quote((1_000, 1), item(1_000, store="s2"), codes=["THEIRS", "OURS"])
    assert by_line(quote) == [100, 500]


PAID = {"type": "paid", "occurred_at": "2026-06-01T12:00:00Z", "currency": "RUB", "version": 1}
FIRST_ORDERS = [
    pytest.param({"first_order": True}, {"ref": "anna"}, None, id="said-so"),
    pytest.param({"first_order": False}, {"ref": "new"}, "not_first_order", id="said-not"),
    pytest.param({"first_order": True}, None, None, id="said-so-of-nobody"),
    pytest.param({"first_order": False}, None, "not_first_order", id="said-not-of-nobody"),
    pytest.param({}, None, "customer_required", id="nobody-to-look-for"),
    pytest.param({}, {}, "customer_required", id="an-empty-shopper"),
    pytest.param({"first_order": None}, {"ref": "new"}, None, id="null-is-absent"),
    pytest.param({}, {"ref": "new"}, None, id="nobody-that-we-know"),
    pytest.param({}, {"ref": "anna"}, "not_first_order", id="known-by-ref"),
    pytest.param({}, {"email": "anna@example.com"}, "not_first_order", id="known-by-email"),
    pytest.param(
        {}, {"ref": "new", "email": "ANNA+x@Example.com"}, "not_first_order", id="known-by-alias"
    ),
    pytest.param({}, {"phone": "8 (912) 345-67-89"}, "not_first_order", id="known-by-phone"),
    pytest.param({}, {"ref": "new", "device": "d-1"}, "not_first_order", id="known-by-device"),
    pytest.param({}, {"ref": "new", "payment": "card-1"}, "not_first_order", id="by-payment"),
    pytest.param({}, {"ref": "boris"}, None, id="an-unpaid-order-is-no-order"),
]


@pytest.mark.parametrize(("told", "shopper", "expected"), FIRST_ORDERS)
def test_first_order_only(till: Till, told, shopper, expected) -> None:
    till.promotion(percent("10"), first_order_only=True)
    anna = {
        "ref": "anna",
        "email": "anna@example.com",
        "phone": "+7 912 345 67 89",
        "device": "d-1",
        "payment": "card-1",
    }
    line = {"ref": "1", "product": "p1", "store": "s1", "unit_price": 1_000, "quantity": 1}
    for ref, who, kind in (("a1", anna, "paid"), ("b1", {"ref": "boris"}, "placed")):
        event = PAID | {"event_id": ref, "order_ref": ref, "shopper": who, "lines": [line]}
        assert till.api.post("/orders/events", event | {"type": kind}).status_code == 202
    quote = till.quote((1_000, 1), shopper=shopper, **told)
    assert reasons(quote) == {"CODE": expected}
    assert quote["discount"] == (0 if expected else 100)


def test_the_catalogue_fills_what_a_line_leaves_out(till: Till) -> None:
    product = {
        "ref": "known",
        "store": "s1",
        "name": "Mug",
        "category": "mugs",
        "price": 1_000,
        "currency": "RUB",
    }
    assert till.api.put("/products", {"products": [product]}).json()["created"] == 1
    till.promotion(percent("10"), applies_to={"categories": ["mugs"]})
    bare = {"product": "known", "store": None}
    assert by_line(till.quote(item(1_000, **bare))) == [100]
    for won in ({"category": "hats"}, {"store": "s2"}):
        quote = till.quote(item(1_000, **(bare | won)))
        assert reasons(quote) == {"CODE": "no_eligible_items"}


@pytest.mark.parametrize(
    ("promotion", "cart", "expected"),
    [
        ("RUB", "RUB", None),
        ("USD", "RUB", "currency_mismatch"),
        ("RUB", "KZT", "currency_mismatch"),
        ("JPY", "KRW", "currency_mismatch"),
        ("KWD", "KWD", None),
    ],
)
def test_a_code_speaks_one_currency(till: Till, promotion, cart, expected) -> None:
    till.promotion(percent("10"), currency=promotion)
    quote = till.quote((1_000, 1), currency=cart)
    assert reasons(quote) == {"CODE": expected}
    if expected:
        assert quote["codes"][0]["reason"]["params"] == {"currency": promotion}


@pytest.mark.parametrize(
    "typed",
    [
        "CODE-1",
        "code-1",
        " Code-1 ",
        "code‑1",
        "code–1",
        "code−1",
        "ＣＯＤＥ－１",
        "co de-1",
        "CODE-1\u200b",
    ],
)
def test_a_code_is_read_as_it_was_meant(till: Till, typed) -> None:
    till.promotion(percent("10"), code="Code-1")
    quote = till.quote((1_000, 1), codes=[typed])
    assert reasons(quote) == {"CODE-1": None}


@pytest.mark.parametrize("typed", ["CODE", "CODE-11", "C0DE-1", "CODE1", "CODE_1"])
def test_a_code_is_not_read_as_another(till: Till, typed) -> None:
    till.promotion(percent("10"), code="CODE-1")
    assert set(reasons(till.quote((1_000, 1), codes=[typed])).values()) == {"code_not_found"}
