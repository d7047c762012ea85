"""Findings of the two-person rule, kept by columns: a poor log has millions of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keiryo.protection.inputs import Warning
from keiryo.protection.orders import order_of

ERROR, WARNING = "E", "W"
NOBODY = -1
Kind = tuple[str, str, str]
"""The code, the severity and the message of findings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at besides the intervals."""

    code: str
    severity: str
    zone: str
    person: str | None
    time_ns: int
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings by time, line, code and person.

    Attributes
    ----------
    kinds : list of tuple
        Code, severity and message.
    zones, persons : list of str
    kind, zone, person, time_ns, line : ndarray of int64
        Places in `kinds`, `zones` and `persons` (-1: nobody); line 0 is none.
    """

    kinds: list[Kind]
    zones: list[str]
    persons: list[str]
    kind: np.ndarray
    zone: np.ndarray
    person: np.ndarray
    time_ns: np.ndarray
    line: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def __iter__(self) -> Iterator[Finding]:
        return self.some(0, len(self))

    def some(self, first: int, after: int) -> Iterator[Finding]:
        """Yield the findings from `first` to before `after`."""
        part = slice(first, after)
        columns = (self.kind, self.zone, self.person, self.time_ns, self.line)
        rows = zip(*(column[part].tolist() for column in columns), strict=True)
        for kind, zone, person, time_ns, line in rows:
            code, severity, message = self.kinds[kind]
            who = None if person == NOBODY else self.persons[person]
            yield Finding(code, severity, self.zones[zone], who, time_ns, line or None, message)

    @property
    def has_errors(self) -> bool:
        """Whether there is one of severity E."""
        severe = [severity == ERROR for _, severity, _ in self.kinds]
        return any(severe[kind] for kind in np.flatnonzero(np.bincount(self.kind)).tolist())


class Collected:
    """Findings as they are made."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, int] = {}
        self._zones: dict[str, int] = {}
        self._rows: list[tuple[np.ndarray, ...]] = []

    def add(
        self,
        kind: Kind,
        zone: str,
        time_ns: np.ndarray,
        line: np.ndarray,
        person: np.ndarray | None = None,
    ) -> None:
        """Add findings of one kind in one zone; `person` has places in the roster."""
        size = len(time_ns)
        if not size:
            return
        number = self._kinds.setdefault(kind, len(self._kinds))
        place = self._zones.setdefault(zone, len(self._zones))
        who = np.full(size, NOBODY) if person is None else person
        self._rows.append((np.full(size, number), np.full(size, place), who, time_ns, line))

    def finished(self, persons: list[str], rank: np.ndarray) -> Findings:
        """Return them in order.

        Parameters
        ----------
        persons : list of str
        rank : ndarray of int64
            The place of each person by name.
        """
        none = np.empty(0, dtype=np.int64)
        rows = self._rows or [(none,) * 5]
        kind, zone, person, time, line = (
            np.concatenate(one).astype(np.int64) for one in zip(*rows, strict=True)
        )
        self._rows = []
        kinds = list(self._kinds)
        code = _ranks([one[0] for one in kinds])[kind]
        order = order_of(time, line, code, np.append(rank + 1, 0)[person])
        columns = [kind, zone, person, time, line]
        if order is not None:
            columns = [column[order] for column in columns]
        return Findings(kinds, list(self._zones), persons, *columns)


def _ranks(names: list[str]) -> np.ndarray:
    ordered = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([ordered[name] for name in names], dtype=np.int64)


class Warnings:
    """Warnings of a log: some, then one for each row that stands in the file again, then more."""

    def __init__(self, first: list[Warning], again: np.ndarray, last: list[Warning]) -> None:
        self.first, self.again, self.last = first, again, last

    def __len__(self) -> int:
        return len(self.first) + len(self.again) + len(self.last)

    def __iter__(self) -> Iterator[Warning]:
        yield from self.first
        for line in self.again.tolist():
            yield Warning("DUPLICATE_EVENT", f"line {line}", COUNTED_ONCE)
        yield from self.last


COUNTED_ONCE = "The same row stands in the file before; it was counted once."
