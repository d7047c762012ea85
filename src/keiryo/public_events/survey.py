"""Background survey of a venue: points of a mobile survey become a baseline by cell.

A cell is a square of the plan. Spots above the rest are marked by an exact conditional test: given
n counts of a cell in a time t and m counts of all other cells in a time T, n is binomial with n + m
trials and p = t / (t + T) if the rates are equal. The false-alarm rate is divided by the number of
cells, so that it holds for the map as a whole if the ground is uniform.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keiryo.counting.poisson import on_off_p_value
from keiryo.dates import parse_time
from keiryo.errors import Finding
from keiryo.public_events.sheets import plan_finding
from keiryo.sheet_rows import SheetTable

COLUMNS = ("time", "x", "y", "counts", "seconds", "instrument")


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement on the way: place in metres on the plan, counts in some seconds."""

    x: float
    y: float
    counts: int
    seconds: float
    instrument: str


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


def read_points(name: str, content: bytes) -> tuple[list[Point], list[Finding]]:
    """Return the points of a survey file that could be read, and every row that could not.

    Parameters
    ----------
    name : str
        Its ending says what it is: CSV, JSON or TOML.
    content : bytes
        Columns ``time`` (with offset), ``x``, ``y`` (metres), ``counts``, ``seconds``,
        ``instrument``.
    """
    table = SheetTable(
        COLUMNS,
        COLUMNS,
        lambda words, advice: plan_finding("PUBLIC-EVENT-SURVEY-FILE", words, advice),
        lambda words, advice: plan_finding("PUBLIC-EVENT-SURVEY-ROW", words, advice),
        wholes=frozenset({"counts"}),
    )
    rows, findings = table.read(name, content)
    points, seen = [], set()
    for row in rows:
        x, y, seconds = (_number(row[one]) for one in ("x", "y", "seconds"))
        key = (row["time"], row["instrument"])
        told = None
        if x is None or y is None or seconds is None or seconds <= 0:
            told = "x, y or seconds is no number, or no time was measured"
        elif parse_time(row["time"]) is None:
            told = "the time is no moment with an offset"
        elif key in seen:
            told = "the instrument has another row of the same time"
        else:
            points.append(Point(x, y, row["counts"], seconds, row["instrument"]))
            seen.add(key)
        if told is not None:
            bad = plan_finding("PUBLIC-EVENT-SURVEY-ROW", told, "Correct the row or take it out.")
            findings.append(replace(bad, file=name, line=row["line"]))
    kinds = sorted({one.instrument for one in points})
    if len(kinds) > 1:
        words = f"{len(kinds)} instruments count differently: {', '.join(kinds)[:80]}"
        advice = "Give one file for each: their counts cannot be added."
        findings.append(plan_finding("PUBLIC-EVENT-SURVEY-MIXED", words, advice))
    return points, findings


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


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e7 else None
