"""Computer systems as they stand: level, zone, measures; and the connections between zones."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import MetaData

from keiryo.dates import date_number
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.security_regime.oversight_record import iso, recorded_rows
from keiryo.security_regime.tables_events import (
    SECURITY_SYSTEM,
    SECURITY_SYSTEM_MEASURE,
    SECURITY_ZONE_CONNECTION,
    VERIFIED,
)

KINDS = (SECURITY_SYSTEM.name, SECURITY_SYSTEM_MEASURE.name, SECURITY_ZONE_CONNECTION.name)
NODE, CONNECTION_NODE = "secsystem:", "secconnection:"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of computer security at a system.

    Attributes
    ----------
    lines : tuple of mapping
        All that was said of it, in order; the last one counts.
    """

    lines: tuple[Mapping[str, Any], ...]

    @property
    def last(self) -> Mapping[str, Any]:
        """Its last line."""
        return self.lines[-1]

    @property
    def name(self) -> str:
        """Its name within the system."""
        return str(self.last["measure"])

    @property
    def kind(self) -> str:
        """What kind of measure it is."""
        return str(self.last["kind"])

    @property
    def state(self) -> str:
        """Planned, in place, verified or lapsed."""
        return str(self.last["state"])

    @property
    def verified_on(self) -> int | None:
        """Day (YYYYMMDD) of its last verification, while that counts."""
        return int(self.last["on_day"]) if self.state == VERIFIED else None

    @property
    def next_due(self) -> int | None:
        """Day (YYYYMMDD) by which it is verified again, if one is named."""
        given = self.last.get("next_due")
        return None if given is None else int(given)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "measure": self.name,
            "kind": self.kind,
            "state": self.state,
            "since": iso(self.last["on_day"]),
            "by": self.last["by_person"],
            "verified_by": self.last["verified_by"],
            "evidence": str(self.last["evidence"] or "").split(),
            "next_due": iso(self.next_due),
            "history": [
                {
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "reason": one["reason"],
                    "line": line_node(one),
                }
                for one in self.lines
            ],
            "line": line_node(self.last),
        }


@dataclass(frozen=True, slots=True)
class System:
    """A computer system as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    measures : mapping of name to Measure
    """

    values: Mapping[str, Any]
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the system."""
        return str(self.values["system"])

    @property
    def scope(self) -> str:
        """The facility where it is, or the State."""
        return str(self.values["scope"])

    @property
    def level(self) -> int:
        """Level of computer security; 1 is the strictest."""
        return int(self.values["level"])

    @property
    def zone(self) -> tuple[str, str]:
        """The facility and the zone in which it is."""
        return self.scope, str(self.values["zone"])

    def in_use(self, on: datetime.date) -> bool:
        """Return whether it is not retired on a day."""
        retired = self.values.get("retired_on")
        return retired is None or date_number(on) < int(retired)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "system": self.name,
            "scope": self.scope,
            "function": self.values["function"],
            "level": self.level,
            "zone": self.values["zone"],
            "sensitive_asset": bool(self.values["sensitive_asset"]),
            "owner": self.values["owner"],
            "retired_on": iso(self.values.get("retired_on")),
            "measures": [one.to_dict() for one in self.measures.values()],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }


@dataclass(frozen=True, slots=True)
class ZoneConnection:
    """A connection between two zones, by its last line."""

    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the connection."""
        return str(self.values["connection"])

    @property
    def scope(self) -> str:
        """The facility where it is."""
        return str(self.values["scope"])

    @property
    def kind(self) -> str:
        """One way, two ways, or for administration."""
        return str(self.values["kind"])

    @property
    def zones(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """From which zone to which, each with its facility."""
        return (
            (self.scope, str(self.values["from_zone"])),
            (self.scope, str(self.values["to_zone"])),
        )

    def there(self, on: datetime.date) -> bool:
        """Return whether it is there on a day."""
        removed = self.values.get("removed_on")
        begun = int(self.values["on_day"]) <= date_number(on)
        return begun and (removed is None or date_number(on) < int(removed))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "connection": self.name,
            "scope": self.scope,
            "from_zone": self.values["from_zone"],
            "to_zone": self.values["to_zone"],
            "kind": self.kind,
            "on": iso(self.values["on_day"]),
            "removed_on": iso(self.values.get("removed_on")),
            "node": CONNECTION_NODE + self.name,
            "line": line_node(self.values),
        }


@dataclass(slots=True)
class Computers:
    """All systems and connections by name."""

    systems: dict[str, System] = field(default_factory=dict)
    connections: dict[str, ZoneConnection] = field(default_factory=dict)

    def take(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        if kind == SECURITY_ZONE_CONNECTION.name:
            self.connections[line["connection"]] = ZoneConnection(line)
            return
        one = self.systems.get(line["system"])
        if kind == SECURITY_SYSTEM.name:
            self.systems[line["system"]] = (
                System(line) if one is None else replace(one, values=line)
            )
        elif one is not None:
            before = one.measures.get(line["measure"])
            lines = (*(() if before is None else before.lines), line)
            measures = {**one.measures, line["measure"]: Measure(lines)}
            self.systems[one.name] = replace(one, measures=measures)

    def levels(self, on: datetime.date | None = None) -> dict[tuple[str, str], set[int]]:
        """Return the levels of the systems in each zone; the retired do not count."""
        found: dict[tuple[str, str], set[int]] = {}
        for one in self.systems.values():
            if on is None or one.in_use(on):
                found.setdefault(one.zone, set()).add(one.level)
        return found


def computers(
    connection: Database,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> Computers:
    """Return the computer systems of a facility, or all, with what is connected.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        As measures stood on this day: later statements of them are left out.
    scope : str, optional
        Only of this facility.
    through_act : int, optional
        As known with this act.
    """
    found = Computers()
    day = None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        later = day is not None and kind == SECURITY_SYSTEM_MEASURE.name and line["on_day"] > day
        if not later:
            found.take(kind, line)
    if scope is not None:
        found.systems = {k: v for k, v in found.systems.items() if v.scope == scope}
        found.connections = {k: v for k, v in found.connections.items() if v.scope == scope}
    return found


def computer_system(
    connection: Database, metadata: MetaData, name: str, on: datetime.date | None = None
) -> System:
    """Return a computer system as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = computers(connection, metadata, on=on).systems.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no computer system {name[:40]!r}",
            "'keiryo protection computer list' lists them.",
        )
    return found
