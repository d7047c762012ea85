"""Rows in bulk: Polars frames into tables, and queries into frames with a declared schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import polars as pl
from sqlalchemy import Connection, Executable, MetaData, Select, Table

from keiryo.errors import ConstraintError
from keiryo.journal.model import FieldType, LineKind

READ_ROWS = 50_000
SQLITE_VALUES = 900
"""Values in one statement; every SQLite takes 999."""


def column_list(columns: Iterable[str]) -> str:
    """Return names of columns for a statement, each in quotes: one may be a word of SQL."""
    return ", ".join(f'"{one}"' for one in columns)


def frame_schema(kind: LineKind) -> dict[str, pl.DataType]:
    """Return the Polars schema of the fields of a line kind, without act, number and salt."""
    return {f.name: pl.Int64() if f.type is FieldType.INTEGER else pl.String() for f in kind.fields}


def table_schema(columns: Sequence[Any]) -> dict[str, pl.DataType]:
    """Return the Polars schema of SQL columns."""
    names = {"BIGINT": pl.Int64(), "INTEGER": pl.Int64(), "BLOB": pl.Binary()}
    return {c.name: names.get(str(c.type).upper(), pl.String()) for c in columns}


def insert_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows through the driver at its full speed (COPY on PostgreSQL).

    Raises
    ------
    ConstraintError
        If a row breaks a rule of the table. Rows before it may be in: the caller gives up its
        transaction.
    """
    raw = connection.connection.driver_connection
    assert raw is not None
    try:
        if connection.dialect.name == "sqlite":
            _insert_sqlite(raw, table, columns, rows)
            return
        names = column_list(columns)
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except Exception as error:
        if (
            type(error).__mro__[1].__name__ == "IntegrityError"
            or "Integrity" in type(error).__name__
        ):
            raise ConstraintError(str(error).splitlines()[0]) from error
        raise


def _insert_sqlite(
    raw: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert some rows per statement, which takes two thirds of the time of single rows.

    ``OR FAIL`` spares SQLite a journal of every statement, from which it could take back the
    rows before a wrong one.
    """
    into = f"INSERT OR FAIL INTO {table} ({column_list(columns)}) VALUES "
    marks = f"({', '.join('?' * len(columns))})"
    together = max(SQLITE_VALUES // len(columns), 1)
    values = chain.from_iterable(rows)
    rest: list[Any] = []

    def portions() -> Iterator[tuple[Any, ...]]:
        size = together * len(columns)
        while len(portion := tuple(islice(values, size))) == size:
            yield portion
        rest.extend(portion)

    raw.executemany(into + ", ".join([marks] * together), portions())
    left = iter(rest)
    raw.executemany(into + marks, iter(lambda: tuple(islice(left, len(columns))), ()))


def read_frame(
    connection: Connection,
    query: Select[Any] | Executable,
    schema: dict[str, pl.DataType],
    parameters: dict[str, Any] | None = None,
) -> pl.DataFrame:
    """Run `query` and return its rows as a frame with `schema`."""
    frames = list(read_frames(connection, query, schema, parameters))
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def read_frames(
    connection: Connection,
    query: Select[Any] | Executable,
    schema: dict[str, pl.DataType],
    parameters: dict[str, Any] | None = None,
    rows: int = READ_ROWS,
    strict: bool = False,
) -> Iterator[pl.DataFrame]:
    """Run `query` and yield its rows in frames of at most `rows` rows; memory stays bounded.

    With `strict`, a value of another type than the schema says raises TypeError; without, it is
    made to fit, or becomes null.
    """
    options = {"yield_per": rows}
    result = connection.execute(query, parameters or {}, execution_options=options)
    for part in result.partitions(rows):
        columns = list(zip(*part, strict=True))
        series = [
            pl.Series(name, values, dtype=dtype, strict=strict)
            for (name, dtype), values in zip(schema.items(), columns, strict=True)
        ]
        yield pl.DataFrame(series)


def create_missing(connection: Connection, metadata: MetaData) -> list[Table]:
    """Create the tables of `metadata` that the database lacks, and return them."""
    from sqlalchemy import inspect

    present = set(inspect(connection).get_table_names())
    missing = [t for t in metadata.sorted_tables if t.name not in present]
    metadata.create_all(connection, tables=missing)
    return missing
