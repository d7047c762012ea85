"""What rates are shares of: passages, time in operation and faults of lanes, by day.

A day is one of UTC, as the record tells starts. An instrument is known to be in operation from the
first start to the last end of a day: that is a lower bound, since nothing tells of the time before
and after. Passages of two instruments in one lane are counted twice and told by instrument;
days in operation of a lane are counted once.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.detection_sites import tables
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.register import Register, read_register
from keiryo.errors import UsageError
from keiryo.journal.reading import rows_of

BY = ("instrument", "lane", "site", "partner", "month", "day")
COUNTED = (
    *("occupancies", "evaluated", "incomplete", "alarms", "instrument_alarms"),
    *("seconds_occupied", "seconds_in_operation", "faults", "tampers"),
)
"""What is counted; ``alarms`` are those of the replay, ``instrument_alarms`` of the instrument."""


def instrument_days(
    connection: Connection,
    metadata: MetaData,
    *,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return what was counted, one row for each instrument and day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    first, last : date, optional
        First and last day, both taken in.
    known_at, through_act
        As the record stood.

    Returns
    -------
    list of dict
        ``instrument``, ``lane``, ``site``, ``partner`` (None where there is none), ``day`` (None:
        faults of a file without a passage), ``month``, and the fields
        of `COUNTED`; times in seconds. Rows without a day are left out where `first` or `last`
        is given. The order is by instrument and day.
    """
    when: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    register = read_register(connection, metadata, **when)
    days: dict[tuple[str, str | None], dict[str, Any]] = {}
    spans: dict[tuple[str, str | None], tuple[datetime.datetime, datetime.datetime]] = {}
    for (instrument, start), row in occupancies(connection, metadata, **when).items():
        key: tuple[str, str | None] = (instrument, start[:10])
        counts = days.setdefault(key, dict.fromkeys(COUNTED, 0))
        begun, ended = _span(row)
        known = spans.get(key, (begun, ended))
        spans[key] = (min(known[0], begun), max(known[1], ended))
        _count(counts, row, (ended - begun).total_seconds())
    for span, (begun, ended) in spans.items():
        days[span]["seconds_in_operation"] = (ended - begun).total_seconds()
    for instrument, day, kind in _troubles(connection, metadata, when):
        counts = days.setdefault((instrument, day), dict.fromkeys(COUNTED, 0))
        counts["faults" if kind == "fault" else "tampers"] += 1
    return [
        {**_where(register, *one), **days[one]}
        for one in sorted(days, key=lambda one: (one[0], one[1] or ""))
        if _within(one[1], first, last)
    ]


def denominators(rows: Iterable[Mapping[str, Any]], by: str = "lane") -> list[dict[str, Any]]:
    """Return rows of `instrument_days` added up by group.

    Parameters
    ----------
    rows : iterable of mapping
    by : {"instrument", "lane", "site", "partner", "month", "day"}

    Returns
    -------
    list of dict
        The group (None: none is known), the fields of `COUNTED`, and ``days``: on how many days
        the lanes were in operation, a lane (an instrument, where it has none) and day once.
    """
    if by not in BY:
        raise UsageError(f"{by[:60]!r} is no group", f"One of {', '.join(BY)}.")
    groups: dict[str | None, dict[str, Any]] = {}
    running: dict[str | None, set[tuple[str, str]]] = {}
    for row in rows:
        one = groups.setdefault(row[by], dict.fromkeys(COUNTED, 0))
        for name in COUNTED:
            one[name] += row[name]
        seen = running.setdefault(row[by], set())
        if row["day"] is not None and row["occupancies"]:
            which = row["instrument"] if by == "instrument" else row["lane"] or row["instrument"]
            seen.add((which, row["day"]))
    return [
        {by: name, **groups[name], "days": len(running[name])}
        for name in sorted(groups, key=lambda one: (one is None, one or ""))
    ]


def _count(one: dict[str, Any], row: Mapping[str, Any], seconds: float) -> None:
    one["occupancies"] += 1
    one["evaluated"] += row["evaluated"]
    one["incomplete"] += not row["complete"]
    one["alarms"] += bool(row["gamma_alarm"] or row["neutron_alarm"])
    one["instrument_alarms"] += row["instrument_alarm"]
    one["seconds_occupied"] += seconds


def _span(row: Mapping[str, Any]) -> tuple[datetime.datetime, datetime.datetime]:
    """Return start and end of an occupancy; its end is no earlier than its start."""
    begun = datetime.datetime.fromisoformat(str(row["start"]).partition("~")[0])
    ended = begun if row["end"] is None else datetime.datetime.fromisoformat(str(row["end"]))
    return begun, max(begun, ended)


def _troubles(
    connection: Connection, metadata: MetaData, when: Mapping[str, Any]
) -> list[tuple[str, str | None, str]]:
    """Return faults and tampers: instrument, day of the file, kind; told again counts once."""
    files = rows_of(connection, metadata, tables.DETECTION_FILE.name, **when)
    began = {row["digest"]: row["begins"] for row in files}
    found: dict[tuple[Any, ...], set[str | None]] = {}
    for row in rows_of(connection, metadata, tables.DETECTION_HEALTH.name, **when):
        if row["kind"] in ("fault", "tamper"):
            told = tuple(row[name] for name in ("instrument", "kind", "code", "line", "message"))
            begins = began.get(row["digest"])
            found.setdefault(told, set()).add(None if begins is None else begins[:10])
    return [
        (told[0], day, told[1])
        for told, every in found.items()
        for day in ((every - {None}) or every)
    ]


def _where(register: Register, instrument: str, day: str | None) -> dict[str, Any]:
    known = register["instrument"].get((instrument,), {})
    site = register["site"].get((known.get("site"),), {})
    return {
        "instrument": instrument,
        "lane": known.get("lane"),
        "site": known.get("site"),
        "partner": site.get("partner"),
        "day": day,
        "month": None if day is None else day[:7],
    }


def _within(day: str | None, first: datetime.date | None, last: datetime.date | None) -> bool:
    if day is None:
        return first is None and last is None
    after = first is None or day >= first.isoformat()
    return after and (last is None or day <= last.isoformat())
