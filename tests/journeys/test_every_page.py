"""Every page of the story's people, on a phone, in three languages: it opens, fits, is accessible.

The demo is loaded once and walked by following links, so a page that is added is walked too.
"""

from collections.abc import Iterator
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Page

from config.demo.people import PERSONAS
from marketplace.models import User
from tests.browser import assert_accessible, assert_fits, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Not pages to read: other doors with tests of their own, files, and what leaves the site.
LEFT_OUT = (
    "/admin/",
    "/seller/",
    "/accounts/",
    "/api/",
    "/demo/",
    "/go/",
    "/static/",
    "/styleguide/",
    "/friends/qr.",
)
MOST = 40  # pages of one person; a list's lines are alike


@pytest.fixture
def story(transactional_db: None, settings: object) -> None:
    """The demo's people and all that happened to them."""
    settings.DEBUG = settings.DEMO = True  # type: ignore[attr-defined]
    call_command("demo", stdout=StringIO())


def pages_from(page: Page, start: str) -> Iterator[str]:
    """Walk the site by its links from `start`; yields each page's path once it is open."""
    seen, waiting, shapes = {start}, [start], set()
    for _ in range(MOST):
        if not waiting:
            return
        path = waiting.pop(0)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, f"{path} answers {answer.status}"
        yield path
        for link in page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
            parts = urlsplit(link)
            shape = tuple(part for part in parts.path.split("/") if len(part) < 20)
            if (
                parts.netloc == urlsplit(page.url).netloc
                and parts.path not in seen
                and shape not in shapes
                and not parts.path.startswith(LEFT_OUT)
            ):
                seen.add(parts.path)
                shapes.add(shape)
                waiting.append(parts.path)


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize("role", ["shopper", "influencer", "agency"])
def test_every_page_fits_a_phone_in_every_language(story, open_page, role, language):
    """Nothing sticks out sideways at 360 px, and every page says its language."""
    persona = next(one for one in PERSONAS if one.role == role)
    user = User.objects.get(ref=persona.ref)
    User.objects.filter(pk=user.pk).update(language=language)
    page = open_page(locale=language)
    sign_in(page, user)
    walked = 0
    for path in pages_from(page, persona.start):
        walked += 1
        assert_fits(page)
        assert (page.locator("html").get_attribute("lang") or "").lower() == language, path
        if language == settings.LANGUAGE_CODE:
            assert_accessible(page)
    assert walked >= 5
