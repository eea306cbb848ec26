"""Signing in, by whichever door, makes a person's devices one friend (referrals, rounds.md).

The one signal that we listen to: Django sends it for every door of sign-in, in the request that
signs in, and only that request knows the device's cookie.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from marketplace import clock
from marketplace.models import User
from referrals import devices, visits


def recognise(*, request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    """Judge again what this device's visits waited for."""
    secret = request.COOKIES.get(devices.COOKIE) if request is not None else None
    if secret:
        visits.recognise(device_secret=secret, user=user, at=clock.now())


def connect() -> None:
    """Called once, when the apps are ready."""
    user_logged_in.connect(recognise, dispatch_uid="config.recognition")
