"""The place to measure in: servers of its own, for each row a database with empty tables."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection
from psycopg import sql

from config import embedded

# Data that is kept and flushed as in production; room for the large tables. What a database server
# of this size would be given, no more.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "maintenance_work_mem": "512MB",
}
FIRST, EMPTY, OTHER = "sarafan", "empty_tables", "other_size"


@dataclass
class Place:
    """Where a row measures: the folder for its files, the scale, and how it tells its progress."""

    folder: Path
    scale: float
    began: float

    def so_many(self, full: int, *, least: int = 1) -> int:
        """A count at this scale."""
        return max(least, round(full * self.scale))

    def seconds(self, full: float) -> float:
        """How long to load at this scale: whole seconds, since wrk and pgbench know no less."""
        return max(1.0, round(full * min(1.0, self.scale)))

    @property
    def turns(self) -> int:
        """How often to repeat; a small scale only shows that all works."""
        return 5 if self.scale >= 1 else 1

    def say(self, text: str) -> None:
        """One line of progress."""
        print(f"  {time.monotonic() - self.began:6.1f} s  {text}", flush=True)


@contextmanager
def servers() -> Iterator[Path]:
    """PostgreSQL and Valkey for as long as the block lasts; the environment is set for Django."""
    with tempfile.TemporaryDirectory(prefix="sarafan-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the servers may run as another user
        with embedded.servers(folder / "data", settings=SETTINGS) as addresses:
            os.environ |= addresses.environment | {
                "SECRET_KEY": "only-for-measuring-" + "x" * 40,
                "DJANGO_SETTINGS_MODULE": "bench.kit.settings",
                "OPS_SECOND_FACTOR": "false",
            }
            for unwanted in ("DEBUG", "DEMO"):
                os.environ.pop(unwanted, None)
            yield folder


def keep_empty_tables() -> None:
    """Put the tables that were just made aside, so that each row begins with such."""
    _copy(FIRST, EMPTY)


def begin_anew() -> None:
    """Empty tables in the database that Django is connected to."""
    _copy(EMPTY, FIRST)


@contextmanager
def other_database() -> Iterator[None]:
    """The same tables in a second database beside the first, which Django is then connected to."""
    _copy(EMPTY, OTHER)
    connection.close_pool()
    connection.settings_dict["NAME"] = OTHER
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()
        connection.settings_dict["NAME"] = FIRST


def drop_other() -> None:
    """Remove the second database."""
    with _maintenance() as line:
        line.execute(f"DROP DATABASE IF EXISTS {OTHER} WITH (FORCE)")


def address_of(name: str) -> str:
    """DATABASE_URL for this database of ours."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def environment(**more: str) -> Mapping[str, str]:
    """What a program of ours needs to work on the same data."""
    return os.environ | {"PYTHONUNBUFFERED": "1"} | more


def _copy(source: str, target: str) -> None:
    connection.close()
    connection.close_pool()
    with _maintenance() as line:
        line.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target))
        )
        line.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(target), sql.Identifier(source)
            )
        )


def _maintenance() -> psycopg.Connection:
    return psycopg.connect(address_of("postgres"), autocommit=True)
