"""What is checked before anybody is served."""

import pytest
from django.core.checks import Tags, run_checks
from django.core.checks.registry import registry

from config import checks


@pytest.mark.parametrize(
    ("number", "fits"),
    [(90_624, False), (140_012, False), (150_000, True), (150_018, True), (180_006, True)],
)
def test_postgres_fifteen_is_the_oldest(number: int, fits: bool) -> None:
    problem = checks.too_old(number)
    assert (problem is None) == fits
    if problem:
        assert f"PostgreSQL {number // 10_000}; Sarafan needs 15 or newer" in problem


@pytest.mark.django_db
def test_the_database_is_looked_at_by_migrate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.database_is_new_enough in registry.get_checks()
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    monkeypatch.setattr(checks, "OLDEST_POSTGRES", 99)
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert [message.id for message in found] == ["config.E001"]
