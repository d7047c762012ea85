"""Projections of moves: what every holding holds now, and what each month changed.

A balance at any date is a sum over some months and over the moves of the days that are left; what
is in a holding before a day is what it holds now less the moves since.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Column, MetaData, Table, Text, text

from keiryo.journal.registry import Posting, Projection
from keiryo.obligations.tables import MOVE
from keiryo.storage.schema import INTEGER

SUM, HOLDING, STEP = "obligation_sum", "obligation_holding", "obligation_step"

_SUM_KEY = ("mba", "account", "category", "labels", "month", "agreement", "caveat")
_HOLDING_KEY = ("mba", "account", "holding", "category", "labels", "agreement", "caveat")


_SIDE = ("mba", "account", "holding", "category")
_STEP_KEY = (
    *(f"to_{name}" for name in _SIDE),
    *("event_date", "kind", "from_act", "from_line"),
    *(f"from_{name}" for name in _SIDE),
    *("agreement", "caveat"),
)
_NUMBERS = frozenset({"month", "event_date", "from_act", "from_line"})


def _table(name: str, key: tuple[str, ...], comment: str) -> Callable[[MetaData], Table]:
    def made(metadata: MetaData) -> Table:
        return Table(
            name,
            metadata,
            *(
                Column(
                    one,
                    INTEGER if one in _NUMBERS else Text(),
                    primary_key=True,
                    autoincrement=False,
                )
                for one in key
            ),
            Column("scope", Text, nullable=False),
            Column("element_mg", INTEGER, nullable=False),
            Column("through_act", INTEGER, nullable=False),
            sqlite_strict=True,
            sqlite_with_rowid=False,
            comment=comment,
        )

    return made


def _side(side: str, sign: int, keys: tuple[str, ...], condition: str) -> str:
    columns = {
        "month": "event_date / 100 AS month",
        "agreement": "COALESCE(agreement, '') AS agreement",
        "caveat": "COALESCE(caveat, '') AS caveat",
    }
    named = ", ".join(columns.get(k, f"{side}_{k} AS {k}") for k in keys)
    return f"SELECT {named}, scope, {sign} * element_mg AS mg, act_id FROM {MOVE.name}{condition}"


def _select(keys: tuple[str, ...], condition: str = "") -> str:
    names = ", ".join(keys)
    if keys is _STEP_KEY:
        inner = (
            "SELECT *, COALESCE(of_act, act_id) AS from_act, of_line AS from_line, "
            f"COALESCE(agreement, '') AS agreement_, COALESCE(caveat, '') AS caveat_ "
            f"FROM {MOVE.name}{condition}"
        )
        own = names.replace("agreement, caveat", "agreement_ AS agreement, caveat_ AS caveat")
        grouped = names.replace("agreement, caveat", "agreement_, caveat_")
        return (
            f"SELECT {own}, MIN(scope) AS scope, CAST(SUM(element_mg) AS BIGINT) AS element_mg, "
            f"MAX(act_id) AS through_act FROM ({inner}) AS moved GROUP BY {grouped}"
        )
    return (
        f"SELECT {names}, MIN(scope) AS scope, CAST(SUM(mg) AS BIGINT) AS element_mg, "
        f"MAX(act_id) AS through_act FROM ({_side('to', 1, keys, condition)} UNION ALL "
        f"{_side('from', -1, keys, condition)}) AS both_sides GROUP BY {names}"
    )


def _applying(name: str, keys: tuple[str, ...]) -> Callable[[Posting], None]:
    columns = ", ".join((*keys, "scope", "element_mg", "through_act"))
    statement = text(
        f"INSERT INTO {name} ({columns}) SELECT * FROM "
        f"({_select(keys, ' WHERE act_id = :act')}) AS fresh WHERE 1 = 1 "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET "
        f"element_mg = {name}.element_mg + excluded.element_mg, "
        f"scope = CASE WHEN excluded.scope < {name}.scope THEN excluded.scope "
        f"ELSE {name}.scope END, through_act = excluded.through_act"
    )

    def apply(posting: Posting) -> None:
        posting.connection.execute(statement, {"act": posting.act_id})

    return apply


OBLIGATION_SUM = Projection(
    SUM,
    _table(SUM, _SUM_KEY, "What each month changed under a label set, by account"),
    _select(_SUM_KEY),
    _applying(SUM, _SUM_KEY),
    kinds=frozenset({MOVE.name}),
)

OBLIGATION_HOLDING = Projection(
    HOLDING,
    _table(HOLDING, _HOLDING_KEY, "What every holding holds now under a label set"),
    _select(_HOLDING_KEY),
    _applying(HOLDING, _HOLDING_KEY),
    kinds=frozenset({MOVE.name}),
)

OBLIGATION_STEP = Projection(
    STEP,
    _table(STEP, _STEP_KEY, "What went from one holding to another, whatever its labels"),
    _select(_STEP_KEY),
    _applying(STEP, _STEP_KEY),
    kinds=frozenset({MOVE.name}),
)
