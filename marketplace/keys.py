"""API clients and their keys: `sk_` and 160 random bits, shown once; only the hash is kept.

A client is one program of the marketplace; it outlives its keys. It may have two live keys, so that
a key can be rotated without a pause: create the second, move the servers over, revoke the first. A
revoked key stops at once, and one that was given an end stops then. A key may have a rate of its
own (`marketplace.api.rates`).
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model
from django.db.models.functions import Now
from django.utils import timezone

from marketplace import audit, clock, ids
from marketplace.models import ApiClient, ApiKey, Store, User

Row = TypeVar("Row", bound=Model)

PREFIX = "sk_"
SHOWN = 11  # characters of a secret that we keep to tell keys apart
LIVE_AT_ONCE = 2
MOST_CALLS_PER_SECOND = 1_000_000
_DAYS = re.compile(r"([1-9][0-9]{0,3})d\Z")


class KeyRefusal(Exception):
    """A client or key that can't be had."""

    code = "key_refused"


class NameTaken(KeyRefusal):
    """A client has this name already."""

    code = "name_taken"


class UnknownScope(KeyRefusal):
    """A scope that there is not, or none at all."""

    code = "unknown_scope"


class BadAddress(KeyRefusal):
    """Neither an address nor a network."""

    code = "bad_address"


class BadExpiry(KeyRefusal):
    """No day that is to come."""

    code = "bad_expiry"


class BadRate(KeyRefusal):
    """Not a number of calls a second."""

    code = "bad_rate"


class TooManyKeys(KeyRefusal):
    """The client has two live keys already; revoke one first."""

    code = "too_many_keys"


def digest(secret: str) -> str:
    """What is kept of a secret. It has 160 random bits, so a plain hash can't be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_client(
    *,
    name: str,
    scopes: Sequence[str],
    actor: User | str,
    store: Store | None = None,
    addresses: Sequence[str] = (),
) -> ApiClient:
    """Make a client without a key. Raises `NameTaken`, `UnknownScope` or `BadAddress`.

    Joins a transaction around it: the admin's form pages bring theirs.
    """
    scopes, addresses = check_scopes(scopes), check_addresses(addresses)
    with transaction.atomic():
        client, is_new = ApiClient.objects.get_or_create(
            name=name, defaults={"scopes": scopes, "store": store, "addresses": addresses}
        )
        if not is_new:
            raise NameTaken(f"A client is named {name} already.")
        _audit(client, "api_client.create", actor, before=None)
    return client


def change_client(
    *, client: ApiClient, scopes: Sequence[str], addresses: Sequence[str], actor: User | str
) -> ApiClient:
    """Give a client other scopes and addresses, at once for all its keys.

    Raises `UnknownScope` or `BadAddress`. Joins a transaction around it, as `create_client` does.
    """
    scopes, addresses = check_scopes(scopes), check_addresses(addresses)
    with transaction.atomic():
        client = ApiClient.objects.select_for_update().get(pk=client.pk)
        before = _facts(client)
        client.scopes, client.addresses = scopes, addresses
        client.save(update_fields=["scopes", "addresses"])
        _audit(client, "api_client.change", actor, before=before)
    return client


def create(
    *,
    client: ApiClient,
    actor: User | str,
    expires_at: datetime | None = None,
    calls_per_second: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; returns it with the secret, which can't be had again.

    Without `expires_at` it has no end, without `calls_per_second` the rate of the settings.
    Raises `TooManyKeys` when two live ones exist, `BadExpiry` or `BadRate`.
    """
    check_rate(calls_per_second)
    secret = PREFIX + ids.token(bits=160)
    with transaction.atomic(durable=True):
        ApiClient.objects.select_for_update().get(pk=client.pk)
        if expires_at is not None and expires_at <= clock.now():
            raise BadExpiry("This day is over.")
        if client.keys.live().count() >= LIVE_AT_ONCE:
            raise TooManyKeys("The client has two live keys; revoke one first.")
        key = ApiKey.objects.create(
            client=client,
            prefix=secret[:SHOWN],
            digest=digest(secret),
            expires_at=expires_at,
            calls_per_second=calls_per_second,
        )
        audit.record(
            actor=actor,
            verb="api_key.create",
            target=f"api_key:{key.prefix}",
            after={"client": client.name} | _limits(key),
        )
    return key, secret


def change_rate(*, key: ApiKey, calls_per_second: int | None, actor: User | str) -> ApiKey:
    """Give a key a rate of its own, or with None that of the settings; at once. `BadRate`.

    Joins a transaction around it, as `create_client` does.
    """
    check_rate(calls_per_second)
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().get(pk=key.pk)
        before = _limits(key)
        key.calls_per_second = calls_per_second
        key.save(update_fields=["calls_per_second"])
        audit.record(
            actor=actor,
            verb="api_key.change",
            target=f"api_key:{key.prefix}",
            before=before,
            after=_limits(key),
        )
    return key


def end_of(day: date) -> datetime:
    """When a key that is good for this day still ends: midnight after it, in our own time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def read_end(text: str, *, at: datetime) -> datetime:
    """When a key ends, from `90d` (so many days from now) or `2027-01-31`. `BadExpiry`."""
    if match := _DAYS.match(text):
        return at + timedelta(days=int(match[1]))
    try:
        end = end_of(date.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise BadExpiry(f"{text} is neither days, such as 90d, nor a date.") from error
    if end <= at:
        raise BadExpiry("This day is over.")
    return end


def revoke(*, key: ApiKey, actor: User | str, reason: str) -> bool:
    """Stop a key at once; False if it was revoked before."""
    with transaction.atomic(durable=True):
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            return False
        audit.record(
            actor=actor, verb="api_key.revoke", target=f"api_key:{key.prefix}", reason=reason
        )
    return True


def find(secret: str) -> ApiKey | None:
    """The key of this secret with its client and store; None for a wrong or revoked one.

    Whether it `has_ended` is for the caller to ask. SQL by hand (migration 0003): every call of the
    API begins here, and the ORM took ten times as long. What calls seldom ask of a key, a client or
    a store is read when they do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM marketplace_live_key(%s)", [digest(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    (key_id, client_id, prefix, last_used_at, rate, has_ended), about, (store_id, store_ref) = (
        row[:6],
        row[6:-2],
        row[-2:],
    )
    key = _known(
        ApiKey,
        id=key_id,
        client_id=client_id,
        prefix=prefix,
        last_used_at=last_used_at,
        calls_per_second=rate,
    )
    key.has_ended = has_ended
    names = ("name", "scopes", "addresses")
    key.client = _known(
        ApiClient, id=client_id, store_id=store_id, **dict(zip(names, about, strict=True))
    )
    key.client.store = _known(Store, id=store_id, ref=store_ref) if store_id is not None else None
    return key


def live() -> dict[str, list[str]]:
    """The hashes of all live keys, each with the networks that it may be used from."""
    return dict(ApiKey.objects.live().values_list("digest", "client__addresses"))


def is_listed(address: str, networks: list[str]) -> bool:
    """Whether an address lies in one of the networks; a malformed address lies in none."""
    try:
        at = ip_address(address)
    except ValueError:
        return False
    return any(at in ip_network(network, strict=False) for network in networks)


def check_rate(calls_per_second: int | None) -> None:
    """Raises `BadRate` for what is no number of calls a second."""
    if calls_per_second is not None and not 1 <= calls_per_second <= MOST_CALLS_PER_SECOND:
        raise BadRate(f"Calls a second are 1 to {MOST_CALLS_PER_SECOND:,}.")


def _known(model: type[Row], **columns: Any) -> Row:
    """An instance of which these columns are known."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in columns]
    return model.from_db(DEFAULT_DB_ALIAS, names, [columns[name] for name in names])


def check_scopes(scopes: Sequence[str]) -> list[str]:
    """The scopes, each once, in the order of the list. `UnknownScope`."""
    if unknown := sorted(set(scopes) - set(ApiClient.Scope.values)):
        known = ", ".join(ApiClient.Scope.values)
        raise UnknownScope(f"There is no scope {unknown[0]}; there are {known}.")
    if not scopes:
        raise UnknownScope("A client needs at least one scope.")
    return [scope for scope in ApiClient.Scope.values if scope in scopes]


def check_addresses(addresses: Sequence[str]) -> list[str]:
    """Addresses and networks in their plain form. `BadAddress`."""
    try:
        return [str(ip_network(address.strip(), strict=False)) for address in addresses]
    except ValueError as error:
        raise BadAddress(str(error)) from error


def _limits(key: ApiKey) -> dict[str, object]:
    ends = key.expires_at.isoformat() if key.expires_at else None
    return {"expires_at": ends, "calls_per_second": key.calls_per_second}


def _facts(client: ApiClient) -> dict[str, object]:
    return {
        "name": client.name,
        "scopes": list(client.scopes),
        "store": client.store.ref if client.store else None,
        "addresses": list(client.addresses),
    }


def _audit(
    client: ApiClient, verb: str, actor: User | str, before: dict[str, object] | None
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        target=f"api_client:{client.pk}",
        before=before,
        after=_facts(client),
    )
