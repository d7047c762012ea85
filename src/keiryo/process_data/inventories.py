"""Inventories at the closings: which balances can be closed, and what was in the plant then.

A balance closes where every inventory location has a reading. Where one has none, the balance
runs on to the next closing at which all have been read: a content that nobody measured is never
taken as zero, nor guessed from its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keiryo.process_data.hours import Closings, Floats, Indices
from keiryo.process_data.locations import Location
from keiryo.process_data.notes import Notes
from keiryo.process_data.series import Series

_NAMED = 5
_MERGE_FROM = 500_000


@dataclass(frozen=True, slots=True)
class Readings:
    """For each inventory location and closing, the reading nearest to the closing.

    Attributes
    ----------
    location, closing : array of int
    hour, kg : array of float
    """

    location: Indices
    closing: Indices
    hour: Floats
    kg: Floats


@dataclass(frozen=True, slots=True)
class Closed:
    """The closings at which everything was measured.

    Attributes
    ----------
    hours : array of float, shape (P + 1,)
        T_0 to T_P.
    locations : array of int, shape (I,)
        The inventory locations.
    kg, read_at : array of float, shape (I, P + 1)
        Content, and when it was read.
    """

    hours: Floats
    locations: Indices
    kg: Floats
    read_at: Floats

    @property
    def balances(self) -> int:
        """Number of closed balances, P."""
        return int(self.hours.size) - 1


def readings_at_closings(series: Series, closings: Closings, tolerance_h: float) -> Readings:
    """Return the readings that lie at a closing, or within a tolerance of it."""
    whole, real = np.zeros(0, dtype=np.intp), np.zeros(0)
    parts = [Readings(whole, whole, real, real)]
    waiting = 0
    for block in series:
        number, closing_h = closings.nearest(block.hour)
        near = (np.abs(block.hour - closing_h) <= tolerance_h + 1e-12) & (number >= 0)
        parts.append(Readings(block.location[near], number[near], block.hour[near], block.kg[near]))
        waiting += int(near.sum())
        if waiting > _MERGE_FROM:
            parts, waiting = [_nearest(parts, closings)], 0
    return _nearest(parts, closings)


def _nearest(parts: Sequence[Readings], closings: Closings) -> Readings:
    location = np.concatenate([p.location for p in parts])
    number = np.concatenate([p.closing for p in parts])
    hour = np.concatenate([p.hour for p in parts])
    kg = np.concatenate([p.kg for p in parts])
    names, inverse = np.unique(number, return_inverse=True)
    away = np.abs(hour - closings.hours(names)[inverse]) if number.size else hour
    order = np.lexsort((hour, away, number, location))
    location, number, hour, kg = location[order], number[order], hour[order], kg[order]
    first = np.ones(location.size, dtype=bool)
    first[1:] = (location[1:] != location[:-1]) | (number[1:] != number[:-1])
    return Readings(location[first], number[first], hour[first], kg[first])


def close_balances(
    readings: Readings,
    locations: Sequence[Location],
    closings: Closings,
    last: int,
    file: str,
    notes: Notes,
) -> Closed | None:
    """Return the closings that can be closed, up to closing number `last`; None if fewer than two.

    What could not be closed goes to `notes`.
    """
    places = np.array([n for n, p in enumerate(locations) if not p.is_flow], dtype=np.intp)
    row = np.full(len(locations), -1, dtype=np.intp)
    row[places] = np.arange(places.size)
    kg = np.full((places.size, last + 1), np.nan)
    hour = np.full((places.size, last + 1), np.nan)
    use = readings.closing <= last
    at = (row[readings.location[use]], readings.closing[use])
    kg[at], hour[at] = readings.kg[use], readings.hour[use]
    missing = np.isnan(kg)
    never = missing.all(axis=1)
    for number in np.flatnonzero(never):
        notes.form(
            "PROCESS-INVENTORY-NEVER",
            f"{locations[places[number]].label} has no reading at any closing",
            "Give its content in kg at the closings (0 where it was empty), allow a --tolerance, "
            "or take it out of locations.csv.", file=file,
        )  # fmt: skip
    if never.any():
        return None
    whole = ~missing.any(axis=0)
    numbers = np.flatnonzero(whole).astype(np.intp)
    _tell_open(missing, numbers, [locations[n].label for n in places], closings, file, notes)
    if numbers.size < 2:
        notes.form(
            "PROCESS-NO-BALANCE", "no balance can be closed: fewer than two closings are complete",
            "Every inventory location needs a reading at the closings.", file=file,
        )  # fmt: skip
        return None
    hours = closings.hours(numbers)
    _tell_distance(hour[:, numbers] - hours, locations, places, file, notes)
    return Closed(hours, places, kg[:, numbers], hour[:, numbers])


def _tell_open(
    missing: np.ndarray,
    numbers: Indices,
    names: Sequence[str],
    closings: Closings,
    file: str,
    notes: Notes,
) -> None:
    gaps = np.flatnonzero(missing.any(axis=0))
    for run in np.split(gaps, np.flatnonzero(np.diff(gaps) > 1) + 1) if gaps.size else ():
        lacking = [names[int(n)] for n in np.flatnonzero(missing[:, run].any(axis=1))]
        who = ", ".join(lacking[:_NAMED])
        if len(lacking) > _NAMED:
            who += f" and {len(lacking) - _NAMED} more"
        first, final = closings.hour(int(run[0])), closings.hour(int(run[-1]))
        when = f"at hour {first:g}" if run.size == 1 else f"at hours {first:g} to {final:g}"
        after, before = numbers[numbers > run[-1]], numbers[numbers < run[0]]
        if not after.size:
            what = "no balance closes after them" if run.size > 1 else "no balance closes there"
        elif not before.size:
            what = f"the first balance begins at hour {closings.hour(int(after[0])):g}"
        else:
            what = f"the balance runs on to hour {closings.hour(int(after[0])):g}"
        notes.warning(
            "PROCESS-CLOSING-OPEN", f"{when}, there is no reading of {who}: {what}",
            "Give the readings, or allow the nearest ones with --tolerance.", file=file,
        )  # fmt: skip


def _tell_distance(
    away: Floats, locations: Sequence[Location], places: Indices, file: str, notes: Notes
) -> None:
    for row in np.flatnonzero(np.abs(away).max(axis=1, initial=0.0) > 0):
        used = np.abs(away[row])
        count = int((used > 0).sum())
        many = "1 closing uses" if count == 1 else f"{count} closings use"
        notes.remark(
            "PROCESS-READING-NEAREST",
            f"{locations[places[row]].label}: {many} the nearest reading"
            f", up to {used.max():.9g} h away",
            "What moved in between counts in the wrong balance. Read at the closing if you can.",
            file=file,
        )  # fmt: skip
