"""The operations site: the builder, the acts on rounds, previews, numbers, people, visits."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace import clock
from marketplace.models import AuditEntry, User
from referrals import rounds
from referrals.models import Campaign, Participation, Round, Visit
from tests.factories import referrals as make
from tests.factories.marketplace import make_staff

pytestmark = pytest.mark.django_db
WORDS = {"_form_submitted": "on", "reason": "because"}


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.OPS_SECOND_FACTOR = False


@pytest.fixture
def staff() -> User:
    return make_staff(language="en")


@pytest.fixture
def ops(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def act(ops: Client, obj: Any, name: str, **form: Any) -> Any:
    label = f"{obj._meta.app_label}_{obj._meta.model_name}"
    address = reverse(f"admin:{label}_{name}", args=[obj.pk])
    assert ops.get(address).status_code == 200  # the dialog that asks
    return ops.post(address, WORDS | form)


def picked(at: Any) -> str:
    """An instant as the browser's picker sends it."""
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M:%S}"


def moment(at: Any, prefix: str) -> dict[str, str]:
    local = timezone.localtime(at)
    return {f"{prefix}_0": f"{local:%Y-%m-%d}", f"{prefix}_1": f"{local:%H:%M:%S}"}


RULES = {
    "audience": "anyone",
    "max_inviters_per_friend": "3",
    "network_per_day": "5",
    "burst": "20",
    "ring_size": "4",
    "review_hours": "72",
    "min_account_hours": "0",
    "automation_waits": "on",
}
TERMS = {
    "threshold": "10",
    "currency": "RUB",
    "amount": "399",
    "percent": "",
    "min_order": "400",
    "timezone": "Europe/Moscow",
}


def new_campaign(**changes: str) -> dict[str, str]:
    opens = moment(clock.now() + timedelta(days=2), "first_opens_at")
    plain = {
        "name": "Friendly",
        "partner_name": "",
        "storefront_url": "https://shop.example.com/",
        "length_days": "14",
        "pause_days": "7",
    }
    return plain | opens | TERMS | RULES | changes


def test_the_builder_makes_a_series_with_its_first_round(ops: Client, staff: User) -> None:
    address = reverse("admin:referrals_campaign_add")
    assert ops.get(address).status_code == 200
    answer = ops.post(address, new_campaign())
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    campaign = Campaign.objects.get()
    assert (campaign.amount_minor, campaign.min_order_minor) == (39_900, 40_000)
    assert (campaign.length, campaign.pause) == (timedelta(days=14), timedelta(days=7))
    round_ = campaign.rounds.get()
    assert (round_.state, round_.threshold) == ("scheduled", 10)
    assert AuditEntry.objects.get(verb="campaign.start").actor == staff


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"percent": "10"}, "amount"),
        ({"amount": "399.005"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"percent": "101", "amount": ""}, "percent"),
        ({"threshold": "0"}, "threshold"),
        ({"currency": "rub"}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"length_days": "0"}, "length_days"),
        ({"audience": "friends"}, "audience"),
        ({"ring_size": "1"}, "ring_size"),
    ],
)
def test_the_builder_refuses_what_cannot_be(
    ops: Client, changes: dict[str, str], field: str
) -> None:
    answer = ops.post(reverse("admin:referrals_campaign_add"), new_campaign(**changes))
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not Campaign.objects.exists()


def test_a_percentage_may_be_given_and_rules_be_off(ops: Client) -> None:
    form = new_campaign(amount="", percent="12.5", burst="", network_per_day="")
    assert ops.post(reverse("admin:referrals_campaign_add"), form).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.percent_bp, campaign.amount_minor) == (1250, None)
    assert campaign.rules.burst is None
    assert campaign.rules.network_per_day is None


def test_the_template_may_change_and_planned_rounds_keep_theirs(ops: Client) -> None:
    campaign = make.campaign(opens_at=clock.now() + timedelta(days=1))
    address = reverse("admin:referrals_campaign_change", args=[campaign.pk])
    page = ops.get(address)
    assert b'value="399.00"' in page.content
    inline = dict(re.findall(r'name="(rounds-[^"]+)" value="([^"]*)"', page.content.decode()))
    assert inline["rounds-INITIAL_FORMS"] == "1"
    answer = ops.post(address, inline | new_campaign(amount="500", name=campaign.name))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    campaign.refresh_from_db()
    assert campaign.amount_minor == 50_000
    assert campaign.rounds.get().amount_minor == 39_900


def round_form(round_: Round, **changes: str) -> dict[str, str]:
    window = moment(round_.opens_at, "opens_at") | moment(round_.closes_at, "closes_at")
    return window | TERMS | RULES | {"reason": "better"} | changes


def test_a_planned_round_changes_at_will(ops: Client) -> None:
    round_ = make.campaign(opens_at=make.instant(1)).rounds.get()
    address = reverse("admin:referrals_round_change", args=[round_.pk])
    assert ops.get(address).status_code == 200
    answer = ops.post(address, round_form(round_, threshold="25", amount="100"))
    assert answer.status_code == 302
    round_.refresh_from_db()
    assert (round_.threshold, round_.amount_minor, round_.terms_version) == (25, 10_000, 2)
    entry = AuditEntry.objects.get(verb="round.amend")
    assert entry.reason == "better"
    assert entry.before is not None
    assert entry.before["threshold"] == 10


def joined_round() -> Round:
    at = clock.now().replace(microsecond=0)
    round_ = make.open_round(opens_at=at - timedelta(days=1))
    make.participant(round_)
    return round_


def test_a_joined_round_only_gets_better(ops: Client) -> None:
    round_ = joined_round()
    address = reverse("admin:referrals_round_change", args=[round_.pk])
    worse = ops.post(address, round_form(round_, threshold="11"), follow=True)
    assert "can only get better" in worse.content.decode()
    round_.refresh_from_db()
    assert round_.threshold == 10
    ops.post(address, round_form(round_, threshold="5", amount="450"))
    round_.refresh_from_db()
    assert (round_.threshold, round_.amount_minor) == (5, 45_000)
    assert round_.promotion is not None
    assert round_.promotion.terms.amount_minor == 45_000


def test_a_closed_round_has_no_form(ops: Client) -> None:
    round_ = make.open_round(
        opens_at=clock.now() - timedelta(days=9), length=timedelta(days=1), is_running=False
    )
    rounds.drive_due(at=clock.now())
    page = ops.get(reverse("admin:referrals_round_change", args=[round_.pk]))
    assert page.status_code == 200
    assert b'name="threshold"' not in page.content


def test_extending_moves_the_end_the_codes_and_what_follows(ops: Client) -> None:
    round_ = joined_round()
    following = make.rounds.plan_round(
        campaign=round_.campaign,
        opens_at=round_.closes_at + timedelta(days=1),
        closes_at=round_.closes_at + timedelta(days=2),
        actor="test",
    )
    later = round_.closes_at + timedelta(days=3)
    act(ops, round_, "extend", closes_at=picked(later))
    was = round_.closes_at
    round_.refresh_from_db()
    following.refresh_from_db()
    assert round_.closes_at == later
    assert round_.promotion is not None
    assert round_.promotion.terms.ends_at == later
    assert following.opens_at == was + timedelta(days=4)
    act(ops, round_, "extend", closes_at=picked(was))
    round_.refresh_from_db()
    assert round_.closes_at == later


def test_a_round_may_be_opened_closed_and_skipped(ops: Client) -> None:
    first = make.campaign(opens_at=clock.now() + timedelta(days=3)).rounds.get()
    act(ops, first, "open_early")
    first.refresh_from_db()
    assert first.state == "open"
    assert first.is_open(clock.now())
    act(ops, first, "close_early")
    first.refresh_from_db()
    assert first.state == "closed"
    second = first.campaign.rounds.get(number=2)
    act(ops, second, "skip")
    second.refresh_from_db()
    assert second.state == "skipped"
    third = first.campaign.rounds.get(number=3)
    assert third.opens_at == second.closes_at + first.campaign.pause
    verbs = AuditEntry.objects.exclude(actor=None).values_list("verb", flat=True)
    assert {"round.open_early", "round.close_early", "round.skip"} <= set(verbs)


def test_a_joined_round_is_not_closed_early(ops: Client) -> None:
    round_ = joined_round()
    act(ops, round_, "close_early")
    round_.refresh_from_db()
    assert round_.state == "open"
    assert round_.is_open(clock.now())


@pytest.mark.parametrize("name", ["extend", "open_early", "skip"])
def test_an_act_needs_a_reason_and_a_post(ops: Client, name: str) -> None:
    round_ = make.campaign(opens_at=clock.now() + timedelta(days=3)).rounds.get()
    before = Round.objects.values().get()
    address = reverse(f"admin:referrals_round_{name}", args=[round_.pk])
    assert ops.get(address).status_code == 200
    ops.post(address, {"_form_submitted": "on"})
    assert Round.objects.values().get() == before


@pytest.mark.parametrize(
    ("state", "name"), [("open", "open_early"), ("open", "skip"), ("scheduled", "close_early")]
)
def test_an_act_is_offered_only_where_it_fits(ops: Client, state: str, name: str) -> None:
    opens_at = clock.now() + timedelta(days=3 if state == "scheduled" else -1)
    round_ = make.campaign(opens_at=opens_at).rounds.get()
    rounds.drive_due(at=clock.now())
    address = reverse(f"admin:referrals_round_{name}", args=[round_.pk])
    page = ops.get(reverse("admin:referrals_round_change", args=[round_.pk]))
    assert address not in page.content.decode()
    assert ops.post(address, WORDS).status_code == 403
    assert Round.objects.get(pk=round_.pk).state == state


def test_a_series_stops_and_goes_on(ops: Client) -> None:
    round_ = make.open_round()
    campaign = round_.campaign
    page = reverse("admin:referrals_campaign_change", args=[campaign.pk])
    assert "/go_on/" not in ops.get(page).text
    act(ops, campaign, "stop_series")
    campaign.refresh_from_db()
    assert not campaign.is_running
    assert "/stop_series/" not in ops.get(page).text
    act(ops, campaign, "go_on")
    campaign.refresh_from_db()
    assert campaign.is_running


def test_one_more_round_may_be_planned(ops: Client) -> None:
    campaign = make.campaign(opens_at=clock.now() + timedelta(days=3))
    start = campaign.rounds.get().closes_at + timedelta(days=30)
    window = {"opens_at": picked(start), "closes_at": picked(start + timedelta(days=2))}
    act(ops, campaign, "plan_round", **window)
    assert campaign.rounds.count() == 2
    act(ops, campaign, "plan_round", **window)
    assert campaign.rounds.count() == 2


@pytest.mark.parametrize("face", ["round", "progress", "friend", "code"])
@pytest.mark.parametrize("language", ["ru", "en", "zh-hans"])
def test_a_round_is_previewed_in_each_language(ops: Client, face: str, language: str) -> None:
    round_ = make.campaign(opens_at=make.instant(1)).rounds.get()
    assert ops.get(reverse("admin:referrals_round_preview", args=[round_.pk])).status_code == 200
    address = reverse("admin:referrals_round_previewed", args=[round_.pk, face, language])
    body = ops.get(address).content.decode()
    assert f'<html lang="{language}"' in body.replace("zh-Hans", "zh-hans")
    assert "399" in body
    assert not Participation.objects.exists()


def test_an_unknown_preview_is_not_found(ops: Client) -> None:
    round_ = make.campaign(opens_at=make.instant(1)).rounds.get()
    for face, language in (("seller", "ru"), ("round", "de")):
        address = reverse("admin:referrals_round_previewed", args=[round_.pk, face, language])
        assert ops.get(address).status_code == 404


def test_the_numbers_page_adds_up(ops: Client) -> None:
    round_ = joined_round()
    anna = make.participant(round_)
    make.friends(anna, 5, address="192.0.2.1")
    make.visit(anna, address="192.0.2.1")
    page = ops.get(reverse("admin:referrals_round_show_numbers", args=[round_.pk]))
    shown = {str(tile.title): tile.value for tile in page.context["tiles"]}
    assert (shown["Joined"], shown["Confirmed visits"]) == ("2", "6")
    assert b"<svg" in page.content


def test_the_host_gets_its_snippet_in_each_language(ops: Client) -> None:
    campaign = make.campaign()
    page = ops.get(reverse("admin:referrals_campaign_snippet", args=[campaign.pk]))
    snippets = page.context["snippets"]
    assert [snippet["language"] for snippet in snippets] == ["ru", "en", "zh-hans"]
    assert all("/friends/" in snippet["banner"] for snippet in snippets)
    assert "<script" not in snippets[0]["banner"]


def test_people_and_visits_are_looked_at_and_not_changed(ops: Client) -> None:
    anna = make.participant(make.open_round())
    visit = make.visit(anna)
    for obj in (anna, visit):
        label = f"admin:referrals_{obj._meta.model_name}"
        assert ops.get(reverse(f"{label}_changelist")).status_code == 200
        page = ops.get(reverse(f"{label}_change", args=[obj.pk]))
        assert page.status_code == 200
        assert ops.post(reverse(f"{label}_change", args=[obj.pk]), {}).status_code == 403
        assert ops.post(reverse(f"{label}_delete", args=[obj.pk]), {}).status_code == 403
        assert ops.get(reverse(f"{label}_add")).status_code == 403


def test_a_link_is_revoked_for_fraud(ops: Client) -> None:
    anna = make.participant(make.open_round())
    make.visit(anna)
    act(ops, anna, "revoke_link")
    anna.refresh_from_db()
    assert anna.revoked_at is not None
    assert make.visit(anna).reason == "link_revoked"
    assert anna.counted == 1


def test_a_review_is_ended_by_ops(ops: Client) -> None:
    round_ = make.open_round()
    people = [make.participant(round_) for _ in range(4)]
    for inviter in people:
        for friend in people:
            if friend is not inviter:
                make.visit(inviter, user=friend.shopper)
    visit = Visit.objects.get(reason="ring_review")
    act(ops, visit, "count_now")
    visit.refresh_from_db()
    assert visit.reason == Visit.Reason.COUNTED
    assert AuditEntry.objects.get(verb="visit.end_review").reason == "because"
    counted = reverse("admin:referrals_visit_refuse", args=[visit.pk])
    assert ops.post(counted, WORDS).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("model", ["campaign", "round", "participation", "visit"])
def test_lists_cost_the_same_for_one_and_three(
    ops: Client, model: str, count: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(count):
        make.visit(make.participant(make.open_round()))
    with django_assert_max_num_queries(12):
        assert ops.get(reverse(f"admin:referrals_{model}_changelist")).status_code == 200


def test_strangers_stay_outside() -> None:
    client = Client()
    client.force_login(make.shopper())
    round_ = make.open_round()
    address = reverse("admin:referrals_round_previewed", args=[round_.pk, "round", "ru"])
    assert client.get(address).status_code in {302, 403}
    numbers = reverse("admin:referrals_round_show_numbers", args=[round_.pk])
    assert client.get(numbers).status_code in {302, 403, 404}
