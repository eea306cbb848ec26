"""Our own programs as a test needs them: a real worker, a real beat, a real web server.

Each runs against the database of this test process, so a test that asks for one commits what it
writes (`transactional_db`).
"""

import http.client
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.cache import cache
from django.db import connection

from config import processes
from config.embedded import PROJECT

SECONDS_TO_START = 120.0
SECONDS_TO_STOP = 30.0


class Program:
    """A running program of ours: its log, its process, the address if it has one."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.url = ""
        with log.open("wb") as stream:
            self.process = processes.spawn(
                [sys.executable, "-m", *command],
                env=environment,
                on_parent_death=signal.SIGKILL,
                cwd=PROJECT,
                stdout=stream,
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait for `ready`; fail with the log when the program dies or takes too long."""
        processes.wait_until(
            lambda: self.process.poll() is not None or ready(),
            seconds=SECONDS_TO_START,
            pause=0.05,
        )
        if self.process.poll() is not None or not ready():
            pytest.fail(f"{self.log.name} did not start:\n{self.log.read_text()[-3000:]}")

    def says(self, words: str) -> bool:
        """Whether the log holds these words."""
        return words in self.log.read_text()

    def stop(self) -> None:
        """End it in good order."""
        processes.stop(self.process, politely=signal.SIGTERM, patience=SECONDS_TO_STOP)

    def kill(self) -> None:
        """End it as a power cut would, its children too."""
        processes.kill_group(self.process.pid)
        self.process.wait()


def environment(**more: str) -> dict[str, str]:
    """What a program needs to meet this test's data."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
        "DEBUG": "true",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start a Celery worker, as often as wanted: `start_worker(concurrency=2)`."""
    programs: list[Program] = []
    cache.clear()
    cache._cache.get_client(write=True).flushdb()  # no message of an earlier test

    def start(*, concurrency: int = 1, **settings: str) -> Program:
        number = len(programs)
        command = ["celery", "-A", "config", "worker", "--loglevel", "INFO"]
        command += ["--concurrency", str(concurrency), "--hostname", f"w{number}@{os.getpid()}"]
        program = Program(command, environment(**settings), tmp_path / f"worker{number}.log")
        programs.append(program)
        program.wait_until(lambda: program.says(" ready."))
        return program

    yield start
    for program in programs:
        program.stop()


@pytest.fixture
def worker(start_worker: Callable[..., Program]) -> Program:
    """A Celery worker that takes what is sent."""
    return start_worker()


@pytest.fixture
def beat(transactional_db: None, tmp_path: Path) -> Iterator[Program]:
    """Celery's beat with the whole table of config/celery.py."""
    command = ["celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile", ""]
    command += ["--schedule", str(tmp_path / "schedule")]
    program = Program(command, environment(), tmp_path / "beat.log")
    program.wait_until(lambda: program.says("beat: Starting"))
    yield program
    program.stop()


@contextmanager
def granian(folder: Path, *, workers: int = 1, **settings: str) -> Iterator[Program]:
    """Our web server in so many processes, as `make run` starts it; `settings` go over ours."""
    port = processes.free_port()
    url = f"http://{processes.LOOPBACK}:{port}"
    command = ["granian", "--interface", "wsgi", "--host", processes.LOOPBACK]
    command += ["--port", str(port), "--workers", str(workers), "--blocking-threads", "8"]
    program = Program(
        [*command, "config.wsgi:application"],
        environment(**{"SITE_URL": url} | settings),
        folder / "granian.log",
    )
    program.url = url
    try:
        program.wait_until(lambda: _answers(port))
        yield program
    finally:
        program.stop()


@pytest.fixture(scope="module")
def _server_of_the_module(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    with granian(tmp_path_factory.mktemp("server")) as program:
        yield program


@pytest.fixture
def granian_server(_server_of_the_module: Program, transactional_db: None) -> Program:
    """A real web server, one for a module's tests; its address is `granian_server.url`."""
    return _server_of_the_module


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=10)
    try:
        line.request("GET", "/robots.txt")
        line.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
    return True
