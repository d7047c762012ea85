"""From the entries of a report to ledger lines, and from ledger lines back to entries."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import replace

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.batches import ARRIVALS, CONSTANT_IDENTITY, BatchBook
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    ISOTOPE_WEIGHT,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    effective,
    entry_line,
)
from keiryo.dates import date_number
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft, Value
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.reports.effective_entries import EffectiveEntries
from keiryo.reports.effective_entries import reference_text as reference_text
from keiryo.reports.known_batches import ReportBatches
from keiryo.reports.model import CategoryGroup, Entry, Reference, Report, Weight, fissile_label
from keiryo.reports.tables import NOTE
from keiryo.vocabulary import entry_code

TABLE_OF_TYPE = {
    "I": INVENTORY_CHANGE.name,
    "P": PHYSICAL_INVENTORY.name,
    "M": REPORTED_BALANCE.name,
}

SAY_EVERY = 500
"""Entries from one word about progress to the next."""

EntryProgress = Callable[[int], None]
"""Told how many entries of a report are done; whatever it raises ends the work."""


class EntryRecorder:
    """Adds the lines of one report's entries to a draft.

    Parameters
    ----------
    connection, metadata
        The posting transaction.
    place : MaterialBalanceArea
    report : Report
    draft : Draft
    """

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        place: MaterialBalanceArea,
        report: Report,
        draft: Draft,
    ) -> None:
        assert report.date is not None
        self.connection = connection
        self.metadata = metadata
        self.place = place
        self.report = report
        self.draft = draft
        self.table = TABLE_OF_TYPE[report.type]
        self.batches: BatchBook = ReportBatches(connection, metadata, place, draft, report)
        self.effective = EffectiveEntries(connection, metadata, self.table, report)
        self.rebatched: dict[datetime.date | None, list[str]] = {}

    def add_all(self, progress: EntryProgress | None = None) -> None:
        """Add all entries; what is taken from batches (RM) is looked at before RP.

        Parameters
        ----------
        progress : callable, optional
            Called now and then with the number of entries added.
        """
        for entry in self.report.entries:
            if entry.code == "RM" and entry.batch and entry.date:
                uid = self.batches.present(entry.batch, date_number(entry.date))
                self.rebatched.setdefault(entry.date, []).append(uid)
        for number, entry in enumerate(self.report.entries):
            if progress is not None and number % SAY_EVERY == 0:
                progress(number)
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add the lines of one entry: one per category, and their isotopes."""
        assert self.report.date is not None
        known_on = date_number(self.report.date)
        values: dict[str, Value] = {
            "scope": self.place.scope,
            "mba": self.place.code,
            "report_no": self.report.number,
            "entry_no": entry.number,
            "entry_total": entry.total,
            "status": entry.status,
            "refers": reference_text(entry.refers),
            "state_record_id": entry.state_record_id,
            "note_indicator": 1 if entry.note_indicator else None,
        }
        if entry.status in ("C", "D") and entry.refers is not None:
            target = self.effective.of(entry.refers)
            if target is not None:
                values["supersedes_act"], values["supersedes_line"] = target.act_id, target.line
                known_on = max(known_on, target.known_on)
                if self.draft.corrects is None:
                    self.draft.corrects = target.act_id
        values["known_on"] = known_on
        values |= self._own_fields(entry)
        groups = _groups(entry) if entry.status not in ("D", "U") else ()
        if not groups:
            self.draft.add(self.table, values)
            return
        first = len(self.draft.lines) + 1
        reaches_back = entry.status == "C" and "supersedes_act" not in values
        for number, group in enumerate(groups):
            line = self.draft.add(
                self.table,
                values | (self._opening_line(entry, group.category) if reaches_back else {}),
                entry_line=first if number or len(groups) > 1 else None,
                category=str(group.category),
                element_mg=group.element_mg,
                fissile_mg=group.fissile_mg,
                fissile_basis=group.fissile_basis,
            )
            assert line == first + number, "lines of one entry follow each other"
        for number, group in enumerate(groups):
            for nuclide, mass_mg in group.isotopes:
                self.draft.add(
                    ISOTOPE_WEIGHT.name,
                    scope=self.place.scope,
                    parent_line=first + number,
                    nuclide=nuclide,
                    mass_mg=mass_mg,
                )

    def _opening_line(self, entry: Entry, category: Category) -> dict[str, Value]:
        """Name the line of the opening inventory, or its sum, that an earlier report stated.

        The books do not hold the entries of that report, only what it came to.
        """
        table = self.metadata.tables[self.table]
        same = [table.c.mba == self.place.code, table.c.report_no.is_(None)]
        same += [table.c.category == str(category), effective(table, Knowledge())]
        assert self.report.period_to is not None
        day = date_number(self.report.period_to)
        if self.report.type == "P":
            same += [table.c.pit_date == day, table.c.batch == entry.batch]
        elif self.report.type == "M" and entry.code == "PE":
            same += [table.c.period_to == day, table.c.code == "PE"]
        else:
            return {}
        query = select(table.c.act_id, entry_line(table)).where(*same).limit(1)
        row = self.connection.execute(query).first()
        return {} if row is None else {"supersedes_act": row[0], "supersedes_line": row[1]}

    def _own_fields(self, entry: Entry) -> dict[str, Value]:
        report = self.report
        if report.type == "M":
            assert report.period_from and report.period_to
            return {
                "code": entry.code,
                "period_from": date_number(report.period_from),
                "period_to": date_number(report.period_to),
                "non_latin": entry.non_latin,
            }
        values: dict[str, Value] = {
            "kmp": entry.kmp,
            "batch": entry.batch,
            "items": entry.items,
            "mdc": entry.mdc,
            "operator_mdc": entry.operator_mdc,
            "description": entry.description,
            "non_latin": entry.non_latin,
            "basis": basis_text(entry),
        }
        if report.type == "P":
            assert report.period_to is not None
            day = date_number(report.period_to)
            values["pit_date"] = day
            if entry.batch and entry.status not in ("D", "U"):
                values["batch_uid"] = self._listed_uid(entry, day)
            return values
        values |= {
            "code": entry.code,
            "event_date": None if entry.date is None else date_number(entry.date),
            "shipper": entry.shipper,
            "receiver": entry.receiver,
            "shipper_batch": entry.shipper_batch,
        }
        if entry.batch and entry.date and entry.code and entry.status not in ("D", "U"):
            values["batch_uid"] = self._changed_uid(entry, date_number(entry.date))
        return values

    def _listed_uid(self, entry: Entry, day: int) -> str:
        assert entry.batch is not None
        known = self.batches.find(entry.batch)
        if known is not None:
            return known
        uid = self.batches.present(entry.batch, day)
        for group in entry.groups():
            self.batches.draw(uid, day, group.category)
        return uid

    def _changed_uid(self, entry: Entry, day: int) -> str:
        assert entry.batch is not None and entry.code is not None
        name, code = entry.batch, entry.code
        categories = [group.category for group in entry.groups()]
        if code == "RP":
            uid = self.batches.present(name, day)
            for parent in self.rebatched.get(entry.date, []):
                if parent != uid:
                    self.batches.descend(uid, parent, "rebatched", day)
            return uid
        if code in CONSTANT_IDENTITY or code == "RM":
            known = self.batches.find(name)
            if known is not None:
                return known
            if entry_code(code).old_category is not None and not self.place.batch_follow_up:
                uid = self.batches.present(name, day)
                old = entry_code(code).old_category
                assert old is not None
                self.batches.draw(uid, day, old)
                self.batches.merge(uid, day, entry_code(code).new_category or old)
                return uid
        if code in ARRIVALS:
            uid = self.batches.arrive(name, day, self._shipped_uid(entry))
            for category in categories:
                self.batches.merge(uid, day, category)
            return uid
        return self.batches.leave(name, day, categories[0])

    def _shipped_uid(self, entry: Entry) -> str | None:
        """The uid of the batch at the domestic shipper, if it is known."""
        if entry.code != "RD" or not entry.shipper or not entry.shipper_batch:
            return None
        return self.batches.find(entry.shipper_batch, entry.shipper.rpartition("/")[2])


def _groups(entry: Entry) -> tuple[CategoryGroup, ...]:
    """Return the weights by category; an adjustment may be of the fissile weight alone."""
    weights_mg = entry.weights_mg()
    alone = not entry.groups() and fissile_label(weights_mg) is not None
    if alone and (entry.code or "").startswith("RA"):
        return replace(entry, weights=(Weight("630", 0), *entry.weights)).groups()
    return entry.groups()


def add_notes(draft: Draft, report: Report, scope: str) -> None:
    """Add the notes of a report."""
    for note in report.notes:
        draft.add(
            NOTE.name,
            scope=scope,
            report_no=report.number,
            note_no=note.number,
            note_total=note.total,
            mba=report.mba,
            reference=note.reference,
            report_type=note.report_type,
            non_latin=note.non_latin,
            note_text=note.text,
        )


def basis_text(entry: Entry) -> str | None:
    """Return label 469 as one text: basis, KMP, method."""
    parts = [entry.basis or "", entry.basis_kmp or "", entry.basis_method or ""]
    return "/".join(parts).rstrip("/") or None


def reference_findings(
    connection: Connection, metadata: MetaData, report: Report
) -> Iterable[Finding]:
    """Yield findings on entries that correct, delete or add to something (rule CORR-REF)."""
    if report.type not in TABLE_OF_TYPE or report.mba is None:
        return
    correcting = [entry for entry in report.entries if entry.status in ("C", "D", "A")]
    if not correcting:
        return
    known = EffectiveEntries(connection, metadata, TABLE_OF_TYPE[report.type], report)
    for entry in correcting:
        if entry.refers is None:  # it cannot be entered: it would count beside what it corrects
            yield Finding(
                "CORR-REF",
                Severity.FORMAT,
                f"an entry of status {entry.status} without reference cannot be entered",
                "Name the entry last reported by State, report and entry, as in C/XA;104/1.",
                file=entry.file,
                line=entry.line,
                mba=report.mba,
                report=str(report.number),
                entry=entry.number,
                label="309",
                basis="Code 10, label 309; INFCIRC/153 para 103",
            )
            continue
        problem = _reference_problem(known, report, entry.status, entry.refers)
        if problem:
            shown = f"{entry.status}/{reference_text(entry.refers)}"
            yield Finding(
                "CORR-REF",
                Severity.INCONSISTENCY,
                f"309:{shown} {problem}",
                "Refer to the entry that is effective now, by country, report and entry.",
                file=entry.file,
                line=entry.line,
                mba=report.mba,
                report=str(report.number),
                entry=entry.number,
                label="309",
                found=shown,
                basis="Code 10, label 309; INFCIRC/153 para 103",
            )


def _reference_problem(
    known: EffectiveEntries, report: Report, status: str, reference: Reference
) -> str | None:
    if reference.country != report.country:
        return f"names the State {reference.country}, the report is of {report.country}"
    if reference.report > report.number:
        return "refers to a later report"
    target = known.of(reference)
    if status == "A":
        if target is not None or known.was_earlier(reference):
            return "adds an entry under a number that is taken"
        if not known.knows_report(reference.report):
            return f"adds an entry to report {reference.report}, which is not known"
        return None
    if target is not None or known.was_earlier(reference):
        return None
    if report.type == "M" and known.issued_records(reference):
        return None  # the line of a balance that was issued here rests on no entry of its own
    return "names an entry that does not exist, or that was deleted"
