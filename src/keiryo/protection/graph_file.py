"""The input of a facility graph: areas, elements, targets, states and options, read from a file.

All that is wrong is told at once. Values of one facility state are evaluated at a time; what an
object does not say for that state are its plain values.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from keiryo.protection.classification import classification_of
from keiryo.protection.graph import Area, Element, Graph, Target, cycles, dead_areas, reached
from keiryo.protection.inputs import (
    Fields,
    Node,
    Problem,
    Warning,
    load,
    raise_problems,
    read_text_value,
)
from keiryo.protection.task import (
    TASK_KEYS,
    Response,
    Task,
    read_delay,
    read_mode,
    read_probability,
    read_response,
    read_task,
    read_where,
    time_warnings,
)
from keiryo.protection.upgrades import (
    COMMUNICATION,
    RESPONSE,
    TASK_FIELDS,
    Change,
    Option,
    conflicts,
)

KEYS = (
    *("start", "areas", "elements", "targets", "communication", "communication_mode", "response"),
    *("facility_state", "value_source", "as_of", "budget", "options"),
)
SOURCES = ("test_lower_bound", "test_point", "design", "expert", "assumed")
WORKING = "working"
STATE_KEYS = (*TASK_KEYS, "states")
ELEMENT_KEYS = ("id", "from", "to", *STATE_KEYS, "value_source", "evidence_ref", "valid_until")
TARGET_KEYS = ("id", "area", "task", "category", "consequence", "p_neutralisation")
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the values of an object rest on; `kind` is ``element``, ``area`` or ``target``."""

    id: str
    kind: str
    value_source: str | None
    evidence_ref: str | None = None
    valid_until: datetime.date | None = None

    def state(self, on: datetime.date) -> str:
        """Return ``valid`` or ``expired`` on a day, or ``none`` where no evidence is named."""
        if self.valid_until is not None and self.valid_until < on:
            return "expired"
        return "none" if self.evidence_ref is None else "valid"


@dataclass(frozen=True, slots=True)
class GraphInput:
    """A facility in the state that is evaluated, with its options.

    Attributes
    ----------
    options : tuple of Option or None
        None where the file has no options.
    as_of : datetime.date
        The day of the evaluation.
    evidence : tuple of Evidence
        Of each element, transit and target, in this order and in that of the file.
    """

    graph: Graph
    state: str
    options: tuple[Option, ...] | None
    budget: Fraction | None
    classification: str
    warnings: tuple[Warning, ...]
    as_of: datetime.date
    evidence: tuple[Evidence, ...]


def read_graph_file(path: Path | str, state: str | None = None) -> GraphInput:
    """Read a facility from a JSON or TOML file.

    Parameters
    ----------
    path : Path or str
    state : str, optional
        The facility state to evaluate; default: the state of the plain values.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_graph(load(path), state)


def read_graph(node: Node, state: str | None = None) -> GraphInput:
    """Read a facility from the content of a file; see `read_graph_file`."""
    return _Reader(node, state).read()


@dataclass(slots=True)
class _Reader:
    """Reads one file; what is found on the way is kept here."""

    node: Node
    wanted: str | None
    state: str = WORKING
    states: dict[str, None] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    tasks: list[tuple[str, Task]] = field(default_factory=list)
    has_task: set[str] = field(default_factory=set)
    warnings: list[Warning] = field(default_factory=list)
    as_of: datetime.date = field(default_factory=datetime.date.today)
    evidence: list[Evidence] = field(default_factory=list)

    def read(self) -> GraphInput:
        top = self.node.fields(KEYS)
        classification, mode = classification_of(top), read_mode(top)
        plain = WORKING
        if "facility_state" in top:
            plain = top.text("facility_state") or WORKING
            if top.value["facility_state"] == "":
                self.check_state("", top.at("facility_state"), top.problems)
        self.state = plain if self.wanted is None else self.wanted
        self.states[plain] = None
        communication = read_probability(top, "communication")
        response = read_response(top)
        start = top.text("start")
        readers = top.objects("areas", ("id", "transit"), empty_code="EMPTY_LIST")
        areas = [self.area(one) for one in readers]
        elements = self.elements(top)
        targets = [
            self.target(one) for one in top.objects("targets", TARGET_KEYS, empty_code="EMPTY_LIST")
        ]
        known = [area.id for area in areas if area is not None]
        self.check_routes(top, start, readers, known, elements, targets)
        options = self.options(top) if "options" in top else None
        budget = top.number("budget", low=0, code="COST_RANGE", required=False)
        if self.state not in self.states:
            top.note(
                "STATE_UNKNOWN", "The state asked for occurs nowhere in the file.", "facility_state"
            )
        raise_problems(top.problems)
        assert communication is not None and response is not None and start is not None
        graph = Graph(
            start=start,
            areas={area.id: area for area in areas if area is not None},
            elements=tuple(one for one in elements if one is not None),
            targets=tuple(one for one in targets if one is not None),
            communication=communication,
            mode=mode,
            response_mean_s=response.mean_s,
            response_sd_s=response.sd_s,
        )
        warnings = self.all_warnings(graph, response)
        source = top.optional("value_source")
        transits = [one.id for one in graph.areas.values() if one.transit is not None]
        self.evidence += [Evidence(name, "area", source) for name in transits]
        self.evidence += [Evidence(one.id, "target", source) for one in graph.targets]
        return GraphInput(
            graph,
            self.state,
            options,
            budget,
            classification,
            tuple(warnings),
            self.as_of,
            tuple(self.evidence),
        )

    def all_warnings(self, graph: Graph, response: Response) -> list[Warning]:
        """Return what is worth a look in a file without errors."""
        others = [name for name in self.states if name != self.state]
        if others:
            told = f"States of the file that are not evaluated: {', '.join(sorted(others))}."
            self.warnings.append(Warning("STATES_NOT_EVALUATED", "/facility_state", told))
        links = [(one.origin, one.destination) for one in graph.elements]
        ends = [target.area for target in graph.targets]
        dead = set(dead_areas(graph.start, graph.areas, links, ends))
        for place, name in enumerate(graph.areas):
            if name in dead:
                told = "The area is on no route from the start to a target."
                self.warnings.append(Warning("DEAD_AREA", f"/areas/{place}", told))
        return [*self.warnings, *time_warnings(self.tasks, response)]

    def id(self, fields: Fields) -> str | None:
        """Return the id of an area, element, target or option."""
        name = fields.text("id")
        if name is None:
            return None
        if not _ID.fullmatch(name) or name in (RESPONSE, COMMUNICATION):
            told = "An id has 1 to 32 of the signs A-Z a-z 0-9 _ -; response and communication are"
            fields.note("NAME", f"{told} reserved.", "id")
            return None
        if name in self.ids:
            fields.note("DUPLICATE_ID", f"The id stands at {self.ids[name]} already.", "id")
            return name
        self.ids[name] = fields.pointer
        return name

    def task(self, fields: Fields | None, name: str | None) -> Task | None:
        """Return the task of an object in the state that is evaluated."""
        if fields is None:
            return None
        task = read_task(fields, name or "")
        states = fields.optional("states", {})
        named = tuple(states) if isinstance(states, dict) else ()
        other = fields.object("states", named, required=False)
        for state in other.value if other is not None else ():
            self.check_state(state, fields.at("states", state), fields.problems)
            self.states[state] = None
            assert other is not None
            values = other.object(state, TASK_KEYS)
            if values is not None and task is not None:
                changed = _changed(values, task)
                task = changed if state == self.state else task
            elif values is not None:
                _changed(values, Task(Fraction(0), "B", Fraction(0), Fraction(0)))
        if name is not None:
            self.has_task.add(name)
        if task is not None:
            self.tasks.append((fields.pointer, task))
        return task

    def check_state(self, state: str, pointer: str, problems: list[Problem]) -> None:
        """Note a name that no state can have."""
        if not state:
            problems.append(Problem("NAME", pointer, "A state has a name."))
        else:
            read_text_value(state, pointer, problems)

    def area(self, fields: Fields) -> Area | None:
        name = self.id(fields)
        transit = None
        if "transit" in fields:
            transit = self.task(fields.object("transit", STATE_KEYS), name)
        return None if name is None else Area(name, transit)

    def elements(self, top: Fields) -> list[Element | None]:
        source = self.source(top)
        self.as_of = top.day("as_of", required=False) or self.as_of
        found: list[Element | None] = []
        for fields in top.objects("elements", ELEMENT_KEYS, empty_code="EMPTY_LIST"):
            name, origin, to = self.id(fields), fields.text("from"), fields.text("to")
            own = self.source(fields) or source
            if "value_source" not in top and "value_source" not in fields:
                told = "Where the values come from is said neither here nor for the whole file."
                fields.note("SOURCE_MISSING", told, "value_source")
            reference = fields.text("evidence_ref", required=False)
            until = fields.day("valid_until", required=False)
            self.evidence.append(Evidence(name or "", "element", own, reference, until))
            if until is not None and until < self.as_of:
                told = "The evidence for the values was valid until a day before the evaluation's."
                at = fields.at("valid_until")
                self.warnings.append(Warning("EVIDENCE_EXPIRED", at, told))
            task = self.task(fields, name)
            if name is None or origin is None or to is None:
                found.append(None)
            else:
                found.append(Element(name, origin, to, task or _NO_TASK))
        return found

    def source(self, fields: Fields) -> str | None:
        """Return the source of values that an object names, if it does."""
        value = fields.text("value_source", required=False)
        if value is not None and value not in SOURCES:
            fields.note(
                "SOURCE_UNKNOWN", f"It must be one of {', '.join(SOURCES)}.", "value_source"
            )
        return value

    def target(self, fields: Fields) -> Target | None:
        name, area = self.id(fields), fields.text("area")
        task = self.task(fields.object("task", STATE_KEYS), name)
        fields.text("category", required=False)
        consequence = read_probability(fields, "consequence", required=False)
        neutralised = read_probability(fields, "p_neutralisation", required=False)
        if name is None or area is None:
            return None
        one = Fraction(1) if consequence is None else consequence
        return Target(name, area, task or _NO_TASK, one, neutralised)

    def check_routes(
        self,
        top: Fields,
        start: str | None,
        readers: Sequence[Fields],
        areas: Sequence[str],
        elements: Sequence[Element | None],
        targets: Sequence[Target | None],
    ) -> None:
        """Note areas that there are not, cycles, and targets that cannot be reached."""
        known = set(areas)
        # An id that may not be is told as such, and not again wherever an element names it.
        meant = {name for one in readers if isinstance(name := one.value.get("id"), str)}

        def unknown(name: str, *at: str | int) -> bool:
            if readers and name not in known and name not in meant:
                top.note("AREA_UNKNOWN", "There is no area with this id.", *at)
            return name not in known

        lost = start is None or unknown(start, "start") or not elements
        links = []
        for place, element in enumerate(elements):
            if element is None or unknown(element.origin, "elements", place, "from") | unknown(
                element.destination, "elements", place, "to"
            ):
                lost = True
            elif element.origin == element.destination:
                told = f"The element leads from area {element.origin} to itself."
                top.note("CYCLE", told, "elements", place)
            else:
                links.append((element.origin, element.destination))
        for group in cycles(dict.fromkeys(areas), links):
            told = f"These areas can be reached from one another: {', '.join(group)}."
            top.note("CYCLE", told, "elements")
        found = reached(start or "", links)
        for place, target in enumerate(targets):
            if target is None or unknown(target.area, "targets", place, "area") or lost:
                continue
            if target.area not in found:
                told = "No route leads from the start to the target's area."
                top.note("NO_PATH", told, "targets", place)

    def options(self, top: Fields) -> tuple[Option, ...]:
        found = []
        readers = top.objects("options", ("id", "cost", "group", "set"))
        for fields in readers:
            name = self.id(fields)
            cost = fields.number("cost", low=0, code="COST_RANGE")
            group = fields.text("group", required=False)
            sets = fields.objects("set", ("object", "field", "value"), empty_code="EMPTY_LIST")
            changes = [self.change(one) for one in sets]
            sure = tuple(one for one in changes if one is not None)
            if len({(one.object, one.field) for one in sure}) < len(sure):
                fields.note("OPTION_CONFLICT", "The option changes one field twice.", "set")
            found.append(Option(name or "", cost or Fraction(0), sure, group))
        for one, other in conflicts(found):
            told = (
                f"The option changes a field that the option at /options/{one} changes too, and "
                "they share no group."
            )
            top.note("OPTION_CONFLICT", told, "options", other)
        return tuple(found)

    def change(self, fields: Fields) -> Change | None:
        """Return one new value of an option."""
        name = fields.text("object")
        if name is None:
            fields.required("value")
            return None
        if name == COMMUNICATION:
            if "field" in fields:
                fields.note("UNKNOWN_KEY", "communication has no fields.", "field")
            value: Any = read_probability(fields, "value")
            return None if value is None else Change(name, "", value)
        if name != RESPONSE and name not in self.has_task:
            told = "No element, area with a transit or target has this id."
            fields.note("OBJECT_UNKNOWN", told, "object")
            return None
        part = fields.text("field")
        allowed: Iterable[str] = ("mean_s", "sd_s") if name == RESPONSE else TASK_FIELDS
        if part is not None and part not in allowed:
            fields.note("FIELD_UNKNOWN", f"It must be one of {', '.join(allowed)}.", "field")
        if part is None or part not in allowed:
            return None
        if part == "p_detection":
            value = read_probability(fields, "value")
        elif part == "where":
            value = _where(fields)
        elif name == RESPONSE and part == "mean_s":
            value = fields.number("value", low=0, low_open=True, code="RESPONSE_RANGE")
        else:
            value = fields.number("value", low=0, code="TIME_RANGE")
        return None if value is None else Change(name, part, value)


_NO_TASK = Task(Fraction(0), "B", Fraction(0), Fraction(0))
"""Stands for a task with problems; the file is then refused."""


def _changed(fields: Fields, task: Task) -> Task:
    """Return a task with the values that an object gives for a state."""
    p, where, delay = task.p_detection, task.where, (task.mean_s, task.sd_s, task.sd_source)
    if "p_detection" in fields:
        read = read_probability(fields, "p_detection")
        p = p if read is None else read
    if "where" in fields:
        where = read_where(fields) or where
    if "delay" in fields:
        delay = read_delay(fields) or delay
    return Task(p, where, delay[0], delay[1], task.name, delay[2])


def _where(fields: Fields) -> str | None:
    """Return the place of detection that stands under `value`."""
    if fields.required("value") is None:
        return None
    inner = Fields({"where": fields.value["value"]}, fields.pointer, [], ("where",))
    found = read_where(inner)
    for problem in inner.problems:
        fields.note(problem.code, problem.message, "value")
    return found
