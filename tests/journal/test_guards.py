"""The database itself refuses to change what is recorded, whoever asks, over a raw connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from journal.toy_books import ACTOR, REGISTRY, SteadyClock, opened, post, toy_draft
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database

SALT = {"sqlite": "x'00112233445566778899aabbccddeeff'", "postgresql": "'\\x0011'::bytea"}
LINE = "INSERT INTO toy (act_id, line_no, salt, scope, name) VALUES"
REFUSED = {
    "update a line": "UPDATE toy SET w_mg = 1",
    "update an act": "UPDATE act SET reason = 'x'",
    "delete a line": "DELETE FROM toy",
    "delete an act": "DELETE FROM act WHERE act_id = 1",
    "add to a closed act": f"{LINE} (2, 2, SALT, 'XA', 'z')",
    "add to an act long closed": f"{LINE} (1, 7, SALT, 'XA', 'z')",
    "an act with a number that is taken": "INSERT INTO act SELECT * FROM act WHERE act_id = 2",
    "upsert": f"{LINE} (2, 1, SALT, 'XA', 'z')"
    " ON CONFLICT (act_id, line_no) DO UPDATE SET name = 'z'",
    "upsert of an act": "INSERT INTO act SELECT 3, client_id, recorded_at, person, on_behalf_of,"
    " kind, reason, corrects, line_count, lines_root, previous_digest, digest FROM act"
    " WHERE act_id = 2 ON CONFLICT (client_id) DO UPDATE SET act_id = 3",
}
WORDS = ("append-only", "being posted", "duplicate key")
ONLY_SQLITE = {
    "replace a line": f"{LINE.replace('INSERT', 'INSERT OR REPLACE')} (2, 1, SALT, 'XA', 'z')",
    "replace an act": "REPLACE INTO act SELECT * FROM act WHERE act_id = 2",
    "replace an act by its client id": "REPLACE INTO act SELECT 3, client_id, recorded_at, person,"
    " on_behalf_of, kind, reason, corrects, line_count, lines_root, previous_digest, digest"
    " FROM act WHERE act_id = 2",
    "update or replace": "UPDATE OR REPLACE toy SET line_no = 1",
}
ONLY_POSTGRES = {
    "truncate": "TRUNCATE toy",
    "truncate acts": "TRUNCATE act CASCADE",
    "copy": f"WITH rows AS (DELETE FROM toy RETURNING *) {LINE} (2, 5, SALT, 'XA', 'z')",
}


@pytest.fixture
def books(database_url: str) -> Iterator[Database]:
    clock = SteadyClock()
    database = opened(database_url, clock)
    post(database, toy_draft("two", {"name": "a"}), ACTOR, clock=clock)
    yield database
    database.close()


def raw(database: Database) -> Any:
    """Connect with the driver alone, without any setting of keiryo."""
    if database.is_sqlite:
        return sqlite3.connect(str(database.path), isolation_level=None)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


def test_changes_are_refused(books: Database) -> None:
    backend = books.url.get_backend_name()
    statements = REFUSED | (ONLY_SQLITE if books.is_sqlite else ONLY_POSTGRES)
    refusal = sqlite3.IntegrityError if books.is_sqlite else psycopg.errors.IntegrityError
    with closing(raw(books)) as connection:
        for words, statement in statements.items():
            with pytest.raises(refusal) as caught:
                connection.execute(statement.replace("SALT", SALT[backend]))
                pytest.fail(f"not refused: {words}")
            message = str(caught.value)
            assert any(w in message for w in WORDS), (words, message)
    assert verify(books).sound


def test_every_table_of_record_is_guarded(books: Database) -> None:
    refusal = sqlite3.IntegrityError if books.is_sqlite else psycopg.errors.IntegrityError
    with closing(raw(books)) as connection:
        for kind in REGISTRY.kinds:
            if books.is_sqlite and not connection.execute(f"SELECT * FROM {kind}").fetchone():
                continue  # its triggers are asked row by row, and there is none
            with pytest.raises(refusal, match="append-only"):
                connection.execute(f"UPDATE {kind} SET scope = 'YB'")


def test_the_next_act_can_be_posted(books: Database) -> None:
    assert post(books, toy_draft("three", {"name": "b"}), ACTOR).act.act_id == 3
    assert verify(books).sound
