"""The pages in a real Chromium: phone and desk, with and without JavaScript, three languages."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config import processes
from marketplace import clock
from marketplace.models import Profile, User
from referrals import rounds
from referrals.models import Participation, Round, Visit
from tests.browser import assert_accessible, assert_fits, sign_in
from tests.factories import referrals as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def round_(settings: Any, live_server: Any) -> Round:
    settings.SITE_URL = live_server.url
    return make.open_round(partner_name="Лавка")


def reader(language: str) -> User:
    return make.shopper(language=language)


def look(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, address
    assert_fits(page)
    assert_accessible(page)


def friend(open_page: OpenPage, **more: Any) -> Page:
    """A friend's phone; the browser's own agent would say that it is driven."""
    return open_page(user_agent=make.PHONE, **more)


def test_every_page_fits_and_is_accessible(reader_page: tuple[str, Page], round_: Round) -> None:
    language, page = reader_page
    anna = make.participant(
        round_, reader(language), message="Привет! 你好 " + "о" * 120, shows_name=True
    )
    Profile.objects.create(user=anna.shopper, name="Анна")
    make.friends(anna, 5, address="192.0.2.1", channel="telegram")
    make.visit(anna, address="192.0.2.1")
    make.visit(anna, user=anna.shopper)
    won = make.participant(round_, reader(language))
    make.friends(won, 10)
    look(page, "/friends/")
    look(page, f"/i/{anna.token}")
    sign_in(page, anna.shopper)
    for path in ("/friends/", "/friends/progress/", "/friends/share/", "/friends/history/"):
        look(page, path)
    look(page, f"/i/{anna.token}")
    sign_in(page, won.shopper)
    for path in ("/friends/", "/friends/progress/", f"/friends/code/{won.pk}/"):
        look(page, path)
    assert page.locator("html").get_attribute("lang") == {"zh-hans": "zh-Hans"}.get(
        language, language
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_code_reads_well_by_day_and_by_night(
    open_page: OpenPage, round_: Round, scheme: str
) -> None:
    won = make.participant(round_)
    make.friends(won, 10)
    page = open_page(color_scheme=scheme)
    sign_in(page, won.shopper)
    for path in ("/friends/progress/", f"/friends/code/{won.pk}/", "/friends/share/"):
        look(page, path)


def test_states_between_and_after_rounds(open_page: OpenPage, settings: Any) -> None:
    make.open_round(opens_at=clock.now() - timedelta(days=16))
    rounds.drive_due(at=clock.now())
    page = open_page()
    look(page, "/friends/")
    sign_in(page, make.shopper())
    look(page, "/friends/")
    page.locator("main form button").click()
    expect(page.locator(".notice-ok").first).to_be_visible()
    assert_accessible(page)
    look(page, "/friends/history/")


def test_a_shopper_joins_and_a_friend_accepts_without_javascript(
    open_page: OpenPage, round_: Round
) -> None:
    shopper = make.shopper()
    page = open_page(javascript=False)
    sign_in(page, shopper)
    page.goto("/friends/")
    page.locator("main form button").click()
    expect(page).to_have_url(re.compile("/friends/progress/$"))
    assert_fits(page)
    page.locator("textarea").fill("Помоги мне!")
    page.locator("#words + form button, section form button").last.click()
    expect(page).to_have_url(re.compile("/friends/share/$"))
    expect(page.locator(".bubble")).to_have_text("Помоги мне!")
    link = page.locator("#share-link").input_value()
    guest = friend(open_page, javascript=False)
    guest.goto(link)
    expect(guest.locator(".bubble")).to_have_text("Помоги мне!")
    guest.wait_for_timeout(1100)
    guest.locator("main form button").click()
    expect(guest).to_have_url(re.compile("/result$"))
    visit = Visit.objects.get()
    assert (visit.reason, visit.channel) == ("counted", "copy")
    page.goto("/friends/progress/")
    expect(page.locator(".slot-counted")).to_have_count(1)


def test_pressing_within_a_second_asks_to_press_again(
    open_page: OpenPage, round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make.participant(round_)
    monkeypatch.setattr("referrals.nonces.YOUNGEST", timedelta(seconds=3))
    guest = friend(open_page, javascript=False)
    guest.goto(f"/i/{anna.token}")
    guest.locator("main form button").click()
    expect(guest.get_by_role("alert")).to_be_visible()
    assert not Visit.objects.exists()
    guest.wait_for_timeout(3100)
    guest.locator("main form button").click()
    expect(guest).to_have_url(re.compile("/result$"))
    assert Visit.objects.get().reason == "counted"


def test_progress_updates_by_itself(open_page: OpenPage, round_: Round) -> None:
    anna = make.participant(round_)
    page = open_page()
    sign_in(page, anna.shopper)
    page.goto("/friends/progress/")
    expect(page.locator(".ring-number")).to_have_text("0")
    page.locator("textarea").fill("half a sentence")
    make.friends(anna, 3)
    expect(page.locator(".ring-number")).to_have_text("3")
    expect(page.locator(".slot-counted")).to_have_count(3)
    expect(page.locator("#channels-card")).to_be_visible()
    assert page.locator("textarea").input_value() == "half a sentence"
    assert_accessible(page)


def test_the_own_words_are_previewed_while_typing(open_page: OpenPage, round_: Round) -> None:
    anna = make.participant(round_)
    page = open_page()
    sign_in(page, anna.shopper)
    page.goto("/friends/progress/")
    usual = page.locator("#said").text_content()
    assert usual
    page.locator("textarea").fill("С пирогом!")
    expect(page.locator("#said")).to_have_text("С пирогом!")
    expect(page.locator("#words-left")).to_have_text("10 / 500")
    page.locator("textarea").fill("")
    expect(page.locator("#said")).to_have_text(usual)


def test_the_code_is_copied_in_one_piece(open_page: OpenPage, round_: Round) -> None:
    won = make.participant(round_)
    make.friends(won, 10)
    won.refresh_from_db()
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, won.shopper)
    page.goto(f"/friends/code/{won.pk}/")
    page.locator("[data-copy]").click()
    assert page.evaluate("navigator.clipboard.readText()") == str(won.code)


def test_the_joy_is_still_for_whoever_wants_it_still(open_page: OpenPage, round_: Round) -> None:
    won = make.participant(round_)
    make.friends(won, 10)
    page = open_page(reduced_motion="reduce")
    sign_in(page, won.shopper)
    page.goto(f"/friends/code/{won.pk}/")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_waiting_friend_signs_in_and_counts(open_page: OpenPage, settings: Any) -> None:
    anna = make.participant(make.open_round(policy={"audience": "signed_in"}))
    user = make.shopper()
    user.set_password("a long secret word")
    user.save()
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    guest = friend(open_page)
    guest.goto(f"/i/{anna.token}")
    guest.wait_for_timeout(1100)
    guest.locator("main form button").click()
    expect(guest).to_have_url(re.compile("/result$"))
    assert_accessible(guest)
    guest.locator("a[href*='/accounts/login/']").last.click()
    guest.locator("input[name=login]").fill(str(user.email))
    guest.locator("input[name=password]").fill("a long secret word")
    guest.locator("main form button[type=submit], main form .btn-primary").first.click()
    expect(guest).to_have_url(re.compile(f"/i/{anna.token}/result$"))
    assert Visit.objects.get().reason == "counted"
    assert Participation.objects.get().counted == 1


def test_a_touch_confirms_only_where_the_round_allows_it(open_page: OpenPage) -> None:
    plain = make.participant(make.open_round())
    eager = make.participant(make.open_round(policy={"confirms_by_gesture": True}))
    for anna, visits in ((plain, 0), (eager, 1)):
        guest = friend(open_page)
        guest.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")
        guest.goto(f"/i/{anna.token}")
        guest.wait_for_timeout(1700)
        guest.locator("h1").click()
        guest.wait_for_timeout(700)
        seen = anna.visits.all()
        assert processes.wait_until(lambda seen=seen, n=visits: seen.count() == n, seconds=30)
