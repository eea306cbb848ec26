"""What must be true of the installation before it serves anybody."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

OLDEST_POSTGRES = 15  # major version; NULLS NOT DISTINCT and MERGE are younger than 14


@register(Tags.database)
def database_is_new_enough(
    *, databases: Iterable[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """`config.E001` for each PostgreSQL older than `OLDEST_POSTGRES` (dependencies.md)."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            (number,) = cursor.fetchone()
        if problem := too_old(int(number)):
            found.append(Error(problem, id="config.E001"))
    return found


def too_old(server_version_num: int) -> str | None:
    """The one line that says so when PostgreSQL's `server_version_num` is too old, else None."""
    major = server_version_num // 10_000
    if major >= OLDEST_POSTGRES:
        return None
    return (
        f"The database is PostgreSQL {major}; Sarafan needs {OLDEST_POSTGRES} or newer."
        " Give the DATABASE_URL of a newer server, or unset it to use the built-in one."
    )
