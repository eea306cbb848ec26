"""Signing up, in and out as people do it, in a real browser; the two sites as they look."""

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from marketplace.models import User
from tests.browser import DESK, OpenPage, assert_accessible, assert_fits, sign_in
from tests.factories.marketplace import make_staff, make_store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "cross-stitch 42"


def code_of(message: Any) -> str:
    found = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", message.body, re.MULTILINE)
    assert found, message.body
    return found[1]


def submit(page: Page) -> None:
    page.locator("main form button[type=submit], main form button:not([type])").first.click()
    page.wait_for_load_state()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_person_signs_up_leaves_and_comes_back_by_code_and_by_password(
    javascript: bool, open_page: OpenPage
) -> None:
    page = open_page(locale="zh-CN", javascript=javascript)
    page.goto("/accounts/signup/?next=/friends/")
    assert_fits(page)
    page.fill("input[name=email]", "Anna@example.com")
    page.fill("input[name=password1]", PASSWORD)
    submit(page)
    page.fill("input[name=code]", code_of(mail.outbox[-1]))
    if javascript:
        assert_accessible(page)
    submit(page)
    assert page.url.endswith("/friends/")
    anna = User.objects.get(email="anna@example.com")
    assert anna.language == "zh-hans"

    page.goto("/accounts/logout/")
    submit(page)
    page.goto("/accounts/login/code/")
    page.fill("input[name=email]", "anna@example.com")
    submit(page)
    page.fill("input[name=code]", code_of(mail.outbox[-1]))
    submit(page)
    page.goto("/accounts/password/change/")
    assert "/password/change/" in page.url

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/friends/")
    page.fill("input[name=login]", "anna@example.com")
    page.fill("input[name=password]", "wrong")
    submit(page)
    expect(page.locator(".errorlist, [role=alert]").first).to_be_visible()
    page.fill("input[name=password]", PASSWORD)
    submit(page)
    assert page.url.endswith("/friends/")
    # The language of the account, not of this browser, which never chose one.
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


@pytest.mark.parametrize("site", ["admin", "seller"])
def test_sites_open_without_a_complaint_of_the_browser(site: str, browser_page: Page) -> None:
    staff = make_staff(language="ru")
    make_store(owner=staff)
    sign_in(browser_page, staff)
    browser_page.goto(f"/{site}/")
    expect(browser_page.locator("html")).to_have_attribute("lang", "ru")
    links = browser_page.locator("#nav-sidebar a, nav a").evaluate_all(
        "found => found.map(link => link.getAttribute('href'))"
    )
    inside = sorted({link for link in links if link and link.startswith(f"/{site}/")})
    assert len(inside) > 3
    for link in inside:
        browser_page.goto(link)
        assert_fits(browser_page)


def test_switch_of_the_admin_changes_the_language(open_page: OpenPage) -> None:
    staff = make_staff(language="ru")
    page = open_page(size=DESK)
    sign_in(page, staff)
    page.goto("/admin/")
    page.locator("form[action='/i18n/setlang/']:has(input[value='en'])").first.evaluate(
        "form => form.submit()"
    )
    page.wait_for_url("**/admin/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    staff.refresh_from_db()
    assert staff.language == "en"
