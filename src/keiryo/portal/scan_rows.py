"""Scan records of a portal as arrays: four counts each, read many at once where they are even."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keiryo.portal.record_times import moment_of, seconds_between
from keiryo.portal.setup_records import INTERVAL_S, PANELS

LEAST_TOLD = 40
"""Counts of a scan that come again exactly by a repeated line alone."""
SLACK_S = 3.0
"""The first second of an occupancy comes in a burst, and the last is in the end of it."""
_COUNT = re.compile(rb"\d{1,9}$")
_EVEN = 2 + 7 * PANELS
"""Characters of a record with counts of six digits, before its time."""
_PLACES = np.array([[3 + 7 * n + k for k in range(6)] for n in range(PANELS)]).ravel()
_COMMAS = np.array([2 + 7 * n for n in range(PANELS)])
_WEIGHTS = 10 ** np.arange(5, -1, -1)


@dataclass(frozen=True, slots=True)
class Scans:
    """Counts, which were flagged as alarm, how many could not be read, and a clock set back.

    Attributes
    ----------
    counts : ndarray of int32, shape (n, 4)
    flagged : ndarray of bool, shape (n,)
    lost : int
        Records that are not four counts.
    back : bool
        The time stamps go back within them.
    """

    counts: np.ndarray
    flagged: np.ndarray
    lost: int
    back: bool


def four_counts(fields: list[bytes]) -> tuple[int, ...] | None:
    """Return the four counts of a record, which a time may follow; None: it is no such record."""
    given = [one.strip() for one in fields]
    if len(given) not in (PANELS, PANELS + 1) or not all(_COUNT.match(c) for c in given[:PANELS]):
        return None
    return tuple(int(one) for one in given[:PANELS])


def scans_of(rows: list[bytes], alarm: bytes) -> Scans:
    """Read scan records; those whose code ends in `alarm` are the flagged ones."""
    if not rows:
        return _made([], [], 0, False)
    length = len(rows[0])
    even = length == _EVEN or length >= _EVEN + 2
    if even and all(len(row) == length for row in rows):
        table = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), length)
        digits = table[:, _PLACES]
        commas = (table[:, _COMMAS] == 44).all() and (
            length == _EVEN or (table[:, _EVEN] == 44).all()
        )
        no_more = length == _EVEN or not (table[:, _EVEN + 1 :] == 44).any()
        if commas and no_more and ((digits >= 48) & (digits <= 57)).all():
            values = (digits - 48).reshape(len(rows), PANELS, 6).astype(np.int32) @ _WEIGHTS
            flagged = table[:, 1] == alarm[-1]
            return Scans(values.astype(np.int32), flagged, 0, _goes_back(rows, table))
    return _one_by_one(rows, alarm)


def _one_by_one(rows: list[bytes], alarm: bytes) -> Scans:
    counts, flagged, times = [], [], []
    for row in rows:
        code, *fields = row.rstrip(b", \t").split(b",")
        found = four_counts(fields)
        if found is None:
            continue
        counts.append(found)
        flagged.append(code[1:2] == alarm[-1:])
        if len(fields) > PANELS and (at := moment_of(fields[-1].decode("latin-1"))):
            times.append(at)
    back = any(goes_back(a, b) for a, b in pairwise(times) if b < a)
    return _made(counts, flagged, len(rows) - len(counts), back)


def _made(counts: list[tuple[int, ...]], flagged: list[bool], lost: int, back: bool) -> Scans:
    empty = np.zeros((0, PANELS), dtype=np.int32)
    return Scans(
        np.array(counts, dtype=np.int32) if counts else empty,
        np.array(flagged, dtype=bool),
        lost,
        back,
    )


def _goes_back(rows: list[bytes], table: np.ndarray) -> bool:
    width = table.shape[1] - _EVEN - 1
    if width < 1 or len(rows) < 2:
        return False
    times = np.ascontiguousarray(table[:, _EVEN + 1 :]).view(f"S{width}").ravel()
    for n in np.flatnonzero(times[1:] < times[:-1])[:1000]:
        one, other = (moment_of(times[k].decode("latin-1")) for k in (n, n + 1))
        if one is not None and other is not None and goes_back(one, other):
            return True
    return False


def goes_back(one: str, other: str) -> bool:
    """Return whether the clock went back from one time to the next; midnight is no such thing."""
    apart = seconds_between(one, other)
    return apart is not None and apart < 0


def without_repeats(rows: list[bytes]) -> list[bytes]:
    """Return scan records of an occupancy without those that stand there twice.

    A record that equals the one before it, time and all, stands there twice where clocks go on
    from record to record and none stands there three times. Records of few counts may be equal by
    chance in the burst at the begin of an occupancy: they stay, unless all stand there twice.
    """
    if len(set(rows)) == len(rows):
        return rows
    same = [n for n, (one, other) in enumerate(pairwise(rows), 1) if one == other]
    if not same or any(later - n < 2 for n, later in pairwise(same)):
        return rows
    times = {row.rpartition(b",")[2] for row in rows}
    if (
        len(rows) < 4
        or 2 * len(times) < len(rows)
        or moment_of(min(times).decode("latin-1")) is None
    ):
        return rows
    every = len(same) * 2 == len(rows)
    gone = {n for n in same if every or _many(rows[n])}
    return [row for n, row in enumerate(rows) if n not in gone]


def _many(row: bytes) -> bool:
    counts = four_counts(row.split(b",")[1:])
    return counts is not None and sum(counts) >= LEAST_TOLD


def uneven_times(start: str, end: str, intervals: int) -> str | None:
    """Return what to tell where the time stamps do not go with the number of intervals."""
    apart = seconds_between(start, end)
    if apart is None or apart < 0:
        return None
    long = intervals * INTERVAL_S
    if abs(apart - long) <= SLACK_S + 0.05 * long:
        return None
    told = f"Its time stamps span {apart:.1f} s and its intervals {long:.1f} s: "
    if apart > long:
        return told + "scans are missing, or two passages stand together."
    return told + "scans stand there more than once, or the clock was set."
