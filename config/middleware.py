"""What every request passes before its view: who really calls, and in which language to answer."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils import translation

View = Callable[[HttpRequest], HttpResponse]

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class TrustedProxies:
    """`REMOTE_ADDR` is the caller's, also behind our proxies; from others no header is believed.

    Not used when TRUSTED_PROXIES is empty: then nothing reads those headers.
    """

    def __init__(self, get_response: View) -> None:
        if not settings.TRUSTED_PROXIES:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.proxies = [ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take the last address that no proxy of ours put there."""
        if not self._is_proxy(request.META.get("REMOTE_ADDR", "")):
            for header in FORWARDED:
                request.META.pop(header, None)
        else:
            hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
                request.META["REMOTE_ADDR"] = hop
                if not self._is_proxy(hop):
                    break
        return self.get_response(request)

    def _is_proxy(self, address: str) -> bool:
        try:
            at = ip_address(address)
        except ValueError:
            return False
        return any(at in proxy for proxy in self.proxies)


class SpokenLanguage:
    """Who is signed in reads the language kept on the user; guests the cookie's or the browser's.

    Only requests with a session cookie are looked at, so that the API pays nothing.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate the user's language for this request."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
