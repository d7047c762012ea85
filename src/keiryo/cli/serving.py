"""The server as a process: its settings, its socket, its workers, and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keiryo.cli.options import Given, place_of_books

if TYPE_CHECKING:
    import socket

    from uvicorn import Config

    from keiryo.web.settings import Settings

CONFIG, CHILD = "KEIRYO_SERVER_CONFIG", "KEIRYO_SERVER_CHILD"
BACKLOG = 2_048
FINISH_WITHIN_S = 20
"""How long a stopping server lets requests go on that are being answered."""


def settings_of(db: str | None, config: Path | None, **given: Any) -> Settings:
    """Return the settings that a file, the environment and the command line give."""
    from keiryo.errors import StorageError

    try:
        from keiryo.web.settings import read_settings
    except ModuleNotFoundError as error:
        raise StorageError(
            f"the server needs the package {error.name}, which is not installed",
            "Install it with: pip install 'keiryo[web]'",
        ) from None
    return read_settings(place_of_books(db), config, books=db or Given.db, **given)


def run(settings: Settings, config: Path | None) -> None:
    """Serve until somebody ends it.

    Raises
    ------
    ConflictError
        If another program listens at the address.
    StorageError
        If there are no books that can be served, or the server does not start.
    """
    from uvicorn import Config, Server
    from uvicorn.config import STARTUP_FAILURE

    from keiryo.errors import StorageError
    from keiryo.web.app import create_app
    from keiryo.web.logs import set_up_logs

    common: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": FINISH_WITHIN_S,
    }
    with listening(settings) as listener:
        tell_where(settings)
        os.umask(0o077)  # what the server makes is for its own account
        set_up_logs(settings.log_level)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server's own while it runs
        try:
            if settings.workers == 1:
                Server(Config(create_app(settings), lifespan="on", **common)).run([listener])
            else:
                factory = "keiryo.cli.serving:worker_app"
                common |= {"factory": True, "workers": settings.workers, "lifespan": "on"}
                common["timeout_worker_healthcheck"] = FINISH_WITHIN_S  # busy is not dead
                _run_workers(Config(factory, **common), settings, config, listener)
        except KeyboardInterrupt:
            print("The server has ended.")
        except SystemExit as ending:
            if ending.code == STARTUP_FAILURE:
                raise StorageError("the server did not start", "Its last words say why.") from None
            raise


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables by which another process serves the same books at the same address.

    Not arguments: everybody on the machine sees those, and the URL may hold a password.
    """
    names = ("books", "host", "port", "workers")
    return {f"KEIRYO_WEB_{name.upper()}": str(getattr(settings, name)) for name in names}


def _run_workers(
    served: Config, settings: Settings, config: Path | None, listener: socket.socket
) -> None:
    """Run several processes; they share a folder that goes when they are gone."""
    import tempfile

    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    from keiryo.web.app import FOLDER
    from keiryo.web.metrics import MULTIPROCESS

    with tempfile.TemporaryDirectory(prefix="keiryo-server-", ignore_cleanup_errors=True) as name:
        metrics = Path(name) / "metrics"
        metrics.mkdir()
        os.environ |= {FOLDER: name, MULTIPROCESS: str(metrics)}
        os.environ |= environment_of(settings)
        if config is not None:
            os.environ[CONFIG] = str(config.absolute())
        listener.set_inheritable(True)
        workers = Multiprocess(served, [listener])
        workers.run()
        if any(one.exitcode == STARTUP_FAILURE for one in workers.processes):
            sys.exit(STARTUP_FAILURE)


def worker_app() -> Any:
    """Return the application of one of several worker processes."""
    from uvicorn.config import STARTUP_FAILURE

    from keiryo.errors import KeiryoError
    from keiryo.web.app import create_app
    from keiryo.web.logs import set_up_logs

    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    config = os.environ.get(CONFIG)
    try:
        settings = settings_of(None, Path(config) if config else None)
        set_up_logs(settings.log_level)
        return create_app(settings)
    except KeiryoError as error:  # tried again it would be no other
        logging.getLogger("keiryo.web").error("%s. %s", error.message, error.advice)
        sys.exit(STARTUP_FAILURE)


def _end_with(parent: int) -> None:
    """End this worker when the process that started it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Give the socket on which the server listens; it is closed afterwards.

    Raises
    ------
    ConflictError
        If another program listens there already.
    UsageError
        If there is no such address here, or it may not be used.
    """
    import errno
    import socket

    from keiryo.errors import ConflictError, UsageError

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol named, so that answers are not held back (asyncio then sets TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((settings.host, settings.port))
            listener.listen(BACKLOG)
        except OSError as error:
            where = f"{settings.host}, port {settings.port}"
            if error.errno == errno.EADDRINUSE:
                raise ConflictError(
                    f"another program listens on {where}",
                    "Perhaps a server runs already; end it, or choose another port with --port.",
                ) from None
            raise UsageError(
                f"nothing can listen on {where}: {error.strerror}",
                "The address must be one of this machine; ports below 1024 need a right of "
                "their own.",
            ) from None
        yield listener


def tell_where(settings: Settings) -> None:
    """Say where the books are served, and how the first administrator comes in, if there is none.

    Raises
    ------
    StorageError
        If there are no books.
    """
    from datetime import UTC, datetime

    from keiryo.api import open_books
    from keiryo.people.joining import first_token

    books = open_books(settings.books)
    if CHILD in os.environ:  # the process that started this one says it
        books.disconnect()
        return
    token = first_token(books.database, datetime.now(UTC))
    books.disconnect()
    if token is not None and "JOURNAL_STREAM" in os.environ:  # kept, and read by others
        print("Nobody is admitted yet: 'keiryo people first-token' gives the first administrator")
        print(f"a token for {settings.address}/set-up")
    elif token is not None:
        print(f"Set up the first administrator: {settings.address}/set-up?token={token}")
    print(f"Open {settings.address}", flush=True)
