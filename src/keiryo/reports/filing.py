"""From reports to what counts: every correction, deletion and addition applied in its turn.

Sources: INFCIRC/153 (Corrected), paragraph 103; Code 10, label 309. What to do with references that
name nothing, and with listings sent twice, is a choice of keiryo: see `filed`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace

from keiryo.places.model import MaterialBalanceArea
from keiryo.reports.context import Context
from keiryo.reports.filed import (
    Address,
    AreaFile,
    FiledBalance,
    FiledEntry,
    FiledListing,
    Filings,
)
from keiryo.reports.model import STATUSES, Entry, Reference, Report


def file_reports(
    reports: Iterable[Report],
    context: Context | None = None,
    places: Mapping[str, MaterialBalanceArea] | None = None,
) -> Filings:
    """Put reports into the files of their areas and apply all corrections.

    Parameters
    ----------
    reports : iterable of Report
        In the order in which they came, or count: see `in_order_of_date`. A correction speaks of
        what came before it.
    context : Context, optional
        What came before them.
    places : mapping of MBA code to MaterialBalanceArea, optional
        The register, where it knows more areas than the context.

    Returns
    -------
    Filings
    """
    filings = Filings(context=context)
    for code, area_context in (context.areas if context else {}).items():
        assert context is not None
        filings.areas[code] = AreaFile(
            code,
            context.country,
            area_context.area,
            area_context,
            area_context.prior_pit or context.prior_pit,
        )
    for report in reports:
        if report.mba is None:
            filings.textual.append(report)
            continue
        area = filings.areas.get(report.mba)
        if area is None:
            area = filings.areas[report.mba] = AreaFile(report.mba, report.country)
        if area.place is None and places:
            area.place = places.get(report.mba)
        area.reports.append(report)
    for area in filings.areas.values():
        _Filing(area).run()
    return filings


def _meant_status(entry: Entry) -> str:
    """Return the status that is meant where it is missing or wrongly written."""
    unread = dict(entry.unreadable).get("309", "")
    status = (entry.status or unread)[:1].upper()
    if status in STATUSES and status:
        return status
    return "N" if entry.refers is None else "C"


def states_anew(report: Report) -> bool:
    """Whether a report states something of its own, and not corrections alone."""
    return any(_meant_status(entry) in ("N", "U") for entry in report.entries)


def in_order_of_date(reports: Iterable[Report]) -> list[Report]:
    """Return reports by their date, those of one day by area and number."""
    last = datetime.date.max
    return sorted(reports, key=lambda r: (r.date or last, r.mba or "", r.number))


def _states(report: Report) -> set[tuple[str | None, str]]:
    """Return what a listing or balance states: batches, or codes, each with its labels."""
    return {
        (entry.batch if report.type == "P" else entry.code, weight.label)
        for entry in report.entries
        if entry.status == "N"
        for weight in entry.weights
    }


class _Filing:
    """Goes through the reports of an area in their order and keeps what counts."""

    def __init__(self, area: AreaFile) -> None:
        self.area = area
        self.by_address: dict[Address, FiledEntry] = {}
        self.successor: dict[int, FiledEntry | None] = {}  # by id of the entry replaced
        self.effective: dict[int, FiledEntry] = {}
        self.totals: dict[int, int] = {}
        self.types: dict[int, str] = {}

    def run(self) -> None:
        """File everything."""
        seen: set[tuple[object, ...]] = set()
        kept = []
        for report in self.area.reports:
            # The same report once more is left aside; another one with a wrong number is not.
            what = (report.number, report.type, report.period_from, report.period_to)
            if what not in seen:
                seen.add(what)
                kept.append(report)
        self.area.reports = sorted(kept, key=lambda r: r.number)
        for report in kept:
            self.totals[report.number] = max((e.number for e in report.entries), default=0)
            self.types[report.number] = report.type
            for entry in report.entries:
                self._file(FiledEntry(report, entry))
        for report in kept:
            self._open_listing_or_balance(report)
        for filed in self.effective.values():
            self._place(filed)
        self.area.changes.sort(key=lambda f: f.order)
        for listing in self.area.listings.values():
            listing.entries.sort(key=lambda f: f.order[2:])

    def _file(self, filed: FiledEntry) -> None:
        self.area.filed.append(filed)
        status, refers = _meant_status(filed.entry), filed.entry.refers
        own = (filed.report.number, filed.entry.number)
        if status == "N":
            self.by_address.setdefault(own, filed)
            self.effective[id(filed)] = filed
        elif status in ("C", "D") and refers is not None:
            self._correct(filed, refers)
            self.by_address.setdefault(own, filed)
        elif status == "C" and (target := self._likely(filed)) is not None:
            self._replace(filed, target)
            self.by_address.setdefault(own, filed)
        elif status == "A" and refers is not None:
            self._add(filed, refers)
            self.by_address.setdefault(own, filed)

    def _correct(self, filed: FiledEntry, refers: Reference) -> None:
        problem, target = self._target(filed, refers)
        if problem:
            self.area.problems.append((filed, problem))
        if target is None:
            if problem is None:
                self._reach_back(filed)
            return
        self._replace(filed, target)

    def _replace(self, filed: FiledEntry, target: FiledEntry) -> None:
        filed.replaces, filed.root = target, target.origin
        self.effective.pop(id(target), None)
        self.successor[id(target)] = filed
        if _meant_status(filed.entry) == "C":
            self.effective[id(filed)] = filed

    def _target(self, filed: FiledEntry, refers: Reference) -> tuple[str | None, FiledEntry | None]:
        """Return what is wrong with a reference, if anything, and the entry that it means."""
        if refers.country != filed.report.country:
            problem = f"names the State {refers.country}, the report is of {filed.report.country}"
            return problem, self._latest(self.by_address.get((refers.report, refers.entry)))
        if refers.report > filed.report.number:
            return "refers to a later report", self._likely(filed)
        first = self.by_address.get((refers.report, refers.entry))
        if first is None:
            if self._was_earlier(refers):
                return None, None
            return self._missing(filed, refers), self._likely(filed)
        if first.report.type != filed.report.type:
            return f"names an entry of another kind of report, type {first.report.type}", None
        latest = self._latest(first)
        if latest is None:
            return "names an entry that was deleted", None
        if latest is not first and first.entry.status != "A":
            return (
                f"names an entry that was corrected since; the entry last reported is "
                f"{refers.country};{latest.report.number}/{latest.entry.number}",
                latest,
            )
        return None, latest

    def _missing(self, filed: FiledEntry, refers: Reference) -> str:
        likely = self._likely(filed)
        said = "names an entry that does not exist"
        if likely is not None:
            said += (
                f"; {filed.report.country};{likely.report.number}/{likely.entry.number} has the "
                "same code, date and batch"
            )
        return said

    def _latest(self, filed: FiledEntry | None) -> FiledEntry | None:
        while filed is not None and id(filed) in self.successor:
            filed = self.successor[id(filed)]
            if filed is not None and filed.entry.status == "D":
                return None
        return filed

    def _likely(self, filed: FiledEntry) -> FiledEntry | None:
        """Return the one effective entry that a correction without right reference may mean."""
        entry = filed.entry
        if entry.code is None and entry.batch is None:
            return None
        same = [
            other
            for other in self.effective.values()
            if other.report.type == filed.report.type
            and (other.entry.code, other.entry.date) == (entry.code, entry.date)
            and other.entry.batch == entry.batch
            and other is not filed
        ]
        return same[0] if len(same) == 1 else None

    def _was_earlier(self, refers: Reference) -> bool:
        opening = self.area.opening
        if opening is None:
            return not self.totals or refers.report < min(self.totals)
        count = opening.earlier_reports.get(refers.report)
        return count is not None and 1 <= refers.entry <= count

    def _add(self, filed: FiledEntry, refers: Reference) -> None:
        address = (refers.report, refers.entry)
        problem = None
        if refers.country != filed.report.country:
            problem = f"names the State {refers.country}, the report is of {filed.report.country}"
        elif refers.report > filed.report.number:
            problem = "refers to a later report"
        elif address in self.by_address or self._was_earlier_entry(refers):
            problem = "adds an entry under a number that is taken"
        elif refers.report not in self.totals and not self._known_before(refers.report):
            problem = f"adds an entry to report {refers.report}, which is not known"
        elif self.types.get(refers.report, filed.report.type) != filed.report.type:
            problem = f"adds to a report of another kind, type {self.types[refers.report]}"
        if problem:
            self.area.problems.append((filed, problem))
        if problem and "taken" in problem:
            return  # what stands there counts
        self.by_address.setdefault(address, filed)
        self.effective[id(filed)] = filed

    def _was_earlier_entry(self, refers: Reference) -> bool:
        return self.area.opening is not None and self._was_earlier(refers)

    def _known_before(self, number: int) -> bool:
        opening = self.area.opening
        return opening is None or number in opening.earlier_reports

    def _reach_back(self, filed: FiledEntry) -> None:
        """Apply a correction of what was listed or stated before the first report."""
        opening, entry = self.area.opening, filed.entry
        if opening is None or filed.report.period_to != self.area.prior_pit:
            return
        if filed.report.type == "P":
            kept = [e for e in opening.inventory if e.batch != entry.batch]
            changed = replace(entry, status="N", refers=None)
            inventory = (*kept, changed) if entry.status == "C" else tuple(kept)
            self.area.opening = replace(opening, inventory=tuple(inventory))
        elif filed.report.type == "M" and entry.code == "PE" and entry.status == "C":
            ending = dict(opening.ending)
            for group in entry.groups():
                ending[group.category] = (group.element_mg, group.fissile_mg)
            self.area.opening = replace(opening, ending=ending)

    def _open_listing_or_balance(self, report: Report) -> None:
        if report.period_to is None or not states_anew(report):
            return
        if report.type == "P":
            first: Report = self.area.listings.setdefault(
                report.period_to, FiledListing(report)
            ).report
        elif report.type == "M":
            first = self.area.balances.setdefault(report.period_to, FiledBalance(report)).report
        else:
            return
        if first is not report and _states(first) & _states(report):
            self.area.again.append((report, first))
            for entry in [f for f in self.effective.values() if f.report is report]:
                if entry.entry.status == "N":
                    del self.effective[id(entry)]

    def _place(self, filed: FiledEntry) -> None:
        if filed.report.type == "I":
            self.area.changes.append(filed)
            return
        day = filed.origin.report.period_to
        if filed.entry.status == "A" or (filed.root and filed.root.entry.status == "A"):
            day = filed.report.period_to
        if day is None:
            return
        if filed.report.type == "P":
            listing = self.area.listings.get(day)
            if listing is not None:
                listing.entries.append(filed)
        elif filed.report.type == "M":
            balance = self.area.balances.get(day)
            if balance is not None:
                balance.lines.append(filed)
