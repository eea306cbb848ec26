"""The demo's Friendly Discounts: a round is open, the next is planned, Anna has 7 of 10 friends.

OK-13: a code worth 399 RUB needs an order of at least 400 RUB; ten friends bring it.
"""

from datetime import datetime, timedelta

from config.demo import people
from marketplace.models import User
from referrals import nonces, participations, planning, rounds, visits
from referrals.models import Campaign, Participation, Round, Visit

NAME = "Дружные скидки"
LENGTH, PAUSE = timedelta(days=14), timedelta(days=3)
RUNS_FOR = timedelta(days=4)
ANNAS = 7
CHANNELS = (
    Visit.Channel.TELEGRAM,
    Visit.Channel.OK,
    Visit.Channel.TELEGRAM,
    Visit.Channel.VK,
    Visit.Channel.WHATSAPP,
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)
PROGRAM = "curl/8.5.0"


def open_round(*, ops: User, at: datetime) -> Round:
    """The round that is open now, opened by the job's verb, and the next one planned."""
    campaign = Campaign.objects.filter(name=NAME).first()
    if campaign is None:
        campaign = planning.start_series(
            first_opens_at=at - RUNS_FOR,
            actor=ops,
            name=NAME,
            length=LENGTH,
            pause=PAUSE,
            threshold=10,
            amount_minor=39_900,
            min_order_minor=40_000,
            currency="RUB",
            timezone="Europe/Moscow",
        )
        rounds.drive_due(at=at)
    first = campaign.rounds.earliest("number")
    if campaign.rounds.count() == 1:
        opens_at = first.closes_at + PAUSE
        planning.plan(
            campaign_id=campaign.pk, opens_at=opens_at, closes_at=opens_at + LENGTH, actor=ops
        )
    return first


def invite(*, round_: Round, inviter: User, count: int, at: datetime) -> Participation:
    """The inviter joins, and so many friends, each signed in, follow the link, hours apart."""
    since = round_.opens_at + timedelta(hours=2)
    joined = participations.join(round_id=round_.pk, shopper=inviter, at=since).participation
    missing = count - joined.visits.filter(outcome=Visit.Outcome.COUNTED).count()
    for number in range(count - max(missing, 0), count):
        friend = people.person(people.friend_ref(number), people.FRIENDS[number])
        when = since + (at - since) * (number + 1) / (count + 1)
        _visit(joined, when, number, user=friend, agent=PHONE)
    joined.refresh_from_db()
    return joined


def puzzle(participation: Participation, *, at: datetime) -> None:
    """A visit that waits (a program follows the link) and one that can't count (her own)."""
    if participation.visits.exclude(outcome=Visit.Outcome.COUNTED).exists():
        return
    _visit(participation, at - timedelta(hours=5), 21, user=None, agent=PROGRAM)
    _visit(participation, at - timedelta(hours=4), 22, user=participation.shopper, agent=PHONE)


def _visit(
    participation: Participation, at: datetime, number: int, *, user: User | None, agent: str
) -> None:
    shown_at = at - timedelta(seconds=20)
    visits.accept(
        token=participation.token,
        nonce=nonces.make(token=participation.token, at=shown_at),
        at=at,
        user=user,
        address=f"198.51.{number}.7",
        agent=agent,
        channel=CHANNELS[number % len(CHANNELS)],
    )
