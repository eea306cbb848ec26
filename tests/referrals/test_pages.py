"""The pages over HTTP: what each state shows, what a GET may never do, which queries it costs."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from marketplace import clock
from marketplace.models import Profile, User
from marketplace.money import format_money
from referrals import devices, nonces, rounds
from referrals.models import Device, Participation, Reminder, Round, Visit
from tests.factories import referrals as make

pytestmark = pytest.mark.django_db
AGENTS = json.loads(
    (Path(__file__).parent.parent / "data" / "preview_user_agents.json").read_text()
)
# Word for word a browser's agent: told apart by what it does, never by its name.
DISGUISED = {"Discord image (fake Mac FF)"}


@pytest.fixture
def round_() -> Round:
    return make.open_round()


@pytest.fixture
def anna(round_: Round) -> Participation:
    return make.participant(round_)


@pytest.fixture
def friend() -> Client:
    return Client(enforce_csrf_checks=True, headers={"user-agent": make.PHONE})


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, participation: Participation, *, age: float = 5, **more: Any) -> Any:
    """Open the invitation and press its button, as if the page was shown `age` seconds ago."""
    address = f"/i/{participation.token}"
    page = client.get(address, {"via": "vk"}, **more)
    body = page.content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)
    assert token
    nonce = nonces.make(token=participation.token, at=clock.now() - timedelta(seconds=age))
    form = {"csrfmiddlewaretoken": token[1], "nonce": nonce, "via": "vk"}
    return client.post(f"{address}/accept", form, **more)


def rows() -> dict[str, int]:
    return {
        model.__name__: model.objects.count() for model in (Visit, Device, Participation, Reminder)
    }


# --- the friend -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_counts_by_opening_the_page(
    anna: Participation, friend: Client, name: str, method: str
) -> None:
    before = rows()
    headers = {"user-agent": AGENTS[name], "sec-purpose": "prefetch", "purpose": "prefetch"}
    answer = getattr(friend, method)(f"/i/{anna.token}?via=ok", headers=headers)
    assert answer.status_code == 200
    assert rows() == before
    assert devices.COOKIE not in answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert "noindex" in answer["X-Robots-Tag"]


@pytest.mark.parametrize("name", [name for name in AGENTS if name.endswith("human")])
def test_people_in_apps_count_when_they_press(anna: Participation, name: str) -> None:
    friend = Client(enforce_csrf_checks=True, headers={"user-agent": AGENTS[name]})
    press(friend, anna)
    assert Visit.objects.get().reason == "counted"


@pytest.mark.parametrize(
    "name", [name for name in AGENTS if not name.endswith("human") and name not in DISGUISED]
)
def test_a_previewer_that_presses_does_not_count(anna: Participation, name: str) -> None:
    robot = Client(enforce_csrf_checks=True, headers={"user-agent": AGENTS[name]})
    press(robot, anna)
    assert Visit.objects.get().outcome == "waiting"
    anna.refresh_from_db()
    assert anna.counted == 0


def test_the_preview_says_what_a_messenger_needs(anna: Participation, friend: Client) -> None:
    body = friend.get(f"/i/{anna.token}").content.decode()
    assert re.search(r'property="og:title" content="[^"]+"', body)
    assert re.search(r'property="og:description" content="[^"]+399', body)
    image = re.search(r'property="og:image" content="https?://[^/]+(/static/[^"]+\.png)"', body)
    assert image
    png = (Path("static") / image[1].removeprefix("/static/")).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert (width, height) == (1200, 630)


@pytest.mark.parametrize("language", ["ru", "en", "zh-hans"])
def test_every_language_has_its_picture(anna: Participation, friend: Client, language: str) -> None:
    body = friend.get(f"/i/{anna.token}", headers={"accept-language": language}).content.decode()
    assert f"og-{language[:2]}.png" in body


def test_pressing_makes_one_visit_and_sets_the_cookie(anna: Participation, friend: Client) -> None:
    answer = press(friend, anna)
    assert answer.status_code == 302
    assert answer.url == f"/i/{anna.token}/result"
    cookie = answer.cookies[devices.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) == 22
    visit = Visit.objects.get()
    assert (visit.reason, visit.channel) == ("counted", "vk")
    page = friend.get(answer.url)
    assert page.context["visit"] == visit
    assert str(page.context["words"].friend_title) in page.content.decode()
    assert page["Cache-Control"] == "no-store"


def test_without_csrf_nothing_happens(anna: Participation, friend: Client) -> None:
    nonce = nonces.make(token=anna.token, at=clock.now() - timedelta(seconds=5))
    answer = friend.post(f"/i/{anna.token}/accept", {"nonce": nonce})
    assert answer.status_code == 403
    assert rows() == {"Visit": 0, "Device": 0, "Participation": 1, "Reminder": 0}


@pytest.mark.parametrize("age", [0, 31 * 60])
def test_a_stale_page_asks_to_press_again(anna: Participation, friend: Client, age: float) -> None:
    answer = press(friend, anna, age=age)
    assert answer.status_code == 422
    assert b'name="nonce"' in answer.content
    assert b'role="alert"' in answer.content
    assert rows()["Visit"] == 0


def test_a_repeated_press_is_the_same_visit(anna: Participation, friend: Client) -> None:
    address = f"/i/{anna.token}"
    body = friend.get(address).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)
    assert token
    nonce = nonces.make(token=anna.token, at=clock.now() - timedelta(seconds=5))
    form = {"csrfmiddlewaretoken": token[1], "nonce": nonce}
    for _ in range(3):
        assert friend.post(f"{address}/accept", form).status_code == 302
    assert rows()["Visit"] == 1


@pytest.mark.parametrize("method", ["put", "delete", "patch", "get"])
def test_only_a_post_accepts(anna: Participation, friend: Client, method: str) -> None:
    answer = getattr(Client(), method)(f"/i/{anna.token}/accept")
    assert answer.status_code == 405


@pytest.mark.parametrize("path", ["", "/result"])
def test_an_unknown_link_is_not_found(path: str) -> None:
    assert Client().get(f"/i/nobody{path}").status_code == 404
    assert Client().post("/i/nobody/accept", {"nonce": "x"}).status_code == 404


def test_a_result_without_a_visit_leads_to_the_invitation(anna: Participation) -> None:
    answer = Client().get(f"/i/{anna.token}/result")
    assert (answer.status_code, answer.url) == (302, f"/i/{anna.token}")


def test_the_inviter_meets_their_own_link(anna: Participation) -> None:
    answer = signed_in(anna.shopper).get(f"/i/{anna.token}")
    assert answer.templates[0].name == "referrals/own_link.html"
    assert rows()["Visit"] == 0


def test_the_inviters_device_is_known_after_signing_out(round_: Round) -> None:
    user = make.shopper()
    browser = signed_in(user)
    browser.post("/friends/join/")
    participation = Participation.objects.get(shopper=user)
    browser.cookies.pop("session")
    answer = browser.get(f"/i/{participation.token}")
    assert answer.templates[0].name == "referrals/own_link.html"


def test_signing_in_counts_what_waited() -> None:
    anna = make.participant(make.open_round(policy={"audience": "signed_in"}))
    friend, user = Client(headers={"user-agent": make.PHONE}), make.shopper()
    press(friend, anna)
    result = f"/i/{anna.token}/result"
    assert Visit.objects.get().reason == "need_sign_in"
    assert f"next=/i/{anna.token}/result" in friend.get(result).content.decode()
    login = {"login": user.email, "password": "a long secret word"}
    user.set_password(login["password"])
    user.save()
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    friend.post("/accounts/login/", login | {"next": result})
    assert Visit.objects.get().reason == "counted"
    assert friend.get(result).context["visit"].outcome == "counted"


def test_an_ended_round_shows_the_deals_and_no_button(round_: Round, anna: Participation) -> None:
    Round.objects.filter(pk=round_.pk).update(
        closes_at=clock.now() + timedelta(days=20), terms_version=2
    )
    assert b"accept" in Client().get(f"/i/{anna.token}").content
    past = make.open_round(
        opens_at=clock.now() - timedelta(days=20), length=timedelta(days=10), is_running=False
    )
    late = Participation.objects.create(round=past, shopper=make.shopper())
    rounds.drive_due(at=clock.now())
    body = Client().get(f"/i/{late.token}").content
    assert b"/accept" not in body


def test_opening_costs_one_query(anna: Participation, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        Client().get(f"/i/{anna.token}")


def test_own_words_are_plain_text(round_: Round) -> None:
    anna = make.participant(round_, message="<script>alert(1)</script> <b>hi</b>\n{{ 7|add:7 }}")
    body = Client().get(f"/i/{anna.token}").content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


# --- the inviter ------------------------------------------------------------------------------


def test_the_name_is_shown_only_with_consent(round_: Round) -> None:
    for shows_name in (True, False):
        one = make.participant(round_, shows_name=shows_name)
        Profile.objects.create(user=one.shopper, name="Anna Petrovna")
        body = Client().get(f"/i/{one.token}").content.decode()
        assert ("Anna Petrovna" in body) is shows_name


def test_a_guest_sees_the_round_and_signs_in_at_join(round_: Round) -> None:
    answer = Client().get("/friends/", headers={"accept-language": "en"})
    body = answer.content.decode()
    assert answer.context["stage"] == "open"
    prices = [format_money(minor, "RUB", "en") for minor in (39_900, 40_000)]
    for fact in (*prices, "10", "/accounts/login/?next=/friends/"):
        assert fact in body
    joining = Client().post("/friends/join/")
    assert joining.status_code == 302
    assert joining.url.startswith("/accounts/login/")


def test_joining_leads_to_the_progress_and_sets_the_device(round_: Round) -> None:
    user = make.shopper()
    browser = signed_in(user)
    answer = browser.post("/friends/join/")
    assert (answer.status_code, answer.url) == (302, "/friends/progress/")
    assert answer.cookies[devices.COOKIE]["httponly"]
    assert Device.objects.get().user == user
    assert browser.post("/friends/join/").status_code == 302
    assert Participation.objects.count() == 1
    assert browser.get("/friends/").context["stage"] == "joined"


def test_each_stage_of_the_round_has_its_face(round_: Round, anna: Participation) -> None:
    browser = signed_in(anna.shopper)
    assert browser.get("/friends/").context["stage"] == "joined"
    make.friends(anna, 10)
    assert browser.get("/friends/").context["stage"] == "won"


def test_between_rounds_one_may_be_reminded() -> None:
    make.open_round(opens_at=clock.now() - timedelta(days=16))
    rounds.drive_due(at=clock.now())
    user = make.shopper()
    browser = signed_in(user)
    page = browser.get("/friends/")
    assert page.context["stage"] == "between"
    assert page.context["round"].number == 2
    assert browser.post("/friends/join/", follow=True).context["stage"] == "between"
    assert not Participation.objects.exists()
    browser.post("/friends/remind/")
    assert Reminder.objects.get().shopper == user
    assert browser.get("/friends/").context["is_reminded"]
    browser.post("/friends/remind/", {"wish": "no"})
    assert not Reminder.objects.exists()


def test_the_last_round_of_a_stopped_series_has_ended() -> None:
    make.open_round(opens_at=clock.now() - timedelta(days=16), is_running=False)
    rounds.drive_due(at=clock.now())
    assert Client().get("/friends/").context["stage"] == "ended"


def test_a_young_account_reads_from_when_it_may_join() -> None:
    make.open_round(policy={"min_account_hours": 24})
    browser = signed_in(make.shopper())
    assert browser.get("/friends/").context["stage"] == "not_eligible"
    browser.post("/friends/join/")
    assert not Participation.objects.exists()


def test_without_any_round_the_page_says_so() -> None:
    assert Client().get("/friends/").templates[0].name == "referrals/none.html"
    assert signed_in(make.shopper()).post("/friends/join/").status_code == 404


def test_progress_shows_one_slot_per_friend_with_the_reason(anna: Participation) -> None:
    make.friends(anna, 5, address="192.0.2.1", channel="telegram")
    make.visit(anna, address="192.0.2.1", channel="ok")
    make.visit(anna, user=anna.shopper)
    browser = signed_in(anna.shopper)
    progress = browser.get("/friends/progress/").context["progress"]
    assert [slot.kind for slot in progress.slots] == ["waiting"] + ["counted"] * 5
    assert [slot.kind for slot in progress.refused] == ["refused"]
    assert progress.places == [6, 7, 8, 9, 10]
    assert (progress.counted, progress.waiting, progress.left) == (5, 1, 5)
    channels = {one.label: (one.visits, one.counted) for one in progress.channels}
    assert channels["Telegram"] == (5, 5)


def test_the_fragment_is_the_same_view_without_the_page(anna: Participation) -> None:
    browser = signed_in(anna.shopper)
    answer = browser.get("/friends/progress/", headers={"hx-request": "true"})
    assert answer.templates[0].name == "referrals/_progress.html"
    assert b"<html" not in answer.content
    assert answer.content.count(b"hx-swap-oob") == 2


@pytest.mark.parametrize("people", [1, 3, 30])
def test_progress_costs_the_same_however_many_friends(
    people: int, django_assert_num_queries: Any
) -> None:
    anna = make.participant(make.open_round(threshold=50))
    make.friends(anna, people, user=None)
    browser = signed_in(anna.shopper)
    with django_assert_num_queries(6):  # session, user, clock, participation, visits, channels
        browser.get("/friends/progress/")


@pytest.mark.parametrize(
    "path",
    ["/friends/progress/", "/friends/share/", "/friends/history/", "/friends/qr.png"],
)
def test_guests_are_led_to_sign_in(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.url == f"/accounts/login/?next={path}"


def test_words_are_kept_and_shown_to_friends(anna: Participation) -> None:
    browser = signed_in(anna.shopper)
    answer = browser.post(
        "/friends/words/", {"message": "Привет!\r\nПомоги\u202e \x07мне", "shows_name": "on"}
    )
    assert (answer.status_code, answer.url) == (302, "/friends/share/")
    anna.refresh_from_db()
    assert (anna.message, anna.shows_name) == ("Привет!\nПомоги мне", True)
    assert "Помоги мне" in Client().get(f"/i/{anna.token}").content.decode()


def test_words_beyond_five_hundred_are_refused(anna: Participation) -> None:
    browser = signed_in(anna.shopper)
    assert browser.post("/friends/words/", {"message": "я" * 500}).status_code == 302
    answer = browser.post("/friends/words/", {"message": "n" * 501})
    assert answer.status_code == 422
    anna.refresh_from_db()
    assert anna.message == "я" * 500


def test_the_share_page_has_every_channel_and_a_code_to_scan(anna: Participation) -> None:
    body = signed_in(anna.shopper).get("/friends/share/").content.decode()
    for address in (
        "https://connect.ok.ru/offer?",
        "https://vk.com/share.php?",
        "https://t.me/share/url?",
        "https://api.whatsapp.com/send?",
        "viber://forward?",
        "mailto:?",
    ):
        assert address in body
    for tag in ("via%3Dok", "via%3Dvk", "via%3Dtelegram", "via%3Dwhatsapp", "via%3Dviber"):
        assert tag in body
    assert "<path stroke" in body


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("exe", None)])
def test_the_qr_code_can_be_kept(anna: Participation, kind: str, start: bytes | None) -> None:
    answer = signed_in(anna.shopper).get(f"/friends/qr.{kind}")
    if start is None:
        assert answer.status_code == 404
    else:
        assert answer.content.startswith(start)
        assert "attachment" in answer["Content-Disposition"]


def test_the_code_is_shown_to_its_shopper_only(anna: Participation) -> None:
    make.friends(anna, 10)
    anna.refresh_from_db()
    path = f"/friends/code/{anna.pk}/"
    body = signed_in(anna.shopper).get(path).content.decode()
    code = str(anna.code)
    assert all(code[at : at + 4] in body for at in (0, 4, 8))
    assert "coupon-new" in body
    assert signed_in(make.shopper()).get(path).status_code == 404
    assert Client().get(path).status_code == 302


def test_before_the_threshold_there_is_no_code_page(anna: Participation) -> None:
    assert signed_in(anna.shopper).get(f"/friends/code/{anna.pk}/").status_code == 404


def test_history_keeps_every_round(round_: Round, anna: Participation) -> None:
    make.friends(anna, 10)
    make.participant(make.open_round(), anna.shopper)
    anna.refresh_from_db()
    answer = signed_in(anna.shopper).get("/friends/history/")
    assert len(answer.context["rows"]) == 2
    assert str(anna.code) in answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_history_costs_the_same(count: int, django_assert_num_queries: Any) -> None:
    user = make.shopper()
    for _ in range(count):
        make.participant(make.open_round(), user)
    browser = signed_in(user)
    with django_assert_num_queries(4):  # session, user, clock, participations; no code to look up
        browser.get("/friends/history/")


def test_a_page_is_light(anna: Participation) -> None:
    make.friends(anna, 9)
    body = signed_in(anna.shopper).get("/friends/progress/").content
    assert len(body) < 40_000
