"""Visits: a friend opens the link, confirms, and counts, waits or does not count (rounds.md).

Opening the page writes nothing. `accept` is the confirmation: it judges the visit by the round's
rules (`counting`) and stores the verdict with its reason and facts. A waiting visit is judged
again when the friend comes back or signs in (`recognise`), a ring's visit when its review ends.
The visit that reaches the threshold brings the code in the same transaction (`prizes`).

Locks, always in this order: device, friend (advisory, sorted), participation (by id), then the
codes'.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max, Q

from marketplace import audit
from marketplace.models import User
from referrals import counting, devices, evidence, nonces, prizes
from referrals.evidence import Visitor
from referrals.models import Device, FriendSlot, Participation, Round, Visit

Outcome = Visit.Outcome
Reason = Visit.Reason


class LinkUnknown(Exception):
    """No invitation has this link."""

    code = "link_unknown"


class ReviewOver(Exception):
    """The visit is not in review, or not any more."""

    code = "review_over"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What became of a confirmation: the visit, and the cookie that the device shall keep."""

    visit: Visit
    device_secret: str


def accept(
    *,
    token: str,
    nonce: str,
    at: datetime,
    device_secret: str | None = None,
    user: User | None = None,
    address: str = "",
    agent: str = "",
    channel: str = Visit.Channel.OTHER,
) -> Accepted:
    """A friend presses "Accept": judge the visit and store what becomes of it (OK-06).

    The same nonce again answers with the same visit. Raises `LinkUnknown` and
    `nonces.NonceRefused`; every other obstacle is the reason of the visit.
    """
    word = nonces.read(nonce, token=token, at=at)
    link = Participation.objects.filter(token=token).values_list("pk", "round_id").first()
    if link is None:
        raise LinkUnknown
    device, secret = devices.meet(secret=device_secret)
    if user is not None:
        recognise(device_secret=secret, user=user, at=at)
    hint = devices.network_hint(address=address, agent=agent, at=at)
    with transaction.atomic(durable=True):
        # Held, so that nobody signs in on the device while its visit is judged.
        device = devices.held(device)
        key = devices.friend_key(device=device, user=user)
        _lock_friends([(link[1], key)])
        participation = _locked(link[0])
        visit = participation.visits.filter(nonce=word).first() or _decide(
            participation=participation,
            visitor=Visitor(key=key, user=user, network_hint=hint, agent=agent),
            at=at,
            new={"nonce": word, "device": device, "channel": channel},
        )
    return Accepted(visit=visit, device_secret=secret)


def recognise(*, device_secret: str | None, user: User, at: datetime) -> Device | None:
    """Somebody signed in: their devices become one person, waiting visits are judged again.

    What already counted stays unless the same person counts twice for one inviter who has no
    code yet; an issued code is never touched. Returns the device, if there is one.
    """
    device = devices.known(secret=device_secret)
    if device is None:
        return None
    with transaction.atomic():
        newly = devices.link(device=device, user=user)
        keys = [devices.user_key(user.pk)] + ([devices.device_key(device)] if newly else [])
        mine = Visit.objects.filter(
            Q(outcome=Outcome.WAITING) | Q(outcome=Outcome.COUNTED, friend_key=keys[-1]),
            friend_key__in=keys,
            participation__round__in=Round.objects.open_at(at),
        )
        pairs = list(mine.values_list("participation_id", "participation__round_id"))
        _lock_friends([(round_id, key) for _, round_id in pairs for key in keys])
        for participation_id in sorted({pk for pk, _ in pairs}):
            participation = _locked(participation_id)
            for visit in mine.filter(participation=participation).order_by("id"):
                _make_theirs(visit, participation=participation, user=user, at=at)
    return device


def decide_reviews(*, at: datetime) -> int:
    """Count the visits whose review has reached its deadline; one transaction each."""
    due = Visit.objects.filter(outcome=Outcome.WAITING, review_due_at__lte=at)
    pks = list(due.order_by("review_due_at").values_list("pk", flat=True)[:1000])
    return sum(_end_review(pk, at=at, counts=True) is not None for pk in pks)


def end_review(*, visit_id: int, counts: bool, actor: User, reason: str, at: datetime) -> Visit:
    """Ops ends the review of a closed ring before its deadline. Raises `ReviewOver`."""
    visit = _end_review(visit_id, at=at, counts=counts, actor=actor, why=reason)
    if visit is None:
        raise ReviewOver
    return visit


def forget_hints(*, at: datetime) -> int:
    """Drop the network hints of more than 48 hours ago, and their salts."""
    old = Visit.objects.filter(visited_at__lt=at - devices.HINTS_KEPT).exclude(network_hint="")
    dropped = old.update(network_hint="")
    devices.forget_salts(at=at)
    return dropped


def _locked(pk: UUID) -> Participation:
    return (
        Participation.objects.select_for_update(no_key=True, of=("self",))
        .select_related("round__campaign", "shopper")
        .get(pk=pk)
    )


def _lock_friends(pairs: list[tuple[UUID, str]]) -> None:
    with connection.cursor() as cursor:
        for round_id, key in sorted({(str(round_id), key) for round_id, key in pairs}):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{round_id} {key}"]
            )


def _decide(
    *,
    participation: Participation,
    visitor: Visitor,
    at: datetime,
    new: dict[str, Any],
    reviewed: bool = False,
) -> Visit:
    """Judge a visitor and store the verdict: on the waiting visit of this friend, or as a new one.

    A verdict that this friend already has is not written twice.
    """
    facts = evidence.gather(participation=participation, visitor=visitor, at=at, reviewed=reviewed)
    verdict = counting.judge(facts, participation.round.rules)
    mine = participation.visits.filter(friend_key=visitor.key)
    visit = mine.filter(outcome=Outcome.WAITING).first()
    if visit is None:
        same = mine.filter(outcome=verdict.outcome, reason=verdict.reason)
        if same.update(decided_at=at):
            return same.latest("id")
        visit = Visit(participation=participation, visited_at=at, friend_key=visitor.key, **new)
    _store(visit, verdict, participation=participation, at=at, hint=visitor.network_hint)
    return visit


def _store(
    visit: Visit,
    verdict: counting.Verdict,
    *,
    participation: Participation,
    at: datetime,
    hint: str = "",
) -> None:
    visit.outcome, visit.reason = verdict.outcome, verdict.reason
    visit.facts, visit.decided_at = verdict.facts, at
    visit.network_hint = hint or visit.network_hint
    visit.review_due_at = None
    if verdict.step == counting.Step.REVIEW:
        visit.review_due_at = _review_due(participation.round, at)
    visit.save()
    if verdict.outcome == Outcome.COUNTED:
        _count(participation, friend_key=visit.friend_key, at=at)


def _review_due(round_: Round, at: datetime) -> datetime:
    """Within the policy's hours, and never later than half of what is left of the round."""
    hours = timedelta(hours=round_.rules.review_hours)
    return at + min(hours, (round_.closes_at - at) / 2)


def _count(participation: Participation, *, friend_key: str, at: datetime) -> None:
    slots = FriendSlot.objects.filter(round=participation.round_id, friend_key=friend_key)
    last = slots.aggregate(last=Max("slot"))["last"] or 0
    taken = set(slots.values_list("slot", flat=True))
    free = next(slot for slot in range(1, last + 2) if slot not in taken)
    FriendSlot.objects.create(
        round=participation.round, friend_key=friend_key, slot=free, participation=participation
    )
    Participation.objects.filter(pk=participation.pk).update(counted=F("counted") + 1)
    participation.counted += 1
    prizes.award(participation=participation, at=at)


def _uncount(participation: Participation, *, friend_key: str) -> None:
    participation.slots.filter(friend_key=friend_key).delete()
    Participation.objects.filter(pk=participation.pk).update(counted=F("counted") - 1)
    participation.counted -= 1


def _make_theirs(visit: Visit, *, participation: Participation, user: User, at: datetime) -> None:
    """Move a visit of a device to the account that signed in on it, and judge it as theirs."""
    was_counted = visit.outcome == Outcome.COUNTED
    if was_counted and participation.code_id is not None:
        return  # after the code nothing is removed
    if was_counted:
        _uncount(participation, friend_key=visit.friend_key)
    visitor = Visitor(key=devices.user_key(user.pk), user=user)
    facts = evidence.gather(
        participation=participation, visitor=visitor, at=at, reviewed=was_counted
    )
    if facts.already_counted:
        facts = counting.on_other_device(facts)
    visit.friend_key = visitor.key
    _store(
        visit,
        counting.judge(facts, participation.round.rules),
        participation=participation,
        at=at,
    )


def _end_review(
    pk: int, *, at: datetime, counts: bool, actor: User | str = "job", why: str = ""
) -> Visit | None:
    """Count or refuse a visit in review; None when there is nothing to end."""
    with transaction.atomic(durable=True):
        in_review = Visit.objects.filter(outcome=Outcome.WAITING, reason=Reason.RING_REVIEW)
        visit = in_review.select_related("participation").filter(pk=pk).first()
        if visit is None:
            return None
        _lock_friends([(visit.participation.round_id, visit.friend_key)])
        participation = _locked(visit.participation_id)
        visit = in_review.filter(pk=pk).first()
        if visit is None:
            return None
        user = User.objects.get(pk=int(visit.friend_key.removeprefix("user:")))
        facts = evidence.gather(
            participation=participation,
            visitor=Visitor(key=visit.friend_key, user=user),
            at=at,
            reviewed=True,
        )
        verdict = counting.judge(facts, participation.round.rules)
        if not counts:
            verdict = counting.refused_in_review(facts)
        _store(visit, verdict, participation=participation, at=at)
        audit.record(
            actor=actor,
            verb="visit.end_review",
            target=f"visit:{visit.pk}",
            reason=why,
            after={"outcome": visit.outcome, "reason": visit.reason},
        )
    return visit
