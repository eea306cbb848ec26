"""The pages that belong to no floor: the first page, sign-in, errors, the style guide."""

import gzip
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page

from tests.browser import DESK, PHONE, OpenPage, assert_accessible, assert_fits

pytestmark = [pytest.mark.urls("tests.config.look_urls"), pytest.mark.django_db]

KIB = 1024
LANGUAGES = {"ru": "ru", "en": "en", "zh-hans": "zh-Hans"}
ERRORS = {
    "/no-such-page/": (404, "Nothing lives at this address"),
    "/look/403/": (403, "This door is closed for you"),
    "/look/429/": (429, "A little slower, please"),
    "/look/500/": (500, "Something broke on our side"),
    "/look/503/": (503, "We will be back in a moment"),
}
PASSWORD = "a-long-sarafan-9"
ACCOUNT_PAGES = [
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
PAGES = [
    "/",
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/look/styleguide/",
    *ERRORS,
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", ERRORS)
def test_error_page_speaks_the_readers_language(
    client: Client, address: str, language: str
) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    status, heading = ERRORS[address]
    answer = client.get(address)
    text = answer.content.decode()
    with translation.override(language):
        said = gettext(heading)
    assert answer.status_code == status
    assert f'<html lang="{LANGUAGES[language]}">' in text
    assert re.findall(r"<h1>(.*?)</h1>", text) == [said]
    assert '<meta name="robots" content="noindex">' in text


def test_server_error_page_needs_neither_request_nor_database(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0), translation.override("ru"):
        text = render_to_string("500.html")
    assert "csrfmiddlewaretoken" not in text
    assert "<h1>" in text


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/look/styleguide/"])
def test_page_is_light(client: Client, page: str) -> None:
    """pages.md: under 60 KB, images apart. Here even unpacked; with fonts and htmx when packed."""
    html = client.get(page).content.decode()
    files = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js|woff2))"', html)
    bodies = {path: _read(path) for path in {*files, "django_htmx/htmx-2.min.js"}}
    plain = len(html.encode()) + sum(
        len(body)
        for path, body in bodies.items()
        if not path.endswith("woff2") and not path.startswith("django_htmx")
    )
    packed = len(gzip.compress(html.encode())) + sum(
        len(body) if path.endswith("woff2") else len(gzip.compress(body))
        for path, body in bodies.items()
    )
    print(f"{page}: {plain / KIB:.1f} KiB unpacked; {packed / KIB:.1f} KiB with htmx and fonts")
    assert len(files) >= 9
    if page != "/look/styleguide/":
        assert plain < 60 * KIB
    assert packed < 60 * KIB


def _read(path: str) -> bytes:
    found = finders.find(path)
    assert isinstance(found, str), path
    with open(found, "rb") as file:  # noqa: PTH123
        return file.read()


def test_header_shows_a_guest_the_sign_in_and_a_user_their_account(
    client: Client, django_user_model: Any
) -> None:
    assert 'href="/accounts/login/"' in client.get("/").content.decode()
    user = django_user_model.objects.create_user(email="anna@example.org", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get("/").content.decode()
    assert "anna@example.org" in text
    assert 'action="/accounts/logout/"' in text
    assert 'href="/accounts/login/"' not in text


def test_language_form_brings_back_to_the_same_page(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/accounts/login/"})
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/"
    assert '<html lang="zh-Hans">' in client.get("/accounts/login/").content.decode()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone at night", "desk by day"]
)
def test_pages_are_accessible_fit_and_stand_still(
    open_page: OpenPage, size: dict[str, int], scheme: str
) -> None:
    page = open_page(size=size, color_scheme=scheme, reduced_motion="reduce")
    page.add_init_script(SHIFTS)
    for address in PAGES:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
        assert_fits(page)
        assert page.evaluate(SMALL_TARGETS) == [], address
        assert page.evaluate("window.shifts") < 0.01, address


@pytest.mark.browser
def test_account_pages_are_accessible_and_fit(browser_page: Page, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user(email="anna@example.org", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    browser_page.goto("/accounts/login/")
    browser_page.locator("input[type=email]").fill(user.email)
    browser_page.locator("input[type=password]").fill(PASSWORD)
    browser_page.locator("main button[type=submit]").click()
    browser_page.locator(".home").wait_for()
    for address in ACCOUNT_PAGES:
        browser_page.goto(address)
        _look_at(browser_page)
        if "reauthenticate" in browser_page.url:
            browser_page.locator("input[type=password]").fill(PASSWORD)
            browser_page.locator("main button[type=submit]").click()
            browser_page.wait_for_url(f"**{address}")
            _look_at(browser_page)


def _look_at(page: Page) -> None:
    assert page.locator("h1").count() == 1
    assert_accessible(page)
    assert_fits(page)
    assert page.evaluate(SMALL_TARGETS) == [], page.url


# What the browser itself counts as layout shift since the page began.
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
# Links inside a sentence are exempt (WCAG 2.5.8), and a box whose label is the target.
SMALL_TARGETS = """
[...document.querySelectorAll(
  "button, summary, input:not([type=hidden]), select, textarea, nav a, .btn, .share-channel"
)].filter((node) => node.offsetParent && !node.closest("label.choice, .skip-link")
  && node.getBoundingClientRect().height < 44).map((node) => node.outerHTML)
"""


@pytest.mark.browser
def test_without_scripts_the_language_switches_and_no_dead_button_shows(
    open_page: OpenPage,
) -> None:
    page = open_page(javascript=False)
    page.goto("/look/styleguide/")
    assert page.locator("[data-copy]:visible, [data-share-open]:visible").count() == 0
    page.goto("/")
    page.locator("header .menu summary").first.click()
    page.locator("header button[value=en]").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.url.endswith("/")


@pytest.mark.browser
def test_code_is_copied_and_said_aloud(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/look/styleguide/")
    page.locator('[data-copy="#sg-codeword"]').click()
    page.locator("#said", has_text="Copied").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == "FR7KQ2MX9TDA"
    assert page.locator("#said").get_attribute("role") == "status"


@pytest.mark.browser
def test_open_menu_is_accessible_and_closes_by_escape(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    summary = page.locator("header .menu summary").first
    summary.click()
    assert page.locator("header button[value=en]").is_visible()
    assert_accessible(page)
    assert_fits(page)
    page.keyboard.press("Escape")
    assert not page.locator("header button[value=en]").is_visible()
    assert summary.evaluate("(node) => node === document.activeElement")


@pytest.mark.browser
def test_first_key_leads_to_the_content(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.keyboard.press("Tab")
    link = page.locator(".skip-link")
    assert link.evaluate("(node) => node === document.activeElement")
    assert link.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
