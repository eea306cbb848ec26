"""One Valkey of ours, over loopback TCP."""

import signal
import socket
from dataclasses import dataclass

from config import processes
from config.embedded import binaries
from config.embedded.daemon import SECONDS_TO_STOP, Daemon

_DATABASES = 64  # one for each worker of a parallel test run


@dataclass
class Valkey(Daemon):
    """One Valkey; what it holds is written to the disk only when `durable`."""

    title = "Valkey"
    variable = "REDIS_URL"

    @property
    def url(self) -> str:
        """For `REDIS_URL`: the first of its databases."""
        return f"redis://:{self.password}@{processes.LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Serve what the folder holds."""
        self._own_folder(self.folder)
        config = {
            "bind": processes.LOOPBACK,
            "port": str(self.port),
            "requirepass": self.password,
            "databases": str(_DATABASES),
            "dir": "./",
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in config.items())
        self.process = self._spawn(
            # By standard input, so that the password stands in no list of processes.
            [binaries.valkey_server(), "-"],
            on_parent_death=signal.SIGTERM if self.durable else signal.SIGKILL,
            stdin=text,
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """End the process; what it holds is on the disk first if it is kept."""
        if self.process is not None:
            politely = signal.SIGTERM if self.durable else signal.SIGKILL
            processes.stop(self.process, politely=politely, patience=SECONDS_TO_STOP)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((processes.LOOPBACK, self.port), timeout=1) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                line.shutdown(socket.SHUT_WR)
                said = b"".join(iter(lambda: line.recv(100), b""))
        except OSError:
            return False
        return said == b"+OK\r\n+PONG\r\n"
