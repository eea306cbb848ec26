"""The start pages of the two admin sites: numbers of several floors side by side.

The wiring may know all floors; each number is asked of the floor that owns it. Counts stop at
`MANY`, so that a start page never counts a whole table (speed.md).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Model, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from affiliates import trial_balance
from affiliates.models import Account, Commission, Withdrawal
from affiliates.models.ledger import DEBIT_KINDS
from marketplace import clock, journal
from marketplace.access import stores_of
from marketplace.models import Order
from marketplace.money import format_money
from promocodes.desk.chart import draw
from promocodes.models import Checkout, Promotion, Redemption
from promocodes.seller_admin import start
from referrals import numbers
from referrals.models import Round, Visit
from tasks.models import Submission

MANY = 1_000
DAYS = 14  # in the chart of uses
USED = (Redemption.State.REDEEMED, Redemption.State.PART_REVERSED, Redemption.State.REVERSED)
# A job that is further behind than this is late: several of its ticks were missed.
LATE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number, and where it leads."""

    label: str
    value: str
    href: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class LiveRound:
    """A round that is open: how far it is."""

    round: Round
    joined: int
    codes: int
    used: int
    href: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job works off, and since when the oldest of it is due (None: nothing is)."""

    title: str
    due_since: datetime | None
    is_late: bool


def ops(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Start page of the operations site."""
    at = clock.now()
    return context | {
        "title": _("Start"),
        "queues": [*_queues(), _orders_today(at)],
        "uses": draw(_uses_by_day(at)),
        "rounds": [_live(round_) for round_ in Round.objects.filter(state=Round.State.OPEN)[:5]],
        "balances": _balances(request),
        "jobs": _jobs(at),
    }


def sellers(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Start page of the sellers' site."""
    stores = list(stores_of(request.user))
    inbox = Submission.objects.filter(
        assignment__task__store__in=stores, state=Submission.State.SUBMITTED
    )
    return context | {
        "title": _("Start"),
        "promo": start.read(stores, at=clock.now()),
        "inbox": Tile(
            label=_("content to review"),
            value=_count(inbox),
            href=reverse("seller:tasks_submission_changelist"),
        ),
    }


def _queues() -> list[Tile]:
    """What waits for a person."""
    approvals = Promotion.objects.filter(status=Promotion.Status.PENDING_APPROVAL)
    asked = Withdrawal.objects.filter(state=Withdrawal.State.REQUESTED)
    to_send = Withdrawal.objects.filter(state=Withdrawal.State.APPROVED)
    reviews = Visit.objects.filter(outcome=Visit.Outcome.WAITING, review_due_at__isnull=False)
    withdrawals = reverse("admin:affiliates_withdrawal_changelist")
    return [
        Tile(
            label=_("Promo codes to approve"),
            value=_count(approvals),
            href=reverse("admin:promocodes_promotion_changelist") + "?state=pending_approval",
        ),
        Tile(
            label=_("Withdrawals to approve"),
            value=_count(asked),
            href=f"{withdrawals}?state__exact=requested",
        ),
        Tile(
            label=_("Withdrawals to send"),
            value=_count(to_send),
            href=f"{withdrawals}?state__exact=approved",
        ),
        Tile(
            label=_("Visits in review"),
            value=_count(reviews),
            href=reverse("admin:referrals_visit_changelist"),
            note=_("each counts by itself at its deadline"),
        ),
    ]


def _orders_today(at: datetime) -> Tile:
    """Orders that came in since midnight, looked for among the newest only."""
    newest = Order.objects.order_by("-pk").values("placed_at", "paid_at")[: MANY + 1]
    midnight = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    today = sum(1 for row in newest if (row["placed_at"] or row["paid_at"] or midnight) >= midnight)
    return Tile(
        label=_("Orders today"),
        value=f"{MANY}+" if today > MANY else str(today),
        href=reverse("admin:marketplace_order_changelist"),
    )


def _uses_by_day(at: datetime) -> list[tuple[date, int]]:
    """How many codes were used on each of the last days, those that came back included.

    Ids are in order of time, so the days are read from the end of the table.
    """
    last = localtime(at).date()
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    begin = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    first = UUID(int=int((begin - timedelta(days=DAYS)).timestamp() * 1000) << 80)
    used = Redemption.objects.filter(pk__gte=first, state__in=USED, checkout__redeemed_at__lte=at)
    found = used.values_list(TruncDate("checkout__redeemed_at")).annotate(Count("pk"))
    by_day = dict(found.order_by())
    return [(day, by_day.get(day, 0)) for day in days]


def _live(round_: Round) -> LiveRound:
    found = numbers.of(round_)
    return LiveRound(
        round=round_,
        joined=found.joined,
        codes=found.codes_issued,
        used=found.codes_used,
        href=reverse("admin:referrals_round_change", args=[round_.pk]),
    )


def _balances(request: HttpRequest) -> list[dict[str, Any]]:
    """What the platform has, is owed and owes, by the ledger."""
    language = getattr(request, "LANGUAGE_CODE", "en")
    return [
        {
            "title": Account.Kind(row.kind).label,
            "is_asset": row.kind in DEBIT_KINDS,
            "amount": format_money(row.balance_minor, row.currency, language),
        }
        for row in trial_balance.rows()
        if row.balance_minor
    ]


def _jobs(at: datetime) -> list[Job]:
    """How far behind each job is."""
    release = Commission.objects.due(at).order_by("release_at").first()
    held = Checkout.objects.filter(state=Checkout.State.HELD, expires_at__lte=at)
    expired = held.order_by("expires_at").first()
    opens = Round.objects.filter(state=Round.State.SCHEDULED, opens_at__lte=at)
    closes = Round.objects.filter(state=Round.State.OPEN, closes_at__lte=at)
    boundary = opens.order_by("opens_at").first()
    ending = closes.order_by("closes_at").first()
    rounds = [
        *([boundary.opens_at] if boundary is not None else []),
        *([ending.closes_at] if ending is not None else []),
    ]
    due: dict[str, datetime | None] = {
        _("Commissions to release"): release.release_at if release else None,
        _("Reservations to expire"): expired.expires_at if expired else None,
        _("Rounds to open or close"): min(rounds, default=None),
        _("Orders to work out commissions for"): journal.oldest_unread("affiliates"),
    }
    return [
        Job(title=title, due_since=since, is_late=since is not None and at - since > LATE)
        for title, since in due.items()
    ]


def _count(rows: QuerySet[Model]) -> str:
    found = rows.order_by()[: MANY + 1].count()
    return f"{MANY}+" if found > MANY else str(found)
