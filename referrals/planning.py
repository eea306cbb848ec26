"""What operations do with a series: start it, plan and edit rounds, extend, skip, open, close.

A planned round may be edited at will. Once somebody has joined, terms only get better and the end
only moves away: the database refuses the rest (`round_terms_frozen`), also to an ops verb. Every
act leaves who, why, before and after in the audit log.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from marketplace import audit
from marketplace.models import User
from promocodes import promotions
from referrals import rounds
from referrals.models import Campaign, Round
from referrals.rounds import RoundMoved

EDITABLE = (*rounds.TERMS, "policy", "opens_at", "closes_at")
TEMPLATE = (
    *rounds.TERMS,
    "policy",
    "name",
    "partner_name",
    "storefront_url",
    "length",
    "pause",
)


class TermsFrozen(Exception):
    """Somebody has joined the round: its terms can only get better for the participants."""

    code = "terms_frozen"


class RoundsOverlap(Exception):
    """Two rounds of one campaign would run at the same time."""

    code = "rounds_overlap"


class TermsImpossible(Exception):
    """The terms contradict themselves: no discount or two, an end before the beginning."""

    code = "terms_impossible"


class NotLater(Exception):
    """A round can only be extended to a later end."""

    code = "not_later"


def start_series(*, first_opens_at: datetime, actor: User | str, **template: Any) -> Campaign:
    """Create a campaign and plan its first round; it opens at `first_opens_at` by itself.

    `template` holds the campaign's fields: `name`, `length`, `pause`, `threshold`,
    `amount_minor` or `percent_bp`, `min_order_minor`, `currency` (minor units of it), `timezone`,
    `policy`, `partner_name`, `storefront_url`. Raises `TermsImpossible`. Joins a transaction
    around it, as `edit_template` and `amend` do: the admin's form pages bring theirs.
    """
    if template.get("percent_bp"):
        template.setdefault("discount_type", Campaign.Discount.PERCENT)
    with transaction.atomic(), _refusals():
        campaign = Campaign.objects.create(**template)
        audit.record(
            actor=actor,
            verb="campaign.start",
            target=f"campaign:{campaign.pk}",
            after=rounds.terms_of(campaign),
        )
        rounds.plan_round(
            campaign=campaign,
            opens_at=first_opens_at,
            closes_at=first_opens_at + campaign.length,
            actor=actor,
        )
    return campaign


def edit_template(*, campaign_id: int, changes: Mapping[str, Any], actor: User) -> Campaign:
    """Change what the campaign's coming rounds will be; rounds planned already keep theirs.

    Raises `TermsImpossible`.
    """
    with transaction.atomic(), _refusals():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        before = rounds.terms_of(campaign)
        for name in TEMPLATE:
            if name in changes:
                setattr(campaign, name, changes[name])
        campaign.save()
        audit.record(
            actor=actor,
            verb="campaign.edit",
            target=f"campaign:{campaign.pk}",
            before=before,
            after=rounds.terms_of(campaign),
        )
    return campaign


def plan(*, campaign_id: int, opens_at: datetime, closes_at: datetime, actor: User) -> Round:
    """Plan one more round by the campaign's template. Raises `RoundsOverlap`, `TermsImpossible`."""
    with transaction.atomic(durable=True), _refusals():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        return rounds.plan_round(
            campaign=campaign, opens_at=opens_at, closes_at=closes_at, actor=actor
        )


def amend(*, round_id: UUID, changes: Mapping[str, Any], actor: User, reason: str) -> Round:
    """Change a planned round at will, or an open one to the participants' good.

    `changes` holds fields of `EDITABLE`. The codes already issued follow the better terms.
    Raises `TermsFrozen`, `RoundsOverlap`, `TermsImpossible`, `RoundMoved`.
    """
    with transaction.atomic(), _refusals():
        round_ = _locked(round_id, Round.State.SCHEDULED, Round.State.OPEN)
        before = _facts(round_)
        for name in EDITABLE:
            if name in changes:
                setattr(round_, name, changes[name])
        round_.policy = round_.rules.to_json()
        round_.terms_version += 1
        round_.save()
        _follow(round_, actor=actor, reason=reason)
        _note("round.amend", round_, actor=actor, reason=reason, before=before)
    return round_


def extend(*, round_id: UUID, closes_at: datetime, actor: User, reason: str) -> Round:
    """Move the end of a planned or open round later; the planned rounds behind it move along.

    Codes already issued work until the new end. Raises `NotLater`, `RoundMoved`.
    """
    with transaction.atomic(durable=True), _refusals():
        round_ = _locked(round_id, Round.State.SCHEDULED, Round.State.OPEN)
        if closes_at <= round_.closes_at:
            raise NotLater
        before, by = _facts(round_), closes_at - round_.closes_at
        behind = Round.objects.filter(
            campaign=round_.campaign_id,
            state=Round.State.SCHEDULED,
            opens_at__gte=round_.closes_at,
        )
        for later in behind.select_for_update().order_by("-opens_at"):
            Round.objects.filter(pk=later.pk).update(
                opens_at=F("opens_at") + by, closes_at=F("closes_at") + by
            )
        round_.closes_at = closes_at
        round_.terms_version += 1
        round_.save(update_fields=["closes_at", "terms_version"])
        _follow(round_, actor=actor, reason=reason)
        _note("round.extend", round_, actor=actor, reason=reason, before=before)
    return round_


def skip(*, round_id: UUID, actor: User, reason: str) -> Round:
    """Call off a planned round; the next one is planned after it. Raises `RoundMoved`."""
    with transaction.atomic(durable=True):
        round_ = _locked(round_id, Round.State.SCHEDULED)
        Round.objects.filter(pk=round_.pk).update(state=Round.State.SKIPPED)
        round_.state = Round.State.SKIPPED
        _note("round.skip", round_, actor=actor, reason=reason)
        rounds.schedule_next(campaign_id=round_.campaign_id, after=round_.closes_at, actor=actor)
    return round_


def open_early(*, round_id: UUID, actor: User, reason: str, at: datetime) -> Round:
    """Open a planned round now; its end stays. Raises `RoundsOverlap`, `RoundMoved`."""
    with transaction.atomic(durable=True), _refusals():
        round_ = _locked(round_id, Round.State.SCHEDULED)
        before = _facts(round_)
        if round_.opens_at > at:
            round_.opens_at = at
            round_.save(update_fields=["opens_at"])
        rounds.open_round(round_=round_, at=at, actor=actor)
        _note("round.open_early", round_, actor=actor, reason=reason, before=before)
    return round_


def close_early(*, round_id: UUID, actor: User, reason: str, at: datetime) -> Round:
    """Close an open round that nobody has joined. Raises `TermsFrozen`, `RoundMoved`."""
    with transaction.atomic(durable=True), _refusals():
        round_ = _locked(round_id, Round.State.OPEN)
        before = _facts(round_)
        if round_.closes_at > at:
            round_.closes_at = at
            round_.terms_version += 1
            round_.save(update_fields=["closes_at", "terms_version"])
            _follow(round_, actor=actor, reason=reason)
        rounds.close_round(round_=round_, at=at, actor=actor)
        _note("round.close_early", round_, actor=actor, reason=reason, before=before)
    return round_


def set_running(
    *, campaign_id: int, is_running: bool, actor: User, reason: str, at: datetime
) -> None:
    """Stop the series after the present round, or let it go on.

    Going on plans the next round, at the earliest a pause from now if the last is long over.
    """
    with transaction.atomic(durable=True):
        moved = Campaign.objects.filter(pk=campaign_id).exclude(is_running=is_running)
        if not moved.update(is_running=is_running):
            return
        audit.record(
            actor=actor,
            verb="campaign.go_on" if is_running else "campaign.stop",
            target=f"campaign:{campaign_id}",
            reason=reason,
        )
        if is_running:
            rounds.schedule_next(campaign_id=campaign_id, after=at, actor=actor)


def _locked(round_id: UUID, *states: str) -> Round:
    round_ = (
        Round.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .filter(pk=round_id, state__in=states)
        .first()
    )
    if round_ is None:
        raise RoundMoved
    return round_


def _follow(round_: Round, *, actor: User, reason: str) -> None:
    """Give an open round's promotion, and with it every code issued, the round's new terms."""
    if round_.promotion_id is None:
        return
    promotions.amend(
        promotion_id=round_.promotion_id,
        actor=actor,
        terms=rounds.promotion_terms(round_),
        reason=reason,
    )


def _facts(round_: Round) -> dict[str, Any]:
    return rounds.terms_of(round_) | {
        "opens_at": round_.opens_at.isoformat(),
        "closes_at": round_.closes_at.isoformat(),
    }


def _note(
    verb: str, round_: Round, *, actor: User, reason: str, before: dict[str, Any] | None = None
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        target=f"round:{round_.pk}",
        reason=reason,
        before=before,
        after=_facts(round_),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Phrase what the database refuses."""
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        constraint = getattr(diagnosis, "constraint_name", "") or ""
        if constraint == "round_terms_frozen":
            raise TermsFrozen from error
        if constraint == "rounds_of_campaign_apart":
            raise RoundsOverlap from error
        if constraint.startswith(("round_", "campaign_")):
            raise TermsImpossible(constraint) from error
        raise
