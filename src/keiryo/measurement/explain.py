"""What a weight in the books rests on: its measurement, the calibration, the error sources.

From a line of the books to the results of its batch that were in force on its day; from a result
to the calibration that its instrument had then, and to the error sources of its method; from an
error source to the control measurements that its reference names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, or_, select, text

from keiryo.accounts.model import Knowledge
from keiryo.journal.registry import Link
from keiryo.measurement.in_force import control_measurements, latest
from keiryo.measurement.tables import CALIBRATION, ERROR_SOURCE, MEASUREMENT_RESULT

SERIES = re.compile(r'series "([^"]+)"(?: \(acts ([0-9, ]+)\))?')
"""How the reference of an error source names control measurements."""

_OF_BATCH = """
SELECT 'book' AS what, r.act_id, r.line_no, r.mba, r.result, r.batch, r.basis, r.method,
       r.instrument, r.measured_on, r.state, l.{day} AS day, l.measurement AS reference
FROM {table} l JOIN measurement_result r ON r.mba = l.mba AND r.batch = l.batch
WHERE l.act_id = :act AND l.line_no = :line
"""
_NOTHING = "CAST(NULL AS TEXT)"
_LINE = text(
    " UNION ALL ".join(
        (
            _OF_BATCH.format(table="inventory_change", day="event_date"),
            _OF_BATCH.format(table="physical_inventory", day="pit_date"),
            "SELECT 'result', act_id, line_no, mba, result, batch, basis, method, instrument,"
            f" measured_on, state, measured_on, {_NOTHING}"
            " FROM measurement_result WHERE act_id = :act AND line_no = :line",
            f"SELECT 'source', act_id, line_no, {_NOTHING}, {_NOTHING}, {_NOTHING}, basis,"
            f" method, {_NOTHING}, valid_from, state, valid_from, reference"
            " FROM error_source WHERE act_id = :act AND line_no = :line",
        )
    )
)
"""All that measurement knows of a line, in one question: `why` asks it of every line."""


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the measurements that a line rests on."""
    kind, _, name = node.partition(":")
    if kind != "line":
        return
    act_id, line_no = (int(part) for part in name.split("/"))
    rows = [
        dict(row) for row in connection.execute(_LINE, {"act": act_id, "line": line_no}).mappings()
    ]
    if not rows:
        return
    if rows[0]["what"] == "book":
        yield from _results(node, rows)
    elif rows[0]["what"] == "result":
        yield from _behind_result(connection, metadata, node, rows[0])
    else:
        yield from _controls(connection, metadata, node, rows[0])


def _results(node: str, rows: list[dict[str, Any]]) -> Iterator[Link]:
    """Yield, for each quantity, the last result of the batch up to the day of the line."""
    rows.sort(key=lambda row: (row["act_id"], row["line_no"]))
    found = list(latest(MEASUREMENT_RESULT.name, rows).values())
    named = [row for row in found if row["reference"] and row["result"] == row["reference"]]
    if named:
        chosen = named
    else:
        last: dict[str, dict[str, Any]] = {}
        for row in sorted(found, key=lambda r: (r["measured_on"], r["act_id"], r["line_no"])):
            if row["day"] is not None and row["measured_on"] <= row["day"]:
                last[row["basis"]] = row
        chosen = list(last.values())
    for row in chosen:
        yield Link(node, "measured as", f"line:{row['act_id']}/{row['line_no']}")


def _behind_result(
    connection: Connection, metadata: MetaData, node: str, row: dict[str, Any]
) -> Iterator[Link]:
    table = metadata.tables[CALIBRATION.name]
    query = (
        select(table)
        .where(
            table.c.method == row["method"],
            table.c.calibrated_on <= row["measured_on"],
            or_(table.c.instrument.is_(None), table.c.instrument == row["instrument"]),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    lines = [dict(line) for line in connection.execute(query).mappings()]
    found = latest(CALIBRATION.name, lines).values()
    if found:
        last = max(found, key=lambda c: (c["calibrated_on"], c["instrument"] is not None))
        yield Link(node, "after the calibration", f"line:{last['act_id']}/{last['line_no']}")
    table = metadata.tables[ERROR_SOURCE.name]
    # A withdrawn line names its method too, and a line may change it: all of a name are asked.
    names = select(table.c.source).where(table.c.method == row["method"])
    query = select(table).where(table.c.source.in_(names)).order_by(table.c.act_id, table.c.line_no)
    lines = [dict(line) for line in connection.execute(query).mappings()]
    for line in latest(ERROR_SOURCE.name, lines).values():
        begins, ends = line["valid_from"] or 0, line["valid_to"] or 99991231
        fits = line["method"] == row["method"] and line["basis"] in (row["basis"], "sampling")
        if fits and begins <= row["measured_on"] <= ends:
            yield Link(node, "with the error of", f"line:{line['act_id']}/{line['line_no']}")


def _controls(
    connection: Connection, metadata: MetaData, node: str, row: dict[str, Any]
) -> Iterator[Link]:
    """Yield the control measurements that a source was estimated from, as known then."""
    for match in SERIES.finditer(row["reference"] or ""):
        acts = {int(number) for number in re.findall(r"\d+", match[2] or "")}
        known = Knowledge(through_act=row["act_id"])
        for control in control_measurements(connection, metadata, known, series=match[1]):
            if not acts or control.act in acts:
                yield Link(node, "estimated from", f"line:{control.act}/{control.line}")
