"""Each invariant is silent on an honest history, and speaks when its rule is broken."""

import pytest
from django.db import connection

from marketplace import clock
from marketplace.invariants import find_all
from promocodes import issuing, redemptions, reservations, reversals
from promocodes.invariants import INVARIANTS
from promocodes.terms import Limits
from promocodes.throttling import Source
from tests.factories.marketplace import make_client, make_store
from tests.factories.promocodes import make_cart, make_promotion, make_terms

pytestmark = pytest.mark.django_db
BY_NAME = {invariant.name: invariant for invariant in INVARIANTS}


@pytest.fixture
def history(db: None) -> None:
    """A limited promotion, redeemed, held, released, reversed in part and whole."""
    client, _ = make_client()
    by = {"source": Source(client_id=client.pk), "client_id": client.pk}
    store = make_store()
    make_promotion(
        store=store,
        code="TEN",
        terms=make_terms(gives_back_for=("refunded",)),
        limits=Limits(total=9, per_person=9, budget_minor=5_000),
    )
    cart = make_cart((333, 3), (1_000, 1), codes=["TEN"], store=store, shopper={"ref": "u1"})
    receipts = [redemptions.redeem(order_ref=f"o{n}", cart=cart, **by)[0] for n in range(3)]
    reservations.reserve(cart=cart, **by)
    let_go = reservations.reserve(cart=cart, **by)
    reservations.release(checkout_id=let_go.id, source=by["source"])
    for receipt, quantities in ((receipts[0], {"1": 2}), (receipts[1], None)):
        reversals.reverse(
            checkout_id=receipt.id,
            reversal_ref="r1",
            cause="refunded",
            source=by["source"],
            quantities=quantities,
        )
    batch = issuing.order_batch(promotion=make_promotion(store=store), count=10, actor="test")
    assert batch.made == 0
    assert clock.now()


def test_an_honest_history_breaks_none(history: None) -> None:
    assert {name: found.broken() for name, found in BY_NAME.items() if found.broken()} == {}
    assert {invariant.name for app, invariant in find_all() if app == "promocodes"} == set(BY_NAME)


FORGERIES = {
    "promo_uses_within_limit": "UPDATE promocodes_promotion SET total_limit = 2",
    "promo_budget_within_limit": "UPDATE promocodes_promotion SET budget_minor = 100",
    "promo_counters_equal_rows": "UPDATE promocodes_promotioncounter SET taken = taken + 1",
    "promo_person_within_limit": "UPDATE promocodes_promotion SET per_person_limit = 1",
    "promo_slots_only_for_counted_uses": "UPDATE promocodes_redemption SET is_given_back = TRUE",
    "promo_one_use_per_order_and_code": """
        DROP INDEX checkout_once_per_order;
        UPDATE promocodes_checkout SET order_ref = 'o1' WHERE order_ref IS NOT NULL""",
    "promo_discount_within_cart": "UPDATE promocodes_checkout SET discount_minor = 1",
    "promo_shares_sum": "UPDATE promocodes_redemptionline SET units = '{1,1,1}'",
    "promo_sales_equal_orders": """
        UPDATE promocodes_redemption SET sales_minor = sales_minor + 1 WHERE state = 'reversed'""",
    "promo_valid_when_decided": "UPDATE promocodes_promotion SET approved_at = clock_timestamp()",
    "promo_no_stale_holds": """
        UPDATE promocodes_checkout SET expires_at = clock_timestamp() - interval '1 hour'""",
    "promo_reversals_within_shares": "UPDATE promocodes_reversalline SET discount_minor = 1",
    "promo_states_agree": "UPDATE promocodes_redemption SET state = 'expired'",
    "promo_batches_equal_codes": "UPDATE promocodes_codebatch SET made = 3",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_broken_rule_is_found(history: None, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(FORGERIES[name])
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert BY_NAME[name].broken()


def test_every_invariant_has_its_forgery() -> None:
    assert set(FORGERIES) == set(BY_NAME)
