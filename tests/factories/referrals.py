"""Campaigns, rounds, shoppers in them and friends at their links, by the real verbs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace import clock
from marketplace.models import User
from referrals import nonces, participations, planning, rounds, visits
from referrals.models import Campaign, Participation, Round, Visit

# OK-13: a code worth 399 RUB needs an order of at least 400 RUB; ten friends bring it.
OK_13 = {
    "threshold": 10,
    "amount_minor": 39_900,
    "min_order_minor": 40_000,
    "currency": "RUB",
    "timezone": "Europe/Moscow",
}
LENGTH = timedelta(days=14)
PAUSE = timedelta(days=7)
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)
_numbers = iter(range(1, 10**9))


def shopper(**fields: Any) -> User:
    """A signed-up shopper with an e-mail and a marketplace id of their own."""
    number = next(_numbers)
    fields = {"email": f"shopper{number}@example.org", "ref": f"friend-{number}"} | fields
    return User.objects.create_user(**fields)


def campaign(*, opens_at: datetime | None = None, **template: Any) -> Campaign:
    """A running campaign with the terms of OK-13, its first round planned."""
    opens_at = opens_at or clock.now() - timedelta(days=1)
    template = (
        OK_13
        | {
            "name": f"Friendly discounts {next(_numbers)}",
            "length": LENGTH,
            "pause": PAUSE,
        }
        | template
    )
    if template.get("percent_bp"):
        template["amount_minor"] = None
    return planning.start_series(first_opens_at=opens_at, actor="factory", **template)


def open_round(*, opens_at: datetime | None = None, **template: Any) -> Round:
    """The first round of a new campaign, opened by the job's verb."""
    made = campaign(opens_at=opens_at, **template)
    round_ = made.rounds.get()
    rounds.drive_due(at=round_.opens_at)
    round_.refresh_from_db()
    return round_


def participant(round_: Round, user: User | None = None, **fields: Any) -> Participation:
    """A shopper who has joined the round."""
    at = fields.pop("at", None) or max(clock.now(), round_.opens_at)
    joined = participations.join(round_id=round_.pk, shopper=user or shopper(), at=at)
    if fields:
        participations.write(
            participation=joined.participation, **{"message": "", "shows_name": False} | fields
        )
    return joined.participation


def visit(participation: Participation, **facts: Any) -> Visit:
    """A friend presses "Accept" on a page shown five seconds before; each from another network."""
    at = facts.pop("at", None) or clock.now()
    nonce = nonces.make(token=participation.token, at=at - timedelta(seconds=5))
    number = next(_numbers)
    facts = {
        "address": f"10.{number // 250 % 250}.{number % 250}.1",
        "agent": PHONE,
        "nonce": nonce,
    } | facts
    return visits.accept(token=participation.token, at=at, **facts).visit


def friends(participation: Participation, count: int, **facts: Any) -> Sequence[Visit]:
    """This many different friends press "Accept"."""
    return [visit(participation, **facts) for _ in range(count)]


def instant(day: int, hour: int = 12) -> datetime:
    """A fixed instant in May 2027, UTC."""
    return datetime(2027, 5, day, hour, tzinfo=UTC)
