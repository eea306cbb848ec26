"""Fees for uses: earned at the till, paid from what the seller paid in, in the order of earning."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from affiliates import ledger, prepayments, settlement
from affiliates.ledger import Place, balance_minor
from affiliates.models import Commission, Transfer
from marketplace import clock
from tests.factories.affiliates import balance, derive, make_affiliate, make_code
from tests.factories.marketplace import make_line, make_order_event, make_staff, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def store():
    """A seller."""
    return make_store()


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate()


@pytest.fixture
def code(store, anna):
    """Her code, 50.00 for each use."""
    return make_code(affiliate=anna, promotion=make_promotion(store=store), fee_minor=5_000)


def use(api, store, code, order_ref, *, days_ago=20):
    """The code is used on a paid order of two pieces."""
    lines = [make_line(store=store, quantity=2)]
    body = {"order_ref": order_ref, "currency": "RUB", "lines": lines, "codes": [code]}
    assert api.post("/redemptions", body).status_code == 201
    at = clock.now() - timedelta(days=days_ago)
    tell(api, order_ref, lines=lines, occurred_at=at.isoformat())


def tell(api, order_ref, **members):
    """An event of the order."""
    event = make_order_event(order_ref=order_ref, **members)
    assert api.post("/orders/events", event).status_code == 202
    derive(order_ref)


def fund(store, amount, task="t1"):
    """The seller pays in."""
    return prepayments.fund(
        store=store, currency="RUB", amount_minor=amount, task_ref=task, actor=make_staff()
    )


def prepaid(store):
    """What is left of it."""
    return balance_minor(Place(kind="seller_prepaid", owner=str(store.pk), currency="RUB"))


def test_a_fee_waits_for_the_prepayment_and_is_then_released(api, store, anna, code):
    use(api, store, code, "o1")
    assert prepayments.use_due() == 0
    assert settlement.release_due() == 0, "what is not paid in is not paid out"
    assert not Transfer.objects.exists()
    assert fund(store, 7_000)
    assert prepayments.use_due() == 1
    assert (prepaid(store), balance(anna, "pending")) == (2_000, 5_000)
    redemption = Commission.objects.get().use_ref
    assert Transfer.objects.get(kind="use").key == f"use:{redemption}"
    assert settlement.release_due() == 1
    assert balance(anna, "available") == 5_000


def test_fees_are_served_in_the_order_of_earning_and_never_below_zero(api, store, anna, code):
    for number in range(4):
        use(api, store, code, f"o{number}")
    fund(store, 14_999)
    assert prepayments.use_due() == 2
    served = Commission.objects.exclude(accrued_at=None).values_list("order_ref", flat=True)
    assert sorted(served) == ["o0", "o1"]
    fund(store, 1, task="t2")
    assert prepayments.use_due() == 1
    assert prepaid(store) == 0


def test_a_prepayment_is_noted_once(store):
    assert fund(store, 7_000) is True
    assert fund(store, 7_000) is False
    assert prepaid(store) == 7_000
    with pytest.raises(ledger.KeyReused):
        fund(store, 8_000)


def test_a_fee_is_owed_until_everything_came_back(api, store, anna, code):
    fund(store, 10_000)
    use(api, store, code, "o1")
    prepayments.use_due()
    refund = {"ref": "r1", "lines": [{"ref": "1", "quantity": 1}]}
    tell(api, "o1", type="refunded", version=2, currency=None, refund=refund)
    assert balance(anna, "pending") == 5_000
    refund = {"ref": "r2", "lines": [{"ref": "1", "quantity": 1}]}
    tell(api, "o1", type="refunded", version=3, currency=None, refund=refund)
    assert (balance(anna, "pending"), prepaid(store)) == (0, 10_000)
    assert Commission.objects.get().state == "reversed"


def test_a_fee_that_came_back_while_it_waited_is_never_accrued(api, store, anna, code):
    use(api, store, code, "o1")
    tell(api, "o1", type="cancelled", version=2, currency=None)
    assert Commission.objects.get().state == "reversed"
    fund(store, 10_000)
    assert prepayments.use_due() == 0
    assert prepaid(store) == 10_000


def test_a_fee_that_is_given_again_is_the_sellers_debt(api, store, anna, code):
    fund(store, 5_000)
    use(api, store, code, "o1")
    use(api, store, code, "o2")
    prepayments.use_due()
    tell(api, "o1", type="cancelled", version=2, currency=None)
    assert prepayments.use_due() == 1, "the second fee takes what came back"
    tell(api, "o1", version=3)
    assert balance(anna, "pending") == 10_000
    owed = Place(kind="seller_receivable", owner=str(store.pk), currency="RUB")
    assert (prepaid(store), balance_minor(owed)) == (0, 5_000)


def test_an_agency_shares_the_fee(api, store, anna):
    agency = make_affiliate(kind="agency")
    code = make_code(
        affiliate=anna,
        promotion=make_promotion(store=store),
        fee_minor=5_001,
        agency=agency,
        agency_share_bp=5000,
    )
    fund(store, 10_000)
    use(api, store, code, "o1")
    assert prepayments.use_due() == 2
    assert (balance(anna, "pending"), balance(agency, "pending")) == (2_501, 2_500)
