"""Bringing a database to the schema of this program.

The built-in tables are made and changed by numbered migrations. Tables of other capabilities,
which bring no migrations, are made where they are missing. Either all of it happens or nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from keiryo.storage import revision
from keiryo.storage.engine import Database
from keiryo.storage.frames import create_missing
from keiryo.storage.projections import rebuild
from keiryo.storage.schema import ACT, SIGNATURE, guard

_PREPARING = 0x6B656972796F
"""Key of the lock under which PostgreSQL lets one process at a time change the schema."""


def prepare(database: Database) -> list[str]:
    """Bring the database to the schema of this program; return the names of the tables made.

    On an empty database all tables are made; on an older one the migrations run; on an
    up-to-date one nothing happens.

    Raises
    ------
    NewerSchemaError
        A newer program wrote these books; nothing was changed.
    StorageError
        The database cannot take it (read-only, full, busy); nothing was changed.
    """
    with database.writing() as connection:
        lock_schema(connection)
        before = set(inspect(connection).get_table_names())
        if ACT not in before or not revision.check_schema(connection):
            upgrade(connection)
        complete(connection, database, before)
        after = inspect(connection).get_table_names()
    return [name for name in after if name not in before]


def ready(database: Database) -> None:
    """Make books ready for a command that writes: require them, and bring them up to date.

    Raises
    ------
    NotInitialisedError
        There are no books.
    NewerSchemaError
        A newer program wrote them.
    """
    database.require(older_too=True)
    with database.reading() as connection:
        current = revision.check_schema(connection)
        missing = set(database.metadata.tables) - set(inspect(connection).get_table_names())
    if missing or not current:
        prepare(database)


def lock_schema(connection: Connection) -> None:
    """Wait for whoever is changing the schema (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_PREPARING})")


def upgrade(connection: Connection, goal: str | None = None) -> None:
    """Run the migrations up to `goal` (else the newest), inside the caller's transaction.

    Raises
    ------
    NewerSchemaError
        If this program does not know `goal`.
    """
    from alembic import command
    from alembic.config import Config

    goal = goal or revision.HEAD_REVISION
    revision.require_known(goal)
    config = Config()
    config.set_main_option("script_location", str(revision.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, goal)


def complete(connection: Connection, database: Database, before: set[str] | None = None) -> None:
    """Make the tables that no migration makes, guard those of record, fill new projections.

    Those that were not there `before`, but made by a migration, are filled as well.
    """
    made = {table.name for table in create_missing(connection, database.metadata)}
    for name in sorted(made & {ACT, SIGNATURE, *database.registry.kinds}):
        guard(connection, name)
    for projection in database.registry.projections:
        if projection.name in made or (before and projection.name not in before):
            rebuild(connection, projection, database.metadata)
