"""Errors as RFC 9457 `application/problem+json`, with a stable `code`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.utils import translation
from rest_framework import exceptions
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Sign in with an API key",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be done",
    429: "Too many requests",
    500: "Our fault",
    503: "Not available",
}
_MOST_ERRORS = 100


class Problem(exceptions.APIException):
    """A refusal with its own code; `extra` members stand beside the standard ones.

    `retry_after` is whole seconds.
    """

    def __init__(
        self, *, code: str, status: int, detail: str, retry_after: int | None = None, **extra: Any
    ) -> None:
        super().__init__(detail=detail, code=code)
        self.code = code
        self.status_code = status
        self.wait = retry_after
        self.extra = extra


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal becomes a problem; an unknown error stays one.

    A view names the refusals of its verb and their status in `refusals`.
    """
    with translation.override("en"):
        known = _known(error, getattr(context.get("view"), "refusals", {}))
        if isinstance(known, exceptions.NotAuthenticated | exceptions.MethodNotAllowed):
            known = _in_english(known, context)
        return _response(known) if known is not None else None


def _in_english(error: exceptions.APIException, context: Mapping[str, Any]) -> Any:
    """DRF's own words, which it may have said in the language that was asked for."""
    if isinstance(error, exceptions.MethodNotAllowed):
        return exceptions.MethodNotAllowed(context["request"].method)
    anew = exceptions.NotAuthenticated()
    anew.auth_header = getattr(error, "auth_header", None)  # type: ignore[attr-defined]
    return anew


def _known(
    error: Exception, refusals: Mapping[type[Exception], int]
) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, OperationalError):
        return Problem(
            code="unavailable",
            status=503,
            detail="The database is busy; send the call again.",
            retry_after=1,
        )
    for kind, status in refusals.items():
        if isinstance(error, kind):
            return Problem(
                code=str(getattr(error, "code", "refused")),
                status=status,
                detail=str(error) or (kind.__doc__ or "").strip().splitlines()[0],
                **getattr(error, "extra", {}),
            )
    return None


def _response(error: exceptions.APIException) -> Response:
    headers = {"Content-Language": "en"}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    response = Response(
        body_of(error), status=error.status_code, headers=headers, content_type=MEDIA_TYPE
    )
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        # Django would log each; who floods us would fill the log. `rates` notes it once.
        response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def body_of(error: exceptions.APIException) -> dict[str, Any]:
    """The members of the problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(error.status_code, "Error"),
        "status": error.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        errors = flatten(error.detail)
        return body | {
            "detail": "Some fields are not right.",
            "code": "invalid",
            "errors": dict(list(errors.items())[:_MOST_ERRORS]),
        }
    return body | {"detail": str(error.detail), "code": _code(error), **getattr(error, "extra", {})}


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ParseError):
        return "malformed"
    return str(getattr(error.detail, "code", None) or error.default_code)


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested serializer errors as `{"lines.0.quantity": ["…"]}`."""
    if isinstance(detail, dict):
        pairs = [(_step(path, key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and not all(isinstance(item, str) for item in detail):
        pairs = [(_step(path, index), value) for index, value in enumerate(detail) if value]
    else:
        items = detail if isinstance(detail, list) else [detail]
        return {path or "body": [str(item) for item in items]}
    return {key: texts for p, value in pairs for key, texts in flatten(value, p).items()}


def _step(path: str, key: object) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)
