"""What is deleted when it has served its time.

Answers to repeated calls are kept for 7 days (docs/api.md); one-time sign-in links for a day after
they ended, so that "why did my link not work" has an answer; sessions of people till they end.
"""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from marketplace.models import IdempotencyRecord, SignInToken

ANSWERS = timedelta(days=7)
LINKS = timedelta(days=1)
CHUNK = 5_000  # rows of one short transaction


def forget_old() -> int:
    """Delete old answers, links and sessions, chunk by chunk; returns how many rows."""
    return (
        _delete(IdempotencyRecord.objects.filter(created_at__lt=Now() - ANSWERS), by="created_at")
        + _delete(SignInToken.objects.filter(expires_at__lt=Now() - LINKS), by="expires_at")
        + _delete(Session.objects.filter(expire_date__lt=Now()), by="expire_date")
    )


def _delete(old: "QuerySet[Any]", *, by: str) -> int:
    """Oldest first, by the index that finds them: the rest of the table is never looked at."""
    total = 0
    while chunk := list(old.order_by(by).values_list("pk", flat=True)[:CHUNK]):
        total += old.model._default_manager.filter(pk__in=chunk).delete()[0]
    return total
