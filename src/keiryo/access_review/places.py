"""When and where something in the books happened, in the terms of access control.

The ledger knows the day of a change, so a change has the whole day of its facility; an act on a
seal and an event of a camera have an instant. Which area of access control belongs to a material
balance area, a key measurement point or a camera is said by the user: the books do not know doors.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date, parse_utc
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.reading import StoredLine, act, line_stream
from keiryo.places.tables import areas
from keiryo.protection.instants import midnight_ns

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Happening:
    """When and where a line of the books happened.

    Attributes
    ----------
    node, kind : str
    start_ns, end_ns : int
        UTC; the same for an instant.
    places : tuple of str
        Places of the books, the narrowest first: ``XFAA:1``, ``XFAA``, ``camera:CAM-01``.
    recorded_by : str
        Who recorded it.
    """

    node: str
    kind: str
    start_ns: int
    end_ns: int
    places: tuple[str, ...]
    recorded_by: str

    def areas(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """Return the areas of access control that it concerns: those of its narrowest place."""
        return next(((known[one],) for one in self.places if one in known), ())


def happening(connection: Connection, metadata: MetaData, node: str) -> Happening:
    """Return when and where a line happened.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    node : str
        ``line:12/3``.

    Raises
    ------
    NotFoundError
        If there is no such line.
    UsageError
        If it is no node of a line, or nothing that happens at a time and place.
    """
    line = _line(connection, metadata, node)
    values, who = line.values, act(connection, metadata, line.act_id).person
    if values.get("event_date") is not None:
        start, end = day_ns(
            connection, metadata, str(values["mba"]), int(str(values["event_date"]))
        )
    elif values.get("at") is not None:
        start = end = utc_ns(str(values["at"]))
    elif values.get("begin_at") is not None:
        start = utc_ns(str(values["begin_at"]))
        end = start if values.get("end_at") is None else utc_ns(str(values["end_at"]))
    else:
        raise UsageError(
            f"{node} is a {line.kind.replace('_', ' ')} and has no time at which it happened",
            "Name a change in the books, an act on a seal or an event of a camera.",
        )
    return Happening(node, line.kind, start, end, place_names(values), who)


def _line(connection: Connection, metadata: MetaData, node: str) -> StoredLine:
    kind, _, place = node.partition(":")
    number, _, which = place.partition("/")
    sound = all(one.isascii() and one.isdigit() and len(one) <= 12 for one in (number, which))
    if kind != "line" or not sound:
        raise UsageError(f"{node[:40]!r} names no line", "Write it as line:12/3.")
    act(connection, metadata, int(number))
    for line in line_stream(connection, metadata, int(number)):
        if line.line_no == int(which):
            return line
    raise NotFoundError(f"there is no {node}", f"'keiryo act show {number}' lists the lines.")


def place_names(values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the places of a line, the narrowest first."""
    found = []
    if values.get("camera"):
        found.append(f"camera:{values['camera']}")
    if values.get("mba") and values.get("kmp"):
        found.append(f"{values['mba']}:{values['kmp']}")
    if values.get("mba"):
        found.append(str(values["mba"]))
    return tuple(found)


def day_ns(connection: Connection, metadata: MetaData, mba: str, number: int) -> tuple[int, int]:
    """Return the first and the last nanosecond of a day in an area's time zone."""
    known = areas(connection, metadata)
    zone = ZoneInfo(known[mba].zone) if mba in known else datetime.UTC
    day = number_date(number)
    return midnight_ns(day, zone), midnight_ns(day + datetime.timedelta(days=1), zone) - 1


def utc_ns(text: str) -> int:
    """Return an instant of the books in nanoseconds."""
    return (parse_utc(text) - _EPOCH) // datetime.timedelta(microseconds=1) * 1000


def persons_of_acts(
    connection: Connection, metadata: MetaData, acts: set[int]
) -> dict[int, tuple[str, int]]:
    """Return who recorded acts, and when."""
    table, found = metadata.tables["act"], {}
    wanted = sorted(acts)
    for first in range(0, len(wanted), 500):
        some = table.c.act_id.in_(wanted[first : first + 500])
        query = select(table.c.act_id, table.c.person, table.c.recorded_at).where(some)
        for number, person, at in connection.execute(query):
            found[int(number)] = (str(person), utc_ns(str(at)))
    return found
