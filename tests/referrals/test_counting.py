"""Which visit counts: every rule, their order, and all combinations of them (rounds.md)."""

from dataclasses import asdict, replace
from itertools import combinations, product

import pytest

from referrals.counting import (
    RULES,
    Facts,
    Outcome,
    Reason,
    RoundTime,
    Step,
    judge,
    on_other_device,
    refused_in_review,
)
from referrals.models import Visit
from referrals.models.policy import ANYONE, NEW, SIGNED_IN, Policy

USUAL = Policy()
# A fact that makes each rule object under the strictest policy, in the order of rounds.md.
STRICT = Policy(audience=NEW)
OBJECTIONS = [
    ({"round_time": RoundTime.ENDED}, Reason.ROUND_ENDED, Outcome.NOT_COUNTED),
    ({"link_revoked": True}, Reason.LINK_REVOKED, Outcome.NOT_COUNTED),
    ({"is_inviter": True}, Reason.OWN_LINK, Outcome.NOT_COUNTED),
    ({"already_counted": True}, Reason.ALREADY_COUNTED, Outcome.NOT_COUNTED),
    ({"inviters": 3}, Reason.LIMIT_PER_FRIEND, Outcome.NOT_COUNTED),
    ({"is_new": False}, Reason.NEED_NEW_USER, Outcome.NOT_COUNTED),
    ({"ring": 4}, Reason.RING_REVIEW, Outcome.WAITING),
]
ANONYMOUS_OBJECTIONS = [
    *OBJECTIONS[:5],
    ({"same_network_today": 5}, Reason.NETWORK_CEILING, Outcome.WAITING),
    ({"in_ten_minutes": 20}, Reason.TOO_FAST, Outcome.WAITING),
    ({"known_previewer": True}, Reason.PREVIEW_ONLY, Outcome.WAITING),
    ({"looks_automated": True}, Reason.AUTOMATED, Outcome.WAITING),
    ({"ring": 4}, Reason.RING_REVIEW, Outcome.WAITING),
]


def test_a_friend_who_follows_the_link_counts() -> None:
    verdict = judge(Facts(), USUAL)
    assert (verdict.outcome, verdict.reason, verdict.step) == ("counted", "counted", None)


@pytest.mark.parametrize("number", range(len(OBJECTIONS) + 1))
@pytest.mark.parametrize("signed", [True])
def test_the_first_objection_decides_for_an_account(number: int, signed: bool) -> None:
    for chosen in combinations(OBJECTIONS, number):
        facts = Facts(signed_in=signed)
        for change, _, _ in chosen:
            facts = replace(facts, **change)
        verdict = judge(facts, STRICT)
        expected = chosen[0][1:] if chosen else (Reason.COUNTED, Outcome.COUNTED)
        assert (verdict.reason, verdict.outcome) == expected, facts


@pytest.mark.parametrize("number", range(len(ANONYMOUS_OBJECTIONS) + 1))
def test_the_first_objection_decides_for_an_anonymous_friend(number: int) -> None:
    for chosen in combinations(ANONYMOUS_OBJECTIONS, number):
        facts = Facts()
        for change, _, _ in chosen:
            facts = replace(facts, **change)
        verdict = judge(facts, USUAL)
        expected = chosen[0][1:] if chosen else (Reason.COUNTED, Outcome.COUNTED)
        assert (verdict.reason, verdict.outcome) == expected, facts


@pytest.mark.parametrize("inviters", range(6))
@pytest.mark.parametrize("most", [1, 2, 3, 5, None])
def test_a_friend_counts_for_at_most_k_inviters(inviters: int, most: int | None) -> None:
    verdict = judge(Facts(inviters=inviters), Policy(max_inviters_per_friend=most))
    refused = most is not None and inviters >= most
    assert verdict.reason == (Reason.LIMIT_PER_FRIEND if refused else Reason.COUNTED)


@pytest.mark.parametrize(
    ("audience", "signed_in", "is_new", "reason"),
    [
        (ANYONE, False, None, Reason.COUNTED),
        (ANYONE, False, False, Reason.COUNTED),
        (ANYONE, True, False, Reason.COUNTED),
        (ANYONE, True, True, Reason.COUNTED),
        (SIGNED_IN, False, None, Reason.NEED_SIGN_IN),
        (SIGNED_IN, True, False, Reason.COUNTED),
        (SIGNED_IN, True, True, Reason.COUNTED),
        (NEW, False, None, Reason.NEED_SIGN_IN),
        (NEW, True, False, Reason.NEED_NEW_USER),
        (NEW, True, True, Reason.COUNTED),
    ],
)
def test_the_audience_of_the_round(
    audience: str, signed_in: bool, is_new: bool | None, reason: str
) -> None:
    facts = Facts(signed_in=signed_in, is_new=is_new)
    assert judge(facts, Policy(audience=audience)).reason == reason


@pytest.mark.parametrize("same", range(8))
@pytest.mark.parametrize("most", [1, 5, 7, None])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_network_is_only_a_ceiling_for_the_anonymous(
    same: int, most: int | None, signed_in: bool
) -> None:
    facts = Facts(same_network_today=same, signed_in=signed_in)
    verdict = judge(facts, Policy(network_per_day=most))
    waits = most is not None and same >= most and not signed_in
    assert verdict.reason == (Reason.NETWORK_CEILING if waits else Reason.COUNTED)
    assert verdict.outcome == (Outcome.WAITING if waits else Outcome.COUNTED)


@pytest.mark.parametrize("recent", [0, 19, 20, 21, 500])
@pytest.mark.parametrize("most", [20, None])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_burst_makes_further_anonymous_friends_wait(
    recent: int, most: int | None, signed_in: bool
) -> None:
    verdict = judge(Facts(in_ten_minutes=recent, signed_in=signed_in), Policy(burst=most))
    waits = most is not None and recent >= most and not signed_in
    assert verdict.reason == (Reason.TOO_FAST if waits else Reason.COUNTED)


@pytest.mark.parametrize(
    ("automated", "previewer", "signed_in", "waits"), list(product([False, True], repeat=4))
)
def test_automation_waits_and_a_previewer_never_counts_by_itself(
    automated: bool, previewer: bool, signed_in: bool, waits: bool
) -> None:
    facts = Facts(looks_automated=automated, known_previewer=previewer, signed_in=signed_in)
    verdict = judge(facts, Policy(automation_waits=waits))
    if signed_in:
        assert verdict.outcome == Outcome.COUNTED
    elif previewer:
        assert verdict.reason == Reason.PREVIEW_ONLY
    elif automated and waits:
        assert verdict.reason == Reason.AUTOMATED
    else:
        assert verdict.outcome == Outcome.COUNTED


@pytest.mark.parametrize("ring", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [3, 4, 5, None])
@pytest.mark.parametrize("reviewed", [False, True])
def test_a_closed_ring_opens_a_review_and_no_ban(
    ring: int, size: int | None, reviewed: bool
) -> None:
    facts = Facts(ring=ring, signed_in=True, reviewed=reviewed)
    verdict = judge(facts, Policy(ring_size=size))
    if size is not None and ring >= size and not reviewed:
        assert (verdict.outcome, verdict.step) == (Outcome.WAITING, Step.REVIEW)
    else:
        assert verdict.outcome == Outcome.COUNTED


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (RoundTime.NOT_STARTED, Reason.ROUND_NOT_STARTED),
        (RoundTime.OPEN, Reason.COUNTED),
        (RoundTime.ENDED, Reason.ROUND_ENDED),
    ],
)
def test_only_an_open_round_counts(time: RoundTime, reason: str) -> None:
    assert judge(Facts(round_time=time), USUAL).reason == reason


def test_a_second_device_of_a_counted_friend_is_called_by_its_name() -> None:
    facts = on_other_device(Facts(already_counted=True, signed_in=True))
    assert judge(facts, USUAL).reason == Reason.MERGED_DEVICE


def test_a_refusal_in_review_keeps_its_reason() -> None:
    verdict = refused_in_review(Facts(ring=4, signed_in=True))
    assert (verdict.outcome, verdict.reason, verdict.step) == ("not_counted", "ring_review", None)


def test_every_waiting_visit_names_the_step_that_would_count_it() -> None:
    flags = ("link_revoked", "is_inviter", "already_counted", "looks_automated", "known_previewer")
    numbers = product((0, 3), (0, 5), (0, 20), (0, 4))
    for inviters, network, recent, ring in numbers:
        for values in product([False, True], repeat=len(flags)):
            for signed_in, audience in product([False, True], [ANYONE, NEW, SIGNED_IN]):
                facts = Facts(
                    inviters=inviters,
                    same_network_today=network,
                    in_ten_minutes=recent,
                    ring=ring,
                    signed_in=signed_in,
                    **dict(zip(flags, values, strict=True)),
                )
                verdict = judge(facts, Policy(audience=audience))
                assert (verdict.step is not None) == (verdict.outcome == Outcome.WAITING)
                assert (verdict.reason == Reason.COUNTED) == (verdict.outcome == Outcome.COUNTED)
                assert verdict.facts == asdict(facts)
                if verdict.step == Step.SIGN_IN:
                    signed = replace(facts, signed_in=True)
                    assert judge(signed, Policy(audience=audience)).step != Step.SIGN_IN


def test_the_list_of_reasons_is_closed() -> None:
    assert set(Visit.Reason.values) == {
        "counted",
        "own_link",
        "already_counted",
        "limit_per_friend",
        "round_not_started",
        "round_ended",
        "link_revoked",
        "need_sign_in",
        "need_new_user",
        "network_ceiling",
        "too_fast",
        "automated",
        "preview_only",
        "ring_review",
        "merged_device",
        "technical",
    }
    assert len(RULES) == 10
