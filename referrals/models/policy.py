"""The visit rules of a round: each on or off, each with its number (rounds.md, Rules)."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

ANYONE = "anyone"
NEW = "new"
SIGNED_IN = "signed_in"
AUDIENCES = (ANYONE, NEW, SIGNED_IN)
# Numbers which a rule may not do without; every other number may be None: the rule is off.
ALWAYS = ("review_hours", "min_account_hours")


class PolicyError(ValueError):
    """A policy names an unknown rule or an impossible number."""

    code = "policy"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What counts in a round. A number of None switches its rule off."""

    max_inviters_per_friend: int | None = 3
    audience: str = ANYONE
    # anonymous friends that count per inviter, network hint and day
    network_per_day: int | None = 5
    # friends that count per inviter in ten minutes before further anonymous ones wait
    burst: int | None = 20
    automation_waits: bool = True
    # friends who all invited each other, the visitor and the inviter among them
    ring_size: int | None = 4
    review_hours: int = 72
    # how old an account must be to join
    min_account_hours: int = 0
    # a script may confirm after the page was seen and touched
    confirms_by_gesture: bool = False

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From what a JSON column holds; absent rules take their usual values.

        Raises `PolicyError`.
        """
        if not isinstance(value, dict):
            raise PolicyError("the policy must be an object")
        known = {field.name: field.default for field in fields(cls)}
        for name, given in value.items():
            if name not in known:
                raise PolicyError(f"unknown rule: {name}")
            _check(name, given, known[name])
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """Every rule written out, so that a stored copy depends on no usual value."""
        return asdict(self)


def _check(name: str, given: object, usual: object) -> None:
    if name == "audience":
        fits = given in AUDIENCES
    elif isinstance(usual, bool):
        fits = isinstance(given, bool)
    elif given is None:
        fits = name not in ALWAYS
    else:
        lowest = 0 if name in ALWAYS else 2 if name == "ring_size" else 1
        fits = type(given) is int and lowest <= given <= 10_000
    if not fits:
        raise PolicyError(f"{name} can't be {given!r}")
