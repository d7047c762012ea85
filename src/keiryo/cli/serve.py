"""Commands of the server: serve the books in the browser and as an API, and stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, place_of_books

if TYPE_CHECKING:
    from keiryo.web.settings import Settings

CONFIG, CHILD = "KEIRYO_SERVER_CONFIG", "KEIRYO_SERVER_CHILD"
STARTED_WITHIN_S = 30
STOPPED_WITHIN_S = 30


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(stop)


def serve(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings (TOML); see the guide Operation."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: this machine only.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8710.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; more than one needs PostgreSQL.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Go on in the background; end with 'keiryo stop'.")
    ] = False,
    db: DbOption = None,
) -> None:
    """Serve the books in the browser and as an API.

    It listens on this machine only, unless told otherwise. Ctrl-C or 'keiryo stop' ends it: what
    is being answered is finished first.
    """
    settings = _settings(db, config, host=host, port=port, workers=workers)
    if background:
        start_in_background(settings, config)
    else:
        run(settings, config)


def stop(
    db: DbOption = None,
) -> None:
    """End the server that serves these books in the background."""
    from keiryo.errors import NotFoundError

    if not end_in_background(place_of_books(db)):
        raise NotFoundError(
            "no server runs in the background for these books", "Name its books with --db."
        )
    print("The server has ended.")


def end_in_background(place: str) -> bool:
    """End the server of some books; return whether there was one."""
    noted = note_of(place)
    number = _running(noted)
    if number is not None:
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + STOPPED_WITHIN_S
        while _running(noted) is not None and time.monotonic() < until:
            time.sleep(0.1)
    noted.unlink(missing_ok=True)
    return number is not None


def _settings(db: str | None, config: Path | None, **given: Any) -> Settings:
    from keiryo.errors import StorageError

    try:
        from keiryo.web.settings import read_settings
    except ModuleNotFoundError as error:
        raise StorageError(
            f"the server needs the package {error.name}, which is not installed",
            "Install it with: pip install 'keiryo[web]'",
        ) from None
    return read_settings(place_of_books(db), config, **given)


def run(settings: Settings, config: Path | None) -> None:
    """Serve until somebody ends it."""
    import uvicorn

    from keiryo.web.logs import set_up_logs

    set_up_logs(settings.log_level)
    if CHILD not in os.environ:
        _tell_first_token(settings)
    common: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": 20,
    }
    if settings.workers == 1:
        from keiryo.web.app import create_app

        uvicorn.run(create_app(settings), **common)
        return
    import tempfile

    os.environ["KEIRYO_DB"] = settings.books
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="keiryo-metrics-")
    if config is not None:
        os.environ[CONFIG] = str(config)
    for name in ("host", "port", "workers"):
        os.environ[f"KEIRYO_WEB_{name.upper()}"] = str(getattr(settings, name))
    uvicorn.run("keiryo.cli.serve:worker_app", factory=True, workers=settings.workers, **common)


def worker_app() -> Any:
    """Return the application of one of several worker processes."""
    from keiryo.web.app import create_app
    from keiryo.web.logs import set_up_logs

    config = os.environ.get(CONFIG)
    settings = _settings(os.environ["KEIRYO_DB"], Path(config) if config else None)
    set_up_logs(settings.log_level)
    return create_app(settings)


def _tell_first_token(settings: Settings) -> None:
    """Say how the first administrator comes in, as long as there is none."""
    from datetime import UTC, datetime

    from keiryo.api import open_books
    from keiryo.people.joining import first_token

    books = open_books(settings.books)
    token = first_token(books.database, datetime.now(UTC))
    books.disconnect()
    if token is not None:
        print(f"Set up the first administrator: {settings.address}/set-up?token={token}")
    print(f"Open {settings.address}", flush=True)


def note_of(place: str) -> Path:
    """Return the file that says which process serves books in the background."""
    import hashlib

    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(state) / "keiryo" / f"server-{name}.pid"


def _running(noted: Path) -> int | None:
    """Return the number of the process that a note names, if it runs and is ours."""
    try:
        number = int(noted.read_text())
        os.kill(number, 0)
        words = Path(f"/proc/{number}/cmdline")
        ours = not words.exists() or b"keiryo" in words.read_bytes()
        if words.exists() and Path(f"/proc/{number}/stat").read_text().split()[2] == "Z":
            ours = False
    except (OSError, ValueError):
        return None
    return number if ours else None


def start_in_background(settings: Settings, config: Path | None) -> None:
    """Start a server that goes on when this program ends, and say where it is.

    Raises
    ------
    ConflictError
        If one runs for these books already.
    StorageError
        If it does not start.
    """
    from keiryo.errors import ConflictError, StorageError

    noted = note_of(settings.books)
    if _running(noted) is not None:
        raise ConflictError(
            "a server runs in the background for these books already",
            "End it with 'keiryo stop', or open its address.",
        )
    noted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = noted.with_suffix(".log")
    command = [sys.executable, "-m", "keiryo", "serve", "--db", settings.books]
    for name in ("host", "port", "workers"):
        command += [f"--{name}", str(getattr(settings, name))]
    if config is not None:
        command += ["--config", str(config)]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, CHILD: "1"},
        )
    noted.write_text(str(process.pid))
    if not answers(settings, process):
        noted.unlink(missing_ok=True)
        raise StorageError("the server did not start", f"Its last words are in {log}.")
    _tell_first_token(settings)
    print(f"It runs in the background; 'keiryo stop' ends it. Its log is {log}.")


def answers(settings: Settings, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; return whether it does."""
    import urllib.error
    import urllib.request

    local = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    address = f"http://{local}:{settings.port}/health/live"
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False
