"""Settlement: commissions whose hold is over become available, and settled once paid out.

    due → (run of its currency, in chunks) → available → (withdrawal paid) → settled

A run has a currency and a cutoff, read once from the database's clock. Each chunk is one short
transaction: its commissions change state, their transfers are posted, the run's progress grows.
Whoever is killed leaves the run open; the next tick takes it up again. Every release has the key
`release:{commission}`, so no chunk can move money twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, F, Min, Sum

from affiliates import ledger
from affiliates.ledger import Kind
from affiliates.models import Commission, SettlementRun, Withdrawal
from marketplace import audit, clock
from marketplace.models import User

CHUNK = 5_000


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a run of now would release."""

    currency: str
    count: int
    amount_minor: int
    affiliates: int
    oldest: datetime


def preview(*, at: datetime) -> list[Preview]:
    """What is due at an instant, by currency; changes nothing."""
    rows = (
        Commission.objects.due(at)
        .values("currency")
        .annotate(
            count=Count("id"),
            amount_minor=Sum(F("amount_minor") - F("reversed_minor")),
            affiliates=Count("beneficiary", distinct=True),
            oldest=Min("release_at"),
        )
        .order_by("currency")
    )
    return [Preview(**row) for row in rows]


def release_due(*, actor: User | str = "release_commissions", chunk: int = CHUNK) -> int:
    """Release everything that is due now, in every currency; returns how many commissions.

    Opens its own transactions, one a chunk.
    """
    now = clock.now()
    return sum(_finish(_open_run(currency, now, actor), chunk) for currency in _currencies_due(now))


def settle(withdrawal: Withdrawal) -> None:
    """Mark what this paid withdrawal covers as paid out, oldest release first.

    A commission is settled once all payouts together cover it and those released before it; what
    a payout covers only in part stays available. Inner verb: opens no transaction.
    """
    known: dict[str, Any] = {
        "withdrawal": withdrawal.pk,
        "affiliate": withdrawal.affiliate_id,
        "currency": withdrawal.currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK_UNPAID, known)
        # A statement of its own, so that it sees the payments that the lock has waited for.
        cursor.execute(SETTLE, known)


def unsettle(withdrawal: Withdrawal) -> None:
    """The payout came back: what it settled is available again. Inner verb."""
    settled = Commission.objects.filter(settled_by=withdrawal)
    ids = settled.select_for_update().order_by("id").values_list("pk", flat=True)
    rows = Commission.objects.filter(pk__in=list(ids))
    rows.filter(state=Commission.State.SETTLED).update(state=Commission.State.AVAILABLE)
    rows.update(settled_by=None)


def _currencies_due(now: datetime) -> list[str]:
    # An unfinished run is due whatever else is: somebody was stopped in the middle of it.
    unfinished = SettlementRun.objects.filter(finished_at=None).values_list("currency", flat=True)
    due = Commission.objects.due(now).order_by("currency").values_list("currency", flat=True)
    return sorted({*unfinished, *due.distinct()})


@transaction.atomic
def _open_run(currency: str, cutoff: datetime, actor: User | str) -> SettlementRun:
    SettlementRun.objects.bulk_create(
        [SettlementRun(currency=currency, cutoff=cutoff)],
        ignore_conflicts=True,  # one open run a currency: somebody else's is as good
    )
    runs = SettlementRun.objects.filter(currency=currency)
    # Not simply the latest: after a clock was set back, a finished run may have a later cutoff.
    run = runs.filter(finished_at=None).first() or runs.latest("pk")
    if run.cutoff == cutoff:
        audit.record(actor=actor, verb="settlement.run", target=f"settlement run {run.pk}")
    return run


def _finish(run: SettlementRun, chunk: int) -> int:
    released = 0
    while count := _release_chunk(run, chunk):
        released += count
    with transaction.atomic():
        # Rows that another transaction holds were skipped; they are left for the next run.
        SettlementRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=clock.now())
    return released


@transaction.atomic
def _release_chunk(run: SettlementRun, size: int) -> int:
    freed = _free(run, size)
    if freed is None:
        return 0
    ids, affiliates, amount_minor = freed
    accounts = ledger.open_accounts(
        ledger.of_affiliate(kind, affiliate, run.currency)
        for affiliate in affiliates
        for kind in (Kind.AFFILIATE_PENDING, Kind.AFFILIATE_AVAILABLE)
    )
    ledger.lock_accounts(accounts.values())
    ledger.post_selected(RELEASES, [f"run:{run.pk}", ids])
    SettlementRun.objects.filter(pk=run.pk).update(
        released_count=F("released_count") + len(ids),
        released_minor=F("released_minor") + amount_minor,
    )
    return len(ids)


def _free(run: SettlementRun, size: int) -> tuple[list[UUID], list[UUID], int] | None:
    with connection.cursor() as cursor:
        cursor.execute(FREE, [run.currency, run.cutoff, size, run.pk])
        ids, affiliates, amount_minor = cursor.fetchone()
    return (ids, affiliates, int(amount_minor)) if ids else None


FREE = """
WITH picked AS (
    SELECT id FROM affiliates_commission
    WHERE state = 'pending' AND accrued_at IS NOT NULL AND currency = %s AND release_at <= %s
    ORDER BY release_at LIMIT %s
    FOR UPDATE SKIP LOCKED
),
freed AS (
    UPDATE affiliates_commission AS commission
    SET state = 'available', released_at = now(), run_id = %s
    FROM picked WHERE commission.id = picked.id
    RETURNING commission.id, beneficiary_id, amount_minor - reversed_minor AS left_minor
)
SELECT array_agg(id), array_agg(DISTINCT beneficiary_id), sum(left_minor) FROM freed
"""

RELEASES = """
SELECT pending.id, available.id, commission.amount_minor - commission.reversed_minor,
       commission.currency, 'release', 'release:' || commission.id, %s, NULL,
       commission.released_at
FROM affiliates_commission AS commission
JOIN affiliates_account AS pending
  ON pending.owner = commission.beneficiary_id::text
 AND pending.kind = 'affiliate_pending' AND pending.currency = commission.currency
JOIN affiliates_account AS available
  ON available.owner = commission.beneficiary_id::text
 AND available.kind = 'affiliate_available' AND available.currency = commission.currency
WHERE commission.id = ANY(%s)
"""

LOCK_UNPAID = """
SELECT count(*) FROM (
    SELECT id FROM affiliates_commission
    WHERE beneficiary_id = %(affiliate)s AND currency = %(currency)s AND state = 'available'
    ORDER BY id FOR UPDATE
) AS unpaid
"""

SETTLE = """
WITH queue AS (
    SELECT id, sum(amount_minor - reversed_minor) OVER (ORDER BY released_at, id) AS so_far
    FROM affiliates_commission
    WHERE beneficiary_id = %(affiliate)s AND currency = %(currency)s AND state = 'available'
),
covered AS (
    SELECT (SELECT coalesce(sum(amount_minor), 0) FROM affiliates_withdrawal
            WHERE affiliate_id = %(affiliate)s AND currency = %(currency)s AND state = 'paid')
         - (SELECT coalesce(sum(amount_minor - reversed_minor), 0) FROM affiliates_commission
            WHERE beneficiary_id = %(affiliate)s AND currency = %(currency)s
              AND state = 'settled') AS minor
)
UPDATE affiliates_commission AS commission
SET state = 'settled', settled_by_id = %(withdrawal)s
FROM queue, covered
WHERE commission.id = queue.id AND commission.state = 'available'
  AND queue.so_far <= covered.minor
"""
