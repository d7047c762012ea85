"""Detection sites as a viewer sees them: instruments, days of a lane, passages, state of health.

Everything is read through the books as the viewer sees them; of passages only those of the day
that is shown, for a lane has thousands of them a day.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from keiryo.alarm_cases.case_record import AlarmCase, case_register
from keiryo.alarm_cases.passages import named_passages
from keiryo.dates import date_number
from keiryo.detection_sites.register import Register, read_register
from keiryo.detection_sites.statistics import results_of_tests
from keiryo.detection_sites.tables import (
    DETECTION_FILE,
    DETECTION_HEALTH,
    DETECTION_OCCUPANCY,
)
from keiryo.errors import NotFoundError
from keiryo.journal.reading import rows_of
from keiryo.web.viewer import Viewer

CAPABILITY, CASES = "detection_sites", "alarm_cases"
READING = {"reads": CAPABILITY}
HOME = "/portals"
Row = Mapping[str, Any]


def passage_address(instrument: str, start: str) -> str:
    """Return the page of a passage."""
    return f"{HOME}/{quote(instrument)}/{quote(start, safe=':~')}"


def day_address(instrument: str, day: datetime.date | str) -> str:
    """Return the page of a day of an instrument."""
    return f"{HOME}/{quote(instrument)}?on={day}"


@dataclass(frozen=True, slots=True)
class Known:
    """The register of sites, and how tests of instruments stand."""

    register: Register
    tests: list[dict[str, Any]]

    @property
    def instruments(self) -> dict[str, Row]:
        """Instruments by name."""
        return {str(key[0]): row for key, row in self.register["instrument"].items()}

    def site_of(self, instrument: Row) -> Row:
        """Return the site of an instrument."""
        return self.register["site"].get((instrument["site"],), {})

    def zone_of(self, instrument: Row) -> ZoneInfo:
        """Return the time zone of an instrument: that of its site."""
        return ZoneInfo(str(self.site_of(instrument).get("zone") or "UTC"))

    def overdue(self, instrument: str, on: datetime.date) -> list[str]:
        """Return the checks of an instrument that failed last or are past their day."""
        last: dict[str, Row] = {}
        for row in self.register["check"].values():
            before = last.get(row["check_name"])
            if (
                row["instrument"] == instrument
                and row["on_day"] <= date_number(on)
                and (before is None or before["on_day"] <= row["on_day"])
            ):
                last[row["check_name"]] = row
        return sorted(
            name
            for name, row in last.items()
            if row["result"] == "failed"
            or (row["due_on"] is not None and row["due_on"] < date_number(on))
        )


def known(viewer: Viewer) -> Known:
    """Return the register as it stands; read anew when something about detection was posted."""

    def find() -> Known:
        with viewer.books.reading() as connection:
            return Known(
                read_register(connection, viewer.metadata),
                results_of_tests(connection, viewer.metadata),
            )

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("detection sites", viewer.sight), last, find)


def require_instrument(viewer: Viewer, name: str) -> Row:
    """Return an instrument that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name that the viewer may see.
    """
    found = known(viewer).instruments.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no instrument {name[:60]} that you may see",
            "The lane board lists those that you may see.",
        )
    return found


def bounds(day: datetime.date, zone: ZoneInfo) -> tuple[str, str]:
    """Return when a day of a site begins and ends, in UTC as the record writes it."""
    first = datetime.datetime.combine(day, datetime.time(), zone)
    last = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone)
    return _utc(first), _utc(last)


def _utc(moment: datetime.datetime) -> str:
    there = moment.astimezone(datetime.UTC)
    return there.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(start: str, zone: ZoneInfo) -> datetime.datetime:
    """Return a start of the record as the clock at the site has it."""
    moment = start.partition("~")[0].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(moment).astimezone(zone)


def passages(viewer: Viewer, instrument: str, first: str, last: str) -> list[dict[str, Any]]:
    """Return the passages of an instrument that begin within two moments, as they stand."""
    table = viewer.metadata.tables[DETECTION_OCCUPANCY.name]
    with viewer.books.reading() as connection:
        rows = rows_of(
            connection,
            viewer.metadata,
            table.name,
            table.c.instrument == instrument,
            table.c.start >= first,
            table.c.start < last,
        )
    standing = {row["start"]: row for row in rows}
    return [standing[start] for start in sorted(standing)]


def passage(viewer: Viewer, instrument: str, start: str) -> dict[str, Any]:
    """Return a passage as it stands.

    Raises
    ------
    NotFoundError
    """
    table = viewer.metadata.tables[DETECTION_OCCUPANCY.name]
    with viewer.books.reading() as connection:
        rows = rows_of(
            connection,
            viewer.metadata,
            table.name,
            table.c.instrument == instrument,
            table.c.start == start,
        )
    if not rows:
        raise NotFoundError(
            f"there is no passage {instrument[:60]}@{start[:40]} that you may see",
            "The day of the instrument lists its passages.",
        )
    return dict(rows[-1])


def near(viewer: Viewer, instrument: str, first: str, last: str) -> tuple[str | None, str | None]:
    """Return the last start before two moments, and the first one after them."""
    table = viewer.metadata.tables[DETECTION_OCCUPANCY.name]
    mine = table.c.instrument == instrument
    with viewer.books.reading() as connection:
        before = connection.execute(
            select(func.max(table.c.start)).where(mine, table.c.start < first)
        ).scalar()
        after = connection.execute(
            select(func.min(table.c.start)).where(mine, table.c.start >= last)
        ).scalar()
    return before, after


def last_start(viewer: Viewer, instrument: str | None = None) -> str | None:
    """Return the start of the last passage; of one instrument or of any."""
    table = viewer.metadata.tables[DETECTION_OCCUPANCY.name]
    query = select(func.max(table.c.start))
    if instrument is not None:
        query = query.where(table.c.instrument == instrument)
    with viewer.books.reading() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else str(found)


def files(viewer: Viewer, instrument: str) -> list[dict[str, Any]]:
    """Return the daily files of an instrument, in the order in which they came."""
    table = viewer.metadata.tables[DETECTION_FILE.name]
    with viewer.books.reading() as connection:
        mine = table.c.instrument == instrument
        return [dict(one) for one in rows_of(connection, viewer.metadata, table.name, mine)]


def health(viewer: Viewer, digests: set[str]) -> list[dict[str, Any]]:
    """Return what some files say of faults, tamper and what could not be believed."""
    if not digests:
        return []
    table = viewer.metadata.tables[DETECTION_HEALTH.name]
    with viewer.books.reading() as connection:
        which = table.c.digest.in_(sorted(digests)[:500])
        return [dict(one) for one in rows_of(connection, viewer.metadata, table.name, which)]


def cases(viewer: Viewer) -> dict[str, AlarmCase]:
    """Return the alarm cases that are seen, by name; none for who reads no cases."""
    if not viewer.reads(CASES):
        return {}

    def find() -> dict[str, AlarmCase]:
        with viewer.books.reading() as connection:
            return case_register(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CASES, viewer.head)
    return viewer.server.remembered.get(("alarm cases", viewer.sight), last, find)


def cases_of(viewer: Viewer) -> dict[tuple[str, str], list[AlarmCase]]:
    """Return the cases about each passage, by instrument and start in UTC."""
    found: dict[tuple[str, str], list[AlarmCase]] = {}
    for case in cases(viewer).values():
        for key in named_passages(case):
            found.setdefault(key, []).append(case)
    return found
