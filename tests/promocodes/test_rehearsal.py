"""promocodes/rehearsal.py: a draft is judged as the promotion that it becomes would be."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace import clock
from promocodes import quoting, rehearsal
from promocodes.models import Promotion
from promocodes.reasons import Reason
from promocodes.rehearsal import Draft
from promocodes.terms import Limits
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

_number = count(1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db: None):
    return make_store()


def rehearse(store, terms, cart, limits=None, at=None):
    draft = Draft(
        store=store,
        kind="store",
        currency=store.currency,
        terms=terms,
        limits=limits or Limits(),
        code="X",
    )
    return rehearsal.rehearse(draft, cart, at=at or clock.now()).quote


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prices=st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 9)), min_size=1, max_size=5),
    fields=st.one_of(
        st.fixed_dictionaries({"percent_bp": st.integers(1, 10_000)}),
        st.fixed_dictionaries({"amount_minor": st.integers(1, 40_000)}),
    ),
    cap=st.none() | st.integers(1, 5_000),
    minimum=st.integers(0, 60_000),
)
def test_rehearsal_says_what_the_live_code_says(store, prices, fields, cap, minimum):
    """The same quote to the last unit, also when it refuses."""
    terms = make_terms(max_discount_minor=cap, min_spend_minor=minimum, **fields)
    cart = make_cart(*prices, codes=["X"], store=store)
    said = rehearse(store, terms, cart)
    code = f"L{next(_number)}"
    make_promotion(store=store, code=code, terms=terms, needs_approval=False)
    live = quoting.quote(make_cart(*prices, codes=[code], store=store))
    assert [line.discount_minor for line in said.lines] == [
        line.discount_minor for line in live.lines
    ]
    assert [line.units for line in said.lines] == [line.units for line in live.lines]
    assert said.total_minor == live.total_minor
    assert said.codes[0].refusal == live.codes[0].refusal


def test_nothing_is_written(store):
    before = Promotion.objects.count()
    assert rehearse(store, make_terms(), make_cart((1_000, 1), codes=["X"], store=store)).is_whole
    assert Promotion.objects.count() == before


def test_limits_per_person_and_first_orders_are_a_new_shopper_s(store):
    terms = make_terms(first_order_only=True)
    cart = make_cart((1_000, 1), codes=["X"], store=store)
    assert rehearse(store, terms, cart, Limits(per_person=1, total=1)).discount_minor == 100


def test_budget_bounds_what_is_given(store):
    cart = make_cart((10_000, 1), codes=["X"], store=store)
    refused = rehearse(store, make_terms(), cart, Limits(budget_minor=999))
    assert refused.codes[0].refusal.reason == Reason.BUDGET_EXHAUSTED
    partial = rehearse(store, make_terms(), cart, Limits(budget_minor=999, budget_edge="partial"))
    assert partial.discount_minor == 999


def test_moment_is_the_one_asked_for(store):
    now = clock.now()
    terms = make_terms(starts_at=now + timedelta(days=2))
    cart = make_cart((10_000, 1), codes=["X"], store=store)
    assert rehearse(store, terms, cart, at=now).codes[0].refusal.reason == Reason.NOT_STARTED
    assert rehearse(store, terms, cart, at=now + timedelta(days=2)).is_whole


@pytest.mark.parametrize(
    ("fields", "limits", "most"),
    [
        ({"percent_bp": 1_000}, Limits(), None),
        ({"percent_bp": 1_000}, Limits(total=100), None),
        ({"percent_bp": 1_000, "max_discount_minor": 300}, Limits(total=100), 30_000),
        ({"percent_bp": 1_000, "max_discount_minor": 300}, Limits(), None),
        ({"amount_minor": 500}, Limits(total=10), 5_000),
        ({"amount_minor": 500}, Limits(total=10, budget_minor=4_000), 4_000),
        ({"amount_minor": 500}, Limits(total=10, budget_minor=9_000), 5_000),
        ({"percent_bp": 1_000}, Limits(budget_minor=7), 7),
        ({"amount_minor": 500, "allocation": "each_unit"}, Limits(total=10), None),
        ({"amount_minor": 500, "allocation": "cheapest_unit"}, Limits(total=10), 5_000),
        ({"discount_type": "free_shipping"}, Limits(total=10), None),
    ],
)
def test_ceiling_is_the_most_that_all_uses_cost(fields, limits, most):
    assert rehearsal.ceiling_minor(make_terms(**fields), limits) == most
