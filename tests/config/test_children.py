"""What `make run` keeps alive, tried with small programs."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import children, processes
from config.children import Child, Log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "logs" / "run.log")


@pytest.fixture
def started(log: Log) -> Iterator[list[Child]]:
    """Children that the test adds; they are stopped after it."""
    family: list[Child] = []
    yield family
    children.stop_all(family)


def child(log: Log, script: str, name: str = "worker") -> Child:
    return Child(name, [sys.executable, "-c", script], os.environ, log)


def news_of(one: Child, seconds: float = 30) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if news := one.look():
            return news
        time.sleep(0.01)
    pytest.fail("no news")


def test_a_child_that_runs_is_no_news(log: Log, started: list[Child]) -> None:
    one = child(log, "import time; time.sleep(600)")
    started.append(one)
    one.start()
    assert one.alive
    assert one.look() is None


def test_a_child_that_dies_is_started_again_after_growing_pauses(
    log: Log, started: list[Child]
) -> None:
    one = child(log, "print('here', flush=True); raise SystemExit(4)")
    started.append(one)
    one.start()
    assert news_of(one) == "worker ended (code 4); it starts again in 1 s"
    began = time.monotonic()
    assert news_of(one) == "worker is back"
    assert 0.9 < time.monotonic() - began < 3
    assert news_of(one) == "worker ended (code 4); it starts again in 2 s"


def test_a_killed_child_is_told_by_its_signal(log: Log, started: list[Child]) -> None:
    one = child(log, "import time; time.sleep(600)")
    started.append(one)
    one.start()
    assert one.process
    one.process.kill()
    assert news_of(one) == "worker ended (SIGKILL); it starts again in 1 s"


def test_the_log_tells_who_said_what(log: Log, started: list[Child]) -> None:
    for name in ("web", "worker"):
        one = child(
            log, f"import time; print('I am the {name}', flush=True); time.sleep(600)", name
        )
        started.append(one)
        one.start()
    assert processes.wait_until(lambda: "worker" in log.path.read_text(), seconds=30)
    assert processes.wait_until(lambda: "the web" in log.path.read_text(), seconds=30)
    assert log.end("web") == "  I am the web"
    assert log.end("worker") == "  I am the worker"
    assert log.end("beat") == ""


def test_the_log_of_the_run_before_stays_beside(tmp_path: Path) -> None:
    Log(tmp_path / "run.log").write("web", "first run")
    Log(tmp_path / "run.log").write("web", "second run")
    assert "second run" in (tmp_path / "run.log").read_text()
    assert "first run" in (tmp_path / "run.log.1").read_text()


def test_stop_all_leaves_nobody_not_even_grandchildren(log: Log) -> None:
    one = Child("worker", ["sh", "-c", "sleep 600 & echo $!; sleep 600"], os.environ, log)
    one.start()
    assert processes.wait_until(lambda: log.end("worker") != "", seconds=30)
    grandchild = int(log.end("worker"))
    assert processes.is_alive(grandchild)
    children.stop_all([one])
    assert not one.alive
    assert processes.wait_until(lambda: not processes.is_alive(grandchild), seconds=30)
