"""`make run`, as a person starts it: the real programs, the real first page."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

from config import embedded, processes
from config.embedded import PROJECT

SECONDS_TO_START = 120


class Run:
    """A running supervisor and what it has said so far."""

    def __init__(
        self, data: Path, *command: str, parent: Sequence[str] = (), **environment: str
    ) -> None:
        self.lines: list[str] = []
        # Tests that run in a shell's background were born deaf to Ctrl-C; who is tested is not.
        listening = ["env", "--default-signal=INT", *parent]
        self.process = subprocess.Popen(
            [*listening, sys.executable, "-m", "config.supervisor", "--data", data, *command],
            cwd=PROJECT,
            env=newcomer() | {"PORT": str(processes.free_port())} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str, seconds: float = SECONDS_TO_START) -> None:
        """Wait until it has said `words`; fail with all it said if it ends or is too slow."""
        processes.wait_until(
            lambda: words in self.said or self.process.poll() is not None,
            seconds=seconds,
            pause=0.05,
        )
        assert words in self.said, self.said

    def family(self) -> dict[str, int]:
        """The ids of web, worker and beat, by name."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            line = " ".join(child.cmdline())
            for name, mark in {"web": "granian", "worker": " worker ", "beat": " beat "}.items():
                if mark in line:
                    found[name] = child.pid
        return found

    def everybody(self) -> list[int]:
        """The ids of all processes that hang on this run, the servers included."""
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        code = self.process.wait(SECONDS_TO_START)
        self.reader.join(10)
        return code


def newcomer() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "DEMO", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if name not in ours}


@contextmanager
def a_run(
    data: Path, *command: str, parent: Sequence[str] = (), **environment: str
) -> Iterator[Run]:
    run = Run(data, *command, parent=parent, **environment)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end()
        run.reader.join(10)


def refusal(data: Path, **environment: str) -> str:
    """What a run says that can't start."""
    with a_run(data, **environment) as run:
        assert run.process.wait(SECONDS_TO_START) == 1
        run.reader.join(10)
        return run.said


def all_gone(pids: list[int], seconds: float = 60) -> bool:
    return processes.wait_until(
        lambda: not any(processes.is_alive(pid) for pid in pids), seconds=seconds, pause=0.05
    )


@pytest.mark.slow
def test_three_days_of_an_installation(tmp_path: Path) -> None:
    """One test, because the second and the third day need what the days before have left."""
    data = tmp_path / "a folder with spaces"
    port = processes.free_port()
    with a_run(data, PORT=str(port)) as run:
        run.wait_for("Log: ")
        a_newcomer_finds_everything(run, data, f"http://localhost:{port}")
        ctrl_c_ends_everybody(run, port)
    key = (data / "secret_key").read_text()
    with a_run(data, PORT=str(port)) as run:
        run.wait_for("Log: ")
        assert (data / "secret_key").read_text() == key
        assert "runs from this folder already" in refusal(data)
        a_command_finds_the_same_data(data)
        a_killed_worker_comes_back(run)
        a_killed_supervisor_leaves_nobody(run, data)
    with a_run(data, PORT=str(port)) as run:
        run.wait_for("Log: ")
        a_run_that_lost_its_servers_says_so(run, data)


def a_newcomer_finds_everything(run: Run, data: Path, site: str) -> None:
    for path in ("/", "/admin/", "/seller/", "/creators/", "/api/docs/"):
        assert requests.get(site + path, timeout=30).status_code == 200, path
    assert set(run.family()) == {"web", "worker", "beat"}
    log = data / "logs" / "run.log"
    assert processes.wait_until(lambda: "succeeded in" in log.read_text(), seconds=60)
    assert (data / "secret_key").stat().st_mode & 0o077 == 0
    sign_ins = re.findall(rf"{site}/\S+", run.said.partition("Sign in")[2])
    for role in ("shopper", "influencer", "agency", "seller", "ops"):
        (link,) = [link for link in sign_ins if role in link]
        with requests.Session() as person:
            assert person.get(link, timeout=30).status_code == 200
            button = {"csrfmiddlewaretoken": person.cookies["csrf"]}
            assert person.post(link, data=button, timeout=30).status_code == 200, role
            assert person.cookies.get("session")


def ctrl_c_ends_everybody(run: Run, port: int) -> None:
    everybody = run.everybody()
    assert len(everybody) > 10
    assert run.end(signal.SIGINT) == 0
    assert all_gone(everybody)
    assert processes.is_free(port)


def a_command_finds_the_same_data(data: Path) -> None:
    show = "from marketplace.models import Store; print('stores:', Store.objects.count() > 0)"
    with a_run(data, "--", "shell", "-v", "0", "-c", show) as beside:
        beside.wait_for("stores: True")
        assert beside.process.wait(SECONDS_TO_START) == 0


def a_killed_worker_comes_back(run: Run) -> None:
    worker = run.family()["worker"]
    os.kill(worker, signal.SIGKILL)
    run.wait_for("worker ended (SIGKILL); it starts again in 1 s")
    run.wait_for("worker is back")
    assert run.family()["worker"] != worker


def a_killed_supervisor_leaves_nobody(run: Run, data: Path) -> None:
    everybody = run.everybody()
    run.process.kill()
    assert all_gone(everybody)
    assert embedded.running(data) is None


def a_run_that_lost_its_servers_says_so(run: Run, data: Path) -> None:
    said = embedded.running(data)
    assert said
    everybody = run.everybody()
    os.kill(int(said["pid"]), signal.SIGKILL)
    assert run.process.wait(SECONDS_TO_START) == 1
    run.wait_for("The keeper of PostgreSQL and Valkey was killed. Start again.")
    assert all_gone(everybody)


@pytest.mark.slow
def test_without_the_demo_nobody_is_let_in_by_one_click(tmp_path: Path) -> None:
    port = processes.free_port()
    with a_run(tmp_path, PORT=str(port), DEMO="0") as run:
        run.wait_for("Log: ")
        assert "make manage ARGS=createsuperuser" in run.said
        assert "demo/sign-in" not in run.said
        site = f"http://localhost:{port}"
        with requests.Session() as guest:
            page = guest.get(f"{site}/accounts/login/", timeout=30)
            assert page.status_code == 200
            button = {"csrfmiddlewaretoken": guest.cookies["csrf"]}
            for door in ("", "key/", "sign-in/shopper/", "sign-in/ops/"):
                assert guest.get(f"{site}/demo/{door}", timeout=30).status_code == 404
                assert guest.post(f"{site}/demo/{door}", data=button, timeout=30).status_code == 404
            assert "session" not in guest.cookies
        count = "from marketplace.models import Store; print('stores:', Store.objects.count())"
        with a_run(tmp_path, "--", "shell", "-v", "0", "-c", count) as beside:
            beside.wait_for("stores: 0")


@pytest.mark.slow
def test_given_servers_are_used_and_outlive_us_and_we_end_with_our_parent(tmp_path: Path) -> None:
    with (
        embedded.servers() as given,
        a_run(tmp_path, parent=["sh", "-c", '"$@" & wait', "sh"], **given.environment) as run,
    ):
        run.wait_for("Log: ")
        everybody = run.everybody()
        run.process.kill()
        assert all_gone(everybody)
        run.reader.join(10)
        assert "Stopping …\nStopped." in run.said
        assert not (tmp_path / "postgres").exists()
        assert not (tmp_path / "valkey").exists()
        with psycopg.connect(given.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM django_migrations").fetchone()
        assert row is not None
        assert row[0] > 0


def test_a_taken_port_is_told_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server((processes.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(tmp_path, PORT=str(port))
    assert f"Port {port} is taken by another program." in said
    free = re.search(r"PORT=(\d+) make run$", said)
    assert free
    assert processes.is_free(int(free[1]))
    assert not (tmp_path / "postgres").exists()


def test_a_run_without_debug_is_told_where_to_go(tmp_path: Path) -> None:
    said = refusal(tmp_path, DEBUG="0")
    assert "DEBUG is '0'" in said
    assert "docs/operations.md" in said
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("port", ["eight", "0", "65536", "-1"])
def test_a_port_that_is_none_is_told(tmp_path: Path, port: str) -> None:
    assert f"PORT is '{port}'; it must be a number from 1 to 65535." in refusal(tmp_path, PORT=port)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_server_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, name: str
) -> None:
    nobody = f"127.0.0.1:{processes.free_port()}"
    with embedded.servers() as given:
        addresses = given.environment
        addresses |= {name: addresses[name].partition(":")[0] + f"://shop:hush@{nobody}/0"}
        said = refusal(tmp_path, **addresses)
    assert f"The server of {name} can't be reached" in said
    assert f"Correct {name}, or unset it to use the built-in server." in said
    assert "hush" not in said
    assert "Traceback" not in said
