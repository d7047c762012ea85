"""What rests on a figure, an error source, a calibration or a limit: evaluations of balances.

`explain` turned around. What an evaluation took from the measurements as a whole (calibrations,
limits) is not stored with them; there the later evaluations are asked, the last ones first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.evaluation.explain import explain
from keiryo.evaluation.model import day_text
from keiryo.evaluation.tables import EVALUATION, EVALUATION_LIMIT, EVALUATION_SHARE
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.registry import Link
from keiryo.measurement.tables import CALIBRATION

_DIFFERENCE = re.compile(r"([A-Z0-9-]{4})/([0-9-]{10})\.\.([0-9-]{10})/MF/([NDEUPT])")
_MOST_ASKED = 100
"""Evaluations that are asked whether they rest on a calibration or a limit."""


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the evaluations that rest on a node."""
    kind, _, name = node.partition(":")
    if kind == "figure" and (match := _DIFFERENCE.fullmatch(name)):
        yield from _of_difference(connection, metadata, node, *match.groups())
    elif place := line_of(node):
        act_id, line_no = place
        yield from _conclusions(connection, metadata, node, act_id, line_no)
        yield from _by_source(connection, metadata, node, act_id, line_no)
        if _is_general(connection, metadata, act_id, line_no):
            yield from _asked(connection, metadata, node, act_id)


def _of_difference(
    connection: Connection,
    metadata: MetaData,
    node: str,
    mba: str,
    start: str,
    end: str,
    category: str,
) -> Iterator[Link]:
    table = metadata.tables[EVALUATION.name]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(
            table.c.mba == mba,
            table.c.period_from == int(start.replace("-", "")),
            table.c.period_to == int(end.replace("-", "")),
            table.c.category == category,
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    for act_id, line_no in connection.execute(query.limit(LINK_LIMIT)):
        yield Link(f"line:{act_id}/{line_no}", "evaluates", node)


def _conclusions(
    connection: Connection, metadata: MetaData, node: str, act_id: int, line_no: int
) -> Iterator[Link]:
    """Yield the evaluation that a line concludes, if no later one took its place."""
    table = metadata.tables[EVALUATION.name]
    query = select(table).where(table.c.act_id == act_id, table.c.line_no == line_no)
    for row in connection.execute(query).mappings():
        period = f"{day_text(row['period_from'])}..{day_text(row['period_to'])}"
        name = f"evaluation:{row['mba']}/{period}/{row['category']}"
        links = explain(connection, metadata, name)
        yield from (link for link in links if link.target == node)


def _by_source(
    connection: Connection, metadata: MetaData, node: str, act_id: int, line_no: int
) -> Iterator[Link]:
    shares = metadata.tables[EVALUATION_SHARE.name]
    query = (
        select(shares.c.act_id, shares.c.parent_line)
        .where(shares.c.source_act == act_id, shares.c.source_line == line_no)
        .distinct()
        .order_by(shares.c.act_id, shares.c.parent_line)
    )
    for share_act, parent in connection.execute(query.limit(LINK_LIMIT)):
        yield Link(f"line:{share_act}/{parent}", "with errors of", node)


def _is_general(connection: Connection, metadata: MetaData, act_id: int, line_no: int) -> bool:
    """Return whether a line is a calibration or a limit."""
    for kind in (CALIBRATION.name, EVALUATION_LIMIT.name):
        table = metadata.tables[kind]
        query = select(table.c.act_id).where(table.c.act_id == act_id, table.c.line_no == line_no)
        if connection.execute(query).first() is not None:
            return True
    return False


def _asked(connection: Connection, metadata: MetaData, node: str, act_id: int) -> Iterator[Link]:
    table = metadata.tables[EVALUATION.name]
    query = (
        select(table.c.act_id, table.c.line_no)
        .where(table.c.act_id > act_id)
        .order_by(table.c.act_id.desc(), table.c.line_no)
    )
    for later_act, later_line in connection.execute(query.limit(_MOST_ASKED)).all():
        links = explain(connection, metadata, f"line:{later_act}/{later_line}")
        yield from (link for link in links if link.target == node)
