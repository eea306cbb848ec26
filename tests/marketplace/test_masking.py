"""Secrets don't get into logs."""

import logging

import pytest

from marketplace.masking import MaskSecrets, mask
from tests.api import Api


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Bearer sk_abcdEFGHijkl-mn_op", "Bearer sk_abcd…"),
        ("Gone: /s/I9Zgomx8tVPvI2NajH136OUXLfY", "Gone: /s/I9Zg…"),
        ("GET /static/css/base.css", "GET /static/css/base.css"),
        ("task_id of risk_factors", "task_id of risk_factors"),
    ],
)
def test_mask(text, masked):
    assert mask(text) == masked


def test_a_record_with_arguments_is_masked():
    record = logging.LogRecord("x", logging.INFO, "", 1, "%s: %s", ("Gone", "/s/abcdefgh"), None)
    assert MaskSecrets().filter(record) is True
    assert record.getMessage() == "Gone: /s/abcd…"


def test_the_log_of_a_refused_link_is_masked(db, client, capsys):
    handler = logging.getLogger().handlers[0]
    assert any(isinstance(one, MaskSecrets) for one in handler.filters)
    record = logging.LogRecord("x", 30, "", 1, "Not Found: %s", ("/s/abcdefghijk",), None)
    assert handler.filter(record)
    assert "efghijk" not in handler.format(record)
    assert Api("sk_wrongwrongwrong").get("/products").status_code == 401
