"""Reminders: "tell me when the next round opens", kept once by e-mail or dropped when stale."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.models import User
from referrals.models import Campaign, Reminder, Round

logger = logging.getLogger(__name__)
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

    The row goes with the letter: a crash between the two may repeat a letter, never lose one.
    """
    sent = 0
    for round_ in Round.objects.open_at(at).select_related("campaign"):
        due = Reminder.objects.filter(campaign=round_.campaign, asked_at__lt=round_.opens_at)
        if at - round_.opens_at > FRESH:
            due.delete()
            continue
        for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]):
            sent += _send_one(pk, round_)
    return sent


def _send_one(pk: int, round_: Round) -> int:
    with transaction.atomic(durable=True):
        reminder = (
            Reminder.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("shopper")
            .filter(pk=pk)
            .first()
        )
        if reminder is None:
            return 0
        shopper = reminder.shopper
        reminder.delete()
        if not shopper.email or not shopper.is_active:
            return 0
        with translation.override(shopper.language):
            send_mail(
                _("A new round of friendly discounts is open"),
                _("Invite your friends and win your own promo code: %(url)s")
                % {"url": settings.SITE_URL + reverse("referrals:round")},
                None,
                [shopper.email],
            )
    return 1
