"""What a report says, laid out for people: headings, rows, sums and meanings of codes.

The same layout stands behind the spreadsheet and the print, in English or Japanese. It adds
nothing to the report: weights are those of the report in its units, as exact decimals, one row per
entry and element category; sums are of rows that the reader sees.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.data import read_table
from keiryo.errors import NotFoundError, UsageError
from keiryo.issuing.copies import ReportCopy
from keiryo.material_description import mdc_table, split_mdc
from keiryo.quantities import Category, format_weight
from keiryo.reports.entries import basis_text, reference_text
from keiryo.reports.model import CategoryGroup, Entry
from keiryo.vocabulary import ENTRY_CODES, entry_code, entry_statuses, measurement_bases

LANGUAGES = ("en", "ja")
MDC_POSITIONS = ("physical_form", "chemical_form", "containment", "quality")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One element category of one entry; `first` if it begins the entry.

    Weights are exact decimal texts, the element's in `unit`, others in grams; a weight that the
    report does not state is empty. `isotopes` are those beyond the fissile weight.
    """

    entry: Entry
    first: bool
    category: str = ""
    element: str = ""
    unit: str = ""
    fissile: str = ""
    isotope: str = ""
    isotopes: Pairs | tuple[()] = ()


class Words:
    """The words of one language.

    Raises
    ------
    UsageError
        If there are none of that language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError(
                f"there are no words in the language {language!r}",
                f"Languages are {' and '.join(LANGUAGES)}.",
            )
        self.language = language
        self.table: Mapping[str, Any] = read_table("print_texts")[language]

    def __getitem__(self, name: str) -> str:
        return str(self.table[name])

    def line(self, name: str) -> str:
        """Return the words of a table head in one line."""
        return self[name].replace("\n", "" if self.language == "ja" else " ")

    def day(self, day: datetime.date | None) -> str:
        """Return a day as the language writes it."""
        if day is None:
            return ""
        if self.language == "ja":
            return f"{day.year}年{day.month}月{day.day}日"
        return day.isoformat()

    def category(self, letter: str) -> str:
        """Return the name of an element category."""
        return str(self.table["category_name"][letter])

    def code(self, code: str) -> str:
        """Return the meaning of a type of change or balance line."""
        try:
            known = entry_code(code)
        except NotFoundError:
            return ""
        if known.base is not None:
            return f"{self['rounding_words']} {known.base}"
        if self.language == "en":
            return known.meaning
        return str(self.table["entry_code"][code])

    def status(self, letter: str) -> str:
        """Return the meaning of a status."""
        if self.language == "en":
            return entry_statuses()[letter].meaning
        return str(self.table["entry_status"][letter])

    def basis(self, letter: str) -> str:
        """Return the meaning of a measurement basis."""
        if self.language == "en":
            return measurement_bases()[letter].meaning
        return str(self.table["measurement_basis"][letter])

    def mdc(self, code: str) -> str:
        """Return a material description code in words; empty if it is none."""
        description = split_mdc(code)
        if description is None:
            return ""
        words = []
        for position in MDC_POSITIONS:
            letter = getattr(description, position)
            known = mdc_table(position) if self.language == "en" else self.table[position]
            if letter is not None:
                words.append(str(known.get(letter, letter)))
        return ("、" if self.language == "ja" else "; ").join(words)

    def period(self, copy: ReportCopy) -> str:
        """Return the period of a report, or its one day."""
        report = copy.report
        if report.period_single or report.period_from == report.period_to:
            return self.day(report.period_to)
        first, last = self.day(report.period_from), self.day(report.period_to)
        return f"{first} {self['to']} {last}" if first or last else ""


def rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Yield one row per entry and element category."""
    for entry in entries:
        groups = entry.groups()
        if not groups:
            yield Row(entry, True)
        for number, group in enumerate(groups):
            yield Row(
                entry,
                number == 0,
                str(group.category),
                format_weight(group.element_mg, group.category.unit),
                group.category.unit,
                "" if group.fissile_mg is None else format_weight(group.fissile_mg, "g"),
                group.fissile_basis or "",
                [(nuclide, format_weight(mg, "g")) for nuclide, mg in group.isotopes],
            )


def status_text(entry: Entry) -> str:
    """Return label 309 as written, e.g. ``C/XA;104/1``."""
    refers = reference_text(entry.refers)
    return entry.status if refers is None else f"{entry.status}/{refers}"


def measurement_text(entry: Entry) -> str:
    """Return label 469 as written."""
    return basis_text(entry) or ""


def header_lines(copy: ReportCopy, words: Words) -> Pairs:
    """Return what stands at the head of a report: names and contents."""
    report, place = copy.report, copy.place
    area = report.mba or ""
    if place is not None and place.name:
        area += f"  {place.name}"
    lines = [
        (words["state"], report.country),
        (words["facility"], report.facility or ""),
        (words["mba"], area),
        (words["report_no"], str(report.number)),
        (words["report_date"], words.day(report.date)),
        (words["pit" if report.type == "P" else "period"], words.period(copy)),
        (words["encoder"], report.encoder or ""),
        (words["entries"], str(len(report.entries))),
    ]
    if copy.profile is not None:
        lines.append((words["profile"], copy.profile))
    return [(name, content) for name, content in lines if content]


def trace_lines(copy: ReportCopy, words: Words) -> Pairs:
    """Return by which act, and so by which checkpoint, a paper copy can be traced."""
    act = copy.act
    return [
        (words["issued_in" if copy.issued else "received_in"], copy.report.key),
        (words["act"], str(act.act_id)),
        (words["recorded"], act.recorded_at),
        (words["person"], act.person),
        (words["act_hash"], act.digest),
        (words["checkpoint"], f"{copy.checkpoint.journal_uid} / {copy.checkpoint.act_id}"),
    ]


def sums(copy: ReportCopy) -> list[tuple[str, CategoryGroup]]:
    """Return sums of the rows: by category, in a change report by code and category.

    Empty for balances, and where entries correct or delete others: such rows do not add up.
    """
    report = copy.report
    if report.type == "M" or any(entry.status not in ("N", "A") for entry in report.entries):
        return []
    added: dict[tuple[str, str], list[CategoryGroup]] = {}
    for entry in report.entries:
        for group in entry.groups():
            added.setdefault((entry.code or "", str(group.category)), []).append(group)
    order = {code: number for number, code in enumerate(ENTRY_CODES())}
    letters = [str(category) for category in Category]
    keys = sorted(added, key=lambda key: (order.get(key[0], 999), letters.index(key[1])))
    return [(code, _sum(added[code, letter])) for code, letter in keys]


def _sum(groups: list[CategoryGroup]) -> CategoryGroup:
    fissile = [group.fissile_mg for group in groups]
    bases = {group.fissile_basis for group in groups}
    known = [mg for mg in fissile if mg is not None]
    return CategoryGroup(
        groups[0].category,
        sum(group.element_mg for group in groups),
        sum(known) if len(known) == len(groups) and len(bases) == 1 else None,
        bases.pop() if len(bases) == 1 else None,
    )


def legend(copy: ReportCopy, words: Words) -> list[tuple[str, Pairs]]:
    """Return the meanings of the codes that the report uses, by kind of code."""
    entries = copy.report.entries
    order = {code: number for number, code in enumerate(ENTRY_CODES())}

    def used(contents: Iterable[str | None]) -> list[str]:
        return sorted({content for content in contents if content})

    codes = sorted(used(e.code for e in entries), key=lambda code: order.get(code, 999))
    present = {str(group.category) for e in entries for group in e.groups()}
    bases = [b for b in used(e.basis for e in entries) if b in measurement_bases()]
    statuses = [s for s in used(e.status for e in entries) if s in entry_statuses()]
    points = [k for k in used(e.kmp for e in entries) if k in copy.points]
    sections = [
        ("legend_code", [(c, words.code(c)) for c in codes]),
        ("legend_category", [(str(c), words.category(c)) for c in Category if c in present]),
        ("legend_mdc", [(m, words.mdc(m)) for m in used(e.mdc for e in entries)]),
        ("legend_basis", [(b, words.basis(b)) for b in bases]),
        ("legend_status", [(s, words.status(s)) for s in statuses]),
        ("legend_kmp", [(k, _point(copy, words, k)) for k in points]),
    ]
    said = [(words[name], [p for p in pairs if p[1]]) for name, pairs in sections]
    return [(title, pairs) for title, pairs in said if pairs]


def _point(copy: ReportCopy, words: Words, kmp: str) -> str:
    purpose, name = copy.points[kmp]
    shown = words[purpose] if purpose in ("flow", "inventory") else purpose
    return f"{name} ({shown})" if name else shown
