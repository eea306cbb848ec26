"""The order journal, read by the floors above at their own pace (house.md, Derive don't signal).

A floor derives its rows from what changed, in one transaction with its cursor:

    with transaction.atomic(durable=True):
        for ref in journal.changed_orders(reader="affiliates", limit=500):
            derive(ref)

Three things could go wrong, and don't:

- Transactions commit out of order. The journal is read in the order of transaction ids and only
  below the oldest one that still runs, so a slow writer is waited for, not skipped.
- Two workers read at once. The cursor row is locked; the second finds it taken and gets nothing.
- The data was restored into another cluster, whose transaction ids begin again. The cursor knows
  its cluster; in another one the whole journal is read once more, by event id. Deriving twice is
  harmless, since it is idempotent.
"""

from datetime import datetime

from django.db import connection

from marketplace.models import JournalCursor, OrderEvent

# One row: this cluster; the oldest transaction that still runs; the youngest event.
_HERE = """
    SELECT system_identifier, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (SELECT coalesce(max(id), 0) FROM marketplace_orderevent)
    FROM pg_control_system()
"""
_NEW = """
    SELECT txid, id, order_ref FROM marketplace_orderevent
    WHERE (txid, id) > (%(txid)s, %(event_id)s)
      AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY txid, id LIMIT %(limit)s
"""
_REPLAYED = """
    SELECT txid, id, order_ref FROM marketplace_orderevent
    WHERE id > %(replay_from)s AND id <= %(replay_to)s
    ORDER BY id LIMIT %(limit)s
"""
_LAST = 2**63 - 1


def changed_orders(*, reader: str, limit: int = 500) -> list[str]:
    """Refs of orders with events that `reader` has not seen, of up to `limit` events, each once.

    Moves the reader's cursor past them, in the caller's transaction: roll back and they come
    again. Empty when there is nothing new or another worker is reading.
    Inner verb: opens no transaction; RuntimeError without one.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("changed_orders needs the transaction of the derived rows")
    cursor = _taken(reader)
    if cursor is None:
        return []
    _notice_restore(cursor)
    rows = _read(cursor, limit)
    _advance(cursor, rows, limit)
    return list(dict.fromkeys(order_ref for _, _, order_ref in rows))


def alone(*, reader: str) -> bool:
    """Keep other workers of `reader` out until the transaction ends; False if one is at work.

    For a reader that derives anew from orders it has read before. Inner verb: opens no transaction.
    """
    return _taken(reader) is not None


def due(reader: str) -> bool:
    """Whether `changed_orders` would return something to `reader` now; costs O(1)."""
    cursor = JournalCursor.objects.filter(reader=reader).first()
    if cursor is None or cursor.cluster != _here()[0] or cursor.replay_to is not None:
        with connection.cursor() as query:
            query.execute("SELECT EXISTS (SELECT FROM marketplace_orderevent)")
            return bool(query.fetchone()[0])
    return bool(_read(cursor, 1))


def oldest_unread(reader: str) -> datetime | None:
    """When the oldest event that `changed_orders` would give `reader` was recorded, or None."""
    cursor = JournalCursor.objects.filter(reader=reader).first()
    events = OrderEvent.objects.order_by("id")
    if cursor is not None and cursor.cluster == _here()[0]:
        events = events.filter(pk__in=[event_id for _, event_id, _ in _read(cursor, 1)])
    return events.values_list("recorded_at", flat=True).first()


def rewind(reader: str) -> None:
    """Let `reader` read the whole journal once more, from its first event.

    Inner verb: opens no transaction.
    """
    cursor = JournalCursor.objects.select_for_update().get(reader=reader)
    _start_over(cursor)
    cursor.save()


def _taken(reader: str) -> JournalCursor | None:
    """The reader's cursor, locked; None while another worker has it."""
    free = JournalCursor.objects.select_for_update(skip_locked=True).filter(reader=reader)
    cursor = free.first()
    if cursor is None and not JournalCursor.objects.filter(reader=reader).exists():
        # A new reader begins with the first event. Two at once: the unique key lets one in.
        first = JournalCursor(reader=reader)
        _start_over(first)
        JournalCursor.objects.bulk_create([first], ignore_conflicts=True)
        cursor = free.first()
    return cursor


def _here() -> tuple[int, int, int]:
    with connection.cursor() as query:
        query.execute(_HERE)
        cluster, oldest, youngest = query.fetchone()
    return int(cluster), int(oldest), int(youngest)


def _notice_restore(cursor: JournalCursor) -> None:
    if cursor.cluster != _here()[0]:
        _start_over(cursor)


def _start_over(cursor: JournalCursor) -> None:
    """Read what is committed by now by event id; then go on from the transactions that run now."""
    cursor.cluster, oldest, cursor.replay_to = _here()
    cursor.replay_from = 0
    cursor.txid, cursor.event_id = oldest - 1, _LAST


def _read(cursor: JournalCursor, limit: int) -> list[tuple[int, int, str]]:
    replaying = cursor.replay_to is not None
    with connection.cursor() as query:
        query.execute(
            _REPLAYED if replaying else _NEW,
            {
                "txid": cursor.txid,
                "event_id": cursor.event_id,
                "replay_from": cursor.replay_from,
                "replay_to": cursor.replay_to,
                "limit": limit,
            },
        )
        rows: list[tuple[int, int, str]] = query.fetchall()
    return rows


def _advance(cursor: JournalCursor, rows: list[tuple[int, int, str]], limit: int) -> None:
    if cursor.replay_to is not None:
        cursor.replay_from = rows[-1][1] if rows else cursor.replay_to
        if len(rows) < limit:
            cursor.replay_from = cursor.replay_to = None
    elif rows:
        cursor.txid, cursor.event_id = rows[-1][:2]
    else:
        return
    cursor.save()
