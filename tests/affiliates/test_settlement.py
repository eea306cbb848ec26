"""Settlement: what is due is released once, in runs that anybody can take up again."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from affiliates import settlement
from affiliates.models import Commission, SettlementRun
from marketplace import clock
from marketplace.models import AuditEntry
from tests.factories.affiliates import Shop, balance, derive, line, make_affiliate, make_code
from tests.factories.marketplace import make_staff, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a test did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def anna():
    """An influencer."""
    return make_affiliate()


def sell(affiliate, *, count=1, days_ago=15, currency="RUB", start=0):
    """Orders of 100.00 that earn 8.00 each, paid so many days ago, derived."""
    store = make_store(currency=currency)
    code = make_code(affiliate=affiliate, promotion=make_promotion(store=store))
    refs = [f"{store.ref}-{number}" for number in range(start, start + count)]
    shop, at = Shop(), clock.now() - timedelta(days=days_ago)
    for ref in refs:
        shop.sell(ref, line(store, price=10_000), at=at, currency=currency, codes=[code])
    derive(*refs)
    return refs


def test_releases_what_is_due_and_nothing_else(anna):
    due = sell(anna, days_ago=15)
    early = sell(anna, days_ago=14)
    assert settlement.release_due() == 1
    states = dict(Commission.objects.values_list("order_ref", "state"))
    assert states == {due[0]: "available", early[0]: "pending"}
    assert (balance(anna, "pending"), balance(anna, "available")) == (800, 800)
    run = SettlementRun.objects.get()
    assert (run.currency, run.released_count, run.released_minor) == ("RUB", 1, 800)
    assert run.finished_at is not None
    assert AuditEntry.objects.filter(verb="settlement.run").count() == 1


def test_a_second_run_finds_nothing_and_leaves_no_row(anna):
    sell(anna)
    settlement.release_due()
    assert settlement.release_due() == 0
    assert SettlementRun.objects.count() == 1


def test_chunks_release_all_of_it(anna):
    sell(anna, count=7)
    assert settlement.release_due(chunk=3) == 7
    run = SettlementRun.objects.get()
    assert (run.released_count, run.released_minor) == (7, 5_600)
    assert balance(anna, "available") == 5_600


def test_a_chunk_costs_the_same_for_one_row_and_for_many(anna, django_assert_num_queries):
    sell(anna)
    settlement.release_due()  # opens the accounts
    sell(anna)
    with django_assert_num_queries(22):
        settlement.release_due()
    sell(anna, count=30)
    with django_assert_num_queries(22):
        settlement.release_due()


def test_an_unfinished_run_is_taken_up_again_and_finished_first(anna):
    sell(anna, count=2)
    cutoff = clock.now()
    left_open = SettlementRun.objects.create(currency="RUB", cutoff=cutoff)
    assert settlement.release_due() == 2
    run = SettlementRun.objects.get()
    assert (run.pk, run.released_count) == (left_open.pk, 2)
    assert run.finished_at is not None


def test_each_currency_has_a_run_of_its_own(anna):
    sell(anna, currency="RUB")
    sell(anna, currency="JPY")
    assert settlement.release_due() == 2
    runs = SettlementRun.objects.order_by("currency").values_list("currency", "released_minor")
    assert list(runs) == [("JPY", 800), ("RUB", 800)]
    assert balance(anna, "available", "JPY") == 800


def test_the_preview_says_what_a_run_would_do(anna):
    boris = make_affiliate()
    sell(anna, count=2)
    sell(boris)
    sell(boris, days_ago=1)
    now = clock.now()
    (preview,) = settlement.preview(at=now)
    assert (preview.currency, preview.count, preview.amount_minor, preview.affiliates) == (
        "RUB",
        3,
        2_400,
        2,
    )
    assert not SettlementRun.objects.exists()
    assert settlement.preview(at=now - timedelta(days=400)) == []


def test_a_run_by_a_person_is_theirs_in_the_audit_log(anna):
    sell(anna)
    staff = make_staff()
    settlement.release_due(actor=staff)
    assert AuditEntry.objects.get(verb="settlement.run").actor == staff


def test_two_open_runs_of_a_currency_are_refused_by_the_database():
    now = clock.now()
    SettlementRun.objects.create(currency="RUB", cutoff=now)
    with pytest.raises(IntegrityError, match="one_open"), transaction.atomic():
        SettlementRun.objects.create(currency="RUB", cutoff=now + timedelta(seconds=1))


def test_what_was_taken_back_in_part_is_released_in_part(anna):
    store = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, at = Shop(), clock.now() - timedelta(days=20)
    shop.sell("o1", line(store, price=1_000, quantity=10), at=at, codes=[code])
    shop.refund("o1", at=at, line_1=3)
    derive("o1")
    assert settlement.release_due() == 1
    assert balance(anna, "available") == 560
    shop.refund("o1", at=at)
    derive("o1")
    assert balance(anna, "available") == 0
