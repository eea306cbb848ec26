"""Other networks keep addresses to themselves, or write them their own way."""

from typing import Any

import pytest
from allauth.core import context
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.vk.provider import VKProvider
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation

from marketplace.models import User
from tests.factories.marketplace import make_user

pytestmark = pytest.mark.django_db


def arrive(uid: str, **facts: Any) -> tuple[HttpRequest, HttpResponse]:
    """A person comes back from VK ID with these facts."""
    request = RequestFactory().get("/accounts/vk/login/callback/")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda r: HttpResponse()).process_request(request)
    request.user = AnonymousUser()
    with context.request_context(request):
        network = VKProvider(request, app=SocialApp(provider="vk", client_id="1"))
        login = network.sociallogin_from_response(request, {"user_id": uid, **facts})
        return request, complete_social_login(request, login)


def test_two_people_without_an_address_may_both_come() -> None:
    for uid in ("1", "2"):
        request, response = arrive(uid, email="")
        assert response.status_code == 302
        assert request.user.is_authenticated
        assert request.user.email is None
    assert User.objects.filter(email=None).count() == 2


def test_address_is_kept_in_lower_case() -> None:
    request, _ = arrive("3", email="Anna@Example.COM")
    assert User.objects.get(socialaccount__uid="3").email == "anna@example.com"
    assert request.user.is_authenticated


def test_network_can_not_take_over_somebody_elses_account() -> None:
    """The network's word on an address is no proof: its owner signs in and connects."""
    owner = make_user(email="anna@example.com")
    request, _ = arrive("4", email="anna@example.com")
    assert not request.user.is_authenticated
    assert not SocialAccount.objects.filter(user=owner).exists()


def test_newcomer_keeps_the_language_of_the_page() -> None:
    with translation.override("zh-hans"):
        arrive("5", email="")
    assert User.objects.get(socialaccount__uid="5").language == "zh-hans"


def test_same_person_comes_again() -> None:
    for _ in range(2):
        request, _response = arrive("6", email="")
        assert request.user.is_authenticated
    assert SocialAccount.objects.filter(uid="6").count() == 1
