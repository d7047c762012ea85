"""Opening a database: SQLite by path, PostgreSQL by URL; reading and writing transactions.

SQLite has one writer and many readers (WAL, every commit flushed: ``synchronous=FULL``); the
writer takes its lock at the beginning, so that what it reads is what it builds on. PostgreSQL
has many writers; those that post wait for each other at the row of the chain's head.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, inspect, make_url
from sqlalchemy.exc import DBAPIError

from keiryo.errors import (
    FullError,
    KeiryoError,
    NotInitialisedError,
    ReadOnlyError,
    StorageError,
    UsageError,
)
from keiryo.journal.registry import Registry
from keiryo.storage.evidence import EvidenceStore
from keiryo.storage.revision import check_schema
from keiryo.storage.schema import ACT, build_metadata

LOCK_WAIT_S = 60
"""How long it is waited for another writer of an SQLite file."""
BRIEF_WAIT_S = 10
"""The same where a person waits for the answer, and can ask again."""
_PATIENCE_S: ContextVar[float | None] = ContextVar("patience", default=None)


class BusyError(StorageError):
    """Something else is being recorded; whoever asks is not kept waiting for it.

    Attributes
    ----------
    seconds : int
        When to ask again.
    """

    def __init__(self, seconds: int = BRIEF_WAIT_S) -> None:
        super().__init__(
            "something is being recorded just now, and takes a little longer",
            "Nothing of this was done; try again in a moment.",
        )
        self.seconds = seconds


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Wait for other writers for so long within this block, in this thread."""
    token = _PATIENCE_S.set(seconds)
    try:
        yield
    finally:
        _PATIENCE_S.reset(token)


def database_url(place: str | Path) -> URL:
    """Return the URL of `place`: a path means an SQLite file, anything with ``://`` a server.

    Raises
    ------
    UsageError
        If the URL names another kind of database.
    """
    raw = str(place)
    if "://" not in raw:
        return URL.create("sqlite", database=raw)
    url = make_url(raw)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database:
        raise UsageError(
            f"{raw} is no database that keiryo can use",
            "Give the path of an SQLite file or a URL postgresql://user@host/name.",
        )
    return url


class Database:
    """An open database with the tables of a registry.

    Parameters
    ----------
    place : str or Path
        Path of an SQLite file, or a ``postgresql://`` URL.
    registry : Registry
        The capabilities whose tables it holds.

    Attributes
    ----------
    lock_wait_s : float
        How long it is waited for another writer (SQLite), unless `patience` says otherwise.
    """

    def __init__(self, place: str | Path, registry: Registry) -> None:
        self.url = database_url(place)
        self.registry = registry
        self.metadata: MetaData = build_metadata(registry)
        self.engine: Engine = _engine(self.url)
        self.lock_wait_s: float = LOCK_WAIT_S
        self.evidence = EvidenceStore(_evidence_folder(self.url))

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """Path of the SQLite file, or None."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    def exists(self) -> bool:
        """Whether there is a keiryo journal in the database."""
        if self.path is not None and not self.path.exists():
            return False
        with translated_errors(self.url), self.engine.connect() as connection:
            return inspect(connection).has_table(ACT)

    def require(self, *, older_too: bool = False) -> None:
        """Check that the journal is there and has the schema of this program.

        Parameters
        ----------
        older_too : bool
            Accept an older schema as well, because the caller will bring it up to date
            (`keiryo.storage.migrate.ready`).

        Raises
        ------
        NotInitialisedError
            If the journal is not there.
        NewerSchemaError
            If a newer program wrote it.
        StorageError
            If an older program wrote it.
        """
        if not self.exists():
            raise NotInitialisedError(
                f"there are no books at {shown(self.url)}",
                "Create them with 'keiryo init --state XX', or name another place with --db.",
            )
        with self.reading() as connection:
            current = check_schema(connection)
        if not (current or older_too):
            raise StorageError(
                f"the books at {shown(self.url)} have the schema of an older keiryo",
                "Make a backup with 'keiryo backup'; the first command that writes to the books "
                "brings them up to date.",
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one consistent state and writes nothing."""
        with translated_errors(self.url), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, or leaves no trace after an exception.

        Raises
        ------
        BusyError
            If another writer did not end within less than `LOCK_WAIT_S`.
        """
        with translated_errors(self.url), self.engine.connect() as connection:
            if self.is_sqlite:
                patience_s = _PATIENCE_S.get()
                _begin_writing(connection, self.lock_wait_s if patience_s is None else patience_s)
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _begin_writing(connection: Connection, wait_s: float) -> None:
    """Take the only right to write an SQLite file, or wait for it."""
    if wait_s == LOCK_WAIT_S:  # as every connection is opened
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(wait_s * 1_000)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except DBAPIError as error:
        if wait_s < LOCK_WAIT_S and "locked" in str(error.orig).lower():
            raise BusyError from None
        raise
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_WAIT_S * 1_000}")


def shown(url: URL) -> str:
    """Return the place in words, without a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def seen_engine(url: URL) -> Engine:
    """Return a small engine of its own, for books as one viewer sees them.

    A connection is dear here, because all views are made in it anew. SQLite keeps some for each
    viewer; a server of PostgreSQL has few to give.
    """
    kept = 4 if url.get_backend_name() == "sqlite" else 1
    return _engine(url, pool_size=kept, max_overflow=8 - kept, cache_kib=4_096)


def _engine(
    url: URL, *, pool_size: int = 5, max_overflow: int = 10, cache_kib: int = 65_536
) -> Engine:
    pool: dict[str, Any] = {"pool_size": pool_size, "max_overflow": max_overflow}
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, pool_pre_ping=True, **pool)
        except ModuleNotFoundError as error:
            raise StorageError(
                f"PostgreSQL needs the package {error.name}, which is not installed",
                "Install it with: pip install 'keiryo[postgres]'",
            ) from None
    asleep = _asleep(Path(url.database or ""))
    if asleep is not None:
        engine = create_engine(url, creator=lambda: sqlite3.connect(asleep, uri=True), **pool)
    else:
        engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S}, **pool)

    def connected(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # this module begins and ends transactions itself
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "wal_autocheckpoint=4000",
            f"cache_size=-{cache_kib}",
        ):
            try:
                raw.execute(f"PRAGMA {pragma}")
            except sqlite3.OperationalError as error:
                if "readonly" not in str(error):
                    raise

    event.listen(engine, "connect", connected)
    return engine


def _asleep(path: Path) -> str | None:
    """Return how to open books in a folder that nobody can write, such as a read-only medium.

    SQLite would make files beside the database to share it with writers; where there can be no
    writer, and none left such files, it may be told that the file does not change.
    """
    if not path.is_file() or os.access(path.parent, os.W_OK):
        return None
    if any(Path(f"{path}{ending}").exists() for ending in ("-wal", "-shm")):
        return None
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _evidence_folder(url: URL) -> Path:
    chosen = os.environ.get("KEIRYO_EVIDENCE")
    if chosen:
        return Path(chosen)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.evidence")
    data_home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data_home / "keiryo" / "evidence" / f"{url.host or 'local'}-{url.database}"


@contextmanager
def translated_errors(url: URL) -> Iterator[None]:
    """Turn errors of the database driver into errors that say what to do."""
    try:
        yield
    except KeiryoError:
        raise
    except Exception as error:
        if isinstance(error, DBAPIError | sqlite3.Error) or _is_psycopg(error):
            raise _translated(error, shown(url)) from error
        raise


def _is_psycopg(error: Exception) -> bool:
    """Whether psycopg raised it (bulk inserts use the driver); it need not be installed."""
    return any(base.__module__.startswith("psycopg") for base in type(error).__mro__)


def _translated(error: Exception, place: str) -> StorageError:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip()
    lower = words.lower()
    if "readonly" in lower or "read-only" in lower:
        return ReadOnlyError(
            f"{place} can only be read: nothing was posted",
            "Check the permissions of the file and of its folder, or post to another database.",
        )
    if "disk is full" in lower or "no space left" in lower or "could not extend file" in lower:
        return FullError(
            f"the disk that holds {place} is full: the act that was being posted left no trace",
            "Make room, then send the same again; what was recorded before is untouched.",
        )
    if "locked" in lower:
        return StorageError(
            f"another process has been writing to {place} for over {LOCK_WAIT_S} s",
            "Nothing was posted; try again when it has finished.",
        )
    if "unable to open" in lower:
        return StorageError(
            f"{place} cannot be opened", "Check that its folder exists and may be written."
        )
    if "not a database" in lower or "malformed" in lower:
        return StorageError(
            f"{place} is not a sound SQLite database ({words})",
            "Restore the last backup with 'keiryo restore'.",
        )
    if "connection" in lower and "failed" in lower:
        return StorageError(
            f"no answer from {place}: {words}", "Check that the server runs and the URL is right."
        )
    return StorageError(f"the database at {place} refused: {words}")
