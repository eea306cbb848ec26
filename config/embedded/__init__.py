"""PostgreSQL and Valkey for a newcomer and for the tests, with no installation.

`servers(data)` starts both over a folder and yields their addresses; without a folder they are
temporary. A server whose address is in the environment already is not started.

Between us and the servers stands the *keeper*, a process of ours in a session of its own: it holds
the lock on the folder, starts the servers, starts again one that died, and stops them when the pipe
to us closes, whether we left in good order or were killed. Should the keeper itself be killed, the
kernel ends the servers (`config.processes`).

On the command line: `python -m config.embedded exec [--data DIR | --temporary] -- COMMAND…`
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded.binaries import ServerFailed
from config.embedded.keeper import Order, running

__all__ = ["DATA", "PROJECT", "Addresses", "ServerFailed", "running", "servers"]

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT / ".data"


@dataclass(frozen=True)
class Addresses:
    """Where the two servers answer."""

    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """The same as the variables that the settings read."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def servers(
    data: Path | None = None,
    *,
    given: Mapping[str, str] | None = None,
    join: bool = False,
    postgres_port: int | None = None,
    valkey_port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Addresses]:
    """PostgreSQL and Valkey over the folder `data` for as long as the block lasts.

    `data` None: temporary ones, faster and less safe, whose folder is removed.
    `given` (usually `os.environ`): of a DATABASE_URL or REDIS_URL in it no server is started.
    `join`: use the servers that another process runs over `data`, if any; else that is refused.
    Ports are free ones unless given; `settings` (of postgresql.conf) go over ours.
    ServerFailed, with what to do, when a server can't be had.
    """
    known = {name: value for name, value in (given or {}).items() if value}
    if join and data is not None and (others := running(data)) is not None:
        known = others | known
    wanted = {name: name not in known for name in ("DATABASE_URL", "REDIS_URL")}
    if not any(wanted.values()):
        yield Addresses(known["DATABASE_URL"], known["REDIS_URL"])
        return
    order = Order(
        data=str(data.resolve()) if data is not None else None,
        postgres=wanted["DATABASE_URL"],
        valkey=wanted["REDIS_URL"],
        postgres_port=postgres_port,
        valkey_port=valkey_port,
        settings=dict(settings or {}),
    )
    with _kept(order) as said:
        known = said | known
        yield Addresses(known["DATABASE_URL"], known["REDIS_URL"])


@contextmanager
def _kept(order: Order) -> Iterator[dict[str, str]]:
    """A keeper at work; it stops when this end of the pipe closes, however that comes about."""
    with subprocess.Popen(
        [sys.executable, "-m", "config.embedded", "keep"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as keeper:
        assert keeper.stdin is not None and keeper.stdout is not None  # noqa: S101, PT018 - PIPE
        try:
            keeper.stdin.write(json.dumps(asdict(order)) + "\n")
            keeper.stdin.flush()
            said: dict[str, str] = json.loads(keeper.stdout.readline() or "{}")
            if "pid" not in said:
                raise ServerFailed(said.get("failed", "The keeper of the servers ended at once."))
            yield said
        finally:
            keeper.stdin.close()
            keeper.wait()
