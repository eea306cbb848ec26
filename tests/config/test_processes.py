"""Child processes and ports."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from config import processes
from config.embedded import PROJECT

PARENT = """
import os, signal, subprocess, sys, time
from config import processes
child = processes.spawn(["sleep", "600"], env=os.environ, on_parent_death=signal.SIGTERM)
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = ["sh", "-c", "trap '' TERM; echo; sleep 600 & wait; wait"]


def test_a_child_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert processes.is_alive(child)
        parent.send_signal(signal.SIGKILL)
        assert processes.wait_until(lambda: not processes.is_alive(child), seconds=30)


def test_stop_kills_who_does_not_listen() -> None:
    stubborn = processes.spawn(
        STUBBORN,
        env=os.environ,
        on_parent_death=signal.SIGKILL,
        stdout=subprocess.PIPE,
    )
    assert stubborn.stdout
    stubborn.stdout.readline()
    began = time.monotonic()
    code = processes.stop(stubborn, politely=signal.SIGTERM, patience=0.3)
    stubborn.stdout.close()
    assert code == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < 5


def test_stop_takes_grandchildren_along() -> None:
    family = processes.spawn(
        ["sh", "-c", "sleep 600 & echo $!; exit 3"],
        env=os.environ,
        on_parent_death=signal.SIGKILL,
        stdout=subprocess.PIPE,
    )
    assert family.stdout
    grandchild = int(family.stdout.readline())
    assert processes.stop(family, politely=signal.SIGTERM, patience=5) in {3, -signal.SIGTERM}
    family.stdout.close()
    assert processes.wait_until(lambda: not processes.is_alive(grandchild), seconds=30)


def test_a_port_is_free_until_somebody_listens() -> None:
    port = processes.free_port()
    assert processes.is_free(port)
    with socket.create_server((processes.LOOPBACK, port)):
        assert not processes.is_free(port)


def test_run_returns_what_a_shell_would() -> None:
    """In a process of its own, because it takes over the signals."""
    script = (
        "import os, sys; from config.processes import run; print(run(sys.argv[1:], os.environ))"
    )

    def code_of(*command: str | Path) -> int:
        ours = [sys.executable, "-c", script, *map(str, command)]
        return int(subprocess.check_output(ours, cwd=PROJECT, text=True))

    assert code_of("sh", "-c", "exit 5") == 5
    assert code_of("sh", "-c", "kill -9 $$") == 137
    assert code_of("no-such-program-anywhere") == 127
