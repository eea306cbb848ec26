"""The programs that `make run` keeps alive, and the one log that they write."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from config import processes
from config.embedded import PROJECT

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STEADY_AFTER = 60.0
_SECONDS_TO_STOP = 15.0
_SECONDS_FOR_LAST_WORDS = 2.0


class Log:
    """`run.log`: one line of any child, with the time and the child's name in front."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; the one of the run before stays beside it as `.1`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.replace(path.with_name(path.name + ".1"))
        path.touch()
        self.path = path
        self._turn = threading.Lock()

    def write(self, name: str, line: str) -> None:
        """Add one line."""
        now = datetime.now().astimezone()
        with self._turn, self.path.open("a") as file:
            file.write(f"{now:%H:%M:%S} {name:<7}| {line}\n")

    def copy(self, name: str, stream: IO[bytes]) -> None:
        """Add what comes through `stream` until its end, and close it."""
        with stream:
            for line in stream:
                self.write(name, line.decode(errors="replace").rstrip())

    def end(self, name: str, lines: int = 20) -> str:
        """The last lines of one child."""
        mark = f" {name:<7}| "
        found = [line for line in self.path.read_text().splitlines() if mark in line[:20]]
        return "\n".join("  " + line.partition("| ")[2] for line in found[-lines:])


@dataclass
class Child:
    """A program that should always run: started, watched, started again with growing pauses."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Log
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _reader: threading.Thread | None = field(default=None, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _began: float = field(default=0.0, init=False)
    _next_try: float | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the program; its output goes to the log."""
        self._began, self._next_try = time.monotonic(), None
        self.process = processes.spawn(
            self.command,
            env=self.environment,
            on_parent_death=signal.SIGTERM,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
        )
        self._reader = threading.Thread(
            target=self.log.copy, args=(self.name, self.process.stdout), daemon=True
        )
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the program runs now."""
        return self.process is not None and self.process.poll() is None

    def look(self) -> str | None:
        """Start the program again when its pause is over. Returns a line when there is news."""
        if self.alive or self.process is None:
            return None
        now = time.monotonic()
        if self._next_try is None:
            processes.kill_group(self.process.pid)
            if now - self._began > _STEADY_AFTER:
                self._pause = _FIRST_PAUSE
            self._next_try = now + self._pause
            pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
            code = self.process.returncode
            how = f"code {code}" if code >= 0 else signal.Signals(-code).name
            return f"{self.name} ended ({how}); it starts again in {pause:.0f} s"
        if now < self._next_try:
            return None
        self.start()
        return f"{self.name} is back"

    def ask_to_end(self) -> None:
        """Send SIGTERM, once: a second one makes Celery drop the work in its hands."""
        if self.process is not None and self.alive:
            self.process.terminate()

    def see_the_end(self, *, patience: float) -> None:
        """Wait `patience` seconds for the end, kill what goes on then, and keep its last words."""
        if self.process is None:
            return
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        processes.kill_group(self.process.pid)
        if self._reader is not None:
            self._reader.join(_SECONDS_FOR_LAST_WORDS)


def stop_all(children: Iterable[Child]) -> None:
    """Ask all to end, wait for each, kill who does not; whole groups, so that nobody is left."""
    begun = [child for child in children if child.process is not None]
    for child in begun:
        child.ask_to_end()
    end = time.monotonic() + _SECONDS_TO_STOP
    for child in begun:
        child.see_the_end(patience=max(0.0, end - time.monotonic()))
