"""Which rows of a table say something new.

A row that stands in force in the same words is not new. A row that was withdrawn, in the words in
which it once was recorded, is an old file sent again: it does not come back by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import Severity
from keiryo.journal.reading import act as read_act
from keiryo.measurement.forms import CONTROLS, Form
from keiryo.measurement.in_force import CONTROL_FIELDS, NAMES, control_history, latest
from keiryo.measurement.table_files import ReadTable, TableRow

Row = dict[str, Any]


def new_rows(
    connection: Connection, metadata: MetaData, form: Form, table: ReadTable, *, again: bool
) -> tuple[list[TableRow], int]:
    """Return the rows to record, and how many were left out because they were withdrawn.

    Parameters
    ----------
    connection, metadata
    form : Form
    table : ReadTable
        Gets a finding for what was left out.
    again : bool
        Whether withdrawn rows count again.
    """
    if form is CONTROLS:
        return _new_controls(connection, metadata, table, again)
    lines = metadata.tables[form.kind.name]
    query = select(lines).order_by(lines.c.act_id, lines.c.line_no)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    names = NAMES[form.kind.name]
    known = latest(form.kind.name, rows)
    history: dict[tuple[Any, ...], list[Row]] = {}
    for line in rows:
        history.setdefault(tuple(line[n] for n in names), []).append(line)
    new, skipped = [], []
    for row in table.rows:
        name = tuple(row.values[n] for n in names)
        if name in known:
            if not _same(row.values, known[name]):
                new.append(row)
        elif not again and any(_same(row.values, line) for line in history.get(name, ())):
            skipped.append((row, int(history[name][-1]["act_id"])))
        else:
            new.append(row)
    _tell_withdrawn(connection, metadata, table, skipped)
    return new, len(skipped)


def _same(values: Mapping[str, Any], line: Mapping[str, Any]) -> bool:
    return all(line[name] == value for name, value in values.items())


def _new_controls(
    connection: Connection, metadata: MetaData, table: ReadTable, again: bool
) -> tuple[list[TableRow], int]:
    """Return the rows beyond those equal ones that are recorded, or were withdrawn."""
    in_force, gone = control_history(connection, metadata)
    remaining = Counter(tuple(line[name] for name in CONTROL_FIELDS) for line in in_force)
    withdrawn: dict[tuple[Any, ...], list[int]] = {}
    for line in () if again else gone:
        values = tuple(line[name] for name in CONTROL_FIELDS)
        withdrawn.setdefault(values, []).append(int(line["withdrawn_by"]))
    new, skipped = [], []
    for row in table.rows:
        values = tuple(row.values[name] for name in CONTROL_FIELDS)
        if remaining[values] > 0:
            remaining[values] -= 1
        elif withdrawn.get(values):
            skipped.append((row, withdrawn[values].pop()))
        else:
            new.append(row)
    left = len(table.rows) - len(new) - len(skipped)
    if left and new:
        table.wrong(
            f"{left} of the rows are recorded already, equal in every column, and were left out",
            "If they are further repetitions, send them in one file with the earlier ones, or "
            "tell them apart by item or session.",
            code="CONTROL-REPEATED", severity=Severity.INFORMATION,
        )  # fmt: skip
    _tell_withdrawn(connection, metadata, table, skipped)
    return new, len(skipped)


def _tell_withdrawn(
    connection: Connection,
    metadata: MetaData,
    table: ReadTable,
    skipped: Iterable[tuple[TableRow, int]],
) -> None:
    by: dict[int, list[TableRow]] = {}
    for row, act_id in skipped:
        by.setdefault(act_id, []).append(row)
    for act_id, rows in sorted(by.items()):
        act = read_act(connection, metadata, act_id)
        rest = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        table.wrong(
            f"withdrawn by act {act_id}, and left out{rest}; the reason was: {act.reason or '-'}",
            "Nothing is to be done if that still holds. If the rows count again, import the file "
            "with --again.",
            rows[0], code="MEASUREMENT-WITHDRAWN", severity=Severity.WARNING, found=str(len(rows)),
            expected=f"act {act_id}",
        )  # fmt: skip
