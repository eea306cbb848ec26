"""The very statements that a call of ours runs, as a script for pgbench.

They are caught while the call runs in this process, so they stay the same as the product changes.
What must be new in each transaction (ids, the order, the key) is replaced by pgbench's counter;
what follows from the code by what the statement that read it said.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.kit.row import WrongResult

_UUID = re.compile(r"\b([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4})-[0-9a-f]{12}\b")
_LOCK = re.compile(r"pg_try_advisory_xact_lock\(\d+\)")
# Twelve decimal digits, so that the counter also fits the end of a UUID.
FIRST_NUMBER = 100_000_000_000


@contextmanager
def caught() -> Iterator[list[str]]:
    """Every statement that Django runs in the block, with its values in it."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield statements
    statements += [query["sql"] for query in queries.captured_queries]


def transaction_of(statements: list[str]) -> list[str]:
    """Those from BEGIN to COMMIT."""
    try:
        return statements[statements.index("BEGIN") : statements.index("COMMIT") + 1]
    except ValueError as error:
        raise WrongResult(f"no transaction among {statements}") from error


def script_of(
    statements: list[str], *, known: Mapping[str, str], reads: Callable[[str], bool]
) -> str:
    """The statements for pgbench.

    `known`: values and what stands for each. The columns of the statement for which `reads` is
    true become variables by their names.
    """
    lines = []
    for statement in statements:
        text = " ".join(statement.split())
        for value, variable in known.items():
            text = text.replace(value, variable)
        text = _LOCK.sub("pg_try_advisory_xact_lock(:n)", text)
        text = _UUID.sub(r"\1-:n", text)
        lines.append(f"{text} \\gset" if reads(text) else f"{text};")
    return "\n".join(lines) + "\n"
