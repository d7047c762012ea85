"""Coverage over time: a step function whose steps are half-open, computed exactly.

A line has a value at every instant. None means that it says nothing there: a device before it was
attached, a way before it existed, an item before it was put into the containment. Lines are put
together by the rules of `keiryo.containment.values`: the best of the devices of a way, the worst
of the ways to an item.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keiryo.containment.instants import shown
from keiryo.containment.values import Span, Value

Said = Value | None
"""A value, or that nothing is said."""


@dataclass(frozen=True, slots=True)
class Step:
    """An interval of a line with one value; `begin` None: since ever, `end` None: still."""

    begin: datetime | None
    end: datetime | None
    value: Value

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "from": None if self.begin is None else shown(self.begin),
            "to": None if self.end is None else shown(self.end),
            "value": self.value.name,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """A value for every instant.

    Attributes
    ----------
    first : Value or None
        The value before the first change.
    changes : tuple of (datetime, Value or None)
        From when on which value; in the order of time, each instant once, no two neighbours alike.
    """

    first: Said = None
    changes: tuple[tuple[datetime, Said], ...] = ()

    def at(self, moment: datetime) -> Said:
        """Return the value at an instant."""
        place = bisect_right(self.changes, moment, key=lambda change: change[0])
        return self.first if place == 0 else self.changes[place - 1][1]

    def clipped(self, begin: datetime | None, end: datetime | None) -> Line:
        """Return the line within ``begin <= t < end``; outside it says nothing.

        Parameters
        ----------
        begin, end : datetime or None
            None: since ever, for ever.
        """
        first = self.first if begin is None else None
        changes: list[tuple[datetime, Said]] = [] if begin is None else [(begin, self.at(begin))]
        changes += [
            change
            for change in self.changes
            if (begin is None or begin < change[0]) and (end is None or change[0] < end)
        ]
        if end is not None:
            if begin is not None and end <= begin:
                return Line()
            changes.append((end, None))
        return _line(first, changes)

    def filled(self, value: Value) -> Line:
        """Return the line with a value where it says nothing."""
        first = value if self.first is None else self.first
        return _line(first, [(at, value if v is None else v) for at, v in self.changes])

    def steps(self, begin: datetime | None = None, end: datetime | None = None) -> list[Step]:
        """Return the intervals between two instants at which the line says something."""
        found: list[Step] = []
        since, value = None, self.first
        for at, after in (*self.changes, (None, None)):
            if value is not None:
                first = since if begin is None or (since and since > begin) else begin
                last = at if end is None or (at and at < end) else end
                if first is None or last is None or first < last:
                    found.append(Step(first, last, value))
            since, value = at, after
        return found


def line_of_spans(spans: Iterable[Span]) -> Line:
    """Return what a device says as a line; between its spans it says nothing.

    Parameters
    ----------
    spans : iterable of Span
        In the order of time, not overlapping.
    """
    changes: list[tuple[datetime, Said]] = []
    for span in spans:
        if span.end is not None and span.end <= span.begin:
            continue
        if changes and changes[-1] == (span.begin, None):
            changes.pop()
        changes.append((span.begin, span.value))
        if span.end is not None:
            changes.append((span.end, None))
    return _line(None, changes)


def best_of(lines: Iterable[Line], otherwise: Said = None) -> Line:
    """Return the best value of several lines at every instant.

    Parameters
    ----------
    lines : iterable of Line
    otherwise : Value or None
        The value where none of them says anything.
    """
    return _combined(lines, otherwise, best=True)


def worst_of(lines: Iterable[Line], otherwise: Said = None) -> Line:
    """Return the worst value of several lines at every instant; see `best_of`."""
    return _combined(lines, otherwise, best=False)


def _combined(lines: Iterable[Line], otherwise: Said, *, best: bool) -> Line:
    """Sweep over all changes, counting how many lines have which value."""
    every = list(lines)
    counts = dict.fromkeys(sorted(Value, reverse=not best), 0)
    current: list[Said] = [line.first for line in every]
    for value in current:
        if value is not None:
            counts[value] += 1

    def chosen() -> Said:
        return next((value for value, count in counts.items() if count), otherwise)

    first = chosen()
    events = sorted((at, n, v) for n, line in enumerate(every) for at, v in _keyed(line))
    changes: list[tuple[datetime, Said]] = []
    for position, (at, number, after) in enumerate(events):
        before = current[number]
        if before is not None:
            counts[before] -= 1
        current[number] = None if after < 0 else Value(after)
        if after >= 0:
            counts[Value(after)] += 1
        if position + 1 == len(events) or events[position + 1][0] != at:
            changes.append((at, chosen()))
    return _line(first, changes)


def _keyed(line: Line) -> Iterable[tuple[datetime, int]]:
    return ((at, -1 if value is None else int(value)) for at, value in line.changes)


def _line(first: Said, changes: Iterable[tuple[datetime, Said]]) -> Line:
    """Return a line without changes that change nothing."""
    kept: list[tuple[datetime, Said]] = []
    value = first
    for at, after in changes:
        if after is not value:
            kept.append((at, after))
            value = after
    return Line(first, tuple(kept))
