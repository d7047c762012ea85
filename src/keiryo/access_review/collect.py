"""What the books add to a case: transfers, seals, cameras, clocks, corrections, locations."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.access_control.case import (
    Case,
    ClockCheck,
    Edit,
    ItemCheck,
    Location,
    SealAct,
    Seen,
    Transfer,
)
from keiryo.access_review.places import day_ns, persons_of_acts, place_names, utc_ns
from keiryo.accounts.inventory import inventory
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import CLOSING, INVENTORY_CHANGE, effective
from keiryo.dates import date_number
from keiryo.journal.reading import line_node, rows_of
from keiryo.places.tables import areas
from keiryo.seals.life import holding
from keiryo.seals.register import seal_events
from keiryo.surveillance.tables import CAMERA_CLOCK, SCREENED_EVENT
from keiryo.vocabulary import ENTRY_CODES

MILLISECOND_NS = 1_000_000
_DAY = datetime.timedelta(days=1)
_EPOCH = datetime.datetime(1970, 1, 1)


def with_books(
    connection: Connection,
    metadata: MetaData,
    case: Case,
    *,
    through_act: int | None = None,
) -> Case:
    """Return a case with what the books have of its time and places.

    Only what happened in a place that the case names an area of access control for is looked at;
    records of a kind that the case has already are added to.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    case : Case
        With ``places`` and a time that begins and ends.
    through_act : int, optional
        As known with this act; default: now.
    """
    mbas = sorted({_mba_of(name) for name in case.places if not name.startswith("camera:")})
    changes = _changes(connection, metadata, case, mbas, through_act)
    found = replace(
        case,
        transfers=(*case.transfers, *_transfers(connection, metadata, case, changes)),
        seal_acts=(*case.seal_acts, *_seal_acts(connection, metadata, case, through_act)),
        seen=(*case.seen, *_seen(connection, metadata, case, through_act)),
        clock_checks=(*case.clock_checks, *_clocks(connection, metadata, case, through_act)),
        edits=(*case.edits, *_edits(connection, metadata, case, mbas, through_act)),
        locations=(
            *case.locations,
            *_locations(connection, metadata, case, mbas, through_act),
        ),
    )
    added = {"transfers", "seal_acts", "edits", "locations"} if mbas else set()
    if any(name.startswith("camera:") for name in case.places):
        added |= {"seen", "clock_checks"}
    return replace(found, given=case.given | added)


def _mba_of(place: str) -> str:
    return place.partition(":")[0]


def _area(case: Case, row: Mapping[str, Any]) -> str | None:
    return next((case.places[one] for one in place_names(row) if one in case.places), None)


def _day_of(at_ns: int) -> int:
    """Return the day of an instant in UTC, within the years that books have."""
    seconds = min(max(at_ns // 1_000_000_000, -2_208_988_800), 7_258_118_400)
    return date_number((_EPOCH + datetime.timedelta(seconds=seconds)).date())


def _changes(
    connection: Connection,
    metadata: MetaData,
    case: Case,
    mbas: list[str],
    through_act: int | None,
) -> list[dict[str, Any]]:
    """Return the effective changes of the time, one line of each entry, with all its batches."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    conditions = (
        table.c.mba.in_(mbas),
        table.c.event_date.between(_day_of(case.start_ns) - 1, _day_of(case.end_ns) + 1),
        effective(table, Knowledge(through_act=through_act)),
    )
    return rows_of(connection, metadata, INVENTORY_CHANGE.name, *conditions)


def _transfers(
    connection: Connection, metadata: MetaData, case: Case, rows: list[dict[str, Any]]
) -> Iterator[Transfer]:
    """Yield the entries that move or change material, each with the day that it has."""
    signs = {code: entry.batch_sign for code, entry in ENTRY_CODES().items()}
    who = persons_of_acts(connection, metadata, {int(row["act_id"]) for row in rows})
    seen: set[tuple[int, int]] = set()
    for row in rows:
        entry = (int(row["act_id"]), int(row["entry_line"] or row["line_no"]))
        area, sign = _area(case, row), signs.get(str(row["code"]), 0)
        if entry in seen or area is None or not sign:
            continue
        seen.add(entry)
        start, end = day_ns(connection, metadata, str(row["mba"]), int(row["event_date"]))
        if start > case.end_ns or end < case.start_ns:
            continue
        items = [row["item_uid"], row["batch_uid"], row["batch"]]
        yield Transfer(
            line_node(row),
            *(start, end),
            area if sign < 0 else None,
            area if sign > 0 else None,
            tuple(dict.fromkeys(str(one) for one in items if one)),
            who[entry[0]][0],
        )


def _seal_acts(
    connection: Connection, metadata: MetaData, case: Case, through_act: int | None
) -> Iterator[SealAct]:
    """Yield what was attached and detached: of a seal that is detached, from what it closed."""
    for events in seal_events(connection, metadata, through_act=through_act).values():
        held: tuple[str, ...] = ()
        area = None
        for one in sorted(holding(events), key=lambda e: (e.at, e.act, e.line)):
            if one.event == "attach":
                held, area = one.items, _area(case, {"mba": one.mba})
            elif one.event != "detach":
                continue
            at = utc_ns(one.at)
            if area is not None and at <= case.end_ns:
                for item in held:
                    seal = f"{one.body}/{one.number}"
                    attached = one.event == "attach"
                    yield SealAct(one.node, at, at, seal, item, attached, area)


def _seen(
    connection: Connection, metadata: MetaData, case: Case, through_act: int | None
) -> Iterator[Seen]:
    """Yield the events of the newest screenings of the cameras that the case places."""
    table = metadata.tables[SCREENED_EVENT.name]
    cameras = [name.partition(":")[2] for name in case.places if name.startswith("camera:")]
    rows = rows_of(
        *(connection, metadata, SCREENED_EVENT.name, table.c.camera.in_(cameras)),
        through_act=through_act,
    )
    newest = {(row["camera"], row["begin_at"], row["end_at"]): row for row in rows}
    for row in newest.values():
        start, end = utc_ns(row["begin_at"]), utc_ns(row["end_at"])
        if start <= case.end_ns and end >= case.start_ns:
            area = case.places[f"camera:{row['camera']}"]
            yield Seen(line_node(row), f"camera {row['camera']}", area, start, end)


def _clocks(
    connection: Connection, metadata: MetaData, case: Case, through_act: int | None
) -> Iterator[ClockCheck]:
    table = metadata.tables[CAMERA_CLOCK.name]
    cameras = [name.partition(":")[2] for name in case.places if name.startswith("camera:")]
    some = table.c.camera.in_(cameras)
    for row in rows_of(connection, metadata, CAMERA_CLOCK.name, some, through_act=through_act):
        offset = int(row["offset_ms"]) * MILLISECOND_NS
        at = utc_ns(row["at"])
        if case.start_ns <= at <= case.end_ns:
            yield ClockCheck(line_node(row), f"camera {row['camera']}", at, offset)


def _edits(
    connection: Connection,
    metadata: MetaData,
    case: Case,
    mbas: list[str],
    through_act: int | None,
) -> Iterator[Edit]:
    """Yield corrections of entries: by whom, and whether a closed balance rested on them."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    rows = rows_of(
        *(connection, metadata, INVENTORY_CHANGE.name, table.c.mba.in_(mbas)),
        table.c.supersedes_act.is_not(None),
        through_act=through_act,
    )
    acts = {int(row[name]) for row in rows for name in ("act_id", "supersedes_act")}
    closing = metadata.tables[CLOSING.name]
    closed = rows_of(
        *(connection, metadata, CLOSING.name, closing.c.mba.in_(mbas)), through_act=through_act
    )
    who = persons_of_acts(connection, metadata, acts | {int(row["act_id"]) for row in closed})
    seen: set[tuple[int, int]] = set()
    for row in rows:
        entry = (int(row["act_id"]), int(row["entry_line"] or row["line_no"]))
        if entry in seen or _area(case, row) is None:
            continue
        seen.add(entry)
        first, changed = who[int(row["supersedes_act"])], who[int(row["act_id"])]
        approved = [
            who[int(one["act_id"])][1]
            for one in closed
            if one["mba"] == row["mba"]
            and int(row["supersedes_act"]) <= int(one["through_act"]) < int(row["act_id"])
        ]
        yield Edit(
            line_node(row), "entry", first[0], changed[0], min(approved, default=None), changed[1]
        )


def _locations(
    connection: Connection,
    metadata: MetaData,
    case: Case,
    mbas: list[str],
    through_act: int | None,
) -> Iterator[Location]:
    """Yield where the books have each batch at the end of the days of the item checks."""
    known = areas(connection, metadata)
    for mba in (one for one in mbas if one in known):
        for number in sorted({_day_in(connection, metadata, mba, one) for one in case.item_checks}):
            day = datetime.date(number // 10000, number // 100 % 100, number % 100)
            start, end = day_ns(connection, metadata, mba, number)
            seen = Knowledge(through_act=through_act)
            for batch in inventory(connection, metadata, mba, day, seen).batches:
                area = _area(case, {"mba": mba, "kmp": batch.kmp})
                if area is not None and batch.amount.element_mg > 0:
                    yield Location(batch.batch, area, start, end + 1)


def _day_in(connection: Connection, metadata: MetaData, mba: str, check: ItemCheck) -> int:
    """Return the day of a check in the time zone of an area."""
    number = _day_of(check.at_ns)
    for _ in range(2):
        start, end = day_ns(connection, metadata, mba, number)
        if check.at_ns < start:
            number = _shifted(number, -1)
        elif check.at_ns > end:
            number = _shifted(number, 1)
    return number


def _shifted(number: int, days: int) -> int:
    day = datetime.date(number // 10000, number // 100 % 100, number % 100)
    return date_number(day + days * _DAY)
