"""32 clients at once: wrk for HTTP, pgbench for bare SQL. Both are C, so they take little CPU."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bench.kit.place import FIRST, Place, address_of, environment
from bench.kit.row import WrongResult
from bench.kit.web import Web
from config.embedded import binaries

CLIENTS, THREADS = 32, 2
_SCRIPT = Path(__file__).with_name("load.lua")
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of a run: answers a second, how many there were, how long they took."""

    rate: float
    answered: int
    median_ms: float = 0.0
    p99_ms: float = 0.0


class ToolMissing(Exception):
    """A program that measures is not installed; the text says how to get it."""

    code = "tool_missing"


def get(web: Web, path: str, *, seconds: float) -> Load:
    """GET one address again and again."""
    return _wrk(web, path, seconds)


def post(
    web: Web,
    path: str,
    *,
    template: str,
    tag: str,
    seconds: float,
    place: Place,
    codes: int = 0,
) -> Load:
    """POST bodies made from the template, each with an `Idempotency-Key` of its own.

    In the template `{n}` is that key and `{code}` a number from 1 to `codes`.
    """
    file = place.folder / f"{tag}.json"
    file.write_text(template)
    return _wrk(web, path, seconds, str(file), tag, str(codes))


def _wrk(web: Web, path: str, seconds: float, *arguments: str) -> Load:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise ToolMissing("The load comes from wrk. Install it: sudo apt install wrk")
    command = [wrk, "-c", str(CLIENTS), "-t", str(THREADS), "-d", f"{round(seconds)}s"]
    command += ["--timeout", "30s", "-s", str(_SCRIPT)]
    for name, value in web.headers.items():
        command += ["-H", f"{name}: {value}"]
    done = _run([*command, web.url + path, "--", *arguments])
    said = json.loads(done.splitlines()[-1])
    if said["refused"] or said["broken"] or not said["answered"]:
        raise WrongResult(f"{path} under load: {said}")
    return Load(
        rate=said["answered"] / said["seconds"],
        answered=said["answered"],
        median_ms=round(said["median_ms"], 2),
        p99_ms=round(said["p99_ms"], 2),
    )


def pgbench(script: str, *, start: int, seconds: float, place: Place) -> Load:
    """Run a script of SQL with pgbench; in it `:n` is a number never used before, from `start`."""
    file = place.folder / "script.sql"
    file.write_text(
        "\\set i :i + 1\n" + f"\\set n {start} + :client_id * 1000000000 + :i\n" + script
    )
    file.chmod(0o644)
    database = urlsplit(address_of(FIRST))
    said = _run(
        [
            *(str(binaries.postgres_folder() / "pgbench"), "--no-vacuum", "--define", "i=0"),
            *("-c", str(CLIENTS), "-j", str(THREADS), "-T", str(round(seconds))),
            *("-f", str(file), "-h", str(database.hostname), "-p", str(database.port)),
            *("-U", str(database.username), FIRST),
        ],
        PGPASSWORD=unquote(database.password or ""),
    )
    rate, done = _RATE.search(said), _DONE.search(said)
    if rate is None or done is None:
        raise WrongResult(f"pgbench says no rate:\n{said}")
    return Load(rate=float(rate[1]), answered=int(done[1]))


def _run(command: Sequence[str], **more: str) -> str:
    done = subprocess.run(
        command, env=environment(**more), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout[-2000:], file=sys.stderr)
        raise WrongResult(f"{Path(command[0]).name} failed:\n{done.stderr[-3000:]}")
    return done.stdout
