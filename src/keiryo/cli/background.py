"""A server in the background: started, found again by the books that it serves, and ended.

A note in the folder for state (XDG Base Directory Specification) holds the number of the process;
its log lies beside it, for the eyes of this account only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keiryo.cli.options import Given, place_of_books
from keiryo.cli.serving import CHILD, environment_of, listening, tell_where

if TYPE_CHECKING:
    from keiryo.web.settings import Settings

STARTED_WITHIN_S = 60
STOPPED_WITHIN_S = 40
"""Longer than a server takes to finish what it answers."""


def start_in_background(
    settings: Settings, config: Path | None, *, ending: str | None = None
) -> None:
    """Start a server that goes on when this program ends, and say where it is.

    Parameters
    ----------
    ending : str, optional
        The command that ends it, where there is a shorter one than naming the books.

    Raises
    ------
    ConflictError
        If one runs for these books already, or another program listens there.
    StorageError
        If it does not start.
    """
    from keiryo.api import open_books
    from keiryo.errors import ConflictError, StorageError

    ending = ending or command_to_stop(settings.books)
    noted = note_of(settings.books)
    if _running(noted) is not None:
        raise ConflictError(
            "a server runs in the background for these books already",
            f"End it with '{ending}', or open its address.",
        )
    open_books(settings.books).disconnect()
    with listening(settings):
        pass
    noted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = noted.with_suffix(".log")
    process = _started(settings, config, log)
    noted.write_text(str(process.pid))
    if not _answers(settings, process):
        if process.poll() is None:
            process.terminate()
        noted.unlink(missing_ok=True)
        raise StorageError("the server did not start", f"Its last words are in {log}.")
    print(f"The server runs in the background; '{ending}' ends it.\nIts log is {log}")
    tell_where(settings)


def _started(settings: Settings, config: Path | None, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "keiryo", "serve"]
    if config is not None:
        command += ["--config", str(config)]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **environment_of(settings), CHILD: "1"},
        )


def end_in_background(place: str) -> bool:
    """End the server of some books; return whether there was one.

    Raises
    ------
    ConflictError
        If it was told to end and is still at work.
    """
    from keiryo.errors import ConflictError

    noted = note_of(place)
    number = _running(noted)
    if number is not None:
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + STOPPED_WITHIN_S
        while _running(noted) is not None:
            if time.monotonic() > until:
                raise ConflictError(
                    f"the server (process {number}) was told to end and is still at work",
                    "Wait and ask again. A kill harms nothing either: an act is posted as a "
                    "whole or not at all.",
                )
            time.sleep(0.1)
    noted.unlink(missing_ok=True)
    return number is not None


def command_to_stop(place: str) -> str:
    """Return the command that ends the server of some books, as it can be typed right here.

    The books are named unless they lie where the command looks anyhow; a password to them is not
    needed, and left out.
    """
    import shlex

    program = this_program()
    named = Given.db is not None or "KEIRYO_DB" in os.environ
    if not named and note_of(place_of_books(None)) == note_of(place):
        return f"{program} stop"
    return f"{program} stop --db {shlex.quote(_without_password(place))}"


def this_program() -> str:
    """Return how this program can be called from here: by the shortest name that works."""
    import shlex
    import shutil

    if shutil.which("keiryo"):
        return "keiryo"
    called = Path(sys.argv[0])
    if called.name == "keiryo" and os.access(called, os.X_OK):
        near = os.path.relpath(called)
        return shlex.quote(str(called.absolute()) if near.startswith("..") else near)
    return f"{shlex.quote(sys.executable)} -m keiryo"


def _without_password(place: str) -> str:
    """Return where books are: the whole path of a file, or a URL that anybody may read."""
    from sqlalchemy import URL

    from keiryo.storage.engine import database_url

    url = database_url(place)
    if url.get_backend_name() == "sqlite":
        return os.path.realpath(url.database or "")
    parts = {name: getattr(url, name) for name in ("username", "host", "port", "database", "query")}
    return URL.create("postgresql", **parts).render_as_string(hide_password=False)


def note_of(place: str) -> Path:
    """Return the file that says which process serves books in the background."""
    import hashlib

    place = _without_password(place)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(state) / "keiryo" / f"server-{name}.pid"


def _running(noted: Path) -> int | None:
    """Return the number of the process that a note names, if it runs and is a server."""
    try:
        number = int(noted.read_text())
        os.kill(number, 0)
        words = Path(f"/proc/{number}/cmdline")
        ours = not words.exists() or b"keiryo\0serve" in words.read_bytes()
        if words.exists() and Path(f"/proc/{number}/stat").read_text().split()[2] == "Z":
            ours = False
    except (OSError, ValueError):
        return None
    return number if ours else None


def _answers(settings: Settings, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; return whether it does."""
    import urllib.error
    import urllib.request

    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    host = f"[{local}]" if ":" in local else local
    address = f"http://{host}:{settings.port}/health/live"
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with directly.open(address, timeout=2) as answer:
                return bool(answer.status == 200) and process.poll() is None
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False
