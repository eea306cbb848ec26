"""The facts of a visit, gathered from the database for `counting.judge`; reads only.

The caller holds the locks on the friend and on the participation, so the counts can't move while
they are judged.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from uuid import UUID

from django.db.models import Q

from marketplace.models import Order, User
from referrals import agents
from referrals.counting import Facts, RoundTime
from referrals.devices import user_key
from referrals.models import FriendSlot, Participation, Round, Visit
from referrals.models.policy import NEW

BURST_WINDOW = timedelta(minutes=10)
RING_SEARCH = 40  # common friends looked at; more can't make a small ring likelier


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A friend at the door: who it is taken for, and what the request hints at."""

    key: str
    user: User | None
    network_hint: str = ""
    agent: str | None = None  # None: not known any more, at a second judgement

    @property
    def signed_in(self) -> bool:
        """Whether an account vouches for the visitor."""
        return self.user is not None


def gather(
    *, participation: Participation, visitor: Visitor, at: datetime, reviewed: bool = False
) -> Facts:
    """What is known of this visitor for this inviter at this instant."""
    round_ = participation.round
    inviter_key = user_key(participation.shopper_id)
    slots = FriendSlot.objects.filter(round=round_, friend_key=visitor.key)
    inviters = list(slots.values_list("participation_id", flat=True))
    counted = participation.visits.filter(outcome=Visit.Outcome.COUNTED)
    return Facts(
        round_time=_time_in(round_, at),
        link_revoked=participation.revoked_at is not None,
        is_inviter=visitor.key == inviter_key,
        already_counted=participation.pk in inviters,
        inviters=len(inviters),
        signed_in=visitor.signed_in,
        is_new=_is_new(visitor, round_),
        same_network_today=_same_network(participation, visitor, at),
        in_ten_minutes=counted.filter(decided_at__gt=at - BURST_WINDOW).count(),
        looks_automated=visitor.agent is not None and agents.looks_automated(visitor.agent),
        known_previewer=visitor.agent is not None and agents.is_previewer(visitor.agent),
        ring=_ring(participation, visitor),
        reviewed=reviewed,
    )


def _time_in(round_: Round, at: datetime) -> RoundTime:
    if round_.is_open(at):
        return RoundTime.OPEN
    started = round_.state != Round.State.SCHEDULED and at >= round_.opens_at
    return RoundTime.ENDED if started else RoundTime.NOT_STARTED


def _is_new(visitor: Visitor, round_: Round) -> bool | None:
    if visitor.user is None or round_.rules.audience != NEW:
        return None
    told = Order.objects.told_to(None)
    return not told.filter(shopper=visitor.user, paid_at__lt=round_.opens_at).exists()


def _same_network(participation: Participation, visitor: Visitor, at: datetime) -> int:
    if not visitor.network_hint:
        return 0
    return participation.visits.filter(
        outcome=Visit.Outcome.COUNTED,
        network_hint=visitor.network_hint,
        friend_key__startswith="device:",
    ).count()


def _ring(participation: Participation, visitor: Visitor) -> int:
    """Size of the closed ring that this visit would complete, as far as the policy asks."""
    size = participation.round.rules.ring_size
    if size is None or visitor.user is None:
        return 0
    inviter, friend = participation.shopper_id, visitor.user.pk
    invited_back = _invited_by(participation.round_id, {friend}).get(friend, set())
    if inviter not in invited_back:
        return 0
    both = _mutual(participation.round_id, inviter) & _mutual(participation.round_id, friend)
    common = sorted(both - {inviter, friend})[:RING_SEARCH]
    if len(common) < size - 2:
        return 2
    links = _invited_by(participation.round_id, set(common))
    for group in combinations(common, size - 2):
        pairs = combinations(group, 2)
        if all(b in links.get(a, set()) and a in links.get(b, set()) for a, b in pairs):
            return size
    return 2


def _invited_by(round_id: UUID, people: set[int]) -> dict[int, set[int]]:
    """Per inviter of these: the users that count for them."""
    rows = FriendSlot.objects.filter(
        participation__round=round_id,
        participation__shopper__in=people,
        friend_key__startswith="user:",
    ).values_list("participation__shopper_id", "friend_key")
    found: dict[int, set[int]] = {}
    for inviter, key in rows:
        found.setdefault(inviter, set()).add(int(key.removeprefix("user:")))
    return found


def _mutual(round_id: UUID, person: int) -> set[int]:
    """People who count for this person and for whom this person counts."""
    invited = _invited_by(round_id, {person}).get(person, set())
    inviters = FriendSlot.objects.filter(
        Q(participation__shopper__in=invited), round=round_id, friend_key=user_key(person)
    ).values_list("participation__shopper_id", flat=True)
    return set(inviters)
