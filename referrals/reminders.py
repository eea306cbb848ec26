"""Reminders: "tell me when the next round opens", kept once by e-mail or dropped when stale."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import letters
from marketplace.models import User
from referrals.models import Campaign, Reminder, Round

# A notice that comes later than this after the opening is no news any more.
FRESH = timedelta(hours=24)
AT_ONCE = 200


def ask(*, campaign: Campaign, shopper: User, at: datetime) -> Reminder:
    """Promise to write when the campaign's next round opens; asking again changes nothing."""
    reminder, _is_new = Reminder.objects.get_or_create(
        campaign=campaign, shopper=shopper, defaults={"asked_at": at}
    )
    return reminder


def forget(*, campaign: Campaign, shopper: User) -> None:
    """Take the wish back."""
    Reminder.objects.filter(campaign=campaign, shopper=shopper).delete()


def send_due(*, at: datetime) -> int:
    """Write to those whose round has opened, one short transaction each; returns how many.

    The row goes with the letter: a crash between the two may repeat a letter, never lose one. A
    letter that is refused is tried later and keeps nobody waiting.
    """
    sent = 0
    for round_ in Round.objects.open_at(at).select_related("campaign"):
        wishes = Reminder.objects.filter(campaign=round_.campaign, asked_at__lt=round_.opens_at)
        if at - round_.opens_at > FRESH:
            wishes.delete()
            continue
        due = wishes.filter(Q(due_at=None) | Q(due_at__lte=at))
        for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]):
            try:
                with transaction.atomic(durable=True):
                    sent += _send_one(pk, at)
            except letters.ServerAway:
                return sent
    return sent


def _send_one(pk: int, at: datetime) -> int:
    reminder = (
        Reminder.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("shopper")
        .filter(pk=pk)
        .first()
    )
    if reminder is None:
        return 0
    try:
        sent = _write_to(reminder.shopper)
    except letters.LetterRefused:
        due_at = at + letters.pause_after(reminder.tries)
        Reminder.objects.filter(pk=pk).update(tries=reminder.tries + 1, due_at=due_at)
        return 0
    reminder.delete()
    return int(sent)


def _write_to(shopper: User) -> bool:
    """Write to the shopper; False if there is nobody to write to any more."""
    if not shopper.email or not shopper.is_active:
        return False
    with translation.override(shopper.language):
        letters.send(
            subject=_("A new round of friendly discounts is open"),
            body=_("Invite your friends and win your own promo code: %(url)s")
            % {"url": settings.SITE_URL + reverse("referrals:round")},
            to=shopper.email,
        )
    return True
