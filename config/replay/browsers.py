"""A shopper's browser: pages of ours over real HTTP, with cookies, as a person would send them."""

import re
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from config.replay.shop import Shop, ShopFailed

SECONDS = 60
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class Browser:
    """One person's cookies and pages."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self._opener.addheaders = [("User-Agent", PHONE), ("Accept-Language", "en")]

    def open(self, address: str) -> str:
        """The page at an address, after all redirects."""
        return self._send(self._here(address), None)

    def press(self, page: str, address: str) -> str:
        """Send the page's form to an address: its hidden fields, nothing typed."""
        return self._send(self._here(address), dict(_HIDDEN.findall(page)))

    def _here(self, address: str) -> str:
        """The same page on the server that we play with, whatever name it gives itself."""
        parts = urlsplit(address)
        return urljoin(self.base_url, f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def _send(self, url: str, fields: Mapping[str, str] | None) -> str:
        data = None if fields is None else urlencode(fields).encode()
        headers = {} if data is None else {"Referer": url, "Origin": self.base_url.rstrip("/")}
        try:
            with self._opener.open(
                Request(url, data, headers),  # noqa: S310 - the address is the operator's
                timeout=SECONDS,
            ) as answer:
                page: bytes = answer.read()
        except OSError as error:
            raise ShopFailed(f"{url}: {error}") from error
        return page.decode()


def signed_in(shop: Shop, *, ref: str) -> Browser:
    """A shopper's browser after the one-time sign-in that the marketplace gives them."""
    session = shop.fresh("/sessions", {"shopper": {"ref": ref}, "next": "/friends/"})
    browser = Browser(shop.base_url)
    url = str(session.body["url"])
    browser.press(browser.open(url), url)
    return browser
