"""Any history of sales, returns, releases and withdrawals, with a model beside it.

The model knows only what a person would work out on paper: exact fractions, rounded half-up once.
After each step its balances are the ledger's; each history ends with the whole ledger proved.
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from affiliates import ledger, settlement, withdrawals
from affiliates.models import Withdrawal
from marketplace import clock
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_code,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store
from tests.factories.promocodes import make_promotion

RATE_BP = 825
PATHS = {
    ("requested", "approve"): "approved",
    ("requested", "reject"): "rejected",
    ("approved", "reject"): "rejected",
    ("requested", "cancel"): "cancelled",
    ("approved", "send"): "sent",
    ("sent", "paid"): "paid",
    ("sent", "failed"): "failed",
    ("sent", "returned"): "returned",
    ("paid", "returned"): "returned",
}


@dataclass
class Sale:
    """An order of one line, on paper."""

    ref: str
    price: int
    quantity: int
    is_due: bool
    returned: int = 0
    is_cancelled: bool = False
    is_released: bool = False

    @property
    def left(self) -> int:
        """What is left of the commission."""
        base = self.price * self.quantity
        back = self.quantity if self.is_cancelled else self.returned
        came_back = half_up(Fraction(base * back, self.quantity))
        return half_up(Fraction(base * RATE_BP, 10_000)) - half_up(
            Fraction(came_back * RATE_BP, 10_000)
        )


@dataclass
class Asked:
    """A withdrawal, on paper."""

    pk: object
    amount: int
    state: str = "requested"


def half_up(value: Fraction) -> int:
    """Rounded half-up."""
    return (value + Fraction(1, 2)).__floor__()


class Money(RuleBasedStateMachine):
    """One influencer, one seller, everything that can happen to their money."""

    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block._from_testcase = True  # durable verbs may run inside
        self.block.__enter__()
        self.all_sales: list[Sale] = []
        self.all_asked: list[Asked] = []

    def teardown(self) -> None:
        try:
            call_command("verify_ledger", verbosity=0)
            call_command("verify_invariants", verbosity=0)
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @initialize()
    def open(self) -> None:
        make_rule(minimum_minor=1, person_tax_bp=1300, fee_minor=0)
        self.anna = make_affiliate(tax_status="person")
        self.store = make_store()
        promotion = make_promotion(store=self.store)
        self.code = make_code(affiliate=self.anna, promotion=promotion, rate_bp=RATE_BP)
        self.shop = Shop()
        self.ops = make_staff()
        self.now = clock.now()
        self.sell_one(40_000, 5, is_due=True)
        self.sell_one(33_333, 3, is_due=True)
        self.release(chunk=1)

    # --- what the shop reports ----------------------------------------------------------------
    @rule(
        target=sales,
        price=st.integers(1, 50_000),
        quantity=st.integers(1, 7),
        is_due=st.booleans(),
    )
    def sell(self, price: int, quantity: int, is_due: bool) -> Sale:
        return self.sell_one(price, quantity, is_due=is_due)

    @rule(target=sales, number=st.integers(0, 1))
    def take_an_early_sale(self, number: int) -> Sale:
        return self.all_sales[number]

    def sell_one(self, price: int, quantity: int, *, is_due: bool) -> Sale:
        sale = Sale(f"o{len(self.all_sales)}", price, quantity, is_due)
        days = 20 if is_due else 1
        bought = line(self.store, price=price, quantity=quantity)
        at = self.now - timedelta(days=days)
        self.shop.sell(sale.ref, bought, at=at, codes=[self.code])
        derive(sale.ref)
        self.all_sales.append(sale)
        return sale

    @rule(sale=sales, quantity=st.integers(1, 7))
    def give_back(self, sale: Sale, quantity: int) -> None:
        quantity = min(quantity, sale.quantity - sale.returned)
        if quantity:
            self.shop.refund(sale.ref, at=self.now, line_1=quantity)
            sale.returned += quantity
        derive(sale.ref)

    @rule(sale=sales)
    def cancel_order(self, sale: Sale) -> None:
        self.shop.tell(sale.ref, "cancelled", at=self.now)
        sale.is_cancelled = True
        derive(sale.ref)

    @rule(sale=sales)
    def pay_again(self, sale: Sale) -> None:
        days = 20 if sale.is_due else 1
        self.shop.tell(sale.ref, "paid", at=self.now - timedelta(days=days))
        sale.is_cancelled = False
        derive(sale.ref)

    # --- what we do -----------------------------------------------------------------------------
    @rule(chunk=st.integers(1, 3))
    def release(self, chunk: int) -> None:
        settlement.release_due(chunk=chunk)
        for sale in self.all_sales:
            sale.is_released |= sale.is_due and sale.left > 0

    @rule(share=st.integers(1, 110))
    def ask(self, share: int) -> None:
        amount = max(self.available, 0) * share // 100 + 1
        try:
            made = withdrawals.request(
                affiliate=self.anna, currency="RUB", amount_minor=amount, actor=self.anna.user
            )
        except withdrawals.WithdrawalRefusal:
            assert amount > self.available or amount - half_up(Fraction(amount * 13, 100)) <= 0
        else:
            assert amount <= self.available
            self.all_asked.append(Asked(made.pk, amount))

    @precondition(lambda self: self.under_way)
    @rule(number=st.integers(0, 99), choice=st.integers(0, 99))
    def go_on(self, number: int, choice: int) -> None:
        asked = self.under_way[number % len(self.under_way)]
        steps = sorted(step for state, step in PATHS if state == asked.state)
        self.take(asked, steps[choice % len(steps)])

    @precondition(lambda self: self.all_asked)
    @rule(number=st.integers(0, 99), step=st.sampled_from(sorted({step for _, step in PATHS})))
    def take_any_step(self, number: int, step: str) -> None:
        self.take(self.all_asked[number % len(self.all_asked)], step)

    @property
    def under_way(self) -> list[Asked]:
        return [
            each
            for each in self.all_asked
            if (each.state, "returned") in PATHS or each.state in ("requested", "approved")
        ]

    def take(self, asked: Asked, step: str) -> None:
        to = PATHS.get((asked.state, step))
        try:
            self._do(asked, step)
        except withdrawals.WithdrawalRefusal:
            assert to is None
        else:
            assert to is not None
            asked.state = to

    def _do(self, asked: Asked, step: str) -> None:
        pk = asked.pk
        acts = {
            "approve": lambda: withdrawals.approve(withdrawal_id=pk, actor=self.ops),
            "send": lambda: withdrawals.send(currency="RUB", actor=self.ops, withdrawal_ids=[pk]),
            "paid": lambda: withdrawals.mark_paid(withdrawal_id=pk, actor=self.ops),
            "failed": lambda: withdrawals.mark_failed(withdrawal_id=pk, actor=self.ops, reason="x"),
            "returned": lambda: withdrawals.mark_returned(
                withdrawal_id=pk, actor=self.ops, reason="x"
            ),
            "reject": lambda: withdrawals.reject(withdrawal_id=pk, actor=self.ops, reason="x"),
            "cancel": lambda: withdrawals.cancel(withdrawal_id=pk, actor=self.anna.user),
        }
        acts[step]()

    # --- what must hold ---------------------------------------------------------------------------
    @property
    def available(self) -> int:
        earned = sum(sale.left for sale in self.all_sales if sale.is_released)
        out = ("requested", "approved", "sent", "paid")
        return earned - sum(each.amount for each in self.all_asked if each.state in out)

    @invariant()
    @precondition(lambda self: hasattr(self, "anna"))
    def balances_are_the_models(self) -> None:
        on_hold = sum(sale.left for sale in self.all_sales if not sale.is_released)
        held = sum(e.amount for e in self.all_asked if e.state in ("requested", "approved"))
        assert balance(self.anna, "pending") == on_hold
        assert balance(self.anna, "available") == self.available
        assert balance(self.anna, "reserved") == held

    @invariant()
    @precondition(lambda self: hasattr(self, "anna"))
    def the_page_says_the_same(self) -> None:
        shown = ledger.balances(self.anna)
        if shown:
            paid = sum(each.amount for each in self.all_asked if each.state == "paid")
            sent = sum(each.amount for each in self.all_asked if each.state == "sent")
            assert shown[0].paid_minor == paid
            assert shown[0].reserved_minor == sent + balance(self.anna, "reserved")
        states = {each.pk: each.state for each in self.all_asked}
        assert dict(Withdrawal.objects.values_list("pk", "state")) == states


@pytest.mark.slow
@pytest.mark.django_db
def test_any_history_of_money_agrees_with_paper() -> None:
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
