"""Operations' verbs: what they refuse leaves everything as it was, what they do is audited."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace import clock
from marketplace.models import AuditEntry, User
from referrals import planning, rounds
from referrals.models import Campaign, Round
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def ops() -> User:
    return make.shopper(is_staff=True)


@pytest.fixture
def round_() -> Round:
    return make.open_round()


def unchanged(round_: Round) -> dict[str, Any]:
    return Round.objects.filter(pk=round_.pk).values().get()


def test_the_known_example_is_what_a_series_starts_with() -> None:
    campaign = make.campaign()
    assert (campaign.threshold, campaign.amount_minor, campaign.min_order_minor) == (
        10,
        39_900,
        40_000,
    )
    assert campaign.rounds.get().state == Round.State.SCHEDULED


@pytest.mark.parametrize(
    "template",
    [
        {"amount_minor": None},
        {"amount_minor": 0},
        {"amount_minor": 1, "percent_bp": 1, "discount_type": "percent"},
        {"min_order_minor": -1},
        {"threshold": 0},
        {"length": timedelta(0)},
        {"pause": timedelta(seconds=-1)},
    ],
)
def test_impossible_terms_start_nothing(template: dict[str, Any]) -> None:
    terms = make.OK_13 | {"name": "x", "length": DAY, "pause": DAY} | template
    with pytest.raises(planning.TermsImpossible):
        planning.start_series(first_opens_at=clock.now(), actor="test", **terms)
    assert not Campaign.objects.exists()
    assert not Round.objects.exists()


def test_an_unknown_rule_starts_nothing() -> None:
    with pytest.raises(ValueError, match="unknown rule"):
        make.campaign(policy={"astrology": True})
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 11},
        {"amount_minor": 39_899},
        {"min_order_minor": 40_001},
        {"policy": {"network_per_day": 4}},
        {"currency": "KZT"},
    ],
)
def test_worse_terms_are_refused_once_somebody_joined(
    round_: Round, ops: User, changes: dict[str, Any]
) -> None:
    make.participant(round_)
    before = unchanged(round_)
    with pytest.raises(planning.TermsFrozen):
        planning.amend(round_id=round_.pk, changes=changes, actor=ops, reason="no")
    assert unchanged(round_) == before
    assert not AuditEntry.objects.filter(verb="round.amend").exists()


def test_better_terms_are_a_new_version_for_everybody(round_: Round, ops: User) -> None:
    make.participant(round_)
    planning.amend(
        round_id=round_.pk,
        changes={"amount_minor": 50_000, "min_order_minor": 0, "policy": {"burst": None}},
        actor=ops,
        reason="generous",
    )
    round_.refresh_from_db()
    assert (round_.terms_version, round_.amount_minor) == (2, 50_000)
    assert round_.rules.burst is None
    assert round_.promotion is not None
    assert round_.promotion.terms.amount_minor == 50_000
    assert round_.promotion.terms.min_spend_minor == 0
    entry = AuditEntry.objects.get(verb="round.amend")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["amount_minor"], entry.after["amount_minor"]) == (39_900, 50_000)


@pytest.mark.parametrize("by", [timedelta(0), -DAY])
def test_a_round_is_only_extended_to_later(round_: Round, ops: User, by: timedelta) -> None:
    before = unchanged(round_)
    with pytest.raises(planning.NotLater):
        planning.extend(round_id=round_.pk, closes_at=round_.closes_at + by, actor=ops, reason="no")
    assert unchanged(round_) == before


def test_rounds_that_would_overlap_are_refused(round_: Round, ops: User) -> None:
    window = {"opens_at": round_.closes_at - DAY, "closes_at": round_.closes_at + DAY}
    with pytest.raises(planning.RoundsOverlap):
        planning.plan(campaign_id=round_.campaign_id, actor=ops, **window)
    assert Round.objects.count() == 1


def test_what_is_over_moves_no_more(round_: Round, ops: User) -> None:
    rounds.drive_due(at=round_.closes_at)
    before = unchanged(round_)
    who = {"round_id": round_.pk, "actor": ops, "reason": "late"}
    for act in (
        lambda: planning.amend(changes={"threshold": 1}, **who),
        lambda: planning.extend(closes_at=round_.closes_at + DAY, **who),
        lambda: planning.skip(**who),
        lambda: planning.open_early(at=clock.now(), **who),
        lambda: planning.close_early(at=clock.now(), **who),
    ):
        with pytest.raises(rounds.RoundMoved):
            act()
    assert unchanged(round_) == before


def test_a_stopped_series_that_goes_on_plans_from_now(ops: User) -> None:
    campaign = make.campaign(opens_at=make.instant(1), is_running=False)
    rounds.drive_due(at=make.instant(20))
    at = make.instant(25)
    who = {"campaign_id": campaign.pk, "actor": ops, "reason": "again"}
    planning.set_running(is_running=True, at=at, **who)
    planning.set_running(is_running=True, at=at, **who)
    assert campaign.rounds.get(number=2).opens_at == at + campaign.pause
    assert AuditEntry.objects.filter(verb="campaign.go_on").count() == 1
