"""Checks of who was inside: twice, in two places, without an escort, after the shift."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from keiryo.access_control.authorisations import NEVER, Authorisations
from keiryo.access_control.entry_checks import holds, merged
from keiryo.access_control.events import Events
from keiryo.access_control.findings import AccessFinding
from keiryo.access_control.setup import IN, Setup
from keiryo.access_control.visits import BEFORE, Visits

_DAY_NS = 86_400_000_000_000


def check_passback(visits: Visits, setup: Setup) -> Iterator[AccessFinding]:
    """Yield entries of somebody inside and exits of somebody outside."""
    told = {
        "ENTRY_TWICE": "The person was inside already.",
        "EXIT_WITHOUT_ENTRY": "The person was not inside.",
    }
    asked = [area.id for area in setup.areas.values() if area.anti_passback]
    for row in visits.repeated.filter(pl.col("area").is_in(asked)).iter_rows(named=True):
        yield AccessFinding(
            *(row["code"], row["area"], row["person"], row["reader"], row["time_ns"], None),
            (int(row["place"]),),
            told[row["code"]],
        )


def check_outer(events: Events, visits: Visits, setup: Setup) -> Iterator[AccessFinding]:
    """Yield entries to an area whose outer area has records, and not of this person then."""
    entries = events.frame.filter(
        pl.col("granted") & (pl.col("direction") == IN) & pl.col("person").is_not_null()
    )
    for area in setup.areas.values():
        if area.inside is None:
            continue
        outer = visits.frame.filter(pl.col("area") == area.inside).sort("start_ns")
        if outer.is_empty():
            continue
        inside = entries.filter(pl.col("area") == area.id).sort("time_ns")
        there = inside.join_asof(
            outer.select("person", "start_ns", "end_ns"),
            left_on="time_ns",
            right_on="start_ns",
            by="person",
            check_sortedness=False,
        )
        missing = pl.col("start_ns").is_null() | (pl.col("end_ns") < pl.col("time_ns"))
        for row in there.filter(missing.fill_null(False)).iter_rows(named=True):
            yield AccessFinding(
                *("OUTER_NOT_ENTERED", area.id, row["person"], row["reader"]),
                *(row["time_ns"], None, (int(row["place"]),)),
                f"The person was not in {area.inside}.",
            )


def check_two_areas(visits: Visits, setup: Setup) -> Iterator[AccessFinding]:
    """Yield times in which a person was in two areas of which neither lies in the other."""
    several = visits.frame.group_by("person").agg(pl.col("area").n_unique().alias("areas"))
    persons = several.filter(pl.col("areas") > 1)["person"]
    frame = visits.frame.filter(pl.col("person").is_in(persons.implode()))
    open_end = np.iinfo(np.int64).max
    active: list[dict[str, Any]] = []
    person = None
    for row in frame.sort("person", "start_ns", "area").iter_rows(named=True):
        if row["person"] != person:
            person, active = row["person"], []
        begin = row["start_ns"]
        active = [one for one in active if (one["end_ns"] or open_end) > begin]
        for one in active:
            if setup.together(one["area"], row["area"]):
                continue
            end = min(one["end_ns"] or open_end, row["end_ns"] or open_end)
            if end > begin:
                places = [one["start_place"], row["start_place"]]
                yield AccessFinding(
                    *("TWO_AREAS", row["area"], person, row["start_reader"]),
                    None if begin == BEFORE else begin,
                    None if end == open_end else end,
                    tuple(int(place) for place in places if place is not None),
                    f"The person was in {one['area']} as well.",
                )
        active.append(row)


def check_escorts(
    visits: Visits, setup: Setup, authorisations: Authorisations
) -> Iterator[AccessFinding]:
    """Yield times in which somebody who needs an escort was without one for too long.

    Anybody who is authorised for the area without an escort is one.
    """
    granted = authorisations.frame.filter(~pl.col("excluded"))
    alone = merged(granted.filter(~pl.col("escort")))
    frame = holds(visits.frame, merged(granted), "any_until", "start_ns")
    frame = holds(frame, alone, "alone_until", "start_ns")
    may = (pl.col("start_ns") < pl.col("alone_until")).fill_null(False)
    needs = ~may & (pl.col("start_ns") < pl.col("any_until")).fill_null(False)
    end = NEVER if visits.end_ns is None else visits.end_ns
    frame = frame.with_columns(pl.col("end_ns").fill_null(end).alias("until"))
    for area in setup.areas.values():
        here = frame.filter(pl.col("area") == area.id)
        guests = here.filter(needs)
        if guests.is_empty():
            continue
        starts, ends = _union(here.filter(may))
        for row in guests.iter_rows(named=True):
            for first, last in _gaps(row["start_ns"], row["until"], starts, ends):
                if last - first <= area.escort_grace_ns:
                    continue
                at = row["start_place"]
                yield AccessFinding(
                    *("ESCORT_MISSING", area.id, row["person"], None),
                    None if first == BEFORE else first,
                    None if row["end_ns"] is None and last == end else last,
                    () if at is None else (int(at),),
                    f"The person was without an escort for {(last - first) / 1e9:g} s."
                    if first != BEFORE
                    else "The person was without an escort.",
                )


def _union(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the times in which at least one of some visits went on."""
    starts, ends = frame["start_ns"].to_numpy(), frame["until"].to_numpy()
    if not starts.size:
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    first = np.concatenate([[True], starts[1:] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return starts[first], reach[last]


def _gaps(begin: int, end: int, starts: np.ndarray, ends: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the parts of a time that no other one covers."""
    at = begin
    for place in range(int(np.searchsorted(ends, begin, side="right")), starts.size):
        if starts[place] >= end:
            break
        if starts[place] > at:
            yield at, int(starts[place])
        at = max(at, int(ends[place]))
    if at < end:
        yield at, end


def check_shift_ends(events: Events, visits: Visits, setup: Setup) -> Iterator[AccessFinding]:
    """Yield who was inside when a shift had ended and its grace was over."""
    first = events.frame.select(pl.col("time_ns").min()).item()
    if first is None or visits.end_ns is None:
        return
    for area in setup.areas.values():
        here = visits.frame.filter(pl.col("area") == area.id)
        for over in _shift_ends(area.shift_ends, first, visits.end_ns, setup.timezone):
            at = over + area.shift_grace_ns
            if at > visits.end_ns:
                continue
            inside = here.filter(
                (pl.col("start_ns") <= over)
                & (pl.col("end_ns").is_null() | (pl.col("end_ns") > at))
            )
            for row in inside.sort("person").iter_rows(named=True):
                begin = row["start_place"]
                yield AccessFinding(
                    *("INSIDE_AT_SHIFT_END", area.id, row["person"], None, at, row["end_ns"]),
                    () if begin is None else (int(begin),),
                    "The shift had ended.",
                )


def _shift_ends(
    times: tuple[datetime.time, ...], first_ns: int, last_ns: int, timezone: datetime.tzinfo
) -> Iterator[int]:
    """Yield when shifts end, from the first record to the last."""
    day = datetime.datetime.fromtimestamp(first_ns // 1_000_000_000, timezone).date()
    last = datetime.datetime.fromtimestamp(last_ns // 1_000_000_000, timezone).date()
    while day <= last:
        for time in times:
            local = datetime.datetime.combine(day, time, timezone)
            at = round(local.timestamp()) * 1_000_000_000
            if first_ns <= at <= last_ns:
                yield at
        day += datetime.timedelta(days=1)


def check_open(visits: Visits) -> Iterator[AccessFinding]:
    """Yield who entered and did not leave until the end of the records."""
    for row in visits.frame.filter(pl.col("end_ns").is_null()).iter_rows(named=True):
        begin = row["start_place"]
        yield AccessFinding(
            *("OPEN_OCCUPANCY", row["area"], row["person"], row["start_reader"]),
            None if row["start_ns"] == BEFORE else row["start_ns"],
            None,
            () if begin is None else (int(begin),),
            "The person entered and did not leave."
            if begin is not None
            else "The person was inside at first and did not leave.",
        )
