"""One-time sign-in for shoppers whom the marketplace has signed in already (api.md, /sessions).

The marketplace's server opens a session for its shopper and gets a link; within 60 seconds it
sends the shopper's browser there. The link shows a page with one button; pressing it uses the link
up and signs the shopper in (a script presses it, where there is one). Opening the page changes
nothing, so that whoever previews links can't use it up. Only the hash of the link is kept.

Nobody enters as staff or as a seller this way: they sign in at their own door.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Now

from marketplace import clock, destinations, ids
from marketplace.models import ApiClient, Order, Profile, SignInToken, User

LIFE = timedelta(seconds=60)
_LANGUAGES = {"ru": User.Language.RU, "en": User.Language.EN, "zh": User.Language.ZH}


class NotAShopper(Exception):
    """This person works here or is shut out; they sign in at their own door."""

    code = "not_a_shopper"


class MarketplaceOnly(Exception):
    """Only the marketplace's own key may sign its shoppers in, not a store's."""

    code = "only_the_marketplace"


class LinkGone(Exception):
    """The link was used, is too old, or never was."""

    code = "link_gone"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link's secret, to be shown once, and when it ends."""

    token: str
    expires_at: datetime


def open_session(*, client: ApiClient, shopper: Mapping[str, str | None], next: str) -> Opened:  # noqa: A002
    """Make a one-time link for a shopper `{ref, name, email, locale, avatar_url}`.

    Makes the user by `ref`, or brings name, picture and language up to date. An e-mail is kept
    only if the user has none and nobody else has it.
    Raises `MarketplaceOnly`, `NotAShopper`, `destinations.UnsafeDestination`.
    """
    destinations.check(next)
    token = ids.token(bits=160)
    with transaction.atomic(durable=True):
        user = known_shopper(client=client, shopper=shopper)
        expires_at = clock.now() + LIFE
        SignInToken.objects.create(
            client=client, digest=_digest(token), user=user, next=next, expires_at=expires_at
        )
    return Opened(token=token, expires_at=expires_at)


def known_shopper(*, client: ApiClient, shopper: Mapping[str, str | None]) -> User:
    """The user of a shopper whom the marketplace names, made or brought up to date.

    Inner verb: opens no transaction. Raises `MarketplaceOnly`, `NotAShopper`.
    """
    if client.store is not None:
        raise MarketplaceOnly
    return _user_of(shopper)


def look(*, token: str) -> SignInToken:
    """The link's shopper and destination, without using it up. `LinkGone`."""
    found = (
        SignInToken.objects.filter(
            digest=_digest(token), used_at=None, expires_at__gt=Now(), user__is_active=True
        )
        .select_related("user__profile")
        .first()
    )
    if found is None or _works_here(found.user):
        raise LinkGone
    return found


def use(*, token: str) -> SignInToken:
    """Use the link up: of any number of attempts one succeeds, the others are `LinkGone`."""
    with transaction.atomic(durable=True):
        found = look(token=token)
        fresh = SignInToken.objects.filter(pk=found.pk, used_at=None, expires_at__gt=Now())
        if not fresh.update(used_at=Now()):  # the row count decides a race
            raise LinkGone
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _works_here(user: User) -> bool:
    return user.is_staff or user.is_superuser or user.store_memberships.exists()


def _user_of(shopper: Mapping[str, str | None]) -> User:
    ref = shopper["ref"]
    language = _LANGUAGES.get((shopper.get("locale") or "").replace("_", "-").partition("-")[0])
    user, is_new = User.objects.get_or_create(
        ref=ref,
        defaults={"password": make_password(None), "language": language or User.Language.RU},
    )
    if not user.is_active or _works_here(user):
        raise NotAShopper
    if language and user.language != language:
        User.objects.filter(pk=user.pk).update(language=language)
    if is_new:
        Order.objects.filter(shopper_ref=ref, shopper=None).update(shopper=user)
    names = {"name": shopper.get("name"), "avatar_url": shopper.get("avatar_url")}
    told = {column: value for column, value in names.items() if value is not None}
    Profile.objects.update_or_create(user=user, defaults=told)
    if email := shopper.get("email"):
        _link_email(user, email.lower())
    return user


def _link_email(user: User, email: str) -> None:
    if user.email is None and not User.objects.filter(email=email).exists():
        User.objects.filter(pk=user.pk, email=None).update(email=email)
