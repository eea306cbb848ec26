"""The base of every REST view: a key with the scope, strict JSON, one answer per POST."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from rest_framework.exceptions import (
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.api import idempotency
from marketplace.api.authentication import KeyAuthentication
from marketplace.api.parsing import refuse_oversize
from marketplace.api.problems import Problem
from marketplace.api.serializers import StrictSerializer
from marketplace.models import ApiClient, ApiKey

# Errors are for programmers; what an answer says to people is in the language that was asked for.
SPOKEN = "en"
__all__ = ["AnyOther", "ApiView", "Problem"]


class ApiView(APIView):
    """One act of the API.

    A subclass says its `scope`, names in `refusals` what its verb may raise and the HTTP status
    of each, and defines `get`, `post` … that make one domain call. A POST may be sent again with
    its `Idempotency-Key` (`marketplace.api.idempotency`), unless it `writes` nothing. Where it
    `lists`, the page reads the query (`marketplace.api.pages`); elsewhere nothing may stand in it.
    """

    # Not OPTIONS: no call answers it, so `Allow` must not name it.
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    scope: ClassVar[str]
    writes: ClassVar[bool] = True
    lists: ClassVar[bool] = False
    refusals: ClassVar[Mapping[type[Exception], int]] = {}

    @property
    def client(self) -> ApiClient:
        """Who calls."""
        key = self.request.auth
        if not isinstance(key, ApiKey):
            raise TypeError("this view lets strangers in")
        return key.client

    def read(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """The body as the serializer understands it; 400 with `errors` when it does not."""
        with translation.override(SPOKEN):
            return serializer.read(self.request.data)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's dispatch, with idempotency around POST."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        self.asked_language = translation.get_language() or SPOKEN
        with translation.override(SPOKEN):
            try:
                self.initial(self.request, *args, **kwargs)
                response: Any = self._act()
            except Exception as error:  # noqa: BLE001 - DRF raises again what it does not know
                response = self.handle_exception(error)
        return self.finalize_response(self.request, response, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in, then refuse what is too large: a stranger's body is not read at all."""
        super().initial(request, *args, **kwargs)
        refuse_oversize(request._request)
        if not self.lists and request.META.get("QUERY_STRING") and request.query_params:
            raise ValidationError(
                {name[:100]: ["Unknown parameter."] for name in sorted(request.query_params)}
            )

    def _act(self) -> HttpResponseBase:
        method = (self.request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            raise MethodNotAllowed(self.request.method or "")

        def act() -> HttpResponseBase:
            with translation.override(self.asked_language):
                response: HttpResponseBase = handler(self.request, *self.args, **self.kwargs)
            return response

        call = None
        if method == "post" and self.writes:
            call = idempotency.call_of(self.request, self.client)
        if call is None:
            return act()
        return idempotency.once(call, act=act, refuse=self.handle_exception)


class AnyOther(APIView):
    """Whatever below /api/v1/ is no call of ours: 404, for those who have a key."""

    authentication_classes = [KeyAuthentication]
    permission_classes = []
    schema = None
    http_method_names = ()  # so `Allow` names none

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing is here, whatever the method; a stranger is asked for a key as everywhere."""
        super().initial(request, *args, **kwargs)
        if request.auth is None:
            raise NotAuthenticated
        raise NotFound("There is no such call.")
