"""Projections built anew: each is nothing but an answer computed from the tables of record."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, select, text

from keiryo.journal.registry import Projection
from keiryo.storage.engine import Database
from keiryo.storage.frames import column_list
from keiryo.storage.schema import CHAIN_HEAD


def rebuild(connection: Connection, projection: Projection, metadata: MetaData) -> None:
    """Empty a projection and fill it by its own SELECT, inside the caller's transaction."""
    name = projection.name
    listed = column_list(column.name for column in metadata.tables[name].columns)
    connection.execute(text(f"DELETE FROM {name}"))
    connection.execute(
        text(f"INSERT INTO {name} ({listed}) SELECT {listed} FROM ({projection.build}) AS built")
    )


def rebuild_projections(database: Database) -> list[str]:
    """Build all projections anew in one transaction and return their names.

    Whoever wants to post meanwhile waits, so that no act falls between.

    Raises
    ------
    StorageError
        If the database cannot take it (read-only, full, busy); the projections stay as they were.
    """
    with database.writing() as connection:
        connection.execute(select(database.metadata.tables[CHAIN_HEAD]).with_for_update())
        for projection in database.registry.projections:
            rebuild(connection, projection, database.metadata)
    return [projection.name for projection in database.registry.projections]
