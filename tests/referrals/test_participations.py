"""Joining and the own words."""

from uuid import uuid4

import pytest

from marketplace import clock
from referrals import participations
from referrals.models import Participation
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  hello  ", "hello"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("zero\x00bell\x07", "zerobell"),
        ("right\u202eleft", "rightleft"),
        ("семья 👨‍👩‍👧 и 🫶🏽", "семья 👨‍👩‍👧 и 🫶🏽"),
        ("你好", "你好"),
        ("\u200f\n", ""),
    ],
)
def test_words_are_plain_text(typed: str, kept: str) -> None:
    assert participations.clean(typed) == kept


def test_words_longer_than_the_limit_change_nothing() -> None:
    anna = make.participant(make.open_round(), message="before")
    with pytest.raises(participations.MessageTooLong):
        participations.write(participation=anna, message="x" * 501, shows_name=True)
    anna.refresh_from_db()
    assert (anna.message, anna.shows_name) == ("before", False)


def test_joining_again_gives_the_same() -> None:
    round_, user = make.open_round(), make.shopper()
    at = clock.now()
    first = participations.join(round_id=round_.pk, shopper=user, at=at)
    again = participations.join(round_id=round_.pk, shopper=user, at=at)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.participation == again.participation
    assert len(first.participation.token) == 22


def test_a_round_that_is_not_open_takes_nobody() -> None:
    planned = make.campaign(opens_at=make.instant(1)).rounds.get()
    open_ = make.open_round()
    user = make.shopper()
    for round_id, at in ((planned.pk, clock.now()), (open_.pk, open_.closes_at)):
        with pytest.raises(participations.RoundNotOpen):
            participations.join(round_id=round_id, shopper=user, at=at)
    with pytest.raises(participations.RoundUnknown):
        participations.join(round_id=uuid4(), shopper=user, at=clock.now())
    assert not Participation.objects.exists()


def test_a_closed_account_is_not_eligible() -> None:
    user = make.shopper(is_active=False)
    with pytest.raises(participations.NotEligible):
        participations.join(round_id=make.open_round().pk, shopper=user, at=clock.now())
