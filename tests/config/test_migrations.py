"""The migrations of the whole tower, on an empty database of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from config.embedded import PROJECT

NAME = "sarafan_migrations"


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of a database that has just been made, beside the one of the tests."""
    server = os.environ["DATABASE_URL"]
    name = sql.Identifier(f"{NAME}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield urlunsplit(urlsplit(server)._replace(path="/" + name._obj[0]))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def manage(database_url: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tables(database_url: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows}


@pytest.mark.slow
def test_migrations_go_up_down_and_up_again(empty_database: str) -> None:
    manage(empty_database, "migrate")
    all_tables = tables(empty_database)
    assert len(all_tables) > 20
    # The ground floor carries all others, so that this takes each of them down.
    manage(empty_database, "migrate", "marketplace", "zero")
    left = tables(empty_database)
    floors = ("marketplace_", "promocodes_", "affiliates_", "referrals_", "tasks_")
    assert [name for name in left if name.startswith(floors)] == []
    manage(empty_database, "migrate")
    assert tables(empty_database) == all_tables
