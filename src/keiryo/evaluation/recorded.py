"""Evaluations that were recorded: which is the last one of a balance, and what it said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.model import Knowledge
from keiryo.dates import Period, date_number
from keiryo.evaluation.model import ELEMENT, day_text
from keiryo.evaluation.tables import EVALUATION
from keiryo.quantities import Category


def recorded_digest(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    category: Category,
    knowledge: Knowledge,
) -> tuple[int, str] | None:
    """Return act and digest of inputs of the last evaluation of a balance, or None."""
    table = metadata.tables[EVALUATION.name]
    query = (
        select(table.c.act_id, table.c.inputs_digest)
        .where(
            table.c.mba == mba,
            table.c.period_from == date_number(period.start),
            table.c.period_to == date_number(period.end),
            table.c.category == str(category),
            table.c.quantity == ELEMENT,
        )
        .order_by(table.c.act_id.desc())
        .limit(1)
    )
    if knowledge.through_act is not None:
        query = query.where(table.c.act_id <= knowledge.through_act)
    row = connection.execute(query).first()
    return None if row is None else (int(row[0]), str(row[1]))


def last_evaluation_act(
    connection: Connection, metadata: MetaData, mba: str, period: Period, category: Category
) -> int | None:
    """Return the last act that evaluated a balance of a category, or None."""
    table = metadata.tables[EVALUATION.name]
    query = select(func.max(table.c.act_id)).where(
        table.c.mba == mba,
        table.c.period_from == date_number(period.start),
        table.c.period_to == date_number(period.end),
        table.c.category == str(category),
    )
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def recorded_evaluations(
    connection: Connection, metadata: MetaData, mba: str | None = None, *, every: bool = False
) -> list[dict[str, Any]]:
    """Return the recorded evaluations as plain data, in order of area, period and category.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str, optional
        Only of this area.
    every : bool
        Also those that a later one corrected.
    """
    table = metadata.tables[EVALUATION.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    found: dict[Any, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        period = (row["period_to"], row["period_from"])
        quantity = (row["quantity"] != ELEMENT, row["quantity"])
        name = (row["mba"], *period, row["category"], *quantity)
        sigma = row["sigma_muf_mg"]
        found[(*name, row["act_id"] if every else 0)] = {
            "mba": row["mba"],
            "from": day_text(int(row["period_from"])),
            "to": day_text(int(row["period_to"])),
            "category": row["category"],
            "quantity": row["quantity"],
            "muf": int(row["muf_mg"]) / 1_000_000,
            "muf_mg": int(row["muf_mg"]),
            "sigma_muf": None if sigma is None else float(sigma) / 1_000_000,
            "verdict": row["verdict"],
            "statement": row["statement"],
            "assumptions": str(row["assumptions"]).split("\n"),
            "through_act": int(row["through_act"]),
            "inputs_digest": row["inputs_digest"],
            "act": int(row["act_id"]),
            "line": int(row["line_no"]),
        }
    return [found[key] for key in sorted(found)]
