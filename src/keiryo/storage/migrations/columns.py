"""The words in which migrations are written.

Migrations that were released must go on meaning what they meant, so these functions are frozen:
they are independent of `keiryo.storage.schema`, and what is new there gets a new word here.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from keiryo.storage.schema import guard

INTEGER: Any = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

Indexes = tuple[tuple[tuple[str, ...], str | None], ...]


def columns(listed: str) -> list[sa.Column[Any]]:
    """Return columns from a list like ``"scope! agreement entry_no:integer"``.

    An exclamation mark means that null is refused; the type is text where none is given.
    """
    made: list[sa.Column[Any]] = []
    for word in listed.split():
        name, _, kind = word.removesuffix("!").partition(":")
        type_: Any = {"": sa.Text(), "integer": INTEGER}[kind]
        made.append(sa.Column(name, type_, nullable=not word.endswith("!")))
    return made


def record(name: str, listed: str, *, checks: tuple[str, ...] = (), indexes: Indexes = ()) -> None:
    """Make a table of record: keyed by act and line, typed strictly, and guarded."""
    op.create_table(
        name,
        sa.Column("act_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("line_no", INTEGER, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        *columns(listed),
        sa.PrimaryKeyConstraint("act_id", "line_no"),
        *(
            sa.CheckConstraint(sa.text(check), name=f"{name}_{number}")
            for number, check in enumerate(checks, start=1)
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for fields, condition in indexes:
        where = sa.text(condition) if condition else None
        index = f"ix_{name}_{'_'.join(fields[:2])}"
        op.create_index(index, name, fields, sqlite_where=where, postgresql_where=where)
    guard(op.get_bind(), name)
