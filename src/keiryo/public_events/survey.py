"""Background survey of a venue: points of a mobile survey become a baseline by cell.

A cell is a square of the plan. Spots above the rest are marked by an exact conditional test: given
n counts of a cell in a time t and m counts of all other cells in a time T, n is binomial with n + m
trials and p = t / (t + T) if the rates are equal. The false-alarm rate is divided by the number of
cells, so that it holds for the map as a whole if the ground is uniform. A dose rate has no such
test: its mean and spread are told, and what instrument and ground make of it is for a person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from keiryo.counting.poisson import on_off_p_value
from keiryo.errors import Finding
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import (
    File,
    future,
    moment,
    named,
    not_planned,
    plan_in_force,
    record,
    refuse,
)
from keiryo.public_events.day_tables import PUBLIC_EVENT_SURVEY
from keiryo.public_events.instrument_checks import number
from keiryo.public_events.places import XY, on_earth
from keiryo.public_events.sheets import plan_finding
from keiryo.public_events.sweeping import place_of, venue_zero
from keiryo.sheet_rows import SheetTable
from keiryo.storage.engine import Database

COLUMNS = (
    *("time", "x", "y", "latitude", "longitude", "counts", "seconds", "dose_usv_h"),
    "instrument",
)


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement on the way: place in metres on the plan, counts in some seconds.

    Attributes
    ----------
    x, y : float
        In metres on the plan.
    counts : int
    seconds : float
        0 where only a dose rate was measured.
    instrument : str
    dose_usv_h : float or None
    at : str
        In UTC.
    """

    x: float
    y: float
    counts: int
    seconds: float
    instrument: str
    dose_usv_h: float | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the baseline.

    Attributes
    ----------
    points, counts : int
    seconds : float
    rate, spread : float
        Mean counts per second, and the standard deviation of the points about it (0 for one).
    p_value : float
        Of as many counts or more if the cell were like all the others.
    marked : bool
        Whether it stands out at the false-alarm rate asked for.
    """

    points: int
    counts: int
    seconds: float
    rate: float
    spread: float
    p_value: float
    marked: bool


def read_points(
    name: str, content: bytes, zero: XY | None = None
) -> tuple[list[Point], list[Finding]]:
    """Return the points of a survey file that could be read, and every row that could not.

    Parameters
    ----------
    name : str
        Its ending says what it is: CSV, JSON or TOML.
    content : bytes
        Columns ``time`` (with offset), ``x`` and ``y`` (metres) or ``latitude`` and ``longitude``
        (degrees), ``counts`` and ``seconds`` or ``dose_usv_h`` or all three, ``instrument``.
    zero : (float, float), optional
        Latitude and longitude of the zero of the plan; without, the first place in degrees is.
    """
    table = SheetTable(
        COLUMNS,
        ("time", "instrument"),
        lambda words, advice: plan_finding("PUBLIC-EVENT-SURVEY-FILE", words, advice),
        lambda words, advice: plan_finding("PUBLIC-EVENT-SURVEY-ROW", words, advice),
        wholes=frozenset({"counts"}),
    )
    rows, findings = table.read(name, content)
    zero = zero or _first_place(rows)
    points: list[Point] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        made = _point(row, zero)
        told = made if isinstance(made, str) else None
        if isinstance(made, Point):
            key = (made.at, made.instrument)
            if key in seen:
                told = "the instrument has another row of the same time"
            else:
                seen.add(key)
                points.append(made)
        if told is not None:
            bad = plan_finding("PUBLIC-EVENT-SURVEY-ROW", told, "Correct the row or take it out.")
            findings.append(replace(bad, file=name, line=row["line"]))
    kinds = sorted({one.instrument for one in points})
    if len(kinds) > 1:
        words = f"{len(kinds)} instruments count differently: {', '.join(kinds)[:80]}"
        advice = "Give one file for each: their counts cannot be added."
        findings.append(plan_finding("PUBLIC-EVENT-SURVEY-MIXED", words, advice))
    return points, findings


def _first_place(rows: Sequence[Mapping[str, Any]]) -> XY | None:
    for row in rows:
        latitude, longitude = number(row["latitude"]), number(row["longitude"])
        if latitude is not None and longitude is not None and on_earth(latitude, longitude):
            return latitude, longitude
    return None


def _point(row: Mapping[str, Any], zero: XY | None) -> Point | str:
    """Return the measurement of a row, or what is wrong with it."""
    place, at = place_of(row, zero), moment(row["time"])
    seconds, dose = number(row["seconds"]), number(row["dose_usv_h"])
    counted = row["counts"] is not None or row["seconds"] is not None
    if place is None:
        return "it has no place: x and y in metres, or latitude and longitude in degrees"
    if at is None:
        return "the time is no moment with an offset"
    if counted and (row["counts"] is None or seconds is None or seconds <= 0):
        return "counts and seconds belong together, and no time was measured"
    if row["dose_usv_h"] is not None and (dose is None or dose < 0):
        return "the dose rate is no number of 0 or more"
    if not counted and dose is None:
        return "neither counts nor a dose rate were measured"
    length = seconds if counted and seconds is not None else 0.0
    return Point(*place, row["counts"] or 0, length, row["instrument"], dose, at)


def baseline(
    points: Sequence[Point], *, cell_m: float, alpha: float = 1e-3
) -> dict[tuple[int, int], Cell]:
    """Return the baseline by cell; cell (i, j) begins at (i, j) times `cell_m`.

    Parameters
    ----------
    points : sequence of Point
        Of one instrument.
    cell_m : float
        Side of a cell in metres.
    alpha : float
        Chance that any cell of uniform ground is marked.
    """
    assert cell_m > 0 and 0 < alpha < 1
    points = [one for one in points if one.seconds > 0]
    cells: dict[tuple[int, int], list[Point]] = {}
    for one in points:
        cells.setdefault((math.floor(one.x / cell_m), math.floor(one.y / cell_m)), []).append(one)
    total = sum(one.counts for one in points)
    total_s = math.fsum(one.seconds for one in points)
    found = {}
    for place, held in sorted(cells.items()):
        counts = sum(one.counts for one in held)
        seconds = math.fsum(one.seconds for one in held)
        rate = counts / seconds
        squares = math.fsum((one.counts / one.seconds - rate) ** 2 for one in held)
        spread = math.sqrt(squares / (len(held) - 1)) if len(held) > 1 else 0.0
        alone = len(cells) == 1
        rest_s = max(total_s - seconds, 0.0)
        p = 1.0 if alone else on_off_p_value(counts, seconds, total - counts, rest_s)
        marked = p <= alpha / len(cells)
        found[place] = Cell(len(held), counts, seconds, rate, spread, p, marked)
    return found


def judge(
    cells: Mapping[tuple[int, int], Cell], point: Point, *, cell_m: float, alpha: float = 1e-4
) -> tuple[str, float | None]:
    """Return ``above``, ``as before`` or ``not surveyed`` for a later measurement, and its p-value.

    The counts are held against those of the baseline of its cell, both as counted.
    """
    cell = cells.get((math.floor(point.x / cell_m), math.floor(point.y / cell_m)))
    if cell is None:
        return "not surveyed", None
    p = on_off_p_value(point.counts, point.seconds, cell.counts, cell.seconds)
    return ("above" if p <= alpha else "as before"), p


def dose_baseline(
    points: Sequence[Point], *, cell_m: float
) -> dict[tuple[int, int], tuple[int, float, float]]:
    """Return points, mean and standard deviation of the dose rate by cell, in microsievert/h."""
    cells: dict[tuple[int, int], list[float]] = {}
    for one in points:
        if one.dose_usv_h is not None:
            place = (math.floor(one.x / cell_m), math.floor(one.y / cell_m))
            cells.setdefault(place, []).append(one.dose_usv_h)
    return {
        place: (len(held), fmean(held), stdev(held) if len(held) > 1 else 0.0)
        for place, held in sorted(cells.items())
    }


def record_survey(
    database: Database,
    actor: Actor,
    event: str,
    venue: str,
    file: File,
    *,
    clock: Clock = system_clock,
) -> tuple[Posted, list[Point]]:
    """Record the background survey of a venue; its file is kept as evidence.

    Raises
    ------
    RefusedError
        If a row cannot be read, the file is there, or the plan in force has no such venue or
        instrument.
    """
    with database.reading() as connection:
        plan = plan_in_force(connection, database.metadata, event)
    row = named(plan, "venues", "venue").get(venue)
    points, findings = read_points(*file, None if row is None else venue_zero(row))
    known = named(plan, "instruments", "serial")
    unknown = sorted({one.instrument for one in points} - set(known))
    findings += [not_planned("instrument", one) for one in unknown]
    findings += [] if row is not None else [not_planned("venue", venue)]
    refuse([*findings, *future((one.at for one in points), clock)], "the survey")
    moments = [one.at for one in points]
    values: dict[str, Value] = {
        "event": event,
        "venue": venue,
        "instrument": points[0].instrument,
        "starts": min(moments),
        "ends": max(moments),
        "point_count": len(points),
    }
    lines = [(PUBLIC_EVENT_SURVEY.name, values)]
    return record(database, actor, "survey", lines, file=file, clock=clock), points
