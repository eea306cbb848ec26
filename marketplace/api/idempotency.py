"""`Idempotency-Key`: a POST that is sent again gets the same answer and has no second effect.

The record is written in the transaction of the effect, so either both are kept or neither.

- One statement in: it takes an advisory lock on the key, which ends with the transaction, and looks
  for a record. The lock is taken by somebody: the first call still runs, 409 `in_progress`.
- One statement out: INSERT of the answer. The unique key is what makes it exact; the lock only
  keeps the second call from doing the work in vain.
- A refusal that was a decision (409, 422) is kept too, though its effect was rolled back: a copy of
  the call that comes late must not be decided anew. What was not understood or not let in (400,
  401, 403, 404, 413, 415, 429, 503) is not kept: the key is free again.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.problems import MEDIA_TYPE, Problem
from marketplace.models import ApiClient, IdempotencyRecord

KEPT_REFUSALS = frozenset({409, 422})
_KEY = re.compile(r"[\x20-\x7e]{1,255}\Z")


@dataclass(frozen=True)
class Call:
    """One POST with a key: who sends it, under which key, and a print of what it says."""

    client: ApiClient
    key: str
    fingerprint: str

    @property
    def lock(self) -> int:
        """The number of the advisory lock: 63 bits of the client and key."""
        digest = hashlib.sha256(f"idempotency:{self.client.pk}:{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


class _Lost(Exception):
    """Another call with the key committed while we worked; our effect is rolled back."""


def call_of(request: Request, client: ApiClient) -> Call | None:
    """The call if it has a key, else None. `Problem` 400 for a malformed key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise Problem(
            code="invalid",
            status=400,
            detail="Idempotency-Key must have 1 to 255 printable ASCII characters.",
        )
    said = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return Call(client=client, key=key, fingerprint=hashlib.sha256(said.encode()).hexdigest())


def once(
    call: Call,
    *,
    act: Callable[[], HttpResponseBase],
    refuse: Callable[[Exception], HttpResponseBase],
) -> HttpResponseBase:
    """Do `act` once for the call's key, in one transaction with the record of its answer.

    `act` may open durable transactions: they become part of this one. What it raises is rolled
    back whole and given to `refuse`, which answers or raises.
    """
    try:
        with _transaction():
            if (known := _begin(call)) is not None:
                return known
            answer = _kept(call, act())
    except _Lost:
        return _replay(call)
    except Exception as error:  # noqa: BLE001 - `refuse` raises again what is no refusal
        answer = refuse(error)
        if answer.status_code in KEPT_REFUSALS and not _is_ours(error):
            try:
                with transaction.atomic(durable=True):
                    return _kept(call, answer)
            except _Lost:
                return _replay(call)
    return answer


@contextmanager
def _transaction() -> Iterator[None]:
    """The outermost transaction of the call, in which verbs may open theirs as durable.

    A verb's `atomic(durable=True)` says "when I return, it is kept". Here the door takes this
    promise over: it answers only after the commit. Django knows such an outer block from its
    own tests, by this mark.
    """
    block = transaction.atomic(durable=True)
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield


def _begin(call: Call) -> HttpResponseBase | None:
    """The answer that is known already; None when the work is ours to do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s), fingerprint, status, body"
            " FROM (SELECT 1) AS one"
            " LEFT JOIN marketplace_idempotencyrecord ON client_id = %s AND key = %s",
            [call.lock, call.client.pk, call.key],
        )
        is_ours, fingerprint, status, body = cursor.fetchone()
    if fingerprint is not None:
        return _again(call, fingerprint, status, body)
    if not is_ours:
        raise Problem(
            code="in_progress",
            status=409,
            detail="The first call with this Idempotency-Key is still running; ask again.",
            retry_after=1,
        )
    return None


def _kept(call: Call, answer: HttpResponseBase) -> HttpResponseBase:
    """The answer as bytes, kept under the key. `_Lost` if the key was taken meanwhile."""
    status, body = answer.status_code, _body_of(answer)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_idempotencyrecord"
            " (client_id, key, fingerprint, status, body) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (client_id, key) DO NOTHING",
            [call.client.pk, call.key, call.fingerprint, status, body],
        )
        if cursor.rowcount == 0:
            raise _Lost
    return _response(status, body)


def _replay(call: Call) -> HttpResponseBase:
    record = IdempotencyRecord.objects.get(client=call.client, key=call.key)
    return _again(call, record.fingerprint, record.status, record.body)


def _again(call: Call, fingerprint: str, status: int, body: str) -> HttpResponseBase:
    if fingerprint != call.fingerprint:
        raise Problem(
            code="idempotency_mismatch",
            status=422,
            detail="This Idempotency-Key was used for another call.",
        )
    answer = _response(status, body)
    answer["Idempotent-Replayed"] = "true"
    return answer


def _is_ours(error: Exception) -> bool:
    codes: tuple[Any, ...] = ("in_progress", "idempotency_mismatch")
    return isinstance(error, Problem) and error.code in codes


def _body_of(answer: HttpResponseBase) -> str:
    if isinstance(answer, Response):
        return JSONRenderer().render(answer.data).decode() if answer.data is not None else ""
    if not isinstance(answer, HttpResponse):
        raise TypeError("a streamed answer can't be kept")
    return str(answer.content.decode())


def _response(status: int, body: str) -> HttpResponse:
    media_type = MEDIA_TYPE if status >= 400 else "application/json"
    return HttpResponse(body.encode(), status=status, content_type=media_type)
