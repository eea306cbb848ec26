"""The OpenAPI document: complete, valid, and the committed copy is that of the code."""

import json

import pytest
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS

from config.embedded import PROJECT


@pytest.fixture
def document(tmp_path):
    GENERATOR_STATS.reset()
    target = tmp_path / "openapi.json"
    call_command(
        "spectacular",
        format="openapi-json",
        file=str(target),
        validate=True,
        fail_on_warn=True,
    )
    return json.loads(target.read_text())


def test_the_committed_document_is_that_of_the_code(document):
    committed = json.loads((PROJECT / "docs" / "openapi.json").read_text())
    assert committed == document, "run `make openapi` and look at the difference"


def test_every_call_asks_for_a_key_and_names_its_refusals(document):
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            place = f"{method.upper()} {path}"
            assert call["security"] == [{"key": []}], place
            assert {"400", "401", "403"} <= call["responses"].keys(), place
            assert call.get("description"), place
            for status, answer in call["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], place


def test_the_page_of_the_document_opens_for_everybody(client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "<style" not in page.text
    assert client.get("/api/schema/").status_code == 200
