"""The marketplace's server as a client of ours: real requests with a real key."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.factories.marketplace import make_client

API = "/api/v1"


class Api:
    """Sends JSON to `/api/v1` with a bearer key; a str or bytes body goes as it is."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._client = Client(raise_request_exception=True)

    def get(self, path: str, **query: Any) -> HttpResponse:
        """GET; a path of another page's `next` may be given whole."""
        return self._client.get(self._address(path), query or None, headers=self._headers({}))

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str):
        """POST; `key` is the Idempotency-Key."""
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._send("POST", path, body, headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        """PUT."""
        return self._send("PUT", path, body, headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        """PATCH."""
        return self._send("PATCH", path, body, headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        """DELETE."""
        return self._send("DELETE", path, "", headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> HttpResponse:
        if body is None:
            body = ""
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        content_type = headers.pop("Content-Type", "application/json")
        return self._client.generic(
            method, self._address(path), raw, content_type, headers=self._headers(headers)
        )

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}", **headers}

    def _address(self, path: str) -> str:
        from_next = path.partition("/api/v1/")[2]
        return f"{API}/{from_next}" if from_next else f"{API}{path}"


@pytest.fixture
def api(db: None) -> Api:
    """The marketplace's server with every scope; `Api(make_client(...)[1])` for another."""
    _, secret = make_client(name="the shop")
    return Api(secret)
