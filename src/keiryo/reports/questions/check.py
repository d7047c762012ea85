"""Checking a set of reports: every rule on every report, and every question between them.

The one entrance for all who check: `check_set` for reports from files, before anything is
recorded, and `questions_between` for what the books hold.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from keiryo.errors import Finding
from keiryo.limits import FIRST_DAY
from keiryo.quantities import Category
from keiryo.reports.balance_rules import OPTIONAL
from keiryo.reports.context import Context
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.filing import file_reports, in_order_of_date
from keiryo.reports.model import WEIGHT_LABELS, Report
from keiryo.reports.questions import book, content, corrections, reporting, state, transit
from keiryo.reports.questions.balances import balance_questions
from keiryo.reports.rule_table import finding
from keiryo.reports.rules import as_meant, check_report
from keiryo.reports.rules_notices import ForeignTransfer, notice_questions
from keiryo.reports.weight_rules import grams, name_of
from keiryo.vocabulary import Profile, profile

OVER_THE_SET = ("REBATCH", "BE-ARITH", "BA-ARITH", "MF-ARITH")
"""Rules on one report that hold over its effective entries when a whole set is there."""

OF_EFFECTIVE = ("ISO-GT-ELEM", "DATE-OUT-OF-PERIOD", "DATE-FUTURE", "CAT-LABELS")
"""Rules on one entry that ask nothing once the entry was corrected or deleted."""


def check_set(
    reports: Sequence[Report],
    context: Context | None = None,
    *,
    on: datetime.date | None = None,
    rules: Profile | None = None,
) -> list[Finding]:
    """Check reports as one set; nothing is recorded.

    Parameters
    ----------
    reports : sequence of Report
    context : Context, optional
        What came before. Without it the books cannot be followed from their beginning, and
        only what the set itself shows is asked.
    on : date, optional
        The day on which the set is looked at: ages are counted to it. By default the day of
        the context, or of the last report.
    rules : Profile, optional
        Deadlines and limits; by default those of the IAEA model.

    Returns
    -------
    list of Finding
        All findings at once, in the order of areas, reports and entries.
    """
    day = on or looked_at(reports, context)
    meant = [as_meant(report) for report in in_order_of_date(reports)]
    filings = file_reports(meant, context)
    corrected = {
        _place(f.replaces.report, f.replaces.entry.number)
        for area in filings.areas.values()
        for f in area.filed
        if f.replaces is not None
    }
    found = []
    seen: set[tuple[object, ...]] = set()
    for report in reports:
        what = (report.key, report.type, report.period_from, report.period_to)
        if what in seen:
            continue  # the same report once more; that it came twice is said while reading
        seen.add(what)
        for one in check_report(report, limited=False):
            place = (one.mba, one.report, one.entry)
            if one.code in OVER_THE_SET and report.mba is not None:
                continue
            if one.code in OF_EFFECTIVE and one.severity != "F" and place in corrected:
                continue
            found.append(one)
    found += questions_between(filings, day, rules or profile("code10", max(day, FIRST_DAY)))
    return in_order(found)


def looked_at(reports: Iterable[Report], context: Context | None) -> datetime.date:
    """Return the day on which a set is looked at if nobody says: of the context, or the last."""
    if context is not None and context.as_of is not None:
        return context.as_of
    days = [report.date for report in reports if report.date is not None]
    return max(days, default=datetime.date(2000, 1, 1))


def _place(report: Report, entry: int) -> tuple[str | None, str, int]:
    return (report.mba, str(report.number), entry)


def questions_between(filings: Filings, on: datetime.date, rules: Profile) -> list[Finding]:
    """Return every question that only a set of reports, or the books, can raise."""
    found: list[Finding] = []
    force = filings.context.entry_into_force if filings.context else None
    for area in filings.areas.values():
        found += reporting.register_questions(area, filings)
        found += reporting.number_questions(area)
        found += reporting.note_questions(area, ())
        found += reporting.deadline_questions(area, rules, force)
        found += reporting.initial_questions(area, force, rules)
        found += reporting.period_questions(area, rules)
        found += reporting.missing_questions(area, force)
        found += corrections.correction_questions(area, rules)
        found += content.content_questions(area)
        found += content.name_questions(area)
        found += content.listing_questions(area)
        found += reporting.repeated_questions(area)
        found += content.basis_questions(area)
        found += content.pairing_questions(area)
        found += _rebatching(area)
        found += book.book_questions(area)
        found += book.taking_questions(area)
        found += balance_questions(area)
        found += transit.difference_questions(area)
        found += state.retained_waste_questions(area)
        found += state.loss_questions(area, filings)
    limit = filings.context.transit_limit_days if filings.context else None
    found += transit.transit_questions(filings, on, rules, limit)
    found += state.exemption_questions(filings)
    if filings.context is not None:
        found += notice_questions(foreign_transfers(filings), filings.context.notices, on)
    return once(_without_echo(found))


def _without_echo(found: list[Finding]) -> list[Finding]:
    """Drop questions about the basis of a batch whose name or weights are questioned anyway."""
    asked = {(f.mba, f.report, f.entry) for f in found if f.code == "PIL-BATCH"}
    return [f for f in found if f.code != "MBASIS" or (f.mba, f.report, f.entry) not in asked]


def once(found: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that say the same about the same place."""
    seen: dict[tuple[object, ...], Finding] = {}
    for one in found:
        key = (one.code, one.mba, one.report, one.entry, one.label, one.category, one.message)
        seen.setdefault(key, one)
    return list(seen.values())


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order of areas, reports and entries; those of files first."""

    def key(one: Finding) -> tuple[object, ...]:
        number = int(one.report) if one.report and one.report.isdecimal() else 0
        return (one.mba or "", number, one.entry or 0, one.file or "", one.line or 0)

    return sorted(found, key=key)


def foreign_transfers(filings: Filings) -> Iterator[ForeignTransfer]:
    """Yield what left the State or came into it, one per batch and category."""
    for code, direction in (("SF", "export"), ("RF", "import")):
        for filed in filings.changes(code):
            party = filed.entry.receiver if code == "SF" else filed.entry.shipper
            for group in filed.groups:
                yield ForeignTransfer(
                    direction,
                    filed.report.mba or "",
                    (party or "").partition("/")[0],
                    filed.day,
                    group.category,
                    group.element_mg,
                    group.fissile_mg,
                    filed.entry.batch,
                    str(filed.report.number),
                    filed.entry.number,
                )


def _rebatching(area: AreaFile) -> Iterator[Finding]:
    """Yield reports whose rebatching takes out another amount than it puts in, corrections in."""
    by_report: dict[int, list[FiledEntry]] = defaultdict(list)
    for filed in area.changes:
        if filed.entry.code in ("RM", "RP"):
            by_report[filed.origin.report.number].append(filed)
    unclear = {f.origin.report.number for f in area.changes if f.code is None}
    for number, same in by_report.items():
        if number in unclear:
            continue
        unreadable = {label for filed in same for label in filed.unreadable_labels()}
        sums: dict[str, Counter[str]] = {"RM": Counter(), "RP": Counter()}
        for filed in same:
            for weight in filed.entry.weights:
                sums[filed.entry.code or ""][weight.label] += weight.mg
        out, into = sums["RM"], sums["RP"]
        for label in WEIGHT_LABELS:
            if label in unreadable or (label in OPTIONAL and not (label in out and label in into)):
                continue
            if out[label] != into[label]:
                report = same[0].origin.report
                category = Category.from_label(label)
                yield finding(
                    "REBATCH",
                    f"{name_of(label)}: rebatching takes out {grams(out[label], label)} (RM) and "
                    f"puts in {grams(into[label], label)} (RP)",
                    file=report.file or None,
                    line=report.line or None,
                    mba=report.mba,
                    report=str(report.number),
                    label=label,
                    category=None if category is None else str(category),
                    found=grams(into[label], label),
                    expected=grams(out[label], label),
                )
