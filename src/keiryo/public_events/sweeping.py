"""Sweeps and lock-down: what a team covered, what it found, and whether a venue is ready.

Coverage is worked out from the track: the part of the cells of the outline to which the way came
within the reach of the instrument. A venue is ready when every planned sweep of it was made and
covered enough with instruments that were checked and calibrated, nothing that was found is open,
and it has been locked since.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, parse_utc
from keiryo.equipment.calibration import calibration_on, calibrations
from keiryo.errors import Finding, UsageError
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import (
    File,
    at_row,
    bad_cell,
    day_table,
    events_rows,
    future,
    moment,
    named,
    plan_in_force,
    record,
    refuse,
)
from keiryo.public_events.day_tables import (
    DAILY,
    LOCKED,
    OPEN,
    PUBLIC_EVENT_LOCK,
    PUBLIC_EVENT_SPOT,
    PUBLIC_EVENT_SWEEP,
    UNLOCKED,
)
from keiryo.public_events.equipping import checks_of, daily_problem
from keiryo.public_events.instrument_checks import number
from keiryo.public_events.places import XY, covered, inside, metres, on_earth, outline
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.storage.engine import Database

TRACK_COLUMNS = ("time", "x", "y", "latitude", "longitude")
SPOT_COLUMNS = ("time", "venue", "spot", "state", "words")
GAP_S, CELL_M, NEEDED = 30.0, 1.0, 0.95
"""Longest time between two points of a way, side of a cell, part that has to be covered: choices
of keiryo, to be set for each sweep."""

MOST_LOOKS = 2_000_000_000
"""Most cells times points of a track."""


@dataclass(frozen=True, slots=True)
class SweepMade:
    """How a sweep was made.

    Attributes
    ----------
    sweep, team : str
    instruments : tuple of str
        Serial numbers.
    reach_m : float
        How far from the way the instrument sees what is searched for.
    needed : float
        Part of the venue that has to be covered.
    gap_s, cell_m : float
    """

    sweep: str
    team: str
    instruments: tuple[str, ...]
    reach_m: float
    needed: float = NEEDED
    gap_s: float = GAP_S
    cell_m: float = CELL_M


def venue_zero(row: Mapping[str, Any]) -> XY | None:
    """Return where the zero of the plan of a venue lies, in degrees; None if it does not say."""
    if row["latitude"] is None or row["longitude"] is None:
        return None
    return row["latitude"], row["longitude"]


def place_of(row: Mapping[str, Any], zero: XY | None) -> XY | None:
    """Return the place that a row means in metres; None if it means none.

    Metres come before degrees; degrees need the zero of the plan.
    """
    x, y, latitude, longitude = (number(row[one]) for one in TRACK_COLUMNS[1:])
    if x is not None and y is not None:
        return (x, y) if max(abs(x), abs(y)) < 1e7 else None
    if latitude is None or longitude is None or zero is None:
        return None
    return metres(latitude, longitude, zero) if on_earth(latitude, longitude) else None


def read_track(
    name: str, content: bytes, zero: XY | None
) -> tuple[list[tuple[str, float, float]], list[Finding]]:
    """Return the points of a track in the order of time, and all that is wrong with the sheet."""
    rows, findings = day_table(TRACK_COLUMNS, ("time",)).read(name, content)
    points: dict[str, tuple[str, float, float]] = {}
    for row in rows:
        at, place = moment(row["time"]), place_of(row, zero)
        problem = None
        if at is None:
            problem = "time: this is no moment with an offset"
        elif place is None:
            problem = "it has no place: x and y, or degrees in a venue whose zero is known"
        elif at in points:
            problem = "another row has the same time"
        if problem is not None or at is None or place is None:
            findings.append(at_row(bad_cell(problem or "unreadable"), name, row))
            continue
        points[at] = (at, *place)
    return sorted(points.values()), findings


def coverage(
    points: Sequence[tuple[str, float, float]], corners: Sequence[XY], made: SweepMade
) -> float:
    """Return the part of a venue that a track covered, by cells; 0 if it has no cell.

    Raises
    ------
    ValueError
        If there are more cells and points than can be looked at.
    """
    centres = inside(corners, made.cell_m)
    if len(centres) * len(points) > MOST_LOOKS:
        raise ValueError("more cells and points than can be looked at")
    if not len(centres) or not points:
        return 0.0
    first = parse_utc(points[0][0])
    track = [((parse_utc(at) - first).total_seconds(), x, y) for at, x, y in points]
    return float(covered(centres, track, made.reach_m, made.gap_s).mean())


def record_sweep(
    database: Database,
    actor: Actor,
    event: str,
    made: SweepMade,
    track: File,
    *,
    clock: Clock = system_clock,
) -> tuple[Posted, float]:
    """Record a sweep with its track as evidence; return the act and the part that was covered.

    Raises
    ------
    RefusedError
        If the plan has no such sweep, or the track cannot be read as it is.
    UsageError
        If reach, cell, gap or needed part make no sense.
    """
    positive = (made.reach_m, made.cell_m, made.gap_s)
    if not all(math.isfinite(one) and one > 0 for one in positive) or not 0 < made.needed <= 1:
        raise UsageError("reach, cell, gap or needed part make no sense", "Lengths above 0.")
    with database.reading() as connection:
        plan = plan_in_force(connection, database.metadata, event)
    row = named(plan, "sweeps", "sweep").get(made.sweep)
    venue = {} if row is None else named(plan, "venues", "venue").get(row["venue"], {})
    corners = outline(venue.get("outline"))
    if row is None or corners is None:
        words = f"the plan in force has no sweep {made.sweep[:40]!r} of a venue with an outline"
        advice = "Correct the name, or give the venue its outline as in 0,0 120,0 120,80."
        refuse([plan_finding("PUBLIC-EVENT-NOT-PLANNED", words, advice)], "the sweep")
    assert row is not None and corners is not None
    points, findings = read_track(*track, venue_zero(venue))
    refuse([*findings, *future((one[0] for one in points), clock)], "the track")
    try:
        part = coverage(points, corners, made)
    except ValueError:
        raise UsageError(
            "the cells are too small for the venue or its track", "Give larger cells."
        ) from None
    values: dict[str, Value] = {
        "event": event,
        "sweep": made.sweep,
        "venue": row["venue"],
        "team": made.team,
        "instruments": " ".join(made.instruments),
        "starts": points[0][0],
        "ends": points[-1][0],
        "covered_ppm": math.floor(part * 1_000_000),
        "needed_ppm": math.ceil(made.needed * 1_000_000),
        "reach_mm": round(made.reach_m * 1000),
    }
    lines = [(PUBLIC_EVENT_SWEEP.name, values)]
    return record(database, actor, "sweep", lines, file=track, clock=clock), part


def record_spots(
    database: Database, actor: Actor, event: str, file: File, *, clock: Clock = system_clock
) -> Posted:
    """Record what sweeps found, and what of it is closed: a sheet with a row for each.

    Raises
    ------
    RefusedError
        If the sheet cannot be read as it is, or does not follow what is recorded.
    """
    rows, findings = day_table(SPOT_COLUMNS, SPOT_COLUMNS).read(*file)
    lines: list[tuple[str, Mapping[str, Value]]] = []
    for row in rows:
        at = moment(row["time"])
        if at is None or row["state"] not in (OPEN, "closed"):
            words = "the time is no moment with an offset, or the state neither open nor closed"
            findings.append(at_row(bad_cell(words), file[0], row))
            continue
        values = {one: row[one] for one in ("venue", "spot", "state", "words")}
        lines.append((PUBLIC_EVENT_SPOT.name, {"event": event, "at": at, **values}))
    refuse([*findings, *future((str(one["at"]) for _k, one in lines), clock)], "the sheet of spots")
    return record(database, actor, "spot", lines, clock=clock)


def lock(
    database: Database,
    actor: Actor,
    event: str,
    venue: str,
    *,
    at: str,
    words: str,
    unlock: bool = False,
    clock: Clock = system_clock,
) -> Posted:
    """Record that a venue is locked, or unlocked; a venue that is not swept can be locked, too."""
    refuse(future([at], clock), "the lock-down")
    state = UNLOCKED if unlock else LOCKED
    values: dict[str, Value] = {"event": event, "venue": venue, "state": state}
    line = (PUBLIC_EVENT_LOCK.name, {**values, "at": at, "words": words})
    return record(database, actor, "lock", [line], reason=words, clock=clock)


def open_spots(connection: Connection, metadata: MetaData, event: str) -> list[dict[str, Any]]:
    """Return what sweeps found and is not closed."""
    last = {
        row["spot"]: row for row in events_rows(connection, metadata, PUBLIC_EVENT_SPOT.name, event)
    }
    return [row for row in last.values() if row["state"] == OPEN]


def unfit_sweeps(
    connection: Connection, metadata: MetaData, event: str
) -> dict[tuple[int, int], list[Finding]]:
    """Return why sweeps cannot be relied on, by act and line: instruments unchecked or overdue.

    An instrument counts when its last daily check before the sweep is not older than a check
    holds and was passed, and when its calibration holds until the sweep ends. A check recorded
    later, of a moment before the sweep, counts.
    """
    daily = checks_of(connection, metadata, event, DAILY)
    done = calibrations(connection, metadata)
    found: dict[tuple[int, int], list[Finding]] = {}
    for row in events_rows(connection, metadata, PUBLIC_EVENT_SWEEP.name, event):
        told: list[Finding] = []
        for serial in str(row["instruments"]).split():
            if problem := daily_problem(daily.get(serial, []), row["starts"]):
                told.append(_unfit(row["sweep"], f"{serial} {problem}"))
            day = parse_utc(row["ends"]).date()
            trusted = calibration_on(done.get(serial, []), day)
            if trusted is None or trusted["due_on"] < date_number(day):
                why = "was not calibrated" if trusted is None else "was overdue for calibration"
                told.append(_unfit(row["sweep"], f"{serial} {why}"))
        found[row["act_id"], row["line_no"]] = told
    return found


def _unfit(sweep: str, why: str) -> Finding:
    return _unready(
        "PUBLIC-EVENT-SWEEP-UNFIT",
        f"{sweep} was made with an instrument that cannot be relied on: {why}",
        "Record the check if it was made; else sweep again with an instrument that is fit.",
    )


def readiness(connection: Connection, metadata: MetaData, event: str) -> dict[str, list[Finding]]:
    """Return why each venue of the plan in force is not ready; an empty list: it is.

    Raises
    ------
    RefusedError
        If no plan of the event is in force.
    """
    plan = plan_in_force(connection, metadata, event)
    made = events_rows(connection, metadata, PUBLIC_EVENT_SWEEP.name, event)
    unfit = unfit_sweeps(connection, metadata, event)
    locks = events_rows(connection, metadata, PUBLIC_EVENT_LOCK.name, event)
    spots = open_spots(connection, metadata, event)
    return {
        name: _not_ready(name, plan, made, unfit, locks, spots)
        for name in named(plan, "venues", "venue")
    }


def _not_ready(
    name: str,
    plan: EventPlan,
    made: Sequence[Mapping[str, Any]],
    unfit: Mapping[tuple[int, int], list[Finding]],
    locks: Sequence[Mapping[str, Any]],
    spots: Sequence[Mapping[str, Any]],
) -> list[Finding]:
    mine = [one for one in locks if one["venue"] == name]
    unlocked = max((one["at"] for one in mine if one["state"] == UNLOCKED), default="")
    planned = [row["sweep"] for row in plan.rows["sweeps"] if row["venue"] == name]
    found, ends = [], ""
    if not planned:
        found.append(
            _unready("PUBLIC-EVENT-NOT-SWEPT", f"no sweep of {name} is planned", "Plan one.")
        )
    for sweep in planned:
        here = [one for one in made if (one["sweep"], one["venue"]) == (sweep, name)]
        since = [one for one in here if one["starts"] >= unlocked]
        good = [one for one in since if one["covered_ppm"] >= one["needed_ppm"]]
        fit = [one for one in good if not unfit.get((one["act_id"], one["line_no"]))]
        if good:
            ends = max(ends, max(one["ends"] for one in fit or good))
        if fit:
            continue
        if good:
            found += unfit[good[-1]["act_id"], good[-1]["line_no"]]
        elif since:
            best = max(one["covered_ppm"] for one in since) / 10_000
            words = f"{sweep} covered {best:.2f} per cent of {name}"
            found.append(
                _unready("PUBLIC-EVENT-COVERAGE", words, "Sweep what is left, on one track.")
            )
        else:
            told = f"{sweep} of {name} was not made"
            told += " since it was unlocked" if here else ""
            found.append(_unready("PUBLIC-EVENT-NOT-SWEPT", told, "Sweep it, then lock it."))
    if not mine or mine[-1]["state"] != LOCKED:
        found.append(
            _unready("PUBLIC-EVENT-NOT-LOCKED", f"{name} is not locked", "Lock it after its sweep.")
        )
    elif mine[-1]["at"] < ends:
        words = f"{name} was locked before its sweep ended"
        found.append(
            _unready("PUBLIC-EVENT-NOT-LOCKED", words, "Look who was inside, and lock it again.")
        )
    for one in spots:
        if one["venue"] == name:
            words = f"{one['spot'][:40]} in {name} is open: {one['words'][:80]}"
            found.append(
                _unready("PUBLIC-EVENT-SPOT-OPEN", words, "Find out what it is and close it.")
            )
    return found


def _unready(code: str, words: str, advice: str) -> Finding:
    return plan_finding(code, words, advice)
