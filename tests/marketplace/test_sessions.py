"""One-time sign-in: made by the marketplace's server, used once by the shopper's browser."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from marketplace.models import Order, SignInToken, StoreMember, User
from tests.api import Api
from tests.factories.marketplace import make_client, make_staff, make_store, make_user

pytestmark = pytest.mark.django_db
ANNA = {
    "ref": "u1",
    "name": "Anna",
    "email": "Anna@Example.com",
    "locale": "zh-CN",
    "avatar_url": "https://shop.example.com/anna.png",
}


def open_session(api, next="/friends/", **shopper):  # noqa: A002
    return api.post("/sessions", {"shopper": ANNA | shopper, "next": next})


def path_of(answer) -> str:
    assert answer.status_code == 201, answer.json()
    return answer.json()["url"].removeprefix("http://localhost:8000")


def who(browser: Client) -> str | None:
    return browser.session.get("_auth_user_id")


def test_a_tap_signs_the_shopper_in_once(api):
    path = path_of(open_session(api))
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(path, headers={"Accept-Language": "ru"})
    assert page.status_code == 200
    assert '<html lang="zh-Hans">' in page.text  # the shopper's language, not the browser's
    assert "Anna" in page.text
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    assert who(browser) is None
    token = browser.cookies["csrf"].value
    answer = browser.post(path, {"csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Location"]) == (302, "/friends/")
    anna = User.objects.get()
    assert who(browser) == str(anna.pk)
    assert (anna.ref, anna.email, anna.language) == ("u1", "anna@example.com", "zh-hans")
    assert (anna.profile.name, anna.profile.avatar_url) == ("Anna", ANNA["avatar_url"])
    assert not anna.has_usable_password()
    # Used up, for whoever has the link and for Anna herself.
    for again in (browser.get(path), Client().get(path), Client().post(path)):
        assert again.status_code == 410


def test_looking_at_the_link_does_not_use_it_up(api):
    path = path_of(open_session(api))
    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert SignInToken.objects.get().used_at is None
    assert Client().post(path).status_code == 302


def test_a_form_of_another_site_can_not_sign_anybody_in(api):
    path = path_of(open_session(api))
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(path).status_code == 403
    assert who(browser) is None
    assert SignInToken.objects.get().used_at is None


def test_the_link_lives_a_minute(api):
    answer = open_session(api)
    token = SignInToken.objects.get()
    SignInToken.objects.update(expires_at=Now() - timedelta(milliseconds=1))
    for reply in (Client().get(path_of(answer)), Client().post(path_of(answer))):
        assert reply.status_code == 410
    token.refresh_from_db()
    assert token.used_at is None


def test_only_the_hash_of_the_link_is_kept(api):
    secret = path_of(open_session(api)).removeprefix("/s/")
    assert len(secret) >= 27
    assert secret not in str(SignInToken.objects.values().get())


def test_a_link_that_never_was_is_gone(db):
    assert Client().get("/s/none").status_code == 410


def test_the_shopper_is_brought_up_to_date(api):
    open_session(api)
    open_session(api, name="Anna K.", email="new@example.com", locale="en", avatar_url=None)
    assert open_session(api, name="", email=" ", locale="", avatar_url="").status_code == 201
    anna = User.objects.get()
    assert (anna.profile.name, anna.language) == ("Anna K.", "en")
    assert anna.profile.avatar_url == ANNA["avatar_url"]
    assert anna.email == "anna@example.com"  # the first address stays


def test_an_address_that_somebody_has_is_not_taken_over(api):
    victim = make_user(email="anna@example.com", ref=None)
    path = path_of(open_session(api))
    browser = Client()
    browser.post(path)
    assert who(browser) != str(victim.pk)
    assert User.objects.get(ref="u1").email is None


def test_orders_that_came_before_the_shopper_are_theirs(api):
    Order.objects.create(ref="o1", shopper_ref="u1")
    open_session(api)
    assert Order.objects.get().shopper == User.objects.get()


def test_another_session_of_another_shopper_takes_over(api):
    browser = Client()
    browser.post(path_of(open_session(api)))
    browser.post(path_of(open_session(api, ref="u2", email=None)))
    assert who(browser) == str(User.objects.get(ref="u2").pk)


@pytest.mark.parametrize("role", ["staff", "member", "inactive"])
def test_nobody_enters_at_work_by_a_link(api, role):
    if role == "staff":
        make_staff(ref="u1")
    elif role == "member":
        make_store(owner=make_user(ref="u1"))
    else:
        make_user(ref="u1", is_active=False)
    answer = open_session(api)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_shopper")
    assert not SignInToken.objects.exists()


def test_who_began_to_work_here_meanwhile_does_not_enter(api):
    path = path_of(open_session(api))
    StoreMember.objects.create(store=make_store(), user=User.objects.get())
    assert Client().post(path).status_code == 410


def test_a_stores_own_key_signs_nobody_in(db):
    own = Api(make_client(store=make_store())[1])
    answer = open_session(own)
    assert (answer.status_code, answer.json()["code"]) == (403, "only_the_marketplace")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example.com/",
        "//evil.example.com/",
        "/\\evil.example.com",
        "\\\\evil.example.com",
        "https://shop.example.com.evil.com/",
        "https://shop.example.com@evil.com/",
        "https://user@shop.example.com/",
        "https://shop.example.com:8443/",
        "https://unverified.example.com/",
        "https://closed.example.com/",
        "javascript:alert(1)",
        "friends/",
        "https:///evil.example.com",
        "http:///evil.example.com",
        "https://[evil",
        "/\nSet-Cookie: a=b",
        " /friends/",
    ],
)
def test_nobody_is_led_elsewhere(api, next_):
    make_store(host="shop.example.com", is_verified=True)
    make_store(host="unverified.example.com")
    make_store(host="closed.example.com", is_verified=True, is_active=False)
    answer = open_session(api, next=next_)
    assert (answer.status_code, answer.json()["code"]) == (422, "unsafe_destination")
    assert not SignInToken.objects.exists()


def test_a_verified_host_may_be_next_and_the_form_may_lead_there(api):
    make_store(host="shop.example.com", is_verified=True)
    path = path_of(open_session(api, next="https://shop.example.com/cart?a=b"))
    browser = Client()
    policy = browser.get(path)["Content-Security-Policy"]
    assert "form-action 'self' https://shop.example.com;" in f"{policy};"
    assert browser.post(path)["Location"] == "https://shop.example.com/cart?a=b"


@pytest.mark.parametrize(
    ("shopper", "field"),
    [
        ({"ref": None}, "shopper.ref"),
        ({"ref": "a b"}, "shopper.ref"),
        ({"email": "anna"}, "shopper.email"),
        ({"name": "x" * 101}, "shopper.name"),
        ({"avatar_url": "javascript:alert(1)"}, "shopper.avatar_url"),
        ({"age": 7}, "shopper.age"),
    ],
)
def test_a_wrong_shopper_is_refused(api, shopper, field):
    answer = open_session(api, **shopper)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not User.objects.exists()


def test_a_language_we_do_not_speak_is_ours(api):
    open_session(api, locale="fr_FR")
    assert User.objects.get().language == "ru"
