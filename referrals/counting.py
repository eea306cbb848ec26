"""Which visit counts: the rules of rounds.md, in their order (pure).

`judge` takes the facts of one confirmed visit and the round's policy. The first rule that has
something to say decides; when none has, the visit counts. An uncertain visit waits, and the
verdict names the step that would count it; nothing is dropped without a reason.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from referrals.models import Visit
from referrals.models.policy import NEW, SIGNED_IN, Policy

Outcome = Visit.Outcome
Reason = Visit.Reason


class RoundTime(StrEnum):
    """Where the visit's instant lies in the round."""

    NOT_STARTED = "not_started"
    OPEN = "open"
    ENDED = "ended"


class Step(StrEnum):
    """What would count a waiting visit."""

    SIGN_IN = "sign_in"
    REVIEW = "review"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a visit when it is judged; counts are of the inviter's round."""

    round_time: RoundTime = RoundTime.OPEN
    link_revoked: bool = False
    is_inviter: bool = False
    already_counted: bool = False
    # the counted visit is by another device of the same person
    counted_on_other_device: bool = False
    # other inviters of this round for whom this friend counts
    inviters: int = 0
    signed_in: bool = False
    # no paid order before the round opened; None: can't be known without a sign-in
    is_new: bool | None = None
    # anonymous friends who count today from the same network hint
    same_network_today: int = 0
    # friends who count since ten minutes ago
    in_ten_minutes: int = 0
    looks_automated: bool = False
    known_previewer: bool = False
    # people who all invited each other, if this visit counted; 0: no ring
    ring: int = 0
    # ops or the deadline have closed the review of the ring
    reviewed: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a visit, why, what would count it, and the facts that were used."""

    outcome: Visit.Outcome
    reason: Visit.Reason
    step: Step | None
    facts: dict[str, Any]


Rule = Callable[[Facts, Policy], Visit.Reason | None]


def judge(facts: Facts, policy: Policy) -> Verdict:
    """The verdict on one visit: the first rule that objects decides (rounds.md, Rules)."""
    reason = next((found for rule in RULES if (found := rule(facts, policy))), Reason.COUNTED)
    outcome = _outcome(reason)
    step = None
    if outcome == Outcome.WAITING:
        step = Step.REVIEW if reason == Reason.RING_REVIEW else Step.SIGN_IN
    return Verdict(outcome=outcome, reason=reason, step=step, facts=asdict(facts))


def on_other_device(facts: Facts) -> Facts:
    """The same facts, where the visit that counts already was by the person's other device."""
    return replace(facts, counted_on_other_device=True)


def refused_in_review(facts: Facts) -> Verdict:
    """The verdict of a person at operations who looked at a closed ring and refused the visit."""
    return Verdict(
        outcome=Outcome.NOT_COUNTED, reason=Reason.RING_REVIEW, step=None, facts=asdict(facts)
    )


def _outcome(reason: Visit.Reason) -> Visit.Outcome:
    if reason == Reason.COUNTED:
        return Outcome.COUNTED
    return Outcome.WAITING if reason in WAITING else Outcome.NOT_COUNTED


def _round_open(facts: Facts, policy: Policy) -> Visit.Reason | None:
    if facts.round_time == RoundTime.NOT_STARTED:
        return Reason.ROUND_NOT_STARTED
    return Reason.ROUND_ENDED if facts.round_time == RoundTime.ENDED else None


def _link_valid(facts: Facts, policy: Policy) -> Visit.Reason | None:
    return Reason.LINK_REVOKED if facts.link_revoked else None


def _not_the_inviter(facts: Facts, policy: Policy) -> Visit.Reason | None:
    return Reason.OWN_LINK if facts.is_inviter else None


def _once(facts: Facts, policy: Policy) -> Visit.Reason | None:
    if not facts.already_counted:
        return None
    return Reason.MERGED_DEVICE if facts.counted_on_other_device else Reason.ALREADY_COUNTED


def _few_inviters(facts: Facts, policy: Policy) -> Visit.Reason | None:
    most = policy.max_inviters_per_friend
    return Reason.LIMIT_PER_FRIEND if most is not None and facts.inviters >= most else None


def _audience(facts: Facts, policy: Policy) -> Visit.Reason | None:
    if policy.audience not in {NEW, SIGNED_IN}:
        return None
    if not facts.signed_in:
        return Reason.NEED_SIGN_IN
    return Reason.NEED_NEW_USER if policy.audience == NEW and facts.is_new is False else None


def _network(facts: Facts, policy: Policy) -> Visit.Reason | None:
    most = policy.network_per_day
    over = most is not None and facts.same_network_today >= most
    return Reason.NETWORK_CEILING if over and not facts.signed_in else None


def _burst(facts: Facts, policy: Policy) -> Visit.Reason | None:
    over = policy.burst is not None and facts.in_ten_minutes >= policy.burst
    return Reason.TOO_FAST if over and not facts.signed_in else None


def _automation(facts: Facts, policy: Policy) -> Visit.Reason | None:
    # A program is told from a person by an account; by its agent it can only be suspected.
    if facts.signed_in:
        return None
    if facts.known_previewer:  # never counts by itself, whatever the policy says
        return Reason.PREVIEW_ONLY
    return Reason.AUTOMATED if facts.looks_automated and policy.automation_waits else None


def _ring(facts: Facts, policy: Policy) -> Visit.Reason | None:
    closed = policy.ring_size is not None and facts.ring >= policy.ring_size
    return Reason.RING_REVIEW if closed and not facts.reviewed else None


RULES: tuple[Rule, ...] = (
    _round_open,
    _link_valid,
    _not_the_inviter,
    _once,
    _few_inviters,
    _audience,
    _network,
    _burst,
    _automation,
    _ring,
)
WAITING = frozenset(
    {
        Reason.NEED_SIGN_IN,
        Reason.NETWORK_CEILING,
        Reason.TOO_FAST,
        Reason.AUTOMATED,
        Reason.PREVIEW_ONLY,
        Reason.RING_REVIEW,
    }
)
