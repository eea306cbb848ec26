"""One PostgreSQL cluster of ours: made once, then served over loopback TCP."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from config import processes
from config.embedded import binaries
from config.embedded.binaries import ServerFailed
from config.embedded.daemon import SECONDS_TO_STOP, Daemon

_NAME = "sarafan"  # of the role and of the database
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_preload_libraries": "pg_stat_statements",
}
# Safe when the server dies, not when the machine does: for data that nobody misses.
_THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
    "shared_buffers": "128MB",
}


@dataclass
class Postgres(Daemon):
    """One PostgreSQL cluster with one database; `settings` (of postgresql.conf) go over ours."""

    settings: Mapping[str, str] = field(default_factory=dict)
    title = "PostgreSQL"
    variable = "DATABASE_URL"

    @property
    def url(self) -> str:
        """For `DATABASE_URL`: the application's own database."""
        return f"postgresql://{_NAME}:{self.password}@{processes.LOOPBACK}:{self.port}/{_NAME}"

    def start(self) -> None:
        """Make the cluster if there is none, then serve it. The caller holds the folder's lock."""
        if not self._made:
            self._create()
        self._own_folder(self.folder)
        self._refuse_other_major()
        # Nobody else holds the folder, so what this file says is of a server that died. Its number
        # may be another process's by now, and PostgreSQL would refuse to start.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        settings = (
            _SETTINGS
            | ({} if self.durable else _THROW_AWAY)
            | {
                "port": str(self.port),
                "listen_addresses": processes.LOOPBACK,
                "unix_socket_directories": "",
            }
        )
        options = [f"{name}={value}" for name, value in (settings | dict(self.settings)).items()]
        self.process = self._spawn_program(
            ["postgres", *(part for option in options for part in ("-c", option))],
            signal.SIGINT if self.durable else signal.SIGQUIT,
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Shut down: in order when the data is kept, at once when it is thrown away."""
        if self.process is not None:
            politely = signal.SIGINT if self.durable else signal.SIGQUIT
            processes.stop(self.process, politely=politely, patience=SECONDS_TO_STOP)

    @property
    def _made(self) -> bool:
        return (self.folder / "PG_VERSION").exists()

    def _answers(self) -> bool:
        """PostgreSQL writes `ready` on the eighth line of its pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _spawn_program(
        self, command: Sequence[str], on_parent_death: signal.Signals, stdin: str = ""
    ) -> "subprocess.Popen[bytes]":
        """Start one of PostgreSQL's programs on our folder, which it finds by PGDATA.

        Root's ordinary user may be unable to walk there, so he gets it as an open file.
        """
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            walks = self._account is None or sys.platform != "linux"
            return self._spawn(
                [binaries.postgres_folder() / command[0], *command[1:]],
                on_parent_death,
                stdin=stdin,
                env={"PGDATA": str(self.folder) if walks else f"/proc/self/fd/{handle}"},
                pass_fds=[handle],
            )
        finally:
            os.close(handle)

    @cached_property
    def _program_major(self) -> int:
        """The major version of the programs: `postgres (PostgreSQL) 18.6` gives 18."""
        said = subprocess.check_output([binaries.postgres_folder() / "postgres", "-V"], text=True)
        return int(said.split()[2].partition(".")[0])

    def _refuse_other_major(self) -> None:
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        if made_by != str(self._program_major):
            raise ServerFailed(
                f"The data in {self.folder} was made by PostgreSQL {made_by}; this is"
                f" {self._program_major}. To begin anew, move that folder away. To keep the data,"
                f" dump it with PostgreSQL {made_by} (pg_dump) and load it into the new one (psql)."
            )

    def _create(self) -> None:
        """Run initdb beside the folder, then rename: a cluster is there whole or not at all."""
        draft = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        self._own_folder(draft)
        maker = Postgres(draft, self.port, self.password, self.log, durable=self.durable)
        maker.initialise()
        if self.folder.exists():
            self.folder.rmdir()
        draft.rename(self.folder)

    def initialise(self) -> None:
        """Fill the empty folder: initdb, the password, the database."""
        # PostgreSQL's own Unicode rules are the same on every machine, and there since 17.
        unicode = ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"]
        if self._program_major < 17:
            unicode = ["--lc-ctype=C.UTF-8"]
        self._run(
            [
                *("initdb", "-U", _NAME, "--encoding=UTF8", "--locale=C"),
                *unicode,
                *("--auth-local=reject", "--auth-host=scram-sha-256"),
                *([] if self.durable else ["--no-sync"]),
            ]
        )
        self._run(
            ["postgres", "--single", "postgres"],
            stdin=f"ALTER ROLE {_NAME} PASSWORD '{self.password}'\nCREATE DATABASE {_NAME}\n",
        )

    def _run(self, command: Sequence[str], stdin: str = "") -> None:
        if self._spawn_program(command, signal.SIGKILL, stdin).wait() != 0:
            raise ServerFailed(f"{command[0]} failed:\n{self.log_end()}")
