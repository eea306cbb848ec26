"""Start a job soon after a commit. Losing the message loses nothing: beat asks what is due anyway.

So publishing must never fail or hold up the saved work: no retry, and after a failure the broker is
left alone for a while (trust.md, Measured facts).
"""

import logging
import time
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
PAUSE_SECONDS = 10
_broker_down_until = 0.0


def nudge(task: "Task[..., Any]", **kwargs: Any) -> None:
    """Send `task` after the commit of this transaction (at once, outside of one)."""
    # A lambda: Django 5.2 can't name a partial when it logs a robust hook's failure.
    transaction.on_commit(lambda: _publish(task, kwargs), robust=True)


def _publish(task: "Task[..., Any]", kwargs: dict[str, Any]) -> None:
    global _broker_down_until  # noqa: PLW0603 - one fact per process
    if time.monotonic() < _broker_down_until:
        return
    try:
        task.apply_async(kwargs=kwargs, retry=False, ignore_result=True)
    except OperationalError:
        _broker_down_until = time.monotonic() + PAUSE_SECONDS
        log.warning("The broker is away; jobs wait for beat.", exc_info=True)
