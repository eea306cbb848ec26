"""How many calls a client may make: buckets of tokens in the memory of each web process.

A call draws a token of its key's bucket, which fills at so many a second and holds a burst; an
empty one means 429. Each process counts for itself and asks nobody, so that it costs microseconds;
a key has as many buckets as there are processes. Where a key was let in before from the same
address, it draws before anything is asked of the database: a flood is turned away by a look into a
dictionary.

Calls without a key, or with a wrong one, draw from the bucket of their address. When that is empty,
unknown keys from there are refused unread, but for those that are right: the shop behind the same
address goes on. Whoever is refused stands in the log once a minute, not once a call.
"""

import logging
import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from django.conf import settings

from marketplace import keys
from marketplace.api.problems import Problem
from marketplace.models import ApiKey

log = logging.getLogger(__name__)
Value = TypeVar("Value")

BURST_SECONDS = 2  # of a key with a rate of its own: how many seconds' calls may come at once
STRANGERS_BURST_SECONDS = 10
MOST_KEYS = 10_000
MOST_PLACES = 20_000  # addresses with their keys, and addresses of strangers
_LIVE_SECONDS = 1.0
_TELL_SECONDS = 60.0


class Bucket:
    """Tokens that fill up at `per_second` to at most `burst`; `per_second` 0: without end."""

    __slots__ = ("_at", "_tokens", "_told_at", "burst", "per_second", "whose")

    def __init__(self, whose: str, *, per_second: float, burst: float) -> None:
        self.whose, self.per_second, self.burst = whose, per_second, max(1.0, burst)
        self._tokens, self._at, self._told_at = self.burst, monotonic(), -math.inf

    def wait(self) -> float:
        """Seconds until there is a token; 0 if there is one."""
        if not self.per_second:
            return 0.0
        now = monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_second)
        self._at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self.per_second

    def draw(self) -> float:
        """Take a token; or say how many seconds it is until there is one."""
        wait = self.wait()
        if self.per_second and not wait:
            self._tokens -= 1
        return wait

    def tell(self) -> None:
        """Note in the log that calls are refused, if it isn't known."""
        if monotonic() - self._told_at >= _TELL_SECONDS:
            self._told_at = monotonic()
            log.warning("Too many calls of %s: refused.", self.whose)

    def fill_at(self, *, per_second: float, burst: float) -> None:
        """Go on at another rate with the tokens that are there."""
        if (self.per_second, self.burst) != (per_second, burst):
            self.wait()
            self.per_second, self.burst = per_second, max(1.0, burst)


class _Lately(OrderedDict[object, Value], Generic[Value]):
    """The `most` values that were used last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def seen(self, name: object) -> Value | None:
        """A value; it is used now."""
        value = self.get(name)
        if value is not None:
            self.move_to_end(name)
        return value

    def keep(self, name: object, value: Value) -> Value:
        """Remember one as used now; the longest unused goes if there are too many."""
        self[name] = value
        self.move_to_end(name)
        if len(self) > self.most:
            self.popitem(last=False)
        return value


class _LiveKeys:
    """The keys that are right, by a list at most a second old; asked while an address guesses."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._networks: dict[str, list[str]] = {}
        self._at = -math.inf

    def opens(self, digest: str, address: str) -> bool:
        """Whether a key is right and may come from here."""
        with self._lock:
            if monotonic() - self._at > _LIVE_SECONDS:
                self._networks, self._at = keys.live(), monotonic()
            networks = self._networks.get(digest)
        return networks is not None and (not networks or keys.is_listed(address, networks))

    def forget(self) -> None:
        """Read the list anew when it is asked next."""
        self._at = -math.inf


_lock = Lock()
_keys: _Lately[Bucket] = _Lately(MOST_KEYS)
_let_in: _Lately[Bucket] = _Lately(MOST_PLACES)
_strangers: _Lately[Bucket] = _Lately(MOST_PLACES)
_live = _LiveKeys()


def enter(digest: str, address: str) -> bool:
    """Before the key is looked up. True: a token was drawn already, for the key is known here.

    Raises `Problem` 429.
    """
    with _lock:
        bucket = _let_in.seen((digest, address))
        wait = 0.0 if bucket is None else bucket.draw()
        guesses = _strangers.get(_network(address)) if bucket is None else None
        guess_wait = guesses.wait() if guesses is not None else 0.0
    if bucket is not None and wait:
        raise _too_many(bucket, wait)
    if guesses is not None and guess_wait and not _live.opens(digest, address):
        raise _guessing(guesses, guess_wait)
    return bucket is not None


def accept(digest: str, address: str, key: ApiKey, *, drawn: bool) -> None:
    """The key is right and may come from here: draw its token, unless `enter` did.

    Raises `Problem` 429.
    """
    per_second, burst = settings.API_CALLS_PER_SECOND, settings.API_BURST
    if key.calls_per_second is not None:
        per_second, burst = key.calls_per_second, key.calls_per_second * BURST_SECONDS
    with _lock:
        bucket = _keys.seen(digest) or _keys.keep(
            digest, Bucket(f"{key.client.name!r}, key {key.pk}", per_second=per_second, burst=burst)
        )
        bucket.fill_at(per_second=per_second, burst=burst)
        _let_in.keep((digest, address), bucket)
        wait = 0.0 if drawn else bucket.draw()
    if wait:
        raise _too_many(bucket, wait)


def refuse(digest: str, address: str) -> None:
    """The key is wrong, or may not come from here: the address draws a token, the key doesn't."""
    with _lock:
        _let_in.pop((digest, address), None)
        _stranger(address).draw()


def without_key(address: str) -> None:
    """A call that brings no key. Raises `Problem` 429."""
    with _lock:
        bucket = _stranger(address)
        wait = bucket.draw()
    if wait:
        raise _guessing(bucket, wait)


def forget() -> None:
    """Begin anew, with full buckets."""
    with _lock:
        for known in (_keys, _let_in, _strangers):
            known.clear()
    _live.forget()


def _stranger(address: str) -> Bucket:
    name, per_second = _network(address), settings.API_WRONG_KEYS_PER_SECOND
    return _strangers.seen(name) or _strangers.keep(
        name,
        Bucket(
            f"strangers at {address}",
            per_second=per_second,
            burst=per_second * STRANGERS_BURST_SECONDS,
        ),
    )


def _network(address: str) -> object:
    """What counts as one place: an address of IPv4, a net of 64 bits of IPv6 (one has it whole)."""
    if ":" not in address:
        return address
    try:
        at = ip_address(address)
    except ValueError:
        return address
    if not isinstance(at, IPv6Address):
        return address
    return str(at.ipv4_mapped) if at.ipv4_mapped else int(at) >> 64


def _too_many(bucket: Bucket, wait: float) -> Problem:
    bucket.tell()
    detail = "More calls than this key may make in this time; go on after Retry-After seconds."
    return Problem(code="throttled", status=429, detail=detail, retry_after=math.ceil(wait))


def _guessing(bucket: Bucket, wait: float) -> Problem:
    bucket.tell()
    detail = "Too many calls without a right API key from your address; check the key."
    return Problem(code="throttled", status=429, detail=detail, retry_after=math.ceil(wait))
