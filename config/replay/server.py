"""A web server of our own for a replay that is given none: granian on a free port."""

import http.client
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from config import processes
from config.embedded import PROJECT
from config.replay.shop import ShopFailed

SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 15.0


@contextmanager
def own_server(*, workers: int, threads: int) -> Iterator[str]:
    """The address of a server over this process's database, for as long as the block lasts.

    Raises `ShopFailed` when it doesn't answer.
    """
    port = processes.free_port()
    url = f"http://{processes.LOOPBACK}:{port}"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi"]
    command += ["--host", processes.LOOPBACK, "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", str(threads), "--no-ws"]
    with TemporaryFile() as log:
        server = processes.spawn(
            [*command, "config.wsgi:application"],
            env=os.environ | _same_data() | {"SITE_URL": url},
            on_parent_death=signal.SIGTERM,
            cwd=PROJECT,
            stdout=log,
        )
        try:
            processes.wait_until(
                lambda: server.poll() is not None or _answers(port),
                seconds=SECONDS_TO_START,
                pause=0.1,
            )
            if not _answers(port):
                raise ShopFailed("the web server did not start")
            yield url
        except ShopFailed as error:
            log.seek(0)
            said = log.read()[-4_000:].decode(errors="replace")
            raise ShopFailed(f"{error}\nThe web server said:\n{said}") from error
        finally:
            processes.stop(server, politely=signal.SIGTERM, patience=SECONDS_TO_STOP)


def _same_data() -> dict[str, str]:
    """The database of this process, which in a test is not the one that DATABASE_URL names.

    DEBUG, since it serves plain http on this machine alone and no files were collected for it; no
    rate, since one key plays the orders of years in minutes.
    """
    database = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return {
        "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
        "SECRET_KEY": settings.SECRET_KEY,
        "DEBUG": "true",
        "API_CALLS_PER_SECOND": "0",
    }


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=10)
    try:
        line.request("GET", "/livez")
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
