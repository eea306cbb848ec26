"""1,000,000 unique codes into the database by the job's verb, against COPY of the same rows."""

import time

from django.db import connection

from bench.kit import shop, till
from bench.kit.place import Place
from bench.kit.row import Measured, Row, expect, in_turns
from promocodes import issuing
from promocodes.codes import BEARER_PATTERN
from promocodes.models import CodeBatch, PromoCode
from promocodes.promotions import BatchOrder

ROW = Row(
    name="codes",
    what="1,000,000 unique codes into the database",
    against="COPY of the same rows into a table with the same indexes and keys",
    unit="s",
    at_most=1.5,
)
_TURNS = 3
_TABLE = "promocodes_promocode"
# What LIKE leaves out: a code belongs to a promotion and a batch that are there.
_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'f'
"""


def measure(place: Place) -> Measured:
    """A batch and a COPY in turns; both tables grow alike."""
    count = place.so_many(1_000_000, least=1_000)
    store = shop.make_store()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE copied (LIKE {_TABLE} INCLUDING ALL)")
        cursor.execute(_KEYS, [_TABLE])
        for name, definition in cursor.fetchall():
            cursor.execute(f"ALTER TABLE copied ADD CONSTRAINT {name} {definition}")

    def ours(turn: int) -> float:
        order = BatchOrder(count=count, pattern=BEARER_PATTERN)
        shop.make_promotion(store=store, batch=order)
        connection.cursor().execute("CHECKPOINT")
        began = time.perf_counter()
        while issuing.make_due():
            pass
        took = time.perf_counter() - began
        place.say(f"{count:,} codes by our verb: {took:.2f} s")
        return took

    def limit(turn: int) -> float:
        batch = CodeBatch.objects.latest("created_at")
        rows = _rows_of(batch)
        connection.cursor().execute("CHECKPOINT")
        began = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            copy.write(rows)
        took = time.perf_counter() - began
        place.say(f"COPY of the same: {took:.2f} s")
        check(batch, count)
        return took

    found = in_turns(ours, limit, turns=min(place.turns, _TURNS))
    shop.check_invariants("promo_batches")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (TABLE {_TABLE} EXCEPT TABLE copied) AS other")
        expect(cursor.fetchone()[0], 0, "codes that COPY did not write")
    till.tidy()
    return found


def check(batch: CodeBatch, count: int) -> None:
    """The batch is whole, and every code of it is another."""
    batch.refresh_from_db()
    expect((batch.state, batch.made), (CodeBatch.State.DONE, count), "the batch")
    made = PromoCode.objects.filter(batch=batch)
    expect(made.values("code").distinct().count(), count, "different codes of the batch")


def _rows_of(batch: CodeBatch) -> bytes:
    sql = f"COPY (SELECT * FROM {_TABLE} WHERE batch_id = %s ORDER BY id) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(sql, [batch.pk]) as copy:
        return b"".join(bytes(part) for part in copy)
