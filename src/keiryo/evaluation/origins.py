"""Which measurement each line of the books rests on; this decides what cancels in MUF.

A line with basis M or N states a measurement of its own; with T or L it repeats one that was
reported before: that of the latest earlier line of its batch that was measured, or one that is
older than the books. What left the area (a decrease) was measured apart from what remained; a
return rests on the measurement with which it left. A rebatched batch keeps the measurement of the
one batch that it was made from. Lines of a batch that name the same result
rest on it. A shipper/receiver difference takes the shipper's weight out of
the book and puts the receiver's in.

Source: Code 10, label 469 (basis of measurement); Canada's REGDOC-2.13.1, section 7.3: an item
that was not changed since the last taking need not be measured again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from keiryo.evaluation.model import LISTED, BookLine, Measurement
from keiryo.vocabulary import entry_code, measurement_bases

FAR = 99991231


class Part(NamedTuple):
    """An amount of a line, with the sign within the line, and its measurement."""

    sign: int
    element_mg: int
    fissile_mg: int | None
    measurement: int


class _Held(NamedTuple):
    measurement: int
    element_mg: int
    fissile_mg: int | None


class _Batch:
    """What is known of one batch while its lines go by."""

    __slots__ = ("day", "held", "left", "left_day")

    def __init__(self) -> None:
        self.held: list[_Held] = []
        self.left: list[_Held] = []
        self.day = self.left_day = 0


def measured_parts(
    lines: Sequence[BookLine],
    parents: Mapping[str, str | None],
    result_days: Mapping[str, Sequence[int]],
) -> tuple[list[tuple[Part, ...]], list[Measurement]]:
    """Return the amounts of each line with their measurements, and all measurements.

    Parameters
    ----------
    lines : sequence of BookLine
        All lines of a category of an area, in order of time.
    parents : mapping of str to str or None
        The batch that a rebatched batch was made from; None if there were several.
    result_days : mapping of str to sequence of int
        Days of recorded results by batch name, ascending.
    """
    reader = _Reader(parents, result_days)
    parts = [reader.read(line) for line in lines]
    return parts, reader.finished()


class _Reader:
    def __init__(
        self, parents: Mapping[str, str | None], result_days: Mapping[str, Sequence[int]]
    ) -> None:
        self.parents = parents
        self.result_days = result_days
        self.before_books = {b.letter for b in measurement_bases().values() if b.reported_before}
        self.batches: dict[str, _Batch] = {}
        self.made: list[tuple[BookLine, bool]] = []
        self.days: dict[str, list[int]] = {}
        self.named: dict[tuple[str, str], int] = {}

    def read(self, line: BookLine) -> tuple[Part, ...]:
        """Return the parts of the next line."""
        uid = _identity(line)
        if uid is None:
            return (self._own(line, self._measurement(line, original=True)),)
        batch = self.batches.setdefault(uid, _Batch())
        if line.code == "DI":
            return self._difference(line, batch)
        if line.reference is not None and (uid, line.reference) in self.named:
            return (self._own(line, self.named[uid, line.reference]),)
        if line.basis in self.before_books and line.reference is None:
            return (self._own(line, self._repeated(line, uid, batch)),)
        number = self._measurement(line, original=True)
        if line.reference is not None:
            self.named[uid, line.reference] = number
        held = _Held(number, line.element_mg, line.fissile_mg)
        if _leaves(line):
            batch.left = [*(batch.left if batch.left_day == line.day else []), held]
            batch.left_day = line.day
        else:
            batch.held = [*(batch.held if batch.day == line.day else []), held]
            batch.day = line.day
        return (self._own(line, number),)

    def finished(self) -> list[Measurement]:
        """Return the measurements, each with the days of those before and after it."""
        found = []
        for number, (line, original) in enumerate(self.made):
            days = self.days.get(_identity(line) or "", ())
            earlier, later = bisect_left(days, line.day), bisect_right(days, line.day)
            after = days[earlier - 1] if earlier else 0
            before = days[later] if later < len(days) else FAR
            found.append(Measurement(number, line, original, after, before))
        return found

    def _own(self, line: BookLine, number: int) -> Part:
        return Part(1, line.element_mg, line.fissile_mg, number)

    def _measurement(self, line: BookLine, *, original: bool) -> int:
        self.made.append((line, original))
        uid = _identity(line)
        if original and uid is not None:  # lines come in order of time, so days ascend
            self.days.setdefault(uid, []).append(line.day)
        return len(self.made) - 1

    def _repeated(self, line: BookLine, uid: str, batch: _Batch) -> int:
        """Return the measurement that a line repeats."""
        comes = not _leaves(line) and line.code != LISTED
        held = (batch.left or batch.held) if comes else (batch.held or batch.left)
        if not held and (parent := self.parents.get(uid)) in self.batches:
            held = self.batches[parent or ""].held or self.batches[parent or ""].left
        amount = (line.element_mg, line.fissile_mg)
        same = next((h for h in held if h[1:] == amount), None)
        if same is None and (not held or self._was_remeasured(line, held[-1])):
            number = self._measurement(line, original=bool(held))
            batch.held, batch.day = [_Held(number, *amount)], line.day
            return number
        chosen = same or held[-1]
        if not _leaves(line) and (same is None or same not in batch.held):
            now = _Held(chosen.measurement, *amount)
            others = [h for h in batch.held if h.measurement != chosen.measurement]
            batch.held = [*others, now]
        return chosen.measurement

    def _was_remeasured(self, line: BookLine, held: _Held) -> bool:
        """Whether a recorded result lies between a measurement and a line of another weight."""
        days = self.result_days.get(line.batch or "", ())
        first, original = self.made[held.measurement]
        then, now = bisect_right(days, first.day), bisect_right(days, line.day)
        # What was measured for a line may have got its result later: the first one is of that.
        return now > (max(then, 1) if original else then)

    def _difference(self, line: BookLine, batch: _Batch) -> tuple[Part, ...]:
        """Split a shipper/receiver difference into the weight that goes and the one that comes."""
        number = self._measurement(line, original=True)
        if not batch.held:
            return (self._own(line, number),)
        old = batch.held[-1]
        fissile = None
        if (old.fissile_mg is None) != (line.fissile_mg is None):
            return (self._own(line, number),)
        if old.fissile_mg is not None and line.fissile_mg is not None:
            fissile = old.fissile_mg - line.fissile_mg
        new = _Held(number, old.element_mg - line.element_mg, fissile)
        batch.held, batch.day = [*batch.held[:-1], new], line.day
        return Part(1, old.element_mg, old.fissile_mg, old.measurement), Part(-1, *new[1:], number)


def _identity(line: BookLine) -> str | None:
    return line.uid or (f"name:{line.batch}" if line.batch else None)


def _leaves(line: BookLine) -> bool:
    return line.code != LISTED and line.code != "DI" and entry_code(line.code).batch_sign < 0


def batches_of(uses: Iterable[BookLine], limit: int = 5) -> str:
    """Return the names of some lines' batches for a message, the first few."""
    names = list(dict.fromkeys(line.batch or "(no batch)" for line in uses))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
