"""Which measurement each line of the books rests on; this decides what cancels in MUF.

A line with basis M or N states a measurement of its own; with T or L it repeats what was reported
before: the measurements that its batch consists of, or one that is older than the books. Where
several measurements make up a batch (something was received into it, several batches were
rebatched to one) the line rests on all of them, in proportion to what each of them still holds of
the batch, unless it repeats the weight of one of them exactly. What left the area (a decrease) was
measured apart from what remained; a return rests on the measurement with which it left. A
rebatched batch consists of what was taken out of the batches that it was made from. Lines of a
batch that name the same result rest on it. A shipper/receiver difference takes the shipper's
weight out of the book and puts the receiver's in.

Source: Code 10, label 469 (basis of measurement); Canada's REGDOC-2.13.1, section 7.3: an item
that was not changed since the last taking need not be measured again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from keiryo.accounts.equations import book_sign
from keiryo.evaluation.model import LISTED, BookLine, Measurement
from keiryo.quantities import Category
from keiryo.vocabulary import entry_code, measurement_bases

FAR = 99991231
REBATCHED_TO, REBATCHED_FROM = "RP", "RM"


class Part(NamedTuple):
    """An amount of a line, with the sign within the line, and its measurement.

    `items` are those of the line that it stands for; `measured` those that its errors are of:
    of a line of no items, such as a shipper/receiver difference, the ones of its measurement.
    """

    sign: int
    element_mg: int
    fissile_mg: int | None
    measurement: int
    items: int
    measured: int


class _Held(NamedTuple):
    measurement: int
    element_mg: int
    fissile_mg: int | None
    items: int


class _Batch:
    """What is known of one batch while its lines go by.

    `held` is what it consists of; `before` what it consisted of when its listing began, of which
    `repeated` entries are listed already; `gone` what it was when it was used up; `left` what
    left it last; `seen` the day of its last line.
    """

    __slots__ = ("before", "gone", "held", "left", "left_day", "listed_day", "repeated", "seen")

    def __init__(self) -> None:
        self.held: Sequence[_Held] = ()
        self.before: Sequence[_Held] = ()
        self.repeated: tuple[int, ...] = ()
        self.gone: Sequence[_Held] = ()
        self.left: Sequence[_Held] = ()
        self.left_day = self.listed_day = self.seen = 0

    def content(self) -> Sequence[_Held]:
        """Return what it consists of, or of what it last did."""
        return self.held or self.gone or self.left

    def take(self, line: BookLine, parts: Sequence[_Held], *, anew: bool) -> None:
        """Let a line leave: what was measured anew takes of all that is held."""
        self.left = (*(self.left if self.left_day == line.day else ()), *parts)
        self.left_day = line.day
        held = self.held
        if not held:
            return
        if len(held) == 1 and line.element_mg >= held[0].element_mg:
            self.held, self.gone = (), held
            return
        if anew:
            parts = _divided(held, line.element_mg, line.fissile_mg, line.items)
        self.held = _remaining(held, parts, with_items=line.items > 0)
        if not self.held:
            self.gone = held


def measured_parts(
    lines: Sequence[BookLine],
    category: Category,
    parents: Mapping[str, Sequence[str]],
    result_days: Mapping[str, Sequence[int]],
) -> tuple[list[tuple[Part, ...]], list[Measurement]]:
    """Return the amounts of each line with their measurements, and all measurements.

    Parameters
    ----------
    lines : sequence of BookLine
        All lines of a category of an area, in order of time.
    category : Category
    parents : mapping of str to sequence of str
        The batches that a rebatched batch was made from.
    result_days : mapping of str to sequence of int
        Days of recorded results by batch name, ascending.
    """
    reader = _Reader(lines, category, parents, result_days)
    parts = [reader.read(line) for line in lines]
    return parts, reader.finished()


class _Reader:
    def __init__(
        self,
        lines: Sequence[BookLine],
        category: Category,
        parents: Mapping[str, Sequence[str]],
        result_days: Mapping[str, Sequence[int]],
    ) -> None:
        self.parents = parents
        self.result_days = result_days
        self.before_books = {b.letter for b in measurement_bases().values() if b.reported_before}
        self.batches: dict[str, _Batch] = {}
        self.made: list[tuple[BookLine, bool]] = []
        self.days: dict[str, list[int]] = {}
        self.named: dict[tuple[str, str], int] = {}
        self.last_taking = 0
        self.leaves = _leaving({line.code for line in lines}, category)
        self.rebatched: dict[tuple[str, int], int] = {}
        self.lives: dict[str, dict[str, tuple[int, int]]] = {}
        for line in lines:
            uid = _identity(line)
            if uid is None:
                continue
            if line.code == REBATCHED_FROM:
                taken = self.rebatched.get((uid, line.day), 0)
                self.rebatched[uid, line.day] = taken + line.element_mg
            if line.batch and line.batch in result_days:
                lives = self.lives.setdefault(line.batch, {})
                lives[uid] = (lives.get(uid, (line.day, 0))[0], line.day)

    def read(self, line: BookLine) -> tuple[Part, ...]:
        """Return the parts of the next line."""
        uid = _identity(line)
        if line.code == LISTED:
            self.last_taking = line.day
        if uid is None:
            return _parts(line, (self._new(line, original=True),))
        batch = self.batches.setdefault(uid, _Batch())
        self._open(line, batch)
        if line.code == "DI":
            return self._difference(line, batch)
        anew = False
        if line.reference is not None and (uid, line.reference) in self.named:
            found = [_of(line, self.named[uid, line.reference])]
        elif line.basis in self.before_books and line.reference is None:
            found, anew = self._repeated(line, uid, batch)
        else:
            found, anew = [self._new(line, original=True)], True
            if line.reference is not None:
                self.named[uid, line.reference] = found[0].measurement
        if line.code in self.leaves:
            batch.take(line, found, anew=anew)
        else:
            batch.held = (*batch.held, *found)
        return _parts(line, found)

    def finished(self) -> list[Measurement]:
        """Return the measurements, each with the days of those before and after it."""
        found = []
        for number, (line, original) in enumerate(self.made):
            days = self.days.get(_identity(line) or "", ())
            earlier, later = bisect_left(days, line.day), bisect_right(days, line.day)
            after = days[earlier - 1] if earlier else 0
            before = days[later] if later < len(days) else FAR
            others = self.lives.get(line.batch or "", {})
            if len(others) > 1:
                after, before = _within_life(line, others, after, before)
            found.append(Measurement(number, line, original, after, before))
        return found

    def _open(self, line: BookLine, batch: _Batch) -> None:
        """Begin a listing anew; what was not listed at a taking is not in the batch any more."""
        if line.code == LISTED:
            if batch.listed_day != line.day:
                batch.before, batch.repeated = batch.content(), ()
                batch.held, batch.listed_day = (), line.day
        elif batch.seen < self.last_taking and line.code not in self.leaves and batch.held:
            batch.held, batch.gone = (), batch.held
        batch.seen = line.day

    def _new(self, line: BookLine, *, original: bool) -> _Held:
        self.made.append((line, original))
        uid = _identity(line)
        if uid is not None:  # lines come in order of time, so days ascend
            self.days.setdefault(uid, []).append(line.day)
        return _of(line, len(self.made) - 1)

    def _repeated(self, line: BookLine, uid: str, batch: _Batch) -> tuple[list[_Held], bool]:
        """Return what a line repeats, and whether it was measured anew after all."""
        if line.code == LISTED:
            sources: Sequence[_Held] = batch.before
            if batch.repeated:
                sources = [h for n, h in enumerate(sources) if n not in batch.repeated] or sources
            sources = sources or self._taken(uid, line.day)
        elif line.code in self.leaves:
            sources = batch.content() or self._taken(uid, line.day)
        else:
            sources = self._taken(uid, line.day) or batch.left or batch.gone
        amount = (line.element_mg, line.fissile_mg)
        same = next((h for h in sources if h[1:3] == amount), None)
        if same is not None:
            if line.code == LISTED and same in batch.before:
                places = [n for n, h in enumerate(batch.before) if h == same]
                free = [n for n in places if n not in batch.repeated]
                batch.repeated = (*batch.repeated, (free or places)[0])
            return [same._replace(items=line.items or same.items)], False
        if not sources:
            return [self._new(line, original=False)], False
        whole = sum(h.element_mg for h in sources) == line.element_mg
        if not whole and self._was_remeasured(line, sources[-1]):
            return [self._new(line, original=True)], True
        return _divided(sources, *amount, line.items), False

    def _taken(self, uid: str, day: int) -> list[_Held]:
        """Return what was taken out of the batches that a rebatched batch was made from."""
        found: list[_Held] = []
        for parent in self.parents.get(uid, ()):
            if parent not in self.batches:
                continue
            content = self.batches[parent].content()
            taken_mg = self.rebatched.get((parent, day))
            held_mg = sum(h.element_mg for h in content)
            if taken_mg is None or held_mg <= 0 or taken_mg == held_mg:
                found += content
                continue
            fissile_mg: int | None = None
            if all(h.fissile_mg is not None for h in content):
                fissile_mg = sum(h.fissile_mg or 0 for h in content) * taken_mg // held_mg
            found += _divided(content, taken_mg, fissile_mg, 0)
        return found

    def _was_remeasured(self, line: BookLine, held: _Held) -> bool:
        """Whether a recorded result lies between a measurement and a line of another weight."""
        days = self.result_days.get(line.batch or "", ())
        first, original = self.made[held.measurement]
        then, now = bisect_right(days, first.day), bisect_right(days, line.day)
        # What was measured for a line may have got its result later: the first one is of that.
        return now > (max(then, 1) if original else then)

    def _difference(self, line: BookLine, batch: _Batch) -> tuple[Part, ...]:
        """Split a shipper/receiver difference into the weight that goes and the one that comes."""
        own = self._new(line, original=True)
        if not batch.held:
            return _parts(line, (own,))
        old = batch.held[-1]
        fissile = None
        if (old.fissile_mg is None) != (line.fissile_mg is None):
            return _parts(line, (own,))
        if old.fissile_mg is not None and line.fissile_mg is not None:
            fissile = old.fissile_mg - line.fissile_mg
        items = old.items or line.items
        new = _Held(own.measurement, old.element_mg - line.element_mg, fissile, items)
        batch.held = (*batch.held[:-1], new)
        count = line.items
        gone = Part(1, old.element_mg, old.fissile_mg, old.measurement, count, items)
        return gone, Part(-1, new.element_mg, fissile, own.measurement, count, items)


def _leaving(codes: Iterable[str], category: Category) -> frozenset[str]:
    """Return those codes of changes that take material of a category out of a batch."""

    def takes(code: str) -> bool:
        if code in (LISTED, "DI"):
            return False
        entry = entry_code(code)
        if entry.old_category is not None:
            return book_sign(code, category) < 0
        return entry.batch_sign < 0

    return frozenset(code for code in codes if takes(code))


def _divided(
    sources: Sequence[_Held], element_mg: int, fissile_mg: int | None, items: int
) -> list[_Held]:
    """Divide an amount over measurements, in proportion to what each of them holds."""
    if len(sources) == 1:
        only = sources[0]
        return [_Held(only.measurement, element_mg, fissile_mg, items or only.items)]
    weights = [h.element_mg for h in sources]
    elements = _shared(element_mg, weights)
    fissiles: Sequence[int | None] = [None] * len(sources)
    if fissile_mg is not None:
        held = [h.fissile_mg for h in sources]
        known = [f for f in held if f is not None]
        by = known if len(known) == len(held) and sum(known) > 0 else weights
        fissiles = _shared(fissile_mg, by)
    counts = [h.items for h in sources]
    if items:
        counts = _shared(items, counts if sum(counts) > 0 else weights)
    found: dict[int, _Held] = {}
    for h, element, fissile, count in zip(sources, elements, fissiles, counts, strict=True):
        had = found.get(h.measurement)
        if had is not None:
            element, count = element + had.element_mg, count + had.items
            fissile = None if fissile is None else fissile + (had.fissile_mg or 0)
        found[h.measurement] = _Held(h.measurement, element, fissile, count)
    return [h for h in found.values() if h.element_mg or h.fissile_mg] or [
        _Held(sources[-1].measurement, element_mg, fissile_mg, items or counts[-1])
    ]


def _shared(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole number in proportion to weights, to the unit."""
    whole = sum(weights)
    if whole <= 0:
        return [0] * (len(weights) - 1) + [total]
    found, sofar, given = [], 0, 0
    for weight in weights:
        sofar += weight
        upto = total * sofar // whole
        found.append(upto - given)
        given = upto
    return found


def _remaining(
    held: Sequence[_Held], parts: Sequence[_Held], *, with_items: bool
) -> tuple[_Held, ...]:
    """Return what is held when parts of it, each of one measurement, are taken out."""
    if len(parts) == 1:
        exact = next((n for n, h in enumerate(held) if h[:3] == parts[0][:3]), None)
        if exact is not None:
            return (*held[:exact], *held[exact + 1 :])
    leaving = {p.measurement: p for p in parts}
    found = []
    for h in held:
        part = leaving.get(h.measurement)
        if part is None:
            found.append(h)
            continue
        element_mg = min(part.element_mg, h.element_mg)
        fissile_mg = h.fissile_mg
        lost = None if part.fissile_mg is None else min(part.fissile_mg, h.fissile_mg or 0)
        if fissile_mg is not None and lost is not None:
            fissile_mg -= lost
        items = min(part.items, h.items) if with_items else 0
        leaving[h.measurement] = _Held(
            h.measurement,
            part.element_mg - element_mg,
            None if part.fissile_mg is None else part.fissile_mg - (lost or 0),
            part.items - items,
        )
        if h.element_mg > element_mg:
            left_mg = h.element_mg - element_mg
            found.append(_Held(h.measurement, left_mg, fissile_mg, h.items - items))
    return tuple(found)


def _within_life(
    line: BookLine, lives: Mapping[str, tuple[int, int]], after: int, before: int
) -> tuple[int, int]:
    """Bound the days of results by the lines of other batches that had the same name."""
    own = lives[_identity(line) or ""]
    ended = [last for first, last in lives.values() if last <= own[0] and first < own[0]]
    begun = [first for first, _ in lives.values() if first > own[0] and first >= own[1]]
    return max([after, *ended]), min([before, *begun])


def _of(line: BookLine, measurement: int) -> _Held:
    return _Held(measurement, line.element_mg, line.fissile_mg, line.items)


def _parts(line: BookLine, found: Iterable[_Held]) -> tuple[Part, ...]:
    counted = line.items > 0
    return tuple(
        [
            Part(1, element_mg, fissile_mg, number, items if counted else 0, items)
            for number, element_mg, fissile_mg, items in found
        ]
    )


def _identity(line: BookLine) -> str | None:
    return line.uid or (f"name:{line.batch}" if line.batch else None)


def batches_of(uses: Iterable[BookLine], limit: int = 5) -> str:
    """Return the names of some lines' batches for a message, the first few."""
    names = list(dict.fromkeys(line.batch or "(no batch)" for line in uses))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
