"""What a correction does: balances as reported, books as computed, what is on its way, questions.

Everything is computed twice, from what was filed and from what would be filed, by the same
functions that check a set of reports; only what differs is shown.

Source: INFCIRC/153 (Corrected), paragraphs 67, 98 and 102.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator

from keiryo.corrections.chain import reports_of
from keiryo.corrections.model import Effect
from keiryo.errors import Finding
from keiryo.quantities import Category
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.questions.check import check_set
from keiryo.reports.questions.running_book import Content, Stretch, book_effects, stretches
from keiryo.reports.questions.transit import match_transfers
from keiryo.vocabulary import ENTRY_CODES, Profile

Key = tuple[str, str, str, str, str]
"""Kind, area, period, line and category of an effect."""
Weights = tuple[int, int | None]


def effects_of(
    before: Filings, after: Filings, areas: Iterable[str], on: datetime.date
) -> list[Effect]:
    """Return which weights differ between two states of what was filed.

    Parameters
    ----------
    before, after : Filings
    areas : iterable of str
        The areas to look at.
    on : date
        The day to which the present book and transit are shown.

    Returns
    -------
    list of Effect
        Balance lines, then books, then what is on its way; weights in milligrams.
    """
    old, new = (dict(_weights(f, list(areas), on)) for f in (before, after))
    return [
        Effect(*key, *_sides(old.get(key), new.get(key)))
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    ]


def _sides(old: Weights | None, new: Weights | None) -> tuple[int | None, ...]:
    was, now = old or (None, None), new or (None, None)
    return (was[0], now[0], was[1], now[1])


def _weights(
    filings: Filings, areas: list[str], on: datetime.date
) -> Iterator[tuple[Key, Weights]]:
    for mba in areas:
        yield from _balances(filings.areas[mba])
    for mba in areas:
        yield from _books(filings.areas[mba], on)
    for shipment in match_transfers(filings, on).open:
        for group in shipment.filed.groups:
            where = f"{shipment.sender} to {shipment.receiver}"
            key = ("transit", where, str(on), shipment.batch, str(group.category))
            yield key, (group.element_mg, group.fissile_mg)


def _balances(area: AreaFile) -> Iterator[tuple[Key, Weights]]:
    rank = {code: number for number, code in enumerate(ENTRY_CODES())}
    for end, balance in sorted(area.balances.items()):
        sums: dict[tuple[str, Category], tuple[int, int | None]] = {}
        for line in balance.lines:
            for group in line.groups:
                key = (line.entry.code or "", group.category)
                element_mg, fissile_mg = sums.get(key, (0, 0))
                both = None not in (fissile_mg, group.fissile_mg) and group.category in "EU"
                total = (fissile_mg or 0) + (group.fissile_mg or 0) if both else None
                sums[key] = (element_mg + group.element_mg, total)
        for code, category in sorted(sums, key=lambda k: (rank.get(k[0], 999), k)):
            period = f"{balance.start}..{end}"
            yield (
                ("balance", area.code, period, code, str(category)),
                sums[(code, category)],
            )


def _books(area: AreaFile, on: datetime.date) -> Iterator[tuple[Key, Weights]]:
    for stretch in stretches(area):
        day = stretch.end or on
        for category, content in sorted(book_of(stretch).items()):
            fissile_mg = content.fissile_mg if category in "EU" else None
            key = ("book", area.code, str(day), "BOOK", str(category))
            yield key, (content.element_mg, fissile_mg)


def book_of(stretch: Stretch) -> dict[Category, Content]:
    """Return the book at the end of a stretch, computed from its beginning and its entries."""
    book = {c: Content(held.element_mg, held.fissile_mg) for c, held in stretch.book.items()}
    for _, entries in stretch.days:
        for filed in entries:
            for category, element_mg, fissile_mg in book_effects(filed):
                if fissile_mg is None and category not in "EU":
                    fissile_mg = 0
                book.setdefault(category, Content()).add(element_mg, fissile_mg)
    return book


def questions_changed(
    before: Filings, after: Filings, on: datetime.date, rules: Profile
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that appear and those that vanish.

    A finding about an entry is the same finding if it is about a correction of that entry, even
    if it names other figures.
    """
    old, new = (
        check_set(list(reports_of(f)), f.context, on=on, rules=rules) for f in (before, after)
    )
    begins = _beginnings(after)
    had, has = (Counter(_identity(f, begins) for f in found) for found in (old, new))
    return list(_more(new, has - had, begins)), list(_more(old, had - has, begins))


Beginnings = dict[tuple[str | None, str | None, int | None], tuple[str, int]]
Identity = tuple[object, ...]


def _beginnings(filings: Filings) -> Beginnings:
    """Return with which report and entry the chain of every entry began."""
    found: Beginnings = {}
    for area in filings.areas.values():
        for filed in area.filed:
            origin: FiledEntry = filed.origin
            found[(area.code, str(filed.report.number), filed.entry.number)] = (
                str(origin.report.number),
                origin.entry.number,
            )
    return found


def _identity(finding: Finding, begins: Beginnings) -> Identity:
    place = (finding.mba, finding.report, finding.entry)
    where = begins.get(place, (finding.report, finding.entry))
    return (finding.code, finding.severity, finding.mba, *where, finding.label, finding.category)


def _more(
    findings: Iterable[Finding], surplus: Counter[Identity], begins: Beginnings
) -> Iterator[Finding]:
    left = Counter(surplus)
    for finding in findings:
        key = _identity(finding, begins)
        if left[key] > 0:
            left[key] -= 1
            yield finding
