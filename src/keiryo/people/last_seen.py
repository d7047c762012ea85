"""Notes of when something was last used: made when the books can be written at once, else left.

They are worth a moment, not a minute: a page must not wait for an import that has the only writing
place of an SQLite file, nor fail because the books can only be read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Update
from sqlalchemy.exc import DBAPIError

from keiryo.errors import StorageError
from keiryo.storage.engine import LOCK_WAIT_S, Database

EVERY = timedelta(minutes=1)
"""How often the same thing is noted."""
_WAIT_MS = 50


def is_due(noted_at: datetime | None, now: datetime) -> bool:
    """Return whether the last note is old enough for another."""
    return noted_at is None or now - noted_at >= EVERY


def note(database: Database, statement: Update) -> bool:
    """Do an update if that is possible at once, and return whether it was."""
    if not database.is_sqlite:
        try:
            with database.writing() as connection:
                connection.execute(statement)
        except StorageError:
            return False
        return True
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_WAIT_MS}")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.execute(statement)
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_WAIT_S * 1000}")
    except DBAPIError:
        return False
    return True
