"""Ids that leave the house (pure)."""

import os
import secrets
import time
import uuid

# Of 16 random bits' first digit, what RFC 9562 leaves free: its lower half.
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def uuid7() -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7).

    48 bits of Unix milliseconds, 12 bits of what is left of one (its method 3: ids that are made
    one after another sort so), 62 random bits.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | rest * 4096 // 1_000_000 << 64
    return uuid.UUID(int=value | 0x2 << 62 | int.from_bytes(os.urandom(8), "big") >> 2)


def uuid7_texts(count: int) -> list[str]:
    """So many of them at once, as text, the lowest first: for rows by the thousand."""
    at = f"{time.time_ns() // 1_000_000:012x}"
    head = f"{at[:8]}-{at[8:]}-7"
    noise = os.urandom(10 * count).hex()
    return sorted(
        f"{head}{part[:3]}-{_VARIANT[part[3]]}{part[4:7]}-{part[7:19]}"
        for part in (noise[start : start + 20] for start in range(0, 20 * count, 20))
    )


def token(*, bits: int = 128) -> str:
    """A random URL-safe word with at least `bits` of entropy."""
    return secrets.token_urlsafe((bits + 7) // 8)
