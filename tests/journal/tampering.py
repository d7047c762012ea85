"""Changing books behind the journal's back, and asking both verifiers what they find."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from journal.toy_books import REGISTRY, TOTALS
from keiryo.journal import standalone
from keiryo.journal.canonical import act_digest
from keiryo.journal.model import Act
from keiryo.journal.proofs import Checkpoint
from keiryo.journal.verify import Verification, verify
from keiryo.storage.engine import Database


def copied(books: Path, folder: Path) -> Path:
    """Copy closed SQLite books with their evidence."""
    copy = folder / "copy.sqlite"
    shutil.copyfile(books, copy)
    shutil.copytree(f"{books}.evidence", f"{copy}.evidence")
    return copy


@contextmanager
def unguarded(books: Path) -> Iterator[sqlite3.Connection]:
    """Open SQLite books for a change that all guards would refuse, and put the guards back."""
    with closing(sqlite3.connect(books, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA synchronous = OFF")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        guards = connection.execute(query).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        left = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        for _, statement in guards:
            if statement.split(" ON ")[1].split()[0] in left:
                connection.execute(statement)


def rewrite_chain(connection: sqlite3.Connection) -> None:
    """Compute all digests anew, as a forger would who knows the rules."""
    connection.row_factory = sqlite3.Row
    previous = "0" * 64
    number = 0
    for row in connection.execute("SELECT * FROM act ORDER BY act_id").fetchall():
        act = Act(**{**dict(row), "previous_digest": previous})
        number, digest = act.act_id, act_digest(act)
        connection.execute(
            "UPDATE act SET previous_digest = ?, digest = ? WHERE act_id = ?",
            (previous, digest, number),
        )
        previous = digest
    connection.execute("UPDATE chain_head SET act_id = ?, digest = ?", (number, previous))


def package_finds(books: Path, checkpoint: Checkpoint | None = None) -> Verification:
    """Verify with the package."""
    database = Database(books, REGISTRY)
    try:
        return verify(database, checkpoint=checkpoint)
    finally:
        database.close()


def script_finds(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *arguments: str | Path,
) -> tuple[int, str]:
    """Verify with the script; return its exit code and what it printed."""
    monkeypatch.setattr(standalone, "PROJECTIONS", {"toy_total": TOTALS})
    capsys.readouterr()
    code = standalone.main([str(argument) for argument in arguments])
    return code, capsys.readouterr().out
