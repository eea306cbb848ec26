"""The device's cookie: set only in the answer to a POST, never read by scripts."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from referrals.devices import COOKIE, COOKIE_AGE


def device_secret(request: HttpRequest) -> str | None:
    """The cookie that the browser sent."""
    return request.COOKIES.get(COOKIE)


def remember(response: HttpResponse, secret: str | None) -> HttpResponse:
    """Let the browser keep the device's cookie."""
    if secret is not None:
        response.set_cookie(
            COOKIE,
            secret,
            max_age=COOKIE_AGE,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response
