"""A random State with its reports: months of changes by clerks who err and correct themselves.

The same seed gives the same State. Its material balance areas are of all types; its clerks book
transfers, losses, production, category changes and shipper/receiver differences, take physical
inventories with something unaccounted for, are late, key wrong weights, dates and codes, and
correct, delete and add entries, also in periods that were reported long ago. Every report is
right in form; what is odd is its content. Reports are written as labelled Code 10.
"""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from keiryo.dates import end_of_month, next_day
from keiryo.quantities import Category, format_weight, round_mg
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Entry, Reference, Report, Weight, weight_unit
from keiryo.testing.naive_books import NaiveBooks, Sums

COUNTRY = "XH"
_LABELS = {str(category): category.label for category in Category}
_KINDS = ("bulk", "item", "LOF")
_FOREIGN = ("RF", "SF")
_PLAIN = ("LD", "TW", "FW", "GA", "LA", "EU", "DU", "TU", "RS", "SN", "RN", "DQ", "EQ")
_ORDER = ("PB", "BE", "DI", "BA", "PE", "MF")


@dataclass
class Clerk:
    """Who reports for one area: what was sent, and what waits to be sent."""

    mba: str
    type: str
    letters: str
    number: int = 0
    sent: list[Report] = field(default_factory=list)
    live: list[tuple[tuple[int, int], Entry]] = field(default_factory=list)
    received: list[Entry] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    due: datetime.date = datetime.date.min

    @property
    def facility(self) -> str:
        """Code of the facility, e.g. ``"XHA-"`` of ``"XHAA"``."""
        return f"{self.mba[:3]}-"


class RandomState:
    """A State made from a seed.

    Attributes
    ----------
    context : bytes
        What came before the reports, as JSON.
    reports : list of Report
        In the order in which they were written.
    opening : list of Report
        The opening inventories of the context, put as listings and balances for the naive model.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.begin = datetime.date(2022 + seed % 2, self.random.choice((3, 6, 12)), 30)
        self.begin = end_of_month(self.begin)
        count = self.random.randint(2, 4)
        self.clerks = [self._clerk(n) for n in range(count)]
        self.books = NaiveBooks()
        self.opening = [r for clerk in self.clerks for r in self._opening(clerk)]
        for report in self.opening:
            self.books.stack.append((0, report))
        self.context = self._context()
        self.reports: list[Report] = []
        self._live_through_months(self.random.randint(3, 5))

    def files(self) -> list[list[tuple[str, bytes]]]:
        """Return the reports as files, shuffled and put into batches."""
        files = [
            (f"{r.mba}-{r.number}.txt", write([r]).encode("ascii"))
            for r in self.random.sample(self.reports, len(self.reports))
        ]
        batches = []
        while files:
            size = self.random.randint(1 + len(files) // 6, 2 + len(files) // 2)
            batches.append(files[:size])
            files = files[size:]
        return batches

    def _clerk(self, number: int) -> Clerk:
        kind = _KINDS[number] if number < 3 else self.random.choice(_KINDS)
        letters = "".join(self.random.sample("ENDPT", self.random.randint(2, 4)))
        return Clerk(f"XH{'ABCD'[number]}A", kind, letters + ("" if "E" in letters else "E"))

    # What is weighed.

    def _mg(self, largest: int = 2_000_000) -> int:
        step = self.random.choice((1, 10, 1000))
        return max(step, self.random.randint(1, largest) // step * step)

    def _content(self, letter: str, element: int | None = None) -> list[Weight]:
        element = self._mg() * (1000 if letter in "NDT" else 1) if element is None else element
        weights = [Weight(_LABELS[letter], element)]
        if letter in "EU":
            weights.append(Weight("670", self.random.randint(0, element)))
        return weights

    def _weights(self, clerk: Clerk) -> tuple[Weight, ...]:
        letters = self.random.sample(clerk.letters, self.random.choice((1, 1, 1, 2)))
        return _sorted(w for letter in letters for w in self._content(letter))

    def _day(self, month: datetime.date) -> datetime.date:
        return month.replace(day=self.random.randint(1, end_of_month(month).day))

    def _batch(self, clerk: Clerk) -> str:
        return f"{clerk.mba[2]}{self.random.randint(1, 12)}"

    # What is reported.

    def _opening(self, clerk: Clerk) -> Iterator[Report]:
        names = sorted({self._batch(clerk) for _ in range(self.random.randint(0, 5))})
        entries = [
            self._listed(n, name, self._weights(clerk)) for n, name in enumerate(names, start=1)
        ]
        empty = [Entry(number=1, status="U")]
        yield self._report(clerk, "P", 0, self.begin, self.begin, entries or empty)
        if names:
            sums: Sums = self.books_of(entries)
            if self.random.random() < 0.5:  # reported rounded, listed exactly
                sums = {c: (round_mg(e, 10**6 if c in "NDT" else 1000), round_mg(f, 1000))
                        for c, (e, f) in sums.items()}  # fmt: skip
            yield self._report(clerk, "M", 0, self.begin, self.begin, [_line(1, "PE", sums)])

    def books_of(self, entries: list[Entry]) -> Sums:
        """Return the sums of some listed entries."""
        sums: Sums = {}
        for entry in entries:
            for group in entry.groups():
                known = sums.get(str(group.category), (0, 0))
                fissile = known[1] + (group.fissile_mg or 0)
                sums[str(group.category)] = (known[0] + group.element_mg, fissile)
        return sums

    def _report(
        self,
        clerk: Clerk,
        kind: str,
        number: int,
        day: datetime.date,
        end: datetime.date,
        entries: list[Entry],
        start: datetime.date | None = None,
    ) -> Report:
        numbered = tuple(
            replace(e, number=n, total=len(entries) if n == 1 else None)
            for n, e in enumerate(entries, start=1)
        )
        return Report(
            country=COUNTRY, number=number, type=kind, date=day, encoder="CLERK,A.",
            period_from=start or end, period_to=end, period_single=start is None,
            facility=clerk.facility, mba=clerk.mba, entries=numbered,
        )  # fmt: skip

    def _listed(self, number: int, name: str, weights: tuple[Weight, ...]) -> Entry:
        return Entry(number=number, kmp="A", mdc="F/R/N/C", batch=name, basis="T",
                     items=self.random.randint(0, 1), weights=weights)  # fmt: skip

    def _send(
        self,
        clerk: Clerk,
        kind: str,
        end: datetime.date,
        entries: list[Entry],
        start: datetime.date | None = None,
    ) -> None:
        clerk.number += 1
        late = self.random.choice((3, 10, 10, 25, 70))
        report = self._report(clerk, kind, clerk.number, end + datetime.timedelta(days=late), end,
                              entries, start)  # fmt: skip
        clerk.counts[report.number] = len(entries)
        if kind == "I" or kind == "P":
            for entry in report.entries:
                self._remember(clerk, report, entry)
        clerk.sent.append(report)
        self.reports.append(report)
        self.books.stack.append((len(self.reports), report))

    def _remember(self, clerk: Clerk, report: Report, entry: Entry) -> None:
        """Know what may be corrected: by the first entry's number, or by the last one's."""
        own = (report.number, entry.number)
        if entry.status in ("C", "D"):
            assert entry.refers is not None
            about = (entry.refers.report, entry.refers.entry)
            clerk.live = [pair for pair in clerk.live if pair[0] != about]
        if entry.status == "C" and self.random.random() < 0.5:
            own = about
        if entry.status == "A" and entry.refers and self.random.random() < 0.5:
            own = (entry.refers.report, entry.refers.entry)
        if entry.status not in ("D", "U"):
            clerk.live.append((own, entry))

    # A month of an area.

    def _live_through_months(self, months: int) -> None:
        taken = set(self.random.sample(range(months), self.random.randint(1, 2)))
        month = next_day(self.begin)
        for count in range(months):
            end = end_of_month(month)
            for clerk in self.random.sample(self.clerks, len(self.clerks)):
                entries = [e for e in clerk.received if e.date and e.date <= end]
                clerk.received = [e for e in clerk.received if e not in entries]
                for _ in range(self.random.randint(0, 4)):
                    entries += self._changes(clerk, month)
                entries += self._corrections(clerk, "I", month)
                if entries:
                    self._send(clerk, "I", end, entries, month)
                if count in taken:
                    self._take_inventory(clerk, end)
                elif clerk.sent and self.random.random() < 0.2:
                    self._correct_listing(clerk, end)
            month = next_day(end)

    def _changes(self, clerk: Clerk, month: datetime.date) -> list[Entry]:
        day, choice = self._day(month), self.random.random()
        base = Entry(number=1, kmp="1", date=day, mdc="F/R/N/C", batch=self._batch(clerk),
                     basis="M", items=self.random.randint(0, 2))  # fmt: skip
        weights = self._weights(clerk)
        if choice < 0.2:
            return [self._shipped(clerk, replace(base, weights=weights), month)]
        if choice < 0.35:
            return [self._foreign(clerk, replace(base, weights=weights))]
        if choice < 0.45 and clerk.type != "LOF":
            return self._burnt(base)
        if choice < 0.55:
            return [self._category_change(base)]
        if choice < 0.65:
            into = replace(base, code="RP", batch=self._batch(clerk), weights=weights)
            return [replace(base, code="RM", weights=weights), into]
        if choice < 0.75:
            signs = self.random.choice((1, -1))
            signed = tuple(Weight(w.label, signs * w.mg // 50) for w in weights)
            return [replace(base, code="DI", weights=signed)]
        return [replace(base, code=self.random.choice(_PLAIN), weights=weights)]

    def _shipped(self, clerk: Clerk, base: Entry, month: datetime.date) -> Entry:
        other = self.random.choice([c for c in self.clerks if c is not clerk])
        parties = {"shipper": f"{COUNTRY}/{clerk.mba}", "receiver": f"{COUNTRY}/{other.mba}"}
        assert base.date is not None
        arrives = base.date + datetime.timedelta(days=self.random.randint(0, 40))
        if self.random.random() < 0.9 and arrives > end_of_month(month):
            other.received.append(
                replace(base, code="RD", date=arrives, batch=self._batch(other), basis="N",
                        shipper_batch=base.batch, **parties)  # type: ignore[arg-type]
            )  # fmt: skip
        return replace(base, code="SD", **parties)  # type: ignore[arg-type]

    def _foreign(self, clerk: Clerk, base: Entry) -> Entry:
        code, us = self.random.choice(_FOREIGN), f"{COUNTRY}/{clerk.mba}"
        if code == "RF":
            return replace(base, code=code, shipper="XB", receiver=us, shipper_batch="UNKNOWN")
        return replace(base, code=code, shipper=us, receiver="XB/XBCA")

    def _burnt(self, base: Entry) -> list[Entry]:
        """Loss and production of a reactor; more U-235 may go than uranium."""
        element = self._mg(100_000)
        lost = (Weight("630", element), Weight("670", element + element // 5))
        made = (Weight("700", self._mg(10_000)),)
        return [replace(base, code="LN", weights=lost), replace(base, code="NP", weights=made)]

    def _category_change(self, base: Entry) -> Entry:
        code = self.random.choice(("EN", "ED", "NE", "ND", "DE", "DN"))
        element = self._mg() // 1000 * 1000 + 1000
        fissile = element // 150
        weights = [Weight(_LABELS[letter], element) for letter in code]
        if "E" in code:
            weights.append(Weight("670", fissile))
            weights += [Weight({"N": "770", "D": "780"}[c], fissile) for c in code if c != "E"]
        return replace(base, code=code, weights=_sorted(weights))

    # What clerks find out later.

    def _corrections(self, clerk: Clerk, kind: str, month: datetime.date) -> list[Entry]:
        entries: list[Entry] = []
        changes = {r.number for r in clerk.sent if r.type == "I"}
        for _ in range(self.random.randint(0, 2)):
            live = [p for p in clerk.live if p[0][0] in changes and p[1].code not in ("RM", "RP")]
            used = {(e.refers.report, e.refers.entry) for e in entries if e.refers}
            live = [pair for pair in live if pair[0] not in used]
            if not live:
                break
            (number, place), entry = self.random.choice(live)
            choice = self.random.random()
            if choice < 0.2:
                refers = Reference(COUNTRY, number, place)
                entries.append(Entry(number=1, status="D", refers=refers))
            elif choice < 0.4 and number in clerk.counts:
                clerk.counts[number] += 1
                refers = Reference(COUNTRY, number, clerk.counts[number])
                entries.append(replace(entry, status="A", refers=refers, batch="LATE",
                                       weights=_halved(entry.weights)))  # fmt: skip
            else:
                refers = Reference(COUNTRY, number, place)
                entries.append(self._corrected(replace(entry, status="C", refers=refers), month))
        return entries

    def _corrected(self, entry: Entry, month: datetime.date) -> Entry:
        """Return what the clerk should have keyed: weight, date or code was wrong."""
        choice = self.random.random()
        if choice < 0.2:
            day = self.begin + datetime.timedelta(days=self.random.randint(1, 60))
            return replace(entry, date=min(day, month))
        if choice < 0.35 and entry.code in _PLAIN:
            return replace(entry, code=self.random.choice(_PLAIN))
        return replace(entry, weights=_halved(entry.weights))

    # Physical inventories.

    def _take_inventory(self, clerk: Clerk, end: datetime.date) -> None:
        content, batches = self.books.book(clerk.mba, end)
        if clerk.type == "bulk":
            batches = {f"POOL{n}": {c: (e // 3, f // 3) for c, (e, f) in content.items()}
                       for n in range(3)}  # fmt: skip
        entries = []
        for name, sums in sorted(batches.items()):
            found = {c: self._found(e, f) for c, (e, f) in sums.items() if e > 0}
            if found and self.random.random() < 0.95:
                entries.append(self._listed(1, name, _line(1, None, found).weights))
        empty = [Entry(number=1, status="U")]
        start = next_day([pit for pit in self.books.pits(clerk.mba) if pit < end][-1])
        self._send(clerk, "P", end, entries or empty)
        if self.random.random() < 0.6:
            lines = self.books.balance(clerk.mba, start, end)
            ranked = sorted(lines, key=lambda code: _ORDER.index(code) if code in _ORDER else 0.5)
            balance = [_line(1, code, lines[code]) for code in ranked if any(lines[code])]
            self._send(clerk, "M", end, balance or empty, start)

    def _found(self, element: int, fissile: int) -> tuple[int, int]:
        """Return a weight with something unaccounted for; isotopes stay below the element."""
        element = max(1, element - self.random.choice((0, 0, element // 1000, -5)))
        return element, min(element, max(0, fissile - self.random.choice((0, 0, 3))))

    def _correct_listing(self, clerk: Clerk, end: datetime.date) -> None:
        listings = {r.number: r for r in clerk.sent if r.type == "P" and r.entries[0].status != "U"}
        live = [pair for pair in clerk.live if pair[0][0] in listings and pair[1].batch]
        if not live:
            return
        (number, place), entry = self.random.choice(live)
        refers = Reference(COUNTRY, number, place)
        again = replace(entry, status="C", refers=refers, weights=_halved(entry.weights))
        if self.random.random() < 0.3:
            again = Entry(number=1, status="D", refers=refers)
        pit = listings[number].period_to
        assert pit is not None
        self._send(clerk, "P", pit, [again])

    def _context(self) -> bytes:
        areas = {}
        for clerk in self.clerks:
            listing, *balance = (r for r in self.opening if r.mba == clerk.mba)
            inventory = [
                {"kmp": e.kmp, "mdc": e.mdc, "batch": e.batch, "basis": e.basis, "items": e.items,
                 "weights": {w.label: format_weight(w.mg, weight_unit(w.label)) for w in e.weights}}
                for e in listing.entries if e.batch
            ]  # fmt: skip
            areas[clerk.mba] = {
                "facility": clerk.facility, "type": clerk.type, "last_report_no": 0,
                "previous_physical_inventory": inventory,
            }  # fmt: skip
            if balance:
                areas[clerk.mba]["previous_PE"] = {
                    str(g.category): {
                        "element": format_weight(g.element_mg, g.category.unit),
                        "fissile": format_weight(g.fissile_mg or 0, "g"),
                    }
                    for g in balance[0].entries[0].groups()
                }
        return json.dumps(
            {"country": COUNTRY, "prior_pit": self.begin.strftime("%Y%m%d"), "mbas": areas}
        ).encode()


def _sorted(weights: Iterator[Weight] | list[Weight]) -> tuple[Weight, ...]:
    return tuple(sorted(weights, key=lambda weight: weight.label))


def _halved(weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    return tuple(Weight(w.label, w.mg // 2) for w in weights)


def _line(number: int, code: str | None, sums: Sums) -> Entry:
    weights = []
    for letter, (element, fissile) in sums.items():
        weights.append(Weight(_LABELS[letter], element))
        if letter in "EU":
            weights.append(Weight("670", fissile))
    return Entry(number=number, code=code, weights=_sorted(weights))
