"""Rounds: planned → open → closed, and the next one is planned by itself (OK-10); or skipped.

`drive_due` takes the boundaries that have passed one after another in the order of time, each
with its own boundary as its clock, so days of downtime are replayed as they would have gone.
Opening makes the round's promotion (OK-11); closing touches one row: the codes end because their
promotion's window does (OK-08). Operations' own acts are in `planning`.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Max, When

from marketplace import audit
from marketplace.models import User
from promocodes import promotions
from promocodes.models import Promotion
from promocodes.terms import Limits, Terms
from referrals.models import Campaign, Round, RoundTerms

logger = logging.getLogger(__name__)
STEPS_AT_ONCE = 500
JOB = "job drive_rounds"
TERMS = (
    "threshold",
    "discount_type",
    "amount_minor",
    "percent_bp",
    "min_order_minor",
    "currency",
    "timezone",
)


class RoundMoved(Exception):
    """The round is not in the state that the act starts from."""

    code = "round_moved"


def drive_due(*, at: datetime) -> int:
    """Take every step whose time has come, oldest first; returns how many.

    Any number of these may run at once. A round whose step fails is left for the next run and
    doesn't keep the others waiting.
    """
    steps = 0
    failed: set[UUID] = set()
    while steps < STEPS_AT_ONCE:
        with transaction.atomic(durable=True):
            round_ = _next_due(at=at, without=failed)
            if round_ is None:
                return steps
            try:
                with transaction.atomic():
                    _step(round_)
                steps += 1
            except Exception:
                logger.exception("round %s could not be moved", round_.pk)
                failed.add(round_.pk)
    return steps


def open_round(*, round_: Round, at: datetime, actor: User | str = JOB) -> Round:
    """Open a planned round: make its promotion and let shoppers in.

    Inner verb: the caller holds the row. Raises `RoundMoved`.
    """
    promotion = promotions.create(
        name=f"{round_.campaign.name} № {round_.number}",
        kind=Promotion.Kind.REFERRAL,
        currency=round_.currency,
        terms=promotion_terms(round_),
        limits=Limits(per_code=1),
        actor=actor,
    )
    moved = Round.objects.filter(pk=round_.pk, state=Round.State.SCHEDULED).update(
        state=Round.State.OPEN, promotion=promotion
    )
    if not moved:
        raise RoundMoved
    _note("round.open", round_, actor=actor, at=at)
    round_.refresh_from_db()
    return round_


def close_round(*, round_: Round, at: datetime, actor: User | str = JOB) -> Round:
    """Close an open round and plan the next one, if the series goes on and none is planned.

    Inner verb: the caller holds the row. Costs the same for one participant and for a million.
    Raises `RoundMoved`.
    """
    moved = Round.objects.filter(pk=round_.pk, state=Round.State.OPEN).update(
        state=Round.State.CLOSED
    )
    if not moved:
        raise RoundMoved
    _note("round.close", round_, actor=actor, at=at)
    schedule_next(campaign_id=round_.campaign_id, after=round_.closes_at, actor=actor)
    round_.refresh_from_db()
    return round_


def schedule_next(*, campaign_id: int, after: datetime, actor: User | str = JOB) -> Round | None:
    """Plan the round that follows by the campaign's template; None if it is not wanted.

    `after` is the end of the last round; the pause is added to it. Inner verb.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    ahead = campaign.rounds.filter(state__in=[Round.State.SCHEDULED, Round.State.OPEN])
    if not campaign.is_running or ahead.exists():
        return None
    opens_at = after + campaign.pause
    return plan_round(
        campaign=campaign, opens_at=opens_at, closes_at=opens_at + campaign.length, actor=actor
    )


def plan_round(
    *, campaign: Campaign, opens_at: datetime, closes_at: datetime, actor: User | str
) -> Round:
    """A planned round with the campaign's present terms, its policy written out in full.

    Inner verb: the caller holds the campaign's row.
    """
    last = campaign.rounds.aggregate(last=Max("number"))["last"] or 0
    round_ = Round.objects.create(
        campaign=campaign,
        number=last + 1,
        opens_at=opens_at,
        closes_at=closes_at,
        policy=campaign.rules.to_json(),
        **{name: getattr(campaign, name) for name in TERMS},
    )
    _note("round.plan", round_, actor=actor, at=opens_at)
    return round_


def terms_of(terms: RoundTerms) -> dict[str, object]:
    """The terms as JSON values, for the audit log."""
    return {name: getattr(terms, name) for name in TERMS} | {"policy": terms.policy}


def promotion_terms(round_: Round) -> Terms:
    """What the codes of a round give and ask: the round's own terms, in the round's window."""
    return Terms(
        discount_type=round_.discount_type,
        amount_minor=round_.amount_minor,
        percent_bp=round_.percent_bp,
        min_spend_minor=round_.min_order_minor,
        starts_at=round_.opens_at,
        ends_at=round_.closes_at,
        timezone=round_.timezone,
    )


def _next_due(*, at: datetime, without: set[UUID]) -> Round | None:
    boundary = Case(When(state=Round.State.SCHEDULED, then=F("opens_at")), default=F("closes_at"))
    return (
        Round.objects.due(at)
        .exclude(pk__in=without)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("campaign")
        .order_by(boundary)
        .first()
    )


def _step(round_: Round) -> None:
    if round_.state == Round.State.SCHEDULED:
        open_round(round_=round_, at=round_.opens_at)
    else:
        close_round(round_=round_, at=round_.closes_at)


def _note(verb: str, round_: Round, *, actor: User | str, at: datetime) -> None:
    window = {"opens_at": round_.opens_at.isoformat(), "closes_at": round_.closes_at.isoformat()}
    audit.record(
        actor=actor,
        verb=verb,
        target=f"round:{round_.pk}",
        after={"number": round_.number, "at": at.isoformat()} | window,
    )
