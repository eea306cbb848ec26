"""Announcements: who is told of a new shared code, when, how often, and how it ends (AM-08)."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from affiliates import announcements, jobs, shared_codes
from affiliates.models import Affiliate, Announcement, CodeNotice
from marketplace import clock
from marketplace.models import User
from promocodes import promotions
from promocodes.models import Promotion
from tests.factories.affiliates import make_affiliate, make_plan
from tests.factories.marketplace import make_category, make_product, make_staff, make_store
from tests.factories.promocodes import make_promotion, make_terms
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
HERE = f"{__name__}."


class Refusing(EmailBackend):
    """A mail server that takes nothing for anybody."""

    def send_messages(self, messages):
        raise SMTPRecipientsRefused(dict.fromkeys(messages[0].to, (550, b"no")))


class Away(EmailBackend):
    """A mail server that can't be reached."""

    def send_messages(self, messages):
        raise ConnectionRefusedError


@pytest.fixture
def mugs(transactional_db):
    return make_category(name="Mugs")


@pytest.fixture
def store(mugs):
    store = make_store(name="Glaze")
    make_plan(store=store, rate_bp=800)
    make_product(store=store, ref="mug", category=mugs)
    return store


def reader(*categories, email="anna@example.com", language="en", **fields):
    affiliate = make_affiliate(status=fields.pop("status", "approved"))
    affiliate.user.email, affiliate.user.language = email, language
    affiliate.user.save()
    Affiliate.objects.filter(pk=affiliate.pk).update(**fields)
    affiliate.categories.set(categories)
    return affiliate


def share(store, *, name="Summer", **more):
    more = {"share_with_affiliates": True} | more
    return make_promotion(store=store, name=name, kind="social", **more)


def tick(*, after=timedelta(0)):
    at = clock.now() + after
    announcements.announce_due(at=at)
    return announcements.send_due(at=at)


def states():
    return sorted(CodeNotice.objects.values_list("state", flat=True))


def test_whom_a_code_suits_is_told_once_how_to_share_it(store, mugs):
    reader(mugs)
    promotion = share(store, terms=make_terms(min_spend_minor=100_000))
    jobs.announce_codes()
    (letter,) = mail.outbox
    assert letter.to == ["anna@example.com"]
    assert letter.subject == "A new code you can share: “Summer”"
    for words in (
        "Summer — Glaze",
        "Your followers get: 10% off. Orders from ₽1,000.",
        "You earn: 8% of sales",
        f"/creators/codes/{promotion.pk}/",
        "take your own link and code on its page",
        "Nobody is obliged to post.",
        "/creators/letters/",
    ):
        assert words in letter.body.replace("\xa0", " ")
    assert tick(after=timedelta(days=2)) == 0
    assert states() == ["sent"]


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({}, True),
        ({"scope": "products", "products": ("mug",)}, True),
        ({"scope": "products", "products": ("vase",)}, False),
        ({"scope": "categories", "categories": ("mugs",)}, True),
        ({"scope": "categories", "categories": ("vases",)}, False),
        ({"exclude_products": ("mug",)}, False),
    ],
)
def test_only_what_the_code_discounts_counts(terms, told):
    mugs, vases = make_category(ref="mugs"), make_category(ref="vases")
    store = make_store()
    make_plan(store=store)
    make_product(store=store, ref="mug", category=mugs)
    make_product(store=store, ref="vase", category=vases)
    reader(mugs)
    share(store, terms=make_terms(**terms))
    assert tick() == int(told)


@pytest.mark.parametrize(
    "facts", [{"status": "suspended"}, {"wants_letters": False}, {"email": None}]
)
def test_who_may_not_or_will_not_be_written_to(store, mugs, facts):
    reader(mugs, **facts)
    reader(email="other@example.com")  # has chosen no category
    share(store)
    assert tick() == 0
    assert mail.outbox == []
    assert not CodeNotice.objects.exists()
    assert Announcement.objects.count() == 1


@pytest.mark.parametrize(
    ("model", "facts"),
    [
        (Affiliate, {"status": "suspended"}),
        (Affiliate, {"wants_letters": False}),
        (User, {"is_active": False}),
        (User, {"email": None}),
    ],
)
def test_who_may_not_be_written_to_any_more_is_owed_nothing(store, mugs, model, facts):
    anna = reader(mugs)
    reader(mugs, email="boris@example.com")
    share(store)
    announcements.announce_due(at=clock.now())
    model.objects.filter(pk=anna.pk if model is Affiliate else anna.user_id).update(**facts)
    assert tick() == 1
    assert mail.outbox[0].to == ["boris@example.com"]
    assert states() == ["dropped", "sent"]


def test_many_readers_are_owed_in_several_batches(store, mugs, monkeypatch):
    monkeypatch.setattr(announcements, "_CHUNK", 2)
    for number in range(5):
        reader(mugs, email=f"reader{number}@example.com")
    share(store)
    assert tick() == 5
    assert len({letter.to[0] for letter in mail.outbox}) == 5


def test_in_the_readers_language(store, mugs):
    reader(mugs, language="ru")
    share(store)
    tick()
    assert mail.outbox[0].subject == "Новый код, которым можно поделиться: «Summer»"
    assert "Никто не обязан публиковать." in mail.outbox[0].body


def test_not_before_it_is_approved_nor_before_it_starts(store, mugs):
    reader(mugs)
    start = clock.now() + timedelta(days=5)
    promotion = share(store, needs_approval=True, terms=make_terms(starts_at=start))
    assert tick() == 0
    promotions.approve(promotion_id=promotion.pk, actor=make_staff())
    assert tick() == 0
    assert states() == ["owed"]
    assert announcements.send_due(at=start) == 1


def test_a_store_that_joins_the_programme_a_day_later_is_told_of_then(mugs):
    store = make_store()
    make_product(store=store, category=mugs)
    reader(mugs)
    share(store)
    assert tick() == 0
    assert states() == ["owed"]
    make_plan(store=store)
    assert tick(after=timedelta(days=1)) == 1


def test_a_start_that_is_moved_is_waited_for(store, mugs):
    reader(mugs)
    now = clock.now()
    promotion = share(store, terms=make_terms(starts_at=now + timedelta(hours=1)))
    announcements.announce_due(at=now)
    later = now + timedelta(days=9)
    promotions.amend(promotion_id=promotion.pk, terms=make_terms(starts_at=later), actor="ops")
    assert tick(after=timedelta(hours=2)) == 0
    assert states() == ["owed"]
    assert announcements.send_due(at=later) == 1


def test_what_is_not_shared_or_old_is_told_to_nobody(store, mugs):
    reader(mugs)
    share(store, share_with_affiliates=False)
    old = share(store)
    Promotion.objects.filter(pk=old.pk).update(approved_at=clock.now() - announcements.FRESH)
    assert tick() == 0
    assert not Announcement.objects.exists()


def test_one_letter_a_day_names_all_that_is_new(store, mugs):
    reader(mugs)
    for number in range(7):
        share(store, name=f"Deal {number}")
    assert tick() == 1
    assert mail.outbox[0].subject == "5 new codes you can share"
    assert [f"Deal {n} —" in mail.outbox[0].body for n in range(7)] == [True] * 5 + [False] * 2
    assert tick(after=timedelta(hours=23)) == 0
    assert tick(after=timedelta(hours=25)) == 1
    assert "Deal 6 —" in mail.outbox[1].body
    assert states() == ["sent"] * 7


def test_what_is_over_stale_or_taken_already_is_no_news(store, mugs):
    anna = reader(mugs)
    over, mine, stale = (share(store, name=name) for name in ("Over", "Mine", "Stale"))
    announcements.announce_due(at=clock.now())
    promotions.cancel(promotion_id=over.pk, actor=make_staff(), reason="sold out")
    shared_codes.take(affiliate=anna, promotion_id=mine.pk)
    Promotion.objects.filter(pk=stale.pk).update(
        approved_at=clock.now() - announcements.FRESH - timedelta(minutes=1)
    )
    assert tick() == 0
    assert mail.outbox == []
    assert states() == ["dropped"] * 3


def test_ten_workers_at_once_write_one_letter(store, mugs):
    reader(mugs)
    share(store)
    sent = at_once(10, lambda _number: tick())
    assert sum(sent) == 1
    assert len(mail.outbox) == 1


def test_a_refused_letter_waits_longer_each_time_and_stops_nobody(store, mugs, settings):
    reader(mugs)
    share(store)
    settings.EMAIL_BACKEND = HERE + "Refusing"
    assert tick() == 0
    notice = CodeNotice.objects.get()
    assert (notice.state, notice.tries) == ("owed", 1)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tick() == 0  # not due again yet
    assert tick(after=timedelta(minutes=2)) == 1


def test_while_the_server_is_away_all_letters_wait(store, mugs, settings):
    reader(mugs)
    reader(mugs, email="boris@example.com")
    share(store)
    settings.EMAIL_BACKEND = HERE + "Away"
    assert tick() == 0
    assert states() == ["owed", "owed"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tick() == 2


# --- the end of letters ------------------------------------------------------------------------


def end_of(letter):
    path = "/creators/" + letter.body.partition("/creators/letters/")[2].split()[0]
    return path.replace("/creators/", "/creators/letters/", 1)


def test_a_letter_ends_letters_without_signing_in(store, mugs):
    anna = reader(mugs)
    share(store)
    tick()
    letter = mail.outbox[0]
    guest = Client(headers={"Accept-Language": "en"}, enforce_csrf_checks=True)
    path = end_of(letter)
    assert "Write to me no more" in guest.get(path).content.decode()
    anna.refresh_from_db()
    assert anna.wants_letters  # looking changes nothing
    # As a mail program does it by itself (RFC 8058).
    assert letter.extra_headers["List-Unsubscribe"].endswith(path + ">")
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    response = guest.post(path, {"List-Unsubscribe": "One-Click"})
    assert "You get no more letters" in response.content.decode()
    anna.refresh_from_db()
    assert not anna.wants_letters
    share(store, name="Autumn")
    assert tick(after=timedelta(days=2)) == 0


def test_a_forged_link_ends_nothing(mugs):
    anna = reader(mugs)
    path = f"/creators/letters/{announcements.end_token(anna)[:-1]}/"
    assert Client().post(path).status_code == 404
    anna.refresh_from_db()
    assert anna.wants_letters


def test_the_account_page_keeps_categories_and_the_wish(mugs):
    anna = reader()
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(anna.user, backend="django.contrib.auth.backends.ModelBackend")
    path = "/creators/account/interests/"
    assert browser.post(path, {"categories": [mugs.ref], "wants_letters": "on"}).status_code == 302
    assert [each.ref for each in anna.categories.all()] == [mugs.ref]
    assert browser.post(path, {"categories": ["no-such"]}).status_code == 422
    assert anna.categories.count() == 1
    assert browser.post(path, {}).status_code == 302
    anna.refresh_from_db()
    assert (anna.categories.count(), anna.wants_letters) == (0, False)
