"""Child processes that end with whoever started them, and the ports they listen on.

Only the standard library, so that the launcher stays quick and works before Django is set up.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(signum: int) -> None:
    """Have the kernel send `signum` to this process when its parent dies (only Linux can).

    Parent means the parent's thread: call `spawn` from a thread that lives as long as the child.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    on_parent_death: signal.Signals,
    cwd: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = subprocess.STDOUT,
    user: int | None = None,
    group: int | None = None,
    pass_fds: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own (no Ctrl-C of ours reaches it), optionally as `user`.

    The kernel sends it `on_parent_death` when we die, whatever we die of.
    """
    holder = os.getpid()

    def prepare() -> None:
        # After the change of user, because that change clears the request.
        end_with_parent(on_parent_death)
        if os.getppid() != holder:
            os._exit(1)

    return subprocess.Popen(
        [str(part) for part in command],
        env=dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509 - prctl only, and the launcher has one thread
    )


def stop(process: "subprocess.Popen[bytes]", *, politely: signal.Signals, patience: float) -> int:
    """Send `politely`, wait `patience` seconds, then kill the group. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(politely)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    code = process.wait()
    kill_group(process.pid)
    return code


def kill_group(leader: int) -> None:
    """Kill what is left of the process group that `leader` began; nothing left is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_port() -> int:
    """A TCP port of the loopback address on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Whether we could listen on `host`:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], *, seconds: float, pause: float = 0.01) -> bool:
    """Ask `ready` until it says yes or `seconds` are over; says which."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def run(command: Sequence[str | Path], env: Mapping[str, str]) -> int:
    """Run `command` in the foreground and return its exit code as a shell would.

    Ctrl-C reaches it as it reaches us; SIGTERM is passed on; it ends when we are killed.
    """
    try:
        child = subprocess.Popen(
            [str(part) for part in command],
            env=dict(env),
            preexec_fn=lambda: end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - prctl only
        )
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = child.wait()
    return code if code >= 0 else 128 - code
