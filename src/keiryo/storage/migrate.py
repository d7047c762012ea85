"""Bringing a database to the schema of this version."""

from __future__ import annotations

from keiryo.storage.engine import Database
from keiryo.storage.frames import create_missing
from keiryo.storage.schema import ACT, guard


def prepare(database: Database) -> list[str]:
    """Create the tables that are missing, with their guards; return their names."""
    with database.writing() as connection:
        made = [table.name for table in create_missing(connection, database.metadata)]
        for name in made:
            if name == ACT or name in database.registry.kinds:
                guard(connection, name)
    return made
