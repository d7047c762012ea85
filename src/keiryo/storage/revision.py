"""Which schema a database has, told by one row of the table ``schema_version``.

Every change of the built-in tables is a numbered migration (``migrations/versions``). Books that
name a number which this program does not know were written by a newer one, and are left alone:
an older program would not know what it must keep up to date in them.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from keiryo.errors import NewerSchemaError, StorageError

HEAD_REVISION = "0011"
"""The newest migration; ``scripts/new-migration`` keeps this line up to date."""

VERSION_TABLE = "schema_version"
MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions() -> list[str]:
    """Return the revisions that this program has migrations for, oldest first."""
    return sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("r[0-9]*_*.py"))


def recorded_revision(connection: Connection) -> str | None:
    """Return the revision that the database has, or None if it has no table of versions.

    The transaction of `connection` must have written nothing yet: where the table is missing,
    PostgreSQL spoils it, and it is rolled back.
    """
    try:
        row = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").first()
    except DBAPIError as error:
        words = str(error.orig).lower()
        if "no such table" not in words and "does not exist" not in words:
            raise
        connection.rollback()
        return None
    return None if row is None else str(row[0])


def require_known(revision: str) -> None:
    """Check that this program knows a revision.

    Raises
    ------
    NewerSchemaError
        If it does not.
    """
    if revision != HEAD_REVISION and revision not in known_revisions():
        raise NewerSchemaError(
            f"these books were written by a newer keiryo (schema {revision}; "
            f"this program knows schemas up to {HEAD_REVISION}); nothing was changed",
            "Use the newer program on every computer that opens these books.",
        )


def check_schema(connection: Connection) -> bool:
    """Return whether the schema is the one of this program; false if it is an older one.

    Raises
    ------
    NewerSchemaError
        If a newer program wrote it.
    StorageError
        If the database does not tell.
    """
    revision = recorded_revision(connection)
    if revision == HEAD_REVISION:
        return True
    if revision is None:
        raise StorageError(
            "these books do not tell which schema they have: the table schema_version is "
            "missing or empty",
            "Something other than keiryo changed them. Restore the last backup.",
        )
    require_known(revision)
    return False
