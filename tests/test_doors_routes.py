"""Which addresses answer a guest, a shopper, a seller, a stranger: the list is closed."""

import pytest
from django.test import Client

from tests.factories.marketplace import make_staff, make_store, make_user
from tests.routes import every_route

pytestmark = pytest.mark.django_db

# Whoever adds a page that a guest may read says so here.
PUBLIC = {
    "home",
    "livez",
    "readyz",
    "schema",
    "api-docs",
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_request_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "/accounts/social/login/cancelled/",
    "/accounts/social/login/error/",
    "referrals:round",
    "affiliates:home",
}
SIGN_OUT = {"account_logout", "admin:logout", "seller:logout"}


def test_guest_reads_only_what_is_public(client: Client) -> None:
    open_to_guests, broken = set(), []
    for route in every_route():
        response = client.get(route.path)
        if response.status_code == 200:
            open_to_guests.add(route.name)
        elif response.status_code not in (301, 302, 400, 401, 403, 404, 405, 410):
            broken.append(f"{route.path}: {response.status_code}")
    assert broken == []
    assert open_to_guests - PUBLIC == set()


def test_guest_changes_nothing_by_a_bare_post(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answers = {route.path: strict.post(route.path).status_code for route in every_route()}
    # 401 and 403 refuse, 404 and 405 have no such act; a redirect leads to the sign-in page.
    assert {path: code for path, code in answers.items() if code in (200, 201, 202, 204)} == {}
    assert max(answers.values()) < 500, answers


@pytest.mark.parametrize("who", ["shopper", "seller", "staff"])
def test_each_role_stays_outside_the_sites_of_others(who: str, client: Client) -> None:
    user = {"shopper": make_user, "seller": make_user, "staff": make_staff}[who]()
    if who == "seller":
        make_store(owner=user)
    closed = {"shopper": ("/admin/", "/seller/"), "seller": ("/admin/",), "staff": ("/seller/",)}
    client.force_login(user)
    entered = []
    for route in every_route():
        if not route.path.startswith(closed[who]) or route.name in SIGN_OUT:
            continue
        for method in (client.get, client.post):
            code = method(route.path).status_code
            if code not in (302, 403, 405):
                entered.append(f"{route.path}: {code}")
    assert entered == []


def test_staff_opens_every_page_of_operations_without_an_error(client: Client) -> None:
    client.force_login(make_staff())
    broken = [
        f"{route.path}: {code}"
        for route in every_route()
        if route.path.startswith("/admin/") and route.name not in SIGN_OUT
        if (code := client.get(route.path).status_code) >= 500
    ]
    assert broken == []
