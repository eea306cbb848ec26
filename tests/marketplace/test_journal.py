"""The journal's readers: nothing is skipped, nobody reads at once, a restore begins anew."""

from contextlib import contextmanager
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from marketplace import journal
from marketplace.models import JournalCursor, OrderEvent
from tests.factories.marketplace import NOON, make_client
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return make_client()[0]


def write(client, order_ref: str, event_id: str | None = None) -> None:
    OrderEvent.objects.create(
        client=client,
        order_ref=order_ref,
        event_id=event_id or order_ref,
        version=1,
        type="paid",
        occurred_at=NOON,
        payload={},
        fingerprint="",
    )


def read(reader: str = "floor", limit: int = 500) -> list[str]:
    with transaction.atomic():
        return journal.changed_orders(reader=reader, limit=limit)


@contextmanager
def slow_writer(client, order_ref: str):
    """A transaction in another thread that has written and does not commit until the block ends."""
    written, go = Event(), Event()

    def work():
        with transaction.atomic():
            write(client, order_ref)
            written.set()
            go.wait(10)
        connection.close()

    thread = Thread(target=work)
    thread.start()
    assert written.wait(10)
    try:
        yield
    finally:
        go.set()
        thread.join()


def test_a_reader_sees_each_event_once(shop):
    for number in range(5):
        write(shop, f"o{number}")
    assert journal.due("floor")
    assert read() == ["o0", "o1", "o2", "o3", "o4"]
    assert not journal.due("floor")
    assert read() == []
    write(shop, "o5")
    assert journal.due("floor")
    assert read() == ["o5"]


def test_a_reader_goes_on_where_its_limit_stopped_it(shop):
    for number in range(5):
        write(shop, f"o{number}")
    assert [read(limit=2), read(limit=2), read(limit=2), read(limit=2)] == [
        ["o0", "o1"],
        ["o2", "o3"],
        ["o4"],
        [],
    ]
    for number in range(5, 8):
        write(shop, f"o{number}")
    assert [read(limit=2), read(limit=2), read(limit=2)] == [["o5", "o6"], ["o7"], []]


def test_many_events_of_an_order_are_one_order(shop):
    for event_id in "abc":
        write(shop, "o1", event_id)
    write(shop, "o2")
    assert read() == ["o1", "o2"]


def test_readers_do_not_know_each_other(shop):
    write(shop, "o1")
    assert read("one") == ["o1"]
    assert read("two") == ["o1"]


def test_what_was_rolled_back_comes_again(shop):
    read()
    write(shop, "o1")
    with transaction.atomic():
        assert journal.changed_orders(reader="floor") == ["o1"]
        transaction.set_rollback(True)
    assert journal.due("floor")
    assert read() == ["o1"]


def test_a_reader_needs_the_transaction_of_its_rows(shop):
    with pytest.raises(RuntimeError):
        journal.changed_orders(reader="floor")


@pytest.mark.parametrize("known", [False, True])
def test_a_transaction_that_commits_late_is_waited_for(shop, known):
    """The late event has the lower id: a cursor by id would step over it for ever."""
    if known:
        read()
    seen = []
    with slow_writer(shop, "late"):
        write(shop, "early")
        early, late = OrderEvent.objects.get(), "late"
        for _ in range(3):
            seen += read()
    seen += read() + read()
    assert OrderEvent.objects.get(order_ref=late).pk < early.pk
    assert set(seen) == {"early", "late"}
    assert not journal.due("floor")


def test_a_reader_does_not_step_past_a_writer_at_work(shop):
    read()
    with slow_writer(shop, "late"):
        write(shop, "early")
        assert not journal.due("floor")
        assert read() == []
    assert sorted(read()) == ["early", "late"]


def test_two_workers_do_not_read_at_once(shop):
    read()
    for number in range(3):
        write(shop, f"o{number}")
    reading, go, seen = Event(), Event(), []

    def first():
        with transaction.atomic():
            seen.extend(journal.changed_orders(reader="floor"))
            reading.set()
            go.wait(10)
        connection.close()

    thread = Thread(target=first)
    thread.start()
    assert reading.wait(10)
    assert read() == []  # at once: it does not wait for the first
    go.set()
    thread.join()
    assert seen == ["o0", "o1", "o2"]
    assert read() == []


def test_a_new_reader_under_many_workers_reads_once(shop):
    for number in range(50):
        write(shop, f"o{number}")
    seen = [ref for refs in at_once(8, lambda _: read()) for ref in refs]
    seen += read()
    assert sorted(seen) == sorted(f"o{number}" for number in range(50))


def test_writers_and_readers_at_once_lose_nothing(shop):
    seen: list[str] = []

    def act(number: int) -> None:
        for turn in range(10):
            if number < 6:
                with transaction.atomic():
                    write(shop, f"o{number}-{turn}")
                    if turn % 3 == 0:
                        with connection.cursor() as cursor:
                            cursor.execute("SELECT pg_sleep(0.02)")
            else:
                seen.extend(read(limit=7))

    at_once(8, act)
    while journal.due("floor"):
        seen.extend(read(limit=7))
    assert sorted(seen) == sorted(f"o{n}-{turn}" for n in range(6) for turn in range(10))


def test_a_restored_cluster_is_read_from_the_beginning(shop):
    """After a dump and restore, transaction ids begin below those in the cursor and the rows."""
    for number in range(3):
        write(shop, f"o{number}")
    read()
    far = 2**40
    JournalCursor.objects.update(cluster=1, txid=far, event_id=7)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE marketplace_orderevent SET txid = txid + %s", [far])
    assert journal.due("floor")
    assert read(limit=2) == ["o0", "o1"]
    write(shop, "new")
    assert read(limit=2) == ["o2"]
    assert read(limit=2) == ["new"]
    assert not journal.due("floor")


def test_a_reader_may_be_rewound(shop):
    write(shop, "o1")
    read()
    with transaction.atomic():
        journal.rewind("floor")
    assert read() == ["o1"]
    assert read() == []


def test_an_empty_journal_is_not_due(db):
    assert not journal.due("floor")
    assert read() == []
    assert not journal.due("floor")
