"""The register of containments as it stands: ways in, what is held, what watches, inspections.

What is known has two axes. ``through_act`` leaves out what was recorded later. ``known_at`` leaves
out what had not happened: an interval that had not begun, an inspection not yet done; and an
interval whose end had not come still goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.instants import shown
from keiryo.containment.tables import (
    CONTAINMENT,
    CONTAINMENT_CONTENT,
    CONTAINMENT_INSPECTION,
    CONTAINMENT_PATH,
    CONTAINMENT_WATCH,
)
from keiryo.dates import parse_utc, utc_text
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.reading import line_node

PREFIX = "containment:"
"""What the node of a containment begins with."""
_NAMED_AT_A_TIME = 500
"""Most identities in one query; a database takes only so many."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A statement that holds from an instant on, until another or still.

    Attributes
    ----------
    begin, end : datetime
        UTC, half-open; `end` None: it still goes on.
    line : str
        Its line in the record, e.g. ``line:3/2``.
    """

    begin: datetime
    end: datetime | None
    line: str = ""

    def holds(self, moment: datetime) -> bool:
        """Return whether it holds at an instant."""
        return self.begin <= moment and (self.end is None or moment < self.end)

    def overlaps(self, other: Interval) -> bool:
        """Return whether both hold at some instant."""
        return (other.end is None or self.begin < other.end) and (
            self.end is None or other.begin < self.end
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "from": shown(self.begin),
            "to": None if self.end is None else shown(self.end),
            "line": self.line or None,
        }


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which material could leave a containment, for the time that there is one."""

    mba: str
    containment: str
    path: str
    time: Interval
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"path": self.path, **self.time.to_dict(), "note": self.note}


@dataclass(frozen=True, slots=True)
class Content:
    """That an item is in a containment."""

    mba: str
    containment: str
    batch_uid: str
    time: Interval
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "containment": f"{self.mba}/{self.containment}",
            "batch": self.batch_uid,
            **self.time.to_dict(),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """That a camera watches a way.

    Attributes
    ----------
    device : str
        ``camera:NAME``.
    mechanism : str
        One of `keiryo.containment.values.MECHANISMS`.
    depends_on : frozenset of str
        Power feeds, links, mountings and clocks.
    function : str or None
        Which statement of the operator it can confirm.
    """

    mba: str
    containment: str
    path: str
    device: str
    mechanism: str
    depends_on: frozenset[str]
    time: Interval
    function: str | None = None
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **{name: getattr(self, name) for name in ("path", "device", "mechanism")},
            "depends_on": sorted(self.depends_on),
            **self.time.to_dict(),
            "function": self.function,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """That a containment was looked over.

    Attributes
    ----------
    result : str
        ``intact``, ``damaged`` or ``not-conclusive``.
    """

    mba: str
    containment: str
    at: datetime
    inspectors: tuple[str, ...]
    result: str
    note: str | None = None
    evidence: tuple[str, ...] = ()
    line: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "at": shown(self.at),
            "inspectors": list(self.inspectors),
            "result": self.result,
            "note": self.note,
            "evidence": list(self.evidence),
            "line": self.line or None,
        }


@dataclass(frozen=True, slots=True)
class Containment:
    """A containment as it stands: its description, ways, watches and inspections.

    What it holds is asked for apart (`contents`): a store may hold thousands of items.
    """

    mba: str
    name: str
    kind: str
    kmp: str | None = None
    location: str | None = None
    note: str | None = None
    line: str = ""
    ways: tuple[Way, ...] = field(default=())
    watches: tuple[Watch, ...] = field(default=())
    inspections: tuple[Inspection, ...] = field(default=())

    @property
    def node(self) -> str:
        """``containment:MBA/NAME``."""
        return f"{PREFIX}{self.mba}/{self.name}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **{name: getattr(self, name) for name in ("mba", "name", "kind", "kmp", "location")},
            "note": self.note,
            "paths": [one.to_dict() for one in self.ways],
            "watches": [one.to_dict() for one in self.watches],
            "inspections": [one.to_dict() for one in self.inspections],
            "line": self.line or None,
        }


def containments(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> dict[str, Containment]:
    """Return the containments as they stand, by ``MBA/NAME``.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str, optional
        Those of one area; default: all.
    known_at : datetime, optional
        Only what had happened by this instant; default: everything.
    through_act : int, optional
        Only what had been recorded with this act; default: everything.
    """
    asked = (connection, metadata, mba, through_act)
    ways: dict[str, list[Way]] = {}
    for row, time in _intervals(CONTAINMENT_PATH.name, *asked, known_at=known_at):
        made = Way(row["mba"], row["containment"], row["path"], time, row["note"])
        ways.setdefault(_place(row), []).append(made)
    watched: dict[str, list[Watch]] = {}
    for one in watches(connection, metadata, mba, known_at=known_at, through_act=through_act):
        watched.setdefault(f"{one.mba}/{one.containment}", []).append(one)
    looked: dict[str, list[Inspection]] = {}
    for inspection in inspections(
        connection, metadata, mba, known_at=known_at, through_act=through_act
    ):
        looked.setdefault(f"{inspection.mba}/{inspection.containment}", []).append(inspection)
    found = {}
    for row in _rows(CONTAINMENT.name, *asked):
        name = f"{row['mba']}/{row['name']}"
        found[name] = Containment(
            mba=row["mba"],
            name=row["name"],
            kind=row["kind"],
            kmp=row["kmp"],
            location=row["location"],
            note=row["note"],
            line=line_node(row),
            ways=tuple(ways.get(name, ())),
            watches=tuple(watched.get(name, ())),
            inspections=tuple(looked.get(name, ())),
        )
    return dict(sorted(found.items()))


def containment(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    name: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> Containment:
    """Return a containment as it stands.

    Raises
    ------
    NotFoundError
        If the area has none of that name.
    """
    found = containments(connection, metadata, mba, known_at=known_at, through_act=through_act)
    if f"{mba}/{name}" not in found:
        raise NotFoundError(
            f"there is no containment {mba[:10]}/{name[:60]}",
            "'keiryo containment list' lists what there is.",
        )
    return found[f"{mba}/{name}"]


def contents(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    *,
    batches: Iterable[str] | None = None,
    containment: str | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Content]:
    """Return which items are or were in which containments, in the order of time.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str, optional
        In the containments of one area; default: all.
    batches : iterable of str, optional
        Identities of the items; default: all.
    containment : str, optional
        In one containment only (its name in the area).
    known_at, through_act
        See `containments`.
    """
    table = metadata.tables[CONTAINMENT_CONTENT.name]
    conditions = [] if containment is None else [table.c.containment == containment]
    some: list[list[Any]] = [conditions]
    if batches is not None:
        uids = sorted(set(batches))
        some = [
            [*conditions, table.c.batch_uid.in_(uids[begin : begin + _NAMED_AT_A_TIME])]
            for begin in range(0, len(uids), _NAMED_AT_A_TIME)
        ]
    found = []
    for limits in some:
        for row, time in _intervals(
            *(CONTAINMENT_CONTENT.name, connection, metadata, mba, through_act),
            known_at=known_at,
            conditions=limits,
        ):
            made = Content(row["mba"], row["containment"], row["batch_uid"], time, row["note"])
            found.append(made)
    return sorted(found, key=lambda one: (one.time.begin, one.batch_uid, one.containment))


def watches(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Watch]:
    """Return which cameras watch which ways; parameters as of `containments`."""
    asked = (CONTAINMENT_WATCH.name, connection, metadata, mba, through_act)
    return [
        Watch(
            *(row["mba"], row["containment"], row["path"], row["device"], row["mechanism"]),
            frozenset(parted(row["depends_on"])),
            time,
            row["function"],
            row["note"],
        )
        for row, time in _intervals(*asked, known_at=known_at)
    ]


def inspections(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    *,
    containment: str | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Inspection]:
    """Return the inspections of containments in the order of time; see `contents`."""
    table = metadata.tables[CONTAINMENT_INSPECTION.name]
    conditions = [] if containment is None else [table.c.containment == containment]
    if known_at is not None:
        conditions.append(table.c.at <= utc_text(known_at))
    found = [
        Inspection(
            *(row["mba"], row["containment"], parse_utc(row["at"])),
            parted(row["inspectors"]),
            row["result"],
            row["note"],
            tuple(str(row["evidence"] or "").split()),
            line_node(row),
        )
        for row in _rows(
            *(CONTAINMENT_INSPECTION.name, connection, metadata, mba, through_act), conditions
        )
    ]
    return sorted(found, key=lambda one: one.at)


def mba_and_name(text: str) -> tuple[str, str]:
    """Return area and name of ``MBA/NAME``, as people name a containment or a batch.

    Raises
    ------
    UsageError
        If it has not two parts.
    """
    mba, slash, name = text.partition("/")
    if not (slash and mba and name):
        raise UsageError(f"{text[:60]!r} does not name an area and a name", "Write MBA/NAME.")
    return mba, name


def parted(text: Any) -> tuple[str, ...]:
    """Return what a field holds that is joined by ' | '."""
    return tuple(part for one in str(text or "").split("|") if (part := one.strip()))


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['mba']}/{row['containment']}"


_KEYS = {
    CONTAINMENT_PATH.name: ("mba", "containment", "path", "begin_at"),
    CONTAINMENT_CONTENT.name: ("mba", "containment", "batch_uid", "begin_at"),
    CONTAINMENT_WATCH.name: ("mba", "containment", "path", "device", "begin_at"),
}
"""Of the lines with the same values here the last one counts."""


def _intervals(
    kind: str,
    connection: Connection,
    metadata: MetaData,
    mba: str | None,
    through_act: int | None,
    *,
    known_at: datetime | None,
    conditions: Iterable[Any] = (),
) -> Iterator[tuple[Mapping[str, Any], Interval]]:
    """Yield the lines of a kind that count, with their intervals, in the order of time."""
    last: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    told = None if known_at is None else utc_text(known_at)
    for row in _rows(kind, connection, metadata, mba, through_act, conditions):
        if told is not None and row["begin_at"] > told:
            continue
        if told is not None and row["end_at"] is not None and row["end_at"] > told:
            row = {**row, "end_at": None}
        last[tuple(row[name] for name in _KEYS[kind])] = row
    for row in sorted(last.values(), key=lambda one: str(one["begin_at"])):
        end = None if row["end_at"] is None else parse_utc(row["end_at"])
        yield row, Interval(parse_utc(row["begin_at"]), end, line_node(row))


def _rows(
    kind: str,
    connection: Connection,
    metadata: MetaData,
    mba: str | None,
    through_act: int | None,
    conditions: Iterable[Any] = (),
) -> Iterator[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*conditions).order_by(table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    for row in connection.execute(query).mappings():
        yield dict(row)
