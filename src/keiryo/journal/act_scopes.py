"""The projection ``act_scope``: whose lines each act has, for whoever may see only some of them.

A list of acts, a count of them, or the last act about an area is a question about their lines,
which lie in many tables. This projection has one row for each act, capability, scope, agreement
and handling caveat, so that such questions are one condition in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Index, MetaData, Table, Text, insert

from keiryo.journal.registry import Capability, Posting, Projection
from keiryo.storage.schema import INTEGER

NAME = "act_scope"
_COLUMNS = ("act_id", "capability", "scope", "agreement", "caveat", "through_act")


def act_scope_table(metadata: MetaData) -> Table:
    """Add the projection's table to `metadata` and return it."""
    table = Table(
        NAME,
        metadata,
        Column("act_id", INTEGER, primary_key=True, autoincrement=False),
        *(Column(name, Text, primary_key=True) for name in _COLUMNS[1:5]),
        Column("through_act", INTEGER, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
        comment="Whose lines each act has",
    )
    Index(f"ix_{NAME}_scope", table.c.scope, table.c.act_id)
    return table


def act_scopes(capabilities: Iterable[Capability]) -> Capability:
    """Return the capability that keeps the projection for the line kinds of `capabilities`."""
    owner = {kind.name: c.name for c in capabilities for kind in c.line_kinds}

    def apply(posting: Posting) -> None:
        """Add the rows of the act, gathered while its lines were written."""
        rows = {(owner[r.kind], r.scope, r.agreement or "", r.caveat or "") for r in posting.reach}
        table, act = posting.table(NAME), {"act_id": posting.act_id, "through_act": posting.act_id}
        named = [dict(zip(_COLUMNS[1:5], row, strict=True)) for row in sorted(rows)]
        posting.connection.execute(insert(table), [{**row, **act} for row in named])

    build = _select(dict(sorted(owner.items())))
    kinds = frozenset(owner)
    projection = Projection(NAME, act_scope_table, build, apply, kinds=kinds)
    return Capability("act scopes", projections=(projection,))


def _select(owner: dict[str, str]) -> str:
    """Return the SELECT of the rows of some kinds; an act with nothing in it has none."""
    parts = [
        f"SELECT DISTINCT act_id, '{capability}' AS capability, scope, "
        "COALESCE(agreement, '') AS agreement, COALESCE(caveat, '') AS caveat, "
        f"act_id AS through_act FROM {kind}"
        for kind, capability in owner.items()
    ]
    return " UNION ".join(parts)
