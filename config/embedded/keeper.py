"""The keeper: one process that holds a folder's lock and runs the servers over it.

Its holder (`config.embedded`) writes one JSON line, the `Order`, and keeps the pipe open. The
keeper answers with one JSON line: the addresses, or why there are none. When the pipe closes it
stops what it started.

In the folder: `lock` (held as long as the keeper or a server of it lives), `servers.json` (who
keeps them and where they answer, so that a second command can use them), `password`, `logs/`,
and a folder for each server.
"""

import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import processes
from config.embedded.binaries import ServerFailed, anothers
from config.embedded.daemon import Daemon
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

_SECONDS_FOR_THE_LAST_HOLDER = 40
_SECONDS_BETWEEN_LOOKS = 0.25
_TRIES_FOR_A_PORT = 5


@dataclass(frozen=True)
class Order:
    """What the holder wants. `data` None: temporary, in a folder that is removed at the end."""

    data: str | None
    postgres: bool = True
    valkey: bool = True
    postgres_port: int | None = None
    valkey_port: int | None = None
    settings: dict[str, str] = field(default_factory=dict)


def running(data: Path) -> dict[str, str] | None:
    """What `servers.json` says of servers that live: `pid`, `DATABASE_URL`, `REDIS_URL`."""
    try:
        said: dict[str, str] = json.loads((data / "servers.json").read_text())
        if not processes.is_alive(int(said["pid"])):
            return None
        with (data / "lock").open() as handle:
            return None if _take(handle.fileno()) else said
    except (OSError, ValueError):
        return None


def keep() -> None:
    """The keeper's whole life, on standard input and output (`python -m config.embedded keep`)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    try:
        with _folder(order) as folder, _lock(folder) as lock, ExitStack() as stack:
            servers = _start(order, folder, lock, stack)
            with _announced(folder, servers) as said:
                print(json.dumps(said), flush=True)
                _watch(servers)
    except ServerFailed as refusal:
        print(json.dumps({"failed": str(refusal)}), flush=True)


def _leave(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


@contextmanager
def _folder(order: Order) -> Iterator[Path]:
    if order.data is not None:
        folder = Path(order.data)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="sarafan-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[int]:
    """Hold the folder. The servers inherit the lock, so it is free only when they are gone too."""
    try:
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise ServerFailed(anothers(folder)) from error
    try:
        end = time.monotonic() + _SECONDS_FOR_THE_LAST_HOLDER
        while not _take(handle):
            if (other := running(folder)) is not None:
                raise ServerFailed(
                    f"The servers over {folder} run already (process {other['pid']})."
                    " Stop that first, or use another copy of the project."
                )
            if time.monotonic() > end:
                raise ServerFailed(f"The servers that an earlier start left over {folder} go on.")
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        yield handle
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _start(order: Order, folder: Path, lock: int, stack: ExitStack) -> list[Daemon]:
    """Start what is wanted; `stack` stops it."""
    common: dict[str, Any] = {
        "password": _password(folder),
        "durable": order.data is not None,
        "pass_fds": [lock],
    }
    logs = folder / "logs"
    servers: list[Daemon] = []
    if order.postgres:
        servers.append(
            Postgres(
                folder=folder / "postgres",
                port=order.postgres_port or 0,
                log=logs / "postgres.log",
                settings=order.settings,
                **common,
            )
        )
    if order.valkey:
        servers.append(
            Valkey(
                folder=folder / "valkey",
                port=order.valkey_port or 0,
                log=logs / "valkey.log",
                **common,
            )
        )
    for server in servers:
        stack.callback(server.stop)
        _start_on_its_port(server)
    return servers


def _start_on_its_port(server: Daemon) -> None:
    """Start on the given port; without one, on a free one that nobody takes in the meantime."""
    if server.port:
        if not processes.is_free(server.port):
            raise ServerFailed(f"Port {server.port} for {server.title} is taken. Give another.")
        server.start()
        return
    for _ in range(_TRIES_FOR_A_PORT):
        server.port = processes.free_port()
        try:
            server.start()
        except ServerFailed:
            if processes.is_free(server.port):
                raise
        else:
            return
    raise ServerFailed(f"{server.title} found no free port.")


def _password(folder: Path) -> str:
    """One for both servers, made once: other users of this machine must not get in."""
    path = folder / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


@contextmanager
def _announced(folder: Path, servers: list[Daemon]) -> Iterator[dict[str, str]]:
    """Say in `servers.json` where they answer, until they are about to stop."""
    said = {"pid": str(os.getpid())} | {server.variable: server.url for server in servers}
    path, draft = folder / "servers.json", folder / "servers.json.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(said))
    draft.rename(path)
    try:
        yield said
    finally:
        path.unlink()


def _watch(servers: list[Daemon]) -> None:
    """Start again what dies, until the holder closes the pipe."""
    while not select.select([sys.stdin], [], [], _SECONDS_BETWEEN_LOOKS)[0]:
        for server in servers:
            if not server.alive:
                _start_again(server)


def _start_again(server: Daemon) -> None:
    try:
        server.start()
        line = f"{server.title} ended and was started again."
    except ServerFailed as refusal:
        line = f"{server.title} ended and can't be started again yet: {refusal}"
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)
