"""Runs a settlement and kills itself with SIGKILL at the n-th statement, for n = 1, 2, 3 …

A program of its own: each attempt is a forked process with its own connection, which nothing warns.
Prints a JSON list of what became of the attempts: `killed` or `finished`.
"""

import json
import os
import signal
import sys

import django


def attempt(statement: int, *, after: bool, chunk: int) -> None:
    """Settle; die before (or after) the statement of that number."""
    from django.db import connection  # noqa: PLC0415

    from affiliates import settlement  # noqa: PLC0415

    seen = 0

    def count(execute, sql, params, many, context):
        nonlocal seen
        seen += 1
        if seen == statement and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, params, many, context)
        if seen == statement and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with connection.execute_wrapper(count):
        settlement.release_due(chunk=chunk)


def main(chunk: int) -> None:
    """Attempt after attempt until one finishes."""
    django.setup()
    outcomes: list[str] = []
    while not outcomes or outcomes[-1] == "killed":
        number = len(outcomes)
        child = os.fork()
        if child == 0:
            attempt(number // 2 + 1, after=bool(number % 2), chunk=chunk)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        outcomes.append("killed" if os.WIFSIGNALED(status) else "finished")
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            sys.exit(f"attempt {number} broke")
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(chunk=int(sys.argv[1]))
