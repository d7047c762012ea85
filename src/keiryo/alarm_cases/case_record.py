"""Alarm cases as they stand: their values, steps, identifications, explanations."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.record_forms import evidence_parts, moment
from keiryo.alarm_cases.states import (
    CHARACTERIZED,
    DECISIONS,
    ESCALATED,
    FALSE,
    FINAL,
    IDENTIFIED,
    LOCALIZED,
    RAISED,
    RESPONSE,
    VERIFIED,
    goes_back,
    state_after,
)
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_EXPLANATION,
    ALARM_IDENTIFICATION,
    ALARM_NUCLIDE,
    ALARM_PACKAGE,
    ALARM_REPORT,
    ALARM_STEP,
    NUCLEAR,
    UNKNOWN,
)
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.storage.schema import ACT

NODE = "alarm:"
KINDS = (
    *(ALARM_CASE.name, ALARM_STEP.name, ALARM_IDENTIFICATION.name, ALARM_NUCLIDE.name),
    *(ALARM_EXPLANATION.name, ALARM_PACKAGE.name, ALARM_REPORT.name),
)
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlarmCase:
    """A case as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    raised_by : str or None
        Who raised it first.
    steps, identifications, nuclides, explanations, packages, reports : tuple of mapping
        Lines about it, in the order of the record.
    neutrons_ever : bool
        Whether any line of it ever told of a neutron alarm: stating it anew takes nothing back.
    """

    values: Line
    raised_by: str | None = None
    steps: tuple[Line, ...] = ()
    identifications: tuple[Line, ...] = ()
    nuclides: tuple[Line, ...] = ()
    explanations: tuple[Line, ...] = ()
    packages: tuple[Line, ...] = ()
    reports: tuple[Line, ...] = ()
    neutrons_ever: bool = False
    loudest_usv_h: float = field(default=0.0)

    @property
    def name(self) -> str:
        """Name of the case."""
        return str(self.values["alarm"])

    @property
    def scope(self) -> str:
        """Whose the case is."""
        return str(self.values["scope"])

    @property
    def state(self) -> str:
        """State in which it is."""
        state = RAISED
        for one in self.steps:
            state = state_after(state, str(one["state"]))
        return state

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in FINAL

    @property
    def standing(self) -> tuple[Line, ...]:
        """Steps that hold: what a correction put back is left out."""
        kept: list[Line] = []
        for one in self.steps:
            if one["state"] != ESCALATED and goes_back(str(one["before"]), str(one["state"])):
                at = [n for n, each in enumerate(kept) if each["state"] == one["state"]]
                end = at[-1] + 1 if at else 0
                kept = kept[:end] + [each for each in kept[end:] if each["state"] == ESCALATED]
            else:
                kept.append(one)
        return tuple(kept)

    def step(self, *states: str) -> Line | None:
        """Return the last step that holds and leads to one of some states."""
        found = [one for one in self.standing if one["state"] in states]
        return found[-1] if found else None

    @property
    def escalated(self) -> bool:
        """Whether it was escalated; nothing takes that back."""
        return any(one["state"] == ESCALATED for one in self.steps)

    @property
    def decision(self) -> str | None:
        """The decision that holds, or FALSE."""
        found = self.step(*DECISIONS, FALSE)
        return None if found is None else str(found["state"])

    @property
    def category(self) -> str | None:
        """The category that holds."""
        found = [one for one in self.standing if one["category"]]
        return str(found[-1]["category"]) if found else None

    @property
    def handover(self) -> Line | None:
        """The step by which it was handed over."""
        return self.step(RESPONSE)

    @property
    def neutrons(self) -> bool:
        """Whether neutrons were seen at any time, by the portal or afterwards."""
        return self.neutrons_ever

    @property
    def neutron_quiet(self) -> bool:
        """Whether the characterization that holds found no neutrons above background."""
        step = self.step(CHARACTERIZED)
        return step is not None and step["neutrons"] == 0

    @property
    def loud_neutrons(self) -> bool:
        """Whether the characterization that holds found neutrons above background."""
        step = self.step(CHARACTERIZED)
        return step is not None and step["neutrons"] == 1

    @property
    def identification(self) -> Line | None:
        """The identification that holds: the last one, once the case came that far."""
        held = [one for one in self.identifications if int(one["run"]) in set(self.runs)]
        return held[-1] if held and self.step(IDENTIFIED) is not None else None

    @property
    def identified(self) -> tuple[Line, ...]:
        """Nuclides of all identifications that stand: a later one takes none of them away.

        A nuclide counts once, with its gravest category. What was identified in error is taken
        back by putting the case back to CHARACTERIZED.
        """
        runs = set(self.runs)
        last: dict[str, Line] = {}
        for one in self.nuclides:
            if int(one["run"]) in runs:
                before = last.get(one["nuclide"])
                if before is None or before["category"] != NUCLEAR:
                    last[one["nuclide"]] = one
        return tuple(last.values())

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the identifications since the characterization that holds."""
        early = (RAISED, VERIFIED, LOCALIZED, CHARACTERIZED)
        begun = [_place(one) for one in self.steps if one["state"] in early]
        if self.step(CHARACTERIZED) is None or not begun:
            return ()
        return tuple(int(one["run"]) for one in self.identifications if _place(one) > begun[-1])

    @property
    def standing_explanations(self) -> tuple[Line, ...]:
        """Explanations that were not taken back, the last of each kind and reference."""
        last = {(one["kind"], one["reference"]): one for one in self.explanations}
        return tuple(one for one in last.values() if not one["void"])

    def contents(self) -> str:
        """Return the category that follows from the nuclides that stand."""
        return category_of_set(str(one["category"]) for one in self.identified)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Everything that was ever named as evidence, in order."""
        given = [self.values.get("evidence"), *(one.get("evidence") for one in self.steps)]
        given += [one.get("evidence") for one in self.explanations]
        given += [one["digest"] for one in (*self.identifications, *self.packages)]
        return tuple(dict.fromkeys(part for one in given for part in evidence_parts(one)))

    @property
    def raised(self) -> datetime.datetime:
        """When the alarm or alert was."""
        return moment(str(self.values["raised_at"]))


def _place(line: Line) -> tuple[int, int]:
    """Return the place of a line; of one that is not posted yet, after all others."""
    return int(line.get("act_id", 1 << 62)), int(line.get("line_no", 1 << 62))


def category_of_set(categories: Any) -> str:
    """Return the category of a set of nuclides by theirs.

    Examples
    --------
    >>> category_of_set(["NORM", "NORM"]), category_of_set(["MEDICAL", "NUCLEAR"])
    ('NORM', 'MIXED')
    >>> category_of_set([])
    'UNKNOWN'
    """
    found = set(categories)
    if not found or found == {UNKNOWN}:
        return UNKNOWN
    return found.pop() if len(found) == 1 else "MIXED"


_FIELDS = {
    ALARM_STEP.name: "steps",
    ALARM_IDENTIFICATION.name: "identifications",
    ALARM_NUCLIDE.name: "nuclides",
    ALARM_EXPLANATION.name: "explanations",
    ALARM_PACKAGE.name: "packages",
    ALARM_REPORT.name: "reports",
}


def taken_in(known: dict[str, AlarmCase], kind: str, line: Line) -> None:
    """Take a line into cases as they stand."""
    one = known.get(line["alarm"])
    if kind == ALARM_CASE.name:
        made = AlarmCase(line, line.get("person")) if one is None else replace(one, values=line)
        known[line["alarm"]] = _loud(made, line.get("neutron_alarm"), line.get("dose_rate_usv_h"))
    elif one is not None:
        name = _FIELDS[kind]
        more: dict[str, Any] = {name: (*getattr(one, name), line)}
        one = replace(one, **more)
        if kind == ALARM_STEP.name:
            one = _loud(one, line.get("neutrons"), line.get("dose_rate_usv_h"))
        known[one.name] = one


def _loud(one: AlarmCase, neutrons: Any, dose: Any) -> AlarmCase:
    try:
        rate = float(dose) if dose is not None else 0.0
    except (TypeError, ValueError):
        rate = 0.0
    return replace(
        one,
        neutrons_ever=one.neutrons_ever or bool(neutrons),
        loudest_usv_h=max(one.loudest_usv_h, rate),
    )


def recorded_rows(
    connection: Connection,
    metadata: MetaData,
    kinds: Sequence[str],
    *,
    through_act: int | None = None,
    act_id: int | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Return lines in the order of the record, each with who posted it and when.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kinds : sequence of str
    through_act : int, optional
        Only what had been recorded with this act.
    act_id : int, optional
        Only the lines of this act.
    """
    act, found = metadata.tables[ACT], []
    for kind in kinds:
        table = metadata.tables[kind]
        joined = table.outerjoin(act, act.c.act_id == table.c.act_id)
        query = select(table, act.c.person, act.c.recorded_at).select_from(joined)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        if act_id is not None:
            query = query.where(table.c.act_id == act_id)
        found += [(kind, dict(row)) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: (one[1]["act_id"], one[1]["line_no"]))


def case_register(
    connection: Connection,
    metadata: MetaData,
    *,
    at: datetime.datetime | None = None,
    through_act: int | None = None,
    known_at: datetime.datetime | None = None,
) -> dict[str, AlarmCase]:
    """Return all cases by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    at : datetime.datetime, optional
        As they stood at this moment: what was raised or done later is left out.
    through_act : int, optional
        As known with this act.
    known_at : datetime.datetime, optional
        As the record stood at this moment.
    """
    known: dict[str, AlarmCase] = {}
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if known_at is not None and moment(str(line["recorded_at"])) > known_at:
            continue
        told = line.get("raised_at") or line.get("at")
        if at is not None and told is not None and moment(str(told)) > at:
            continue
        taken_in(known, kind, line)
    return known


def alarm_case(connection: Connection, metadata: MetaData, name: str, **when: Any) -> AlarmCase:
    """Return a case as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = case_register(connection, metadata, **when).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no alarm case {name[:40]!r}", "'keiryo alarms queue' lists them."
        )
    return found


def told_line(line: Line, names: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a line with its node, for JSON."""
    return {**{one: line.get(one) for one in names if line.get(one) is not None},
            "recorded_by": line.get("person"), "line": line_node(line)}  # fmt: skip


Register = dict[str, AlarmCase]
May = Callable[[str, str], bool]
"""Whether a person may post acts of a kind under a scope."""
