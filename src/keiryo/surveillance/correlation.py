"""What cameras, seals and declarations say of one another in a review.

Events of two cameras that coincide within their clocks and intervals are linked; so is an opening
of a seal with the events of the cameras that watch its containment. An opening that no camera saw
although one could have seen it is a finding. Declared operations are held against the events of
cameras and the openings of seals: missing, seen at another time, not covered, not declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.containment.tables import CONTAINMENT_WATCH
from keiryo.containment.values import Value
from keiryo.dates import utc_text
from keiryo.errors import Finding
from keiryo.journal.reading import rows_of
from keiryo.screening.matching import Blind, Matching, Observation, Operation, Sensor, State, match
from keiryo.seals.tables import SEAL_INTERVAL
from keiryo.seals.values import SealCover, seal_spans
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.declared_operations import DeclaredOperation, operations
from keiryo.surveillance.images_of import micros
from keiryo.surveillance.marks import BENIGN
from keiryo.surveillance.review_events import ReviewEvent, conditions_of, review_events
from keiryo.surveillance.review_record import noted, screening_rows
from keiryo.surveillance.reviews import Review, review, uncovered

CLOCK_S = 10.0
"""Uncertainty of a clock that was read and corrected, in seconds."""
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening of a seal, as its log shows it.

    Attributes
    ----------
    seal : str
        ``seal:BODY/NUMBER``.
    begin, end : str
        UTC; the end of the period of the review where it was still open.
    containment : str
        Name of the containment that it closes; empty if unknown.
    line : str
    """

    seal: str
    begin: str
    end: str
    containment: str
    line: str


@dataclass(frozen=True, slots=True)
class Coincidence:
    """That two devices saw something at the same time.

    Attributes
    ----------
    kind : str
        ``camera-camera`` or ``camera-seal``.
    first, second : str
        Nodes of the lines of two events, or of an event and an opening.
    devices : (str, str)
    apart_s : float
        Time between them; 0 where they overlap.
    """

    kind: str
    first: str
    second: str
    devices: tuple[str, str]
    apart_s: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "kind": self.kind,
            "first": self.first,
            "second": self.second,
            "devices": list(self.devices),
            "apart_s": self.apart_s,
        }


@dataclass(frozen=True, slots=True)
class OperationMatch:
    """What became of a declared operation.

    Attributes
    ----------
    operation : DeclaredOperation
    state : str
        The worst of its sensors.
    by_sensor : dict of str to str
    seen_by : tuple of str
        Nodes of the events and openings that support it.
    """

    operation: DeclaredOperation
    state: State
    by_sensor: dict[str, State]
    seen_by: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "operation": self.operation.name,
            "from": utc_text(self.operation.begin),
            "to": utc_text(self.operation.end),
            "state": self.state.value,
            "by_sensor": {name: state.value for name, state in self.by_sensor.items()},
            "seen_by": list(self.seen_by),
        }


@dataclass(frozen=True, slots=True)
class Correlation:
    """All that the devices and declarations of a review say of one another.

    Attributes
    ----------
    operations : tuple of OperationMatch
    coincidences : tuple of Coincidence
    undeclared : tuple of str
        Nodes of events and openings that support no operation.
    findings : tuple of Finding
    """

    operations: tuple[OperationMatch, ...]
    coincidences: tuple[Coincidence, ...]
    undeclared: tuple[str, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "operations": [one.to_dict() for one in self.operations],
            "coincidences": [one.to_dict() for one in self.coincidences],
            "undeclared": list(self.undeclared),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything that was seen, and where nothing could be seen."""

    events: list[ReviewEvent]
    openings: list[Opening]
    sensors: dict[str, Sensor]
    blind: list[Blind]


def correlate(
    connection: Connection, metadata: MetaData, name: str, *, through_act: int | None = None
) -> Correlation:
    """Return what the devices and declarations of a review say of one another.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    name : str
        Of the review.
    through_act : int, optional
        What had been recorded with this act; default: everything.

    Raises
    ------
    NotFoundError
        If there is no such review.
    """
    one = review(connection, metadata, name)
    seen = _seen(connection, metadata, one, through_act)
    declared = operations(
        connection,
        metadata,
        mba=one.mba,
        begin=_datetime(one.begin),
        end=_datetime(one.end),
        through_act=through_act,
    )
    found = _match(declared, seen, one.begin)
    nodes = _nodes(seen)
    matched = tuple(
        OperationMatch(
            by_name, m.state, dict(m.by_sensor), tuple(nodes[k][0] for k in m.observations)
        )
        for by_name, m in zip(declared, found.operations, strict=True)
    )
    watched = _watched(connection, metadata, one)
    links = [*_between_cameras(seen), *_with_seals(seen, watched)]
    findings = [
        *(finding for op in matched for finding in _operation_findings(op, one)),
        *_undeclared_findings(found.undeclared, seen, one),
        *_opening_findings(seen, watched, links, one),
    ]
    undeclared = tuple(nodes[k][0] for k in found.undeclared)
    return Correlation(matched, tuple(links), undeclared, tuple(findings))


def states_of_camera(
    connection: Connection,
    metadata: MetaData,
    name: str,
    camera: str,
    begin: str,
    end: str,
    *,
    through_act: int | None = None,
) -> dict[str, State]:
    """Return what became of the operations that a camera should see and that touch a period."""
    one = review(connection, metadata, name)
    device = f"camera:{camera}"
    declared = operations(
        connection,
        metadata,
        device=device,
        begin=_datetime(begin),
        end=_datetime(end),
        through_act=through_act,
    )
    if not declared:
        return {}
    seen = _seen(connection, metadata, one, through_act, cameras=(camera,), seals=False)
    found = _match(declared, seen, one.begin)
    return {op.name: m.by_sensor[device] for op, m in zip(declared, found.operations, strict=True)}


def _seen(
    connection: Connection,
    metadata: MetaData,
    one: Review,
    through_act: int | None,
    *,
    cameras: Sequence[str] | None = None,
    seals: bool = True,
) -> _Seen:
    known = screening_rows(connection, metadata, one.screenings)
    events: list[ReviewEvent] = []
    sensors: dict[str, Sensor] = {}
    blind: list[Blind] = []
    zero = micros(one.begin)
    for name in cameras or one.cameras:
        device = f"camera:{name}"
        held = read_camera(connection, metadata, name)
        sensors[device] = Sensor(device, held.interval_s or 0.0, held.tolerance_s, CLOCK_S)
        events += review_events(
            connection, metadata, one.name, cameras=[name], through_act=through_act
        )
        rows = conditions_of(connection, metadata, one.name, name, through_act=through_act)
        parts = [(row["begin_at"], row["end_at"]) for row in rows]
        mine = [row for row in known.values() if row["camera"] == name]
        parts += uncovered(mine, one.begin, one.end)
        blind += [Blind(_s(b, zero), _s(e, zero), device) for b, e in parts]
    openings: list[Opening] = []
    if seals:
        covers = seal_spans(connection, metadata, through_act=through_act, mbas=[one.mba])
        openings = _openings(connection, metadata, covers, one, through_act)
        for cover in covers.values():
            device = cover.spans.device
            sensors.setdefault(device, Sensor(device, 0.0, 0.0, CLOCK_S))
        for device in {cover.spans.device for cover in covers.values()}:
            blind += _seal_blind(device, list(covers.values()), one)
    return _Seen(events, openings, sensors, blind)


def _openings(
    connection: Connection,
    metadata: MetaData,
    covers: dict[str, SealCover],
    one: Review,
    through_act: int | None,
) -> list[Opening]:
    """Return the openings of seals of the area in the period, from their logs."""
    devices = {cover.spans.device for cover in covers.values()}
    table = metadata.tables[SEAL_INTERVAL.name]
    conditions = (table.c.code == "opening", table.c.begin_at < one.end)
    rows = rows_of(connection, metadata, SEAL_INTERVAL.name, *conditions, through_act=through_act)
    found: dict[tuple[str, str], Opening] = {}
    for row in rows:
        device = f"seal:{row['body']}/{row['number']}"
        end = row["end_at"] or one.end
        if device not in devices or end < one.begin:
            continue
        held = [
            cover.containment
            for cover in covers.values()
            if cover.spans.device == device and utc_text(cover.attached_at) <= row["begin_at"]
        ]
        where = held[-1] if held else ""
        line = f"line:{row['act_id']}/{row['line_no']}"
        found[device, row["begin_at"]] = Opening(device, row["begin_at"], end, where, line)
    return sorted(found.values(), key=lambda opening: (opening.begin, opening.seal))


def _seal_blind(device: str, covers: Sequence[SealCover], one: Review) -> Iterator[Blind]:
    """Yield when a seal says nothing: not attached, not examined, or its log cannot be used."""
    zero, reached = micros(one.begin), one.begin
    spans = [span for c in covers if c.spans.device == device for span in c.spans.spans]
    for span in sorted(spans, key=lambda span: span.begin):
        begin, end = utc_text(span.begin), one.end if span.end is None else utc_text(span.end)
        if reached < begin:
            yield Blind(_s(reached, zero), _s(min(begin, one.end), zero), device)
        unsure = span.value in (Value.PENDING, Value.INCONCLUSIVE)
        if unsure and span.reason != "CONTAINMENT-NOT-INSPECTED":
            yield Blind(_s(max(begin, one.begin), zero), _s(min(end, one.end), zero), device)
        reached = max(reached, end)
        if reached >= one.end:
            return
    yield Blind(_s(reached, zero), _s(one.end, zero), device)


def _nodes(seen: _Seen) -> list[tuple[str, str]]:
    """Return node and device of every observation, in their order."""
    cameras = [(event.node, f"camera:{event.camera}") for event in seen.events]
    return cameras + [(opening.line, opening.seal) for opening in seen.openings]


def _match(declared: Sequence[DeclaredOperation], seen: _Seen, begin: str) -> Matching:
    zero = micros(begin)
    wanted = [
        Operation(
            op.name,
            _s(utc_text(op.begin), zero),
            _s(utc_text(op.end), zero),
            op.sensors,
            None if op.values["min_visible_ms"] is None else op.values["min_visible_ms"] / 1000,
            op.values["events"],
            process=op.values["process"] or "",
            step=op.values["step"] or 0,
        )
        for op in declared
    ]
    observations = [
        Observation(_s(e.begin, zero), _s(e.end, zero), f"camera:{e.camera}") for e in seen.events
    ]
    observations += [Observation(_s(o.begin, zero), _s(o.end, zero), o.seal) for o in seen.openings]
    return match(wanted, observations, seen.blind, sensors=seen.sensors.values())


def _watched(connection: Connection, metadata: MetaData, one: Review) -> dict[str, set[str]]:
    """Return the cameras of the review that watch each containment of its area."""
    table = metadata.tables[CONTAINMENT_WATCH.name]
    found: dict[str, set[str]] = {}
    for row in rows_of(connection, metadata, CONTAINMENT_WATCH.name, table.c.mba == one.mba):
        kind, _colon, name = str(row["device"]).partition(":")
        if kind == "camera" and name in one.cameras:
            found.setdefault(row["containment"], set()).add(name)
    return found


def _between_cameras(seen: _Seen) -> Iterator[Coincidence]:
    """Yield the pairs of events of different cameras that coincide."""
    active: list[ReviewEvent] = []
    widest = max((s.margin_s for s in seen.sensors.values()), default=0.0)
    for event in sorted(seen.events, key=lambda e: (e.begin, e.camera, e.key)):
        begin = micros(event.begin)
        active = [e for e in active if begin - micros(e.end) <= widest * SECOND]
        for other in active:
            apart = max(0, begin - micros(other.end)) / SECOND
            devices = f"camera:{other.camera}", f"camera:{event.camera}"
            margin = max(seen.sensors[one].margin_s for one in devices)
            if other.camera != event.camera and apart <= margin:
                yield Coincidence("camera-camera", other.node, event.node, devices, apart)
        active.append(event)


def _with_seals(seen: _Seen, watched: dict[str, set[str]]) -> Iterator[Coincidence]:
    """Yield the events of cameras that coincide with openings of seals."""
    for opening in seen.openings:
        cameras = watched.get(opening.containment)
        for event in seen.events:
            device = f"camera:{event.camera}"
            if cameras is not None and event.camera not in cameras:
                continue
            apart = max(
                micros(opening.begin) - micros(event.end),
                micros(event.begin) - micros(opening.end),
                0,
            )
            if apart <= seen.sensors[device].margin_s * SECOND:
                yield Coincidence(
                    "camera-seal",
                    event.node,
                    opening.line,
                    (device, opening.seal),
                    apart / SECOND,
                )


_TOLD = {
    State.DECLARED_NOT_SEEN: "DECLARED-NOT-SEEN",
    State.DECLARED_NO_COVERAGE: "DECLARED-NO-COVERAGE",
    State.COUNT_MISMATCH: "DECLARED-COUNT",
    State.ORDER_VIOLATION: "DECLARED-ORDER",
    State.CONFIRMED_EARLY: "DECLARED-OTHER-TIME",
    State.CONFIRMED_LATE: "DECLARED-OTHER-TIME",
}
UNMATCHED = frozenset(
    {
        *(State.DECLARED_NOT_SEEN, State.DECLARED_NO_COVERAGE),
        *(State.COUNT_MISMATCH, State.ORDER_VIOLATION),
    }
)
"""Outcomes that stand against a positive conclusion."""


IN_WORDS = {
    State.DECLARED_NOT_SEEN: "was not seen",
    State.DECLARED_NO_COVERAGE: "could not be seen: no coverage that can be relied on",
    State.COUNT_MISMATCH: "was seen, but another number of events than declared",
    State.ORDER_VIOLATION: "was seen before a step that comes before it",
}
"""What became of an operation that stands against a positive conclusion, in words."""


def _operation_findings(one: OperationMatch, of: Review) -> Iterator[Finding]:
    code = _TOLD.get(one.state)
    if code is None:
        return
    sensors = ", ".join(n for n, state in one.by_sensor.items() if state is one.state) or "it"
    name = one.operation.name
    period = f"from {utc_text(one.operation.begin)} to {utc_text(one.operation.end)}"
    words = {
        State.DECLARED_NOT_SEEN: f"{name} was declared {period}, and {sensors} saw nothing of it",
        State.DECLARED_NO_COVERAGE: f"{name} was declared {period}; {sensors} saw nothing that "
        "can be relied on then",
        State.COUNT_MISMATCH: f"{name}: {sensors} saw another number of events than declared",
        State.ORDER_VIOLATION: f"{name} was seen before a step that comes before it",
        State.CONFIRMED_EARLY: f"{name} was declared {period}, and {sensors} saw it earlier",
        State.CONFIRMED_LATE: f"{name} was declared {period}, and {sensors} saw it later",
    }
    yield noted(code, f"{of.name}: {words[one.state]}", advice_on(one.state), mba=of.mba)


def advice_on(state: State) -> str:
    """Return what to do about what became of a declared operation."""
    if state is State.DECLARED_NOT_SEEN:
        return "Ask the operator whether it took place, when and on which path."
    if state is State.DECLARED_NO_COVERAGE:
        return "It is neither confirmed nor absent: verify its items by measurement."
    if state is State.COUNT_MISMATCH:
        return "Look at the events around it, and ask the operator how many moves there were."
    if state is State.ORDER_VIOLATION:
        return "Check the times of the steps with the operator, and the clocks of the devices."
    return "Check the clocks of the devices and the declared time."


def _undeclared_findings(numbers: Sequence[int], seen: _Seen, of: Review) -> Iterator[Finding]:
    """Yield what was seen and not declared, unless a reviewer found it benign."""
    for number in numbers:
        if number < len(seen.events):
            event = seen.events[number]
            if event.verdict == BENIGN:
                continue
            told = f"camera {event.camera} saw a {event.values['kind']} at {event.begin}"
        else:
            opening = seen.openings[number - len(seen.events)]
            told = f"{opening.seal} was open from {opening.begin} to {opening.end}"
        yield noted(
            "SEEN-NOT-DECLARED",
            f"{of.name}: {told}, and no declared operation explains it",
            "Look at it, and ask the operator; if it is benign, mark it so with a note.",
            mba=of.mba,
        )


def _opening_findings(
    seen: _Seen, watched: dict[str, set[str]], links: Sequence[Coincidence], of: Review
) -> Iterator[Finding]:
    """Yield openings of seals that no camera saw, and those that none could see."""
    linked = {link.second for link in links if link.kind == "camera-seal"}
    zero = micros(of.begin)
    for opening in seen.openings:
        if opening.line in linked or not of.cameras:
            continue
        begin, end = _s(opening.begin, zero), _s(opening.end, zero)
        cameras = sorted(watched.get(opening.containment, set(of.cameras)))
        able = [
            name
            for name in cameras
            if not any(
                b.sensor == f"camera:{name}" and b.from_s <= end and begin <= b.to_s
                for b in seen.blind
            )
        ]
        if able:
            yield noted(
                "SEAL-OPENING-UNSEEN",
                f"{of.name}: {opening.seal} was open from {opening.begin} to {opening.end}, and "
                f"{', '.join(able)} saw nothing",
                "Look at the images of that time, and verify seal, wire and containment.",
                mba=of.mba,
            )
        else:
            yield noted(
                "SEAL-OPENING-UNWATCHED",
                f"{of.name}: {opening.seal} was open from {opening.begin} to {opening.end} while "
                f"{', '.join(cameras)} saw nothing that can be relied on",
                "What was done then is not known: verify the material behind the seal.",
                mba=of.mba,
            )


def _s(at: str, zero: int) -> float:
    return (micros(at) - zero) / SECOND


def _datetime(at: str) -> Any:
    from keiryo.dates import parse_utc

    return parse_utc(at)
