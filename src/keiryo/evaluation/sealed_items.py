"""Sealed items of a balance: those on the book against those listed, by name and weight.

Items are not measured but counted and identified, so nothing of them may differ: what began the
balance, with receipts and without shipments and rebatching, must be the ending listing. Compared
are batch names, weights, and numbers of items where both sides state them.

Source: INFCIRC/153 (Corrected), paragraphs 98 and 113; REGDOC-2.13.1, section 7.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.balance import REBATCHING
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.dates import Period, date_number
from keiryo.evaluation.model import Use
from keiryo.quantities import Category, format_weight

MOST_NAMED = 20
"""Most items that are named in one sentence."""


@dataclass(frozen=True, slots=True)
class ItemComparison:
    """What differs between the items of the book and those listed, in words.

    `by_name` is false where a line without batch name, or an inventory without listing, leaves
    only weights to compare; then nothing else is said.
    """

    by_name: bool
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def differ(self) -> bool:
        """Whether anything differs."""
        return bool(self.missing or self.extra or self.changed)

    @property
    def assumed(self) -> tuple[str, ...]:
        """What was compared, as an assumption."""
        if self.by_name:
            words = (
                "Sealed items are compared by batch name, weight and stated number; seals and "
                "serial numbers of single items are not in the lines."
            )
        else:
            words = (
                "Sealed items are compared by their sums only: some line has no batch name, or an "
                "inventory has no listing."
            )
        return (words,)

    def words(self) -> str:
        """Return what differs, the first names of each kind."""
        parts = (
            ("on the book but not listed", self.missing),
            ("listed but not on the book", self.extra),
            ("listed with something else than on the book", self.changed),
        )
        return "; ".join(f"{what}: {_named(names)}" for what, names in parts if names)


@dataclass(slots=True)
class _Side:
    """What one side states of a batch; `items` is None where a line gives no number."""

    element_mg: int = 0
    fissile_mg: int | None = 0
    items: int | None = 0
    lines: set[tuple[int, int]] = field(default_factory=set)

    def add(self, sign: int, use: Use) -> None:
        self.element_mg += sign * use.element_mg
        if use.fissile_mg is None or self.fissile_mg is None:
            self.fissile_mg = None
        else:
            self.fissile_mg += sign * use.fissile_mg
        place = (use.line.act, use.line.line)
        if use.term != "DI" and place not in self.lines:
            self.lines.add(place)
            self._count(sign, use.line.items)

    def _count(self, sign: int, items: int) -> None:
        self.items = None if self.items is None or not items else self.items + sign * items

    def rebatched(self, sign: int, element_mg: int, fissile_mg: int | None, items: int) -> None:
        self.element_mg += sign * element_mg
        if self.fissile_mg is not None:
            self.fissile_mg = None if fissile_mg is None else self.fissile_mg + sign * fissile_mg
        self._count(sign, items)

    @property
    def empty(self) -> bool:
        return self.element_mg == 0 and not self.fissile_mg


Rebatched = tuple[str, int, int, int | None, int]
"""Batch, sign, element and fissile weight in milligrams, number of items."""


def rebatched_lines(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: Category,
    period: Period,
    knowledge: Knowledge,
) -> list[Rebatched]:
    """Return what was rebatched in a balance: it changes names, never the book."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    names = ("batch", "code", "element_mg", "fissile_mg", "items")
    query = select(*[table.c[name] for name in names]).where(
        table.c.mba == mba,
        table.c.category == str(category),
        table.c.code.in_(REBATCHING),
        table.c.event_date >= date_number(period.start),
        table.c.event_date <= date_number(period.end),
        effective(table, knowledge),
    )
    return [
        (
            str(row[0] or ""), -1 if row[1] == "RM" else 1, int(row[2]),
            None if row[3] is None else int(row[3]), int(row[4] or 0),
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def compare_items(
    uses: Iterable[Use],
    rebatched: Iterable[Rebatched],
    category: Category,
    *,
    sealed: Callable[[Use], bool] | None = None,
) -> ItemComparison:
    """Compare the items on the book with those listed at the end of a balance.

    Parameters
    ----------
    uses : iterable of Use
        What enters the balance, without amounts that no line stands behind.
    rebatched : iterable of Rebatched
    category : Category
    sealed : callable, optional
        Whether a line is one of sealed items. Given, only batches that were sealed on the book
        are compared, and one that is listed unsealed was opened. Default: all are sealed.
    """
    book: dict[str, _Side] = {}
    listed: dict[str, _Side] = {}
    was_sealed: set[str] = set()
    opened: set[str] = set()
    for use in uses:
        is_sealed = sealed is None or sealed(use)
        name = use.line.batch
        if not name or use.line.act == 0:
            if is_sealed:
                return ItemComparison(False)
            continue
        if use.term == "PE":
            listed.setdefault(name, _Side()).add(-use.sign, use)
            if not is_sealed:
                opened.add(name)
        else:
            book.setdefault(name, _Side()).add(use.sign, use)
            if is_sealed and use.sign > 0:
                was_sealed.add(name)
    for name, sign, element_mg, fissile_mg, items in rebatched:
        book.setdefault(name, _Side()).rebatched(sign, element_mg, fissile_mg, items)
    kept = set(book) if sealed is None else was_sealed
    missing, changed = [], []
    for name in sorted(kept - opened):
        own, other = book[name], listed.get(name)
        if other is None:
            if not own.empty:
                missing.append(name)
        elif not own.empty and (words := _difference(own, other, category)):
            changed.append(f"{name} ({words})")
    extra = [n for n in sorted(listed) if n not in book or book[n].empty] if sealed is None else []
    return ItemComparison(True, tuple(missing), tuple(extra), tuple(changed))


def _difference(own: _Side, other: _Side, category: Category) -> str:
    unit = category.unit
    if own.element_mg != other.element_mg:
        pair = [f"{format_weight(side.element_mg, unit)} {unit}" for side in (own, other)]
        return f"{pair[0]} on the book, {pair[1]} listed"
    fissile = (own.fissile_mg, other.fissile_mg)
    if fissile[0] is not None and fissile[1] is not None and fissile[0] != fissile[1]:
        words = [f"{format_weight(mg, 'g')} g fissile" for mg in fissile if mg is not None]
        return f"{words[0]} on the book, {words[1]} listed"
    if own.items and other.items and own.items != other.items:
        return f"{own.items} items on the book, {other.items} listed"
    return ""


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
