"""Empties the tables after a test with real transactions: the append-only ones too, and fast."""

from typing import Any

import pytest
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

# Most tables are empty, and TRUNCATE makes a new file for each that it is told of. As a replica
# the tables' triggers are still, which refuse this and ask foreign keys.
_EMPTY = """
DO $$
DECLARE
    name text;
    has_rows boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOREACH name IN ARRAY ARRAY[{}] LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO has_rows;
        IF has_rows THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$;
"""
# The names of models and of what may be done with them, which migrations wrote and no test does.
# Django would empty these and write them anew, a hundred queries after each test.
_KEPT = {"auth_permission", "django_content_type"}


@pytest.fixture(scope="session", autouse=True)
def _empty_past_the_triggers() -> None:
    """What Django does after such a test, in our way."""

    def sql_flush(
        self: DatabaseOperations, style: object, tables: list[str], **options: Any
    ) -> list[str]:
        names = ", ".join(f"'{self.quote_name(table)}'" for table in tables if table not in _KEPT)
        return [_EMPTY.format(names)] if names else []

    DatabaseOperations.sql_flush = sql_flush
    flush.emit_post_migrate_signal = lambda *args, **options: None
