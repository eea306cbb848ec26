"""Who a friend is: the signed-in account, else the device, with a hint of the network.

A device is a browser that confirmed something here. It carries a random 128-bit cookie which is
set only in the answer to a POST; the database keeps its hash. The first account that signs in on
a device owns what the device did. The network hint is an HMAC under the salt of the day; the salt
and the hints go after 48 hours (`forget`).
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings

from marketplace.ids import token
from marketplace.models import User
from referrals import agents
from referrals.models import Device, NetworkSalt

COOKIE = "__Host-device" if settings.HTTPS else "device"
COOKIE_AGE = timedelta(days=400)
HINTS_KEPT = timedelta(hours=48)
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")


def known(*, secret: str | None) -> Device | None:
    """The device that sent this cookie, if we have met it."""
    if not _is_secret(secret):
        return None
    return Device.objects.filter(digest=_digest(str(secret))).first()


def meet(*, secret: str | None) -> tuple[Device, str]:
    """The device that sent this cookie, or a new one; with the cookie it shall keep."""
    secret = str(secret) if _is_secret(secret) else token()
    device, _ = Device.objects.get_or_create(digest=_digest(secret))
    return device, secret


def held(device: Device) -> Device:
    """The device as it is now, kept as it is until the transaction ends. Inner verb."""
    return Device.objects.select_for_update(no_key=True).get(pk=device.pk)


def link(*, device: Device, user: User) -> bool:
    """Give a device that nobody has signed in on to this user; whether it was free.

    Inner verb: opens no transaction.
    """
    return bool(Device.objects.filter(pk=device.pk, user=None).update(user=user))


def device_key(device: Device) -> str:
    """How a friend is called before anybody signed in on the device."""
    return f"device:{device.pk}"


def user_key(user_id: int) -> str:
    """How a friend is called once an account is known."""
    return f"user:{user_id}"


def friend_key(*, device: Device, user: User | None) -> str:
    """Who the visitor is: the signed-in account, else the device's owner, else the device."""
    if user is not None:
        return user_key(user.pk)
    return user_key(device.user_id) if device.user_id else device_key(device)


def network_hint(*, address: str, agent: str, at: datetime) -> str:
    """An HMAC over network and agent family under the salt of the day; empty without address."""
    network = agents.network(address)
    if not network:
        return ""
    day, _ = NetworkSalt.objects.get_or_create(
        day=at.date(), defaults={"salt": secrets.token_bytes(32)}
    )
    text = f"{network}|{agents.family(agent)}"
    return hmac.new(bytes(day.salt), text.encode(), hashlib.sha256).hexdigest()


def forget_salts(*, at: datetime) -> int:
    """Delete the salts whose hints are gone; returns how many."""
    deleted, _ = NetworkSalt.objects.filter(day__lt=(at - HINTS_KEPT).date()).delete()
    return deleted


def _is_secret(secret: str | None) -> bool:
    return bool(secret and _SECRET.fullmatch(secret))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
