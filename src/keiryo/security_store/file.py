"""The file of a store: one SQLite database that only its owner can read, and its tables.

Whatever is recorded in it is added and never changed: triggers refuse it, and the chain of entries
would show it. Only keys are ever deleted, which destroys what they opened; SQLite overwrites them
(``secure_delete``). There is no write-ahead log beside the file in which they would stay.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keiryo.errors import FullError, NotInitialisedError, ReadOnlyError, StorageError

APPLICATION_ID, FORMAT = 0x4B525353, 1
ENDING = ".store"
WAIT_SECONDS = 20.0

_TABLES = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL,
    compartment TEXT, record TEXT, version INTEGER, reason TEXT, detail TEXT NOT NULL,
    digest TEXT, previous TEXT NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL) STRICT;
CREATE TABLE sealed (
    record TEXT NOT NULL, version INTEGER NOT NULL, part TEXT NOT NULL, box BLOB NOT NULL,
    PRIMARY KEY (record, version, part)) STRICT;
CREATE TABLE record_key (
    record TEXT NOT NULL, version INTEGER NOT NULL, compartment TEXT NOT NULL,
    epoch INTEGER NOT NULL, box BLOB NOT NULL, PRIMARY KEY (record, version)) STRICT;
CREATE TABLE member (person TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT;
CREATE TABLE wrap (
    compartment TEXT NOT NULL, epoch INTEGER NOT NULL, person TEXT NOT NULL, box BLOB NOT NULL,
    PRIMARY KEY (compartment, epoch, person)) STRICT;
"""
KEPT = {"entry": ("UPDATE", "DELETE"), "sealed": ("UPDATE", "DELETE")}
"""What the triggers refuse; record keys and wraps may be deleted, which destroys them."""
TRIGGERS = {
    f"no_{verb.lower()}_{table}": (
        f"CREATE TRIGGER no_{verb.lower()}_{table} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
    )
    for table, verbs in {**KEPT, "record_key": ("UPDATE",), "wrap": ("UPDATE",)}.items()
    for verb in verbs
}


def check_file(path: Path) -> None:
    """Refuse a file that is not there, is no plain file, or that others can read.

    Raises
    ------
    NotInitialisedError, StorageError
    """
    try:
        found = path.lstat()
    except OSError:
        raise NotInitialisedError(
            f"there is no store at {path}", "Name the file, or make it: 'store create'."
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{path} is not a plain file", "Name the file of the store itself.")
    if found.st_uid != os.geteuid():
        raise StorageError(
            f"{path} belongs to another user of this computer",
            "A store is opened by the user whose file it is.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StorageError(
            f"{path} can be read or written by others: its mode is "
            f"{stat.S_IMODE(found.st_mode):04o}",
            "Find out who read it meanwhile; then 'chmod 600'.",
        )


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection to the file of a store; raises as `check_file`."""
    check_file(path)
    try:
        connection = _connected(path)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise _told(error, path) from None
    if application != APPLICATION_ID:
        connection.close()
        raise NotInitialisedError(f"{path} is not a store")
    if version != FORMAT:
        connection.close()
        raise StorageError(
            f"the store has format {version}; this program knows {FORMAT}",
            "Use the version of the program that wrote it.",
        )
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    for setting in (
        *("trusted_schema=OFF", "cell_size_check=ON", "journal_mode=DELETE", "synchronous=EXTRA"),
        *("secure_delete=ON", "temp_store=MEMORY", "mmap_size=0"),
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


@contextmanager
def making(path: Path) -> Iterator[sqlite3.Connection]:
    """Make the file of a store: it is there when all was written, or not at all.

    Raises
    ------
    StorageError
        If there is a file of that name.
    """
    if path.exists() or path.is_symlink():
        raise StorageError(f"{path} is there already", "A store is never overwritten.")
    begun = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        os.close(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        connection = _connected(begun)
        try:
            connection.executescript(_TABLES + ";\n".join(TRIGGERS.values()) + ";")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={FORMAT}")
            with transaction(connection, path):
                yield connection
        finally:
            connection.close()
        os.link(begun, path)
    except FileExistsError:
        raise StorageError(f"{path} is there already", "A store is never overwritten.") from None
    except OSError as error:
        raise ReadOnlyError(
            f"the store cannot be written to {path.parent}: {error.strerror}"
        ) from None
    finally:
        begun.unlink(missing_ok=True)


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Do all of what follows, or nothing; one writer at a time.

    Raises
    ------
    StorageError
        If the file cannot be written; what the database says is told without any value.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise _told(error, path) from None


def _told(error: sqlite3.Error, path: Path) -> StorageError:
    """Return what went wrong with the file, without anything of what was being written."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return FullError("the disk is full; nothing was recorded")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return ReadOnlyError(f"the store at {path} cannot be written")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageError("another program is writing to the store", "Try again.")
    if name.startswith("SQLITE_NOTADB"):
        return NotInitialisedError(f"{path} is not a store")
    return StorageError(
        f"the file of the store cannot be used ({name or 'unknown'})",
        "Look at it with 'store verify', and compare it with the last backup.",
    )
