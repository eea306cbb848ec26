"""Letters about decisions: to every member, once, in their language; the decision stands anyway."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from marketplace import clock
from marketplace.models import StoreMember
from promocodes import jobs, notices, promotions
from promocodes.models import DecisionNotice
from tests.factories.marketplace import make_client, make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db(transaction=True)


class Refusing(EmailBackend):
    """A mail server that refuses one address."""

    def send_messages(self, messages):
        if "bob@example.com" in messages[0].to:
            raise SMTPRecipientsRefused({"bob@example.com": (550, b"no such user")})
        return super().send_messages(messages)


class Broken(EmailBackend):
    """A backend that fails in a way of its own."""

    def send_messages(self, messages):
        if "bob@example.com" in messages[0].to:
            raise KeyError("bob")
        return super().send_messages(messages)


class Away(EmailBackend):
    """A mail server that can't be reached."""

    def send_messages(self, messages):
        raise ConnectionRefusedError


@pytest.fixture
def store(db):
    alice = make_user(email="alice@example.com", language="en")
    bob = make_user(email="bob@example.com", language="ru")
    return make_store(owner=alice, manager=bob, name="Glaze")


@pytest.fixture
def waiting(store):
    return make_promotion(
        store=store,
        name="Summer",
        code="SUMMER10",
        needs_approval=True,
        share_with_affiliates=True,
    )


def send(*, after: timedelta = timedelta(0)) -> int:
    return notices.send_due(at=clock.now() + after)


def test_each_member_is_told_once_in_their_language(waiting, store) -> None:
    promotions.approve(promotion_id=waiting.pk, actor=make_staff())
    promotions.approve(promotion_id=waiting.pk, actor="again")
    assert mail.outbox == []
    assert send() == 2
    assert send() == 0
    letters = {letter.to[0]: letter for letter in mail.outbox}
    assert set(letters) == {"alice@example.com", "bob@example.com"}
    english = letters["alice@example.com"]
    assert english.subject == "“Summer” is approved"
    assert f"/seller/promocodes/promotion/{waiting.pk}/change/" in english.body
    for text in ("Glaze", "SUMMER10", "Shoppers can use it now.", "Affiliate Setting"):
        assert text in english.body
    assert english.content_subtype == "plain"


def test_a_refusal_comes_with_its_reason_and_what_to_do(waiting) -> None:
    promotions.refuse(promotion_id=waiting.pk, actor="ops", reason="Say <what> & when")
    assert send() == 2
    letter = next(letter for letter in mail.outbox if letter.to == ["alice@example.com"])
    assert letter.subject == "“Summer” was refused"
    assert "Why: Say <what> & when" in letter.body
    assert "Change it and send it again" in letter.body


@pytest.mark.parametrize("needs_approval", [True, False])
def test_a_cancelling_by_others_is_told_with_its_reason(store, needs_approval) -> None:
    promotion = make_promotion(store=store, name="Summer", needs_approval=needs_approval)
    promotions.cancel(promotion_id=promotion.pk, actor=make_staff(), reason="Sold out & gone")
    promotions.cancel(promotion_id=promotion.pk, actor="again", reason="twice")
    assert send() == 2
    assert send() == 0
    letters = {letter.to[0]: letter for letter in mail.outbox}
    english = letters["alice@example.com"]
    assert english.subject == "“Summer” was cancelled"
    assert "Our team has cancelled “Summer” of Glaze" in english.body
    assert "Why: Sold out & gone" in english.body
    assert f"/seller/promocodes/promotion/{promotion.pk}/change/" in english.body


def test_a_cancelling_without_a_reason_gives_none(store) -> None:
    promotion = make_promotion(store=store)
    promotions.cancel(promotion_id=promotion.pk, actor="ops", reason=" ")
    assert send() == 2
    assert all("Why" not in letter.body for letter in mail.outbox)


def test_a_store_that_cancels_itself_is_not_written_to(store) -> None:
    alice = store.members.get(user__email="alice@example.com").user
    own = make_client(scopes=["promotions"], store=store)[0]
    for actor in (alice, own):
        promotion = make_promotion(store=store)
        promotions.cancel(promotion_id=promotion.pk, actor=actor)
    platform = make_promotion(kind="platform")
    promotions.cancel(promotion_id=platform.pk, actor=make_staff())
    assert not DecisionNotice.objects.exists()


def test_another_stores_people_and_the_marketplace_are_not_the_store_itself(store) -> None:
    mallory = make_user()
    theirs = make_store(owner=mallory)
    actors = [mallory, make_client(scopes=["promotions"])[0]]
    actors.append(make_client(scopes=["promotions"], store=theirs)[0])
    for actor in actors:
        promotion = make_promotion(store=store)
        promotions.cancel(promotion_id=promotion.pk, actor=actor)
        assert DecisionNotice.objects.filter(promotion=promotion).count() == 2


def test_a_cancelling_overtakes_the_letter_of_an_approval(waiting) -> None:
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    promotions.cancel(promotion_id=waiting.pk, actor="ops", reason="A mistake of ours")
    assert send() == 2
    assert all("A mistake of ours" in letter.body for letter in mail.outbox)


def test_a_later_start_is_told(store) -> None:
    terms = make_terms(starts_at=clock.now() + timedelta(days=9))
    waiting = make_promotion(store=store, needs_approval=True, terms=terms)
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    send()
    letter = next(letter for letter in mail.outbox if letter.to == ["alice@example.com"])
    assert "Shoppers can use it from" in letter.body


def test_who_left_is_off_or_has_no_address_is_not_written_to(waiting, store) -> None:
    make_store(owner=make_user(email="mallory@example.com"))
    StoreMember.objects.create(store=store, user=make_user(email=None))
    StoreMember.objects.create(store=store, user=make_user(is_active=False))
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    assert DecisionNotice.objects.count() == 2
    StoreMember.objects.filter(user__email="bob@example.com").delete()
    assert send() == 1
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]]
    assert not DecisionNotice.objects.filter(told_at=None).exists()


def test_what_is_no_news_any_more_is_not_sent(waiting) -> None:
    promotions.refuse(promotion_id=waiting.pk, actor="ops", reason="no")
    promotions.amend(promotion_id=waiting.pk, actor="seller", name="Autumn", by_seller=True)
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    assert send() == 2
    subjects = {letter.subject for letter in mail.outbox}
    assert subjects == {"“Autumn” is approved", "Акция «Autumn» одобрена"}
    late = make_promotion(store=waiting.store, needs_approval=True)
    promotions.approve(promotion_id=late.pk, actor="ops")
    assert send(after=timedelta(days=4)) == 0
    assert not DecisionNotice.objects.filter(told_at=None).exists()


def test_a_server_that_is_away_undoes_nothing_and_is_asked_again(waiting, settings) -> None:
    good = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    jobs.send_notices()
    waiting.refresh_from_db()
    assert waiting.status == "approved"
    assert DecisionNotice.objects.filter(told_at=None, tries=0).count() == 2
    settings.EMAIL_BACKEND = good
    jobs.send_notices()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("backend", ["Refusing", "Broken"])
def test_one_bad_address_holds_up_nobody_and_is_tried_later_and_later(
    waiting, settings, backend
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.{backend}"
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    start = clock.now()
    tries = 0
    for minutes in range(40):
        notices.send_due(at=start + timedelta(minutes=minutes))
        tries = DecisionNotice.objects.get(member__email="bob@example.com").tries
    assert tries == 6  # after 0, 1, 3, 7, 15 and 31 minutes
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]]


def test_a_name_can_not_break_the_letter(store) -> None:
    waiting = make_promotion(store=store, needs_approval=True, name="A\nBcc: x@example.com")
    promotions.approve(promotion_id=waiting.pk, actor="ops")
    assert send() == 2
    assert all(len(letter.recipients()) == 1 for letter in mail.outbox)


def test_what_needs_no_approval_or_has_no_store_is_no_news(store) -> None:
    make_promotion(store=store)
    platform = make_promotion(kind="platform", needs_approval=True)
    promotions.approve(promotion_id=platform.pk, actor="ops")
    assert not DecisionNotice.objects.exists()
