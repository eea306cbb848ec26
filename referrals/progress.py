"""What an inviter sees of a participation: how far, one slot per friend, which channel works."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from promocodes.models import Redemption
from referrals.models import Participation, Visit
from referrals.wording import Words, words_for

SHOWN = 60  # visits on one page; more friends than that are only counted
TOLD = 100  # visits in one answer of the API
PLACES = 12  # free places drawn one by one


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One friend on the page: a visit with its words."""

    kind: str  # counted | waiting | refused
    words: Words
    channel: Visit.Channel
    at: datetime
    review_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ChannelCount:
    """How many friends came by one channel, and how many of them count."""

    label: str
    visits: int
    counted: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A participation as its shopper sees it."""

    counted: int
    waiting: int
    goal: int
    slots: list[Slot]
    refused: list[Slot]
    places: list[int]
    channels: list[ChannelCount]

    @property
    def left(self) -> int:
        """Friends still missing."""
        return max(0, self.goal - self.counted)

    @property
    def shown(self) -> int:
        """Friends on the ring: it is full at the goal."""
        return min(self.counted, self.goal)

    @property
    def places_more(self) -> int:
        """Free places that are not drawn."""
        return self.left - len(self.places)


def of(participation: Participation, *, at: datetime) -> Progress:
    """The progress of a participation whose round is loaded; two queries however many friends."""
    round_ = participation.round
    is_over = at >= round_.closes_at
    visits = list(participation.visits.order_by("-visited_at", "-id")[:SHOWN])
    visits.sort(key=lambda visit: ORDER.index(visit.outcome))
    slots = [_slot(visit, is_over) for visit in visits]
    left = max(0, round_.threshold - participation.counted)
    first = participation.counted + 1
    return Progress(
        counted=participation.counted,
        waiting=sum(slot.kind == "waiting" for slot in slots),
        goal=round_.threshold,
        slots=[slot for slot in slots if slot.kind != REFUSED],
        refused=[slot for slot in slots if slot.kind == REFUSED],
        places=[] if is_over else list(range(first, first + min(left, PLACES))),
        channels=_channels(participation),
    )


def sample(participation: Participation) -> Progress:
    """A progress to look at before there is one: some friends count, one waits, one was refused."""
    round_, at = participation.round, participation.round.opens_at
    waiting, refused = Visit.Reason.NETWORK_CEILING, Visit.Reason.ALREADY_COUNTED
    shown = [
        Visit(outcome=Visit.Outcome.WAITING, reason=waiting, channel=Visit.Channel.OK),
        *[
            Visit(outcome=Visit.Outcome.COUNTED, reason=Visit.Reason.COUNTED, channel=channel)
            for channel in list(Visit.Channel)[: participation.counted]
        ],
        Visit(outcome=Visit.Outcome.NOT_COUNTED, reason=refused, channel=Visit.Channel.VK),
    ]
    for visit in shown:
        visit.visited_at = at
    slots = [_slot(visit, is_over=False) for visit in shown]
    return Progress(
        counted=participation.counted,
        waiting=1,
        goal=round_.threshold,
        slots=[slot for slot in slots if slot.kind != REFUSED],
        refused=[slot for slot in slots if slot.kind == REFUSED],
        places=list(range(participation.counted + 1, round_.threshold + 1))[:PLACES],
        channels=[],
    )


def visits_told(
    participation: Participation, *, at: datetime
) -> list[tuple[Visit, Visit.Outcome, Visit.Reason]]:
    """The newest visits, each with outcome and reason as they stand at this instant.

    What still waits when the round is over does not count: closing a round touches no visit.
    """
    is_over = at >= participation.round.closes_at
    told = []
    for visit in participation.visits.order_by("-visited_at", "-id")[:TOLD]:
        outcome, reason = Visit.Outcome(visit.outcome), Visit.Reason(visit.reason)
        if is_over and outcome == Visit.Outcome.WAITING:
            outcome, reason = Visit.Outcome.NOT_COUNTED, Visit.Reason.ROUND_ENDED
        told.append((visit, outcome, reason))
    return told


def spent_codes(participations: Iterable[Participation]) -> set[UUID]:
    """Which personal codes of these have been used on an order that still stands; one query."""
    used = Redemption.objects.filter(
        code__in=[one.code_id for one in participations if one.code_id],
        state__in=[Redemption.State.REDEEMED, Redemption.State.PART_REVERSED],
    )
    return set(used.values_list("code_id", flat=True))


REFUSED = "refused"
# What asks for something comes first.
ORDER = (Visit.Outcome.WAITING, Visit.Outcome.COUNTED, Visit.Outcome.NOT_COUNTED)
KINDS = {
    Visit.Outcome.COUNTED: "counted",
    Visit.Outcome.WAITING: "waiting",
    Visit.Outcome.NOT_COUNTED: REFUSED,
}


def _slot(visit: Visit, is_over: bool) -> Slot:
    kind = KINDS[Visit.Outcome(visit.outcome)]
    return Slot(
        kind=REFUSED if is_over and kind == "waiting" else kind,
        words=words_for(visit, round_is_over=is_over),
        channel=Visit.Channel(visit.channel),
        at=visit.visited_at,
        review_due_at=visit.review_due_at,
    )


def _channels(participation: Participation) -> list[ChannelCount]:
    rows = participation.visits.values_list("channel", "outcome").annotate(number=Count("id"))
    seen, counted = Counter[str](), Counter[str]()
    for channel, outcome, number in rows.order_by("channel"):
        seen[channel] += number
        counted[channel] += number if outcome == Visit.Outcome.COUNTED else 0
    return [
        ChannelCount(label=str(Visit.Channel(key).label), visits=number, counted=counted[key])
        for key, number in seen.most_common()
    ]
