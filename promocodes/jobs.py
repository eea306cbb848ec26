"""This floor's jobs. Each asks what is due, so it may run twice, at once, or die anywhere."""

from typing import Any

from celery import shared_task

from marketplace import clock
from promocodes import allowances, holds, importing, issuing, notices, throttling


@shared_task(name="promocodes.jobs.expire_reservations")
def expire_reservations(**kwargs: Any) -> None:
    """End the holds whose time is over, and forget old counts of wrong guesses."""
    while holds.expire_due():
        pass
    throttling.forget_old()


@shared_task(name="promocodes.jobs.issue_batches")
def issue_batches(**kwargs: Any) -> None:
    """Make codes of the batches and files that wait; forget files and counts nobody wants."""
    issuing.make_due()
    importing.import_due()
    importing.forget_old(at=clock.now())
    allowances.forget_old()


@shared_task(name="promocodes.jobs.send_notices")
def send_notices(**kwargs: Any) -> None:
    """Write to sellers whose promotions were decided on."""
    notices.send_due(at=clock.now())
