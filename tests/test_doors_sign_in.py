"""The doors one signs in at: throttled, silent about who exists, a second factor for staff."""

import re
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from marketplace.models import Store, StoreMember, User
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.programs import granian

pytestmark = pytest.mark.django_db

PASSWORD = "cross-stitch 42"
SECRET = "JBSWY3DPEHPK3PXP"
TOO_MANY = "Too many failed login attempts"


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


def log_in(client: Client, email: str, password: str, address: str = "198.51.100.1") -> Any:
    data = {"login": email, "password": password}
    return client.post("/accounts/login/", data, REMOTE_ADDR=address)


def verified_user(**fields: Any) -> User:
    user = make_user(password=PASSWORD, language="en", **fields)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def code_in(message: Any) -> str:
    found = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", message.body, re.MULTILINE)
    assert found, message.body
    return found[1]


def totp_now() -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


# --- passwords and codes -------------------------------------------------------------------------
def test_password_opens_the_door_and_rotates_the_session(client: Client) -> None:
    user = verified_user()
    client.get("/accounts/login/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before

    response = log_in(client, user.email.upper(), PASSWORD)

    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = before
    assert "_auth_user_id" not in stolen.session


def test_code_by_mail_opens_the_door(client: Client) -> None:
    user = verified_user()
    client.post("/accounts/login/code/", {"email": user.email})
    client.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_sign_up_keeps_the_language_and_the_address_in_lower_case(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    client.post("/accounts/signup/", {"email": "Anna@Example.COM", "password1": PASSWORD})
    client.post("/accounts/confirm-email/", {"code": code_in(mail.outbox[-1])})
    anna = User.objects.get(email="anna@example.com")
    assert anna.language == "zh-hans"
    assert client.session["_auth_user_id"] == str(anna.pk)


def test_guesser_is_locked_out_and_the_owner_elsewhere_is_not(client: Client) -> None:
    user = verified_user()
    for _ in range(5):
        assert "are not correct" in log_in(client, user.email, "wrong").content.decode()
    assert TOO_MANY in log_in(client, user.email, "wrong").content.decode()
    assert TOO_MANY in log_in(client, user.email, PASSWORD).content.decode()
    assert "_auth_user_id" not in client.session
    elsewhere = Client()
    assert log_in(elsewhere, user.email, PASSWORD, address="203.0.113.9").status_code == 302


def test_guessing_from_everywhere_is_stopped_too(client: Client) -> None:
    user = verified_user()
    for number in range(100):
        log_in(client, user.email, "wrong", address=f"203.0.{number}.7")
    answer = log_in(client, user.email, PASSWORD, address="192.0.2.2").content.decode()
    assert TOO_MANY in answer


def test_lock_opens_when_the_window_has_rolled(client: Client, monkeypatch: Any) -> None:
    user = verified_user()
    for _ in range(6):
        log_in(client, user.email, "wrong")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 15 * 60 + 1)
    assert log_in(client, user.email, PASSWORD).status_code == 302


def test_address_trying_many_people_is_locked_out(client: Client, monkeypatch: Any) -> None:
    now = time.time()
    for number in range(30):
        monkeypatch.setattr("time.time", lambda: now + 5 * number)  # noqa: B023
        log_in(client, f"person-{number}@example.com", "wrong")
    assert TOO_MANY in log_in(client, "yet-another@example.com", "wrong").content.decode()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/accounts/login/", {"login": "{email}", "password": "wrong"}),
        ("/accounts/login/code/", {"email": "{email}"}),
        ("/accounts/signup/", {"email": "{email}", "password1": PASSWORD}),
        ("/accounts/password/reset/", {"email": "{email}"}),
    ],
    ids=["password", "code", "sign-up", "reset"],
)
def test_answers_do_not_tell_who_exists(path: str, data: dict[str, str]) -> None:
    known = verified_user(email="known@example.com").email

    def answer(email: str) -> tuple[int, str, str]:
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        filled = {name: value.format(email=email) for name, value in data.items()}
        response = client.post(path, filled)
        where = response.headers.get("Location", "")
        page = client.get(where).content.decode() if where else response.content.decode()
        page = re.sub(r'value="[\w]{64}"|nonce-[\w-]+', "", page).replace(email, "<e-mail>")
        return response.status_code, where, page

    assert answer(known) == answer("nobody@example.com")


# --- the two admin sites -------------------------------------------------------------------------
@pytest.mark.parametrize("site", ["admin", "seller"])
def test_admin_sites_have_no_password_form_of_their_own(client: Client, site: str) -> None:
    staff = make_staff(password=PASSWORD)
    make_store(owner=staff)
    response = client.get(f"/{site}/", follow=True)
    assert response.redirect_chain[-1][0] == f"/accounts/login/?next=%2F{site}%2F"
    answer = client.post(f"/{site}/login/", {"username": staff.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("site", ["admin", "seller"])
def test_sign_in_leads_back_to_the_page_that_was_asked_for(client: Client, site: str) -> None:
    staff = verified_user(is_staff=True, is_superuser=True)
    make_store(owner=staff)
    start = client.get(f"/{site}/", follow=True).redirect_chain[-1][0]
    response = client.post(start, {"login": staff.email, "password": PASSWORD}, follow=True)
    assert response.request["PATH_INFO"] == f"/{site}/"
    assert response.status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_sign_in_leads_to_no_other_host(client: Client, target: str) -> None:
    client.force_login(make_staff())
    assert client.get("/admin/login/", {"next": target}).headers["Location"] == "/admin/"


def test_seller_is_refused_at_operations_and_shopper_at_both(client: Client) -> None:
    owner = make_user(language="en")
    make_store(owner=owner)
    client.force_login(owner)
    assert client.get("/seller/").status_code == 200
    refused = client.get("/admin/", follow=True)
    assert refused.status_code == 403
    assert "This part is for the marketplace's staff" in refused.content.decode()

    client.force_login(make_user(language="en"))
    refused = client.get("/seller/", follow=True)
    assert refused.status_code == 403
    assert "This part is for stores" in refused.content.decode()
    assert client.get("/admin/", follow=True).status_code == 403


def test_staff_without_a_store_is_refused_at_the_sellers_site(client: Client) -> None:
    client.force_login(make_staff())
    assert client.get("/seller/", follow=True).status_code == 403


def test_leaving_the_store_closes_its_door_at_once(client: Client) -> None:
    owner = make_user()
    store = make_store(owner=owner)
    client.force_login(owner)
    StoreMember.objects.filter(store=store).delete()
    assert client.get("/seller/", follow=True).status_code == 403


def test_closed_store_closes_the_door(client: Client) -> None:
    owner = make_user()
    store = make_store(owner=owner)
    client.force_login(owner)
    Store.objects.filter(pk=store.pk).update(is_active=False)
    assert client.get("/seller/", follow=True).status_code == 403


def test_admin_session_ends_when_nobody_clicks(client: Client, monkeypatch: Any) -> None:
    client.force_login(make_staff())
    now = time.time()
    assert client.get("/admin/").status_code == 200
    monkeypatch.setattr("time.time", lambda: now + settings.ADMIN_IDLE_SECONDS - 60)
    assert client.get("/admin/").status_code == 200
    monkeypatch.setattr("time.time", lambda: now + 2 * settings.ADMIN_IDLE_SECONDS)
    assert client.get("/admin/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_signing_out_is_a_post(client: Client) -> None:
    client.force_login(make_staff())
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


# --- the second factor ---------------------------------------------------------------------------
@pytest.fixture
def _second_factor(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setattr(settings, "OPS_SECOND_FACTOR", True)
    return None


@pytest.mark.usefixtures("_second_factor")
def test_staff_without_second_factor_is_led_to_set_it_up(client: Client) -> None:
    client.force_login(make_staff())
    response = client.get("/admin/auth/group/")
    assert response.status_code == 302
    assert urlsplit(response.headers["Location"]).path == reverse("mfa_activate_totp")


@pytest.mark.usefixtures("_second_factor")
def test_staff_proves_the_second_factor_at_sign_in(client: Client) -> None:
    staff = verified_user(is_staff=True, is_superuser=True)
    TOTP.activate(staff, SECRET)
    response = log_in(client, staff.email, PASSWORD)
    assert response.headers["Location"] == reverse("mfa_authenticate")
    assert client.get("/admin/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": totp_now()})
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("_second_factor")
def test_session_begun_without_second_factor_must_prove_it(client: Client) -> None:
    staff = verified_user(is_staff=True, is_superuser=True)
    TOTP.activate(staff, SECRET)
    client.force_login(staff)
    response = client.get("/admin/")
    where = urlsplit(response.headers["Location"])
    assert where.path == reverse("mfa_reauthenticate")
    assert parse_qs(where.query) == {"next": ["/admin/"]}
    response = client.post(response.headers["Location"], {"code": totp_now()}, follow=True)
    assert response.request["PATH_INFO"] == "/admin/"
    assert response.status_code == 200


# --- other networks ------------------------------------------------------------------------------
KEYS = {
    "VK_CLIENT_ID": "1",
    "VK_SECRET": "s",
    "ODNOKLASSNIKI_CLIENT_ID": "2",
    "ODNOKLASSNIKI_SECRET": "s",
    "ODNOKLASSNIKI_KEY": "k",
}


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_without_keys_no_network_is_offered(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "/accounts/vk/" not in page
    assert "/accounts/odnoklassniki/" not in page
    assert client.get("/accounts/vk/login/").status_code == 404


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_with_keys_the_networks_are_offered_and_lead_to_their_hosts(tmp_path: Path) -> None:
    with granian(tmp_path, **KEYS) as server:
        jar = CookieJar()
        browser = build_opener(HTTPCookieProcessor(jar), _Stay())
        with browser.open(f"{server.url}/accounts/login/") as page:
            policy, html = page.headers["Content-Security-Policy"], page.read().decode()
        for network, host in (("vk", "id.vk.ru"), ("odnoklassniki", "www.odnoklassniki.ru")):
            assert f"/accounts/{network}/login/" in html
            # Browsers apply form-action to where a form's answer leads.
            assert f"https://{host}" in policy.partition("form-action")[2].partition(";")[0]
            token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', html)
            assert token
            body = f"csrfmiddlewaretoken={token[1]}".encode()
            request = Request(f"{server.url}/accounts/{network}/login/", body)  # noqa: S310
            request.add_header("Origin", server.url)
            with pytest.raises(HTTPError) as answer:
                browser.open(request)
            with answer.value:
                assert answer.value.code == 302
                assert urlsplit(answer.value.headers["Location"]).hostname == host
