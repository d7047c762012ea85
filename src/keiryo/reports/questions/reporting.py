"""Which reports are there, under which numbers, for which periods, and in time.

Sources: Code 10, labels 001, 003 and 015; INFCIRC/153 (Corrected), paragraphs 62, 63 and 67. Days
and months come from the profile.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from keiryo.dates import days_later, end_of_month
from keiryo.errors import Finding
from keiryo.reports.entry_rules import AREA_CODE
from keiryo.reports.filed import AreaFile, FiledBalance, FiledEntry, Filings
from keiryo.reports.filing import states_anew
from keiryo.reports.model import REPORT_TYPES, Report
from keiryo.reports.questions.table import question
from keiryo.reports.rule_table import finding
from keiryo.vocabulary import Profile

ESTABLISHED_LATER = ("DI", "LN", "NP")
"""Changes that count from the day on which they were established, not on which they occurred."""

_NEAR_DAYS = 45
_LONG_AGO = datetime.date.min
_ON_OTHER_REPORT = re.compile(r"R/(?P<report>[0-9]+)|E/(?P<of>[0-9]+)/(?P<entry>[0-9]+)")


def register_questions(area: AreaFile, filings: Filings) -> Iterator[Finding]:
    """Yield reports of an area that the register does not know, or knows otherwise."""
    place = area.place
    for report in area.reports:
        if place is None:
            if filings.context is not None and AREA_CODE.fullmatch(area.code):
                yield question("MBA-UNKNOWN", f"{area.code} is not registered", about=report)
            continue
        if report.facility not in (None, place.facility):
            message = f"{area.code} lies in facility {place.facility}, not in {report.facility}"
            yield question(
                "FACILITY-UNKNOWN",
                message,
                about=report,
                label="207",
                found=report.facility,
                expected=place.facility,
            )
        if report.country != place.state:
            message = f"{area.code} belongs to {place.state}, the report is of {report.country}"
            yield question(
                "STATE-UNKNOWN",
                message,
                about=report,
                label="001",
                found=report.country,
                expected=place.state,
            )


def number_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield numbers that were left out, or used before the first report."""
    before = area.opening.last_report_no if area.opening else None
    last = before
    for report in area.reports:
        if report.number == 0:
            continue  # no number at all, which is said elsewhere
        if before is not None and report.number <= before:
            yield question(
                "SEQ-DUP",
                f"report {report.number}: the last number used before was {before}",
                about=report,
                label="001",
                found=str(report.number),
                expected=f"> {before}",
            )
            continue
        missing = range((report.number if last is None else last + 1), report.number)
        first = next((n for n in missing if n not in area.refused), None)
        if first is not None:
            until = next(n for n in reversed(missing) if n not in area.refused)
            said = f"report {first} is" if first == until else f"reports {first} to {until} are"
            yield question(
                "SEQ-GAP",
                f"{said} missing before report {report.number} of {area.code}",
                about=report,
                label="001",
                found=str(report.number),
                expected=str(first),
            )
        last = report.number


def deadline_questions(
    area: AreaFile, profile: Profile, begun: datetime.date | None = None
) -> Iterator[Finding]:
    """Yield what was reported late."""
    entries: dict[int, list[FiledEntry]] = defaultdict(list)
    for filed in area.filed:
        entries[id(filed.report)].append(filed)
    for report in area.reports:
        if report.date is None:
            continue
        if report.type == "I":
            late = _late_changes(report, entries[id(report)], profile.deadlines.icr_days)
            yield from late
        elif report.type in ("M", "P") and report.period_to is not None:
            if not states_anew(report):
                continue
            if is_initial(area, report, begun):
                continue
            taken = report.period_to
            if report.type == "M" and taken in area.balances:
                taken = meant_period(area, area.balances[taken])[1]
            due = days_later(taken, profile.deadlines.mbr_days)
            if report.date > due:
                name = REPORT_TYPES[report.type]
                yield question(
                    "LATE-MBR",
                    f"the {name} for {report.period_to} was due on {due} and is dated "
                    f"{report.date}",
                    about=report,
                    label="003",
                    found=str(report.date),
                    expected=f"<= {due}",
                )


def is_initial(area: AreaFile, report: Report, begun: datetime.date | None = None) -> bool:
    """Whether a listing begins the books of its area: it has no balance, and its own deadline.

    `begun` is the day of entry into force, where it is known: then the first listing of an area
    without an opening inventory is the initial report.
    """
    if report.type != "P":
        return False
    if area.opening is None:
        return bool(area.reports) and report is area.reports[0]
    first = min(area.listings, default=None)
    same = first is not None and area.listings[first].report is report
    return begun is not None and not area.opening.inventory and same


def _late_changes(report: Report, entries: list[FiledEntry], days: int) -> Iterator[Finding]:
    """Yield at most one finding a report: what lies longest back."""
    assert report.date is not None
    earliest: tuple[datetime.date, FiledEntry] | None = None
    for filed in entries:
        entry = filed.entry
        if entry.status != "N" or entry.date is None:
            continue
        month = end_of_month(entry.date)
        if entry.code in ESTABLISHED_LATER and report.period_to is not None:
            month = max(month, end_of_month(report.period_to))
        due = days_later(month, days)
        if report.date > due and (earliest is None or due < earliest[0]):
            earliest = (due, filed)
    if earliest is not None:
        due, filed = earliest
        yield question(
            "LATE-ICR",
            f"the change of {filed.entry.date} was to be reported by {due}; the report is dated "
            f"{report.date}",
            about=filed,
            label="003",
            found=str(report.date),
            expected=f"<= {due}",
        )


def initial_questions(
    area: AreaFile, entry_into_force: datetime.date | None, profile: Profile
) -> Iterator[Finding]:
    """Yield an initial report that is late or shows another day than it should."""
    if entry_into_force is None or not area.listings:
        return
    situation = end_of_month(entry_into_force)
    first = min(area.listings)
    report = area.listings[first].report
    begun = area.opening
    if begun is not None and (begun.inventory or begun.last_report_no):
        return
    if first != situation:
        yield question(
            "LATE-INITIAL",
            f"the initial report shows {first}, not {situation}, the end of the month of entry "
            "into force",
            about=report,
            label="015",
            found=str(first),
            expected=str(situation),
        )
    due = days_later(situation, profile.deadlines.initial_days)
    if report.date is not None and report.date > due:
        yield question(
            "LATE-INITIAL",
            f"the initial report was due on {due} and is dated {report.date}",
            about=report,
            label="003",
            found=str(report.date),
            expected=f"<= {due}",
        )


def period_questions(area: AreaFile, profile: Profile) -> Iterator[Finding]:
    """Yield balances that do not follow on each other, and takings too far apart."""
    takings = area.takings()
    for balance in sorted(area.balances.values(), key=lambda b: b.end):
        near = near_listing(area, balance.end)  # its own listing, of a day too early or late
        until = near or balance.end
        earlier = [
            day
            for day in takings
            if day < until and day not in (near, balance.end) and _is_taking(area, day)
        ]
        start = balance.start
        if earlier and start is not None and start != days_later(earlier[-1], 1):
            yield question(
                "PERIOD-CONT",
                f"the balance begins on {start}, but the last physical inventory was taken on "
                f"{earlier[-1]}",
                about=balance.report,
                label="015",
                found=str(start),
                expected=str(days_later(earlier[-1], 1)),
            )
    yield from _interval_questions(area, takings, profile)
    for report in area.reports:
        yield from _overlaps(area, report, takings)


def _is_taking(area: AreaFile, day: datetime.date) -> bool:
    """Whether an inventory was taken on a day: a balance that ends near a listing ends with it."""
    return day == area.prior_pit or day in area.listings or near_listing(area, day) is None


def near_listing(area: AreaFile, day: datetime.date) -> datetime.date | None:
    """Return the day of the listing that a balance ending on `day` seems to mean, or None."""
    free = [d for d in area.listings if d not in area.balances]
    near = [d for d in free if abs((d - day).days) <= _NEAR_DAYS]
    left = [d for d in area.balances if d not in area.listings]
    if not near and len(free) == 1 and len(left) == 1 and free[0] > (area.prior_pit or _LONG_AGO):
        near = free  # the one listing and the one balance that are left over
    return min(near, key=lambda d: abs((d - day).days)) if near else None


def meant_period(
    area: AreaFile, balance: FiledBalance
) -> tuple[datetime.date | None, datetime.date]:
    """Return the period that a balance means: from the taking before it to its own listing.

    Where label 015 says otherwise, that is one question; the sums are not questioned as well.
    """
    end = balance.end
    near = near_listing(area, end) if end not in area.listings else None
    if near is not None:
        end = near
    earlier = [day for day in area.takings() if day < end and day != balance.end]
    return (days_later(earlier[-1], 1) if earlier else balance.start), end


def _interval_questions(
    area: AreaFile, takings: list[datetime.date], profile: Profile
) -> Iterator[Finding]:
    months = profile.deadlines.pit_months
    for before, after in itertools.pairwise(takings):
        report = area.listings[after].report if after in area.listings else None
        if report is None and after in area.balances:
            report = area.balances[after].report
        if months is not None and after > _months_later(before, months):
            yield question(
                "PIT-INTERVAL",
                f"between the inventory takings of {before} and {after} lie more than "
                f"{months} months",
                about=report,
                mba=area.code,
                label="015",
                found=str(after),
                expected=f"<= {_months_later(before, months)}",
            )
        elif profile.deadlines.pit_yearly and after.year > before.year + 1:
            yield question(
                "PIT-INTERVAL",
                f"no inventory was taken in {before.year + 1}: the takings are of {before} and "
                f"{after}",
                about=report,
                mba=area.code,
                label="015",
                found=str(after),
                expected=f"<= {before.year + 1}-12-31",
            )


def _months_later(day: datetime.date, months: int) -> datetime.date:
    """Return the same day some months later, or the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    if index // 12 > datetime.MAXYEAR:
        return datetime.date.max
    first = datetime.date(index // 12, index % 12 + 1, 1)
    return min(
        end_of_month(first),
        days_later(first, day.day - 1),
    )


def _overlaps(area: AreaFile, report: Report, takings: list[datetime.date]) -> Iterator[Finding]:
    start, end = report.period_from, report.period_to
    if report.type != "I" or start is None or end is None:
        return
    if not any(entry.status == "N" for entry in report.entries):
        return
    for day in takings:
        if start <= day < end:
            yield question(
                "PERIOD-OVERLAP",
                f"the period {start} to {end} crosses the physical inventory taking of {day}",
                about=report,
                label="015",
                found=f"{start}/{end}",
                expected=f"{start}/{day} and {days_later(day, 1)}/{end}",
            )


def repeated_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield listings and balances that were sent again under a new number."""
    for report, first in area.again:
        yield question(
            "DUPLICATE",
            f"report {report.number} states again, as new, what report {first.number} states for "
            f"{report.period_to}; it was left aside",
            about=report,
            label="001",
            found=str(report.number),
            advice="Send corrections as entries of status C, and each report once.",
        )


def missing_questions(area: AreaFile, begun: datetime.date | None = None) -> Iterator[Finding]:
    """Yield listings without balance, balances without listing, and categories left out."""
    for day, balance in sorted(area.balances.items()):
        listing = area.listings.get(day)
        if listing is None:
            near = near_listing(area, day)
            if near is not None:
                yield question(
                    "PERIOD-CONT",
                    f"the balance ends on {day}, but the listing is of {near}",
                    about=balance.report,
                    label="015",
                    found=str(day),
                    expected=str(near),
                )
            else:
                yield question(
                    "MBR-MISSING",
                    f"the balance ends on {day}, but no listing of that day was reported",
                    about=balance.report,
                    label="015",
                )
            continue
        for category in sorted(absent_categories(area, day)):
            yield question(
                "MBR-MISSING",
                f"category {category} is listed on {day}, but the balance has no line for it",
                about=balance.report,
                category=category,
            )
    meant = {near_listing(area, day) for day in area.balances if day not in area.listings}
    for day, listing in sorted(area.listings.items()):
        if day in area.balances or day in meant or is_initial(area, listing.report, begun):
            continue
        yield question(
            "MBR-MISSING",
            f"the inventory of {day} was listed, but no balance up to that day was reported",
            about=listing.report,
            label="015",
        )


def absent_categories(area: AreaFile, day: datetime.date) -> set[str]:
    """Return the categories that are listed on a day and missing in the balance up to it."""
    listing, balance = area.listings.get(day), area.balances.get(day)
    if listing is None or balance is None:
        return set()
    stated = {w.label for line in balance.lines for w in line.entry.weights}
    stated |= {label for line in balance.lines for label in line.unreadable_labels()}
    return {
        str(group.category)
        for filed in listing.entries
        for group in filed.groups
        if group.element_mg and group.category.label not in stated
    }


def note_questions(area: AreaFile, textual: Iterable[Report]) -> Iterator[Finding]:
    """Yield textual reports that speak of a report or entry of the area that there is not."""
    numbers = {report.number: report for report in area.reports}
    before = area.opening.last_report_no if area.opening else None
    for report in [*area.reports, *textual]:
        if report.type != "T":
            continue
        for note in report.notes:
            match = _ON_OTHER_REPORT.fullmatch(note.reference or "")
            if match is None:
                continue
            number, entry = int(match["report"] or match["of"]), match["entry"]
            if before is None or number <= before or report.mba is None:
                continue  # sent before the books begin, or nobody can say of which area
            known = numbers.get(number)
            if known is not None and (
                entry is None or any(e.number == int(entry) for e in known.entries)
            ):
                continue
            what = (
                f"report {number}" if entry is None or known is None else f"entry {number}/{entry}"
            )
            yield finding(
                "NOTE-MISSING",
                f"the note speaks of {what}, which {area.code} has not sent",
                file=note.file or None,
                line=note.line or None,
                mba=report.mba,
                report=str(report.number),
                label="099",
                found=note.reference,
            )
