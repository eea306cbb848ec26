"""Our web server as `make run` starts it: granian, two workers of eight threads."""

import http.client
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.kit.place import Place, environment
from bench.kit.row import WrongResult
from config import processes
from config.embedded import PROJECT

WORKERS, THREADS = 2, 8
_SECONDS_TO_START, _SECONDS_TO_STOP = 60.0, 20.0
_CLEAR_PEAK = "5"  # what the kernel takes in clear_refs (proc(5))


@dataclass
class Web:
    """A running web server."""

    port: int
    pid: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{processes.LOOPBACK}:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """One call: the status and the body."""
        line = http.client.HTTPConnection(processes.LOOPBACK, self.port, timeout=600)
        try:
            line.request(method, path, body=body, headers=self.headers | headers)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def forget_peak(self) -> int:
        """The memory of the workers now, in bytes; their peak counts anew from here."""
        for pid in self._workers():
            Path(f"/proc/{pid}/clear_refs").write_text(_CLEAR_PEAK)
        return self._memory("VmRSS")

    def peak(self) -> int:
        """The most memory that the workers had since `forget_peak`, in bytes."""
        return self._memory("VmHWM")

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children]

    def _memory(self, name: str) -> int:
        kilobytes = 0
        for pid in self._workers():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kilobytes += next(int(line.split()[1]) for line in lines if line.startswith(name))
        return kilobytes * 1024


@contextmanager
def web_server(place: Place, **settings: str) -> Iterator[Web]:
    """Serve the database of this process (or that of `settings`) for as long as the block lasts."""
    port = processes.free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", processes.LOOPBACK, "--port", str(port)]
    command += ["--workers", str(WORKERS), "--blocking-threads", str(THREADS)]
    log = place.folder / f"granian-{port}.log"
    with log.open("wb") as stream:
        process = processes.spawn(
            [*command, "config.wsgi:application"],
            env=environment(SITE_URL=f"http://{processes.LOOPBACK}:{port}", **settings),
            on_parent_death=signal.SIGTERM,
            cwd=PROJECT,
            stdout=stream,
        )
        web = Web(port, process.pid)
        try:
            processes.wait_until(
                lambda: process.poll() is not None or _answers(web), seconds=_SECONDS_TO_START
            )
            if process.poll() is not None or not _answers(web):
                raise WrongResult(f"the web server does not start:\n{log.read_text()[-3000:]}")
            yield web
        finally:
            processes.stop(process, politely=signal.SIGTERM, patience=_SECONDS_TO_STOP)


def _answers(web: Web) -> bool:
    try:
        return web.ask("GET", "/livez")[0] == http.client.OK
    except (OSError, http.client.HTTPException):
        time.sleep(0.05)
        return False
