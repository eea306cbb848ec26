"""Withdrawals: held once, ended once, seen by four eyes; and the worked chain of money.md."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, transaction

from affiliates import offers, settlement, withdrawals
from affiliates.ledger import Place, balance_minor
from affiliates.models import Affiliate, Commission, PayoutMethod, Transfer, Withdrawal
from marketplace import clock
from marketplace.ids import uuid7
from marketplace.models import AuditEntry
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_balance,
    make_code,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
LONG_PAST = timedelta(days=100)


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def anna():
    """An approved influencer with 1,000.00 available, who pays her own tax."""
    affiliate = make_affiliate(name="Anna")
    make_balance(affiliate=affiliate, amount_minor=100_000)
    return affiliate


@pytest.fixture
def ops():
    """Three people of the operations staff."""
    return [make_staff() for _ in range(3)]


def ask(affiliate, amount=60_000):
    """A request of the affiliate's own."""
    return withdrawals.request(
        affiliate=affiliate, currency="RUB", amount_minor=amount, actor=affiliate.user
    )


def platform(kind, owner=""):
    """The balance of one of the platform's accounts in roubles."""
    return balance_minor(Place(kind=kind, owner=owner, currency="RUB"))


def everything():
    """All that a refused act must not change."""
    return (
        list(Withdrawal.objects.order_by("id").values()),
        Transfer.objects.count(),
        AuditEntry.objects.count(),
    )


def test_the_worked_chain_of_the_document_to_the_letter(ops):
    """RUB, base 5,000.00, 8 %; money.md, Worked chain."""
    make_rule()
    anna = make_affiliate(tax_status="person")
    store = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, at = Shop(), clock.now() - LONG_PAST

    shop.sell("o1", line(store, price=100_000, quantity=5), at=at, codes=[code])
    derive("o1")
    assert balance(anna, "pending") == 40_000
    settlement.release_due()
    assert balance(anna, "available") == 40_000
    shop.refund("o1", at=at, line_1=2)
    derive("o1")
    assert Transfer.objects.get(kind="reverse").amount_minor == 16_000
    assert balance(anna, "available") == 24_000

    withdrawal = ask(anna, 24_000)
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops[0])
    batch = withdrawals.send(currency="RUB", actor=ops[0])
    assert platform("payout_in_transit", str(batch.pk)) == 20_880
    assert platform("tax_withheld") == 3_120
    withdrawals.mark_paid(withdrawal_id=withdrawal.pk, actor=ops[0])
    assert platform("platform_cash") == -20_880
    assert Commission.objects.get().state == "settled"

    shop.refund("o1", at=at)
    derive("o1")
    assert balance(anna, "available") == -24_000
    assert Commission.objects.get().state == "reversed"

    shop.sell("o2", line(store, price=375_000), at=at, codes=[code])
    derive("o2")
    settlement.release_due()
    assert balance(anna, "available") == 6_000
    call_command("verify_ledger", verbosity=0)


def test_a_request_holds_the_money_at_once(anna):
    withdrawal = ask(anna, 60_000)
    assert (balance(anna, "available"), balance(anna, "reserved")) == (40_000, 60_000)
    assert (withdrawal.state, withdrawal.net_minor, withdrawal.tax_minor) == (
        "requested",
        60_000,
        0,
    )
    assert Transfer.objects.get(kind="reserve").key == f"wd:{withdrawal.pk}:reserve"


@pytest.mark.parametrize(
    ("change", "amount", "refusal"),
    [
        ({"status": "new"}, 1_000, offers.NotApproved),
        ({"status": "suspended"}, 1_000, offers.NotApproved),
        ({}, 100_001, offers.NotEnough),
        ({}, 999, offers.BelowMinimum),
        ({}, 0, offers.BelowMinimum),
        ({}, -5, offers.BelowMinimum),
        ({"method": None}, 1_000, offers.NoPayoutMethod),
    ],
)
def test_a_request_that_can_not_be_changes_nothing(anna, change, amount, refusal):
    make_rule(minimum_minor=1_000)
    if "status" in change:
        Affiliate.objects.filter(pk=anna.pk).update(status=change["status"])
    if "method" in change:
        PayoutMethod.objects.update(is_active=False)
    before = everything()
    with pytest.raises(refusal):
        ask(anna, amount)
    assert everything() == before
    assert (balance(anna, "available"), balance(anna, "reserved")) == (100_000, 0)


def test_what_tax_and_fee_would_eat_up_is_refused(anna):
    make_rule(minimum_minor=1, fee_minor=870)
    Affiliate.objects.update(tax_status="person")
    with pytest.raises(offers.BelowMinimum):
        ask(anna, 1_000)
    assert ask(anna, 1_001).net_minor == 1


def test_tax_and_fee_leave_with_the_payout(anna, ops):
    make_rule(fee_minor=3_000)
    Affiliate.objects.update(tax_status="person")
    withdrawal = ask(anna, 100_000)
    parts = (withdrawal.tax_minor, withdrawal.fee_minor, withdrawal.net_minor)
    assert parts == (13_000, 3_000, 84_000)
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops[0])
    batch = withdrawals.send(currency="RUB", actor=ops[0])
    assert balance(anna, "reserved") == 0
    assert (platform("tax_withheld"), platform("platform_fee")) == (13_000, 3_000)
    assert (batch.count, batch.net_minor) == (1, 84_000)


def test_the_offer_shows_all_of_it_before(anna):
    make_rule(minimum_minor=5_000, fee_minor=1_000, arrival_days=3)
    now = clock.now()
    offer = offers.make(affiliate=anna, currency="RUB", at=now)
    assert (offer.available_minor, offer.amount_minor, offer.minimum_minor) == (
        100_000,
        100_000,
        5_000,
    )
    assert (offer.tax_minor, offer.fee_minor, offer.net_minor) == (0, 1_000, 99_000)
    assert (offer.arrives_by, offer.obstacles) == (now + timedelta(days=3), ())
    poor = offers.make(
        affiliate=make_affiliate(status="new", with_method=False), currency="RUB", at=now
    )
    assert [each.code for each in poor.obstacles] == [
        "not_approved",
        "below_minimum",
        "no_payout_method",
    ]


def test_without_a_rule_a_careful_one_holds(anna):
    make_balance(affiliate=anna, amount_minor=1_000_000)
    assert not ask(anna, 1_000_000).needs_two
    make_balance(affiliate=anna, amount_minor=1_000_000)
    assert ask(anna, 1_000_001).needs_two


# --- Ends -----------------------------------------------------------------------------------


def test_cancelled_by_who_asked(anna):
    withdrawal = ask(anna)
    withdrawals.cancel(withdrawal_id=withdrawal.pk, actor=anna.user)
    assert (balance(anna, "available"), balance(anna, "reserved")) == (100_000, 0)
    back = Transfer.objects.get(kind="back")
    assert (back.key, back.reverses.key) == (
        f"wd:{withdrawal.pk}:back:1",
        f"wd:{withdrawal.pk}:reserve",
    )
    before = everything()
    with pytest.raises(withdrawals.WrongState):
        withdrawals.cancel(withdrawal_id=withdrawal.pk, actor=anna.user)
    assert everything() == before


@pytest.mark.parametrize("approved", [False, True])
def test_rejected_with_a_reason(anna, ops, approved):
    make_rule()
    withdrawal = ask(anna)
    if approved:
        withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops[0])
    before = everything()
    with pytest.raises(withdrawals.ReasonNeeded):
        withdrawals.reject(withdrawal_id=withdrawal.pk, actor=ops[1], reason=" ")
    assert everything() == before
    withdrawals.reject(withdrawal_id=withdrawal.pk, actor=ops[1], reason="The account is closed")
    withdrawal.refresh_from_db()
    assert (withdrawal.state, withdrawal.reason) == ("rejected", "The account is closed")
    assert balance(anna, "available") == 100_000


def sent(anna, ops, amount=60_000):
    """A withdrawal that is with the bank, with tax and fee."""
    make_rule(fee_minor=1_000)
    Affiliate.objects.update(tax_status="person")
    withdrawal = ask(anna, amount)
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops[0])
    withdrawals.send(currency="RUB", actor=ops[0])
    return withdrawal


def test_failed_at_the_bank_gives_back_tax_and_fee_too(anna, ops):
    withdrawal = sent(anna, ops)
    withdrawals.mark_failed(withdrawal_id=withdrawal.pk, actor=ops[1], reason="No such account")
    assert (balance(anna, "available"), balance(anna, "reserved")) == (100_000, 0)
    assert (platform("tax_withheld"), platform("platform_fee")) == (0, 0)
    assert platform("payout_in_transit", str(Withdrawal.objects.get().batch_id)) == 0


def test_returned_after_it_was_paid(anna, ops):
    withdrawal = sent(anna, ops, 100_000)
    withdrawals.mark_paid(withdrawal_id=withdrawal.pk, actor=ops[1])
    assert Commission.objects.get().state == "settled"
    withdrawals.mark_returned(withdrawal_id=withdrawal.pk, actor=ops[1], reason="Account closed")
    assert Commission.objects.get().state == "available"
    assert balance(anna, "available") == 100_000
    assert (platform("platform_cash"), platform("tax_withheld")) == (0, 0)
    before = everything()
    with pytest.raises(withdrawals.WrongState):
        withdrawals.mark_returned(withdrawal_id=withdrawal.pk, actor=ops[1], reason="Again")
    with pytest.raises(withdrawals.WrongState):
        withdrawals.mark_paid(withdrawal_id=withdrawal.pk, actor=ops[1])
    assert everything() == before


@pytest.mark.parametrize("fee", [0, 1_000])
@pytest.mark.parametrize("tax_status", ["person", "company"])
def test_returned_after_it_was_paid_whatever_went_off_it(anna, ops, tax_status, fee):
    make_rule(fee_minor=fee)
    Affiliate.objects.update(tax_status=tax_status)
    withdrawal = ask(anna, 100_000)
    for step in [*PATHS["paid"], "returned"]:
        ACTS[step](withdrawal.pk, ops[0])
    assert balance(anna, "available") == 100_000
    left = [platform(kind) for kind in ("platform_cash", "tax_withheld", "platform_fee")]
    assert left == [0, 0, 0]
    assert platform("payout_in_transit", str(Withdrawal.objects.get().batch_id)) == 0


ACTS = {
    "cancel": lambda pk, ops: withdrawals.cancel(withdrawal_id=pk, actor=ops),
    "approve": lambda pk, ops: withdrawals.approve(withdrawal_id=pk, actor=ops),
    "reject": lambda pk, ops: withdrawals.reject(withdrawal_id=pk, actor=ops, reason="x"),
    "send": lambda pk, ops: withdrawals.send(currency="RUB", actor=ops, withdrawal_ids=[pk]),
    "paid": lambda pk, ops: withdrawals.mark_paid(withdrawal_id=pk, actor=ops),
    "failed": lambda pk, ops: withdrawals.mark_failed(withdrawal_id=pk, actor=ops, reason="x"),
    "returned": lambda pk, ops: withdrawals.mark_returned(withdrawal_id=pk, actor=ops, reason="x"),
}
PATHS = {
    "requested": [],
    "approved": ["approve"],
    "sent": ["approve", "send"],
    "paid": ["approve", "send", "paid"],
    "cancelled": ["cancel"],
    "rejected": ["reject"],
    "failed": ["approve", "send", "failed"],
    "returned": ["approve", "send", "returned"],
}
ALLOWED = {
    "requested": {"cancel", "approve", "reject"},
    "approved": {"reject", "send"},
    "sent": {"paid", "failed", "returned"},
    "paid": {"returned"},
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", PATHS)
def test_every_act_in_every_state(anna, ops, state, act):
    make_rule()
    withdrawal = ask(anna)
    for step in PATHS[state]:
        ACTS[step](withdrawal.pk, ops[0])
    if act in ALLOWED.get(state, set()):
        ACTS[act](withdrawal.pk, ops[0])
        return
    before = everything()
    with pytest.raises((withdrawals.WrongState, withdrawals.NothingToSend)):
        ACTS[act](withdrawal.pk, ops[0])
    assert everything() == before


# --- Four eyes --------------------------------------------------------------------------------


def test_who_asked_can_not_approve(anna):
    staff = make_staff()
    withdrawal = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=1_000, actor=staff
    )
    before = everything()
    for person in (staff, anna.user):
        with pytest.raises(withdrawals.OwnRequest):
            withdrawals.approve(withdrawal_id=withdrawal.pk, actor=person)
    assert everything() == before


def test_above_the_threshold_two_persons_approve(anna, ops):
    make_rule(two_persons_above_minor=50_000)
    small, large = ask(anna, 50_000), ask(anna, 50_000)
    assert (small.needs_two, large.needs_two) == (False, False)
    withdrawals.cancel(withdrawal_id=large.pk, actor=anna.user)
    withdrawals.cancel(withdrawal_id=small.pk, actor=anna.user)
    large = ask(anna, 50_001)
    assert withdrawals.approve(withdrawal_id=large.pk, actor=ops[0]).state == "requested"
    with pytest.raises(withdrawals.NothingToSend):
        withdrawals.send(currency="RUB", actor=ops[0])
    before = everything()
    with pytest.raises(withdrawals.SecondPersonNeeded):
        withdrawals.approve(withdrawal_id=large.pk, actor=ops[0])
    assert everything() == before
    assert withdrawals.approve(withdrawal_id=large.pk, actor=ops[1]).state == "approved"
    large.refresh_from_db()
    assert (large.first_approver, large.approver) == (ops[0], ops[1])


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "approved"},
        {"state": "approved", "approver": "requester"},
        {"state": "approved", "approver": "ops", "needs_two": True},
        {"state": "approved", "approver": "ops", "first_approver": "ops", "needs_two": True},
        {"state": "sent", "approver": "ops"},
        {"state": "rejected"},
        {"net_minor": 1},
    ],
)
def test_the_database_refuses_a_withdrawal_that_went_round_the_rules(anna, ops, columns):
    make_rule()
    withdrawal = ask(anna)
    people = {"requester": anna.user, "ops": ops[0]}
    values = {name: people.get(value, value) for name, value in columns.items()}
    row = {
        field.attname: getattr(withdrawal, field.attname)
        for field in withdrawal._meta.concrete_fields
    }
    odd = Withdrawal(**row | {"id": uuid7()})
    for name, value in values.items():
        setattr(odd, name, value)
    with pytest.raises(IntegrityError, match="withdrawal_"), transaction.atomic():
        odd.save(force_insert=True)


@pytest.mark.parametrize(
    "column", ["amount_minor", "net_minor", "tax_minor", "method", "needs_two"]
)
def test_the_database_keeps_what_was_asked_for_and_where_it_goes(anna, column):
    make_rule()
    withdrawal = ask(anna)
    other = make_affiliate().payout_methods.get().pk if column == "method" else 1
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(**{column: other})
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        PayoutMethod.objects.update(account_number="40817810000000000001")
    with pytest.raises(ProgrammingError, match="Cannot delete rows"), transaction.atomic():
        withdrawal.delete()


# --- Batches and settling ---------------------------------------------------------------------


def test_a_batch_takes_the_named_ones_or_all(anna, ops):
    make_rule()
    boris = make_affiliate(name="Boris")
    make_balance(affiliate=boris, amount_minor=7_000)
    asked = [ask(anna, 10_000), ask(anna, 20_000), ask(boris, 7_000)]
    for each in asked:
        withdrawals.approve(withdrawal_id=each.pk, actor=ops[0])
    first = withdrawals.send(currency="RUB", actor=ops[0], withdrawal_ids=[asked[1].pk])
    assert (first.count, first.net_minor) == (1, 20_000)
    rest = withdrawals.send(currency="RUB", actor=ops[0])
    assert (rest.count, rest.net_minor) == (2, 17_000)
    late = ask(anna, 5_000)
    withdrawals.approve(withdrawal_id=late.pk, actor=ops[0])
    before = everything()
    with pytest.raises(withdrawals.WrongState):
        withdrawals.send(currency="RUB", actor=ops[0], withdrawal_ids=[late.pk, asked[1].pk])
    assert everything() == before


def test_payouts_settle_the_oldest_commissions_that_they_cover(anna, ops):
    make_rule(minimum_minor=1)
    make_balance(affiliate=anna, amount_minor=30_000)
    make_balance(affiliate=anna, amount_minor=5_000)  # released: 1,000.00, 300.00, 50.00
    for amount, states in (
        (99_999, ["available", "available", "available"]),
        (1, ["settled", "available", "available"]),
        (32_000, ["settled", "settled", "available"]),
        (3_000, ["settled", "settled", "settled"]),
    ):
        withdrawal = ask(anna, amount)
        withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops[0])
        withdrawals.send(currency="RUB", actor=ops[0])
        withdrawals.mark_paid(withdrawal_id=withdrawal.pk, actor=ops[0])
        rows = Commission.objects.order_by("released_at", "id").values_list("state", flat=True)
        assert list(rows) == states


def test_every_step_names_who_took_it(anna, ops):
    make_rule()
    withdrawal = ask(anna)
    for act in ("approve", "send", "paid", "returned"):
        ACTS[act](withdrawal.pk, ops[0])
    rows = AuditEntry.objects.filter(target=f"withdrawal {withdrawal.pk}").order_by("id")
    assert [(row.verb, row.actor_id) for row in rows] == [
        ("withdrawal.request", anna.user_id),
        ("withdrawal.approve", ops[0].pk),
        ("withdrawal.send", ops[0].pk),
        ("withdrawal.paid", ops[0].pk),
        ("withdrawal.returned", ops[0].pk),
    ]
