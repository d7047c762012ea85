"""The running book of an area and of its batches, day by day, as the reports make it.

The book begins with a physical inventory and goes through the changes of each day: increases,
then category changes and new batches, then decreases; what counts is the state at the end of the
day. A shipper/receiver difference lowers the book by its amount. Rebatching moves content between
batches and leaves the book as it is (INFCIRC/153 paragraphs 102 and 107; Code 10, label 411).
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from keiryo.dates import days_later
from keiryo.quantities import Category
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.model import CategoryGroup, Entry
from keiryo.vocabulary import EntryCode


@dataclass(slots=True)
class Content:
    """What a batch or a book holds of one category; the fissile weight may be unknown."""

    element_mg: int = 0
    fissile_mg: int | None = 0

    def add(self, element_mg: int, fissile_mg: int | None) -> None:
        """Add a signed amount."""
        self.element_mg += element_mg
        if fissile_mg is None or self.fissile_mg is None:
            self.fissile_mg = None
        else:
            self.fissile_mg += fissile_mg


def book_effects(filed: FiledEntry) -> Iterator[tuple[Category, int, int | None]]:
    """Yield what an entry adds to the book of its area: category, element and fissile weight."""
    yield from _effects(filed, batch=False)


def batch_effects(filed: FiledEntry) -> Iterator[tuple[Category, int, int | None]]:
    """Yield what an entry adds to the batch that it names."""
    yield from _effects(filed, batch=True)


def _effects(filed: FiledEntry, *, batch: bool) -> Iterator[tuple[Category, int, int | None]]:
    code = filed.code
    if code is None:
        return
    for group in filed.groups:
        sign = _sign(code, group.category, batch=batch)
        if sign:
            fissile = None if group.fissile_mg is None else sign * group.fissile_mg
            if fissile is None and group.category not in "EU":
                fissile = 0 if group.category in "PT" else None
            yield group.category, sign * group.element_mg, fissile


def _sign(code: EntryCode, category: Category, *, batch: bool) -> int:
    if code.kind == "category_change":
        return {code.old_category: -1, code.new_category: 1}.get(category, 0)
    return code.batch_sign if batch else code.sign


@dataclass(slots=True)
class Stretch:
    """The time from one physical inventory to the next.

    Attributes
    ----------
    start : date
        Day of the inventory with which it begins.
    end : date or None
        Day of the next one; None if there was none yet.
    batches : tuple of Entry
        What was listed at the start; empty if only sums are known.
    listed : bool
        Whether the batches at the start are known.
    book : dict of Category to Content
        The book at the start.
    days : list of (date, changes)
        The changes after the start, up to and including the end.
    """

    start: datetime.date
    end: datetime.date | None
    batches: tuple[Entry, ...]
    listed: bool
    book: dict[Category, Content]
    days: list[tuple[datetime.date, list[FiledEntry]]] = field(default_factory=list)


def stretches(area: AreaFile) -> list[Stretch]:
    """Return the stretches between the physical inventories of an area, in order.

    Changes before the first inventory that is known belong to none.
    """
    starts: dict[datetime.date, Stretch] = {}
    if area.opening is not None and area.prior_pit is not None:
        book = {
            category: Content(element, fissile)
            for category, (element, fissile) in area.opening_ending().items()
        }
        starts[area.prior_pit] = Stretch(area.prior_pit, None, area.opening_batches(), True, book)
    elif area.balances:
        _begin_with_balance(area, starts)
    for day, listing in area.listings.items():
        entries = tuple(filed.entry for filed in listing.entries)
        starts[day] = Stretch(day, None, entries, True, _sums(entries))
    for day, balance in area.balances.items():
        ending = [line for line in balance.lines if line.entry.code == "PE"]
        if ending and not any(line.unreadable_labels() for line in ending):
            stated = _sums([line.entry for line in ending])
            if day in starts:
                starts[day].book = stated
            else:
                starts[day] = Stretch(day, None, (), False, stated)
    result = [starts[day] for day in sorted(starts)]
    for this, following in itertools.pairwise(result):
        this.end = following.start
    for stretch in result:
        stretch.days = list(_days(area, stretch))
    return result


def _begin_with_balance(area: AreaFile, starts: dict[datetime.date, Stretch]) -> None:
    first = min(area.balances.values(), key=lambda b: b.end)
    if first.start is None:
        return
    before = days_later(first.start, -1)
    beginning = [line.entry for line in first.lines if line.entry.code == "PB"]
    if beginning:
        starts[before] = Stretch(before, None, (), False, _sums(beginning))


def _sums(entries: Iterable[Entry]) -> dict[Category, Content]:
    sums: dict[Category, Content] = {}
    for entry in entries:
        for group in entry.groups():
            fissile = group.fissile_mg
            if fissile is None and group.category not in "EU":
                fissile = 0
            sums.setdefault(group.category, Content()).add(group.element_mg, fissile)
    return sums


def _days(area: AreaFile, stretch: Stretch) -> Iterator[tuple[datetime.date, list[FiledEntry]]]:
    day: datetime.date | None = None
    today: list[FiledEntry] = []
    for filed in area.changes:
        if filed.day <= stretch.start or (stretch.end is not None and filed.day > stretch.end):
            continue
        if filed.day != day:
            if today and day is not None:
                yield day, today
            day, today = filed.day, []
        today.append(filed)
    if today and day is not None:
        yield day, today


class BatchContents:
    """The content of each batch by name and category."""

    def __init__(self, listed: Iterable[Entry]) -> None:
        self.of: dict[str, dict[Category, Content]] = {}
        for entry in listed:
            if entry.batch:
                for group in entry.groups():
                    self._of(entry.batch, group.category).add(
                        group.element_mg, _known_fissile(group)
                    )

    def _of(self, batch: str, category: Category) -> Content:
        return self.of.setdefault(batch, {}).setdefault(category, Content())

    def apply(self, filed: FiledEntry) -> None:
        """Take an entry into account."""
        if filed.entry.batch:
            for category, element_mg, fissile_mg in batch_effects(filed):
                if fissile_mg is None and category not in "EU":
                    fissile_mg = 0
                self._of(filed.entry.batch, category).add(element_mg, fissile_mg)

    def holds(self, batch: str) -> bool:
        """Whether something is in a batch."""
        return any(c.element_mg > 0 for c in self.of.get(batch, {}).values())


def _known_fissile(group: CategoryGroup) -> int | None:
    if group.fissile_mg is None and group.category not in "EU":
        return 0
    return group.fissile_mg
