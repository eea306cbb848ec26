"""The arithmetic of commissions (pure; money.md, Commission). Integers in minor units.

Everything is a cumulative function of money: what a part of the base is worth. What is owed after
a return is the worth of what came back less what was already taken back, so no chain of part
returns drifts, and a full return ends at exactly zero.
"""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.money import BASIS, percent_of


class Side(StrEnum):
    """Whose part of a commission; the same words as `Commission.Side`."""

    WHOLE = "whole"
    INFLUENCER = "influencer"
    AGENCY = "agency"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How a commission is worked out: a percent of the base, or a fee for the whole of it."""

    side: Side = Side.WHOLE
    rate_bp: int = 0
    fee_minor: int = 0
    share_bp: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.rate_bp <= BASIS and 0 <= self.share_bp <= BASIS):
            raise ValueError("a rate lies between nothing and the whole")
        if self.fee_minor < 0 or (self.fee_minor and self.rate_bp):
            raise ValueError("either a rate or a fee")


def earned_minor(rate: Rate, base_minor: int) -> int:
    """What this side earns on a base: rate × base rounded half-up once, or the fee.

    The agency's part is rounded down, the influencer has the rest (money.md, agency split).
    Nothing is earned on what cost nothing.
    """
    fee_minor = rate.fee_minor if base_minor else 0
    whole = fee_minor or percent_of(base_minor, rate.rate_bp)
    return _part(rate, whole)


def worth_minor(rate: Rate, base_minor: int, returned_minor: int) -> int:
    """What `returned_minor` of the base was worth to this side, 0 up to all that it earned.

    A fee is for a use: it is owed until everything has come back.
    """
    if not 0 <= returned_minor <= base_minor:
        raise ValueError("no more comes back than was bought")
    if rate.fee_minor:
        everything = returned_minor == base_minor
        return _part(rate, rate.fee_minor if everything else 0)
    return _part(rate, percent_of(returned_minor, rate.rate_bp))


def correction_minor(
    rate: Rate, *, base_minor: int, returned_minor: int, already_reversed_minor: int
) -> int:
    """What is still to be taken back when `returned_minor` of the base has come back in all.

    Below zero when the shop takes a return or a cancellation back: so much is restored.
    """
    return worth_minor(rate, base_minor, returned_minor) - already_reversed_minor


def withheld_minor(amount_minor: int, tax_bp: int) -> int:
    """Tax on a withdrawal, rounded half-up once."""
    return percent_of(amount_minor, tax_bp)


def _part(rate: Rate, whole_minor: int) -> int:
    agency = whole_minor * rate.share_bp // BASIS
    match rate.side:
        case Side.AGENCY:
            return agency
        case Side.INFLUENCER:
            return whole_minor - agency
        case Side.WHOLE:
            return whole_minor
