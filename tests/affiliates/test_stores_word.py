"""What a store tells by a key of its own: it brings sales to its own promotions, at its cost."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates import commissions, settlement
from affiliates.models import Attribution, Commission, Transfer
from marketplace import orders
from marketplace.folding import Event
from marketplace.models import Order, OrderLine
from tests.api import Api
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_click,
    make_code,
    make_link,
    make_plan,
)
from tests.factories.marketplace import make_client, make_line, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store():
    """A seller."""
    return make_store(ref="mugs")


@pytest.fixture
def own(store):
    """The seller's own server."""
    return Shop(make_client(store=store)[0])


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate(name="Anna")


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


def paid_by():
    """The accounts that commissions were accrued from."""
    accrued = Transfer.objects.filter(kind__in=["accrue", "use"])
    return set(accrued.values_list("debit_account__kind", flat=True))


def outcomes():
    """Every decided line with what became of its candidates."""
    return {
        (row.order_ref, row.line_ref): [step["outcome"] for step in row.trace]
        for row in Attribution.objects.all()
    }


@pytest.mark.parametrize("pay", [{"rate_bp": 10_000}, {"fee_minor": 5_000}])
def test_a_platform_code_earns_nothing_on_a_stores_word(own, store, anna, pay):
    code = make_code(affiliate=anna, promotion=make_promotion(kind="platform"), **pay)
    own.sell("o1", line(store), at=NOON, codes=[code])
    derive("mugs/o1")
    assert outcomes() == {("mugs/o1", "1"): ["stores_word"]}
    assert not Commission.objects.exists()
    assert not Transfer.objects.exists()


def test_a_platform_code_earns_on_the_marketplaces_word(store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(kind="platform"))
    Shop().sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    assert balance(anna, "pending") == 40_000
    assert paid_by() == {"promo_expense"}


def test_a_platform_link_earns_nothing_on_a_stores_word(own, store, anna):
    make_plan()
    promotion = make_promotion(kind="platform")
    make_code(affiliate=anna, promotion=promotion)
    click = make_click(link=make_link(affiliate=anna, promotion=promotion), at=NOON)
    own.sell("o1", line(store), at=NOON, click_id=click.ref)
    Shop().sell("o2", line(store), at=NOON, click_id=click.ref)
    derive("mugs/o1", "o2")
    assert outcomes() == {("mugs/o1", "1"): ["stores_word"], ("o2", "1"): ["won"]}
    assert list(Commission.objects.values_list("order_ref", flat=True)) == ["o2"]


def test_a_code_that_was_redeemed_does_not_lend_its_weight_to_a_stores_word(api, own, store, anna):
    """The use is real; that it was paid for, and how much, is still only what the store says."""
    code = make_code(affiliate=anna, promotion=make_promotion(kind="platform"))
    cart = {"currency": "RUB", "shopper": {"ref": "buyer"}, "lines": [make_line(store=store)]}
    answer = api.post("/redemptions", cart | {"order_ref": "o1", "codes": [code]})
    assert answer.status_code == 201
    own.sell("o1", line(store, price=90_000_000), at=NOON, codes=[code])
    derive("mugs/o1")
    assert not Commission.objects.exists()
    Shop().sell("o1", line(store, price=10_000, discount=1_000), at=NOON)
    derive("o1")
    assert list(Commission.objects.values_list("order_ref", "base_minor")) == [("o1", 9_000)]


def test_its_own_code_and_link_earn_at_its_own_cost(own, store, anna):
    make_plan(store=store)
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    click = make_click(link=make_link(affiliate=anna, store=store), at=NOON)
    own.sell("o1", line(store), at=NOON, codes=[code])
    own.sell("o2", line(store), at=NOON, click_id=click.ref)
    derive("mugs/o1", "mugs/o2")
    assert balance(anna, "pending") == 40_000 + 25_000
    assert paid_by() == {"seller_receivable"}


def test_a_platform_code_beside_its_own_stands_in_nobodys_way(own, store, anna):
    boris = make_affiliate(name="Boris")
    platform = make_code(affiliate=boris, promotion=make_promotion(kind="platform"))
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    own.sell("o1", line(store), at=NOON, codes=[platform, code])
    derive("mugs/o1")
    assert outcomes() == {("mugs/o1", "1"): ["stores_word", "won"]}
    assert (balance(anna, "pending"), balance(boris, "pending")) == (40_000, 0)


def test_another_stores_code_or_link_earns_nothing(own, store, anna):
    make_plan()
    other = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=other))
    click = make_click(link=make_link(affiliate=anna, store=other), at=NOON)
    own.sell("o1", line(store), at=NOON, codes=[code], click_id=click.ref)
    derive("mugs/o1")
    assert not Attribution.objects.exists()


def test_a_use_at_its_own_till_is_of_its_own_order(store, own, anna):
    """Nor can it lay a use of its own under a number of the marketplace's."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store), fee_minor=5_000)
    till = Api(make_client(store=store)[1])
    cart = {"currency": "RUB", "shopper": {"ref": "buyer"}, "lines": [make_line(store=store)]}
    assert till.post("/redemptions", cart | {"order_ref": "o1", "codes": [code]}).status_code == 201
    Shop().sell("o1", line(store), at=NOON)
    derive("o1")
    assert not Attribution.objects.exists()
    own.sell("o2", line(store), at=NOON)
    assert till.post("/redemptions", cart | {"order_ref": "o2", "codes": [code]}).status_code == 201
    derive("mugs/o2")
    assert Commission.objects.get().kind == "fee"


# --- The marketplace's word stands above ------------------------------------------------------


@pytest.mark.parametrize("released", [False, True])
def test_what_a_store_told_is_taken_back_when_the_marketplace_tells(own, store, anna, released):
    """Its order brought Anna something; the marketplace knows of another code, and of less."""
    boris = make_affiliate(name="Boris")
    promotion = make_promotion(store=store)
    codes = [make_code(affiliate=each, promotion=promotion) for each in (anna, boris)]
    own.sell("o1", line(store, price=900_000), at=NOON, codes=[codes[0]])
    derive("mugs/o1")
    if released:
        Commission.objects.update(release_at=NOON)  # as time goes by
        assert settlement.release_due() == 1
    before = list(Transfer.objects.order_by("id").values_list("pk", "amount_minor"))
    Shop().sell("o1", line(store), at=NOON, codes=[codes[1]])
    derive("o1")
    stage = "available" if released else "pending"
    assert (balance(anna, stage), balance(boris, "pending")) == (0, 40_000)
    states = dict(Commission.objects.values_list("order_ref", "state"))
    assert states == {"mugs/o1": "reversed", "o1": "pending"}
    after = list(Transfer.objects.order_by("id").values_list("pk", "amount_minor"))
    assert after[: len(before)] == before, "reversed by new rows, never edited"
    with pytest.raises(orders.UnknownOrder):
        own.tell("o1", "paid", at=NOON)
    derive("mugs/o1", "o1")
    assert balance(anna, stage) == 0


def test_a_store_is_heard_again_if_the_marketplace_withdraws_the_line(own, store, anna):
    """The same in whatever order it comes: what counts is how the marketplace's order stands."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    other, shop = make_store(), Shop()
    own.sell("o1", line(store), at=NOON, codes=[code])
    shop.sell("o1", line(store), at=NOON)
    derive("mugs/o1", "o1")
    assert balance(anna, "pending") == 0
    shop.tell("o1", "paid", at=NOON, currency="RUB", lines=[line(other)])
    derive("o1")
    assert balance(anna, "pending") == 40_000


def test_a_number_that_both_use_for_different_sales_harms_nobody(own, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    own.sell("1001", line(store), at=NOON, codes=[code])
    Shop().sell("1001", line(make_store()), at=NOON, codes=[code])
    derive("1001", "mugs/1001")
    own.refund("1001", at=NOON)
    derive("mugs/1001")
    assert dict(Commission.objects.values_list("order_ref", "state")) == {"mugs/1001": "reversed"}


@pytest.mark.django_db(transaction=True)
def test_the_job_hears_that_a_store_was_overruled(own, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    own.sell("o1", line(store), at=NOON, codes=[code])
    assert commissions.derive_due() == 1
    assert Commission.objects.get().state == "pending"
    Shop().sell("o1", line(store), at=NOON)
    assert commissions.derive_due() == 1
    assert Commission.objects.get().state == "reversed"


KINDS = ["placed", "paid", "delivered", "cancelled", "refunded"]
told = st.lists(
    st.tuples(st.sampled_from(["shop", "own"]), st.sampled_from(KINDS), st.integers(1, 4)),
    min_size=1,
    max_size=8,
)


@given(told, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_two_speakers_end_the_same_in_any_order(store, own, anna, steps, chance):
    """However the events of both arrive, mixed or twice, and whenever somebody derives between."""
    boris = make_affiliate(name="Boris")
    speakers = {"shop": (Shop().client, boris, 700), "own": (own.client, anna, 900)}
    block = transaction.atomic()
    block._from_testcase = True  # durable verbs may run inside
    with block:
        promotion = make_promotion(store=store)
        codes = {
            name: make_code(affiliate=affiliate, promotion=promotion)
            for name, (_, affiliate, _) in speakers.items()
        }
        ends = []
        for number in ("1", "2"):
            events = [
                event(number, f"{number}-{place}", *step, store, speakers, codes)
                for place, step in enumerate(steps)
            ]
            if number == "2":
                events += chance.choices(events, k=3)
                chance.shuffle(events)
            for said in events:
                hear(said, own.client)
                if number == "2" and chance.random() < 0.3:
                    derive(number, f"mugs/{number}")
            derive(number, f"mugs/{number}")
            ends.append(how_it_stands(number))
        call_command("verify_invariants", verbosity=0)
        transaction.set_rollback(True)
    assert ends[0] == ends[1]


def event(number, event_id, name, kind, version, store, speakers, codes):
    """What one speaker says of its order: always the same line and code."""
    client, _, price = speakers[name]
    facts = {"lines": [line(store, price=price, quantity=3)], "currency": "RUB"}
    facts["codes"] = [codes[name]]
    if kind == "refunded":
        facts = {"refund": {"ref": f"r{version}", "lines": [{"ref": "1", "quantity": 1}]}}
    return Event(client.pk, number, event_id, version, kind, NOON, facts), client


def hear(said, store_client):
    """Record it; a store may be refused, once the marketplace has told of the sale."""
    event_, client = said
    try:
        orders.record(client=client, event=event_)
    except orders.UnknownOrder:
        assert client == store_client


def how_it_stands(number):
    """The marketplace's order, and what is left for whom on either speaker's."""
    fields = ("state", "version", "paid_at", "delivered_at", "cancelled_at", "currency")
    order = list(Order.objects.filter(ref=number).values_list(*fields))
    lines = OrderLine.objects.filter(order__ref=number)
    earned = Commission.objects.filter(order_ref__in=[number, f"mugs/{number}"])
    left = {
        (each.order_ref.partition("/")[0] == "mugs", each.beneficiary_id): each.left_minor
        for each in earned
        if each.left_minor
    }
    is_told = lines.exists()
    assert not (is_told and any(is_own for is_own, _ in left)), "its word stands above"
    return order, list(lines.values_list("ref", "quantity", "refunded_quantity")), left
