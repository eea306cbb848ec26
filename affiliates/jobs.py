"""Jobs of this floor: each asks what is due and does it; it can run twice or die anywhere."""

from typing import Any

from celery import shared_task

from affiliates import announcements, commissions, prepayments, settlement
from marketplace import clock


@shared_task
def derive_commissions(**kwargs: Any) -> None:
    """Derive commissions from orders that changed; then accrue the fees that are prepaid."""
    commissions.derive_due()
    prepayments.use_due()


@shared_task
def release_commissions(**kwargs: Any) -> None:
    """Release the commissions whose hold is over."""
    settlement.release_due()


@shared_task
def announce_codes(**kwargs: Any) -> None:
    """Owe letters about codes that were shared since, then send what is due."""
    at = clock.now()
    announcements.announce_due(at=at)
    announcements.send_due(at=at)
