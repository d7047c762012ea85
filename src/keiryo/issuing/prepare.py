"""Making a report from the books: which entries it states, under which number, in which words.

An inventory change report (I) states the changes of a period that no report stated yet, a listing
(P) the batches found at a physical inventory taking, a material balance report (M) the balance of
the period that the taking ended. Nothing is posted here: what is prepared can be looked at first,
and `keiryo.issuing.issue` posts it.

A change that came to light after the report of its period went out is not new: it is *added* to
that report (status A, with the next free entry number there) by the next report that is issued.
A correction or deletion in the books of an entry that was reported refers to it (C, D).

Sources: INFCIRC/153 (Corrected), paragraphs 63 to 67 and 103; IAEA SG-FM-1172, Model Subsidiary
Arrangement Code 10, labelled format, labels 001, 002, 015, 309 and section 4.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.dates import Period, date_number, number_date
from keiryo.errors import Finding, Severity, UsageError
from keiryo.issuing.balance_report import (
    balance_entries,
    listing_disagreements,
    unreported_finding,
)
from keiryo.issuing.lines import (
    BookEntry,
    Issued,
    listing,
    superseded_chain,
    waiting_batches,
    waiting_changes,
)
from keiryo.issuing.numbering import FreeNumbers, covering, next_report_number
from keiryo.issuing.rounding import rounded_entries
from keiryo.journal.reading import head
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import area
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.issued import Source
from keiryo.reports.model import Entry, Note, Reference, Report
from keiryo.reports.rules import check_report
from keiryo.reports.tables import REPORTING_CONTEXT
from keiryo.vocabulary import Profile, entry_code, profile

_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)
_ORDER_OF_STATUS = {"N": 0, "U": 0, "A": 1, "C": 2, "D": 3}


@dataclass(frozen=True, slots=True)
class PreparedReport:
    """A report as it would be issued.

    Attributes
    ----------
    report : Report
    sources : tuple of (act, line) or None
        For each entry, the entry of the books that it states; None for lines of a balance.
    profile : str
        Profile under which weights were rounded.
    through_act : int
        Last act that the report takes into account.
    findings : tuple of Finding
        What is wrong with it, or worth knowing before it goes out.
    """

    report: Report
    sources: tuple[Source | None, ...]
    profile: str
    through_act: int
    findings: tuple[Finding, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether a finding forbids issuing."""
        return any(finding.severity in _BLOCKING for finding in self.findings)

    @property
    def text(self) -> str:
        """The report as labelled text, as it is sent."""
        return write([self.report])


@dataclass(slots=True)
class _Making:
    """What is known while a report is made."""

    connection: Connection
    metadata: MetaData
    place: MaterialBalanceArea
    period: Period
    rules: Profile
    issued: Issued
    entries: list[tuple[Entry, Source | None]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def prepare(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    kind: str,
    period: Period,
    *,
    report_date: datetime.date,
    encoder: str,
    profile_name: str = "code10",
    notes: Sequence[tuple[int | None, str]] = (),
) -> PreparedReport:
    """Return a report made from what the books hold and no report has stated yet.

    Parameters
    ----------
    connection, metadata
        A transaction and the tables.
    mba : str
    kind : {"I", "P", "M"}
        Inventory change report, physical inventory listing, material balance report.
    period : Period
        For a listing both days are that of the physical inventory taking.
    report_date : datetime.date
        Label 003.
    encoder : str
        Label 006: family name, comma, initials.
    profile_name : str
        What is rounded: ``"code10"`` nothing, ``"code10_rounded"`` to the unit.
    notes : sequence of (entry number or None, text)
        Concise notes on an entry, or on the report.

    Raises
    ------
    NotFoundError
        If the MBA or the profile is not known.
    UsageError
        If there is nothing to report, or the report was issued before.
    """
    if kind not in ("I", "P", "M"):
        raise UsageError(f"{kind!r} is none of the reports that are made: I, P or M")
    place = area(connection, metadata, mba)
    making = _Making(
        connection, metadata, place, period, profile(profile_name, period.end),
        Issued(connection, metadata, mba),
    )  # fmt: skip
    {"I": _add_changes, "P": _add_listing, "M": _add_balance}[kind](making)
    making.entries.sort(key=lambda pair: _ORDER_OF_STATUS[pair[0].status])
    report = _report(making, kind, report_date, encoder, notes)
    making.findings += check_report(report)
    making.findings += _unreadable(report)
    making.findings += _profile_findings(making, report)
    if kind == "P":
        _compare_with_balance(making, report)
    return PreparedReport(
        report,
        tuple(source for _, source in making.entries),
        profile_name,
        head(connection, metadata).act_id,
        tuple(making.findings),
    )


# --- the three kinds -----------------------------------------------------------------------------


def _add_changes(making: _Making) -> None:
    """Add the changes that no report stated yet: new ones, additions, corrections, deletions."""
    covered, balances = _covered(making, "I"), _covered(making, "M")
    numbers = _free_numbers(making, INVENTORY_CHANGE.name)
    forgotten = 0
    for found in _waiting(making, INVENTORY_CHANGE.name):
        of_day = [number for number, period in covered if period.contains(found.day)]
        if found.entry.status in ("C", "D"):
            _add(making, found, None)
        elif of_day:
            _add(making, found, numbers.take(max(of_day)))
            _warn_of_balance(making, found, balances)
        elif making.period.contains(found.day):
            _add(making, found, None)
        else:
            forgotten += 1
    if forgotten:
        making.findings.append(_forgotten(making, forgotten))
    if not making.entries:
        raise UsageError(
            f"there is no change of {making.place.code} to report between "
            f"{making.period.start} and {making.period.end}",
            "All that is recorded was reported. See 'keiryo reports list --mba "
            f"{making.place.code}'; record more with 'keiryo reports record'.",
        )


def _add_listing(making: _Making) -> None:
    """Add the batches of a taking; what was found out later is added to the listing."""
    mba, pit = making.place.code, making.period.end
    _require_after_opening(making)
    covered = [number for number, period in _covered(making, "P") if period.end == pit]
    every = listing(making.connection, making.metadata, mba, pit)
    batches = _waiting(making, PHYSICAL_INVENTORY.name)
    numbers = _free_numbers(making, PHYSICAL_INVENTORY.name)
    if batches:
        for found in batches:
            fresh = found.entry.status not in ("C", "D")
            _add(making, found, numbers.take(max(covered)) if covered and fresh else None)
    elif covered:
        raise UsageError(
            f"the listing of {mba} for {pit} was reported, in report {max(covered)}",
            f"Write it out with 'keiryo reports write {mba} {max(covered)}'.",
        )
    elif not every:
        raise UsageError(
            f"no physical inventory of {mba} on {pit} is recorded",
            "Record the listing first with 'keiryo reports record'; if the area was empty, "
            "record a listing without batches.",
        )
    else:
        making.entries.append((Entry(number=0, status="U"), every[0].source))


def _add_balance(making: _Making) -> None:
    """Add the consolidated lines of the balance of the period."""
    mba, period = making.place.code, making.period
    _require_after_opening(making)
    covered = [number for number, p in _covered(making, "M") if p.end == period.end]
    if covered:
        raise UsageError(
            f"the balance of {mba} for {period.end} was reported, in report {max(covered)}",
            "A balance that has to be put right is corrected, not issued a second time.",
        )
    entries, findings = balance_entries(
        making.connection, making.metadata, making.place, period, making.rules, making.issued
    )
    waiting = [
        found
        for found in _waiting(making, INVENTORY_CHANGE.name)
        if period.contains(found.day) or found.entry.status == "D"
    ]
    if waiting:
        making.findings.append(unreported_finding(mba, period, len(waiting)))
    making.findings += findings
    making.entries += [(entry, None) for entry in entries]


def _require_after_opening(making: _Making) -> None:
    """Refuse a taking with which the books begin: it was reported before them."""
    table = making.metadata.tables[REPORTING_CONTEXT.name]
    query = select(func.max(table.c.prior_pit)).where(table.c.mba == making.place.code)
    begun = making.connection.execute(query).scalar()
    if begun is not None and date_number(making.period.end) <= int(begun):
        raise UsageError(
            f"the books of {making.place.code} begin with the physical inventory of "
            f"{number_date(int(begun))}; what came before was reported before",
            "Name a later physical inventory taking.",
        )


# --- which entries -------------------------------------------------------------------------------


def _waiting(making: _Making, kind: str) -> list[BookEntry]:
    """Return the entries that no report stated yet, with what a correction refers to."""
    mba, end = making.place.code, making.period.end
    ask = waiting_changes if kind == INVENTORY_CHANGE.name else waiting_batches
    found = []
    for one in ask(making.connection, making.metadata, mba, end):
        refers = _refers(making, kind, one)
        if one.entry.status == "D" and refers is None:
            continue  # recorded and taken back before any report: nobody has to know
        if refers is None and one.entry.status in ("C", "A"):
            one = replace(one, entry=replace(one.entry, status="N"))
        found.append(replace(one, entry=replace(one.entry, refers=refers)))
    return found


def _refers(making: _Making, kind: str, found: BookEntry) -> Reference | None:
    """Return under which number the corrected entry was reported: last, or first."""
    if found.entry.status not in ("C", "D"):
        return None
    references = []
    for source, reported_as in superseded_chain(
        making.connection, making.metadata, kind, found.supersedes
    ):
        record = making.issued.by_source.get(source)
        references += [record.reference] if record else [reported_as] if reported_as else []
    if not references:
        return None
    return references[0] if making.rules.correction == "last" else references[-1]


def _covered(making: _Making, kind: str) -> list[tuple[int, Period]]:
    return covering(making.connection, making.metadata, making.issued, making.place.code, kind)


def _free_numbers(making: _Making, kind: str) -> FreeNumbers:
    return FreeNumbers(making.connection, making.metadata, making.issued, making.place, kind)


def _add(making: _Making, found: BookEntry, adds_to: Reference | None) -> None:
    entry = found.entry
    if adds_to is not None:
        entry = replace(entry, status="A", refers=adds_to)
    making.entries.append((entry, found.source))


# --- the report ----------------------------------------------------------------------------------


def _report(
    making: _Making,
    kind: str,
    report_date: datetime.date,
    encoder: str,
    notes: Sequence[tuple[int | None, str]],
) -> Report:
    place, count = making.place, len(making.entries)
    stated = [entry for entry, _ in making.entries]
    if kind != "M":  # lines of a balance are rounded after summation
        stated = rounded_entries(stated, making.rules)
    noted = {number for number, _ in notes if number is not None}
    entries = tuple(
        replace(
            entry,
            number=number,
            total=count if number == 1 else None,
            note_indicator=number in noted,
        )
        for number, entry in enumerate(stated, start=1)
    )
    return Report(
        country=place.state,
        number=next_report_number(making.connection, making.metadata, place.code),
        type=kind,
        date=report_date,
        encoder=encoder,
        period_from=making.period.start,
        period_to=making.period.end,
        period_single=kind == "P",
        facility=place.facility,
        mba=place.code,
        entries=entries,
        notes=tuple(
            Note(
                number=number,
                total=len(notes) if number == 1 else None,
                text=text,
                reference="R" if of_entry is None else f"E/{of_entry}",
            )
            for number, (of_entry, text) in enumerate(notes, start=1)
        ),
    )


# --- what is worth knowing -----------------------------------------------------------------------


def _profile_findings(making: _Making, report: Report) -> list[Finding]:
    """Return categories that stand in the report and not in the profile."""
    asked = {"E" if letter in "HL" else letter for letter in making.rules.categories}
    present = {str(g.category) for entry in report.entries for g in entry.groups()}
    return [
        Finding(
            "PROFILE-CATEGORY",
            Severity.INCONSISTENCY,
            f"the profile {making.rules.name} ({making.rules.title}) has no category {letter}",
            "Choose another profile, or record the material in a category of this one.",
            mba=report.mba,
            report=str(report.number),
            category=letter,
            basis="Code 10, labels 600 to 800",
        )
        for letter in sorted(present - asked)
    ]


def _unreadable(report: Report) -> list[Finding]:
    """What was written must be read as the same report; a stray ``#`` would make it another."""
    result = read(write([report]).encode(), report.key)
    wrong = [f for f in result.findings if f.severity in _BLOCKING]
    if result.reports == (report,) and not wrong:
        return []
    return [
        Finding(
            "RECORD-UNREADABLE",
            Severity.FORMAT,
            "the records would be read as something else than they are meant to say"
            + (f": {wrong[0].message}" if wrong else ""),
            "A name or text holds a sign that separates data elements, such as '#'; correct it.",
            mba=report.mba,
            report=str(report.number),
            basis="Code 10, section 3",
        )
    ]


def _forgotten(making: _Making, count: int) -> Finding:
    return Finding(
        "ICR-MISSING",
        Severity.WARNING,
        f"{count} change(s) of {making.place.code} before {making.period.start} are in no "
        "inventory change report yet, and this report does not state them",
        "Issue a report of the earlier period too, or begin this one earlier with --from.",
        mba=making.place.code,
        label="015",
        found=str(count),
        expected="0",
        basis="INFCIRC/153 paragraph 63",
    )


def _warn_of_balance(
    making: _Making, found: BookEntry, balances: Sequence[tuple[int, Period]]
) -> None:
    """Say once per balance that an addition reaches back into its period."""
    for number, period in balances:
        code = found.entry.code or ""
        if period.contains(found.day) and code and entry_code(code).kind != "rebatching":
            finding = Finding(
                "MBR-REOPENED",
                Severity.WARNING,
                f"the report adds a change of {found.day} to a period whose balance was "
                f"reported, in report {number}",
                "Correct that balance too: its book inventory and MUF change, PE does not.",
                mba=making.place.code,
                report=str(number),
                basis="INFCIRC/153 paragraphs 67 and 103",
            )
            if all(f.code != finding.code or f.report != finding.report for f in making.findings):
                making.findings.append(finding)


def _compare_with_balance(making: _Making, report: Report) -> None:
    """A listing agrees with the balance that was issued before it (PIL-PE)."""
    earlier = [r for r in making.issued.of_type("P") if r.period_to == report.period_to]
    for finding in listing_disagreements(report, earlier, making.issued.of_type("M")):
        if earlier:
            finding = replace(finding, severity=Severity.WARNING)
        making.findings.append(replace(finding, report=str(report.number)))
