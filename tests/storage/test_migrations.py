"""The migrations make the tables that the code declares, in every database, and only once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Connection, MetaData, Table, Text, inspect

from keiryo.errors import NewerSchemaError, NotInitialisedError, StorageError
from keiryo.journal.model import Actor, Draft, LineKind, integer, text
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.registry import Capability, Projection, Registry
from keiryo.journal.tables import JOURNAL
from keiryo.journal.verify import verify
from keiryo.storage import migrate, revision
from keiryo.storage.backup import backup, restore
from keiryo.storage.engine import Database
from keiryo.storage.projections import rebuild_projections
from keiryo.storage.revision import HEAD_REVISION, VERSION_TABLE
from keiryo.storage.schema import ACT, INTEGER, guards_missing

try:
    from keiryo.capabilities import builtin_registry
except ModuleNotFoundError:

    def builtin_registry() -> Registry:
        return Registry((JOURNAL,))


LOAN = LineKind(
    "test_loan",
    "an item is lent",
    (text("item", "what", required=True), integer("count", "how many")),
    checks=("count > 0",),
    indexes=((("item",), "item IS NOT NULL"),),
)
ACTOR = Actor("P-1", "XA")


def loan_totals(metadata: MetaData) -> Table:
    return Table(
        "test_loan_total",
        metadata,
        Column("item", Text, primary_key=True),
        Column("count", INTEGER),
        Column("scope", Text),
        Column("agreement", Text),
        Column("caveat", Text),
        Column("through_act", INTEGER),
        sqlite_strict=True,
    )


TOTALS = Projection(
    "test_loan_total",
    loan_totals,
    "SELECT item, CAST(sum(count) AS BIGINT) AS count, min(scope) AS scope, NULL AS agreement, "
    "NULL AS caveat, max(act_id) AS through_act FROM test_loan GROUP BY item",
    lambda posting: None,
    frozenset(),
)


def with_loans(*projections: Projection) -> Registry:
    return Registry(
        (*builtin_registry().capabilities, Capability("loans", (LOAN,), projections=projections))
    )


@pytest.fixture
def database(database_url: str):
    opened = Database(database_url, builtin_registry())
    yield opened
    opened.close()


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """Return what Alembic finds, but for comments and the table of versions."""
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return [d for d in compare_metadata(context, metadata) if "comment" not in str(d[0])]


def index_shape(index: Any) -> tuple[Any, ...]:
    options = {k: str(v) for k, v in index.get("dialect_options", {}).items()}
    return (index["name"], index["column_names"], bool(index["unique"]), sorted(options.items()))


def shape(connection: Connection) -> dict[str, Any]:
    """Return everything that can be asked about all tables, guards included."""
    inspector = inspect(connection)
    shown: dict[str, Any] = {}
    for name in inspector.get_table_names():
        shown[name] = (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((c["name"] or "", c["sqltext"]) for c in inspector.get_check_constraints(name)),
            sorted(index_shape(i) for i in inspector.get_indexes(name)),
            sorted(str(u) for u in inspector.get_unique_constraints(name)),
            guards_missing(connection, name),
        )
    return shown


def test_migrated_tables_are_the_declared_ones(database: Database, tmp_path: Path) -> None:
    with database.writing() as connection:
        migrate.upgrade(connection)
    with database.reading() as connection:
        assert differences(connection, database.metadata) == []
        migrated = shape(connection)
        inspector = inspect(connection)
        for name, table in database.metadata.tables.items():
            checks = [c for c in table.constraints if isinstance(c, CheckConstraint)]
            declared = {str(c.name) for c in checks if c.name}
            present = {str(c["name"]) for c in inspector.get_check_constraints(name)}
            assert declared <= present, name
    with database.writing() as connection:  # the same, made without migrations
        for name in [VERSION_TABLE, *database.metadata.tables]:
            connection.exec_driver_sql(f"DROP TABLE {name}")
        migrate.complete(connection, database)
        made = shape(connection)
    del migrated[VERSION_TABLE]
    assert migrated == made


def test_tables_of_record_are_guarded_and_strict(database: Database) -> None:
    migrate.prepare(database)
    with database.reading() as connection:
        for name in (ACT, *database.registry.kinds):
            assert guards_missing(connection, name) == []
        assert connection.exec_driver_sql(f"SELECT * FROM {VERSION_TABLE}").all() == [
            (HEAD_REVISION,)
        ]
        if database.is_sqlite:
            listed = {row[1]: row for row in connection.exec_driver_sql("PRAGMA table_list")}
            for name in database.metadata.tables:
                assert listed[name][5] == 1, f"{name} is not STRICT"
            for name in database.registry.kinds:
                assert listed[name][4] == 1, f"{name} has row ids"


def test_twice_changes_nothing(database: Database) -> None:
    made = migrate.prepare(database)
    assert set(made) == {*database.metadata.tables, VERSION_TABLE}
    with database.reading() as connection:
        before = shape(connection)
    assert migrate.prepare(database) == []
    with database.reading() as connection:
        assert shape(connection) == before


def test_the_constant_is_the_newest_revision() -> None:
    assert revision.known_revisions()[-1] == HEAD_REVISION
    assert [int(r) for r in revision.known_revisions()] == list(range(1, int(HEAD_REVISION) + 1))


def test_newer_books_are_left_alone(database: Database) -> None:
    open_journal(database, "XA", ACTOR)
    database.require()
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        before = shape(connection)
    for open_books in (database.require, lambda: migrate.ready(database)):
        with pytest.raises(NewerSchemaError, match="schema 9999") as caught:
            open_books()
        assert "newer program" in caught.value.advice
    with pytest.raises(NewerSchemaError):
        migrate.prepare(database)
    with database.reading() as connection:
        assert shape(connection) == before


def test_books_that_lost_their_version(database: Database) -> None:
    open_journal(database, "XA", ACTOR)
    with database.writing() as connection:
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    for open_books in (database.require, lambda: migrate.prepare(database)):
        with pytest.raises(StorageError, match="schema_version"):
            open_books()


def test_empty_database_is_not_required(database: Database) -> None:
    with pytest.raises(NotInitialisedError):
        migrate.ready(database)


def test_tables_of_an_addition_are_made(database: Database) -> None:
    open_journal(database, "XA", ACTOR)
    added = Database(database.url.render_as_string(hide_password=False), with_loans())
    try:
        migrate.ready(added)
        draft = Draft("loan", "loan-1")
        draft.add(LOAN.name, scope="XA", item="seal", count=2)
        post(added, draft, ACTOR)
        with added.reading() as connection:
            assert guards_missing(connection, LOAN.name) == []
            assert differences(connection, added.metadata) == []
        assert verify(added).sound
    finally:
        added.close()
    totals = Database(database.url.render_as_string(hide_password=False), with_loans(TOTALS))
    try:  # a projection that comes later holds what was recorded before
        assert migrate.prepare(totals) == ["test_loan_total"]
        assert verify(totals).sound
        with totals.writing() as connection:
            connection.exec_driver_sql("UPDATE test_loan_total SET count = 7")
        assert not verify(totals).sound
        assert "test_loan_total" in rebuild_projections(totals)
        assert verify(totals).sound
    finally:
        totals.close()


NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "{number}"
down_revision = "{below}"
def upgrade():
    op.add_column("finding", sa.Column("test_{number}", sa.Text()))
    {more}
"""


@pytest.fixture
def later_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that pretends to be a later program, with one more migration."""
    folder = tmp_path / "migrations"
    shutil.copytree(revision.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def become(more: str) -> str:
        number = f"{int(revision.HEAD_REVISION) + 1:04}"
        text = NEXT.format(number=number, below=revision.HEAD_REVISION, more=more)
        (folder / "versions" / f"r{number}_next.py").write_text(text)
        monkeypatch.setattr(revision, "MIGRATIONS", folder)
        monkeypatch.setattr(revision, "HEAD_REVISION", number)
        return f"test_{number}"

    return become


def test_older_books_are_brought_up_to_date(database: Database, later_program) -> None:
    open_journal(database, "XA", ACTOR)
    column = later_program("pass")
    with pytest.raises(StorageError, match="older keiryo"):
        database.require()
    migrate.ready(database)
    database.require()
    assert verify(database).sound
    with database.reading() as connection:
        assert column in {c["name"] for c in inspect(connection).get_columns("finding")}
        assert len(connection.exec_driver_sql(f"SELECT * FROM {VERSION_TABLE}").all()) == 1


def test_failed_migration_leaves_no_trace(database: Database, later_program) -> None:
    open_journal(database, "XA", ACTOR)
    with database.reading() as connection:
        before = shape(connection)
    later_program("op.execute('SELECT * FROM there_is_no_such_table')")
    with pytest.raises(StorageError):
        migrate.prepare(database)
    with database.reading() as connection:
        assert shape(connection) == before
        assert not revision.check_schema(connection)


def test_older_archive_is_brought_up_to_date(
    database_url: str, tmp_path: Path, later_program
) -> None:
    registry = with_loans(TOTALS)
    books = Database(database_url, registry)
    open_journal(books, "XA", ACTOR)
    draft = Draft("loan", "loan-1")
    draft.add(LOAN.name, scope="XA", item="seal", count=2)
    post(books, draft, ACTOR)
    rebuild_projections(books)
    column = later_program("pass")
    made = backup(books, tmp_path / "b.zip")  # an older state can always be saved
    books.close()
    found = restore(tmp_path / "b.zip", tmp_path / "new.sqlite", registry)
    assert found.sound and found.head == made.digest
    restored = Database(tmp_path / "new.sqlite", registry)
    restored.require()
    with restored.reading() as connection:
        assert column in {c["name"] for c in inspect(connection).get_columns("finding")}
        totals = connection.exec_driver_sql("SELECT item, count FROM test_loan_total").all()
        assert totals == [("seal", 2)]
    restored.close()
