"""`make run`: everything of Sarafan on this machine, under one process.

PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), the tables, the demo's data;
then the web server, a worker and the beat. A program that dies is started again. Ctrl-C, SIGTERM
or the end of whoever started us stops all of it.

With a command (`python -m config.supervisor -- shell`) it runs only that command of manage.py, on
the same data and settings, beside a running `make run` or without one.

From the environment: PORT (8000), DATABASE_URL, REDIS_URL, and every setting of
`config.settings`; DEBUG and DEMO are on unless given. Without DEMO there are no demo data and no
one-click sign-ins; without DEBUG nothing is served, since no static files were collected.
"""

import argparse
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import psycopg
import redis
from environ import Env

from config import checks, embedded, preparation, processes
from config.children import Child, Log, stop_all
from config.embedded import PROJECT, Addresses, ServerFailed

_PORT = "8000"
_SECONDS_TO_THE_FIRST_PAGE = 60
_SECONDS_FOR_A_COMMAND = 5
_SECONDS_BETWEEN_LOOKS = 0.2


class CannotRun(Exception):
    """Why nothing was started, and what to do, for a person to read."""

    code = "cannot_run"


class _Stopped(BaseException):
    """Somebody asked us to end."""


def main(arguments: list[str]) -> int:
    """Run until stopped. 0 when asked to stop; 1 with the reason when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m config.supervisor")
    parser.add_argument("--data", type=Path, default=embedded.DATA, help="folder (.data)")
    parser.add_argument("command", nargs="*", help="run only this command of manage.py")
    asked = parser.parse_args(arguments)
    data: Path = asked.data.resolve()
    processes.end_with_parent(signal.SIGTERM)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, _stop)
    try:
        if asked.command:
            return _run_command(data, asked.command)
        with ExitStack() as stack:
            _run(data, stack)
    except _Stopped:
        _say("Stopped.")
    except (CannotRun, ServerFailed) as reason:
        _say(f"\n{reason}")
        return 1
    return 0


def _stop(*_: object) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    with suppress(OSError):
        os.write(sys.stdout.fileno(), "\nStopping …\n".encode())  # print may be half done
    raise _Stopped


def _run(data: Path, stack: ExitStack) -> NoReturn:
    """The start in its order, then the watch; `stack` undoes it."""
    if (other := embedded.running(data)) is not None:
        raise CannotRun(
            f"Sarafan runs from this folder already (process {other['pid']} keeps its servers)."
            " Stop that one first."
        )
    _refuse_without_debug()
    port = _port()
    _refuse_taken(port)
    log = Log(data / "logs" / "run.log")
    _say("Sarafan starts; Ctrl-C ends it.")
    with _step("database and queue"):
        addresses = stack.enter_context(embedded.servers(data, given=os.environ))
        _refuse_unfit(addresses)
    environment = os.environ | addresses.environment | _defaults(data, port)
    links = _prepare(environment, log)
    children = _children(data, port, environment, log)
    stack.callback(stop_all, children)
    web, *others = children
    with _step("web server"):
        web.start()
        status = _first_answer(web, port, environment["SITE_URL"])
    for child in others:
        child.start()
    _greet(environment["SITE_URL"], links, status, log)
    both_given = addresses.environment.items() <= os.environ.items()
    while both_given or embedded.running(data) is not None:
        for child in children:
            if news := child.look():
                _say(news)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    raise CannotRun("The keeper of PostgreSQL and Valkey was killed. Start again.")


def _run_command(data: Path, command: list[str]) -> int:
    with embedded.servers(data, given=os.environ, join=True) as addresses:
        environment = os.environ | addresses.environment | _defaults(data, _port())
        return processes.run([sys.executable, PROJECT / "manage.py", *command], environment)


def _port() -> int:
    """PORT, or the usual one; CannotRun if it is no port."""
    asked = os.environ.get("PORT") or _PORT
    port = int(asked) if asked.isdecimal() else 0
    if not 0 < port < 65_536:
        raise CannotRun(f"PORT is {asked!r}; it must be a number from 1 to 65535.")
    return port


def _refuse_without_debug() -> None:
    given = os.environ.get("DEBUG") or "true"
    if given.lower() not in Env.BOOLEAN_TRUE_STRINGS:
        raise CannotRun(
            f"DEBUG is {given!r}, but `make run` is for looking around and needs it on."
            " DEMO=0 leaves the demo out; docs/operations.md tells how to run without DEBUG."
        )


def _refuse_taken(port: int) -> None:
    if not processes.is_free(port):
        raise CannotRun(
            f"Port {port} is taken by another program. Stop that one, or choose another port:"
            f" PORT={processes.free_port()} make run"
        )


def _refuse_unfit(addresses: Addresses) -> None:
    """CannotRun when a server doesn't answer, or the database is too old."""
    try:
        with psycopg.connect(addresses.database_url, connect_timeout=5) as connection:
            version = connection.info.server_version
        with redis.Redis.from_url(addresses.redis_url, socket_connect_timeout=5) as valkey:
            valkey.ping()
    except (psycopg.Error, redis.RedisError, ValueError) as error:
        name = "DATABASE_URL" if isinstance(error, psycopg.Error) else "REDIS_URL"
        raise CannotRun(
            f"The server of {name} can't be reached: {str(error).strip()}\n"
            f"Correct {name}, or unset it to use the built-in server."
        ) from error
    if problem := checks.too_old(version):
        raise CannotRun(problem)


def _defaults(data: Path, port: int) -> dict[str, str]:
    """What a newcomer need not set; whatever the environment has goes first."""
    key = data / "secret_key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(50))
    site = os.environ.get("SITE_URL") or f"http://localhost:{port}"
    hosts = ["localhost", "127.0.0.1", urlsplit(site).hostname or "localhost"]
    ours = {
        "DEBUG": "true",
        "DEMO": "true",
        "SECRET_KEY": key.read_text(),
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(hosts)),
        "SITE_URL": site,
        "GRANIAN_WORKERS": "2",
        "GRANIAN_BLOCKING_THREADS": "8",
        "PYTHONUNBUFFERED": "1",
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def _prepare(environment: Mapping[str, str], log: Log) -> str:
    """Tables and demo data; returns the sign-in links, one `label<TAB>address` a line.

    Without the demo there are none.
    """
    program = processes.spawn(
        [sys.executable, "-m", "config.preparation"],
        env=environment,
        on_parent_death=signal.SIGTERM,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    complaints = threading.Thread(target=log.copy, args=("prepare", program.stderr), daemon=True)
    complaints.start()
    with program:
        try:
            for step in (preparation.TABLES, preparation.DEMO_DATA):
                with _step(step):
                    if _heard(program).get("done") != step:
                        program.wait()
                        complaints.join()
                        raise CannotRun(_why_not(step, log))
            return _heard(program)["links"]
        finally:
            processes.stop(program, politely=signal.SIGTERM, patience=_SECONDS_FOR_A_COMMAND)


def _heard(program: "subprocess.Popen[bytes]") -> dict[str, str]:
    """The next line of `config.preparation`; empty when it has ended."""
    said: dict[str, str] = json.loads(program.stdout.readline() or "{}") if program.stdout else {}
    return said


def _why_not(step: str, log: Log) -> str:
    return f"The {step} can't be made:\n{log.end('prepare')}\nThe whole log: {log.path}"


def _children(data: Path, port: int, environment: Mapping[str, str], log: Log) -> list[Child]:
    """Web server, worker and beat; the web server first."""
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    commands = {
        "web": [
            *(sys.executable, "-m", "granian", "--interface", "wsgi"),
            *("--host", processes.LOOPBACK, "--port", str(port), "config.wsgi:application"),
        ],
        "worker": [
            *(*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"),
            *("--without-mingle", "--without-gossip"),  # it is alone
        ],
        "beat": [*celery, "beat", "--schedule", str(data / "beat"), "--pidfile", ""],
    }
    return [Child(name, command, environment, log) for name, command in commands.items()]


def _first_answer(web: Child, port: int, site: str) -> int:
    """The status of the first page, once the web server answers; CannotRun if it doesn't."""
    statuses: list[int] = []

    def answers() -> bool:
        line = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=30)
        try:
            line.request("GET", "/", headers={"Host": urlsplit(site).netloc})
            statuses.append(line.getresponse().status)
        except (OSError, http.client.HTTPException):
            return not web.alive
        finally:
            line.close()
        return True

    processes.wait_until(answers, seconds=_SECONDS_TO_THE_FIRST_PAGE, pause=0.05)
    if not statuses:
        raise CannotRun(f"The web server does not answer:\n{web.log.end('web')}")
    return statuses[0]


def _greet(site: str, links: str, status: int, log: Log) -> None:
    """The addresses, and a link to sign in as each of the demo's people."""
    rows = [("Shop window", "/"), ("Operations", "/admin/"), ("Sellers", "/seller/")]
    rows += [("Influencers", "/creators/"), ("REST API", "/api/docs/")]
    _say("")
    for label, path in rows:
        _say(f"  {label:<12}{site}{path}")
    if links:
        _say("\nSign in with one click as")
    else:
        _say("\nDEMO is off: no one-click sign-ins. The first of operations is made by")
        _say("  make manage ARGS=createsuperuser")
    for line in links.splitlines():
        label, _, url = line.partition("\t")
        _say(f"  {label:<12}{url}")
    if status >= 500:
        _say(f"\nThe first page answers {status}; the log tells why.")
    _say(f"\nLog: {log.path}")


@contextmanager
def _step(title: str) -> Iterator[None]:
    """Say what goes on, and how long it took."""
    began = time.monotonic()
    _say(f"  {title:<24}", end="")
    yield
    _say(f"{time.monotonic() - began:5.1f} s")


def _say(line: str, end: str = "\n") -> None:
    with suppress(OSError):  # nobody reads any more: the work goes on
        print(line, end=end, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
