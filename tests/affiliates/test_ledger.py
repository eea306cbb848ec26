"""The ledger: posted once, balanced always, never edited, never overdrawn but by reversals."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, IntegrityError, connection, transaction

from affiliates import ledger
from affiliates.ledger import KeyReused, Overdrawn, Place, Posting
from affiliates.models import Account, Transfer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db
SELLER = Place(kind="seller_receivable", owner="7", currency="RUB")
PENDING = Place(kind="affiliate_pending", owner="a", currency="RUB")
AVAILABLE = Place(kind="affiliate_available", owner="a", currency="RUB")
RESERVED = Place(kind="affiliate_reserved", owner="a", currency="RUB")


def move(debit, credit, amount=100, *, key="k1", kind="accrue", **fields):
    """One posting."""
    return Posting(
        debit=debit,
        credit=credit,
        amount_minor=amount,
        kind=kind,
        key=key,
        group="test",
        occurred_at=NOON,
        **fields,
    )


def everything():
    """All that the ledger holds."""
    return (
        list(
            Account.objects.order_by("code").values_list("code", "debited_minor", "credited_minor")
        ),
        list(Transfer.objects.order_by("key").values_list("key", "amount_minor")),
    )


def test_posting_moves_money_once():
    assert ledger.post([move(SELLER, PENDING)]) == {"k1"}
    kept = everything()
    assert kept == (
        [("affiliate_pending:a:RUB", 0, 100), ("seller_receivable:7:RUB", 100, 0)],
        [("k1", 100)],
    )
    assert ledger.post([move(SELLER, PENDING)]) == set()
    assert everything() == kept


def test_a_batch_applies_each_accounts_sum_once_and_only_for_what_is_new():
    ledger.post([move(SELLER, PENDING, 1, key="k1")])
    posted = ledger.post(
        [
            move(SELLER, PENDING, 1, key="k1"),
            move(SELLER, PENDING, 20, key="k2"),
            move(PENDING, AVAILABLE, 5, key="k3", kind="release"),
        ]
    )
    assert posted == {"k2", "k3"}
    assert ledger.balance_minor(PENDING) == 16
    assert ledger.balance_minor(AVAILABLE) == 5
    assert ledger.balance_minor(SELLER) == 21, "an asset grows by debits"


def test_a_key_of_another_transfer_is_refused():
    ledger.post([move(SELLER, PENDING, 100)])
    kept = everything()
    with pytest.raises(KeyReused, match="k1"), transaction.atomic():
        ledger.post([move(SELLER, PENDING, 101), move(SELLER, PENDING, 7, key="k2")])
    assert everything() == kept


def test_nothing_is_posted_for_nothing():
    with connection.execute_wrapper(_refuse_statements):
        assert ledger.post([]) == set()


def _refuse_statements(execute, sql, params, many, context):
    raise AssertionError(sql)


def test_an_account_that_may_not_go_negative_does_not():
    ledger.post([move(SELLER, PENDING, 100)])
    kept = everything()
    with pytest.raises(Overdrawn), transaction.atomic():
        ledger.post([move(PENDING, AVAILABLE, 101, key="k2", kind="release")])
    assert everything() == kept


def test_only_a_reversal_makes_a_debt():
    ledger.post([move(SELLER, AVAILABLE, 100)])
    with pytest.raises(Overdrawn), transaction.atomic():
        ledger.post([move(AVAILABLE, RESERVED, 101, key="k2", kind="reserve")])
    ledger.post([move(AVAILABLE, SELLER, 130, key="k3", kind="reverse")])
    assert ledger.balance_minor(AVAILABLE) == -30
    with pytest.raises(Overdrawn), transaction.atomic():
        ledger.post([move(AVAILABLE, RESERVED, 1, key="k4", kind="reserve")])
    ledger.post([move(SELLER, AVAILABLE, 40, key="k5", kind="release")])
    ledger.post([move(AVAILABLE, RESERVED, 10, key="k6", kind="reserve")])
    assert ledger.balance_minor(AVAILABLE) == 0


def test_what_comes_back_names_what_it_reverses():
    ledger.post([move(SELLER, AVAILABLE)])
    ledger.post([move(AVAILABLE, RESERVED, key="k2", kind="reserve")])
    ledger.post([move(RESERVED, AVAILABLE, key="k3", kind="back", reverses_key="k2")])
    assert Transfer.objects.get(key="k3").reverses.key == "k2"
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.post([move(SELLER, AVAILABLE, key="k4", reverses_key="k2")])


@pytest.mark.parametrize("amount", [0, -1])
def test_the_database_refuses_an_amount_that_moves_nothing(amount):
    with pytest.raises(IntegrityError, match="transfer_amount_positive"), transaction.atomic():
        ledger.post([move(SELLER, PENDING, amount)])


def test_the_database_refuses_a_transfer_to_itself():
    with pytest.raises(IntegrityError, match="transfer_between_two"), transaction.atomic():
        ledger.post([move(PENDING, PENDING)])


def test_the_database_refuses_a_transfer_between_currencies():
    dollars = Place(kind="affiliate_pending", owner="a", currency="USD")
    with pytest.raises(IntegrityError, match="has_its_currency"), transaction.atomic():
        ledger.post([move(SELLER, dollars)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE affiliates_transfer SET amount_minor = 1",
        "UPDATE affiliates_transfer SET occurred_at = now()",
        "DELETE FROM affiliates_transfer",
        "TRUNCATE affiliates_transfer CASCADE",
        "DELETE FROM affiliates_account",
        "TRUNCATE affiliates_account CASCADE",
        "UPDATE affiliates_account SET currency = 'USD'",
        "UPDATE affiliates_account SET code = 'x'",
        "UPDATE affiliates_account SET owner = 'x'",
        "UPDATE affiliates_account SET kind = 'bad_debt'",
        "UPDATE affiliates_account SET may_go_negative = true",
        "UPDATE affiliates_account SET debited_minor = debited_minor - 1",
        "UPDATE affiliates_account SET credited_minor = credited_minor - 1",
    ],
)
def test_the_database_refuses_to_change_what_was_written(statement):
    ledger.post([move(SELLER, PENDING)])
    kept = everything()
    with (
        pytest.raises(DatabaseError, match=r"annot|can't"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert everything() == kept


def test_posting_takes_a_handful_of_statements_however_many_transfers(
    django_assert_num_queries,
):
    with django_assert_num_queries(5):  # accounts: look, open, look, lock; then all at once
        ledger.post([move(SELLER, PENDING, 1)])
    with django_assert_num_queries(3):
        ledger.post([move(SELLER, PENDING, 1, key=f"n{number}") for number in range(500)])


def test_verify_ledger_prints_the_trial_balance(capsys):
    ledger.post([move(SELLER, PENDING, 30)])
    call_command("verify_ledger")
    out = capsys.readouterr().out
    assert "affiliate_pending" in out
    assert "All 5 invariants hold." in out


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE affiliates_account SET debited_minor = debited_minor + 1", "balances_equal_sums"),
        ("UPDATE affiliates_account SET debited_minor = 31", "ledger_sums_to_zero"),
        (
            "UPDATE affiliates_transfer SET kind = 'reserve' WHERE key = 'debt'",
            "only_reversals_make_debts",
        ),
        ("UPDATE affiliates_account SET may_go_negative = false", "no_account_overdrawn"),
    ],
)
def test_verify_ledger_finds_damage(damage, name, capsys):
    ledger.post([move(SELLER, AVAILABLE, 30)])
    ledger.post([move(AVAILABLE, SELLER, 31, key="debt", kind="reverse")])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE affiliates_account DROP CONSTRAINT account_not_overdrawn")
        cursor.execute("SET LOCAL session_replication_role = replica")  # past the triggers
        cursor.execute(damage)
    with pytest.raises(CommandError, match="broken"):
        call_command("verify_ledger")
    assert f"BROKEN affiliates.{name}" in capsys.readouterr().out
