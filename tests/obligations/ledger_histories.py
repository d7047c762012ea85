"""Histories of a small State, made of numbers that Hypothesis draws, for laws about labels.

A history is sound: nothing leaves a batch or pool that is not there. Its entries are lists of
lines that belong together (a category change, a rebatching); in which order and in how many acts
they are posted must not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from obligations.ledger_books import (
    Line,
    category_change,
    change,
    exchanged,
    imported,
    listed,
    rebatched,
    receipt,
    received,
    relabelled,
    shipped,
)

POOLS, BATCHES = ("XAPA", "XAPB"), ("XABA", "XABB")
AREAS = (*POOLS, *BATCHES)
SETS = ("-", "AU", "AU+US", "CA", "US")
KINDS = (
    *("import", "import", "import", "ship", "ship", "ship", "receive", "receive"),
    *("loss", "waste", "recover", "gain", "difference", "enrich", "produce"),
    *("rebatch", "rebatch", "rebatch", "exchange", "relabel", "taking"),
)

Draws = tuple[str, int, int, int, int]
Entry = list[Line]

draws = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 2),
        st.integers(0, 11),
        st.integers(0, 11),
        st.integers(1, 999),
    ),
    min_size=4,
    max_size=24,
)


@dataclass
class History:
    """What happened: entries in the order in which they did, and what is where by now."""

    entries: list[Entry] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    held: dict[tuple[str, str, str], int] = field(default_factory=dict)
    waste: dict[tuple[str, str, str], int] = field(default_factory=dict)
    under_way: list[tuple[str, str, str, str, int, int]] = field(default_factory=list)
    day: int = 20250110
    names: int = 0

    def _new(self, word: str) -> str:
        self.names += 1
        return f"{word}-{self.names}"

    def _next_day(self, days: int) -> None:
        self.day += days
        while self.day % 100 > 28:
            self.day += 72
        if self.day // 100 % 100 > 12:
            self.day += 8800
        self.days.append(self.day)

    def _put(self, mba: str, name: str, category: str, mg: int) -> None:
        key = (mba, name if mba in BATCHES else "(pool)", category)
        self.held[key] = self.held.get(key, 0) + mg
        if not self.held[key]:
            del self.held[key]

    def _some(self, place: int, categories: str = "NEP", where: Sequence[str] = AREAS) -> (
        tuple[str, str, str] | None
    ):  # fmt: skip
        found = sorted(k for k in self.held if k[2] in categories and k[0] in where)
        return found[place % len(found)] if found else None

    def happens(self, drawn: Draws) -> None:
        """Let one thing happen, if it can."""
        kind, days, first, second, size = drawn
        self._next_day(days)
        getattr(self, f"_{kind}")(first, second, size)

    def _import(self, first: int, second: int, size: int) -> None:
        mba, batch = AREAS[first % 4], self._new("IM")
        category = "NE"[second % 2]
        mg = 100 + size * 7
        self.entries.append([imported(mba, self.day, batch, category, mg)])
        one, other = SETS[second % 5], SETS[(second + 1 + first) % 5]
        if one != other:
            shares = ("1/3", "2/3") if size % 2 else ("0.25", "0.75")
            self.entries.append([receipt(mba, batch, one, shares[0]),
                                 receipt(mba, batch, other, shares[1])])  # fmt: skip
        elif size % 3:
            self.entries.append([receipt(mba, batch, one)])
        self._put(mba, batch, category, mg)

    def _part(self, held: int, size: int) -> int:
        return held if size % 4 == 0 else max(1, held * size // 1000)

    def _ship(self, first: int, second: int, size: int) -> None:
        key = self._some(first)
        if key is None:
            return
        mba, name, category = key
        to = [area for area in AREAS if area != mba][second % 3]
        batch = name if mba in BATCHES else self._new("SH")
        mg = self._part(self.held[key], size)
        self.entries.append([shipped(mba, to, self.day, batch, category, mg)])
        self._put(mba, name, category, -mg)
        self.under_way.append((mba, to, batch, category, mg, self.day))
        if size % 3 == 0:
            self._receive(len(self.under_way) - 1, 0, 0)

    def _receive(self, first: int, _second: int, _size: int) -> None:
        if not self.under_way:
            return
        of, to, batch, category, mg, _ = self.under_way.pop(first % len(self.under_way))
        name = self._new("RC")
        line = received(to, of, self.day, name, category, mg, shipper_batch=batch)
        self.entries.append([line])
        self._put(to, name, category, mg)

    def _loss(self, first: int, second: int, size: int) -> None:
        key = self._some(first)
        if key is not None:
            mg = self._part(self.held[key], size)
            code = ("LD", "LN", "LA", "TU", "SN")[second % 5]
            self.entries.append([change(key[0], code, self.day, key[1], key[2], mg)])
            self._put(*key, -mg)

    def _waste(self, first: int, _second: int, size: int) -> None:
        key = self._some(first)
        if key is not None:
            mg = self._part(self.held[key], size)
            self.entries.append([change(key[0], "TW", self.day, key[1], key[2], mg)])
            self._put(*key, -mg)
            self.waste[key] = self.waste.get(key, 0) + mg

    def _recover(self, first: int, _second: int, size: int) -> None:
        if self.waste:
            key = sorted(self.waste)[first % len(self.waste)]
            mg = self._part(self.waste[key], size)
            self.entries.append([change(key[0], "FW", self.day, key[1], key[2], mg)])
            self._put(*key, mg)
            self.waste[key] -= mg
            if not self.waste[key]:
                del self.waste[key]

    def _gain(self, first: int, _second: int, size: int) -> None:
        key = self._some(first)
        if key is not None:
            self.entries.append([change(key[0], "GA", self.day, key[1], key[2], size)])
            self._put(*key, size)

    def _difference(self, first: int, second: int, size: int) -> None:
        key = self._some(first)
        if key is not None:
            mg = -size if second % 2 else self._part(self.held[key], size)
            self.entries.append([change(key[0], "DI", self.day, key[1], key[2], mg)])
            self._put(*key, -mg)

    def _enrich(self, first: int, _second: int, size: int) -> None:
        key = self._some(first, "N")
        if key is not None:
            mg = self._part(self.held[key], size)
            self.entries.append(category_change(key[0], "NE", self.day, key[1], mg))
            self._put(*key, -mg)
            self._put(key[0], key[1], "E", mg)

    def _produce(self, first: int, _second: int, size: int) -> None:
        key = self._some(first, "E")
        if key is not None:
            self.entries.append([change(key[0], "NP", self.day, key[1], "P", size)])
            self._put(key[0], key[1], "P", size)

    def _rebatch(self, first: int, second: int, size: int) -> None:
        key = self._some(first, where=BATCHES)
        if key is None:
            return
        out = [(key[1], self._part(self.held[key], size))]
        alike = [k for k in sorted(self.held) if k[0] == key[0] and k[2] == key[2] and k != key]
        if alike and second % 3:
            other = alike[second % len(alike)]
            out.append((other[1], self._part(self.held[other], size + second)))
        whole = sum(mg for _, mg in out)
        into = [(self._new("RB"), whole)]
        if second % 4 == 0 and whole > 1:
            into = [(into[0][0], whole // 3 + 1), (self._new("RB"), whole - whole // 3 - 1)]
            into = [(name, mg) for name, mg in into if mg]
        elif alike and second % 4 == 3:
            into = [(alike[first % len(alike)][1], whole)]
        if {name for name, _ in out} & {name for name, _ in into}:
            return
        self.entries.append(rebatched(key[0], self.day, key[2], out, into))
        for name, mg in out:
            self._put(key[0], name, key[2], -mg)
        for name, mg in into:
            self._put(key[0], name, key[2], mg)

    def _exchange(self, first: int, second: int, size: int) -> None:
        one, other = AREAS[first % 4], AREAS[(first + 1) % 4]
        sides = []
        for mba in (one, other):
            key = self._some(second, "E", (mba,))
            if key is None:
                return
            sides.append(key)
        batches = {
            f"{prefix}batch": key[1] for prefix, key in zip(("", "other_"), sides, strict=True)
            if key[0] in BATCHES
        }  # fmt: skip
        labels = SETS[1 + second % 4]
        self.entries.append([exchanged(self._new("X"), self.day, (one, labels), (other, "-"), "E",
                                       size, **batches)])  # fmt: skip

    def _relabel(self, first: int, second: int, size: int) -> None:
        removes, adds = (("US", "GB"), ("CA", None), (None, "KZ"))[second % 3]
        where = {"mba": AREAS[first % 4]} if size % 2 else {}
        self.entries.append([relabelled(self._new("L"), self.day, removes, adds, **where)])

    def _taking(self, first: int, second: int, size: int) -> None:
        mba = AREAS[first % 4]
        found = {}
        for number, key in enumerate(sorted(k for k in self.held if k[0] == mba)):
            found[key] = self.held[key] + (size * (number + second)) % 7 - 3
        if not found:
            return
        lines = []
        for key, mg in found.items():
            lines.append(listed(mba, self.day, key[1], key[2], max(mg, 0)))
            self._put(*key, max(mg, 0) - self.held[key])
        self.entries.append(lines)
        self._next_day(1)


def lived(all_draws: Sequence[Draws]) -> History:
    """Return the history of some draws."""
    history = History()
    for drawn in all_draws:
        history.happens(drawn)
    return history


histories = draws.map(lived).filter(lambda history: len(history.entries) > 2)
