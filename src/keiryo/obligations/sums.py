"""Projections of moves: what every holding holds now, and what each month changed.

A balance at any date is a sum over some months and over the moves of the days that are left; what
is in a holding before a day is what it holds now less the moves since.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, Table, Text, text

from keiryo.journal.registry import Posting, Projection
from keiryo.obligations.tables import MOVE
from keiryo.storage.schema import INTEGER

if TYPE_CHECKING:
    import polars as pl

SUM, HOLDING, STEP = "obligation_sum", "obligation_holding", "obligation_step"

_SUM_KEY = ("mba", "account", "category", "labels", "month", "agreement", "caveat")
_HOLDING_KEY = ("mba", "account", "holding", "category", "labels", "agreement", "caveat")


_STEP_KEY = (
    *("to_key", "event_date", "kind", "from_act", "from_line", "from_key"),
    *("agreement", "caveat"),
)
MARK = "|"
"""Between area, account, category and name, where a holding is one text."""
_PARTS = ("mba", "account", "category", "holding")
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


def _joined(side: str) -> str:
    return f" || '{MARK}' || ".join(f"{side}_{name}" for name in _PARTS)


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
            f"SELECT *, {_joined('to')} AS to_key, {_joined('from')} AS from_key, "
            "COALESCE(of_act, act_id) AS from_act, of_line AS from_line, "
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
        f"({_select(keys, ' WHERE act_id = :act')}) AS fresh WHERE 1 = 1{_adding(name, keys)}"
    )

    def apply(posting: Posting) -> None:
        if not posting.waiting.pop(name, None):
            posting.connection.execute(statement, {"act": posting.act_id})

    return apply


def _framing(name: str, keys: tuple[str, ...]) -> Callable[[Posting, pl.DataFrame], None]:
    """Return what adds the sums of moves that were just inserted as a frame.

    The moves of an act come as frames or one by one, never both.
    """
    columns = (*keys, "scope", "element_mg", "through_act")

    def apply_frame(posting: Posting, frame: pl.DataFrame) -> None:
        posting.waiting.setdefault(name, []).append(True)
        rows = frame_sums(frame, keys, posting.act_id).select(columns).rows()
        mark = "?" if posting.connection.dialect.paramstyle == "qmark" else "%s"
        statement = (
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
            f"{_adding(name, keys)}"
        )
        if rows:
            posting.connection.exec_driver_sql(statement, rows)

    return apply_frame


def frame_sums(frame: pl.DataFrame, keys: tuple[str, ...], act_id: int) -> pl.DataFrame:
    """Return the sums of a frame of moves, as the projection with these keys has them.

    Parameters
    ----------
    frame : polars.DataFrame
        Lines of kind ``obligation_move``, all of one act.
    keys : tuple of str
        Columns by which is summed.
    act_id : int
        Act of the lines.
    """
    import polars as pl

    def given(column: str, otherwise: int | str) -> pl.Expr:
        if column not in frame.columns:
            return pl.lit(otherwise)
        return pl.col(column).fill_null(otherwise)

    lines = frame.lazy().with_columns(
        given("agreement", "").alias("agreement"),
        given("caveat", "").alias("caveat"),
        given("of_act", act_id).cast(pl.Int64).alias("from_act"),
        pl.col("of_line").alias("from_line"),
        (pl.col("event_date") // 100).alias("month"),
        *(
            pl.concat_str([f"{side}_{name}" for name in _PARTS], separator=MARK).alias(
                f"{side}_key"
            )
            for side in ("to", "from")
        ),
    )
    if keys is not _STEP_KEY:
        sides = []
        for side, sign in (("to", 1), ("from", -1)):
            own = [
                pl.col(f"{side}_{k}" if f"{side}_{k}" in frame.columns else k).alias(k)
                for k in keys
            ]
            sides.append(lines.select(*own, "scope", pl.col("element_mg") * sign))
        lines = pl.concat(sides)
    return (
        lines.group_by(keys)
        .agg(pl.col("scope").min(), pl.col("element_mg").sum())
        .with_columns(pl.lit(act_id, pl.Int64).alias("through_act"))
        .sort(keys)
        .collect()
    )


def _adding(name: str, keys: tuple[str, ...]) -> str:
    return (
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET "
        f"element_mg = {name}.element_mg + excluded.element_mg, "
        f"scope = CASE WHEN excluded.scope < {name}.scope THEN excluded.scope "
        f"ELSE {name}.scope END, through_act = excluded.through_act"
    )


OBLIGATION_SUM = Projection(
    SUM,
    _table(SUM, _SUM_KEY, "What each month changed under a label set, by account"),
    _select(_SUM_KEY),
    _applying(SUM, _SUM_KEY),
    kinds=frozenset({MOVE.name}),
    apply_frame=_framing(SUM, _SUM_KEY),
)

OBLIGATION_HOLDING = Projection(
    HOLDING,
    _table(HOLDING, _HOLDING_KEY, "What every holding holds now under a label set"),
    _select(_HOLDING_KEY),
    _applying(HOLDING, _HOLDING_KEY),
    kinds=frozenset({MOVE.name}),
    apply_frame=_framing(HOLDING, _HOLDING_KEY),
)

OBLIGATION_STEP = Projection(
    STEP,
    _table(STEP, _STEP_KEY, "What went from one holding to another, whatever its labels"),
    _select(_STEP_KEY),
    _applying(STEP, _STEP_KEY),
    kinds=frozenset({MOVE.name}),
    apply_frame=_framing(STEP, _STEP_KEY),
)
