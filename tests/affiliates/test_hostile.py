"""Tries to make money out of order, shopper, currency and clock: holes that were, or might be."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.core.management import call_command

from affiliates import settlement, withdrawals
from affiliates.models import Attribution, Commission, SettlementRun, Transfer
from marketplace import clock
from promocodes.models import Promotion
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_balance,
    make_code,
    make_member,
    make_rule,
    only_commission,
)
from tests.factories.marketplace import make_client, make_line, make_staff, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def store():
    """A seller."""
    return make_store(ref="mugs")


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate(name="Anna")


@pytest.fixture
def shop():
    """The marketplace's server."""
    return Shop()


# --- Who bought, told late ---------------------------------------------------------------------


@pytest.mark.parametrize("released", [False, True])
def test_who_turns_out_to_have_bought_from_themselves_gives_it_back(shop, store, anna, released):
    """The first event named no shopper; a later one does: no way round by the order of events."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    if released:
        settlement.release_due()
    stage = "available" if released else "pending"
    assert balance(anna, stage) == 40_000
    shop.tell("o1", "delivered", at=NOON, shopper={"ref": anna.user.ref})
    derive("o1")
    assert (only_commission("o1").state, balance(anna, stage)) == ("reversed", 0)
    shop.tell("o1", "delivered", at=NOON, shopper={"ref": "somebody-else"})
    derive("o1")
    assert balance(anna, stage) == 40_000, "it was a mistake of the shop's"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_own_purchase_earns_nothing_in_any_order_of_events(store, anna, order):
    shop, code = Shop(), make_code(affiliate=anna, promotion=make_promotion(store=store))
    facts = {"currency": "RUB", "lines": [line(store)], "codes": [code]}
    steps = [
        lambda: shop.tell("o1", "placed", at=NOON, version=1, shopper={"email": anna.user.email}),
        lambda: shop.tell("o1", "paid", at=NOON, version=2, **facts),
        lambda: shop.tell("o1", "delivered", at=NOON, version=3),
    ]
    for number in order:
        steps[number]()
        derive("o1")
    assert balance(anna, "pending") == 0


@pytest.mark.parametrize("told_late", [False, True])
@pytest.mark.parametrize("buyer", ["agency", "its other influencer"])
def test_an_agency_that_still_shares_is_no_stranger(shop, store, anna, buyer, told_late):
    """Anna has left its roster; by her agreement it still has its part of what her code earns."""
    agency, other = make_affiliate(kind="agency"), make_affiliate()
    make_member(agency=agency, influencer=anna, state="left", left_at=NOON - timedelta(days=1))
    make_member(agency=agency, influencer=other)
    code = make_code(
        affiliate=anna, promotion=make_promotion(store=store), agency=agency, agency_share_bp=5000
    )
    shopper = {"ref": (agency if buyer == "agency" else other).user.ref}
    shop.sell(
        "o1", line(store), at=NOON, codes=[code], **({} if told_late else {"shopper": shopper})
    )
    derive("o1")
    if told_late:
        shop.tell("o1", "delivered", at=NOON, shopper=shopper)
        derive("o1")
    assert (balance(anna, "pending"), balance(agency, "pending")) == (0, 0)


# --- What was bought, told otherwise -----------------------------------------------------------


def test_a_fee_in_one_currency_is_not_paid_in_another(api, anna):
    """The cart was in roubles; the order is reported in dollars: 50.00 RUB are not 50.00 USD."""
    store = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store), fee_minor=5_000)
    cart = {"currency": "RUB", "shopper": {"ref": "buyer"}, "lines": [make_line(store=store)]}
    assert api.post("/redemptions", cart | {"order_ref": "o1", "codes": [code]}).status_code == 201
    Shop().sell("o1", line(store), at=clock.now(), currency="USD", codes=[code])
    derive("o1")
    assert not Commission.objects.exists()


def test_a_line_that_passes_to_another_seller_costs_the_first_nothing(shop, store, anna):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "paid", at=NOON, currency="RUB", lines=[line(make_store(), product="other")])
    derive("o1")
    assert (only_commission("o1").state, balance(anna, "pending")) == ("reversed", 0)


def test_a_use_brings_the_line_that_it_was_redeemed_on(api, store, anna):
    """The order has another seller's goods under the line's number."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    cart = {"currency": "RUB", "shopper": {"ref": "buyer"}, "lines": [make_line(store=store)]}
    assert api.post("/redemptions", cart | {"order_ref": "o1", "codes": [code]}).status_code == 201
    Shop().sell("o1", line(make_store()), at=clock.now())
    derive("o1")
    assert not Attribution.objects.exists()


def test_a_cancelled_promotion_pays_what_was_ordered_before(shop, store, anna):
    """A seller can't cancel away what an order reported late has earned (AE-33)."""
    promotion = make_promotion(store=store)
    code = make_code(affiliate=anna, promotion=promotion)
    Promotion.objects.filter(pk=promotion.pk).update(status="cancelled", cancelled_at=NOON)
    shop.sell("early", line(store), at=NOON - timedelta(microseconds=1), codes=[code])
    shop.sell("late", line(store), at=NOON, codes=[code])
    derive("early", "late")
    assert only_commission("early").state == "pending"
    assert not Commission.objects.filter(order_ref="late").exists()


@pytest.mark.parametrize("price", [0, 1])
def test_what_cost_nothing_earns_nothing(shop, store, anna, price):
    code = make_code(affiliate=anna, promotion=make_promotion(store=store), rate_bp=10_000)
    shop.sell("o1", line(store, price=1, discount=1 - price), at=NOON, codes=[code])
    derive("o1")
    assert balance(anna, "pending") == price
    shop.refund("o1", at=NOON)
    derive("o1")
    assert balance(anna, "pending") == 0


# --- Clocks -------------------------------------------------------------------------------------


def test_a_store_can_not_date_its_orders_back_past_the_hold(store, anna):
    """On its word alone the hold begins when we hear of it."""
    own = Shop(make_client(store=store)[0])
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    own.sell("o1", line(store), at=NOON - timedelta(days=900), codes=[code])
    before = clock.now()
    derive("mugs/o1")
    assert settlement.release_due() == 0
    commission = only_commission("mugs/o1")
    assert commission.release_at >= before + timedelta(days=15)
    own.tell("o1", "delivered", at=NOON - timedelta(days=900))
    derive("mugs/o1")
    assert only_commission("mugs/o1").release_at == commission.release_at


def test_a_store_can_not_date_its_orders_ahead_to_keep_the_money(store, anna):
    own = Shop(make_client(store=store)[0])
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    own.sell("o1", line(store), at=clock.now(), codes=[code])
    derive("mugs/o1")
    own.tell("o1", "delivered", at=clock.now() + timedelta(days=9_000))
    derive("mugs/o1")
    assert only_commission("mugs/o1").release_at <= clock.now() + timedelta(days=15)


def test_a_run_is_taken_up_although_the_clock_was_set_back(shop, store, anna):
    """A finished run has a later cutoff than the open one; nobody waits for ever."""
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    now = clock.now()
    later = SettlementRun.objects.create(
        currency="RUB", cutoff=now + timedelta(minutes=10), finished_at=now
    )
    left_open = SettlementRun.objects.create(currency="RUB", cutoff=now - timedelta(minutes=10))
    assert settlement.release_due() == 1
    left_open.refresh_from_db()
    assert (left_open.released_count, left_open.finished_at is None) == (1, False)
    later.refresh_from_db()
    assert later.released_count == 0


# --- Suspended -----------------------------------------------------------------------------------


def test_nothing_is_paid_to_who_was_suspended_since(anna):
    make_rule()
    staff = make_staff()
    make_balance(affiliate=anna, amount_minor=10_000)
    asked = [
        withdrawals.request(affiliate=anna, currency="RUB", amount_minor=5_000, actor=anna.user)
        for _ in range(2)
    ]
    withdrawals.approve(withdrawal_id=asked[0].pk, actor=staff)
    type(anna).objects.filter(pk=anna.pk).update(status="suspended")
    before = list(Transfer.objects.values_list("pk", flat=True))
    with pytest.raises(withdrawals.Suspended):
        withdrawals.approve(withdrawal_id=asked[1].pk, actor=staff)
    with pytest.raises(withdrawals.Suspended):
        withdrawals.send(currency="RUB", actor=staff, withdrawal_ids=[asked[0].pk])
    with pytest.raises(withdrawals.NothingToSend):
        withdrawals.send(currency="RUB", actor=staff)
    assert list(Transfer.objects.values_list("pk", flat=True)) == before
    withdrawals.reject(withdrawal_id=asked[0].pk, actor=staff, reason="fraud")
    type(anna).objects.filter(pk=anna.pk).update(status="approved")
    withdrawals.approve(withdrawal_id=asked[1].pk, actor=staff)
    assert withdrawals.send(currency="RUB", actor=staff).count == 1
