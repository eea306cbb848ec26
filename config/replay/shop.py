"""The marketplace's server: what calls the REST API over real HTTP with a real key (api.md)."""

import http.client
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

TRIES = 6
SECONDS = 60
AGAIN = {
    HTTPStatus.CONFLICT,  # in_progress: our own first try still runs
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
}


class ShopFailed(Exception):
    """The API could not be reached, or answered what a shop can't go on from."""

    code = "shop_failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body; `body["code"]` names a refusal."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the call was done."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def code(self) -> str:
        """The refusal's code; empty when there is none."""
        return "" if self.ok else str(self.body.get("code", self.status))


@dataclass
class Shop:
    """A client of one key. Its connections stay open until the end of the `with` block."""

    base_url: str
    key: str
    _idle: list[http.client.HTTPConnection] = field(default_factory=list, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        while self._idle:
            self._idle.pop().close()

    def get(self, path: str) -> Answer:
        """Read `/api/v1/…`."""
        return self._ask("GET", path, None, None)

    def must_get(self, path: str) -> Answer:
        """`get` where a refusal is no answer: raises `ShopFailed`."""
        return self._must(self.get(path), f"GET {path}")

    def put(self, path: str, body: dict[str, Any]) -> Answer:
        """Set something; repeating it changes nothing. Raises `ShopFailed` when refused."""
        answer = self._ask("PUT", path, body, None)
        return self._must(answer, f"PUT {path}")

    def post(self, path: str, body: dict[str, Any], *, key: str) -> Answer:
        """Do something once per `key` (the Idempotency-Key); a refusal is an answer too."""
        return self._ask("POST", path, body, key)

    def done(self, path: str, body: dict[str, Any], *, key: str) -> Answer:
        """`post` where a refusal is no answer: raises `ShopFailed`."""
        return self._must(self.post(path, body, key=key), f"POST {path} ({key})")

    def fresh(self, path: str, body: dict[str, Any]) -> Answer:
        """A POST that wants a new answer each time. Raises `ShopFailed` when refused."""
        return self._must(self._ask("POST", path, body, None), f"POST {path}")

    @staticmethod
    def _must(answer: Answer, call: str) -> Answer:
        if not answer.ok:
            raise ShopFailed(f"{call}: {answer.status} {json.dumps(answer.body)[:500]}")
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> Answer:
        """One call; sent again while the server is busy or away, as a shop's server would."""
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(5.0, 0.2 * 2**attempt))
            try:
                answer = self._once(method, path, body, key)
            except (OSError, http.client.HTTPException) as error:
                trouble = f"{type(error).__name__}: {error}"
                continue
            busy = answer.status != HTTPStatus.CONFLICT or answer.code == "in_progress"
            if answer.status not in AGAIN or not busy:
                return answer
            trouble = f"{answer.status} {answer.code}"
        raise ShopFailed(f"{method} {path}: no answer after {TRIES} tries ({trouble})")

    def _once(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        connection = self._connection()
        try:
            connection.request(
                method,
                f"{urlsplit(self.base_url).path.rstrip('/')}/api/v1{path}",
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
            )
            response = connection.getresponse()
            answer = Answer(response.status, _parsed(response.read()))
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        """One that no other thread uses: taking from a list is atomic."""
        try:
            return self._idle.pop()
        except IndexError:
            url = urlsplit(self.base_url)
            secure = url.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            return kind(url.netloc, timeout=SECONDS)


def _parsed(text: bytes) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {"code": "not_json", "detail": text[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {"results": found}
