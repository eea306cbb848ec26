"""Guessing codes is slow: misses are counted per source, in the database (engine.md 8).

A source is whoever the shop says is typing (each identity by itself), the API client and its
address. The count moves in one statement whose result decides, so forty guesses at once are counted
as forty; it survives the loss of any cache. It is written after the answer's own transaction ended,
whatever became of that. What counts is the last ten minutes, told in steps of two.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from promocodes.models import MissCount

# Misses that a shopper may have in so many minutes; clients and addresses: see the settings.
PER_SHOPPER = 20
WINDOW_MINUTES = 10
STEP_MINUTES = 2
KEPT_HOURS = 24

_COUNT = """
INSERT INTO promocodes_misscount AS m (source, since, misses)
SELECT source, date_bin(
    make_interval(mins => %(step)s), clock_timestamp(), TIMESTAMPTZ '2000-01-01 00:00Z'
), %(misses)s
FROM unnest(%(keys)s::bytea[]) AS one(source) ORDER BY source
ON CONFLICT (source, since) DO UPDATE SET misses = m.misses + excluded.misses
RETURNING source, misses + COALESCE((
    SELECT sum(b.misses) FROM promocodes_misscount b
    WHERE b.source = m.source AND b.since < m.since
        AND b.since > clock_timestamp() - make_interval(mins => %(window)s)
), 0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Through which door a cart came: the API client, its address, and its store if bound to one.

    A page of ours that asks for a signed-in shopper has neither client nor address.
    """

    client_id: int | None = None
    address: str = ""
    store_id: int | None = None


def keys_of(source: Source, persons: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """Every key under which a miss counts, with its limit, in one order everywhere."""
    keys = [(person, PER_SHOPPER) for person in persons]
    if source.client_id is not None:
        keys.append((_key(f"client:{source.client_id}"), settings.GUESSES_PER_CLIENT))
    if source.address:
        keys.append((_key(f"address:{source.address}"), settings.GUESSES_PER_ADDRESS))
    return sorted(keys)


def count(source: Source, persons: Sequence[bytes], *, misses: int) -> bool:
    """Count wrong codes; whether a source has had more than its misses with these.

    Inner verb: call it when no other transaction is open, or the count goes with it.
    """
    limits = dict(keys_of(source, persons))
    if not limits:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "keys": sorted(limits),
                "misses": misses,
                "step": STEP_MINUTES,
                "window": WINDOW_MINUTES,
            },
        )
        return any(total > limits[bytes(key)] for key, total in cursor.fetchall())


def forget_old() -> int:
    """Delete counts of windows long past; how many rows."""
    cutoff = Now() - timedelta(hours=KEPT_HOURS)
    return MissCount.objects.filter(since__lt=cutoff).delete()[0]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]
