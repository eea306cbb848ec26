"""Holds calls to the OpenAPI document: whatever is sent to them, they answer as it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application

ANSWERS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@contextmanager
def one_connection() -> Iterator[None]:
    """The calls share this test's transaction, which a request must not end."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def contract(db: None) -> Any:
    """The document as it is served, asked for once."""
    with one_connection():
        return _document()


@cache
def _document() -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema/", application)


def keep(
    contract: Any, method: str, path: str, secret: str, *, most: int = 25, known: Any = None
) -> list[str]:
    """Send what fits and what doesn't; each answer is as documented. Returns what was answered.

    `known`: names of parameters and members, with the values that are really there; half of the
    cases are given them.
    """
    operation = contract[f"/api/v1{path}"][method]
    said: list[str] = []

    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE),
        is_real=st.booleans() if known else st.just(False),
    )
    def keeps(case: Any, is_real: bool) -> None:
        case.headers["Authorization"] = f"Bearer {secret}"
        checks = ANSWERS if is_real else [*ANSWERS, negative_data_rejection]
        if is_real:
            _tell(case, known)
        said.append(case.call_and_validate(checks=checks).text)

    with one_connection():
        keeps()
    return said


def _tell(case: Any, known: dict[str, Any]) -> None:
    for name in set(case.path_parameters or ()) & known.keys():
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict):
        case.body.update({name: known[name] for name in case.body.keys() & known.keys()})
