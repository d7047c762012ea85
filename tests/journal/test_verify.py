"""Whatever is changed in the books, `verify` and the stand-alone script find it and name the act.

Every column of every table of record is changed, once where it holds something and once where it
is null; then lines and acts are removed, added, reordered and moved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

import postgres
from journal import toy_books
from journal.tampering import copied, package_finds, rewrite_chain, script_finds, unguarded
from keiryo.journal import proofs, verify
from keiryo.journal.proofs import Checkpoint
from keiryo.journal.verify import Verification
from keiryo.storage.engine import Database
from keiryo.storage.schema import build_metadata

TABLES = {
    name: list(build_metadata(toy_books.REGISTRY).tables[name].columns)
    for name in ("act", *toy_books.REGISTRY.kinds)
}
CASES = [
    pytest.param(name, column.name, null, id=f"{name}.{column.name}{'-null' if null else ''}")
    for name, columns in TABLES.items()
    for column in columns
    for null in ((False, True) if column.nullable else (False,))
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "books.sqlite"
    toy_books.full_books(str(path)).close()
    return path


@pytest.fixture
def books(base: Path, tmp_path: Path) -> Path:
    return copied(base, tmp_path)


@pytest.fixture
def finds(books: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what checks that both verifiers find something, and first of all in one act."""

    def check(act_id: int | None, code: str | None = None, checkpoint: Any = None) -> None:
        found = package_finds(books, checkpoint)
        assert not found.sound
        assert found.first_wrong_act == act_id, found.problems
        assert code is None or code in {p.code for p in found.problems}, found.problems
        more: list[str] = []
        if checkpoint:
            (books.parent / "checkpoint.json").write_text(checkpoint.to_json())
            more = ["--checkpoint", str(books.parent / "checkpoint.json")]
        status, words = script_finds(capsys, monkeypatch, books, *more)
        assert status == 1
        named = "No act can be named." if act_id is None else f"The first wrong act is {act_id}."
        assert words.endswith(f"{named}\n"), words

    return check


def changed(value: Any, *, integer: bool) -> Any:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if value is None:
        return 0 if integer else ""
    return value + 1000 if integer else f"{value}x"


def test_untouched_books_are_sound(books: Path, capsys: Any, monkeypatch: Any) -> None:
    found = package_finds(books)
    assert found.sound
    assert (found.acts, found.lines, found.evidence) == (5, 18, 1)
    status, words = script_finds(capsys, monkeypatch, books)
    assert status == 0
    assert found.head in words


@pytest.mark.parametrize(("table", "column", "null"), CASES)
def test_each_column(books: Path, finds: Any, table: str, column: str, null: bool) -> None:
    integer = str(next(c.type for c in TABLES[table] if c.name == column)) != "TEXT"
    key = "act_id" if table == "act" else "act_id, line_no"
    with unguarded(books) as connection:
        query = (
            f"SELECT {key}, {column} FROM {table} WHERE {column} IS {'' if null else 'NOT'} NULL"
        )
        *number, value = connection.execute(f"{query} ORDER BY {key} LIMIT 1").fetchone()
        where = "act_id = ?" if table == "act" else "act_id = ? AND line_no = ?"
        new = changed(value, integer=integer)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (new, *number))
    finds(number[0])


@pytest.mark.parametrize("column", ["note", "w_mg", "agreement"])
def test_value_becomes_null(books: Path, finds: Any, column: str) -> None:
    with unguarded(books) as connection:
        connection.execute(f"UPDATE toy SET {column} = NULL WHERE act_id = 2 AND line_no = 1")
    finds(2, "LINES-CHANGED")


LINE = "INSERT INTO toy (act_id, line_no, salt, scope, name) VALUES"
TAMPERING = {
    "delete a line": (2, "DELETE FROM toy WHERE act_id = 2 AND line_no = 2"),
    "delete the last line": (5, "DELETE FROM toy WHERE act_id = 5 AND line_no = 3"),
    "delete an act": (3, "DELETE FROM act WHERE act_id = 3"),
    "delete the first act": (1, "DELETE FROM act WHERE act_id = 1"),
    "delete the last act": (5, "DELETE FROM act WHERE act_id = 5"),
    "delete all acts": (1, "DELETE FROM act"),
    "delete the last act and all that shows it": (
        5,
        "DELETE FROM act WHERE act_id = 5; DELETE FROM toy WHERE act_id = 5",
    ),
    "add a line": (
        4,
        f"{LINE} (4, 5, zeroblob(16), 'XA', 'z')",
    ),
    "add a line between": (
        2,
        f"{LINE} (2, 0, zeroblob(16), 'XA', 'z')",
    ),
    "same number in another table": (
        2,
        f"{LINE} (2, 4, zeroblob(16), 'XA', 'z')",
    ),
    "add a line without act": (
        9,
        f"{LINE} (9, 1, zeroblob(16), 'XA', 'z')",
    ),
    "add a line before all acts": (
        -9,
        f"{LINE} (-9, 1, zeroblob(16), 'XA', 'z')",
    ),
    "swap two lines": (
        5,
        "UPDATE toy SET line_no = -1 WHERE act_id = 5 AND line_no = 1;"
        "UPDATE toy SET line_no = 1 WHERE act_id = 5 AND line_no = 2;"
        "UPDATE toy SET line_no = 2 WHERE act_id = 5 AND line_no = -1",
    ),
    "swap two acts": (
        3,
        "UPDATE act SET act_id = 99 WHERE act_id = 3; UPDATE act SET act_id = 3 WHERE act_id = 4;"
        "UPDATE act SET act_id = 4 WHERE act_id = 99",
    ),
    "move a line to another act": (
        2,
        "UPDATE toy SET act_id = 4, line_no = 5 WHERE act_id = 2 AND line_no = 2",
    ),
    "longer salt": (
        2,
        "UPDATE toy SET salt = CAST(salt || x'00' AS BLOB) WHERE act_id = 2 AND line_no = 1",
    ),
    "empty salt": (2, "UPDATE toy SET salt = x'' WHERE act_id = 2 AND line_no = 1"),
    "no text": (2, "UPDATE toy SET name = CAST(x'ff' AS TEXT) WHERE act_id = 2 AND line_no = 2"),
    "no text in an act": (3, "UPDATE act SET kind = CAST(x'ff' AS TEXT) WHERE act_id = 3"),
    "half a character": (2, "UPDATE toy SET name = CAST(x'c3' AS TEXT) WHERE line_no = 1"),
    "large weight": (2, "UPDATE toy SET w_mg = 9223372036854775807 WHERE act_id = 2"),
    "large line number": (2, "UPDATE toy SET line_no = 9223372036854775807 WHERE line_no = 3"),
    "large line count": (3, "UPDATE act SET line_count = 4611686018427387904 WHERE act_id = 3"),
    "negative line count": (3, "UPDATE act SET line_count = -1 WHERE act_id = 3"),
    "large act number": (4, "UPDATE act SET act_id = 9223372036854775807 WHERE act_id = 4"),
    "negative act number": (-5, "UPDATE act SET act_id = -5 WHERE act_id = 4"),
    "upper-case digest": (3, "UPDATE act SET lines_root = upper(lines_root) WHERE act_id = 3"),
    "no digest": (3, "UPDATE act SET previous_digest = 'none' WHERE act_id = 3"),
    "drop a table of record": (3, "DROP TABLE finding_answer"),
    "drop the acts": (None, "DROP TABLE act"),
    "change the head": (5, "UPDATE chain_head SET digest = 'f'"),
    "raise the head": (6, "UPDATE chain_head SET act_id = 6"),
    "remove the head": (5, "DELETE FROM chain_head"),
    "change a projection": (None, "UPDATE toy_total SET total_mg = total_mg + 1"),
    "add to a projection": (None, "INSERT INTO toy_total VALUES ('YB', NULL, NULL, 2, 7)"),
    "empty a projection": (None, "DELETE FROM toy_total"),
}


@pytest.mark.parametrize(("act_id", "statements"), TAMPERING.values(), ids=list(TAMPERING))
def test_tampering(books: Path, finds: Any, act_id: int | None, statements: str) -> None:
    with unguarded(books) as connection:
        connection.executescript(statements)
    if "chain_head" in statements and "DELETE" in statements:
        assert "HEAD-MISSING" in {p.code for p in package_finds(books).problems}
        return
    finds(act_id)


def test_added_act(books: Path, finds: Any) -> None:
    with unguarded(books) as connection:
        connection.execute(
            "INSERT INTO act SELECT 6, 'six', recorded_at, person, on_behalf_of, kind, reason,"
            " corrects, 0, lines_root, digest, digest FROM act WHERE act_id = 5"
        )
    finds(6)


@pytest.mark.parametrize("table", ["act", "toy", "finding"])
@pytest.mark.parametrize("suffix", ["no_update", "no_delete", "new_act"])
def test_missing_guard(books: Path, finds: Any, table: str, suffix: str) -> None:
    connection = sqlite3.connect(books)
    connection.execute(f"DROP TRIGGER {table}_{suffix}")
    connection.close()
    finds(None, "GUARD-MISSING")


def test_guard_without_effect(books: Path, finds: Any) -> None:
    connection = sqlite3.connect(books)
    connection.execute("DROP TRIGGER toy_no_update")
    connection.execute("CREATE TRIGGER toy_no_update BEFORE UPDATE ON toy BEGIN SELECT 1; END")
    connection.close()
    finds(None, "GUARD-MISSING")


@pytest.mark.parametrize("value", [0.0, 5.5, "5", b"\5"])
def test_table_that_takes_any_type(books: Path, finds: Any, value: Any) -> None:
    """Somebody makes the table anew, without STRICT, to smuggle in a value of another type."""
    with unguarded(books) as connection:
        connection.executescript(
            "CREATE TABLE other (act_id INTEGER, line_no INTEGER, salt BLOB, scope TEXT,"
            " agreement TEXT, caveat TEXT, name TEXT, note TEXT, w_mg BLOB);"
            "INSERT INTO other SELECT * FROM toy; DROP TABLE toy; ALTER TABLE other RENAME TO toy"
        )
        connection.execute("UPDATE toy SET w_mg = ? WHERE act_id = 2 AND line_no = 1", (value,))
    finds(2, "LINES-CHANGED")


def test_table_with_an_odd_name(books: Path, finds: Any) -> None:
    connection = sqlite3.connect(books)
    connection.execute('CREATE TABLE "odd name" (act_id, line_no, salt)')
    connection.close()
    finds(None, "TABLE-ADDED")


@pytest.mark.parametrize("content", [b"another report", None])
def test_evidence(books: Path, finds: Any, content: bytes | None) -> None:
    (stored,) = Path(f"{books}.evidence").glob("??/*")
    stored.write_bytes(content) if content else stored.unlink()
    finds(2, "EVIDENCE-CHANGED")


def test_only_a_checkpoint_convicts_a_rewritten_chain(
    books: Path, finds: Any, capsys: Any, monkeypatch: Any
) -> None:
    database = Database(books, toy_books.REGISTRY)
    with database.reading() as connection:
        checkpoint = proofs.checkpoint(connection, database.metadata)
    database.close()
    assert package_finds(books, checkpoint).sound
    with unguarded(books) as raw:
        raw.execute("UPDATE act SET person = 'P-2' WHERE act_id = 3")
        rewrite_chain(raw)
    assert package_finds(books).sound
    assert script_finds(capsys, monkeypatch, books)[0] == 0
    finds(5, "CHECKPOINT", checkpoint)


def test_checkpoint_of_another_journal(books: Path, finds: Any) -> None:
    finds(None, "CHECKPOINT", Checkpoint("another", 5, "0" * 64, "2026-03-01T12:00:00.000000Z"))


def test_large_act_is_read_window_by_window(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(verify, "BLOCK_LINES", 10)
    clock = toy_books.SteadyClock()
    database = toy_books.opened(str(tmp_path / "copy.sqlite"), clock)
    names = [f"n{number}" for number in range(95)]
    draft = toy_books.toy_draft("large", {"name": "first"})
    draft.add_frames("toy", [toy_books.toy_frame(names, list(range(95)))])
    toy_books.post(database, draft, toy_books.ACTOR, clock=clock)
    database.close()
    found = package_finds(tmp_path / "copy.sqlite")
    assert (found.sound, found.lines) == (True, 97)
    with unguarded(tmp_path / "copy.sqlite") as connection:
        connection.execute("UPDATE toy SET w_mg = 1 WHERE line_no = 77")
    assert package_finds(tmp_path / "copy.sqlite").first_wrong_act == 2
    with unguarded(tmp_path / "copy.sqlite") as connection:
        connection.execute("UPDATE act SET line_count = 4611686018427387904 WHERE act_id = 2")
    assert package_finds(tmp_path / "copy.sqlite").first_wrong_act == 2


ON_POSTGRES = {
    "change a text": (2, "UPDATE toy SET name = 'other' WHERE act_id = 2 AND line_no = 1"),
    "change a number": (5, "UPDATE toy SET w_mg = 3 WHERE act_id = 5 AND line_no = 1"),
    "fill a null": (2, "UPDATE toy SET note = '' WHERE act_id = 2 AND line_no = 2"),
    "change a salt": (2, "UPDATE toy SET salt = salt || '\\x00'::bytea WHERE line_no = 1"),
    "change an act": (3, "UPDATE act SET person = 'P-2' WHERE act_id = 3"),
    "large line count": (3, "UPDATE act SET line_count = 4611686018427387904 WHERE act_id = 3"),
    "delete a line": (2, "DELETE FROM toy WHERE act_id = 2 AND line_no = 2"),
    "delete an act": (3, "DELETE FROM act WHERE act_id = 3"),
    "delete the last act": (5, "DELETE FROM act WHERE act_id = 5"),
    "move a line": (2, "UPDATE toy SET act_id = 4, line_no = 5 WHERE act_id = 2 AND line_no = 2"),
    "add a line": (
        9,
        f"{LINE} (9, 1, '\\x00'::bytea, 'XA', 'z')",
    ),
    "another type": (2, "ALTER TABLE toy ALTER COLUMN w_mg TYPE double precision"),
    "drop a table": (3, "DROP TABLE finding_answer"),
    "drop the acts": (None, "DROP TABLE act"),
    "change the head": (5, "UPDATE chain_head SET digest = 'f'"),
    "change a projection": (None, "UPDATE toy_total SET total_mg = total_mg + 1"),
}


@pytest.fixture(scope="module")
def postgres_books() -> Iterator[Database]:
    with postgres.fresh_database() as url:
        database = toy_books.full_books(url)
        yield database
        database.close()


def found_after(database: Database, monkeypatch: Any, *statements: str) -> Verification:
    """Verify inside a transaction that changes the books and is then rolled back."""

    @contextmanager
    def same_connection() -> Iterator[Connection]:
        yield connection

    with database.engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        monkeypatch.setattr(database, "reading", same_connection)
        found = verify.verify(
            database, checkpoint=Checkpoint("another", 5, "0" * 64, "2026-03-01T12:00:00.000000Z")
        )
        monkeypatch.undo()
        connection.rollback()
    assert found.problems[-1].code == "CHECKPOINT"
    return found


@pytest.mark.parametrize(("act_id", "statement"), ON_POSTGRES.values(), ids=list(ON_POSTGRES))
@pytest.mark.postgres
def test_tampering_on_postgres(
    postgres_books: Database, monkeypatch: Any, act_id: int | None, statement: str
) -> None:
    off, on = ("SET LOCAL session_replication_role = " + role for role in ("replica", "origin"))
    found = found_after(postgres_books, monkeypatch, off, statement, on)
    assert len(found.problems) > 1
    assert found.first_wrong_act == act_id, found.problems
    assert "GUARD-MISSING" not in {p.code for p in found.problems}
    assert verify.verify(postgres_books).sound


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER toy_append_only ON toy",
        "ALTER TABLE toy DISABLE TRIGGER toy_new_act",
        "CREATE OR REPLACE FUNCTION keiryo_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$",
    ],
)
def test_missing_guard_on_postgres(
    postgres_books: Database, monkeypatch: Any, statement: str
) -> None:
    found = found_after(postgres_books, monkeypatch, statement)
    assert {p.code for p in found.problems} == {"GUARD-MISSING", "CHECKPOINT"}
