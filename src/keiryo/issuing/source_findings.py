"""What is wrong with source lines, found while the source document is still at hand.

A row is held against the rules of a report that would state it, and against the books: is the
area registered, is the day after the opening inventory, is the same event recorded already?
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import date_number, facility_date, number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.posting import Clock
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas
from keiryo.reports.entry_rules import entry_findings
from keiryo.reports.model import Entry, Report
from keiryo.reports.tables import REPORTING_CONTEXT

_LISTING = "P"
_NOT_IN_RECORDS = re.compile(r"[#\x00-\x1f\x7f]")
_TEXTS = (("310", "state_record_id"), ("436", "description"), ("446", "batch"),
          ("447", "shipper_batch"), ("469", "basis_method"))  # fmt: skip


def set_findings(
    connection: Connection, metadata: MetaData, reports: Sequence[Report], clock: Clock
) -> list[Finding]:
    """Return what is wrong with a set of rows, all at once.

    What a report of these rows would be refused for, and what only the books can tell: areas that
    are not registered, days before the books begin, rows that are recorded already.
    """
    registered = areas(connection, metadata)
    found: list[Finding] = []
    if not reports:
        found.append(
            Finding(
                "SOURCE-EMPTY",
                Severity.FORMAT,
                "there are no rows to record",
                "Fill in at least one row below the headings, save the file and give it again.",
            )
        )
    for report in reports:
        place = registered.get(report.mba or "")
        if report.number:
            found.append(_numbered(report))
        elif place is None:
            found.append(_unknown_area(report, registered))
        elif report.type not in ("I", _LISTING):
            found.append(_unknown_type(report))
        elif report.type == _LISTING and report.period_to is None:
            found.append(_no_taking_day(report))
        else:
            found += _report_findings(completed(report, place, clock))
            found += _before_opening(connection, metadata, report)
            found += _repetitions(connection, metadata, report)
            if report.notes:
                found.append(_notes_left_out(report))
    return found


def _numbered(report: Report) -> Finding:
    return Finding(
        "SOURCE-NUMBERED",
        Severity.FORMAT,
        f"this is report {report.number} of {report.mba or 'no MBA'}, not rows without a report",
        "Take it in with 'keiryo reports import', or leave the report number out if keiryo is to "
        "make the report from these rows.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        report=str(report.number),
        label="001",
        found=str(report.number),
        basis="Code 10, label 001",
    )


def _notes_left_out(report: Report) -> Finding:
    return Finding(
        "SOURCE-NOTE",
        Severity.WARNING,
        f"{len(report.notes)} concise note(s) are not recorded: a note belongs to a report",
        "Give the notes when the report is issued, with --note.",
        file=report.file or None,
        mba=report.mba,
        label="391",
        found=str(len(report.notes)),
        basis="Code 10, labels 099 and 391",
    )


def _unknown_area(report: Report, registered: dict[str, MaterialBalanceArea]) -> Finding:
    named = f"{report.mba} is not registered" if report.mba else "no MBA is named"
    return Finding(
        "MBA-UNKNOWN",
        Severity.FORMAT,
        f"{named}; these rows belong to no material balance area of the books",
        f"Correct the code of the area. Registered are: {', '.join(registered) or 'none yet'}.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        found=report.mba,
        basis="Code 10, label 307",
    )


def _unknown_type(report: Report) -> Finding:
    return Finding(
        "SOURCE-TYPE",
        Severity.FORMAT,
        "source lines are inventory changes (I) or a physical inventory listing (P), "
        f"not {report.type or 'rows without a type'}",
        "Leave material balances out: keiryo computes them from changes and listings.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        label="010",
        found=report.type or None,
        expected="I or P",
        basis="INFCIRC/153 paragraph 67",
    )


def _no_taking_day(report: Report) -> Finding:
    return Finding(
        "LABEL-MISSING",
        Severity.FORMAT,
        "the day of the physical inventory taking is missing",
        "Give the day at whose end (24:00) the inventory was taken.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        label="015",
        basis="Code 10, label 015",
    )


def completed(report: Report, place: MaterialBalanceArea, clock: Clock) -> Report:
    """Return the rows with the header that a report would have, numbered from 1."""
    entries = tuple(
        replace(entry, number=number, note_indicator=False)
        for number, entry in enumerate(report.entries, start=1)
    )
    days = sorted(entry.date for entry in entries if entry.date is not None)
    first, last = (days[0], days[-1]) if days else (None, None)
    return replace(
        report,
        country=place.state,
        facility=place.facility,
        date=report.date or _today(place, clock),
        period_from=report.period_to if report.type == _LISTING else first,
        period_to=report.period_to if report.type == _LISTING else last,
        entries=entries,
        notes=(),
    )


def _today(place: MaterialBalanceArea, clock: Clock) -> datetime.date:
    return facility_date(clock(), place.zone)


def _report_findings(report: Report) -> Iterator[Finding]:
    """Yield what a report of these rows would be refused for, row by row."""
    taken = report.period_to if report.type == _LISTING else None
    if taken and report.date and taken > report.date:
        yield Finding(
            "DATE-FUTURE",
            Severity.INCONSISTENCY,
            f"the physical inventory is dated {taken}, after {report.date}",
            "Check the year and the month.",
            file=report.file or None,
            mba=report.mba,
            label="015",
            found=str(taken),
            basis="Follows from label 003",
        )
    for entry in report.entries:
        for finding in entry_findings(report, entry):
            yield replace(finding, report=None)
        yield from _text_findings(report, entry)
        if entry.status not in ("N", "U", "") or entry.refers is not None:
            yield Finding(
                "SOURCE-STATUS",
                Severity.FORMAT,
                f"a source line is new, but row {entry.number} has the status {entry.status}",
                "Leave the status out. What is recorded already is put right with "
                "'keiryo correct'.",
                file=entry.file or None,
                line=entry.line or None,
                mba=report.mba,
                entry=entry.number,
                label="309",
                found=entry.status,
                basis="INFCIRC/153 paragraph 103",
            )


def _text_findings(report: Report, entry: Entry) -> Iterator[Finding]:
    """Yield texts that no record can carry: ``#`` ends a data element, a line feed a record."""
    for label, name in _TEXTS:
        text = getattr(entry, name) or ""
        bad = _NOT_IN_RECORDS.search(text)
        if bad is not None:
            yield Finding(
                "LABEL-FORMAT",
                Severity.FORMAT,
                f"{text[:40]!r} holds {bad[0]!r}, which ends a data element",
                "Write it without this sign, in all reports alike.",
                file=entry.file or None,
                line=entry.line or None,
                mba=report.mba,
                entry=entry.number,
                label=label,
                found=text,
                basis="Code 10, section 3",
            )


def _before_opening(
    connection: Connection, metadata: MetaData, report: Report
) -> Iterator[Finding]:
    """Yield rows of the time before the books: the opening inventory includes what they say."""
    table = metadata.tables[REPORTING_CONTEXT.name]
    query = select(func.max(table.c.prior_pit)).where(table.c.mba == report.mba)
    number = connection.execute(query).scalar()
    if number is None:
        return
    begun = number_date(int(number))
    listing = report.type == _LISTING
    days = [report.period_to] if listing else [entry.date for entry in report.entries]
    early = sorted(day for day in days if day is not None and day <= begun)
    if early:
        what = "the listing is" if listing else f"{len(early)} row(s) are"
        yield Finding(
            "BEFORE-OPENING",
            Severity.FORMAT if listing else Severity.INCONSISTENCY,
            f"{what} dated {early[0]}, but the books of {report.mba} begin with the physical "
            f"inventory of {begun}, which includes it already",
            "Check the day. What happened before the books began is put right in the reports of "
            "that time.",
            file=report.file or None,
            mba=report.mba,
            label="015" if listing else "412",
            found=str(early[0]),
            expected=f"after {begun}",
            basis="INFCIRC/153 paragraph 102",
        )


Content = tuple[tuple[str, int, int | None], ...]


def _content(entry: Entry) -> Content:
    return tuple(sorted((str(g.category), g.element_mg, g.fissile_mg) for g in entry.groups()))


def _repetitions(connection: Connection, metadata: MetaData, report: Report) -> Iterator[Finding]:
    """Yield rows about the same event as another row, or as an entry that the books hold."""
    listing = report.type == _LISTING
    seen: dict[tuple[object, ...], tuple[int, Content]] = {}
    for number, entry in enumerate(report.entries, start=1):
        key = (entry.batch, entry.kmp) if listing else (entry.batch, entry.code, entry.date)
        content = _content(entry)
        if not content or not entry.batch:
            continue
        if key in seen:
            other, its_content = seen[key]
            yield _repetition(report, number, f"row {other}", content == its_content)
        else:
            recorded = _recorded(connection, metadata, report, entry)
            for act_id, its_content in recorded[:1]:
                yield _repetition(report, number, f"act {act_id}", content == its_content)
        seen.setdefault(key, (number, content))


def _recorded(
    connection: Connection, metadata: MetaData, report: Report, entry: Entry
) -> list[tuple[int, Content]]:
    """Return the effective entries about the same event, with what they weigh."""
    listing = report.type == _LISTING
    table = metadata.tables[PHYSICAL_INVENTORY.name if listing else INVENTORY_CHANGE.name]
    where = [table.c.mba == report.mba, table.c.batch == entry.batch]
    if listing:
        assert report.period_to is not None
        where += [table.c.pit_date == date_number(report.period_to), table.c.kmp == entry.kmp]
    elif entry.date is None:
        return []
    else:
        where += [table.c.event_date == date_number(entry.date), table.c.code == entry.code]
    query = select(table).where(*where, effective(table, Knowledge()))
    groups: dict[tuple[int, int], list[tuple[str, int, int | None]]] = {}
    for row in connection.execute(query).mappings():
        key = (int(row["act_id"]), int(row["entry_line"] or row["line_no"]))
        content = (str(row["category"]), int(row["element_mg"]), row["fissile_mg"])
        groups.setdefault(key, []).append(content)
    found = [(act_id, tuple(sorted(content))) for (act_id, _), content in groups.items()]
    wanted = _content(entry)
    return sorted(found, key=lambda one: (one[1] != wanted, one[0]))


def _repetition(report: Report, number: int, where: str, same: bool) -> Finding:
    entry = report.entries[number - 1]
    day = report.period_to if report.type == _LISTING else entry.date
    named = " ".join(filter(None, (entry.code, entry.batch, str(day))))
    weights = "the same weights" if same else "other weights"
    return Finding(
        "DUPLICATE" if same else "BATCH-REUSE",
        Severity.INCONSISTENCY,
        f"row {number} ({named}) is about the same batch, day and code as {where}, with {weights}",
        "Leave the row out if it is the same event; to change what is recorded, correct it with "
        "'keiryo correct'. If it happened twice, tell the two apart by their batch names, or "
        "record them with a reason.",
        file=entry.file or None,
        line=entry.line or None,
        mba=report.mba,
        entry=number,
        label="446",
        found=entry.batch,
        basis="Code 10, label 446",
    )
