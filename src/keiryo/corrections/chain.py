"""The chain that grows while a correction is planned: amendments of entries, area by area.

An *amendment* says what becomes of one entry that counts now, or brings one that was missing. The
chain keeps one amendment an entry, however many reasons lead to it, and can show at any time what
the areas would have filed with it (`Chain.trial`), so that the next question is put to the very
reports that would be sent.

Source: Code 10, label 309: C repeats all values but the corrected ones, D deletes, A adds an
entry to an earlier report and gives the number that it is to have there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from keiryo.corrections.model import Choices, Decision
from keiryo.errors import Finding
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.filing import file_reports
from keiryo.reports.model import Entry, Reference, Report, Weight

Place = tuple[str, int, int]
"""Area, report number, entry number."""


@dataclass(slots=True, eq=False)
class Amendment:
    """What becomes of one entry.

    Attributes
    ----------
    area : AreaFile
        As filed before the correction.
    report_type, status : str
        I, P or M; C, D, A or N.
    entry : Entry or None
        The entry as it should be; None for a deletion.
    target : FiledEntry or None
        The entry that counts now and is corrected or deleted.
    host : Report or None
        The report that began the chain, or the one to which an entry is added; its period is
        that of the new report.
    reason : str
        Why, in plain words.
    added_as : Reference or None
        The number that an added entry is to have in its host.
    """

    area: AreaFile
    report_type: str
    status: str
    entry: Entry | None
    target: FiledEntry | None
    host: Report | None
    reason: str
    added_as: Reference | None = None


class Chain:
    """The amendments that follow from one wrong entry, in the order of reasoning.

    Parameters
    ----------
    filings : Filings
        What was filed before.
    choices : Choices
    """

    def __init__(self, filings: Filings, choices: Choices) -> None:
        self.filings = filings
        self.choices = choices
        self.amendments: list[Amendment] = []
        self.decisions: list[Decision] = []
        self.remarks: list[str] = []
        self.findings: list[Finding] = []
        self._of: dict[int, Amendment] = {}
        self._filed: dict[Place, FiledEntry] = {
            (area.code, filed.report.number, filed.entry.number): filed
            for area in filings.areas.values()
            for filed in area.filed
        }
        self._planned: dict[Place, Amendment] = {}

    def amended(self, filed: FiledEntry) -> Amendment | None:
        """Return what the chain does to an entry as filed before, or None."""
        return self._of.get(id(filed))

    def correct(self, filed: FiledEntry, entry: Entry, reason: str) -> None:
        """Put `entry` in the place of one that counts now; repeating it changes nothing."""
        known = self._of.get(id(filed))
        if known is not None:
            if known.entry is not None and known.entry != entry:
                known.entry = entry
                known.reason = f"{known.reason} {reason}"
        elif not same_content(filed.entry, entry):
            self._keep(filed, Amendment(
                self.area_of(filed), filed.report.type, "C", entry, filed,
                self.home_of(filed), reason,
            ))  # fmt: skip

    def delete(self, filed: FiledEntry, reason: str) -> None:
        """Delete an entry that counts now."""
        known = self._of.get(id(filed))
        if known is not None:
            known.status, known.entry, known.reason = "D", None, f"{known.reason} {reason}"
            return
        self._keep(filed, Amendment(
            self.area_of(filed), filed.report.type, "D", None, filed, self.home_of(filed), reason
        ))  # fmt: skip

    def _keep(self, filed: FiledEntry, amendment: Amendment) -> None:
        self._of[id(filed)] = amendment
        self.amendments.append(amendment)

    def add(
        self, area: AreaFile, report_type: str, host: Report | None, entry: Entry, reason: str
    ) -> Amendment:
        """Add an entry to an earlier report, or without a host as a new one."""
        added_as = None
        if host is not None:
            added_as = Reference(host.country, host.number, self._free_number(area, host))
        status = "N" if host is None else "A"
        amendment = Amendment(area, report_type, status, entry, None, host, reason, added_as)
        self.amendments.append(amendment)
        return amendment

    def _free_number(self, area: AreaFile, host: Report) -> int:
        used = {entry.number for entry in host.entries}
        used |= {
            f.entry.refers.entry
            for f in area.filed
            if f.entry.status == "A" and f.entry.refers and f.entry.refers.report == host.number
        }
        used |= {
            a.added_as.entry
            for a in self.amendments
            if a.area is area and a.added_as is not None and a.added_as.report == host.number
        }
        return max(used, default=0) + 1

    def reissue(self, filed: FiledEntry, entry: Entry, area: AreaFile, reason: str) -> None:
        """Delete an entry and add it anew, because it speaks of another event."""
        self.delete(filed, f"{reason} The entry as it was is deleted.")
        host = self.host_for(area, filed, entry)
        where = "as a new entry" if host is None else f"to report {host.number}"
        self.add(area, filed.report.type, host, entry, f"{reason} It is added {where}.")

    def host_for(self, area: AreaFile, filed: FiledEntry | None, entry: Entry) -> Report | None:
        """Return the report to which an entry belongs by its date, or None if there is none.

        The report in which it stood comes first, then one whose period holds the date; an entry
        that stays in its area is rather added to the report in which it stood than to none.
        """
        old = None
        if filed is not None and self.area_of(filed) is area:
            old = self.home_of(filed)
        if old is not None and (old.type != "I" or _holds(old, entry.date)):
            return old
        for report in area.reports:
            new = any(e.status == "N" for e in report.entries)
            if report.type == "I" and new and _holds(report, entry.date):
                return report
        return old

    def area_of(self, filed: FiledEntry) -> AreaFile:
        """Return the file of the area that reported an entry."""
        return self.filings.areas[filed.report.mba or ""]

    def home_of(self, filed: FiledEntry) -> Report:
        """Return the report to which an entry belongs: where it began, or was added."""
        report, entry = filed.origin.report, filed.origin.entry
        if entry.status == "A" and entry.refers is not None:
            wanted = entry.refers.report
            return next((r for r in self.area_of(filed).reports if r.number == wanted), report)
        return report

    def areas(self) -> list[AreaFile]:
        """Return the areas concerned, in the order in which they came to be."""
        return list({a.area.code: a.area for a in self.amendments}.values())

    def ask(self, mba: str, about: str, question: str) -> None:
        """Leave something to a person."""
        decision = Decision(mba, about, question)
        if decision not in self.decisions:
            self.decisions.append(decision)

    def remark(self, text: str) -> None:
        """Say what is good to know, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def trial(self, written: Iterable[tuple[Report, list[Amendment]]]) -> Filings:
        """Return what the areas would have filed with some new reports as well."""
        self._planned = {}
        fresh = []
        for report, amendments in written:
            fresh.append(report)
            for entry, amendment in zip(report.entries, amendments, strict=True):
                self._planned[(report.mba or "", report.number, entry.number)] = amendment
        return with_reports(self.filings, fresh)

    def amend_trial(self, filed: FiledEntry, entry: Entry | None, reason: str) -> None:
        """Correct (or delete) an entry that counts in the trial, planned or filed before."""
        place = (filed.report.mba or "", filed.report.number, filed.entry.number)
        planned = self._planned.get(place)
        if planned is None:
            before = self._filed[place]
            if entry is None:
                self.delete(before, reason)
            else:
                self.correct(before, entry, reason)
        elif entry is None and planned.target is not None:
            self.delete(planned.target, reason)
        elif entry is None or planned.entry is None or same_content(planned.entry, entry):
            return
        else:
            planned.entry, planned.reason = entry, f"{planned.reason} {reason}"

    def planned_for(self, filed: FiledEntry) -> Amendment | None:
        """Return the amendment that made an entry of the trial, or None."""
        return self._planned.get((filed.report.mba or "", filed.report.number, filed.entry.number))


def with_reports(filings: Filings, reports: Iterable[Report]) -> Filings:
    """Return what was filed, with further reports."""
    every = [*reports_of(filings), *reports]
    places = {c: a.place for c, a in filings.areas.items() if a.place is not None}
    trial = file_reports(every, filings.context, places)
    for code, area in filings.areas.items():
        trial.areas[code].refused = area.refused
    return trial


def reports_of(filings: Filings) -> Iterator[Report]:
    """Yield every report that was filed."""
    for area in filings.areas.values():
        yield from area.reports
    yield from filings.textual


def _holds(report: Report, day: datetime.date | None) -> bool:
    start, end = report.period_from, report.period_to
    return None not in (start, end, day) and start <= day <= end  # type: ignore[operator]


def same_content(one: Entry, other: Entry) -> bool:
    """Whether two entries state the same, wherever they stand."""
    return own_content(one) == own_content(other)


def own_content(entry: Entry) -> Entry:
    """Return what an entry states, without its number, status and note mark."""
    return replace(entry, number=0, total=None, status="N", refers=None, note_indicator=False)


def with_weights(entry: Entry, weights_mg: dict[str, int]) -> Entry:
    """Return an entry with other weights, given in milligrams by label."""
    weights = tuple(Weight(label, mg) for label, mg in sorted(weights_mg.items()))
    return entry if weights == entry.weights else replace(entry, weights=weights)


def place_text(filed: FiledEntry) -> str:
    """Return where an entry stands, e.g. ``"XAFA 104/1"``."""
    return f"{filed.report.mba} {filed.report.number}/{filed.entry.number}"
