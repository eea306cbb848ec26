"""Jobs of this floor: each asks what is due and does it; it can run twice or die anywhere."""

from typing import Any

from celery import shared_task

from affiliates import commissions, prepayments, settlement


@shared_task
def derive_commissions(**kwargs: Any) -> None:
    """Derive commissions from orders that changed; then accrue the fees that are prepaid."""
    commissions.derive_due()
    prepayments.use_due()


@shared_task
def release_commissions(**kwargs: Any) -> None:
    """Release the commissions whose hold is over."""
    settlement.release_due()
