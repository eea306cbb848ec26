"""Visits at the real verbs: what a confirmation stores, and what signing in makes of it."""

from datetime import timedelta

import pytest

from marketplace import clock, ids
from promocodes.models import PromoCode
from referrals import devices, nonces, visits
from referrals.models import Device, FriendSlot, NetworkSalt, Participation, Round, Visit
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_() -> Round:
    return make.open_round()


@pytest.fixture
def anna(round_: Round) -> Participation:
    return make.participant(round_)


def reasons(participation: Participation) -> list[str]:
    return list(participation.visits.order_by("id").values_list("reason", flat=True))


def counted(participation: Participation) -> int:
    participation.refresh_from_db()
    return participation.counted


def test_ten_friends_bring_one_personal_code(anna: Participation, round_: Round) -> None:
    make.friends(anna, 9)
    assert counted(anna) == 9
    assert anna.code is None
    make.friends(anna, 2)
    assert counted(anna) == 11
    assert anna.code is not None
    assert anna.code.person == anna.shopper
    assert anna.code.promotion == round_.promotion
    assert anna.issued_at is not None
    assert anna.issued_at < round_.closes_at
    assert PromoCode.objects.count() == 1
    assert reasons(anna) == ["counted"] * 11


def test_a_visit_keeps_no_address_and_no_agent(anna: Participation) -> None:
    visit = make.visit(anna, address="192.0.2.77", agent=make.PHONE)
    stored = Visit.objects.filter(pk=visit.pk).values().get()
    assert "192.0.2" not in str(stored)
    assert "Android" not in str(stored)
    assert len(stored["network_hint"]) == 64


def test_the_same_nonce_again_is_the_same_visit(anna: Participation) -> None:
    nonce = nonces.make(token=anna.token, at=clock.now() - timedelta(seconds=5))
    secret = ids.token()
    first = make.visit(anna, nonce=nonce, device_secret=secret)
    again = make.visit(anna, nonce=nonce, device_secret=secret)
    other_device = make.visit(anna, nonce=nonce)
    assert first == again == other_device
    assert counted(anna) == 1
    assert Visit.objects.count() == 1


@pytest.mark.parametrize(
    ("seconds", "refusal"),
    [
        (0, nonces.NonceTooYoung),
        (0.9, nonces.NonceTooYoung),
        (30 * 60 + 1, nonces.NonceTooOld),
        (-60, nonces.NonceTooYoung),
    ],
)
def test_a_page_too_young_or_too_old_confirms_nothing(
    anna: Participation, seconds: float, refusal: type[Exception]
) -> None:
    at = clock.now()
    nonce = nonces.make(token=anna.token, at=at - timedelta(seconds=seconds))
    with pytest.raises(refusal):
        make.visit(anna, nonce=nonce, at=at)
    assert not Visit.objects.exists()
    assert not Device.objects.exists()


@pytest.mark.parametrize("seconds", [1, 30 * 60])
def test_a_page_of_one_second_to_half_an_hour_confirms(anna: Participation, seconds: int) -> None:
    at = clock.now().replace(microsecond=0)
    nonce = nonces.make(token=anna.token, at=at - timedelta(seconds=seconds))
    assert make.visit(anna, nonce=nonce, at=at).reason == "counted"


@pytest.mark.parametrize("nonce", ["", "x", "a.b.c:d", "%s.1.x:forged"])
def test_a_forged_nonce_confirms_nothing(anna: Participation, nonce: str) -> None:
    with pytest.raises(nonces.NonceForged):
        make.visit(anna, nonce=nonce)


def test_a_nonce_of_another_link_confirms_nothing(anna: Participation, round_: Round) -> None:
    boris = make.participant(round_)
    nonce = nonces.make(token=boris.token, at=clock.now() - timedelta(seconds=5))
    with pytest.raises(nonces.NonceForged):
        make.visit(anna, nonce=nonce)


def test_an_unknown_link_is_unknown(anna: Participation) -> None:
    at = clock.now()
    nonce = nonces.make(token="nobody", at=at - timedelta(seconds=5))
    with pytest.raises(visits.LinkUnknown):
        visits.accept(token="nobody", nonce=nonce, at=at)
    assert not Device.objects.exists()


def test_one_friend_counts_once_however_often(anna: Participation) -> None:
    secret = ids.token()
    for _ in range(4):
        make.visit(anna, device_secret=secret)
    assert counted(anna) == 1
    assert reasons(anna) == ["counted", "already_counted"]


def test_ones_own_link_does_not_count_signed_in_or_out(anna: Participation) -> None:
    secret = ids.token()
    make.visit(anna, device_secret=secret, user=anna.shopper)
    make.visit(anna, device_secret=secret)
    assert counted(anna) == 0
    assert reasons(anna) == ["own_link"]


def test_a_friend_counts_for_three_inviters_of_a_round(round_: Round) -> None:
    inviters = [make.participant(round_) for _ in range(4)]
    secret = ids.token()
    found = [make.visit(inviter, device_secret=secret).reason for inviter in inviters]
    assert found == ["counted", "counted", "counted", "limit_per_friend"]
    assert sorted(FriendSlot.objects.values_list("slot", flat=True)) == [1, 2, 3]


def test_a_friend_counts_anew_in_the_next_round(round_: Round, anna: Participation) -> None:
    secret = ids.token()
    assert make.visit(anna, device_secret=secret).reason == "counted"
    other = make.participant(make.open_round(), anna.shopper)
    assert make.visit(other, device_secret=secret).reason == "counted"


def test_the_sixth_anonymous_friend_of_a_network_waits_and_signs_in(anna: Participation) -> None:
    here = {"address": "192.0.2.1"}
    make.friends(anna, 5, **here)
    secret = ids.token()
    waiting = make.visit(anna, device_secret=secret, **here)
    assert (waiting.outcome, waiting.reason) == ("waiting", "network_ceiling")
    assert counted(anna) == 5
    visits.recognise(device_secret=secret, user=make.shopper(), at=clock.now())
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.reason) == ("counted", "counted")
    assert counted(anna) == 6


def test_a_signed_in_friend_is_not_held_up_by_the_network(anna: Participation) -> None:
    here = {"address": "192.0.2.1"}
    make.friends(anna, 5, **here)
    assert make.visit(anna, user=make.shopper(), **here).reason == "counted"


def test_another_day_is_another_hint(anna: Participation) -> None:
    here = {"address": "192.0.2.1"}
    make.friends(anna, 5, **here)
    assert make.visit(anna, at=clock.now() + timedelta(days=1), **here).reason == "counted"
    assert NetworkSalt.objects.count() == 2


def test_hints_and_salts_are_gone_after_two_days(anna: Participation) -> None:
    make.friends(anna, 2)
    assert visits.forget_hints(at=clock.now() + timedelta(hours=47)) == 0
    assert visits.forget_hints(at=clock.now() + timedelta(hours=49)) == 2
    assert not Visit.objects.exclude(network_hint="").exists()
    assert visits.forget_hints(at=clock.now() + timedelta(hours=73)) == 0
    assert not NetworkSalt.objects.exists()


def test_a_burst_makes_further_anonymous_friends_wait() -> None:
    round_ = make.open_round(threshold=100)
    anna = make.participant(round_)
    at = clock.now()
    make.friends(anna, 20, at=at)
    assert make.visit(anna, at=at + timedelta(minutes=9)).reason == "too_fast"
    assert make.visit(anna, at=at + timedelta(minutes=9), user=make.shopper()).reason == "counted"
    assert make.visit(anna, at=at + timedelta(minutes=11)).reason == "counted"


def test_a_waiting_friend_who_comes_back_is_judged_again(anna: Participation) -> None:
    here = {"address": "192.0.2.1"}
    make.friends(anna, 5, **here)
    secret = ids.token()
    first = make.visit(anna, device_secret=secret, **here)
    again = make.visit(anna, device_secret=secret, at=clock.now() + timedelta(days=1))
    assert first.pk == again.pk
    assert again.reason == "counted"
    assert counted(anna) == 6


def test_a_program_waits_for_sign_in(anna: Participation) -> None:
    assert make.visit(anna, agent="curl/8.5").reason == "automated"
    assert make.visit(anna, agent="TelegramBot (like TwitterBot)").reason == "preview_only"
    assert make.visit(anna, agent="curl/8.5", user=make.shopper()).reason == "counted"


def test_a_round_for_the_signed_in_counts_at_sign_in() -> None:
    anna = make.participant(make.open_round(policy={"audience": "signed_in"}))
    secret = ids.token()
    visit = make.visit(anna, device_secret=secret)
    assert visit.reason == "need_sign_in"
    visits.recognise(device_secret=secret, user=make.shopper(), at=clock.now())
    visit.refresh_from_db()
    assert visit.reason == "counted"


def test_after_the_round_nothing_counts_and_no_code_is_issued(
    anna: Participation, round_: Round
) -> None:
    make.friends(anna, 9)
    late = make.visit(anna, at=round_.closes_at)
    assert (late.outcome, late.reason) == ("not_counted", "round_ended")
    assert counted(anna) == 9
    assert anna.code is None
    last = make.visit(anna, at=round_.closes_at - timedelta(microseconds=1))
    assert last.reason == "counted"
    assert counted(anna) == 10
    assert anna.code is not None


def test_two_devices_of_one_person_are_one_friend(anna: Participation) -> None:
    phone, desk, friend = ids.token(), ids.token(), make.shopper()
    make.visit(anna, device_secret=phone)
    make.visit(anna, device_secret=desk)
    assert counted(anna) == 2
    visits.recognise(device_secret=phone, user=friend, at=clock.now())
    assert counted(anna) == 2
    visits.recognise(device_secret=desk, user=friend, at=clock.now())
    assert counted(anna) == 1
    assert reasons(anna) == ["counted", "merged_device"]
    assert make.visit(anna, device_secret=desk).reason == "already_counted"


def test_the_inviters_second_device_is_found_out_at_sign_in(anna: Participation) -> None:
    secret = ids.token()
    make.visit(anna, device_secret=secret)
    assert counted(anna) == 1
    visits.recognise(device_secret=secret, user=anna.shopper, at=clock.now())
    assert counted(anna) == 0
    assert reasons(anna) == ["own_link"]
    assert not FriendSlot.objects.exists()


def test_after_the_code_nothing_is_taken_away(anna: Participation) -> None:
    secret = ids.token()
    make.visit(anna, device_secret=secret)
    make.friends(anna, 9)
    anna.refresh_from_db()
    code = anna.code
    visits.recognise(device_secret=secret, user=anna.shopper, at=clock.now())
    assert counted(anna) == 10
    assert anna.code == code
    assert reasons(anna) == ["counted"] * 10


def test_a_device_stays_with_its_first_person(anna: Participation) -> None:
    secret, mother, son = ids.token(), make.shopper(), make.shopper()
    make.visit(anna, device_secret=secret, user=mother)
    assert make.visit(anna, device_secret=secret, user=son).reason == "counted"
    assert Device.objects.get().user == mother
    assert make.visit(anna, device_secret=secret).reason == "already_counted"
    assert counted(anna) == 2


def test_an_unknown_cookie_recognises_nobody() -> None:
    at, user = clock.now(), make.shopper()
    assert visits.recognise(device_secret=None, user=user, at=at) is None
    assert visits.recognise(device_secret="short", user=user, at=at) is None
    assert visits.recognise(device_secret=ids.token(), user=user, at=at) is None


def test_merging_gives_back_places_beyond_the_limit(round_: Round) -> None:
    friend = make.shopper()
    inviters = [make.participant(round_) for _ in range(4)]
    for inviter in inviters[:3]:
        make.visit(inviter, user=friend)
    secret = ids.token()
    fourth = make.visit(inviters[3], device_secret=secret)
    assert fourth.reason == "counted"
    visits.recognise(device_secret=secret, user=friend, at=clock.now())
    fourth.refresh_from_db()
    assert fourth.reason == "limit_per_friend"
    assert counted(inviters[3]) == 0


def closed_ring(round_: Round, size: int) -> list[Participation]:
    """Everybody joins and accepts everybody's link; the last visit closes the ring."""
    people = [make.participant(round_) for _ in range(size)]
    for inviter in people:
        for friend in people:
            if friend is not inviter:
                make.visit(inviter, user=friend.shopper)
    return people


def test_a_closed_ring_of_four_opens_a_review_that_ends_by_itself(round_: Round) -> None:
    people = closed_ring(round_, 4)
    waiting = Visit.objects.get(outcome="waiting")
    assert waiting.reason == "ring_review"
    assert waiting.participation == people[3]
    at = clock.now()
    assert waiting.review_due_at is not None
    assert waiting.review_due_at <= at + timedelta(hours=72)
    assert visits.decide_reviews(at=waiting.review_due_at - timedelta(seconds=1)) == 0
    assert visits.decide_reviews(at=waiting.review_due_at) == 1
    assert visits.decide_reviews(at=waiting.review_due_at) == 0
    waiting.refresh_from_db()
    assert waiting.reason == "counted"
    assert counted(people[3]) == 3


def test_three_friends_are_no_ring(round_: Round) -> None:
    closed_ring(round_, 3)
    assert not Visit.objects.exclude(reason="counted").exists()


def test_ops_end_a_review_either_way(round_: Round) -> None:
    ops = make.shopper(is_staff=True)
    closed_ring(round_, 4)
    waiting = Visit.objects.get(outcome="waiting")
    act = {"visit_id": waiting.pk, "actor": ops, "reason": "looked", "at": clock.now()}
    assert visits.end_review(counts=False, **act).outcome == "not_counted"
    with pytest.raises(visits.ReviewOver):
        visits.end_review(counts=True, **act)


def test_a_review_ends_in_time_for_the_code_to_be_of_use() -> None:
    round_ = make.open_round(length=timedelta(days=3))
    closed_ring(round_, 4)
    due = Visit.objects.get(outcome="waiting").review_due_at
    assert due is not None
    assert due < round_.closes_at - timedelta(hours=20)


def test_devices_are_kept_as_hashes(anna: Participation) -> None:
    secret = ids.token()
    make.visit(anna, device_secret=secret)
    assert secret not in str(Device.objects.values().get())
    assert devices.known(secret=secret) == Device.objects.get()
