"""How the calls describe themselves in the OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django_filters import FilterSet
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from marketplace.api.problems import MEDIA_TYPE, TITLES

F = TypeVar("F", bound=Callable[..., Any])

# What any call may answer.
_ALWAYS = (400, 401, 403, 429, 503)
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Send the call again with the same key: the same answer, no second effect.",
)
_RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    description="Send the call again after so many seconds.",
    response=[429, 503],
)
CURSOR = OpenApiParameter("cursor", str, description="From `next` of the page before.")
LIMIT = OpenApiParameter("limit", int, description="Results on a page, 1 to 500; 100 by default.")


class ProblemSerializer(serializers.Serializer[Any]):
    """An error by RFC 9457; programs go by `code`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    # `errors` is a property of DRF's serializers; declared, it is a field like the others.
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong by field, such as `lines.0.quantity`.",
    )


class BearerKey(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the key is sent."""

    target_class = "marketplace.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme of `Authorization: Bearer sk_…`."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `manage.py api_key create --name N --scopes a,b`.",
        }


def documented(
    name: str,
    *,
    answers: Mapping[int, Any],
    request: Any = None,
    problems: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
    idempotent: bool = False,
) -> Callable[[F], F]:
    """Describe a call: its `name`, what goes in and out, and which statuses it refuses with.

    `idempotent` for a POST that takes an Idempotency-Key.
    """
    always = (*_ALWAYS, 409, 413, 415, 422) if idempotent else _ALWAYS
    refused = {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, description=TITLES[status])
        for status in sorted({*always, *problems})
    }
    decorated: Callable[[F], F] = extend_schema(
        operation_id=name,
        request=request,
        responses={**answers, **refused},
        parameters=[*parameters, *([_IDEMPOTENCY_KEY] if idempotent else []), _RETRY_AFTER],
        examples=list(examples),
    )
    return decorated


def parameters_of(filters: type[FilterSet]) -> list[OpenApiParameter]:
    """The query parameters of a list's filters."""
    return [
        OpenApiParameter(name, str, description=str(item.extra.get("help_text", "")))
        for name, item in filters.base_filters.items()
    ]


def page_of(item: type[serializers.Serializer[Any]], *, name: str) -> Any:
    """The shape of a page of `item`."""
    return inline_serializer(
        name,
        {
            "results": item(many=True),
            "next": serializers.CharField(
                allow_null=True, help_text="The address of the next page; null on the last."
            ),
        },
    )
