"""Gives the test run a PostgreSQL and a Valkey of its own (`-p tests.servers` in pyproject.toml).

At import, before Django reads its settings. What DATABASE_URL or REDIS_URL name already is used as
it is; each worker of a parallel run then takes a database of its own in both (pytest-django sees to
PostgreSQL). Otherwise each worker has servers of its own: in a shared cluster, the transactions of
one test would hold back the order journal of another. They end with their process, however it ends.
"""

import atexit
import os
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

from config import embedded

_STACK = ExitStack()
_STARTED = "SARAFAN_TESTS_STARTED"  # the names of the addresses that are the first process's own


def _own_valkey_database(url: str, worker: str) -> str:
    """The address with the database number of the worker: gw0 takes 1, gw1 takes 2."""
    number = int(worker.removeprefix("gw")) + 1
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
# Races start forty threads in this one process, which a web server never has: there is a connection
# for each, but opening it, like letting go of a lock, may wait long for Python's attention.
os.environ.setdefault("DB_POOL_MAX", "48")
os.environ.setdefault("DB_POOL_TIMEOUT", "60")
os.environ.setdefault("DB_LOCK_TIMEOUT", "60")
worker = os.environ.get("PYTEST_XDIST_WORKER")
for name in os.environ.pop(_STARTED, "").split():
    del os.environ[name]
if worker and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = _own_valkey_database(os.environ["REDIS_URL"], worker)
environment = _STACK.enter_context(embedded.servers(given=os.environ)).environment
if not worker:
    os.environ[_STARTED] = " ".join(environment.keys() - os.environ.keys())
os.environ.update(environment)
atexit.register(_STACK.close)
