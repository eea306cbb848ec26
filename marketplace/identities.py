"""What tells people apart, as prints: the same person gives the same print, no print gives a name.

`print_of` hashes with a key of its own for each kind (engine.md 3), so an e-mail's print can't be
compared with a phone's. Pure but for the secret of the installation.
"""

import re
import unicodedata
from collections.abc import Mapping

from django.utils.crypto import salted_hmac

LEAST_DIGITS = 5  # with fewer it is no phone but something like "0", which everybody has
KINDS = ("email", "phone", "payment", "device")
# Providers that ignore dots before the @.
_DOTLESS = {"gmail.com"}
_SAME_DOMAIN = {
    "googlemail.com": "gmail.com",
    "ya.ru": "yandex.ru",
    "yandex.com": "yandex.ru",
    "yandex.by": "yandex.ru",
    "yandex.kz": "yandex.ru",
}


def canonical_email(email: str) -> str:
    """The mailbox behind the address: lower case, no `+tag`, providers' aliases folded."""
    text = unicodedata.normalize("NFKC", email).strip().casefold()
    name, at, domain = text.rpartition("@")
    if not at:
        return text
    domain = _SAME_DOMAIN.get(domain, domain)
    name = name.partition("+")[0] or name
    if domain in _DOTLESS:
        name = name.replace(".", "")
    elif domain == "yandex.ru":
        name = name.replace(".", "-")
    return f"{name}@{domain}"


def canonical_phone(phone: str) -> str:
    """Digits only; 00 in front is +, a Russian 8 in front of ten digits is +7."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone)).removeprefix("00")
    if len(digits) == 11 and digits.startswith("8"):
        return "7" + digits[1:]
    return digits


def print_of(kind: str, value: str) -> str:
    """`kind:` and the hash of the canonical value, or an empty text when it tells nobody apart."""
    if kind == "email":
        value = canonical_email(value)
    elif kind == "phone":
        value = canonical_phone(value)
        if len(value) < LEAST_DIGITS:
            return ""
    else:
        value = value.strip()
    if not value:
        return ""
    hashed = salted_hmac(f"sarafan.identity.{kind}", value, algorithm="sha256")
    return f"{kind}:{hashed.hexdigest()}"


def prints_of(shopper: Mapping[str, str | None]) -> list[str]:
    """Prints of what a shopper `{ref, email, phone, device, payment}` tells, sorted."""
    found = {print_of(kind, shopper.get(kind) or "") for kind in KINDS}
    return sorted(found - {""})
