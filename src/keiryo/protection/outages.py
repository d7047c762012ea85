"""What is out of service on the day of an evaluation, and what then counts in its place.

In an outage ``[out_of_service_from, returned)`` a detection asset counts with a probability of
detection of 0, a delay asset with no delay. A compensatory measure that is active and verified on
the day supplies its own values instead. Nothing is left to memory: what was changed, and why,
stands in the result.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from keiryo.protection.graph import Graph
from keiryo.protection.graph_file import GraphInput
from keiryo.protection.inputs import Warning
from keiryo.protection.task import Task, Where

AssetKind: TypeAlias = Literal["detection", "delay"]
DETECTION: AssetKind = "detection"
DELAY: AssetKind = "delay"
ASSET_KINDS: tuple[AssetKind, ...] = (DETECTION, DELAY)

NO_MEASURE = "no compensatory measure"
NOT_ACTIVE = "the compensatory measure is not active on the day"
NOT_VERIFIED = "the compensatory measure is not verified"
NO_VALUES = "the compensatory measure has no recorded values"
MEASURE = "the values of the compensatory measure"


@dataclass(frozen=True, slots=True)
class DetectionValues:
    """What a compensatory measure detects in place of an asset; `where` None: as the asset."""

    p_detection: Fraction
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class DelayValues:
    """How long a compensatory measure delays in place of an asset."""

    mean_s: Fraction
    sd_s: Fraction


@dataclass(frozen=True, slots=True)
class Outage:
    """That an asset is out of service.

    Attributes
    ----------
    object_id : str
        The element, area (its transit) or target (its task) of the graph.
    asset_kind : {"detection", "delay"}
    out_of_service_from : datetime.date
    returned : datetime.date or None
        The day from which it is in service again; None: not yet.
    compensatory : DetectionValues, DelayValues or None
        What the compensatory measure is worth, if that is recorded.
    verified : bool
        Whether somebody verified the measure.
    compensatory_start, compensatory_end : datetime.date or None
        The measure is active from the one day until before the other; no start: there is none,
        no end: it goes on.
    measure, maintenance : str
        Names of the records, for the result.
    """

    object_id: str
    asset_kind: AssetKind
    out_of_service_from: datetime.date
    returned: datetime.date | None = None
    compensatory: DetectionValues | DelayValues | None = None
    verified: bool = False
    compensatory_start: datetime.date | None = None
    compensatory_end: datetime.date | None = None
    measure: str | None = None
    maintenance: str | None = None

    def covers(self, on: datetime.date) -> bool:
        """Return whether a day falls inside the outage."""
        return in_force(on, self.out_of_service_from, self.returned)

    def reason(self, on: datetime.date) -> str:
        """Return why the asset counts as it does on a day of the outage."""
        if self.compensatory_start is None:
            return NO_MEASURE
        if not in_force(on, self.compensatory_start, self.compensatory_end):
            return NOT_ACTIVE
        if not self.verified:
            return NOT_VERIFIED
        wanted = DetectionValues if self.asset_kind == DETECTION else DelayValues
        return MEASURE if isinstance(self.compensatory, wanted) else NO_VALUES


@dataclass(frozen=True, slots=True)
class Changed:
    """What an outage changed in the graph, and why."""

    object_id: str
    asset_kind: AssetKind
    reason: str
    before: Task
    after: Task
    outage: Outage

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        values: dict[str, Any]
        if self.asset_kind == DETECTION:
            values = {"p_detection": [float(one.p_detection) for one in (self.before, self.after)]}
        else:
            values = {
                "delay.mean_s": [float(one.mean_s) for one in (self.before, self.after)],
                "delay.sd_s": [float(one.sd_s) for one in (self.before, self.after)],
            }
        return {
            "object": self.object_id,
            "asset_kind": self.asset_kind,
            "out_of_service_from": self.outage.out_of_service_from.isoformat(),
            "returned": None if self.outage.returned is None else self.outage.returned.isoformat(),
            "maintenance": self.outage.maintenance,
            "measure": self.outage.measure,
            "reason": self.reason,
            "changed": values,
        }


def in_force(on: datetime.date, start: datetime.date, end: datetime.date | None) -> bool:
    """Return whether a day lies in ``[start, end)``; without an end it goes on."""
    return start <= on and (end is None or on < end)


def apply_outages(
    given: GraphInput, outages: Iterable[Outage], on: datetime.date | None = None
) -> tuple[GraphInput, tuple[Changed, ...]]:
    """Return a facility with what is out of service on a day, and everything that was changed.

    Where several outages touch one value, the one that leaves least counts. An outage of an
    object that the graph does not have changes nothing and is a warning, as is an upgrade that
    would set a value of an object out of service: upgrades apply last.

    Parameters
    ----------
    given : GraphInput
    outages : iterable of Outage
    on : datetime.date, optional
        Default: the day of the evaluation.
    """
    day = given.as_of if on is None else on
    tasks, warnings, changed = _tasks(given.graph), list(given.warnings), []
    for one in _weakest(outages, day):
        before = tasks.get(one.object_id)
        if before is None:
            told = f"The graph has no task of {one.object_id}, which is out of service."
            warnings.append(Warning("OUTAGE_UNKNOWN", "", told))
            continue
        reason = one.reason(day)
        after = _task_in_outage(before, one, reason)
        tasks[one.object_id] = after
        changed.append(Changed(one.object_id, one.asset_kind, reason, before, after, one))
    warnings += _upgrades_of(given, changed)
    made = replace(given, graph=_with_tasks(given.graph, tasks), warnings=tuple(warnings))
    return made, tuple(changed)


def _tasks(graph: Graph) -> dict[str, Task]:
    """Return the tasks of a graph by the id of their element, area or target."""
    found = {one.id: one.transit for one in graph.areas.values() if one.transit is not None}
    found |= {one.id: one.task for one in graph.elements}
    return found | {one.id: one.task for one in graph.targets}


def _with_tasks(graph: Graph, tasks: dict[str, Task]) -> Graph:
    return replace(
        graph,
        areas={
            name: area if area.transit is None else replace(area, transit=tasks[name])
            for name, area in graph.areas.items()
        },
        elements=tuple(replace(one, task=tasks[one.id]) for one in graph.elements),
        targets=tuple(replace(one, task=tasks[one.id]) for one in graph.targets),
    )


def _weakest(outages: Iterable[Outage], on: datetime.date) -> list[Outage]:
    """Return one outage of each object and kind, the one that leaves least, in order."""
    found: dict[tuple[str, AssetKind], Outage] = {}
    for one in outages:
        if not one.covers(on):
            continue
        key = (one.object_id, one.asset_kind)
        if key not in found or _left(one, on) < _left(found[key], on):
            found[key] = one
    return [found[key] for key in sorted(found)]


def _left(outage: Outage, on: datetime.date) -> Fraction:
    """Return how much an asset out of service still counts: detection, or mean delay."""
    values = outage.compensatory if outage.reason(on) == MEASURE else None
    if isinstance(values, DetectionValues):
        return values.p_detection
    return Fraction(-1) if values is None else values.mean_s


def _task_in_outage(task: Task, outage: Outage, reason: str) -> Task:
    values = outage.compensatory if reason == MEASURE else None
    if isinstance(values, DetectionValues):
        where = task.where if values.where is None else values.where
        return replace(task, p_detection=values.p_detection, where=where)
    if isinstance(values, DelayValues):
        return replace(task, mean_s=values.mean_s, sd_s=values.sd_s)
    if outage.asset_kind == DETECTION:
        return replace(task, p_detection=Fraction(0))
    return replace(task, mean_s=Fraction(0), sd_s=Fraction(0))


def _upgrades_of(given: GraphInput, changed: Sequence[Changed]) -> list[Warning]:
    """Return a warning for each option that sets a value which an outage changed."""
    fields = {DETECTION: ("p_detection",), DELAY: ("delay.mean_s", "delay.sd_s")}
    out = {(one.object_id, name) for one in changed for name in fields[one.asset_kind]}
    return [
        Warning(
            "OUTAGE_OPTION",
            f"/options/{place}",
            "The option sets a value of an object that is out of service; it counts with it.",
        )
        for place, option in enumerate(given.options or ())
        if any((change.object, change.field) in out for change in option.changes)
    ]
