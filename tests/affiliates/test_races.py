"""What only a race can show: real threads, real transactions."""

import random
from contextlib import suppress
from datetime import timedelta
from time import sleep

import pytest
from django.core.management import call_command
from django.db import transaction

from affiliates import (
    commissions,
    derivation,
    directory,
    ledger,
    offers,
    prepayments,
    settlement,
    withdrawals,
)
from affiliates.models import (
    Commission,
    ParkedOrder,
    PayoutRule,
    SettlementRun,
    Transfer,
    Withdrawal,
)
from marketplace import clock, orders
from marketplace.models import Order
from tests.api import Api
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
from tests.factories.marketplace import make_client, make_line, make_staff, make_store
from tests.factories.promocodes import make_promotion
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _proved():
    """Whoever won, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def anna():
    """An influencer with 1,000.00 available."""
    make_rule()
    affiliate = make_affiliate(name="Anna")
    make_balance(affiliate=affiliate, amount_minor=100_000)
    return affiliate


def sell(affiliate, count):
    """Orders of five pieces that earn 8.00 each and are due; not derived yet."""
    store = make_store()
    code = make_code(affiliate=affiliate, promotion=make_promotion(store=store))
    shop, at = Shop(), clock.now() - timedelta(days=20)
    refs = [f"{store.ref}-{number}" for number in range(count)]
    for ref in refs:
        shop.sell(ref, line(store, price=2_000, quantity=5), at=at, codes=[code])
    return shop, refs


def outcome(act):
    """What came of it: its name if it was refused."""
    try:
        act()
    except withdrawals.WithdrawalRefusal as refusal:
        return refusal.code
    return "done"


def test_one_balance_is_withdrawn_once(anna):
    def ask(_):
        return outcome(
            lambda: withdrawals.request(
                affiliate=anna, currency="RUB", amount_minor=60_000, actor=anna.user
            )
        )

    assert sorted(at_once(8, ask)) == ["done"] + [offers.NotEnough.code] * 7
    assert (balance(anna, "available"), balance(anna, "reserved")) == (40_000, 60_000)


@pytest.mark.parametrize("verb", ["cancel", "mark_paid", "mark_failed"])
def test_a_withdrawal_ends_once(anna, verb):
    staff = make_staff()
    withdrawal = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=60_000, actor=anna.user
    )
    if verb != "cancel":
        withdrawals.approve(withdrawal_id=withdrawal.pk, actor=staff)
        withdrawals.send(currency="RUB", actor=staff)
    words = {"reason": "x"} if verb == "mark_failed" else {}
    act = getattr(withdrawals, verb)

    def end(_):
        return outcome(lambda: act(withdrawal_id=withdrawal.pk, actor=staff, **words))

    assert sorted(at_once(6, end)) == ["done"] + ["wrong_state"] * 5


def test_payments_at_once_settle_what_they_cover_together():
    """While the commissions are locked all wait, so that none has seen another's payment."""
    make_rule()
    staff, anna = make_staff(), make_affiliate()
    _, refs = sell(anna, 4)
    derive(*refs)
    settlement.release_due()
    for amount in (1_000, 2_200):
        asked = withdrawals.request(
            affiliate=anna, currency="RUB", amount_minor=amount, actor=anna.user
        )
        withdrawals.approve(withdrawal_id=asked.pk, actor=staff)
    withdrawals.send(currency="RUB", actor=staff)
    asked = list(Withdrawal.objects.values_list("pk", flat=True))

    def act(number):
        if number < 2:
            sleep(0.2)
            return withdrawals.mark_paid(withdrawal_id=asked[number], actor=staff)
        with transaction.atomic():
            list(Commission.objects.select_for_update().order_by("pk"))
            sleep(1)
        return None

    at_once(3, act)
    assert set(Commission.objects.values_list("state", flat=True)) == {"settled"}


def test_cancelled_by_one_and_approved_by_another(anna):
    staff = make_staff()
    for _ in range(6):
        withdrawal = withdrawals.request(
            affiliate=anna, currency="RUB", amount_minor=10_000, actor=anna.user
        )
        acts = [
            lambda pk=withdrawal.pk: withdrawals.cancel(withdrawal_id=pk, actor=anna.user),
            lambda pk=withdrawal.pk: withdrawals.approve(withdrawal_id=pk, actor=staff),
        ]
        outcomes = at_once(2, lambda n, acts=acts: outcome(acts[n]))
        assert sorted(outcomes) == ["done", "wrong_state"]


def test_approved_withdrawals_go_into_one_batch(anna):
    staff = make_staff()
    for _ in range(5):
        withdrawal = withdrawals.request(
            affiliate=anna, currency="RUB", amount_minor=10_000, actor=anna.user
        )
        withdrawals.approve(withdrawal_id=withdrawal.pk, actor=staff)
    outcomes = at_once(4, lambda _: outcome(lambda: withdrawals.send(currency="RUB", actor=staff)))
    assert sorted(outcomes) == ["done"] + ["nothing_to_send"] * 3
    assert Withdrawal.objects.filter(state="sent").count() == 5
    assert Transfer.objects.filter(kind="send").count() == 5


def test_workers_settle_together_each_commission_once():
    affiliates = [make_affiliate() for _ in range(3)]
    refs = [ref for affiliate in affiliates for ref in sell(affiliate, 30)[1]]
    derive(*refs)
    released = at_once(4, lambda _: settlement.release_due(chunk=7))
    assert sum(released) == 90
    assert Transfer.objects.filter(kind="release").count() == 90
    assert [balance(each, "available") for each in affiliates] == [24_000] * 3
    assert not SettlementRun.objects.filter(finished_at=None).exists()


def test_two_workers_derive_each_order_once():
    anna = make_affiliate()
    sell(anna, 40)
    looked_at = at_once(3, lambda _: commissions.derive_due())
    while commissions.due():
        looked_at.append(commissions.derive_due())
    assert sum(looked_at) == 40
    assert Commission.objects.count() == 40
    assert balance(anna, "pending") == 32_000


def test_returns_meet_the_release():
    anna = make_affiliate()
    shop, refs = sell(anna, 40)
    derive(*refs)
    chance = random.Random(7)
    returned = {ref: chance.randint(1, 5) for ref in refs}
    for ref, quantity in returned.items():
        shop.refund(ref, at=clock.now(), line_1=quantity)

    def act(number):
        if number == 0:
            return settlement.release_due(chunk=3)
        for ref in refs[number - 1 :: 2]:
            derive(ref)
        return 0

    at_once(3, act)
    settlement.release_due()
    left = sum(800 - 160 * quantity for quantity in returned.values())
    assert (balance(anna, "pending"), balance(anna, "available")) == (0, left)
    states = {
        ref: ("reversed" if quantity == 5 else "available") for ref, quantity in returned.items()
    }
    assert dict(Commission.objects.values_list("order_ref", "state")) == states


def test_a_return_meets_a_withdrawal_and_its_payment():
    make_rule()
    staff = make_staff()
    for _ in range(4):
        anna = make_affiliate()
        shop, refs = sell(anna, 1)
        derive(*refs)
        settlement.release_due()
        shop.refund(refs[0], at=clock.now(), line_1=3)
        acts = [
            lambda a=anna: withdrawals.request(
                affiliate=a, currency="RUB", amount_minor=800, actor=a.user
            ),
            lambda r=refs: derive(*r),
        ]
        first, _ = at_once(2, lambda n, acts=acts: outcome(acts[n]))
        assert first in ("done", "not_enough")
        assert balance(anna, "available") == (320 if first == "not_enough" else -480)
        if first == "done":
            withdrawal = Withdrawal.objects.get(affiliate=anna)
            withdrawals.approve(withdrawal_id=withdrawal.pk, actor=staff)
            withdrawals.send(currency="RUB", actor=staff)
            shop.refund(refs[0], at=clock.now())
            acts = [
                lambda pk=withdrawal.pk: withdrawals.mark_paid(withdrawal_id=pk, actor=staff),
                lambda r=refs: derive(*r),
            ]
            assert at_once(2, lambda n, acts=acts: outcome(acts[n])) == ["done", "done"]
            assert balance(anna, "available") == -800


def test_a_rolled_back_derivation_comes_again():
    anna = make_affiliate()
    _, refs = sell(anna, 3)
    with pytest.raises(RuntimeError, match="power cut"), transaction.atomic():
        _derive_and_fail(refs)
    assert not Commission.objects.exists()
    assert not Transfer.objects.exists()
    assert commissions.derive_due() == 3
    assert balance(anna, "pending") == 2_400


def _derive_and_fail(refs):
    derivation.derive(refs)
    raise RuntimeError("power cut")


def test_of_three_approvers_at_once_two_are_written_down(anna):
    PayoutRule.objects.update(two_persons_above_minor=1)
    for _ in range(4):
        staff = [make_staff() for _ in range(3)]
        asked = withdrawals.request(
            affiliate=anna, currency="RUB", amount_minor=10_000, actor=anna.user
        )

        def approve(number, staff=staff, pk=asked.pk):
            return outcome(lambda: withdrawals.approve(withdrawal_id=pk, actor=staff[number]))

        assert sorted(at_once(3, approve)) == ["done", "done", "wrong_state"]
        asked.refresh_from_db()
        assert asked.state == "approved"
        assert len({asked.first_approver_id, asked.approver_id} & {s.pk for s in staff}) == 2


def test_one_approver_twice_at_once_is_one_person(anna):
    PayoutRule.objects.update(two_persons_above_minor=1)
    staff = make_staff()
    asked = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=10_000, actor=anna.user
    )

    def approve(_):
        return outcome(lambda: withdrawals.approve(withdrawal_id=asked.pk, actor=staff))

    assert sorted(at_once(4, approve)) == ["done"] + ["second_person_needed"] * 3
    asked.refresh_from_db()
    assert (asked.state, asked.first_approver) == ("requested", staff)


def test_suspended_by_one_and_sent_by_another(anna):
    staff = make_staff()
    for _ in range(5):
        asked = withdrawals.request(
            affiliate=anna, currency="RUB", amount_minor=1_000, actor=anna.user
        )
        withdrawals.approve(withdrawal_id=asked.pk, actor=staff)
        acts = [
            lambda: directory.suspend(affiliate_id=anna.pk, actor=staff, reason="fraud"),
            lambda pk=asked.pk: withdrawals.send(currency="RUB", actor=staff, withdrawal_ids=[pk]),
        ]
        _, sent = at_once(2, lambda number, acts=acts: outcome(acts[number]))
        asked.refresh_from_db()
        assert (sent, asked.state) in [("done", "sent"), ("suspended", "approved")]
        directory.approve(affiliate_id=anna.pk, actor=staff)


class Crowd:
    """Shops, influencers, jobs and staff, each doing at random what they may do."""

    def __init__(self, seed):
        self.seed = seed
        make_rule(minimum_minor=1, two_persons_above_minor=3_000)
        self.staff = [make_staff() for _ in range(3)]
        self.store = make_store(ref="mugs")
        self.people = [make_affiliate(), make_affiliate(kind="agency"), make_affiliate()]
        own, fees = make_promotion(store=self.store), make_promotion(store=self.store)
        anna, agency, boris = self.people
        self.codes = [
            make_code(
                affiliate=anna, promotion=own, agency=agency, agency_share_bp=3_333, rate_bp=777
            ),
            make_code(affiliate=boris, promotion=own, rate_bp=825),
            make_code(affiliate=boris, promotion=make_promotion(kind="platform"), rate_bp=500),
        ]
        self.fee_code = make_code(affiliate=boris, promotion=fees, fee_minor=700)
        self.shops = [Shop(), Shop(make_client(store=self.store)[0])]
        self.till = make_client()[1]
        self.now = clock.now()

    def act(self, number, steps=80):
        """Take so many steps; whatever is not a refusal is a fault."""
        chance = random.Random(self.seed * 100 + number)
        acts = [
            self.tell, self.tell, self.tell, self.derive, self.release, self.ask, self.ask,
            self.step, self.step, self.step, self.fund, self.use,
        ]  # fmt: skip
        refused = (withdrawals.WithdrawalRefusal, orders.OrderRefusal, ledger.KeyReused)
        for _ in range(steps):
            with suppress(*refused):
                chance.choice(acts)(chance)

    def tell(self, chance):
        shop, ref = chance.choice(self.shops), f"o{chance.randrange(40)}"
        kind = chance.choice(["paid", "paid", "paid", "paid", "delivered", "cancelled", "refunded"])
        facts = {"version": chance.randrange(1, 50)}
        if kind == "refunded":
            back = [{"ref": "1", "quantity": chance.randint(1, 3)}]
            facts["refund"] = {"ref": f"r{chance.randrange(4)}", "lines": back}
        else:
            sold = line(self.store, price=chance.randint(1, 40_000), quantity=3)
            shopper = {"ref": chance.choice(["buyer"] * 7 + [self.people[0].user.ref])}
            facts |= {"currency": "RUB", "lines": [sold], "shopper": shopper}
            facts["codes"] = [chance.choice(self.codes)]
        shop.tell(ref, kind, at=self.now - timedelta(days=20), **facts)

    def use(self, chance):
        cart = {"currency": "RUB", "lines": [make_line(store=self.store, quantity=3)]}
        cart |= {"shopper": {"ref": "buyer"}, "codes": [self.fee_code]}
        Api(self.till).post("/redemptions", cart | {"order_ref": f"o{chance.randrange(40)}"})

    def fund(self, chance):
        prepayments.fund(
            store=self.store,
            currency="RUB",
            amount_minor=900,
            task_ref=f"t{chance.randrange(20)}",
            actor="crowd",
        )

    def derive(self, _):
        commissions.derive_due()
        prepayments.use_due()

    def release(self, chance):
        with transaction.atomic():  # a store's word is held from now; as time goes by
            own = Commission.objects.filter(order_ref__startswith="mugs/").order_by("id")
            ids = list(own.select_for_update().values_list("pk", flat=True))
            Commission.objects.filter(pk__in=ids).update(release_at=self.now)
        settlement.release_due(chunk=chance.randint(1, 4))

    def ask(self, chance):
        person = chance.choice(self.people)
        withdrawals.request(
            affiliate=person,
            currency="RUB",
            amount_minor=chance.choice([200, 1_500, 6_000]),
            actor=person.user,
        )

    def step(self, chance):
        rows = list(Withdrawal.objects.order_by("?")[:1])
        if not rows:
            return
        pk, staff = rows[0].pk, chance.choice(self.staff)
        chance.choice(
            [
                lambda: withdrawals.approve(withdrawal_id=pk, actor=staff),
                lambda: withdrawals.approve(withdrawal_id=pk, actor=staff),
                lambda: withdrawals.send(currency="RUB", actor=staff),
                lambda: withdrawals.mark_paid(withdrawal_id=pk, actor=staff),
                lambda: withdrawals.mark_paid(withdrawal_id=pk, actor=staff),
                lambda: withdrawals.mark_failed(withdrawal_id=pk, actor=staff, reason="x"),
                lambda: withdrawals.mark_returned(withdrawal_id=pk, actor=staff, reason="x"),
                lambda: withdrawals.reject(withdrawal_id=pk, actor=staff, reason="x"),
                lambda: withdrawals.cancel(withdrawal_id=pk, actor=rows[0].affiliate.user),
            ]
        )()


@pytest.mark.parametrize("seed", range(2))
def test_everybody_at_once(seed):
    """Returns meet releases meet withdrawals, in every mix that chance finds; no lock crosses."""
    crowd = Crowd(seed)
    at_once(6, crowd.act)
    crowd.derive(None)
    settlement.release_due()
    assert not commissions.due()
    assert not ParkedOrder.objects.exists()
    assert Commission.objects.exclude(state="not_due").count() > 10
    assert Withdrawal.objects.count() > 5
    before = list(Transfer.objects.values_list("key", "amount_minor").order_by("pk"))
    derive(*Order.objects.values_list("ref", flat=True))
    assert list(Transfer.objects.values_list("key", "amount_minor").order_by("pk")) == before
