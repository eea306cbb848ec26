"""A machine that reserves, redeems, reverses and lets time pass, with a plain model beside it.

After each step the counters, the budget, the persons' uses and every invariant must be what the
model says. Hypothesis shrinks what breaks to the shortest story.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from marketplace import clock
from promocodes import holds, promotions, redemptions, reservations, returns, reversals
from promocodes.invariants import INVARIANTS
from promocodes.models import Checkout, PromotionCounter, Redemption, UseSlot
from promocodes.quoting import CodeRefused
from promocodes.recording import OrderTaken
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PEOPLE = ("anna", "boris", "clara")
CAUSES = ("unpaid", "cancelled", "refunded", "fraud")


@dataclass
class Use:
    """What the model knows of one checkout."""

    person: str
    quantity: int
    price: int
    units: list[int]
    state: str
    order: str | None = None
    back: int = 0
    counts: bool = True
    given_back: int = 0
    cart: object = None


@dataclass
class World:
    """The model: limits, and what is taken by whom."""

    total: int
    per_person: int
    budget: int
    percent: int
    gives_back_for: tuple[str, ...]
    uses: dict = field(default_factory=dict)

    @property
    def taken(self) -> int:
        return sum(use.counts for use in self.uses.values())

    @property
    def spent(self) -> int:
        return sum(sum(use.units) - use.given_back for use in self.uses.values())

    def of_person(self, person: str) -> int:
        return sum(use.counts and use.person == person for use in self.uses.values())


class Till(RuleBasedStateMachine):
    """The shop, its shoppers, and time."""

    held = Bundle("held")
    redeemed = Bundle("redeemed")

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.atomic()
        self.point._from_testcase = True
        self.point.__enter__()
        self.orders = 0
        self.reversals = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.point.__exit__(None, None, None)

    @initialize(
        total=st.integers(1, 5),
        per_person=st.integers(1, 3),
        budget=st.integers(50, 900),
        percent=st.sampled_from([333, 1000, 5000, 10_000]),
        causes=st.sets(st.sampled_from(CAUSES)),
    )
    def open(self, total: int, per_person: int, budget: int, percent: int, causes: set) -> None:
        self.world = World(total, per_person, budget, percent, tuple(causes))
        client, _ = make_client()
        self.store = make_store()
        self.by = {"source": Source(client_id=client.pk), "client_id": client.pk}
        self.promotion = make_promotion(
            store=self.store,
            code="CODE",
            terms=make_terms(percent_bp=percent, gives_back_for=tuple(causes)),
            limits=Limits(total=total, per_person=per_person, budget_minor=budget),
        )
        self.is_cancelled = False

    def expected(self, person: str, worth: int, discount: int) -> str | None:
        """The first refusal that the rules name, by the model."""
        left = self.world.budget - self.world.spent
        if self.is_cancelled:
            return "cancelled"
        if worth == 0:
            return "no_eligible_items"
        if self.world.of_person(person) >= self.world.per_person:
            return "customer_limit_reached"
        if self.world.taken >= self.world.total:
            return "total_limit_reached"
        if left <= 0 or discount > left:
            return "budget_exhausted"
        return None if discount else "no_eligible_items"

    def attempt(self, person: str, price: int, quantity: int, act) -> object:
        cart = make_cart(
            (price, quantity), codes=["CODE"], store=self.store, shopper={"ref": person}
        )
        discount = (price * quantity * self.world.percent * 2 + 10_000) // 20_000
        expected = self.expected(person, price * quantity, discount)
        try:
            receipt = act(cart)
        except CodeRefused as refusal:
            (code,) = refusal.quote.codes
            told = str(code.refusal.reason)
            assert expected is not None
            assert told == expected
            return None
        assert expected is None
        assert receipt.quote.discount_minor == discount
        units = [value for count, value in receipt.quote.lines[0].units for _ in range(count)]
        assert sum(units) == discount
        self.world.uses[receipt.id] = Use(
            person=person,
            quantity=quantity,
            price=price,
            units=units,
            state=receipt.state,
            order=receipt.order_ref,
            cart=cart,
        )
        return receipt.id

    @rule(
        target=held,
        person=st.sampled_from(PEOPLE),
        price=st.integers(0, 300),
        quantity=st.integers(1, 3),
    )
    def reserve(self, person: str, price: int, quantity: int):
        found = self.attempt(
            person, price, quantity, lambda cart: reservations.reserve(cart=cart, **self.by)
        )
        return found if found is not None else multiple()

    @rule(
        target=redeemed,
        person=st.sampled_from(PEOPLE),
        price=st.integers(0, 300),
        quantity=st.integers(1, 3),
    )
    def redeem(self, person: str, price: int, quantity: int):
        self.orders += 1
        found = self.attempt(
            person,
            price,
            quantity,
            lambda cart: redemptions.redeem(order_ref=f"o{self.orders}", cart=cart, **self.by)[0],
        )
        return found if found is not None else multiple()

    @rule(target=redeemed, checkout=consumes(held))
    def redeem_held(self, checkout):
        self.orders += 1
        receipt, is_new = redemptions.redeem_reservation(
            order_ref=f"o{self.orders}", checkout_id=checkout, source=self.by["source"]
        )
        use = self.world.uses[checkout]
        assert is_new
        assert receipt.quote.discount_minor == sum(use.units)
        use.state, use.order = "redeemed", f"o{self.orders}"
        return checkout

    @rule(checkout=consumes(held), by_time=st.booleans())
    def let_go(self, checkout, by_time: bool) -> None:
        if by_time:
            Checkout.objects.filter(pk=checkout).update(
                expires_at=clock.now() - timedelta(seconds=1)
            )
            assert holds.expire_due() == 1
        else:
            reservations.release(checkout_id=checkout, source=self.by["source"])
        use = self.world.uses[checkout]
        use.state = "expired" if by_time else "released"
        use.counts, use.given_back = False, sum(use.units)

    @rule(checkout=redeemed)
    def redeem_again(self, checkout) -> None:
        use = self.world.uses[checkout]
        receipt, is_new = redemptions.redeem(order_ref=use.order, cart=use.cart, **self.by)
        assert (receipt.id, receipt.state, is_new) == (checkout, use.state, False)
        other = make_cart((7, 7), codes=["CODE"], store=self.store, shopper={"ref": use.person})
        try:
            redemptions.redeem(order_ref=use.order, cart=other, **self.by)
        except OrderTaken:
            return
        raise AssertionError("another cart on the same order")

    @rule(
        checkout=redeemed,
        quantity=st.one_of(st.none(), st.integers(1, 4)),
        cause=st.sampled_from(CAUSES),
    )
    def reverse(self, checkout, quantity: int | None, cause: str) -> None:
        use = self.world.uses[checkout]
        self.reversals += 1
        call = {
            "checkout_id": checkout,
            "reversal_ref": f"r{self.reversals}",
            "cause": cause,
            "source": self.by["source"],
            "quantities": {"1": quantity} if quantity else None,
        }
        left = use.quantity - use.back
        if quantity is not None and quantity > left:
            with pytest.raises(returns.TooManyUnits):
                reversals.reverse(**call)
            return
        row, _ = reversals.reverse(**call)
        again, is_new = reversals.reverse(**call)
        assert (again, is_new) == (row, False)
        count = left if quantity is None else quantity
        share = sum(use.units[use.back : use.back + count])
        assert (row.discount_minor, row.amount_minor) == (share, use.price * count - share)
        was_over = use.back == use.quantity
        use.back += count
        use.given_back += share
        is_over = use.back == use.quantity and not was_over
        use.counts = use.counts and not (is_over and cause in self.world.gives_back_for)
        assert row.uses_returned == int(is_over and cause in self.world.gives_back_for)
        use.state = "reversed" if use.back == use.quantity else "part_reversed"

    @precondition(lambda self: not self.is_cancelled)
    @rule(more=st.integers(1, 3))
    def widen(self, more: int) -> None:
        self.world.total += more
        self.world.budget += 100 * more
        promotions.amend(
            promotion_id=self.promotion.pk,
            actor="ops",
            limits=Limits(
                total=self.world.total,
                per_person=self.world.per_person,
                budget_minor=self.world.budget,
            ),
        )

    @precondition(lambda self: len(self.world.uses) > 3)
    @rule()
    def cancel(self) -> None:
        promotions.cancel(promotion_id=self.promotion.pk, actor="ops")
        self.is_cancelled = True

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "world"):
            return
        counter = PromotionCounter.objects.get()
        assert (counter.taken, counter.spent_minor) == (self.world.taken, self.world.spent)
        states = dict(Checkout.objects.values_list("pk", "state"))
        assert states == {pk: use.state for pk, use in self.world.uses.items()}
        assert UseSlot.objects.count() == self.world.taken
        assert Redemption.objects.count() == len(self.world.uses)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert {found.name: found.broken() for found in INVARIANTS if found.broken()} == {}


def test_the_till_agrees_with_its_model(db: None) -> None:
    run_state_machine_as_test(
        Till,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
