"""Commissions keep up with the order journal (money.md, Commission).

    changed orders → derived in batches → (an order that breaks) parked → tried again → gone

It reads the journal as "affiliates" and costs O(new). It can run twice, at once or die anywhere:
rows, transfers and the cursor move in one transaction. One order that breaks stops nobody else: it
is parked with its error and tried again, at first soon, then ever more seldom.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from affiliates import derivation
from affiliates.models import ParkedOrder
from marketplace import clock, journal

log = logging.getLogger(__name__)
READER = "affiliates"
BATCH = 500
FIRST_RETRY = timedelta(minutes=1)
MOST_DOUBLINGS = 10  # then once in 17 hours


class NotParked(Exception):
    """The order is not parked, or not any more."""

    code = "not_parked"
    message = _("This order is not parked any more.")


def derive_due() -> int:
    """Derive from every order that changed, and try the parked ones; returns how many orders.

    Opens its own transactions, one a batch.
    """
    looked_at = 0
    while count := _derive_batch():
        looked_at += count
    return looked_at + _retry_parked()


def try_again(*, order_ref: str) -> None:
    """Let the job try a parked order at once. Raises `NotParked`."""
    if not ParkedOrder.objects.filter(order_ref=order_ref).update(retry_at=clock.now()):
        raise NotParked


def due() -> bool:
    """Whether some order has changed that was not looked at yet; costs O(1)."""
    return journal.due(READER)


@transaction.atomic(durable=True)
def _derive_batch() -> int:
    refs = journal.changed_orders(reader=READER, limit=BATCH)
    if refs and not _derive(refs):
        for ref in refs:  # the slow way, once, to find which one it is
            _derive([ref])
    return len(refs)


def _retry_parked() -> int:
    due = ParkedOrder.objects.filter(retry_at__lte=clock.now()).order_by("retry_at")
    refs = list(due.values_list("order_ref", flat=True)[:BATCH])
    for ref in refs:
        with transaction.atomic(durable=True):
            # One derives at a time: two would each correct by what they read before the other.
            if not journal.alone(reader=READER):
                return 0
            if ParkedOrder.objects.filter(order_ref=ref).exists():
                _derive([ref])
    return len(refs)


def _derive(refs: Sequence[str]) -> bool:
    """Whether it went well; one order that breaks is parked. A busy database is no fault."""
    try:
        with transaction.atomic():
            derivation.derive(refs)
            ParkedOrder.objects.filter(order_ref__in=refs).delete()
    except OperationalError:
        raise
    except Exception as error:
        log.exception("Commissions could not be derived from %s", refs[:3])
        if len(refs) == 1:
            _park(refs[0], error)
        return False
    return True


def _park(order_ref: str, error: Exception) -> None:
    now = clock.now()
    parked, is_new = ParkedOrder.objects.get_or_create(
        order_ref=order_ref,
        defaults={"error": repr(error)[:2000], "parked_at": now, "retry_at": now + FIRST_RETRY},
    )
    if is_new:
        return
    pause = FIRST_RETRY * 2 ** min(parked.tries, MOST_DOUBLINGS)
    ParkedOrder.objects.filter(pk=parked.pk).update(
        tries=F("tries") + 1, error=repr(error)[:2000], retry_at=now + pause
    )
