"""The examples of docs/api.md are true: run one after another, they answer what they show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api

PAPER = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = re.compile(
    r"```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?P<body>.*?)→ (?P<status>\d+) (?P<answer>.*?)```",
    re.S,
)
ANY = "…"


def examples() -> list[dict[str, str]]:
    return [found.groupdict() for found in EXAMPLE.finditer(PAPER.read_text())]


def shows(shown: Any, real: Any, where: str = "") -> None:
    """What is shown is there; names that are not shown may be there too."""
    if shown == ANY:
        assert real, where
    elif isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{where}.{name}"
            shows(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for place, (value, found) in enumerate(zip(shown, real, strict=True)):
            shows(value, found, f"{where}.{place}")
    else:
        assert shown == real, where


@pytest.mark.django_db
def test_the_examples_answer_what_they_show(api: Api) -> None:
    last = ""
    for example in examples():
        path, body, expected = (
            example[name].replace("{id}", last) for name in ("path", "body", "answer")
        )
        act = {"POST": api.post, "PUT": api.put, "PATCH": api.patch}[example["method"]]
        answer = act(path, json.loads(body))
        assert answer.status_code == int(example["status"]), (path, answer.text)
        shows(json.loads(expected), answer.json(), path)
        last = answer.json().get("id", last)


def test_there_are_examples_of_every_step() -> None:
    told = {(example["method"], example["path"]) for example in examples()}
    assert {
        ("POST", "/promotions"),
        ("POST", "/quotes"),
        ("POST", "/reservations"),
        ("POST", "/redemptions"),
        ("POST", "/redemptions/{id}/reversals"),
    } <= told
