"""Declared operations: what the operator says will happen or happened, and who should see it.

A declaration names the operation, its interval, what it moves and the devices that should see it
(``camera:CAM-01``, ``seal:IAEA/0042``). Stated anew, the last line of a name counts; withdrawn, it
explains nothing any more. The operator declares; nobody else's word is put into the operator's
mouth: who declared stands in the line.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import (
    BASIS,
    bad,
    recorded_at,
    refused,
    scope_of_area,
)
from keiryo.surveillance.cameras import joined, split_list
from keiryo.surveillance.tables import DECLARED_OPERATION

DECLARE = "surveillance.declare"
DECLARED, WITHDRAWN = "declared", "withdrawn"
NODE = "operation:"

_NAME = re.compile(r"[^\s|/][^\s|]{0,59}")
_SENSOR = re.compile(r"camera:[A-Za-z0-9][A-Za-z0-9._-]{0,59}|seal:[^\s|/]{1,40}/[^\s|]{1,60}")
_STATED = (
    *("operation", "mba", "type", "items", "begin_at", "end_at", "sensors", "events"),
    *("min_visible_ms", "process", "step", "state"),
)


@dataclass(frozen=True, slots=True)
class OperationEntry:
    """An operation to be declared.

    Attributes
    ----------
    operation : str
        Name.
    mba : str
        Material balance area.
    begin, end : datetime
        When it happens.
    sensors : tuple of str
        Devices that should see it: ``camera:NAME``, ``seal:BODY/NUMBER``.
    type : str or None
        E.g. ``cask-loading``, ``fuel-transfer``, ``opening``.
    items : tuple of str
        Batches or items that it moves.
    events : int or None
        How many events it should cause; None: one or more.
    min_visible_ms : int or None
        Shortest time in which a camera could see it.
    process : str or None
        Process of which it is a step.
    step : int or None
        Number of the step.
    """

    operation: str
    mba: str
    begin: datetime
    end: datetime
    sensors: tuple[str, ...]
    type: str | None = None
    items: tuple[str, ...] = ()
    events: int | None = None
    min_visible_ms: int | None = None
    process: str | None = None
    step: int | None = None

    def values(self, person: str, state: str = DECLARED) -> dict[str, Value]:
        """Return the fields of its line, without the scope."""
        return {
            "operation": self.operation.strip(),
            "mba": self.mba.strip(),
            "type": (self.type or "").strip() or None,
            "items": joined(self.items),
            "begin_at": utc_text(self.begin),
            "end_at": utc_text(self.end),
            "sensors": joined(self.sensors) or "",
            "events": self.events,
            "min_visible_ms": self.min_visible_ms,
            "process": (self.process or "").strip() or None,
            "step": self.step,
            "state": state,
            "declared_by": person,
        }


@dataclass(frozen=True, slots=True)
class DeclaredOperation:
    """A declared operation as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    begin, end : datetime
    declared_at : str
        When the last line about it was recorded, UTC.
    """

    values: Mapping[str, Any]
    begin: datetime
    end: datetime
    declared_at: str

    @property
    def name(self) -> str:
        """Name of the operation."""
        return str(self.values["operation"])

    @property
    def sensors(self) -> tuple[str, ...]:
        """Devices that should see it."""
        return tuple(split_list(self.values["sensors"]))

    @property
    def items(self) -> tuple[str, ...]:
        """Batches or items that it moves."""
        return tuple(split_list(self.values["items"]))

    @property
    def stands(self) -> bool:
        """Whether it was not withdrawn."""
        return bool(self.values["state"] == DECLARED)

    @property
    def node(self) -> str:
        """The node of its last line."""
        return line_node(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: self.values[name] for name in (*_STATED, "declared_by")}
        return {
            **told,
            "items": list(self.items),
            "sensors": list(self.sensors),
            "declared_at": self.declared_at,
            "line": self.node,
        }


def operations(
    connection: Connection,
    metadata: MetaData,
    *,
    mba: str | None = None,
    device: str | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
    withdrawn: bool = False,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[DeclaredOperation]:
    """Return the declared operations as they stand, by beginning and name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str, optional
        Only those of an area.
    device : str, optional
        Only those that a device should see, e.g. ``camera:CAM-01``.
    begin, end : datetime, optional
        Only those that touch this period.
    withdrawn : bool
        Whether those that were withdrawn are listed too.
    known_at : datetime, optional
        What had been declared by an instant; default: everything.
    through_act : int, optional
        What had been recorded with an act; default: everything.
    """
    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    rows = rows_of(connection, metadata, DECLARED_OPERATION.name, **known)
    last = {row["operation"]: row for row in rows}
    times = recorded_at(connection, metadata, (row["act_id"] for row in last.values()))
    every = [
        DeclaredOperation(
            row, parse_utc(row["begin_at"]), parse_utc(row["end_at"]), times[row["act_id"]]
        )
        for row in last.values()
    ]
    found = [
        one
        for one in every
        if (withdrawn or one.stands)
        and (mba is None or one.values["mba"] == mba)
        and (device is None or device in one.sensors)
        and (end is None or one.begin < end)
        and (begin is None or one.end >= begin)
    ]
    return sorted(found, key=lambda one: (one.begin, one.name))


def operation(
    connection: Connection, metadata: MetaData, name: str, *, through_act: int | None = None
) -> DeclaredOperation:
    """Return a declared operation as it stands, withdrawn or not.

    Raises
    ------
    NotFoundError
        If none of that name was declared.
    """
    every = operations(connection, metadata, withdrawn=True, through_act=through_act)
    found = next((one for one in every if one.name == name), None)
    if found is None:
        raise NotFoundError(
            f"no operation {name[:60]!r} was declared",
            "'keiryo surveillance operations' lists them.",
        )
    return found


def declare(
    database: Database,
    actor: Actor,
    entries: Sequence[OperationEntry],
    *,
    cameras_seen: Collection[str] | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Declare operations: all of them in one act, or nothing.

    Parameters
    ----------
    database, actor
    entries : sequence of OperationEntry
    cameras_seen : collection of str, optional
        Names of the cameras that the person may see: another name is then refused, whether or
        not there is such a camera. Default: the person sees none, and any name is taken; a review
        tells of a camera that it does not have.
    clock : callable

    Raises
    ------
    RefusedError
        If a declaration does not hold: all findings.
    NotFoundError
        If an area is not registered.
    """
    if cameras_seen is not None:
        found = [one for entry in entries for one in _cameras_not_seen(entry, cameras_seen)]
        if found:
            raise RefusedError("nothing was declared", found)

    def draft(connection: Connection) -> Draft:
        made = Draft(DECLARE, f"surveillance:{uuid.uuid4()}")
        for one in entries:
            scope = scope_of_area(connection, database.metadata, one.mba)
            made.add(DECLARED_OPERATION.name, one.values(actor.person), scope=scope)
        _record_late(connection, made, clock())
        return made

    return post(database, draft, actor, clock=clock)


def _cameras_not_seen(entry: OperationEntry, seen: Collection[str]) -> Iterator[Finding]:
    """Yield the cameras that a declaration names and that a person does not see."""
    for sensor in entry.sensors:
        kind, _, device = sensor.strip().partition(":")
        if kind == "camera" and _SENSOR.fullmatch(sensor.strip()) and device not in seen:
            yield bad(
                "OPERATION-CAMERA",
                f"{entry.operation}: there is no camera {device} that you may see",
                "Correct the name; 'keiryo surveillance camera list' lists the cameras.",
                mba=entry.mba,
            )


def _record_late(connection: Connection, made: Draft, now: datetime) -> None:
    """Record with the act which operations are declared after their end."""
    del connection
    from keiryo.journal.tables import FINDING, finding_values

    for _, values in list(made.lines):
        if str(values["end_at"]) < utc_text(now):
            finding = Finding(
                "OPERATION-LATE",
                Severity.INFORMATION,
                f"{values['operation']} is declared after its end at {values['end_at']}",
                "Say so in the review: a declaration that follows the event explains less.",
                mba=str(values["mba"]),
                basis=BASIS,
            )
            made.add(FINDING.name, finding_values(finding, str(values["scope"])))


def withdraw(
    database: Database,
    actor: Actor,
    name: str,
    reason: str,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Withdraw a declaration: it stays in the record and explains nothing any more.

    Raises
    ------
    NotFoundError
        If none of that name was declared.
    RefusedError
        If it was withdrawn before, or no reason is given.
    """

    def draft(connection: Connection) -> Draft:
        one = operation(connection, database.metadata, name)
        if not one.stands:
            raise RefusedError(
                f"{name} is not withdrawn",
                [
                    bad(
                        "OPERATION-WITHDRAWN",
                        f"{name} was withdrawn before",
                        "Nothing is left to do; declare it anew if it takes place after all.",
                    )
                ],
            )
        made = Draft(DECLARE, f"surveillance:{uuid.uuid4()}", reason=reason.strip())
        values = {field: one.values[field] for field in (*_STATED, "scope")}
        made.add(
            DECLARED_OPERATION.name, {**values, "state": WITHDRAWN, "declared_by": actor.person}
        )
        return made

    if not reason.strip():
        raise RefusedError(
            f"{name} is not withdrawn",
            [
                bad(
                    "OPERATION-REASON",
                    f"nothing says why {name} is withdrawn",
                    "Give the reason; it stands in the record.",
                )
            ],
        )
    return post(database, draft, actor, clock=clock)


def unchanged(connection: Connection, metadata: MetaData, entry: OperationEntry) -> bool:
    """Return whether an operation stands in the record just as it would be declared."""
    every = operations(connection, metadata, mba=entry.mba)
    values = entry.values("")
    return any(
        all(one.values[field] == values[field] for field in _STATED)
        for one in every
        if one.name == values["operation"]
    )


def operation_findings(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a declaration in itself."""
    name = str(values.get("operation") or "")
    if not _NAME.fullmatch(name):
        yield bad(
            "OPERATION-NAME",
            f"{name[:60]!r} is no name of an operation",
            "Up to 60 characters without spaces, bars or a leading slash, e.g. D-2026-017.",
        )
    if str(values["end_at"]) <= str(values["begin_at"]):
        yield bad(
            "OPERATION-PERIOD",
            f"{name}: it would end at {values['end_at']}, not after it begins",
            "Correct the beginning or the end.",
        )
    sensors = split_list(values["sensors"])
    wrong = [one for one in sensors if not _SENSOR.fullmatch(one)]
    if wrong or not sensors:
        told = (
            f"{wrong[0][:60]!r} names no device" if wrong else "nothing says which device sees it"
        )
        yield bad(
            "OPERATION-SENSOR",
            f"{name}: {told}",
            "Name each as camera:CAM-01 or seal:IAEA/0042.",
        )
    events, visible = values.get("events"), values.get("min_visible_ms")
    if (events is not None and events < 1) or (visible is not None and visible < 1):
        yield bad(
            "OPERATION-EVENTS",
            f"{name}: the number of events and the shortest visible time are above zero",
            "Give them, or leave them out: then one event or more is expected.",
        )
    step = values.get("step")
    if step is not None and (step < 1 or not values.get("process")):
        yield bad(
            "OPERATION-STEP",
            f"{name}: a step needs the name of its process, and counts from 1",
            "Give both, or neither.",
        )


def check_operations(posting: Posting) -> Iterator[Refusal]:
    """Refuse declarations that cannot be, of unknown areas, or moved elsewhere.

    Whether a camera exists is not asked here: the operator declares without seeing the cameras of
    the State or an agency, and must not learn of them from what is refused. See `declare`.
    """
    known_areas = areas(posting.connection, posting.metadata)
    before = {
        one.name: one
        for one in operations(
            posting.connection,
            posting.metadata,
            withdrawn=True,
            through_act=posting.act_id - 1,
        )
    }
    seen: set[str] = set()
    for line in posting.lines(DECLARED_OPERATION.name):
        name = line["operation"]
        yield from refused(operation_findings(line))
        area = known_areas.get(line["mba"])
        if area is None or area.scope != line["scope"]:
            yield Refusal(
                bad(
                    "OPERATION-AREA",
                    f"{name}: under the scope of this line no area {line['mba']!r} is registered",
                    "Declare it under the scope of its area; a new area is registered first.",
                    mba=line["mba"],
                )
            )
        if name in seen or (name in before and before[name].values["mba"] != line["mba"]):
            where = "in this act twice" if name in seen else "already, for another area"
            yield Refusal(
                bad(
                    "OPERATION-TWICE",
                    f"{name} is declared {where}",
                    "Give every operation a name of its own.",
                )
            )
        seen.add(name)


OPERATIONS_HOLD = Check(
    "declared operations", frozenset({DECLARED_OPERATION.name}), check_operations
)
