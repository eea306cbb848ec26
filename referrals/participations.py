"""Participations: a shopper joins a round, words the invitation, has the link revoked.

Joining is idempotent: one participation per shopper and round (OK-14); every round starts afresh
(OK-15). The terms of the round are frozen from the first one on (`referrals.models.frozen`).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from marketplace import audit, sessions
from marketplace.models import ApiClient, User
from referrals import devices, visits
from referrals.models import Participation, Round
from referrals.models.participation import MESSAGE_LENGTH

_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


class RoundUnknown(Exception):
    """There is no such round."""

    code = "round_unknown"


class ParticipationUnknown(Exception):
    """There is no such participation."""

    code = "participation_unknown"


class RoundNotOpen(Exception):
    """The round has not opened yet, or is over."""

    code = "round_not_open"


class NotEligible(Exception):
    """This shopper can't join now: the account is closed, or too young until `since`."""

    code = "not_eligible"

    def __init__(self, *, since: datetime | None = None) -> None:
        super().__init__(self.code)
        self.since = since


class MessageTooLong(Exception):
    """The own words are longer than 500 characters."""

    code = "message_too_long"


class LinkRevoked(Exception):
    """The link of this participation was revoked already."""

    code = "link_revoked"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A participation, whether it is new, and the cookie that the device shall keep."""

    participation: Participation
    is_new: bool
    device_secret: str | None


def eligible_since(*, shopper: User, round_: Round) -> datetime | None:
    """From when on the policy lets this shopper join; None: at once."""
    hours = round_.rules.min_account_hours
    return shopper.date_joined + timedelta(hours=hours) if hours else None


def join(
    *,
    round_id: UUID,
    shopper: User,
    at: datetime,
    device_secret: str | None = None,
    remember_device: bool = False,
) -> Joined:
    """Take part in an open round; joining again gives the same participation.

    With `remember_device` the browser becomes the shopper's own, so that their own link is known
    on it also when they have signed out. Raises `RoundUnknown`, `RoundNotOpen`, `NotEligible`.
    """
    if remember_device:
        _, device_secret = devices.meet(secret=device_secret)
        visits.recognise(device_secret=device_secret, user=shopper, at=at)
    with transaction.atomic(durable=True):
        participation, is_new = _take_part(round_id=round_id, shopper=shopper, at=at)
    return Joined(participation=participation, is_new=is_new, device_secret=device_secret)


def join_known(
    *, client: ApiClient, round_id: UUID, shopper: Mapping[str, str | None], at: datetime
) -> Joined:
    """Join for a shopper `{ref, name, email, locale, avatar_url}` whom the marketplace names.

    Raises what `join` raises, `sessions.MarketplaceOnly` and `sessions.NotAShopper`.
    """
    with transaction.atomic(durable=True):
        user = sessions.known_shopper(client=client, shopper=shopper)
        participation, is_new = _take_part(round_id=round_id, shopper=user, at=at)
    return Joined(participation=participation, is_new=is_new, device_secret=None)


def told_to(*, client: ApiClient, participation_id: UUID) -> Participation:
    """A participation as the marketplace's own server may read it.

    Raises `sessions.MarketplaceOnly`, `ParticipationUnknown`.
    """
    if client.store is not None:
        raise sessions.MarketplaceOnly
    found = Participation.objects.select_related("round__campaign", "shopper", "code")
    participation = found.filter(pk=participation_id).first()
    if participation is None:
        raise ParticipationUnknown
    return participation


def write(*, participation: Participation, message: str, shows_name: bool) -> None:
    """Keep the shopper's own words and whether friends see the name (OK-04).

    Plain text: control characters go, lines stay. Raises `MessageTooLong`.
    """
    message = clean(message)
    if len(message) > MESSAGE_LENGTH:
        raise MessageTooLong
    Participation.objects.filter(pk=participation.pk).update(message=message, shows_name=shows_name)
    participation.message, participation.shows_name = message, shows_name


def clean(text: str) -> str:
    """Plain text: one kind of line end, no control and no direction-changing characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (letter for letter in text if letter == "\n" or not _is_unseen(letter))
    return "".join(kept).strip()


def _is_unseen(letter: str) -> bool:
    return letter in _DIRECTIONS or unicodedata.category(letter) in {"Cc", "Cs"}


def revoke_link(*, participation_id: UUID, actor: User, reason: str, at: datetime) -> None:
    """Stop a link for proved fraud; what counted and a code stay. Raises `LinkRevoked`."""
    with transaction.atomic(durable=True):
        live = Participation.objects.filter(pk=participation_id, revoked_at=None)
        if not live.update(revoked_at=at):
            raise LinkRevoked
        audit.record(
            actor=actor,
            verb="participation.revoke_link",
            target=f"participation:{participation_id}",
            reason=reason,
        )


def _take_part(*, round_id: UUID, shopper: User, at: datetime) -> tuple[Participation, bool]:
    # Inserting holds the round's terms still until we commit (`hold_round`): read after it.
    if not Round.objects.filter(pk=round_id).exists():
        raise RoundUnknown
    participation, is_new = Participation.objects.get_or_create(
        round_id=round_id, shopper=shopper, defaults={"joined_at": at}
    )
    participation.round = Round.objects.select_related("campaign").get(pk=round_id)
    if is_new:
        _check_may_join(shopper=shopper, round_=participation.round, at=at)
    return participation, is_new


def _check_may_join(*, shopper: User, round_: Round, at: datetime) -> None:
    if not round_.is_open(at):
        raise RoundNotOpen
    if not shopper.is_active:
        raise NotEligible
    since = eligible_since(shopper=shopper, round_=round_)
    if since is not None and since > at:
        raise NotEligible(since=since)
