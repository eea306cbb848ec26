"""What PostgreSQL and Valkey have in common as child processes of ours.

Each is made with its folder, port and password, then `start()` (waits until it answers) and
`stop()`. They end when the thread that started them ends. `config.embedded.servers` keeps a pair of
them; make them yourself only to break one (`crash`).
"""

import os
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config import processes
from config.embedded import binaries
from config.embedded.binaries import Account, ServerFailed

_SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
# The locale of whoever starts us must not get into the data.
_ENV = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, "HOME": "/"}


@dataclass
class Daemon(ABC):
    """What the two have in common: a process over a folder."""

    folder: Path
    port: int
    password: str
    log: Path
    durable: bool = True
    pass_fds: Sequence[int] = ()
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)
    title = "A server"
    variable = ""

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for the environment `variable`."""

    @abstractmethod
    def start(self) -> None:
        """Start the process and wait until it answers. ServerFailed if it doesn't."""

    @abstractmethod
    def stop(self) -> None:
        """End the process, if there is one, and wait for its end."""

    @property
    def alive(self) -> bool:
        """Whether the process runs (it may still refuse to answer)."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self.process is None:
            raise ServerFailed(f"{self.title} was not started.")
        return self.process.pid

    def crash(self) -> None:
        """Kill the process (-9); PostgreSQL's children end as soon as they notice."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            processes.kill_group(self.process.pid)

    @property
    def _account(self) -> Account | None:
        return binaries.ordinary_user(self.folder)

    def _own_folder(self, folder: Path) -> None:
        """Make `folder`, closed to others, and give it to the server's user."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        account = self._account
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        elif folder.stat().st_uid != os.geteuid():
            raise ServerFailed(binaries.anothers(folder.parent))

    def _spawn(
        self,
        command: Sequence[str | Path],
        on_parent_death: signal.Signals,
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> "subprocess.Popen[bytes]":
        """Start `command` in the folder, as the ordinary user if we are root."""
        account = self._account
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log, tempfile.TemporaryFile() as feed:
            feed.write(stdin.encode())
            feed.seek(0)
            return processes.spawn(
                command,
                env=_ENV | dict(env or {}),
                on_parent_death=on_parent_death,
                cwd=self.folder,
                stdin=feed,
                stdout=log,
                user=account.uid if account else None,
                group=account.gid if account else None,
                pass_fds=[*self.pass_fds, *pass_fds],
            )

    def _wait_until_ready(self) -> None:
        """Wait for the first answer. ServerFailed with the log's end if there is none."""
        processes.wait_until(lambda: self._answers() or not self.alive, seconds=_SECONDS_TO_START)
        if not (self.alive and self._answers()):
            self.crash()
            raise ServerFailed(f"{self.title} did not start on port {self.port}:\n{self.log_end()}")

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server takes connections."""

    def log_end(self, lines: int = 8) -> str:
        """The last lines that the server wrote."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
