"""Who calls, behind proxies, and in which language the answer comes."""

from typing import Any

import pytest
from django.conf import settings as live
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from config.middleware import TrustedProxies
from marketplace.models import User
from tests.factories.marketplace import make_staff, make_store, make_user


def address(settings: Any, proxies: list[str], **meta: str) -> tuple[str, bool]:
    """The address a view sees, and whether a forwarded protocol reached it."""
    settings.TRUSTED_PROXIES = proxies
    seen: list[tuple[str, bool]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((request.META["REMOTE_ADDR"], "HTTP_X_FORWARDED_PROTO" in request.META))
        return HttpResponse()

    TrustedProxies(view)(RequestFactory().get("/", **meta))
    return seen[0]


def test_without_proxies_nothing_looks_at_the_headers(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    with pytest.raises(MiddlewareNotUsed):
        TrustedProxies(lambda request: HttpResponse())


@pytest.mark.parametrize(
    ("remote", "forwarded", "seen"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "rubbish", "rubbish"),
        ("198.51.100.2", "203.0.113.7", "198.51.100.2"),
    ],
    ids=["one hop", "claimed hop", "two proxies", "only proxies", "no header", "rubbish", "forged"],
)
def test_callers_address(remote: str, forwarded: str, seen: str, settings: Any) -> None:
    meta = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert address(settings, ["10.0.0.0/24"], **meta)[0] == seen


def test_forged_protocol_is_dropped(settings: Any) -> None:
    meta = {"HTTP_X_FORWARDED_PROTO": "https"}
    assert not address(settings, ["10.0.0.0/24"], REMOTE_ADDR="198.51.100.2", **meta)[1]
    assert address(settings, ["10.0.0.0/24"], REMOTE_ADDR="10.0.0.1", **meta)[1]


def language_of(client: Client, **headers: str) -> str:
    page = client.get("/accounts/login/", headers=headers)
    return page.headers["Content-Language"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("", "ru"), ("de-DE", "ru"), ("en-GB,en;q=0.9", "en"), ("zh-CN", "zh-hans"), ("ru", "ru")],
)
def test_first_time_guest_reads_what_the_browser_asks_for(
    asked: str, spoken: str, client: Client
) -> None:
    headers = {"accept-language": asked} if asked else {}
    assert language_of(client, **headers) == spoken


@pytest.mark.django_db
def test_guests_choice_stays_in_a_cookie(client: Client) -> None:
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"})
    assert language_of(client, **{"accept-language": "en"}) == "zh-hans"


@pytest.mark.django_db
def test_choice_of_the_signed_in_follows_to_another_device(client: Client) -> None:
    user = make_user(language="ru")
    client.force_login(user)
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})
    user.refresh_from_db()
    assert user.language == "en"

    other = Client()
    other.cookies[live.LANGUAGE_COOKIE_NAME] = "zh-hans"
    other.force_login(user)
    page = other.get("/", headers={"accept-language": "ru"})
    assert page.headers["Content-Language"] == "en"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_language_or_a_get_changes_nothing(method: str, client: Client) -> None:
    user = make_user(language="ru")
    client.force_login(user)
    language = "en" if method == "get" else "xx"
    getattr(client, method)("/i18n/setlang/", {"language": language})
    assert User.objects.get(pk=user.pk).language == "ru"


@pytest.mark.django_db
@pytest.mark.parametrize("site", ["admin", "seller"])
@pytest.mark.parametrize("language", ["ru", "en", "zh-hans"])
def test_admin_sites_speak_the_users_language(site: str, language: str, client: Client) -> None:
    staff = make_staff(language=language)
    make_store(owner=staff)
    client.force_login(staff)
    page = client.get(f"/{site}/")
    assert page.headers["Content-Language"] == language
    assert f'lang="{language}"' in page.content.decode()


@pytest.mark.django_db
def test_api_answers_without_asking_for_a_session(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/api/v1/nothing").status_code in (401, 404)
