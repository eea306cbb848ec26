"""Every address of the house, from the URLconf, with sample values in the place of parameters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.regex_helper import normalize

SAMPLES = {
    "int": "4242",
    "uuid": str(UUID(int=42)),
}  # by converter; "sample" for any other


@dataclass(frozen=True)
class Route:
    """One address: `name` with its namespace, `path` with samples filled in."""

    name: str
    path: str
    view: Any


def every_route() -> Iterator[Route]:
    """All of them, those without a name by their path."""
    yield from _walk(get_resolver().url_patterns, "/", "")


def _walk(patterns: Any, prefix: str, space: str) -> Iterator[Route]:
    for entry in patterns:
        path = prefix + _filled(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            yield Route(space + (entry.name or path), path, entry.callback)


def _filled(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES.get(m[1], "sample"), str(pattern))
    text = str(pattern)
    template, names = normalize(text)[0]
    if not template and "|" in text:  # alternatives are more than Django itself can turn round
        return text.strip("^").partition("(")[0] + "/sample"
    return str(template % dict.fromkeys(names, "sample"))
