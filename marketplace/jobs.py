"""Jobs of the ground floor."""

from typing import Any

from celery import shared_task

from marketplace import retention


@shared_task(name="marketplace.jobs.forget_old")
def forget_old(**_: Any) -> None:
    """Delete what has served its time; may run twice, at once, or die anywhere."""
    retention.forget_old()
