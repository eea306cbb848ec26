"""Cursor pages: `{"results": […], "next": "…"|null}`, by key: none counts or skips rows."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import translation
from django_filters import FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

M = TypeVar("M", bound=Model)
PAGE = 100
MAX_PAGE = 500


def page(
    queryset: QuerySet[M],
    *,
    request: Request,
    represent: Callable[[M], dict[str, Any]],
    key: str = "pk",
    filters: type[FilterSet] | None = None,
) -> dict[str, Any]:
    """One page of `queryset` in the order of `key` (a unique column; `-key` for newest first).

    The query may hold `cursor`, `limit` (1 to 500, 100 by default) and the names of `filters`;
    anything else is refused with 400, and so is what stands twice.
    """
    with translation.override("en"):
        queryset = _filtered(queryset, request=request, filters=filters)
    query = request.query_params
    limit = _limit(query.get("limit"))
    column = key.removeprefix("-")
    if "cursor" in query:
        past = "lt" if key.startswith("-") else "gt"
        queryset = queryset.filter(
            **{f"{column}__{past}": _value(queryset, column, query["cursor"])}
        )
    rows = list(queryset.order_by(key)[: limit + 1])
    more = rows[limit - 1] if len(rows) > limit else None
    return {
        "results": [represent(row) for row in rows[:limit]],
        "next": _next(request, getattr(more, column)) if more is not None else None,
    }


def _filtered(
    queryset: QuerySet[M], *, request: Request, filters: type[FilterSet] | None
) -> QuerySet[M]:
    query = request.query_params
    allowed = {"cursor", "limit", *(filters.base_filters if filters else ())}
    if unknown := sorted(set(query) - allowed):
        raise ValidationError({name[:100]: ["Unknown parameter."] for name in unknown})
    if twice := sorted(name for name, values in query.lists() if len(values) > 1):
        raise ValidationError({name: ["This parameter stands twice."] for name in twice})
    if filters is None:
        return queryset
    filtered = filters(data=query, queryset=queryset, request=request)
    if not filtered.is_valid():
        raise ValidationError({name: list(texts) for name, texts in filtered.errors.items()})
    found: QuerySet[M] = filtered.qs
    return found


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_PAGE:
        return int(text)
    raise ValidationError({"limit": [f"Use a number from 1 to {MAX_PAGE}."]})


def _next(request: Request, value: Any) -> str:
    raw = json.dumps(str(value) if isinstance(value, UUID) else value)
    query = request.query_params.copy()
    query["cursor"] = urlsafe_b64encode(raw.encode()).decode().rstrip("=")
    return f"{settings.SITE_URL}{request.path}?{query.urlencode()}"


def _value(queryset: QuerySet[M], column: str, cursor: str) -> Any:
    """The value that the cursor of the page before holds, as the column's type."""
    model = queryset.model
    field = model._meta.pk if column == "pk" else model._meta.get_field(column)
    try:
        raw = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if type(raw) not in (int, str):
            raise TypeError
        return field.clean(raw, None)  # type: ignore[union-attr]
    except Exception as error:
        raise ValidationError({"cursor": ["This cursor is not one of ours."]}) from error
