"""What an affiliate sees of their commissions: lines, one line's story, months. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from affiliates.models import Affiliate, Attribution, Commission, Transfer

PAGE = 20
MONTHS = 7


@dataclass(frozen=True)
class Page:
    """Some lines, newest first; `next_before` continues, None at the end."""

    lines: list[Commission]
    next_before: UUID | None


@dataclass(frozen=True)
class Month:
    """What the orders of one month earned, less what came back; minor units."""

    start: datetime
    earned_minor: int


@dataclass(frozen=True)
class Story:
    """One line and everything that explains it."""

    commission: Commission
    attribution: Attribution | None
    steps: list[dict[str, Any]]
    transfers: list[Transfer]


def lines(
    affiliate: Affiliate, *, currency: str, state: str = "", before: UUID | None = None
) -> Page:
    """A page of the affiliate's lines in a currency, of one state if one is named.

    The newest orders come first; `before` is the last line of the page before.
    """
    rows = _own(affiliate).filter(currency=currency).order_by("-ordered_at", "-id")
    if state:
        rows = rows.filter(state=state)
    last = _own(affiliate).filter(pk=before).first() if before else None
    if last is not None:
        later = Q(ordered_at__lt=last.ordered_at) | Q(ordered_at=last.ordered_at, pk__lt=last.pk)
        rows = rows.filter(later, ordered_at__lte=last.ordered_at)
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    return Page(found[:PAGE], found[PAGE - 1].pk if more else None)


def story(affiliate: Affiliate, commission_id: UUID) -> Story | None:
    """A line of the affiliate's with its trace and its transfers; None if it isn't theirs.

    Other people's codes and links are in it as "another" one only.
    """
    commission = _own(affiliate).filter(pk=commission_id).first()
    if commission is None:
        return None
    attribution = Attribution.objects.filter(
        order_ref=commission.order_ref, line_ref=commission.line_ref
    ).first()
    own = str(attribution.winner_id) if attribution else ""
    steps = [
        step if step["affiliate"] == own else {"by": step["by"], "outcome": step["outcome"]}
        for step in (attribution.trace if attribution else [])
    ]
    keys = transfer_keys(commission)
    transfers = list(Transfer.objects.filter(key__in=keys).order_by("id"))
    return Story(commission, attribution, steps, transfers)


def transfer_keys(commission: Commission) -> list[str]:
    """The keys of every transfer that a commission can have."""
    part = "" if commission.side == Commission.Side.WHOLE else f":{commission.side}"
    corrections = range(1, commission.corrections + 1)
    return [
        f"accrue:{commission.pk}",
        f"use:{commission.use_ref}{part}",
        f"release:{commission.pk}",
        *(f"reverse:{commission.pk}:{number}" for number in corrections),
        *(f"restore:{commission.pk}:{number}" for number in corrections),
    ]


def months(affiliate: Affiliate, *, currency: str, at: datetime) -> list[Month]:
    """The last seven months, the current one last; a month without orders earned nothing."""
    starts = _starts(timezone.localtime(at))
    rows = (
        Commission.objects.filter(
            beneficiary=affiliate, currency=currency, ordered_at__gte=starts[0]
        )
        .annotate(month=TruncMonth("ordered_at"))
        .values("month")
        .annotate(minor=Sum(F("amount_minor") - F("reversed_minor")))
        .values_list("month", "minor")
    )
    earned = dict(rows.order_by("month"))
    return [Month(start, earned.get(start, 0)) for start in starts]


def _own(affiliate: Affiliate) -> QuerySet[Commission]:
    return Commission.objects.filter(beneficiary=affiliate).select_related(
        "store", "promotion", "code", "agreement__agency__user"
    )


def _starts(at: datetime) -> Sequence[datetime]:
    year, month = at.year, at.month
    starts = []
    for _ in range(MONTHS):
        starts.append(
            at.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        )
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return starts[::-1]
