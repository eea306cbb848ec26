"""Where we may send a person: our own pages, or the verified host of a store (trust.md, Doors)."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme

from marketplace.models import Store

MOST_CHARACTERS = 2_000
_PLAIN = re.compile(r"[^\s\x00-\x1f\x7f\\]+")


class UnsafeDestination(Exception):
    """Neither a path of ours nor an address on a store's verified host."""

    code = "unsafe_destination"


def is_own_path(address: str) -> bool:
    """Whether the address is a path on our own site, `/friends/?a=b`."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)


def store_of(address: str) -> Store | None:
    """The active store on whose verified host the absolute address lies; None if there is none.

    The host must be the store's to the letter: no port, no user, https (http in a trial without).
    """
    try:
        host = urlsplit(address).netloc.lower()
    except ValueError:
        return None
    if not host or not url_has_allowed_host_and_scheme(
        address, allowed_hosts={host}, require_https=settings.HTTPS
    ):
        return None
    return Store.objects.filter(host=host, is_verified=True, is_active=True).first()


def check(address: str) -> None:
    """`UnsafeDestination` unless we may send a person there."""
    is_plain = len(address) <= MOST_CHARACTERS and _PLAIN.fullmatch(address)
    if not is_plain or not (is_own_path(address) or store_of(address)):
        raise UnsafeDestination("Use a path of ours, or an address on a store's verified host.")
