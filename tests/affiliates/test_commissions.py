"""Commissions keep up: an order that breaks is parked and tried again, and holds up nobody."""

from datetime import timedelta
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from affiliates import commissions
from affiliates.invariants import INVARIANTS
from affiliates.models import Commission, ParkedOrder
from marketplace import clock, journal
from tests.factories.affiliates import Shop, balance, line, make_affiliate, make_code
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_promotion
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
POISON = """
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no commission on this one'; END $$;
CREATE TRIGGER poison BEFORE INSERT ON affiliates_commission
FOR EACH ROW WHEN (NEW.order_ref = 'poison') EXECUTE FUNCTION poison();
"""
CURE = """
DROP TRIGGER IF EXISTS poison ON affiliates_commission; DROP FUNCTION IF EXISTS poison;
"""


def execute(sql):
    """As the database's owner."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def anna():
    """An influencer with three orders, of which the database refuses the second's commission."""
    affiliate, store = make_affiliate(), make_store()
    code = make_code(affiliate=affiliate, promotion=make_promotion(store=store))
    shop = Shop()
    for ref in ("first", "poison", "last"):
        shop.sell(ref, line(store), at=clock.now(), codes=[code])
    execute(POISON)
    yield affiliate
    execute(CURE)


def orders_with_commissions():
    """Which orders have been worked out."""
    return set(Commission.objects.values_list("order_ref", flat=True))


def test_one_poisoned_order_holds_up_nobody(anna):
    assert commissions.derive_due() == 3
    assert orders_with_commissions() == {"first", "last"}
    assert balance(anna, "pending") == 80_000
    parked = ParkedOrder.objects.get()
    assert (parked.order_ref, parked.tries) == ("poison", 1)
    assert "no commission on this one" in parked.error
    assert not commissions.due()


def test_it_is_tried_again_ever_more_seldom_and_leaves_when_it_is_well(anna):
    commissions.derive_due()
    assert commissions.derive_due() == 0, "not before its time"
    pauses = []
    for _ in range(3):
        ParkedOrder.objects.update(retry_at=clock.now())
        now = clock.now()
        assert commissions.derive_due() == 1
        pauses.append(round((ParkedOrder.objects.get().retry_at - now) / timedelta(minutes=1)))
    assert pauses == [2, 4, 8]
    execute(CURE)
    ParkedOrder.objects.update(retry_at=F("parked_at"))
    assert commissions.derive_due() == 1
    assert not ParkedOrder.objects.exists()
    assert orders_with_commissions() == {"first", "poison", "last"}
    assert balance(anna, "pending") == 120_000
    call_command("verify_invariants", verbosity=0)


def test_a_parked_order_that_is_well_with_its_next_event_is_not_parked_any_more(anna):
    commissions.derive_due()
    execute(CURE)
    Shop().refund("poison", at=clock.now())
    assert commissions.derive_due() == 1
    assert not ParkedOrder.objects.exists()
    assert Commission.objects.get(order_ref="poison").state == "reversed"


def test_only_one_worker_derives_at_a_time_parked_orders_too(anna):
    """Else a try that read the order before a return would undo what the return took back."""
    commissions.derive_due()
    execute(CURE)
    ParkedOrder.objects.update(retry_at=F("parked_at"))
    has_it, may_go = Event(), Event()

    def act(number):
        if number == 0:
            with transaction.atomic():
                assert journal.alone(reader=commissions.READER)
                has_it.set()
                may_go.wait(10)
            return 0
        has_it.wait(10)
        try:
            return commissions.derive_due()
        finally:
            may_go.set()

    assert at_once(2, act) == [0, 0]
    assert orders_with_commissions() == {"first", "last"}
    assert commissions.derive_due() == 1
    assert orders_with_commissions() == {"first", "poison", "last"}


def test_a_parked_order_is_tried_at_once_when_somebody_asks(anna):
    commissions.derive_due()
    execute(CURE)
    assert commissions.derive_due() == 0, "not before its time"
    commissions.try_again(order_ref="poison")
    assert commissions.derive_due() == 1
    with pytest.raises(commissions.NotParked):
        commissions.try_again(order_ref="poison")


def test_the_first_failure_alarms_nobody_the_second_does(anna):
    parked = next(each for each in INVARIANTS if each.name == "no_order_is_parked")
    commissions.derive_due()
    assert parked.broken() == []
    commissions.try_again(order_ref="poison")
    commissions.derive_due()
    assert [row[:2] for row in parked.broken()] == [("poison", 2)]
