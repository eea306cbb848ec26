"""Addresses that leave the house: the invitation's link, with the site's own host."""

from django.conf import settings
from django.urls import reverse

from referrals.models import Participation


def invitation(participation: Participation) -> str:
    """The link that a shopper sends to friends."""
    path = reverse("referrals:invitation", args=[participation.token])
    return f"{settings.SITE_URL}{path}"
