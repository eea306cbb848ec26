"""The signed one-time nonce of a friend's page (pure; rounds.md, A counted visit, 2).

The page that is shown writes nothing, so the nonce carries its own time and its link under our
signature. That it is used once is the visit's unique rule (`visit_nonce_used_once`).
"""

from datetime import UTC, datetime, timedelta

from django.core import signing

from marketplace.ids import token as random_word

YOUNGEST = timedelta(seconds=1)
OLDEST = timedelta(minutes=30)
_SALT = "referrals.nonce"


class NonceRefused(Exception):
    """The page that asks is not one that we showed in the last half hour, or not to a person."""

    code = "nonce"


class NonceForged(NonceRefused):
    """Not ours, damaged, or of another link."""

    code = "nonce_forged"


class NonceTooYoung(NonceRefused):
    """Pressed within a second of being shown."""

    code = "nonce_too_young"


class NonceTooOld(NonceRefused):
    """Shown more than half an hour ago."""

    code = "nonce_too_old"


def make(*, token: str, at: datetime) -> str:
    """A nonce for the page of the link `token`, shown at `at`."""
    milliseconds = int(at.timestamp() * 1000)
    return signing.Signer(salt=_SALT).sign(f"{token}.{milliseconds:x}.{random_word(bits=96)}")


def read(nonce: str, *, token: str, at: datetime) -> str:
    """The random word of a nonce that is valid at `at` for this link.

    Raises `NonceForged`, `NonceTooYoung` or `NonceTooOld`.
    """
    try:
        text = signing.Signer(salt=_SALT).unsign(nonce)
    except signing.BadSignature as error:
        raise NonceForged from error
    link, milliseconds, word = text.split(".")
    if link != token:
        raise NonceForged
    age = at - datetime.fromtimestamp(int(milliseconds, 16) / 1000, UTC)
    if age < YOUNGEST:
        raise NonceTooYoung
    if age > OLDEST:
        raise NonceTooOld
    return word
