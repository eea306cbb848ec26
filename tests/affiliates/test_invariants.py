"""Each invariant of money is shown to bite: the damage it is there for makes it speak."""

from datetime import timedelta

import pytest
from django.db import connection

from affiliates import settlement, withdrawals
from affiliates.invariants import INVARIANTS, LEDGER
from marketplace import clock
from tests.factories.affiliates import (
    Shop,
    derive,
    line,
    make_affiliate,
    make_code,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
DAMAGE = {
    "line_commissioned_once": "UPDATE affiliates_commission SET line_ref = '1', order_ref = 'a'",
    "commission_formula_recomputes": "UPDATE affiliates_commission SET rate_bp = rate_bp + 1",
    "reversal_formula_recomputes": "UPDATE affiliates_commission SET reversed_minor = 1",
    "commission_matches_ledger": "UPDATE affiliates_transfer SET key = 'x' || key"
    " WHERE kind = 'release'",
    "no_own_purchase_commission": "UPDATE marketplace_order SET shopper_ref = {anna_ref}",
    "a_stores_word_costs_the_store_only": "UPDATE marketplace_order SET reported_by_id = 0",
    "beneficiary_won_the_line": "UPDATE affiliates_attribution SET winner_id = NULL",
    "pending_equals_commissions": "UPDATE affiliates_account SET credited_minor ="
    " credited_minor + 1 WHERE kind = 'affiliate_pending'",
    "available_equals_commissions_less_withdrawals": "UPDATE affiliates_account SET"
    " credited_minor = credited_minor + 1 WHERE kind = 'affiliate_available'",
    "reserved_equals_open_withdrawals": "UPDATE affiliates_withdrawal SET state = 'cancelled'",
    "withdrawal_holds_once_and_ends_once": "DELETE FROM affiliates_transfer WHERE kind = 'reserve'",
    "approver_is_not_requester": "UPDATE affiliates_withdrawal SET approver_id = requested_by_id",
    "withdrawal_has_audit": "DELETE FROM marketplace_auditentry",
    "no_order_is_parked": "INSERT INTO affiliates_parkedorder (order_ref, error, tries, parked_at,"
    " retry_at) VALUES ('a', 'x', 2, now(), now())",
}
CHECKS = [
    ("affiliates_withdrawal", "withdrawal_four_eyes"),
    ("affiliates_attribution", "attribution_winner_has_a_way"),
    ("marketplace_order", "order_ref_says_whose_word"),
    ("affiliates_commission", "commission_once_per_line_and_beneficiary"),
]


@pytest.fixture
def history():
    """Two commissions, one on hold and one released, and an approved withdrawal."""
    make_rule()
    anna, store = make_affiliate(user=make_user(ref="anna")), make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, now = Shop(), clock.now()
    shop.sell("a", line(store), at=now - timedelta(days=20), codes=[code])
    shop.sell("b", line(store), at=now, codes=[code])
    derive("a", "b")
    settlement.release_due()
    withdrawal = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=20_000, actor=anna.user
    )
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=make_staff())
    return anna


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda each: each.name)
def test_it_holds_on_a_real_history(history, invariant):
    assert invariant.broken() == []


@pytest.mark.parametrize(
    "invariant", [each for each in INVARIANTS if each not in LEDGER], ids=lambda each: each.name
)
def test_it_finds_its_damage(history, invariant):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, constraint in CHECKS:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        cursor.execute("SET LOCAL session_replication_role = replica")  # past the triggers
        cursor.execute(DAMAGE[invariant.name].replace("{anna_ref}", "'anna'"))
    assert invariant.broken() != []
