"""The projection ``book_sum``: effective changes by day and by month.

A balance or book inventory at any date is a sum over some months and the days of one more, however
many lines lie behind it. Rows are kept even when all their lines were superseded, so that
``through_act`` always names the last act that touched them.
"""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text, text

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.journal.registry import Posting, Projection
from keiryo.storage.schema import INTEGER

NAME = "book_sum"
DAY, MONTH = "D", "M"

_KEY = ("mba", "span", "period", "category", "code", "fissile_basis", "agreement", "caveat")
_SUMS = ("element_mg", "fissile_mg", "line_count", "fissile_count")


def book_sum_table(metadata: MetaData) -> Table:
    """Add the projection's table to `metadata` and return it."""
    texts = {"span", "mba", "category", "code", "fissile_basis", "agreement", "caveat"}
    table = Table(
        NAME,
        metadata,
        *(
            Column(k, Text() if k in texts else INTEGER, primary_key=True, autoincrement=False)
            for k in _KEY
        ),
        Column("scope", Text, nullable=False),
        *(Column(name, INTEGER, nullable=False) for name in _SUMS),
        Column("through_act", INTEGER, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
        comment="Sums of effective inventory changes by day and by month",
    )
    return table


_JOIN = """
  inventory_change AS l LEFT JOIN (
    SELECT supersedes_act AS of_act, supersedes_line AS of_line, MAX(act_id) AS by_act
    FROM inventory_change WHERE supersedes_act IS NOT NULL GROUP BY supersedes_act, supersedes_line
  ) AS s ON s.of_act = l.act_id AND s.of_line = COALESCE(l.entry_line, l.line_no)
"""
_COUNTS = "(l.status IS NULL OR l.status IN ('N', 'A', 'C'))"


def _select(span: str, source: str, weight: str, condition: str, through: str) -> str:
    """Return the SELECT that sums lines by day or month; `weight` is 1, 0 or -1 per line."""
    period = "l.event_date" if span == DAY else "(l.event_date / 100) * 100"
    return f"""
SELECT l.mba AS mba, '{span}' AS span, {period} AS period, l.category AS category, l.code AS code,
  COALESCE(l.fissile_basis, '') AS fissile_basis, COALESCE(l.agreement, '') AS agreement,
  COALESCE(l.caveat, '') AS caveat, MIN(l.scope) AS scope,
  CAST(SUM({weight} * l.element_mg) AS BIGINT) AS element_mg,
  CAST(SUM({weight} * COALESCE(l.fissile_mg, 0)) AS BIGINT) AS fissile_mg,
  CAST(SUM({weight}) AS BIGINT) AS line_count,
  CAST(SUM(CASE WHEN l.fissile_mg IS NULL THEN 0 ELSE {weight} END) AS BIGINT) AS fissile_count,
  {through} AS through_act
FROM {source} WHERE {_COUNTS} AND {condition}
GROUP BY l.mba, {period}, l.category, l.code, COALESCE(l.fissile_basis, ''),
  COALESCE(l.agreement, ''), COALESCE(l.caveat, '')"""


_EFFECTIVE = "(CASE WHEN s.by_act IS NULL THEN 1 ELSE 0 END)"
BUILD = " UNION ALL ".join(
    _select(span, _JOIN, _EFFECTIVE, "1 = 1", "MAX(COALESCE(s.by_act, l.act_id))")
    for span in (DAY, MONTH)
)
"""The whole projection from the lines; also what the stand-alone verifier rebuilds."""

_UPSERT = (
    f"INSERT INTO {NAME} ({', '.join((*_KEY, 'scope', *_SUMS, 'through_act'))}) "
    "SELECT * FROM ({source}) AS fresh WHERE 1 = 1 "
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = {NAME}.{name} + excluded.{name}" for name in _SUMS)
    + ", through_act = excluded.through_act"
)
_SUPERSEDED = """
  inventory_change AS l JOIN (
    SELECT DISTINCT supersedes_act AS of_act, supersedes_line AS of_line
    FROM inventory_change WHERE act_id = :act AND supersedes_act IS NOT NULL
  ) AS s ON s.of_act = l.act_id AND s.of_line = COALESCE(l.entry_line, l.line_no)
"""


def _apply(posting: Posting) -> None:
    """Add the lines of the act, and take away what it supersedes."""
    for span in (DAY, MONTH):
        added = _select(span, "inventory_change AS l", "1", "l.act_id = :act", ":act")
        posting.connection.execute(text(_UPSERT.format(source=added)), {"act": posting.act_id})
    query = text(
        "SELECT 1 FROM inventory_change WHERE act_id = :act AND supersedes_act IS NOT NULL LIMIT 1"
    )
    if posting.connection.execute(query, {"act": posting.act_id}).first() is None:
        return
    for span in (DAY, MONTH):
        taken = _select(span, _SUPERSEDED, "-1", "1 = 1", ":act")
        posting.connection.execute(text(_UPSERT.format(source=taken)), {"act": posting.act_id})


BOOK_SUM = Projection(NAME, book_sum_table, BUILD, _apply, kinds=frozenset({INVENTORY_CHANGE.name}))
