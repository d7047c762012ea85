"""Ten years of a State with three partners: its ledger lines, and their exact labels.

The model is written for reading: fractions, no rounding, one dictionary of cells per holding, and
nothing of keiryo. For every cell it counts the events on it: a posted cell may differ from the
exact one by one milligram for each.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Holding = tuple[str, str, str, str]
"""Area, account, batch (or ``(pool)``), category."""

Cells = dict[str, Fraction]
Line = tuple[str, dict[str, Any]]

CONVERSION, FABRICATION, REACTOR, REPROCESSING, STORE = "XACV", "XAFF", "XARX", "XARP", "XAST"
POOLED = (CONVERSION, FABRICATION, REPROCESSING)
FOLLOWED = (REACTOR, STORE)
PARTNERS = ("AU", "CA", "US")
TRANSIT, WASTE, BOOK = "domestic_transit", "retained_waste", "book"
FIRST_YEAR, YEARS = 2015, 10
BATCHES_A_MONTH = 4


def united(key: str, more: Iterable[str]) -> str:
    """Return a label set with further labels."""
    own = set() if key == "-" else set(key.split("+"))
    return "+".join(sorted(own | set(more))) or "-"


@dataclass
class NaiveLabels:
    """Exact cells of every holding, and how many events touched them."""

    cells: dict[Holding, Cells] = field(default_factory=dict)
    events: dict[Holding, int] = field(default_factory=dict)

    def total(self, holding: Holding) -> Fraction:
        """Return what a holding holds."""
        return sum(self.cells.get(holding, {}).values(), Fraction(0))

    def put(self, holding: Holding, cells: Cells, events: int = 1) -> None:
        """Add cells."""
        own = self.cells.setdefault(holding, {})
        for key, value in cells.items():
            own[key] = own.get(key, Fraction(0)) + value
        self.events[holding] = self.events.get(holding, 0) + events

    def draw(self, holding: Holding, mg: int) -> tuple[Cells, int]:
        """Take a proportional part; return it and the events behind it."""
        own, whole = self.cells[holding], self.total(holding)
        taken = {key: value * mg / whole for key, value in own.items()}
        for key, value in taken.items():
            own[key] -= value
        self.events[holding] += 1
        return taken, self.events[holding]

    def move(self, source: Holding, target: Holding | None, mg: int, more: Iterable[str] = ()) -> (
        None
    ):  # fmt: skip
        """Take a proportional part and put it somewhere else; None: out of the books."""
        taken, events = self.draw(source, mg)
        if target is not None:
            arrived: Cells = {}
            for key, value in taken.items():
                arrived[united(key, more)] = arrived.get(united(key, more), Fraction(0)) + value
            self.put(target, arrived, events)

    def scale(self, holding: Holding, mg: int) -> None:
        """Bring a holding to another amount, in the ratio of its cells."""
        whole = self.total(holding)
        self.cells[holding] = {k: v * mg / whole for k, v in self.cells[holding].items()}
        self.events[holding] += 1

    def relabel(self, old: str, new: str) -> None:
        """Let a label pass to its successor."""
        for holding, own in self.cells.items():
            after: Cells = {}
            for key, value in own.items():
                names = {new if one == old else one for one in key.split("+")}
                name = "+".join(sorted(names))
                after[name] = after.get(name, Fraction(0)) + value
            self.cells[holding] = after


@dataclass
class NaiveState:
    """What happened in the State, month by month, and the exact labels that it leads to.

    Attributes
    ----------
    acts : list of lists of lines
        To be posted in this order: each area's lines of a month in an act of its own.
    years : dict of int to (cells, events)
        The exact state at the end of each year.
    """

    seed: int
    how_long: int = YEARS
    model: NaiveLabels = field(default_factory=NaiveLabels)
    acts: list[list[Line]] = field(default_factory=list)
    years: dict[int, tuple[dict[Holding, Cells], dict[Holding, int]]] = field(default_factory=dict)
    month: dict[str, list[Line]] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.core: list[tuple[str, int, int]] = []
        self.spent: list[tuple[str, int, int]] = []
        self.ended = False

    # --- lines ------------------------------------------------------------------------------------

    def _line(self, mba: str, code: str, day: int, batch: str, category: str, mg: int,
              **more: Any) -> None:  # fmt: skip
        values = {
            "scope": f"XA/XAF-/{mba}", "mba": mba, "known_on": day, "code": code,
            "event_date": day, "batch": batch, "category": category, "element_mg": mg, **more,
        }  # fmt: skip
        self.month.setdefault(mba, []).append(("inventory_change", values))

    def _name(self, word: str) -> str:
        self.number += 1
        return f"{word}-{self.number}"

    def _held(self, mba: str, batch: str, category: str, account: str = BOOK) -> Holding:
        return mba, account, batch if mba in FOLLOWED else "(pool)", category

    def _import(self, day: int, category: str, labels: str) -> None:
        batch, mg = self._name("IM"), self.chance.randint(2_000_000, 9_000_000)
        self._line(CONVERSION, "RF", day, batch, category, mg, shipper="ZZ/ZZAA",
                   receiver=f"XA/{CONVERSION}")  # fmt: skip
        shares = {labels: Fraction(1)}
        if labels != "-" and self.chance.random() < 0.4:
            shares = {labels: Fraction(2, 3), "-": Fraction(1, 3)}
        for key, share in shares.items():
            values = {"scope": f"XA/XAF-/{CONVERSION}", "mba": CONVERSION, "batch": batch,
                      "labels": key, "share": str(share)}  # fmt: skip
            self.month.setdefault(CONVERSION, []).append(("obligation_receipt", values))
        cells = {key: share * mg for key, share in shares.items()}
        self.model.put(self._held(CONVERSION, batch, category), cells)

    def _ship(self, of: str, to: str, day: int, arrives: int, batch: str, category: str, mg: int,
              name: str | None = None) -> None:  # fmt: skip
        parties = {"shipper": f"XA/{of}", "receiver": f"XA/{to}"}
        self._line(of, "SD", day, batch, category, mg, **parties)
        name = name or batch
        self._line(to, "RD", arrives, name, category, mg, shipper_batch=batch, **parties)
        under_way = (of, TRANSIT, f"{to}/{batch}", category)
        self.model.move(self._held(of, batch, category), under_way, mg)
        self.model.move(under_way, self._held(to, name, category), mg)

    def _out(self, mba: str, code: str, day: int, batch: str, category: str, mg: int,
             **more: Any) -> None:  # fmt: skip
        self._line(mba, code, day, batch, category, mg, **more)
        target = self._held(mba, batch, category, WASTE) if code == "TW" else None
        self.model.move(self._held(mba, batch, category), target, mg)

    def _part(self, mba: str, category: str, least: int, most: int) -> int:
        """Return some per cent of a pool in whole milligrams."""
        whole = self.model.total((mba, BOOK, "(pool)", category))
        return int(whole * self.chance.randint(least, most) / 100)

    # --- a year -----------------------------------------------------------------------------------

    def live(self) -> NaiveState:
        """Let the years pass."""
        for year in range(FIRST_YEAR, FIRST_YEAR + self.how_long):
            for number in range(1, 13):
                self._month(year * 10_000 + number * 100, year, number)
                self._post()
            self._taking(year)
            self._post()
            cells = {h: dict(own) for h, own in self.model.cells.items()}
            self.years[year] = cells, dict(self.model.events)
        return self

    def _post(self) -> None:
        areas = list(self.month)
        self.chance.shuffle(areas)
        self.acts += [self.month[area] for area in areas]
        self.month = {}

    def _month(self, base: int, year: int, number: int) -> None:
        if year == FIRST_YEAR + self.how_long // 2 and number == 4:
            self._succession(base + 1)
        heir = "GB" if self.ended else "CA"
        for place in range(3):
            label = (("AU", heir, "US"), ("AU+US", heir, "-"))[number % 2][place]
            self._import(base + 2 + place, "NE"[self.chance.random() < 0.3], label)
        feed = self._part(CONVERSION, "N", 30, 70)
        product, tails = feed // 9, feed - feed // 9
        for code, mg in (("NE", product), ("ND", tails)):
            batch, old, new = self._name("EN"), code[0], code[1]
            self._line(CONVERSION, code, base + 8, batch, old, mg)
            self._line(CONVERSION, code, base + 8, batch, new, mg)
            source = self._held(CONVERSION, batch, old)
            self.model.move(source, self._held(CONVERSION, batch, new), mg, ("US",))
        for day in range(9, 9 + BATCHES_A_MONTH):
            mg = self._part(CONVERSION, "E", 5, 12)
            if mg:
                self._ship(CONVERSION, FABRICATION, base + day, base + day + 1,
                           self._name("UF"), "E", mg)  # fmt: skip
        self._out(CONVERSION, "LD", base + 14, self._name("LO"), "E", 1 + self._part(
            CONVERSION, "E", 0, 1))  # fmt: skip
        if number % 2:
            self._out(CONVERSION, "TW", base + 15, self._name("TW"), "D",
                      self._part(CONVERSION, "D", 1, 4))  # fmt: skip
        self._fuel(base, number)
        self._back(base, number)
        if number == 6:
            self._exchange(base + 25)

    def _fuel(self, base: int, number: int) -> None:
        for _ in range(2):
            assembly, mg = self._name("FA"), self._part(FABRICATION, "E", 10, 20)
            if mg:
                self._ship(FABRICATION, REACTOR, base + 16, base + 17, assembly, "E", mg)
                self.core.append((assembly, mg, 0))
        if number % 3:
            return
        for assembly, mg, _ in self.core[:3]:
            burned, plutonium = mg // 20, mg // 100
            self._line(REACTOR, "NP", base + 18, assembly, "P", plutonium)
            uranium = self._held(REACTOR, assembly, "E")
            whole = self.model.total(uranium)
            made = {united(k, ("US",)): Fraction(0) for k in self.model.cells[uranium]}
            for key, value in self.model.cells[uranium].items():
                made[united(key, ("US",))] += value * plutonium / whole
            made_of = self.model.events[uranium]
            self.model.put(self._held(REACTOR, assembly, "P"), made, made_of)
            self._out(REACTOR, "LN", base + 18, assembly, "E", burned)
            self.spent.append((assembly, mg - burned, plutonium))
        del self.core[:3]

    def _back(self, base: int, number: int) -> None:
        """Spent fuel is reprocessed, plutonium stored, some of it exported."""
        if number % 6 == 0:
            for assembly, uranium, plutonium in self.spent[:2]:
                for category, mg in (("E", uranium), ("P", plutonium)):
                    self._ship(REACTOR, REPROCESSING, base + 20, base + 21, assembly, category, mg)
            del self.spent[:2]
        plutonium = self._part(REPROCESSING, "P", 5, 9)
        if plutonium > 100:
            name = self._name("PU")
            self._ship(REPROCESSING, STORE, base + 22, base + 23, name, "P", plutonium)
            mixed = self._name("MX")
            self._line(STORE, "RM", base + 24, name, "P", plutonium)
            self._line(STORE, "RP", base + 24, mixed, "P", plutonium)
            self.model.move((STORE, BOOK, name, "P"), (STORE, BOOK, mixed, "P"), plutonium)
            if number % 4 == 0:
                self._out(STORE, "SF", base + 25, mixed, "P", plutonium // 2,
                          shipper=f"XA/{STORE}", receiver="FR/FRAA")  # fmt: skip

    def _exchange(self, day: int) -> None:
        one, other = (CONVERSION, BOOK, "(pool)", "E"), (FABRICATION, BOOK, "(pool)", "E")
        key, back = "AU+US", "US"
        mg = int(min(self.model.cells.get(one, {}).get(key, Fraction(0)),
                     self.model.cells.get(other, {}).get(back, Fraction(0)))) // 2  # fmt: skip
        if mg <= 0:
            return
        values = {
            "scope": "XA", "exchange": self._name("X"), "event_date": day, "mba": CONVERSION,
            "labels": key, "moved": "AU", "other_mba": FABRICATION, "other_labels": back,
            "other_moved": "-", "category": "E", "element_mg": mg, "reason": "as agreed",
        }  # fmt: skip
        self.month.setdefault(CONVERSION, []).append(("obligation_exchange", values))
        exact = Fraction(mg)
        self.model.put(one, {key: -exact, back: exact})
        self.model.put(other, {back: -exact, key: exact})

    def _succession(self, day: int) -> None:
        values = {"scope": "XA", "relabelling": "CA to GB", "event_date": day, "removes": "CA",
                  "adds": "GB", "reason": "the agreement ended"}  # fmt: skip
        self.month.setdefault("State", []).append(("obligation_relabelling", values))
        self.model.relabel("CA", "GB")
        self.ended = True

    def _taking(self, year: int) -> None:
        day = year * 10_000 + 1231
        for mba in POOLED:
            for category in "DENP":
                holding = (mba, BOOK, "(pool)", category)
                whole = self.model.total(holding)
                if whole <= 0:
                    continue
                found = int(whole) + self.chance.randint(-int(whole) // 5000, int(whole) // 5000)
                values = {
                    "scope": f"XA/XAF-/{mba}", "mba": mba, "known_on": day, "pit_date": day,
                    "batch": f"{category} of {year}", "category": category, "element_mg": found,
                }  # fmt: skip
                self.month.setdefault(mba, []).append(("physical_inventory", values))
                self.model.scale(holding, found)
