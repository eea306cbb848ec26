"""What orders earn: commissions earned, held, taken back, given again; each once."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from affiliates import commissions, derivation, settlement
from affiliates.models import Attribution, Commission, Transfer
from marketplace import clock
from tests.factories.affiliates import (
    LONG_AGO,
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_agreement,
    make_click,
    make_code,
    make_link,
    make_member,
    make_plan,
    only_commission,
)
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store():
    """A seller."""
    return make_store(ref="mugs")


@pytest.fixture
def promotion(store):
    """The seller's promotion."""
    return make_promotion(store=store)


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate(name="Anna")


@pytest.fixture
def code(anna, promotion):
    """Anna's code, which earns her 8 %."""
    return make_code(affiliate=anna, promotion=promotion)


@pytest.fixture
def shop():
    """The marketplace's server."""
    return Shop()


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


def ledger_rows():
    """Kind and amount of all transfers, in order."""
    return list(Transfer.objects.order_by("id").values_list("kind", "amount_minor"))


def test_a_paid_line_earns_the_rate_of_its_discounted_price(shop, store, anna, code):
    shop.sell("o1", line(store, price=600_000, discount=100_000), at=NOON, codes=[code])
    derive("o1")
    commission = only_commission("o1")
    assert (commission.state, commission.base_minor, commission.rate_bp) == (
        "pending",
        500_000,
        800,
    )
    assert commission.amount_minor == 40_000
    assert commission.release_at == NOON + timedelta(days=15)
    assert balance(anna, "pending") == 40_000
    assert ledger_rows() == [("accrue", 40_000)]


def test_deriving_again_changes_nothing(shop, store, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    before = list(Commission.objects.values()), list(Attribution.objects.values()), ledger_rows()
    derive("o1")
    derive("o1")
    after = list(Commission.objects.values()), list(Attribution.objects.values()), ledger_rows()
    assert after == before


def test_a_code_counts_as_it_was_typed(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[f" {code.lower()}", code])
    derive("o1")
    assert balance(anna, "pending") == 40_000


def test_an_unpaid_order_earns_nothing(shop, store, code):
    shop.tell("o1", "placed", at=NOON, currency="RUB", lines=[line(store)], codes=[code])
    derive("o1")
    assert not Commission.objects.exists()
    assert not Attribution.objects.exists()


def test_an_order_that_nobody_brought_leaves_no_row(shop, store, code):
    shop.sell("o1", line(store), at=NOON)
    derive("o1")
    assert not Commission.objects.exists()
    assert not Attribution.objects.exists()


def test_each_line_is_commissioned_by_itself(shop, store, anna, code):
    shop.sell("o1", line(store, "1", price=199), line(store, "2", price=333), at=NOON, codes=[code])
    derive("o1")
    amounts = dict(Commission.objects.values_list("line_ref", "amount_minor"))
    assert amounts == {"1": 16, "2": 27}
    assert balance(anna, "pending") == 43


def test_a_code_brings_only_the_lines_that_its_promotion_covers(shop, store, anna):
    other = make_store()
    terms = make_terms(scope="products", products=("p-1", "p-2"), exclude_products=("p-2",))
    code = make_code(affiliate=anna, promotion=make_promotion(store=store, terms=terms))
    lines = [line(store, "1"), line(store, "2"), line(store, "3"), line(other, "4", product="p-1")]
    shop.sell("o1", *lines, at=NOON, codes=[code])
    derive("o1")
    assert list(Attribution.objects.values_list("line_ref", flat=True)) == ["1"]


def test_the_hold_counts_from_delivery_once_it_is_told(shop, store, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "delivered", at=NOON + timedelta(days=4))
    derive("o1")
    assert only_commission("o1").release_at == NOON + timedelta(days=19)


def test_the_plan_of_the_orders_time_gives_rate_and_hold(shop, store, anna, promotion):
    make_plan(store=store, rate_bp=300, hold_days=7)
    make_plan(store=store, rate_bp=900, hold_days=3, starts_at=NOON + timedelta(days=1))
    code = make_code(affiliate=anna, promotion=promotion, rate_bp=None)
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    commission = only_commission("o1")
    assert (commission.rate_bp, commission.amount_minor) == (300, 15_000)
    assert commission.release_at == NOON + timedelta(days=7)


def test_without_any_plan_a_share_of_the_plan_is_not_due(shop, store, anna, promotion):
    code = make_code(affiliate=anna, promotion=promotion, rate_bp=None)
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    assert only_commission("o1").reason == "no_programme"


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        ((NOON, None), ""),
        ((NOON + timedelta(microseconds=1), None), "no_agreement"),
        ((LONG_AGO, NOON), "no_agreement"),
        ((LONG_AGO, NOON + timedelta(microseconds=1)), ""),
    ],
)
def test_an_agreement_holds_in_a_half_open_period(store, anna, promotion, period, reason):
    shop, (valid_from, valid_until) = Shop(), period
    code = make_code(
        affiliate=anna, promotion=promotion, valid_from=valid_from, valid_until=valid_until
    )
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    commission = only_commission("o1")
    assert commission.reason == reason
    assert commission.state == ("not_due" if reason else "pending")
    assert len(ledger_rows()) == (not reason)


def test_a_code_without_an_agreement_is_credited_but_not_due(shop, store, anna, promotion, code):
    boris = make_affiliate(name="Boris")
    promotion.codes.filter(code=code).update(holder=boris.user)
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    commission = only_commission("o1")
    assert (
        commission.beneficiary,
        commission.state,
        commission.reason,
        commission.amount_minor,
    ) == (
        boris,
        "not_due",
        "no_agreement",
        0,
    )
    assert ledger_rows() == []


def test_a_suspended_affiliate_earns_nothing_new(shop, store, anna, code):
    type(anna).objects.filter(pk=anna.pk).update(status="suspended")
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    assert only_commission("o1").reason == "suspended"


def test_what_rounds_to_nothing_is_not_due(shop, store, code):
    shop.sell("o1", line(store, price=6), at=NOON, codes=[code])
    derive("o1")
    assert only_commission("o1").reason == "zero_amount"


# --- Own purchases --------------------------------------------------------------------------


def test_a_purchase_of_ones_own_earns_nothing(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code], shopper={"ref": anna.user.ref})
    derive("o1")
    assert only_commission("o1").reason == "self_purchase"
    assert ledger_rows() == []


def test_a_purchase_with_ones_own_email_earns_nothing(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code], shopper={"email": anna.user.email.upper()})
    derive("o1")
    assert only_commission("o1").reason == "self_purchase"


@pytest.mark.parametrize("buyer", ["agency", "colleague", "former", "stranger"])
def test_the_agencys_people_are_ones_own(shop, store, anna, code, buyer):
    agency = make_affiliate(kind="agency")
    people = {
        "agency": agency,
        "colleague": make_affiliate(),
        "former": make_affiliate(),
        "stranger": make_affiliate(),
    }
    make_member(agency=agency, influencer=anna)
    make_member(agency=agency, influencer=people["colleague"])
    make_member(agency=agency, influencer=people["former"], state="left", left_at=NOON)
    make_member(agency=make_affiliate(kind="agency"), influencer=people["stranger"])
    shop.sell("o1", line(store), at=NOON, codes=[code], shopper={"ref": people[buyer].user.ref})
    derive("o1")
    own = buyer in ("agency", "colleague")
    assert only_commission("o1").reason == ("self_purchase" if own else "")


def test_an_agencys_member_buys_by_the_agencys_code(shop, store, promotion):
    agency, member = make_affiliate(kind="agency"), make_affiliate()
    make_member(agency=agency, influencer=member)
    code = make_code(affiliate=agency, promotion=promotion)
    shop.sell("o1", line(store), at=NOON, codes=[code], shopper={"ref": member.user.ref})
    derive("o1")
    assert only_commission("o1").reason == "self_purchase"


# --- Links ------------------------------------------------------------------------------------


def test_a_click_brings_a_sale_at_the_plans_rate(shop, store, anna):
    make_plan(store=store, rate_bp=400)
    click = make_click(link=make_link(affiliate=anna, store=store), at=NOON - timedelta(days=2))
    shop.sell("o1", line(store), at=NOON, click_id=click.ref)
    derive("o1")
    assert only_commission("o1").amount_minor == 20_000
    assert Attribution.objects.get().by == "click"


def test_a_click_outside_the_plans_window_leaves_a_trace_and_earns_nothing(shop, store, anna):
    make_plan(store=store, window_days=2)
    click = make_click(link=make_link(affiliate=anna, store=store), at=NOON - timedelta(days=2))
    shop.sell("o1", line(store), at=NOON, click_id=click.ref)
    derive("o1")
    won = Attribution.objects.get()
    assert (won.winner, won.by) == (None, "")
    assert [step["outcome"] for step in won.trace] == ["click_too_old"]
    assert not Commission.objects.exists()


def test_a_link_brings_only_its_own_stores_lines(shop, store, anna):
    make_plan()
    click = make_click(link=make_link(affiliate=anna, store=store), at=NOON)
    shop.sell("o1", line(store, "1"), line(make_store(), "2"), at=NOON, click_id=click.ref)
    derive("o1")
    assert only_commission("o1").line_ref == "1"


def test_a_link_to_a_promotion_needs_an_agreement(shop, store, promotion, anna):
    make_plan()
    click = make_click(link=make_link(affiliate=anna, promotion=promotion), at=NOON)
    shop.sell("o1", line(store), at=NOON, click_id=click.ref)
    derive("o1")
    assert only_commission("o1").reason == "no_agreement"
    make_agreement(affiliate=anna, promotion=promotion)
    shop.sell("o2", line(store), at=NOON, click_id=click.ref)
    derive("o2")
    assert only_commission("o2").amount_minor == 40_000


def test_a_code_beats_a_click(shop, store, code, anna):
    boris = make_affiliate(name="Boris")
    click = make_click(link=make_link(affiliate=boris, store=store), at=NOON)
    shop.sell("o1", line(store), at=NOON, codes=[code], click_id=click.ref)
    derive("o1")
    assert only_commission("o1").beneficiary == anna
    trace = Attribution.objects.get().trace
    assert [step["outcome"] for step in trace] == ["won", "code_beats_click"]


@pytest.mark.parametrize("ref", ["nonsense", "no.such", "link1.", "."])
def test_an_unknown_click_brings_nobody(shop, store, ref):
    make_plan()
    shop.sell("o1", line(store), at=NOON, click_id=ref)
    derive("o1")
    assert not Attribution.objects.exists()


# --- Agencies -----------------------------------------------------------------------------------


def test_the_agency_has_its_floor_and_the_influencer_the_rest(shop, store, promotion, anna):
    agency = make_affiliate(kind="agency")
    make_member(agency=agency, influencer=anna)
    code = make_code(
        affiliate=anna, promotion=promotion, rate_bp=800, agency=agency, agency_share_bp=3333
    )
    shop.sell("o1", line(store, price=1_250), at=NOON, codes=[code])  # 8 % is 100
    derive("o1")
    assert (balance(anna, "pending"), balance(agency, "pending")) == (67, 33)
    shop.refund("o1", at=NOON)
    derive("o1")
    assert (balance(anna, "pending"), balance(agency, "pending")) == (0, 0)


# --- What came back -------------------------------------------------------------------------------


def test_a_part_return_takes_back_its_part_before_release(shop, store, anna, code):
    shop.sell("o1", line(store, price=100_000, quantity=5), at=NOON, codes=[code])
    derive("o1")
    shop.refund("o1", at=NOON, line_1=2)
    derive("o1")
    commission = only_commission("o1")
    assert (commission.state, commission.left_minor) == ("pending", 24_000)
    assert balance(anna, "pending") == 24_000
    assert ledger_rows() == [("accrue", 40_000), ("reverse", 16_000)]


def test_a_return_after_release_comes_off_the_available_balance(shop, store, anna, code):
    shop.sell("o1", line(store, price=100_000, quantity=5), at=NOON, codes=[code])
    derive("o1")
    settlement.release_due()
    shop.refund("o1", at=NOON, line_1=2)
    derive("o1")
    assert (balance(anna, "pending"), balance(anna, "available")) == (0, 24_000)
    assert only_commission("o1").state == "available"
    shop.refund("o1", at=NOON)
    derive("o1")
    assert balance(anna, "available") == 0
    assert only_commission("o1").state == "reversed"


def test_an_order_that_was_paid_and_returned_before_we_looked_nets_to_zero(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    shop.refund("o1", at=NOON)
    derive("o1")
    assert only_commission("o1").state == "reversed"
    assert ledger_rows() == [("accrue", 40_000), ("reverse", 40_000)]
    assert balance(anna, "pending") == 0


def test_a_cancelled_order_gives_everything_back(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "cancelled", at=NOON)
    derive("o1")
    assert only_commission("o1").state == "reversed"
    assert balance(anna, "pending") == 0


@pytest.mark.parametrize("released", [False, True])
def test_a_cancellation_that_is_taken_back_restores_the_commission(
    shop, store, anna, code, released
):
    stage = "available" if released else "pending"
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    if released:
        settlement.release_due()
    for _ in range(2):
        shop.tell("o1", "cancelled", at=NOON)
        derive("o1")
        assert (only_commission("o1").state, balance(anna, stage)) == ("reversed", 0)
        shop.tell("o1", "paid", at=NOON)
        derive("o1")
        assert (only_commission("o1").state, balance(anna, stage)) == (stage, 40_000)


def test_an_order_that_is_paid_anew_is_held_anew(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "cancelled", at=NOON)
    derive("o1")
    shop.tell("o1", "paid", at=NOON + timedelta(days=40))
    derive("o1")
    assert only_commission("o1").release_at == NOON + timedelta(days=55)


def test_a_line_that_leaves_the_order_is_taken_back(shop, store, anna, code):
    shop.sell("o1", line(store, "1"), line(store, "2"), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "paid", at=NOON, lines=[line(store, "2")])
    derive("o1")
    assert balance(anna, "pending") == 40_000
    assert Commission.objects.get(line_ref="1").state == "reversed"


def test_a_price_that_grows_later_does_not_change_the_snapshot(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    shop.tell("o1", "paid", at=NOON, lines=[line(store, price=900_000)])
    derive("o1")
    assert balance(anna, "pending") == 40_000


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_events_does_not_change_the_sums(store, anna, code, order):
    shop = Shop()
    events = [
        lambda: shop.tell(
            "o1", "paid", at=NOON, version=1, currency="RUB",
            lines=[line(store, price=333, quantity=7)], codes=[code],
        ),
        lambda: shop.tell(
            "o1", "refunded", at=NOON, version=2,
            refund={"ref": "r1", "lines": [{"ref": "1", "quantity": 2}]},
        ),
        lambda: shop.tell("o1", "cancelled", at=NOON, version=3),
        lambda: shop.tell("o1", "paid", at=NOON, version=4),
    ]  # fmt: skip
    for index in order:
        events[index]()
        derive("o1")
    commission = only_commission("o1")
    assert (commission.amount_minor, commission.left_minor) == (186, 133)
    assert balance(anna, "pending") == 133


def test_the_terms_of_a_commission_are_frozen_by_the_database(shop, store, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    derive("o1")
    for column in ("base_minor", "rate_bp", "amount_minor", "share_bp", "terms_version"):
        with (
            pytest.raises(DatabaseError, match="Cannot"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE affiliates_commission SET {column} = {column} + 1")
    for model in (Commission, Attribution):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            model.objects.all().delete()


def test_deriving_a_batch_costs_the_same_for_one_order_and_for_three(
    shop, store, code, django_assert_num_queries
):
    shop.sell("warm", line(store), at=NOON, codes=[code])
    derive("warm")
    for number in range(4):
        shop.sell(f"o{number}", line(store), line(store, "2"), at=NOON, codes=[code])
    with django_assert_num_queries(19), transaction.atomic():
        derivation.derive(["o0"])
    with django_assert_num_queries(19), transaction.atomic():
        derivation.derive(["o1", "o2", "o3"])


@pytest.mark.django_db(transaction=True)
def test_the_job_derives_what_changed_and_nothing_else(shop, store, anna, code):
    shop.sell("o1", line(store), at=NOON, codes=[code])
    assert commissions.due()
    assert commissions.derive_due() == 1
    assert not commissions.due()
    assert commissions.derive_due() == 0
    shop.sell("o2", line(store), at=NOON, codes=[code])
    shop.refund("o1", at=clock.now())
    assert commissions.due()
    assert commissions.derive_due() == 2
    assert balance(anna, "pending") == 40_000
