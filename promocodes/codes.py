"""The words themselves (pure): how a typed code is read, what a pattern can make (engine.md 10).

A pattern is text in which each `#` stands for one of 32 symbols without look-alikes.
"""

import re
import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
BITS_PER_SYMBOL = 5
PLACE = "#"
MAX_LENGTH = 64
MIN_LENGTH = 1
_SHOWN = 100  # characters of what was typed, in a refusal
# A bearer code must stand against guessing for ever; a personal one works for one person only.
BEARER_PATTERN = PLACE * 12
PERSONAL_PATTERN = PLACE * 8
# So many words must be possible for each code that is made: a guess hits one time in a hundred
# at most, and making the last code of a batch is as quick as the first.
ROOM = 100

# Each of the 256 bytes stands for one of the 32 symbols, each symbol for eight bytes.
_SYMBOLS = (ALPHABET * 8).encode("ascii")
_SHAPE = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?")
_DASHES = re.compile("[\u2010-\u2015\u2212\u2e3a\u2e3b\u301c\ufe58]")


class CodeUnfit(ValueError):
    """The text can't be a promo code."""

    code = "code_unfit"

    def __init__(self, text: str) -> None:
        word = text[:_SHOWN]
        super().__init__(
            f"{word!r} can't be a code: use {MIN_LENGTH} to {MAX_LENGTH} letters and digits,"
            " with - _ . between them."
        )
        self.extra = {"word": word}


class PatternUnfit(ValueError):
    """The pattern can't make codes: malformed, or room for too few.

    `room`: how many codes it has room for; 0 for what is no pattern.
    """

    code = "pattern_unfit"

    def __init__(self, pattern: str, *, count: int, room: int = 0) -> None:
        shown = pattern[:_SHOWN]
        super().__init__(
            f"{shown!r} has room for {room} codes, not for {count}: use more {PLACE}, such as"
            f" {roomy(pattern, count=count)}."
            if room or _is_shaped(pattern)
            else f"{shown!r} can't be a pattern: use letters, digits and {PLACE}, each of which"
            f" becomes a random symbol, with - _ . between them; {MAX_LENGTH} in all."
        )
        self.extra = {"room": room}


def normalise(text: str) -> str:
    """What a typed text is looked up by: one form for case, width, dashes and stray spaces."""
    if text.isascii() and text.isalnum():  # nearly all are; a file may hold a million
        return text.upper()
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    kept = (char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", "".join(kept).upper())


def groups(code: str) -> list[str]:
    """A code as the eye reads it: a random one in fours, a chosen word whole."""
    is_random = len(code) == len(BEARER_PATTERN) and "-" not in code
    return [code[i : i + 4] for i in range(0, len(code), 4)] if is_random else [code]


def chosen(text: str) -> str:
    """A code that a person chose, normalised.

    Raises `CodeUnfit` unless it has 1 to 64 letters and digits, with `-`, `_`, `.` between them.
    """
    code = normalise(text)
    if not MIN_LENGTH <= len(code) <= MAX_LENGTH or not _SHAPE.fullmatch(code):
        raise CodeUnfit(text)
    return code


def key_space(pattern: str) -> int:
    """How many different codes a pattern can make."""
    return 1 << BITS_PER_SYMBOL * pattern.count(PLACE)


def check_pattern(pattern: str, *, count: int) -> str:
    """The normalised pattern if it can make `count` codes that aren't easily guessed.

    Raises `PatternUnfit` (engine.md 10: before work starts).
    """
    pattern = normalise(pattern)
    if not _is_shaped(pattern):
        raise PatternUnfit(pattern, count=count)
    if (space := key_space(pattern)) < count * ROOM:
        raise PatternUnfit(pattern, count=count, room=space // ROOM)
    return pattern


def _is_shaped(pattern: str) -> bool:
    sample = pattern.replace(PLACE, ALPHABET[0])
    return MIN_LENGTH <= len(sample) <= MAX_LENGTH and bool(_SHAPE.fullmatch(sample))


def roomy(pattern: str, *, count: int) -> str:
    """The pattern as it would have room for so many codes: with as many places as that takes."""
    places = -(-(count * ROOM - 1).bit_length() // BITS_PER_SYMBOL)
    kept = [char for char in normalise(pattern) if char in ALPHABET]
    fixed = "".join(kept[: MAX_LENGTH - places - 1])
    return f"{fixed}-{PLACE * places}" if fixed else PLACE * places


def make(pattern: str) -> str:
    """A random code by the pattern, from the system's secure source."""
    return make_many(pattern, count=1)[0]


def make_many(pattern: str, *, count: int) -> list[str]:
    """So many random codes by the pattern; among many, some may be equal."""
    parts = pattern.split(PLACE)
    places = len(parts) - 1
    symbols = secrets.token_bytes(places * count).translate(_SYMBOLS).decode("ascii")
    template = "%s".join(part.replace("%", "%%") for part in parts)
    return [
        template % tuple(symbols[start : start + places])
        for start in range(0, places * count, places)
    ]
