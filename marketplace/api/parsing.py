"""JSON in, strictly: UTF-8, no NaN, no repeated names, bounded size and depth."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from marketplace.api.problems import Problem

# An escape of NUL or of half a character; PostgreSQL keeps neither.
_ODD_ESCAPE = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)
_TOO_LONG = "Exceeds the limit"  # so Python begins, and goes on with advice on its settings


class StrictJSONParser(BaseParser):
    """Refuses what two programs could read differently."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed body; raises `ParseError` with a sentence that says what is wrong."""
        try:
            text = stream.read().decode("utf-8")
            body = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_no_repeats)
            if _ODD_ESCAPE.search(text):
                _refuse_odd_text(body)
        except UnicodeDecodeError as error:
            raise ParseError("The body must be JSON in UTF-8.") from error
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            if str(error).startswith(_TOO_LONG):
                raise ParseError("The body is not valid JSON: a number is too long.") from error
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        return body


class JSONOnly(BaseContentNegotiation):
    """JSON out, whatever `Accept` says; only JSON in."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The JSON parser if the body is said to be JSON, else None (415)."""
        media_type = request.content_type or ""
        is_json = media_type.partition(";")[0].strip().lower() == "application/json"
        return parsers[0] if is_json else None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The only renderer."""
        return renderers[0], renderers[0].media_type


def refuse_oversize(request: HttpRequest) -> None:
    """Refuse a body by its announced length, before anything is made of it (413, 411)."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if length.isdecimal() and int(length[:20]) > limit:
        _throw_away(request, most=4 * limit)
        raise Problem(
            code="too_large", status=413, detail=f"The body may have at most {limit} bytes."
        )
    if length == "0" and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise Problem(
            code="length_required", status=411, detail="Send the body with a Content-Length."
        )


def _throw_away(request: HttpRequest, *, most: int) -> None:
    """Read what comes and keep none of it: who is still sending would not hear the refusal."""
    while most > 0 and (chunk := request.read(64 * 1024)):
        most -= len(chunk)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_odd_text(value: Any) -> None:
    """Raise ValueError if a text anywhere in `value` holds NUL or half a character."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text holds a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("a text holds half a character") from error
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_odd_text(key)
            _refuse_odd_text(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_odd_text(item)
