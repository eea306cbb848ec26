"""Pages of rows by their time-ordered ids, newest first: no count, no offset (speed.md, Growth)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

PER_PAGE = 24


@dataclass(frozen=True)
class Page:
    """Rows newest first, and where the neighbouring pages begin."""

    rows: Sequence[Any]
    next_before: UUID | None
    is_first: bool


def page_of(rows: QuerySet[Any], *, before: UUID | None) -> Page:
    """The page of rows older than `before`; None: the newest."""
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    return Page(
        rows=found[:PER_PAGE],
        next_before=found[PER_PAGE - 1].pk if more else None,
        is_first=before is None,
    )


def place_in(text: str) -> UUID | None:
    """The `before` of an address; None for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None
