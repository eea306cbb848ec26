"""Reminders: one letter per wish, in the reader's language, never a stale one."""

from datetime import timedelta

import pytest
from django.core import mail

from referrals import reminders, rounds
from referrals.models import Campaign, Reminder
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make.campaign(opens_at=make.instant(10))


def open_it(campaign: Campaign) -> None:
    rounds.drive_due(at=make.instant(10))


def test_a_wish_is_kept_once(campaign: Campaign) -> None:
    user = make.shopper(language="en")
    for _ in range(2):
        reminders.ask(campaign=campaign, shopper=user, at=make.instant(1))
    assert reminders.send_due(at=make.instant(9)) == 0
    open_it(campaign)
    assert reminders.send_due(at=make.instant(10)) == 1
    assert reminders.send_due(at=make.instant(10)) == 0
    (letter,) = mail.outbox
    assert letter.to == [user.email]
    assert "/friends/" in letter.body
    assert not Reminder.objects.exists()


def test_a_stale_notice_is_not_sent(campaign: Campaign) -> None:
    reminders.ask(campaign=campaign, shopper=make.shopper(), at=make.instant(1))
    open_it(campaign)
    assert reminders.send_due(at=make.instant(10) + timedelta(hours=25)) == 0
    assert mail.outbox == []
    assert not Reminder.objects.exists()


def test_who_asks_during_a_round_waits_for_the_next(campaign: Campaign) -> None:
    open_it(campaign)
    reminders.ask(campaign=campaign, shopper=make.shopper(), at=make.instant(11, 1))
    assert reminders.send_due(at=make.instant(11, 2)) == 0
    assert Reminder.objects.count() == 1


def test_who_has_no_address_is_not_written_to(campaign: Campaign) -> None:
    reminders.ask(campaign=campaign, shopper=make.shopper(email=None), at=make.instant(1))
    open_it(campaign)
    assert reminders.send_due(at=make.instant(10)) == 0
    assert not Reminder.objects.exists()
