"""Inspections of the regulator and peer reviews as they stand."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import Finding, NotFoundError
from keiryo.security_regime.finding_record import FindingRecord, finding_register
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspection_rules import inspection_findings
from keiryo.security_regime.oversight_record import Context, recorded_rows
from keiryo.security_regime.tables_oversight import (
    SECURITY_INSPECTION,
    SECURITY_INSPECTION_STEP,
)

KINDS = (SECURITY_INSPECTION.name, SECURITY_INSPECTION_STEP.name)


@dataclass(slots=True)
class Inspections:
    """All inspections as they stand, by name; lines can be added one by one."""

    known: dict[str, Inspection] = field(default_factory=dict)
    raised: Mapping[str, FindingRecord] = field(default_factory=dict)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        one = self.known.get(line["inspection"])
        if kind == SECURITY_INSPECTION.name:
            self.known[line["inspection"]] = (
                Inspection(line) if one is None else replace(one, values=line)
            )
        elif one is not None:
            self.known[line["inspection"]] = replace(one, steps=(*one.steps, line))

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return inspection_findings(self.known, self.raised, context, kind, line)


def read_inspections(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    through_act: int | None = None,
    with_findings: bool = False,
) -> Inspections:
    """Return all inspections, as they stood on a day and as known with an act.

    With `with_findings` the register also knows what they found, which their closing asks for.
    """
    found, day = Inspections(), None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if day is None or line.get("on_day") is None or line["on_day"] <= day:
            found.add(kind, line)
    if with_findings:
        found.raised = finding_register(connection, metadata, through_act=through_act)
    return found


def inspections(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[Inspection]:
    """Return the inspections of a facility, or all, by their first planned day."""
    every = read_inspections(connection, metadata, on=on, through_act=through_act).known.values()
    chosen = [one for one in every if scope is None or one.scope == scope]
    return sorted(chosen, key=lambda one: (int(one.values["planned_from"]), one.name))


def inspection(connection: Connection, metadata: MetaData, name: str) -> Inspection:
    """Return an inspection as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = read_inspections(connection, metadata).known.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no inspection {name[:40]!r}",
            "'keiryo protection inspection list' lists them.",
        )
    return found
