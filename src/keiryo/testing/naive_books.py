"""Books as simple as they can be: a stack of reports that every question replays from the start.

No tables, no projections: what a person would do with the reports and a pencil. The tests hold the
product against it (INFCIRC/153, paragraphs 67, 98 and 102; Code 10, labels 309 and 411). Weights
are milligrams, pairs of element and fissile weight; rounding adjustments are not known here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from keiryo.accounts.model import Knowledge
from keiryo.reports.model import Entry, Report

Sums = dict[str, tuple[int, int]]
Found = tuple[Report, Entry]
Address = tuple[int, int]
"""Report number and entry number."""
ADD = ("RF", "RD", "RS", "RN", "NP", "DU", "DQ", "FW", "GA")
TAKE = ("SF", "SD", "SN", "LN", "LD", "TW", "EU", "EQ", "TU", "LA", "DI")
NOW = Knowledge()


@dataclass
class NaiveBooks:
    """The accepted reports of a State with the number of the act that took each of them in."""

    stack: list[tuple[int, Report]] = field(default_factory=list)

    def seen(self, mba: str, kind: str, knowledge: Knowledge) -> Iterable[Report]:
        """Yield the reports of one kind that were recorded by some act."""
        last = knowledge.through_act
        for act_id, report in self.stack:
            if (report.mba, report.type) == (mba, kind) and (last is None or act_id <= last):
                yield report

    def effective(self, mba: str, kind: str, knowledge: Knowledge = NOW) -> list[Found]:
        """Replay all entries of a kind of report; return those that count."""
        return self._replay(mba, kind, knowledge)[0]

    def sound(self, report: Report) -> bool:
        """Whether all that a report corrects, deletes or adds to is there."""
        named = self._replay(report.mba or "", report.type, NOW)[1]
        numbers = {r.number for _, r in self.stack if r.mba == report.mba}
        for entry in report.entries:
            if entry.status in ("C", "D", "A") and entry.refers is not None:
                there = named.get((entry.refers.report, entry.refers.entry)) is not None
                if there == (entry.status == "A") or entry.refers.report not in numbers:
                    return False
        return True

    def _replay(
        self, mba: str, kind: str, knowledge: Knowledge
    ) -> tuple[list[Found], dict[Address, int | None]]:
        """Return the entries that count, and which one each address now means.

        What an entry corrects is settled when it is recorded; it is known when both are.
        """
        on = knowledge.known_on or datetime.date.max
        entries = [(r, e) for r in self.seen(mba, kind, knowledge) for e in r.entries]
        named: dict[Address, int | None] = {}
        known: list[datetime.date] = []
        gone: set[int] = set()
        for number, (report, entry) in enumerate(entries):
            about = (entry.refers.report, entry.refers.entry) if entry.refers else (0, 0)
            target = named.get(about) if entry.status in ("C", "D") else None
            day = report.date or datetime.date.min
            known.append(day if target is None else max(day, known[target]))
            names = {(report.number, entry.number)} | ({about} if entry.status == "A" else set())
            if target is not None:
                names |= {name for name, meant in named.items() if meant == target}
            named |= dict.fromkeys(names, None if entry.status == "D" else number)
            if target is not None and known[-1] <= on:
                gone.add(target)
            if entry.status == "D":
                gone.add(number)
        found = [e for n, e in enumerate(entries) if n not in gone and known[n] <= on]
        return found, named

    def pits(self, mba: str, knowledge: Knowledge = NOW) -> list[datetime.date]:
        """Return the days of physical inventories, in order."""
        found = self.effective(mba, "P", knowledge)
        return sorted({report.period_to for report, _ in found if report.period_to})

    def book(
        self, mba: str, on: datetime.date, knowledge: Knowledge = NOW, *, reported: bool = True
    ) -> tuple[Sums, dict[str, Sums]]:
        """Return the book at the end of a day, and its contents by batch.

        It begins with the ending inventory that was reported for the last taking (`reported`), or
        with the listing.
        """
        pits = [day for day in self.pits(mba, knowledge) if day <= on]
        sums: Sums = {}
        batches: dict[str, Sums] = {}
        for report, entry in self.effective(mba, "P", knowledge) if pits else ():
            if report.period_to == pits[-1]:
                _count(sums, entry, 1)
                _count(batches.setdefault(entry.batch or "", {}), entry, 1)
        ending: Sums = {}
        for report, entry in self.effective(mba, "M", knowledge) if pits and reported else ():
            if report.period_to == pits[-1] and entry.code == "PE":
                _count(ending, entry, 1)
        sums |= ending
        for _, entry in self.effective(mba, "I", knowledge):
            if entry.date and entry.date <= on and (not pits or entry.date > pits[-1]):
                _count(sums, entry)
                _count(batches.setdefault(entry.batch or "", {}), entry, batch=True)
        return sums, batches

    def balance(
        self, mba: str, start: datetime.date, end: datetime.date, knowledge: Knowledge = NOW
    ) -> dict[str, Sums]:
        """Return the lines of a balance."""
        before = start - datetime.timedelta(days=1)
        lines = {"PB": self.book(mba, before, knowledge)[0]}
        lines["BE"], lines["BA"] = dict(lines["PB"]), dict(lines["PB"])
        for _, entry in self.effective(mba, "I", knowledge):
            if entry.date and start <= entry.date <= end and entry.code not in (None, "RM", "RP"):
                _count(lines.setdefault(entry.code, {}), entry, 1)
                _count(lines["BA"], entry)
                _count(lines["BE"], entry, 0 if entry.code == "DI" else None)
        if end in self.pits(mba, knowledge):
            lines["PE"] = self.book(mba, end, knowledge, reported=False)[0]
            lines["MF"] = dict(lines["BA"])
            for letter, (element, fissile) in lines["PE"].items():
                _add(lines["MF"], letter, -element, -fissile)
        return lines


def _count(sums: Sums, entry: Entry, times: int | None = None, *, batch: bool = False) -> None:
    code = entry.code or ""
    for group in entry.groups():
        letter, sign = str(group.category), (code in ADD) - (code in TAKE)
        if batch and code in ("RM", "RP"):
            sign = 1 if code == "RP" else -1
        if len(code) == 2 and set(code) <= set("NDE"):
            sign = -1 if letter == code[0] else 1
        sign = sign if times is None else times
        _add(sums, letter, sign * group.element_mg, sign * (group.fissile_mg or 0))


def _add(sums: Sums, letter: str, element: int, fissile: int) -> None:
    known = sums.get(letter, (0, 0))
    sums[letter] = (known[0] + element, known[1] + fissile)
