"""A real Chromium: pages of a phone and of a desk, with and without JavaScript, and axe.

`page` is a phone, `wide_page` a desk, `no_js_page` a phone without JavaScript, `browser_page` runs
the test on both sizes, `reader_page` in each language; `open_page(...)` makes any other. All of
them open addresses of the live server (`page.goto("/friends/")`) and fail the test that leaves an
error in the console: a broken script, a refused style, a missing file, or a request to another
host.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NO_CHROMIUM = (
    "no Chromium here: install it (Debian: apt-get install chromium-headless-shell) or set CHROMIUM"
)
# The shell without windows does the same with a third of the CPU.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
MILLISECONDS = 30_000

OpenPage = Callable[..., Page]
_SCRIPTLESS: "WeakSet[Page]" = WeakSet()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly that pages were not looked at."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(NO_CHROMIUM in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{count} browser tests were skipped: {NO_CHROMIUM}", red=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run; without one the test is skipped, and under CI it fails."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[OpenPage]:
    """Open pages with contexts of their own: `open_page(size=DESK, javascript=False, locale="en")`.

    Whatever else Playwright's `new_context` takes may be given (`user_agent`, `color_scheme` …).
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(
        *, size: dict[str, int] = PHONE, javascript: bool = True, locale: str = "ru-RU", **more: Any
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport=size,
            java_script_enabled=javascript,
            locale=locale,
            **more,
        )
        context.set_default_timeout(MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        if not javascript:
            _SCRIPTLESS.add(page)
        _listen(page, live_server.url, complaints)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


def _listen(page: Page, home: str, complaints: list[str]) -> None:
    def hear(message: Any) -> None:
        # That a page answers 4xx is for the test to judge; htmx calls it an error, too, that a
        # preview was asked for anew before the last one had come.
        told_anyway = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
        if message.type == "error" and not message.text.startswith(told_anyway):
            complaints.append(f"{page.url}: {message.text}")

    def watch(request: Request) -> None:
        if not request.url.startswith((home, "data:", "blob:", "about:")):
            complaints.append(f"{page.url} asked another host: {request.url}")

    def missing(response: Any) -> None:
        if response.status == 404 and "/static/" in response.url:
            complaints.append(f"{page.url} lacks {response.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", watch)
    page.on("response", missing)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A phone, 360 × 740."""
    return open_page()


@pytest.fixture
def wide_page(open_page: OpenPage) -> Page:
    """A desk, 1280 × 800."""
    return open_page(size=DESK)


@pytest.fixture
def no_js_page(open_page: OpenPage) -> Page:
    """A phone without JavaScript."""
    return open_page(javascript=False)


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def browser_page(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    """The test runs on a phone and on a desk."""
    return open_page(size=request.param)


# Each language, each size. On a phone, tests/journeys/test_every_page.py measures all languages.
READERS = {
    "ru-desk": ("ru", "ru-RU", DESK),
    "en-phone": ("en", "en-US", PHONE),
    "zh-desk": ("zh-hans", "zh-CN", DESK),
}


@pytest.fixture(params=READERS.values(), ids=READERS)
def reader_page(request: pytest.FixtureRequest, open_page: OpenPage) -> tuple[str, Page]:
    """A reader's language, and a page of a browser that speaks it, on a phone or at a desk."""
    language, locale, size = request.param
    return language, open_page(size=size, locale=locale)


def sign_in(page: Page, user: Any) -> None:
    """Give the page a session of this user, without the sign-in page."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": key, "path": "/"}
    page.context.add_cookies([{**cookie, "domain": "localhost"}])


def assert_accessible(page: Page) -> None:
    """axe finds nothing: WCAG 2.2 AA and its best practices. It needs a page with JavaScript."""
    assert page not in _SCRIPTLESS, "axe would wait for ever: look at the page with JavaScript on"
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def assert_fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], f"{page.url}: {widths[0]} px in a window of {widths[1]} px"
