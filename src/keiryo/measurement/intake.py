"""Measurement tables are imported, withdrawn and exported: one act for one file, or nothing.

What stands in force in the same words is left alone, so that the same file may be sent again, and
a file that has grown adds what is new in it. A correction is a new line of the same name. Of
control measurements, which have no name, a file states how many equal ones there are. What was
withdrawn does not come back by itself when an old file is sent again: it is left out and said,
unless whoever sends it says that it counts again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts.model import NOW, Knowledge
from keiryo.dates import number_date, utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.measurement.forms import CONTROLS, FORMS, SOURCES, Form
from keiryo.measurement.in_force import (
    NAMES,
    control_history,
    line_name,
    rows_in_force,
    stratum_methods,
)
from keiryo.measurement.news import new_rows
from keiryo.measurement.table_files import ReadTable, TableRow, read_table_file, type_row
from keiryo.places.tables import areas
from keiryo.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes
    ----------
    act : Act or None
        None if nothing in it is new.
    recorded, unchanged : int
        Rows that were recorded, and that stand in force in the same words.
    findings : tuple of Finding
        Warnings; with anything worse nothing is recorded.
    withdrawn : int
        Rows that were left out because they were withdrawn.
    """

    act: Act | None
    recorded: int
    unchanged: int
    findings: tuple[Finding, ...]
    withdrawn: int = 0


def import_table(
    database: Database,
    actor: Actor,
    form: str,
    name: str,
    content: bytes,
    *,
    again: bool = False,
    clock: Clock = system_clock,
) -> Imported:
    """Record the rows of a file in one act, with the file as evidence.

    Parameters
    ----------
    database, actor
    form : str
        ``sources``, ``strata``, ``results``, ``calibrations``, ``controls`` or ``targets``.
    name, content : str, bytes
        CSV, or TOML if the name ends in ``.toml``.
    again : bool
        Whether rows that were withdrawn count again; otherwise they are left out and said.

    Raises
    ------
    RefusedError
        If anything in the file is wrong: all findings, with line and cell; nothing is recorded.
    """
    chosen = FORMS[form]
    table = read_table_file(
        name, content, chosen.columns, heading=chosen.heading, also_called=chosen.also_called
    )
    return _record(database, actor, chosen, table, (name, content), again, clock)


def record_rows(
    database: Database,
    actor: Actor,
    form: str,
    rows: Sequence[Mapping[str, str | None]],
    *,
    clock: Clock = system_clock,
) -> Imported:
    """Record rows that a person states one by one; what was withdrawn counts again.

    Parameters
    ----------
    rows : sequence of mapping
        The texts by column.

    Raises
    ------
    RefusedError
        If anything is wrong with one of them.
    """
    chosen = FORMS[form]
    table = ReadTable("")
    for number, texts in enumerate(rows, start=1):
        row = TableRow(number, "", {k: v for k, v in texts.items() if v is not None})
        type_row(table, row, chosen.columns)
        table.rows.append(row)
    return _record(database, actor, chosen, table, None, True, clock)


def _record(
    database: Database,
    actor: Actor,
    form: Form,
    table: ReadTable,
    file: tuple[str, bytes] | None,
    again: bool,
    clock: Clock,
) -> Imported:
    for row in table.rows:
        form.convert(table, row)
    find_doubles(table, form)
    counted = {"recorded": 0, "unchanged": 0, "withdrawn": 0}

    def draft(connection: Connection) -> Draft:
        if table.rows:
            form.check(connection, database.metadata, table)
        if any(f.severity is Severity.FORMAT for f in table.findings):
            raise RefusedError(
                f"the {form.words} were refused; nothing was recorded",
                table.findings,
                "Put right what the findings say and import the file again."
                if file is not None
                else "Put right what the findings say, and say it again.",
            )
        new, skipped = new_rows(connection, database.metadata, form, table, again=again)
        counted["recorded"], counted["withdrawn"] = len(new), skipped
        counted["unchanged"] = len(table.rows) - len(new) - skipped
        if not new:
            raise _NothingNew
        made = Draft(f"measurement.{form.heading}", f"measurement:{uuid.uuid4()}")
        if file is not None:
            add_evidence(
                made,
                keep_file(database.evidence, *file),
                actor.on_behalf_of,
                form.words,
                utc_text(clock()),
            )
        places = areas(connection, database.metadata) if "mba" in new[0].values else {}
        for row in new:
            mba = str(row.values.get("mba"))
            scope = places[mba].scope if mba in places else actor.on_behalf_of
            made.add(form.kind.name, {**row.values, "state": "in force"}, scope=scope)
        return made

    try:
        act: Act | None = post(database, draft, actor, clock=clock).act
    except _NothingNew:
        act = None
    return Imported(
        act, counted["recorded"], counted["unchanged"], tuple(table.findings), counted["withdrawn"]
    )


class _NothingNew(Exception):
    """All of it is in force in the same words."""


def find_doubles(table: ReadTable, form: Form) -> None:
    """Find rows of a file that stand for one thing; what it finds is added to the table."""
    if form is CONTROLS:
        return
    names = NAMES[form.kind.name]
    before: dict[tuple[Value, ...], TableRow] = {}
    for row in table.rows:
        name = tuple(row.values[n] for n in names)
        other = before.setdefault(name, row)
        if other is not row and any(value is not None for value in name):
            shown = ", ".join(str(value) for value in name if value is not None)
            table.wrong(
                f"{shown} is there twice; the other is in {other.cell or 'another row'}",
                "Remove one of them, or give them different names or days.",
                row, names[0], code="MEASUREMENT-DOUBLE",
            )  # fmt: skip


def control_rows(
    connection: Connection, metadata: MetaData, knowledge: Knowledge = NOW
) -> list[dict[str, Any]]:
    """Return the control measurements in force as they were recorded."""
    return control_history(connection, metadata, knowledge)[0]


def withdraw(
    database: Database,
    actor: Actor,
    form: str,
    chosen: Mapping[str, Value],
    reason: str,
    *,
    clock: Clock = system_clock,
) -> tuple[Act, int]:
    """Withdraw the lines in force whose fields have given values.

    Parameters
    ----------
    form : str
    chosen : mapping
        Values by field, e.g. ``{"source": "TI-random"}``; those that are None do not count.
    reason : str
        Why; it is recorded with the act.

    Returns
    -------
    Act, int
        The act, and how many lines it withdrew.

    Raises
    ------
    NotFoundError
        If nothing in force is so named.
    RefusedError
        If strata still use an error source.
    UsageError
        If the reason is empty.
    """
    if not reason.strip():
        raise UsageError("the reason is empty", "Say why it is withdrawn: --reason TEXT.")
    table = FORMS[form]
    wanted = {name: value for name, value in chosen.items() if value is not None}
    count = 0

    def draft(connection: Connection) -> Draft:
        nonlocal count
        lines = [
            line
            for line in lines_in_force(connection, database.metadata, form)
            if all(line[name] == value for name, value in wanted.items())
        ]
        if not lines:
            shown = ", ".join(_shown(name, value) for name, value in wanted.items())
            raise NotFoundError(
                f"no line of the {table.words} is in force with {shown}",
                f"'keiryo measurements {form} list' shows what is in force.",
            )
        if table is SOURCES:
            _require_unused(connection, database.metadata, {str(line["source"]) for line in lines})
        count = len(lines)
        made = Draft("measurement.withdraw", f"measurement:{uuid.uuid4()}", reason=reason)
        places = areas(connection, database.metadata)
        for line in lines:
            values = {f.name: line[f.name] for f in table.kind.own_fields}
            mba = str(values.get("mba"))
            scope = places[mba].scope if mba in places else actor.on_behalf_of
            if table is CONTROLS:  # equal ones are told apart by their place only
                values["reference"] = line_name(line["act_id"], line["line_no"])
            made.add(table.kind.name, {**values, "state": "withdrawn"}, scope=scope)
        return made

    act = post(database, draft, actor, clock=clock).act
    return act, count


def _shown(name: str, value: Value) -> str:
    is_day = isinstance(value, int) and name.endswith(("_on", "_from", "_to"))
    return f"{name} {number_date(int(value or 0)) if is_day else value}"


def _require_unused(connection: Connection, metadata: MetaData, sources: set[str]) -> None:
    findings = [
        Finding(
            "SOURCE-IN-USE",
            Severity.INCONSISTENCY,
            f"the stratum {stratum.stratum} of {stratum.mba} uses the error source {source}",
            "Import the stratum without it first, then withdraw the source.",
            mba=stratum.mba,
            found=source,
            basis="Choice of keiryo",
        )
        for stratum in stratum_methods(connection, metadata)
        for source in sorted({*stratum.element_sources, *stratum.isotope_sources} & sources)
    ]
    if findings:
        raise RefusedError("the source is in use; nothing was withdrawn", findings)


def lines_in_force(
    connection: Connection, metadata: MetaData, form: str, knowledge: Knowledge = NOW
) -> list[dict[str, Any]]:
    """Return the lines of a form in force, in the order of their names."""
    chosen = FORMS[form]
    if chosen is CONTROLS:
        return control_rows(connection, metadata, knowledge)
    found = rows_in_force(connection, metadata, chosen.kind, knowledge)
    return [found[name] for name in sorted(found, key=lambda n: tuple(str(part) for part in n))]


def table_rows(
    lines: list[dict[str, Any]], form: str, *, export: bool = False
) -> list[dict[str, Any]]:
    """Return lines as rows of texts, days as ``2025-12-31``, flags as yes and no.

    Parameters
    ----------
    lines : list of dict
    form : str
    export : bool
        Whether only the columns that can be imported again are wanted; otherwise act and line
        come first.
    """
    columns = {c.name: c for c in FORMS[form].columns}
    shown = []
    for line in lines:
        row: dict[str, Any] = {} if export else {"act": line["act_id"], "line": line["line_no"]}
        for spec in FORMS[form].kind.own_fields:
            if spec.name != "state":
                row[spec.name] = _as_text(line[spec.name], columns[spec.name].type)
        shown.append(row)
    return shown


def _as_text(value: Value, column_type: str) -> Value:
    if value is None or column_type not in ("day", "flag"):
        return value
    if column_type == "flag":
        return "yes" if value else "no"
    return number_date(int(value)).isoformat()
