"""The trial balance: each currency's debits equal its credits."""

from datetime import UTC, datetime

import pytest

from affiliates import ledger, trial_balance
from affiliates.ledger import Place, Posting

pytestmark = pytest.mark.django_db


def test_it_sums_by_kind():
    seller = Place(kind="seller_receivable", owner="7", currency="RUB")
    for owner, amount in (("a", 30), ("b", 12)):
        ledger.post(
            [
                Posting(
                    debit=seller,
                    credit=Place(kind="affiliate_pending", owner=owner, currency="RUB"),
                    amount_minor=amount,
                    kind="accrue",
                    key=owner,
                    group="test",
                    occurred_at=datetime(2026, 6, 1, tzinfo=UTC),
                )
            ]
        )
    rows = [
        (row.kind, row.accounts, row.debited_minor, row.credited_minor, row.balance_minor)
        for row in trial_balance.rows()
    ]
    assert rows == [
        ("affiliate_pending", 2, 0, 42, 42),
        ("seller_receivable", 1, 42, 0, 42),
    ]
