"""promocodes/explanations.py: every amount that is told is the quote's own."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from promocodes import explanations, facts, quoting
from promocodes.cart import Cart, Line
from promocodes.models import Promotion
from promocodes.reasons import Reason
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def store(db: None):
    return make_store()


def tell(cart, names=None):
    judgement = quoting.judge(facts.read(cart, source=Source()), cart=cart)
    return explanations.tell(judgement, names=names or {})


def test_steps_are_the_arithmetic(store):
    make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(percent_bp=1_000, max_discount_minor=30_000, min_spend_minor=100_000),
    )
    story = tell(make_cart((300_000, 1), (100_000, 2), codes=["TEN"], store=store))
    [code] = story.codes
    assert code.is_applied
    assert code.discount_minor == 30_000
    assert code.steps == (
        "It fits 2 of 2 lines, worth ₽5,000.",
        "Minimum spend ₽1,000 is reached.",
        "10% of ₽5,000 is ₽500.",
        "But at most ₽300.",
        "Shared over the lines by their price, so every return is exact.",
    )
    assert [line.discount_minor for line in story.lines] == [18_000, 12_000]
    assert [line.after_minor for line in story.lines] == [282_000, 188_000]


def test_second_code_reckons_on_what_the_first_left(store):
    make_promotion(store=store, code="HALF", terms=make_terms(percent_bp=5_000))
    make_promotion(kind="platform", code="TEN", terms=make_terms(percent_bp=1_000))
    story = tell(make_cart((10_000, 1), codes=["TEN", "HALF"], store=store))
    steps = {code.code: code.steps for code in story.codes}
    assert "50% of ₽100 is ₽50." in steps["HALF"]
    assert "10% of ₽50 is ₽5." in steps["TEN"]
    [line] = story.lines
    assert [(note.code, note.off_minor) for note in line.notes] == [("HALF", 5_000), ("TEN", 500)]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"amount_minor": 500}, "₽5 off the order."),
        ({"amount_minor": 500, "allocation": "each_unit"}, "₽5 off each unit."),
        ({"amount_minor": 500, "allocation": "each_line"}, "₽5 off each line."),
        ({"amount_minor": 500, "allocation": "cheapest_unit"}, "₽5 off the cheapest unit."),
        ({"percent_bp": 1_250, "allocation": "cheapest_unit"}, "12.5% off the cheapest unit."),
        ({"discount_type": "free_shipping"}, "Delivery is free."),
    ],
)
def test_every_kind_of_discount_has_its_words(store, fields, rule):
    make_promotion(store=store, code="X", terms=make_terms(**fields))
    story = tell(make_cart((10_000, 2), codes=["X"], store=store, shipping_minor=700))
    assert rule in story.codes[0].steps


def test_lines_left_alone_say_why(store):
    def line(ref, **fields):
        return Line(ref=ref, product=ref, unit_price_minor=1_000, quantity=1, **fields)

    make_promotion(
        store=store,
        code="SOME",
        terms=make_terms(scope="products", products=("a", "b"), exclude_products=("b",)),
    )
    cart = Cart(
        currency="RUB",
        lines=(
            line("a", store=store.ref),
            line("b", store=store.ref),
            line("c", store=store.ref),
            line("d", store="elsewhere"),
        ),
        codes=("SOME",),
    )
    story = tell(cart, names={"a": "Cup"})
    assert [line.name for line in story.lines] == ["Cup", "b", "c", "d"]
    assert [line.notes[0].why for line in story.lines] == [
        "",
        "left out of this code",
        "not among the chosen products",
        "another store's product",
    ]


def test_categories_and_free_goods_have_reasons_too(store):
    make_promotion(
        store=store, code="CAT", terms=make_terms(scope="categories", categories=("mugs",))
    )
    lines = tuple(
        Line(
            ref=ref,
            product=ref,
            store=store.ref,
            category=category,
            unit_price_minor=price,
            quantity=1,
        )
        for ref, category, price in (("a", "mugs", 100), ("b", "hats", 100), ("c", "mugs", 0))
    )
    story = tell(Cart(currency="RUB", lines=lines, codes=("CAT",)))
    assert [line.notes[0].why for line in story.lines] == [
        "",
        "not in the chosen categories",
        "nothing is left to take off",
    ]


def hint_of(cart):
    [code] = tell(cart).codes
    assert not code.is_applied
    assert code.steps == ()
    return code.reason, code.hint


def test_minimum_says_what_is_missing(store):
    make_promotion(store=store, code="X", terms=make_terms(min_spend_minor=20_000))
    assert hint_of(make_cart((15_000, 1), codes=["X"], store=store)) == (
        "The cart is below this code's minimum order.",
        "It asks for ₽200 of goods that fit; ₽50 more would do.",
    )


def test_window_is_told_in_the_promotion_s_own_zone(store):
    zone = {"timezone": "Europe/Moscow"}
    far = datetime(2099, 12, 31, 22, 30, tzinfo=UTC)
    make_promotion(store=store, code="SOON", terms=make_terms(starts_at=far, **zone))
    past = datetime(2021, 1, 1, tzinfo=UTC)
    make_promotion(store=store, code="OVER", terms=make_terms(ends_at=past, **zone))
    assert hint_of(make_cart((100, 1), codes=["SOON"], store=store))[1] == (
        "It starts on Jan. 1, 2100, 01:30."
    )
    assert hint_of(make_cart((100, 1), codes=["OVER"], store=store))[1] == (
        "It ended on Jan. 1, 2021, 03:00."
    )


def test_limits_persons_and_rivals_are_told(store):
    make_promotion(store=store, code="ONCE", limits=Limits(per_person=1))
    assert hint_of(make_cart((100, 1), codes=["ONCE"], store=store))[1] == (
        "It is limited per person, so the shop must say who buys."
    )
    make_promotion(store=store, code="BIG", terms=make_terms(percent_bp=2_000))
    make_promotion(store=store, code="SMALL", terms=make_terms(percent_bp=1_000))
    story = tell(make_cart((10_000, 1), codes=["SMALL", "BIG"], store=store))
    small = next(code for code in story.codes if code.code == "SMALL")
    assert small.hint == "By itself it would take off ₽10."


def test_budget_s_edge_is_told(store):
    make_promotion(store=store, code="X", limits=Limits(budget_minor=700, budget_edge="partial"))
    story = tell(make_cart((10_000, 1), codes=["X"], store=store))
    assert "The budget has only ₽7 left." in story.codes[0].steps


def test_every_reason_has_a_sentence_and_unknown_codes_no_steps(store):
    assert all(str(reason.label) for reason in Reason)
    assert hint_of(make_cart((100, 1), codes=["NOPE"], store=store)) == (
        "There is no such code.",
        "",
    )


def test_other_currency_is_named(store):
    make_promotion(store=store, code="X")
    cart = make_cart((100, 1), codes=["X"], store=store, currency="EUR")
    assert hint_of(cart)[1] == "It is in RUB."


def test_waiting_code_says_so(store):
    make_promotion(store=store, code="X", needs_approval=True)
    assert Promotion.objects.get().status == "pending_approval"
    assert hint_of(make_cart((100, 1), codes=["X"], store=store))[0] == (
        "This code is not approved yet."
    )
