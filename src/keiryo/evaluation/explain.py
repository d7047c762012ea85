"""What an evaluation rests on: the balance, the error sources and calibrations, the limits.

The lines of the balance lead on to the results of their batches, and the error sources to the
control measurements that they were estimated from (`keiryo.measurement.explain`).

Nodes: ``evaluation:MBA/FROM..TO/CATEGORY``, or ``evaluation:MBA`` for the last one of an area.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, and_, func, or_, select

from keiryo.accounts.model import Knowledge
from keiryo.errors import UsageError
from keiryo.evaluation.model import day_text, number_day
from keiryo.evaluation.recorded import options_of, standing_first
from keiryo.evaluation.tables import (
    EVALUATION,
    EVALUATION_LIMIT,
    EVALUATION_SHARE,
    EVALUATION_TEST,
)
from keiryo.journal.lines_at import line_at
from keiryo.journal.registry import Link
from keiryo.measurement.in_force import calibrations
from keiryo.measurement.tables import ERROR_SOURCE

_NAME = re.compile(
    r"([A-Z0-9-]{4})(?:/(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2}))?(?:/([NDEUPT]))?"
)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an evaluation, or a line of one, rests on."""
    kind, _, name = node.partition(":")
    if kind == "evaluation":
        yield from _evaluation(connection, metadata, node, name)
    elif kind == "line":
        act_id, line_no = (int(part) for part in name.split("/"))
        yield from _line(connection, metadata, node, act_id, line_no)


def _evaluation(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise UsageError(
            f"{node!r} names no evaluation",
            "Write evaluation:XAFA or evaluation:XAFA/2025-01-01..2025-12-31/E.",
        )
    mba, start, end, category = match.groups()
    table = metadata.tables[EVALUATION.name]
    query = select(table.c.act_id, table.c.line_no, table.c.period_to, table.c.category).where(
        table.c.mba == mba
    )
    if start is not None:
        query = query.where(
            table.c.period_from == int(start.replace("-", "")),
            table.c.period_to == int(end.replace("-", "")),
        )
    if category is not None:
        query = query.where(table.c.category == category)
    rows = connection.execute(query.order_by(table.c.act_id, table.c.line_no)).all()
    if not rows:
        return
    last_day = max(row[2] for row in rows)
    own = [(int(row[0]), int(row[1])) for row in rows if row[2] == last_day]
    made = options_of(connection, metadata, own)
    latest: dict[str, int] = {}
    standing: dict[str, tuple[bool, int]] = {}
    for act_id, line_no, day, letter in rows:
        if day == last_day:
            rank = standing_first(made[int(act_id), int(line_no)].alpha, int(act_id))
            standing[letter] = max(rank, standing.get(letter, rank))
            latest[letter] = standing[letter][1]
    for act_id, line_no, day, letter in rows:
        if day == last_day and latest[letter] == act_id:
            yield Link(node, "concluded in", f"line:{act_id}/{line_no}")


def _line(
    connection: Connection, metadata: MetaData, node: str, act_id: int, line_no: int
) -> Iterator[Link]:
    row = line_at(connection, metadata, EVALUATION.name, (act_id, line_no))
    if row is None:
        return
    period = f"{day_text(row['period_from'])}..{day_text(row['period_to'])}"
    yield Link(node, "evaluates", f"figure:{row['mba']}/{period}/MF/{row['category']}")
    yield from _limits(connection, metadata, node, row)
    shares = metadata.tables[EVALUATION_SHARE.name]
    query = (
        select(shares.c.source_act, shares.c.source_line)
        .where(
            shares.c.act_id == act_id,
            shares.c.parent_line == line_no,
            shares.c.source_act.is_not(None),
        )
        .distinct()
        .order_by(shares.c.source_act, shares.c.source_line)
    )
    for source_act, source_line in connection.execute(query):
        yield Link(node, "with errors of", f"line:{source_act}/{source_line}")
    yield from _calibrations(connection, metadata, node, row)


def _limits(connection: Connection, metadata: MetaData, node: str, row: Any) -> Iterator[Link]:
    """Yield the lines of the limits that the evaluation held the balance against."""
    tests, limits = metadata.tables[EVALUATION_TEST.name], metadata.tables[EVALUATION_LIMIT.name]
    last = (
        select(limits.c.name, limits.c.mba, func.max(limits.c.act_id).label("act_id"))
        .where(
            limits.c.act_id < row["act_id"],
            or_(limits.c.mba.is_(None), limits.c.mba == row["mba"]),
        )
        .group_by(limits.c.name, limits.c.mba)
        .subquery()
    )
    query = (
        select(limits.c.act_id, limits.c.line_no)
        .join(last, and_(limits.c.name == last.c.name, limits.c.act_id == last.c.act_id))
        .join(tests, tests.c.test == limits.c.name)
        .where(
            tests.c.act_id == row["act_id"],
            tests.c.parent_line == row["line_no"],
            limits.c.state == "in force",
            or_(limits.c.mba.is_(None), limits.c.mba == row["mba"]),
        )
        .distinct()
        .order_by(limits.c.act_id, limits.c.line_no)
    )
    for act, line in connection.execute(query):
        yield Link(node, "held against", f"line:{act}/{line}")


def _calibrations(
    connection: Connection, metadata: MetaData, node: str, row: Any
) -> Iterator[Link]:
    """Yield the calibrations that begin the epochs of its error sources, up to the closing."""
    shares, sources = metadata.tables[EVALUATION_SHARE.name], metadata.tables[ERROR_SOURCE.name]
    query = (
        select(sources.c.method)
        .join(
            shares,
            and_(
                shares.c.source_act == sources.c.act_id, shares.c.source_line == sources.c.line_no
            ),
        )
        .where(
            shares.c.act_id == row["act_id"],
            shares.c.parent_line == row["line_no"],
            sources.c.kind == "epoch",
            sources.c.method.is_not(None),
        )
        .distinct()
    )
    methods = {str(found[0]) for found in connection.execute(query)}
    if not methods:
        return
    last = number_day(int(row["period_to"]))
    for each in calibrations(connection, metadata, Knowledge(through_act=int(row["act_id"]))):
        if each.method in methods and each.calibrated_on <= last:
            yield Link(node, "with epochs from", f"line:{each.act}/{each.line}")
