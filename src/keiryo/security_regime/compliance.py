"""The compliance view: which requirement is addressed by which plan, and when it was inspected.

Made to be shown to a peer review, which needs no details but the confirmation that something is
addressed: it holds references, versions, days and counts, and no value of any element. What is
addressed is what the plans in force are recorded to address; a finding stands beside it and does
not change it.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import RefusedError, UsageError
from keiryo.journal.reading import line_node
from keiryo.security_regime.finding_record import FindingRecord, security_findings
from keiryo.security_regime.finding_states import CLOSED
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspections import inspections
from keiryo.security_regime.oversight_files import checklist_table
from keiryo.security_regime.oversight_record import facility_of, iso
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.plans import plans_in_force
from keiryo.security_regime.tables_oversight import FULL, GOOD_PRACTICE
from keiryo.sheet_text import protected

SHIPPED = "fundamental-principles.csv"
YES, PARTLY, NO = "yes", "partly", "no"
COLUMNS = (
    *("requirement_ref", "title", "source", "addressed", "plans", "last_inspected"),
    *("inspection", "open_findings", "overdue", "in_checklist"),
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of a checklist; `status` says whether its source was read."""

    ref: str
    title: str
    source: str
    status: str | None = None


@dataclass(frozen=True, slots=True)
class ComplianceRow:
    """How a requirement stands at a facility.

    Attributes
    ----------
    requirement : Requirement
    addressed : str
        ``yes``, ``partly`` or ``no``.
    plans : tuple of str
        Versions in force that address it, as ``PLAN/VERSION``.
    last_inspected : str or None
        Last day of the last inspection against it.
    inspection : str or None
    open_findings : tuple of str
    overdue : int
        How many of them are overdue.
    in_checklist : bool
        False: found or addressed, but not on the checklist.
    lines : tuple of str
        Where all of this stands in the record.
    """

    requirement: Requirement
    addressed: str
    plans: tuple[str, ...]
    last_inspected: str | None
    inspection: str | None
    open_findings: tuple[str, ...]
    overdue: int
    in_checklist: bool
    lines: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "requirement_ref": self.requirement.ref,
            "title": self.requirement.title,
            "source": self.requirement.source,
            "status": self.requirement.status,
            "addressed": self.addressed,
            "plans": list(self.plans),
            "last_inspected": self.last_inspected,
            "inspection": self.inspection,
            "open_findings": list(self.open_findings),
            "overdue": self.overdue,
            "in_checklist": self.in_checklist,
            "lines": list(self.lines),
        }


def read_checklist(name: str, content: bytes) -> tuple[Requirement, ...]:
    """Return the requirements of a checklist: CSV with requirement_ref, title and source.

    Raises
    ------
    RefusedError
        If it cannot be read, or a requirement stands there twice: all findings.
    """
    table = checklist_table()
    rows, findings = table.read(name, content)
    seen: set[str] = set()
    for row in rows:
        if row["requirement_ref"] in seen:
            told = f"{row['requirement_ref'][:64]!r} stands there twice"
            findings.append(table.cell_finding(told, "Leave one of them."))
        seen.add(row["requirement_ref"])
    if findings:
        raise RefusedError(f"the checklist {name} cannot be used", findings, "Correct the file.")
    return tuple(
        Requirement(row["requirement_ref"], row["title"], row["source"], row.get("status"))
        for row in rows
    )


def shipped_checklist() -> tuple[Requirement, ...]:
    """Return the Fundamental Principles of the amended CPPNM, with their order unverified."""
    data = files("keiryo.data").joinpath("security_requirements", SHIPPED)
    return read_checklist(SHIPPED, data.read_bytes())


def compliance(
    connection: Connection,
    metadata: MetaData,
    scope: str,
    checklist: Sequence[Requirement],
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> list[ComplianceRow]:
    """Return how each requirement stands at a facility on a day.

    Requirements that a plan addresses or a finding names, and that are not on the checklist, come
    last, so that nothing is hidden by the choice of a checklist.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    scope : str
        The facility, e.g. ``XA/XFA-``, or the State.
    checklist : sequence of Requirement
    on : datetime.date
    through_act : int, optional
        As known with this act.
    """
    place = facility_of(scope)
    in_force = plans_in_force(connection, metadata, place, on, through_act)
    asked: dict[str, Any] = {"on": on, "scope": place, "through_act": through_act}
    visits = [o for o in inspections(connection, metadata, **asked) if o.performed is not None]
    found = security_findings(connection, metadata, **asked)
    left = [o for o in found if o.state != CLOSED and o.grade != GOOD_PRACTICE]
    listed = {one.ref for one in checklist}
    named = {ref for one in in_force for ref in one.coverage} | {one.requirement for one in left}
    more = [Requirement(ref, "", "") for ref in sorted(named - listed)]
    return [_row(one, one.ref in listed, in_force, visits, left, on) for one in (*checklist, *more)]


def _row(
    requirement: Requirement,
    in_checklist: bool,
    in_force: Iterable[Plan],
    visits: Iterable[Inspection],
    left: Iterable[FindingRecord],
    on: datetime.date,
) -> ComplianceRow:
    ref = requirement.ref
    covering = [one for one in in_force if ref in one.coverage]
    whole = any(one.coverage[ref]["coverage"] == FULL for one in covering)
    inspected = [one for one in visits if ref in one.requirements]
    last = max(inspected, key=lambda one: (one.performed or (0, 0))[1], default=None)
    done = None if last is None else last.performed
    raised = [one for one in left if one.requirement == ref]
    return ComplianceRow(
        requirement,
        YES if whole else PARTLY if covering else NO,
        tuple(one.name for one in covering),
        None if done is None else iso(done[1]),
        None if last is None else last.name,
        tuple(one.name for one in raised),
        sum(one.overdue(on) for one in raised),
        in_checklist,
        (
            *(line_node(one.coverage[ref]) for one in covering),
            *([] if last is None else [line_node(last.values)]),
            *(line_node(one.values) for one in raised),
        ),
    )


def exported(rows: Sequence[ComplianceRow], form: str, scope: str, on: datetime.date) -> str:
    """Return the view as a text: ``json``, ``csv`` or ``md``.

    Raises
    ------
    UsageError
        If there is no such form.
    """
    if form == "json":
        told = {
            "schema": "keiryo.pp.compliance/1",
            "classification": "restricted",
            "scope": scope,
            "on": on.isoformat(),
            "requirements": [one.to_dict() for one in rows],
        }
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if form == "csv":
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([protected(cell) for cell in _cells(one)] for one in rows)
        return stream.getvalue()
    if form == "md":
        heads = [name.replace("_", " ") for name in COLUMNS]
        body = [[_escaped(cell) for cell in _cells(one)] for one in rows]
        table = [heads, ["---"] * len(heads), *body]
        listed = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
        return f"# Compliance of {scope} on {on.isoformat()}\n\nRestricted.\n\n{listed}\n"
    raise UsageError(f"{form[:20]!r} is no form of export", "A file ends in .json, .csv or .md.")


def _cells(one: ComplianceRow) -> list[str]:
    told = one.to_dict()
    cells = []
    for name in COLUMNS:
        value = told[name]
        if isinstance(value, bool):
            cells.append("yes" if value else "no")
        elif isinstance(value, list):
            cells.append(" ".join(value))
        else:
            cells.append("" if value is None else str(value))
    return cells


def _escaped(cell: str) -> str:
    for sign in "\\|*_<>[]`":
        cell = cell.replace(sign, f"\\{sign}")
    return cell
