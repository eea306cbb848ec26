"""The series: boundaries driven one after another, days of downtime, frozen terms."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from marketplace.models import AuditEntry
from promocodes.models import Promotion
from referrals import rounds
from referrals.models import Campaign, Round
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def states(campaign: Campaign) -> list[tuple[int, str]]:
    return list(campaign.rounds.order_by("number").values_list("number", "state"))


@pytest.fixture
def campaign() -> Campaign:
    return make.campaign(opens_at=make.instant(1))


def test_a_round_opens_closes_and_is_followed(campaign: Campaign) -> None:
    first = campaign.rounds.get()
    assert rounds.drive_due(at=first.opens_at - timedelta(seconds=1)) == 0
    assert rounds.drive_due(at=first.opens_at) == 1
    assert states(campaign) == [(1, "open")]
    assert rounds.drive_due(at=first.closes_at - timedelta(seconds=1)) == 0
    assert rounds.drive_due(at=first.closes_at) == 1
    assert states(campaign) == [(1, "closed"), (2, "scheduled")]
    second = campaign.rounds.get(number=2)
    assert second.opens_at == first.closes_at + campaign.pause
    assert second.closes_at == second.opens_at + campaign.length
    assert rounds.drive_due(at=first.closes_at) == 0


def test_each_round_is_a_promotion_in_its_window(campaign: Campaign) -> None:
    rounds.drive_due(at=make.instant(1))
    round_ = campaign.rounds.get()
    promotion = round_.promotion
    assert promotion is not None
    assert promotion.kind == Promotion.Kind.REFERRAL
    assert (promotion.terms.amount_minor, promotion.terms.min_spend_minor) == (39_900, 40_000)
    assert promotion.terms.starts_at == round_.opens_at
    assert promotion.terms.ends_at == round_.closes_at
    assert promotion.currency == "RUB"
    assert promotion.state(round_.opens_at) == Promotion.State.LIVE
    assert promotion.state(round_.closes_at) == Promotion.State.ENDED


def test_downtime_over_several_rounds_is_replayed_in_order(campaign: Campaign) -> None:
    length = campaign.length + campaign.pause
    late = make.instant(1) + 3 * length + DAY
    assert rounds.drive_due(at=late) == 7
    assert states(campaign) == [(1, "closed"), (2, "closed"), (3, "closed"), (4, "open")]
    opened = [r.opens_at for r in campaign.rounds.order_by("number")]
    assert opened == [make.instant(1) + n * length for n in range(4)]
    assert rounds.drive_due(at=late) == 0
    moves = AuditEntry.objects.filter(verb__in=["round.open", "round.close"]).order_by("id")
    assert [entry.verb for entry in moves] == ["round.open", "round.close"] * 3 + ["round.open"]
    boundaries = [entry.after["at"] for entry in moves if entry.after]
    assert boundaries == sorted(boundaries)


def test_closing_again_changes_nothing(campaign: Campaign) -> None:
    first = campaign.rounds.get()
    rounds.drive_due(at=first.closes_at)
    before = list(Round.objects.order_by("number").values())
    for _ in range(3):
        assert rounds.drive_due(at=first.closes_at) == 0
    with pytest.raises(rounds.RoundMoved):
        rounds.close_round(round_=first, at=first.closes_at)
    assert list(Round.objects.order_by("number").values()) == before


def test_closing_costs_the_same_for_one_and_for_many() -> None:
    costs = []
    for people in (1, 12):
        round_ = make.open_round()
        for _ in range(people):
            make.participant(round_)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rounds.drive_due(at=round_.closes_at)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_stopped_series_plans_nothing() -> None:
    campaign = make.campaign(opens_at=make.instant(1), is_running=False)
    rounds.drive_due(at=make.instant(1) + 100 * DAY)
    assert states(campaign) == [(1, "closed")]


def test_a_planned_round_keeps_the_next_from_being_planned_twice(campaign: Campaign) -> None:
    first = campaign.rounds.get()
    with transaction.atomic():
        rounds.plan_round(
            campaign=campaign,
            opens_at=first.closes_at + DAY,
            closes_at=first.closes_at + 2 * DAY,
            actor="test",
        )
    rounds.drive_due(at=first.closes_at)
    assert states(campaign) == [(1, "closed"), (2, "scheduled")]


def test_a_round_that_cannot_be_moved_keeps_no_other_waiting(
    campaign: Campaign, caplog: pytest.LogCaptureFixture
) -> None:
    poison = campaign.rounds.get()
    other = make.campaign(opens_at=make.instant(2))
    Round.objects.filter(pk=poison.pk).update(timezone="Nowhere/Land")
    assert rounds.drive_due(at=make.instant(3)) == 1
    assert states(campaign) == [(1, "scheduled")]
    assert states(other) == [(1, "open")]
    assert "could not be moved" in caplog.text


def test_rounds_of_a_campaign_cannot_overlap(campaign: Campaign) -> None:
    first = campaign.rounds.get()
    with pytest.raises(IntegrityError, match="rounds_of_campaign_apart"), transaction.atomic():
        rounds.plan_round(
            campaign=campaign,
            opens_at=first.closes_at - timedelta(microseconds=1),
            closes_at=first.closes_at + DAY,
            actor="test",
        )
    with transaction.atomic():  # half-open: the end of one may be the beginning of the next
        rounds.plan_round(
            campaign=campaign,
            opens_at=first.closes_at,
            closes_at=first.closes_at + DAY,
            actor="test",
        )


def test_a_round_keeps_its_own_copy_of_the_whole_policy(campaign: Campaign) -> None:
    policy = campaign.rounds.get().policy
    assert policy["max_inviters_per_friend"] == 3
    assert policy["network_per_day"] == 5
    assert policy["audience"] == "anyone"


WORSE = {
    "threshold": 11,
    "amount_minor": 39_899,
    "min_order_minor": 40_001,
    "currency": "KZT",
    "timezone": "Asia/Almaty",
    "state": "scheduled",
    "number": None,
}
POLICY_WORSE = {
    "max_inviters_per_friend": 2,
    "audience": "signed_in",
    "network_per_day": 4,
    "burst": 19,
    "ring_size": 3,
    "review_hours": 73,
    "min_account_hours": 1,
}


@pytest.mark.parametrize("field", [name for name in WORSE if name != "number"])
def test_the_database_refuses_worse_terms_of_a_joined_round(field: str) -> None:
    round_ = make.open_round()
    make.participant(round_)
    changes = {field: WORSE[field], "terms_version": 2}
    with pytest.raises(IntegrityError, match="can only get better"), transaction.atomic():
        Round.objects.filter(pk=round_.pk).update(**changes)


@pytest.mark.parametrize("rule", POLICY_WORSE)
def test_the_database_refuses_stricter_rules_in_a_joined_round(rule: str) -> None:
    round_ = make.open_round()
    make.participant(round_)
    policy = round_.policy | {rule: POLICY_WORSE[rule]}
    with pytest.raises(IntegrityError, match="can only get better"), transaction.atomic():
        Round.objects.filter(pk=round_.pk).update(policy=policy, terms_version=2)


def test_a_rule_that_is_off_stays_off_in_a_joined_round() -> None:
    round_ = make.open_round(policy={"network_per_day": None, "automation_waits": False})
    make.participant(round_)
    for change in ({"network_per_day": 1000}, {"automation_waits": True}):
        with pytest.raises(IntegrityError, match="can only get better"), transaction.atomic():
            Round.objects.filter(pk=round_.pk).update(
                policy=round_.policy | change, terms_version=2
            )


def test_the_end_of_a_joined_round_only_moves_away() -> None:
    round_ = make.open_round()
    make.participant(round_)
    for closes_at in (round_.closes_at - timedelta(seconds=1),):
        with pytest.raises(IntegrityError, match="can only get better"), transaction.atomic():
            Round.objects.filter(pk=round_.pk).update(closes_at=closes_at, terms_version=2)
    Round.objects.filter(pk=round_.pk).update(closes_at=round_.closes_at + DAY, terms_version=2)


def test_better_terms_need_a_new_version() -> None:
    round_ = make.open_round()
    make.participant(round_)
    with pytest.raises(IntegrityError, match="new version"), transaction.atomic():
        Round.objects.filter(pk=round_.pk).update(threshold=5)
    Round.objects.filter(pk=round_.pk).update(threshold=5, terms_version=2)


def test_before_anybody_joined_everything_may_change() -> None:
    round_ = make.open_round()
    worse = {"threshold": 50, "amount_minor": 1, "min_order_minor": 10**6}
    Round.objects.filter(pk=round_.pk).update(**worse)
    assert Round.objects.filter(pk=round_.pk, **worse).exists()
