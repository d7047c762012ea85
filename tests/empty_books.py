"""Empty books without waiting for the migrations each time: what they say is kept and said again.

The first empty database of a test process is made by the migrations, one of each kind (SQLite,
PostgreSQL), and the statements that they send are kept. The next one gets the same statements, in
the caller's transaction as before; only Alembic's and SQLAlchemy's work to find them is spared.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect

from keiryo.storage import migrate

BY_MIGRATION = migrate.upgrade
ONLY_READ = ("SELECT", "PRAGMA")

_said: dict[str, list[tuple[str, Any]]] = {}


def upgrade(connection: Connection, goal: str | None = None) -> None:
    """Bring a database to the schema of this program, as `keiryo.storage.migrate.upgrade` does."""
    kind = connection.dialect.name
    if goal is not None or inspect(connection).get_table_names():
        BY_MIGRATION(connection, goal)
    elif kind in _said:
        for statement, parameters in _said[kind]:
            connection.exec_driver_sql(statement, parameters)
    else:
        said = _listened(connection)
        _said[kind] = _at_once(said) if kind == "postgresql" else said


def _at_once(said: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Join statements that follow each other and have no parameters, for a server takes many."""
    joined: list[tuple[str, Any]] = []
    for statement, parameters in said:
        if joined and not parameters and not joined[-1][1]:
            joined[-1] = (f"{joined[-1][0]};\n{statement}", parameters)
        else:
            joined.append((statement, parameters))
    return joined


def _listened(connection: Connection) -> list[tuple[str, Any]]:
    """Run the migrations and return what they said, questions left out."""
    said: list[tuple[str, Any]] = []

    def heard(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        if not statement.lstrip().upper().startswith(ONLY_READ):
            said.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", heard)
    try:
        BY_MIGRATION(connection)
    finally:
        event.remove(connection, "before_cursor_execute", heard)
    return said
