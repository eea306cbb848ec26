"""From a clean clone to the first page, with the packages in the caches of pip and uv."""

import http.client
import os
import shutil
import signal
import subprocess
import time

from bench.kit.place import Place
from bench.kit.row import Measured, Row, WrongResult, expect
from config import processes
from config.embedded import PROJECT

ROW = Row(
    name="start",
    what="clean clone to the first page, packages cached",
    against="–",
    unit="s",
    at_most=30,
)
_PATIENCE = 300.0
# What would make it another start than a newcomer's.
_OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "OPS_SECOND_FACTOR")


def measure(place: Place) -> Measured:
    """Twice: the first start fills the caches."""
    first, second = (_start(place, number) for number in (1, 2))
    return Measured(ours=second, figures={"with cold caches": round(first, 1)})


def _start(place: Place, number: int) -> float:
    port = processes.free_port()
    clone = place.folder / f"clone{number}"
    log = place.folder / f"make-run-{number}.log"
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    began = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
    with log.open("wb") as stream:
        process = processes.spawn(
            ["make", "run"],
            env=environment | {"PORT": str(port)},
            on_parent_death=signal.SIGTERM,
            cwd=clone,
            stdout=stream,
        )
        try:
            processes.wait_until(
                lambda: process.poll() is not None or _status(port) is not None,
                seconds=_PATIENCE,
                pause=0.1,
            )
            took = time.monotonic() - began
            if process.poll() is not None:
                raise WrongResult(f"`make run` ended:\n{log.read_text()[-3000:]}")
            expect(_status(port), 200, "the first page")
        finally:
            _stop(process)
    place.say(f"clone to first page: {took:.1f} s")
    shutil.rmtree(clone)
    return took


def _status(port: int) -> int | None:
    line = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=60)
    try:
        line.request("GET", "/")
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    processes.stop(process, politely=signal.SIGTERM, patience=60)
