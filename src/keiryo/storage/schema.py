"""Tables of record from line kinds, the tables of the chain, and the guards that protect them.

A table of record takes new lines only: the database itself refuses to change or delete a row,
and to add a line to an act that is already closed. Guards stop mistakes and ordinary misuse; who
can remove them is found out by `keiryo verify`, and by checkpoints that are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from keiryo.journal.model import FieldType, LineKind
from keiryo.journal.registry import Registry

INTEGER = BigInteger().with_variant(Integer(), "sqlite")
"""64-bit integer on both databases (SQLite's STRICT tables know the name INTEGER only)."""

ACT = "act"
CHAIN_HEAD = "chain_head"
PERSON = "person"
SIGNATURE = "signature"

APPEND_ONLY = "tables of record are append-only"
_ACT_IS_CLOSED = "lines can only be added to the act that is being posted"


def build_metadata(registry: Registry) -> MetaData:
    """Return all tables: the chain's, one per line kind, and the projections'."""
    metadata = MetaData()
    _act_table(metadata)
    Table(
        CHAIN_HEAD,
        metadata,
        Column("one", INTEGER, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
        Column("act_id", INTEGER, nullable=False),
        Column("digest", Text, nullable=False),
        sqlite_strict=True,
    )
    Table(
        PERSON,
        metadata,
        Column("person", Text, primary_key=True),
        Column("account", Text, unique=True),
        sqlite_strict=True,
    )
    Table(
        SIGNATURE,
        metadata,
        Column("act_id", INTEGER, primary_key=True, autoincrement=False),
        Column("person", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("signature", Text, nullable=False),
        sqlite_strict=True,
    )
    for working in registry.working_tables:
        working.table(metadata)
    for kind in registry.kinds.values():
        line_table(kind, metadata)
    for projection in registry.projections:
        projection.table(metadata)
    return metadata


def _act_table(metadata: MetaData) -> None:
    Table(
        ACT,
        metadata,
        Column("act_id", INTEGER, primary_key=True, autoincrement=False),
        Column("client_id", Text, nullable=False, unique=True),
        Column("recorded_at", Text, nullable=False),
        Column("person", Text, nullable=False),
        Column("on_behalf_of", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("reason", Text),
        Column("corrects", INTEGER),
        Column("line_count", INTEGER, nullable=False),
        Column("lines_root", Text, nullable=False),
        Column("previous_digest", Text, nullable=False),
        Column("digest", Text, nullable=False),
        sqlite_strict=True,
    )


def line_table(kind: LineKind, metadata: MetaData) -> Table:
    """Add the table of record of one line kind to `metadata` and return it."""
    columns = [
        Column(f.name, INTEGER if f.type is FieldType.INTEGER else Text(), nullable=not f.required)
        for f in kind.fields
    ]
    table = Table(
        kind.name,
        metadata,
        Column("act_id", INTEGER, primary_key=True, autoincrement=False),
        Column("line_no", INTEGER, primary_key=True, autoincrement=False),
        Column("salt", LargeBinary, nullable=False),
        *columns,
        *(
            CheckConstraint(text(check), name=f"{kind.name}_{number}")
            for number, check in enumerate(kind.checks, start=1)
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
        comment=kind.doc,
    )
    for fields, condition in kind.indexes:
        where = text(condition) if condition else None
        name = f"ix_{kind.name}_{'_'.join(fields[:2])}"
        Index(name, *(table.c[f] for f in fields), sqlite_where=where, postgresql_where=where)
    return table


def guard(connection: Connection, table: str) -> None:
    """Make the database refuse any change of `table` but new rows of a new act."""
    if connection.dialect.name == "sqlite":
        for statement in sqlite_guards(table):
            connection.exec_driver_sql(statement)
        return
    connection.exec_driver_sql(_PG_REFUSE.replace("%", "%%"))  # the driver reads % as a mark
    connection.exec_driver_sql(_PG_CLOSED.replace("%", "%%"))
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION keiryo_refuse_change()"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_new_act AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION keiryo_refuse_closed_act()"
    )


def sqlite_guards(table: str) -> list[str]:
    """Return the trigger statements that guard `table` on SQLite.

    The insert guard also stops INSERT OR REPLACE, which deletes without a delete trigger.
    """
    refuse = f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}: {table}'); END"
    # REPLACE would delete the act that has the same client id; no delete trigger sees that.
    taken = f" OR EXISTS (SELECT 1 FROM {ACT} WHERE client_id = NEW.client_id)"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_new_act BEFORE INSERT ON {table} "
        f"WHEN NEW.act_id <= (SELECT act_id FROM {CHAIN_HEAD}){taken if table == ACT else ''} "
        f"BEGIN SELECT RAISE(ABORT, '{_ACT_IS_CLOSED}: {table}'); END",
    ]


@contextmanager
def bulk_insert(connection: Connection, table: str) -> Iterator[None]:
    """Let the open act's own lines into `table` without asking the insert guard about each.

    For whoever posts, who numbers the lines itself. On SQLite the guard is taken away and put
    back within the transaction that holds the only right to write: nobody else can insert in
    between, and a failure brings it back with all the rest. (A trigger makes SQLite keep a
    journal of every single insertion, which takes longer than the insertion.) On PostgreSQL
    the guard runs once per statement and stays.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    statement = next(s for s in sqlite_guards(table) if s.split()[2] == f"{table}_new_act")
    query = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = ? AND sql = ?"
    present = connection.exec_driver_sql(query, (f"{table}_new_act", statement)).first()
    if present is None:  # whatever is there instead is for `keiryo verify` to report
        yield
        return
    connection.exec_driver_sql(f"DROP TRIGGER {table}_new_act")
    yield
    connection.exec_driver_sql(statement)


def guards_missing(connection: Connection, table: str) -> list[str]:
    """Return the names of the guards of `table` that the database does not have."""
    if connection.dialect.name == "sqlite":
        wanted = {s.split()[2]: s for s in sqlite_guards(table)}
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        present = dict(tuple(row) for row in connection.exec_driver_sql(query, (table,)))
        return sorted(n for n, statement in wanted.items() if present.get(n) != statement)
    query = (
        "SELECT tgname, tgtype, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "WHERE tgrelid = to_regclass(%s) AND tgenabled = 'O' AND tgqual IS NULL AND tgattr = ''"
    )
    found = {tuple(row) for row in connection.exec_driver_sql(query, (table,))}
    expected = {
        (f"{table}_append_only", _PG_BEFORE_CHANGE, _PG_REFUSE.split("$$")[1]),
        (f"{table}_new_act", _PG_AFTER_INSERT, _PG_CLOSED.split("$$")[1]),
    }
    return sorted(name for name, _, _ in expected - found)


# Bits of pg_trigger.tgtype: 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
_PG_BEFORE_CHANGE = 2 | 8 | 16 | 32
_PG_AFTER_INSERT = 4


_PG_REFUSE = f"""
CREATE OR REPLACE FUNCTION keiryo_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{APPEND_ONLY}: %', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

_PG_CLOSED = f"""
CREATE OR REPLACE FUNCTION keiryo_refuse_closed_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added WHERE act_id <= (SELECT act_id FROM {CHAIN_HEAD})) THEN
    RAISE EXCEPTION '{_ACT_IS_CLOSED}: %', TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$
"""
