"""Jobs of this floor; each asks what is due, so it may run twice, at once, or die anywhere."""

from typing import Any

from celery import shared_task

from marketplace import clock
from referrals import prizes, reminders, rounds, visits


@shared_task(ignore_result=True)
def drive_rounds(**_kwargs: Any) -> int:
    """Move rounds over their boundaries, end reviews, issue what fell due, drop old hints."""
    at = clock.now()
    return (
        rounds.drive_due(at=at)
        + visits.decide_reviews(at=at)
        + prizes.award_due(at=at)
        + reminders.send_due(at=at)
        + visits.forget_hints(at=at)
    )
