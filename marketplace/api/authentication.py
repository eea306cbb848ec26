"""Who calls: a bearer key, its scopes, its addresses."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from marketplace import keys
from marketplace.api import rates
from marketplace.models import ApiClient, ApiKey

LAST_USE_GRAIN = timedelta(minutes=1)


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_…`; `request.user` is the client, `request.auth` the key."""

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey] | None:
        """The client and its key; None without the header; 401 for a key that opens nothing.

        429 by `rates`, for a flood before the database is asked.
        """
        scheme, _, sent = get_authorization_header(request).partition(b" ")
        address = request.META.get("REMOTE_ADDR", "")
        if scheme.lower() != b"bearer":
            rates.without_key(address)
            return None
        secret = sent.strip().decode("latin-1")
        digest = keys.digest(secret)
        drawn = rates.enter(digest, address)
        try:
            key = _opening(keys.find(secret), address)
        except AuthenticationFailed:
            rates.refuse(digest, address)
            raise
        rates.accept(digest, address, key, drawn=drawn)
        _note_use(key)
        return key.client, key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


class HasScope(BasePermission):
    """The view's `scope` is among the client's."""

    message = "This API key lacks the scope that the call needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the client may make this call."""
        key = request.auth
        return isinstance(key, ApiKey) and view.scope in key.client.scopes


def _opening(key: ApiKey | None, address: str) -> ApiKey:
    """The key, if it opens something from this address."""
    if key is None:
        raise AuthenticationFailed("This API key is unknown or revoked.")
    if key.has_ended:
        raise AuthenticationFailed("This API key has expired; make another.", code="key_expired")
    if key.client.addresses and not keys.is_listed(address, key.client.addresses):
        raise AuthenticationFailed("This API key may not be used from your address.")
    return key


def _note_use(key: ApiKey) -> None:
    # Once a minute is enough to show, and keeps the row cool under load. Our own clock only saves
    # the statement; the database's decides.
    if key.last_used_at and key.last_used_at > timezone.now() - LAST_USE_GRAIN:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - LAST_USE_GRAIN)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())
