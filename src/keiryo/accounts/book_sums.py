"""The projection ``book_sum``: effective changes by month.

A balance or book inventory at any date is a sum over some months, and over the lines of the days
that are left, however many lines lie behind it. (Sums by day would be almost as many as the lines,
and take longer to keep than the lines.) Rows are kept even when all their lines were superseded,
so that ``through_act`` always names the last act that touched them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, Table, Text, case, func, select, text

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.errors import ConstraintError
from keiryo.journal.model import MAX_INTEGER
from keiryo.journal.registry import Posting, Projection
from keiryo.storage.schema import INTEGER

if TYPE_CHECKING:
    import polars as pl

NAME = "book_sum"

WAITING_ROWS = 250_000
"""Sums that are gathered before they are put together: some 30 MB."""

LINES_READ_FOR_ONE = 4
"""Lines that SQLite reads one after another while it looks one up by an index."""

_KEY = ("mba", "month", "category", "code", "fissile_basis", "agreement", "caveat")
_SUMS = ("element_mg", "fissile_mg", "line_count", "fissile_count")
_COLUMNS = (*_KEY, "scope", *_SUMS, "through_act")


def book_sum_table(metadata: MetaData) -> Table:
    """Add the projection's table to `metadata` and return it; ``month`` is YYYYMM."""
    table = Table(
        NAME,
        metadata,
        *(
            Column(k, INTEGER if k == "month" else Text(), primary_key=True, autoincrement=False)
            for k in _KEY
        ),
        Column("scope", Text, nullable=False),
        *(Column(name, INTEGER, nullable=False) for name in _SUMS),
        Column("through_act", INTEGER, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
        comment="Sums of effective inventory changes by month",
    )
    return table


_JOIN = """
  inventory_change AS l LEFT JOIN (
    SELECT supersedes_act AS of_act, supersedes_line AS of_line, MAX(act_id) AS by_act
    FROM inventory_change WHERE supersedes_act IS NOT NULL GROUP BY supersedes_act, supersedes_line
  ) AS s ON s.of_act = l.act_id AND s.of_line = COALESCE(l.entry_line, l.line_no)
"""
_COUNTS = "(l.status IS NULL OR l.status IN ('N', 'A', 'C'))"


def _select(source: str, weight: str, condition: str, through: str) -> str:
    """Return the SELECT that sums lines by month; `weight` is 1, 0 or -1 per line."""
    return f"""
SELECT l.mba AS mba, l.event_date / 100 AS month, l.category AS category, l.code AS code,
  COALESCE(l.fissile_basis, '') AS fissile_basis, COALESCE(l.agreement, '') AS agreement,
  COALESCE(l.caveat, '') AS caveat, MIN(l.scope) AS scope,
  CAST(SUM({weight} * l.element_mg) AS BIGINT) AS element_mg,
  CAST(SUM({weight} * COALESCE(l.fissile_mg, 0)) AS BIGINT) AS fissile_mg,
  CAST(SUM({weight}) AS BIGINT) AS line_count,
  CAST(SUM(CASE WHEN l.fissile_mg IS NULL THEN 0 ELSE {weight} END) AS BIGINT) AS fissile_count,
  {through} AS through_act
FROM {source} WHERE {_COUNTS} AND {condition}
GROUP BY l.mba, l.event_date / 100, l.category, l.code, COALESCE(l.fissile_basis, ''),
  COALESCE(l.agreement, ''), COALESCE(l.caveat, '')"""


_EFFECTIVE = "(CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END)"
BUILD = _select(_JOIN, _EFFECTIVE, "1 = 1", "MAX(COALESCE(s.by_act, l.act_id))")
"""The whole projection from the lines; also what the stand-alone verifier rebuilds."""

_INTO = f"INSERT INTO {NAME} ({', '.join(_COLUMNS)}) "
_ADDING = (
    f" ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = {NAME}.{name} + excluded.{name}" for name in _SUMS)
    + ", through_act = excluded.through_act"
)
_ADD_SELECTED = f"{_INTO}SELECT * FROM ({{source}}) AS fresh WHERE 1 = 1{_ADDING}"
_ADD_ROW = f"{_INTO}VALUES ({{marks}}){_ADDING}"
_SUPERSEDING = "FROM inventory_change WHERE act_id = :act AND supersedes_act IS NOT NULL"
_SUPERSEDED = (
    f"(SELECT DISTINCT supersedes_act AS of_act {_SUPERSEDING}) AS t "
    "CROSS JOIN inventory_change AS l"
)
_IS_SUPERSEDED = (
    "l.act_id = t.of_act AND (l.act_id, COALESCE(l.entry_line, l.line_no)) "
    f"IN (SELECT supersedes_act, supersedes_line {_SUPERSEDING})"
)
"""Each superseded act is read once, however many of its lines are superseded."""


def are_most_lines(
    connection: Connection, metadata: MetaData, mba: str, lines: int | None = None
) -> bool:
    """Return whether to find something among lines it is better to read all lines there are.

    PostgreSQL has statistics and knows that by itself.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    lines : int, optional
        How many lines of the area are in question; default: all of them.
    """
    if connection.dialect.name != "sqlite":
        return False
    sums = metadata.tables[NAME]
    here = case((sums.c.mba == mba, sums.c.line_count), else_=0)
    query = select(func.sum(sums.c.line_count), func.sum(here))
    every, own = (int(number or 0) for number in connection.execute(query).one())
    return (own if lines is None else lines) * LINES_READ_FOR_ONE >= every


def _apply(posting: Posting) -> None:
    """Add the lines of the act, and take away what it supersedes."""
    _add_waiting(posting)
    if posting.draft.lines:
        single = f"l.act_id = :act AND l.line_no <= {len(posting.draft.lines)}"
        added = _select("inventory_change AS l", "1", single, ":act")
        statement = text(_ADD_SELECTED.format(source=added))
        posting.connection.execute(statement, {"act": posting.act_id})
    query = text(
        "SELECT 1 FROM inventory_change WHERE act_id = :act AND supersedes_act IS NOT NULL LIMIT 1"
    )
    if posting.connection.execute(query, {"act": posting.act_id}).first() is None:
        return
    taken = _select(_SUPERSEDED, "-1", _IS_SUPERSEDED, ":act")
    statement = text(_ADD_SELECTED.format(source=taken))
    posting.connection.execute(statement, {"act": posting.act_id})


def _apply_frame(posting: Posting, frame: pl.DataFrame) -> None:
    """Gather the sums of lines that were inserted as a frame."""
    waiting: list[pl.DataFrame] = posting.waiting.setdefault(NAME, [])
    waiting.append(month_sums(frame))
    if sum(sums.height for sums in waiting) > WAITING_ROWS:
        waiting[:] = [_added(waiting)]


def _add_waiting(posting: Posting) -> None:
    """Add what the frames of the act gave."""
    waiting: list[pl.DataFrame] = posting.waiting.pop(NAME, [])
    if not waiting:
        return
    rows = [(*row, posting.act_id) for row in _added(waiting).rows()]
    if rows:
        mark = "?" if posting.connection.dialect.paramstyle == "qmark" else "%s"
        statement = _ADD_ROW.format(marks=", ".join([mark] * len(_COLUMNS)))
        posting.connection.exec_driver_sql(statement, rows)


def _added(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the sums of sums, checked."""
    import polars as pl

    weights = pl.col("element_mg", "fissile_mg").cast(pl.Int128).sum()
    counts = pl.col("line_count", "fissile_count").sum()
    together = pl.concat(parts).group_by(_KEY).agg(pl.col("scope").min(), weights, counts)
    return _within_bounds(together.sort(_KEY))


def month_sums(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of a frame of inventory changes: the projection's rows but `through_act`.

    Raises
    ------
    ConstraintError
        If a sum is beyond 64 bits.
    """
    import polars as pl

    def given(name: str) -> pl.Expr:
        return pl.col(name) if name in frame.columns else pl.lit(None, pl.Int64)

    wide, fissile = pl.Int128, given("fissile_mg")
    texts = [
        (pl.col(name).fill_null("") if name in frame.columns else pl.lit("")).alias(name)
        for name in ("fissile_basis", "agreement", "caveat")
    ]
    lines = frame.lazy()
    if "status" in frame.columns:
        status = pl.col("status")
        lines = lines.filter(status.is_null() | status.is_in(["N", "A", "C"]))
    sums = (
        lines.select(
            "mba",
            "category",
            "code",
            "scope",
            (pl.col("event_date") // 100).alias("month"),
            *texts,
            pl.col("element_mg").cast(wide),
            fissile.cast(wide).alias("fissile_mg"),
        )
        .group_by(_KEY)
        .agg(
            pl.col("scope").min(),
            pl.col("element_mg").sum(),
            pl.col("fissile_mg").sum(),
            pl.len().cast(pl.Int64).alias("line_count"),
            pl.col("fissile_mg").count().cast(pl.Int64).alias("fissile_count"),
        )
        .sort(_KEY)
        .collect()
    )
    return _within_bounds(sums)


def _within_bounds(sums: pl.DataFrame) -> pl.DataFrame:
    """Return sums as 64-bit integers, in the order of the table's columns."""
    import polars as pl

    largest = sums.select(pl.max_horizontal(pl.col("element_mg", "fissile_mg").abs().max())).item()
    if largest is not None and largest > MAX_INTEGER:
        raise ConstraintError("the sum of the weights of a month is beyond what the books can hold")
    return sums.cast({"element_mg": pl.Int64, "fissile_mg": pl.Int64}).select(_COLUMNS[:-1])


BOOK_SUM = Projection(
    NAME,
    book_sum_table,
    BUILD,
    _apply,
    kinds=frozenset({INVENTORY_CHANGE.name}),
    apply_frame=_apply_frame,
)
