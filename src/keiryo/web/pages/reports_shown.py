"""Reports as tables of a page: every entry with the meaning of its codes, its findings beside it.

The same table shows a report that was received, one that is about to be issued, and one that
somebody sends to be checked. Findings about an entry stand beside it; those about the report as a
whole, or about what lies between reports, stand above the table.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import Any

from litestar import Response
from litestar.response import Stream

from keiryo.errors import Finding, Severity, worst
from keiryo.issuing.output import Row, Words, measurement_text, rows, status_text
from keiryo.quantities import Category
from keiryo.reports.model import Entry, Report
from keiryo.vocabulary import entry_statuses, measurement_bases, report_types
from keiryo.web.listing import Asked, ListColumn, ListPage, RowList, ShownList, shown_list
from keiryo.web.speaking import language, number_text
from keiryo.web.translation import LANGUAGES, sentence
from keiryo.web.viewer import AnyRequest

Place = tuple[str, str, int]
"""Area, report number and entry of a finding."""

ENTRY_COLUMNS = (
    ListColumn("report", sentence("Report"), "code"),
    ListColumn("entry", sentence("Entry"), "number"),
    ListColumn("status", sentence("Status"), "code", filterable=False),
    ListColumn("date", sentence("Date of change"), "date", filterable=False),
    ListColumn("code", sentence("Change"), "code"),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element_mg", sentence("Element weight"), "number", filterable=False),
    ListColumn("fissile_mg", sentence("Fissile weight"), "number", filterable=False),
    ListColumn("kmp", sentence("KMP"), "code"),
    ListColumn("mdc", sentence("Material"), "code"),
    ListColumn("items", sentence("Items"), "number", filterable=False),
    ListColumn("basis", sentence("Basis"), "code", filterable=False),
    ListColumn("parties", sentence("From → to"), "code", filterable=False),
    ListColumn("findings", sentence("Findings")),
)
_EMPTY_COLUMNS = frozenset(
    {"report", "status", "date", "code", "kmp", "mdc", "items", "basis", "parties", "fissile_mg"}
)
"""Columns that are left out of a table in which nothing stands in them."""


@dataclass(frozen=True, slots=True)
class PlacedFindings:
    """Findings by what they are about.

    Attributes
    ----------
    by_entry : dict
        By area, report number and entry.
    others : list of Finding
        About a report as a whole, a file, or what lies between reports.
    """

    by_entry: Mapping[Place, list[Finding]] = field(default_factory=dict)
    others: list[Finding] = field(default_factory=list)


def place_findings(reports: Iterable[Report], findings: Iterable[Finding]) -> PlacedFindings:
    """Return findings by the entry that they are about, as far as there is such an entry."""
    known = {(r.mba or "", str(r.number), e.number) for r in reports for e in r.entries}
    by_entry: dict[Place, list[Finding]] = {}
    others = []
    for one in findings:
        place = (one.mba or "", one.report or "", one.entry or 0)
        if one.entry and place in known:
            by_entry.setdefault(place, []).append(one)
        else:
            others.append(one)
    return PlacedFindings(by_entry, others)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity, the most serious first."""
    found = dict.fromkeys((str(severity) for severity in Severity), 0)
    for one in findings:
        found[str(one.severity)] += 1
    return {letter: count for letter, count in found.items() if count}


def kind_of_report(letter: str | None) -> str:
    """Return how a type of report is called: ICR, PIL, MBR, or TR for a textual report."""
    return report_types().get(letter or "", "TR")


def words_now() -> Words:
    """Return the words of reports in the language of this request."""
    spoken = language()
    return Words(spoken if spoken in LANGUAGES else "en")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a table of entries needs to know of all entries, whichever page it shows.

    Attributes
    ----------
    entries : tuple of (Report, Entry)
    first_rows : sequence of int
        The row of the table with which each entry begins; at the end, how many rows there are.
    standing : frozenset of str
        Columns in which something stands.
    codes, categories, mdcs, bases, statuses : frozenset of str
        What stands there.
    """

    entries: tuple[tuple[Report, Entry], ...]
    first_rows: Sequence[int]
    standing: frozenset[str]
    codes: frozenset[str]
    categories: frozenset[str]
    mdcs: frozenset[str]
    bases: frozenset[str]
    statuses: frozenset[str]


def outline(reports: Sequence[Report]) -> Outline:
    """Return the outline of the entries of reports."""
    entries = tuple((report, entry) for report in reports for entry in report.entries)
    first_rows, rows_before = array("L"), 0
    categories: set[Category] = set()
    standing = {"report"} if len(reports) > 1 else set()
    for _report, entry in entries:
        groups = entry.groups()
        first_rows.append(rows_before)
        rows_before += max(1, len(groups))
        categories.update(group.category for group in groups)
        if any(group.fissile_mg is not None for group in groups):
            standing.add("fissile_mg")
    first_rows.append(rows_before)
    for name, content in _CONTENTS.items():
        if any(content(entry) not in (None, "", "N") for _report, entry in entries):
            standing.add(name)

    def used(name: str) -> frozenset[str]:
        return frozenset({getattr(entry, name) for _report, entry in entries} - {None, ""})

    return Outline(
        entries,
        first_rows,
        frozenset(standing),
        codes=used("code"),
        categories=frozenset(str(category) for category in categories),
        mdcs=used("mdc"),
        bases=used("basis"),
        statuses=used("status"),
    )


def meanings(
    reports: Sequence[Report], known: Outline | None = None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the meanings of the codes that reports use, by kind of code."""
    words, known = words_now(), known or outline(reports)
    statuses = [s for s in sorted(known.statuses) if s in entry_statuses()]
    bases = [b for b in sorted(known.bases) if b in measurement_bases()]
    found = [
        ("legend_code", [(c, words.code(c)) for c in sorted(known.codes)]),
        ("legend_category", [(c, words.category(c)) for c in sorted(known.categories)]),
        ("legend_mdc", [(m, words.mdc(m)) for m in sorted(known.mdcs)]),
        ("legend_basis", [(b, words.basis(b)) for b in bases]),
        ("legend_status", [(s, words.status(s)) for s in statuses]),
    ]
    said = [(words[name], [pair for pair in pairs if pair[1]]) for name, pairs in found]
    return [(title, pairs) for title, pairs in said if pairs]


@dataclass(frozen=True, slots=True)
class EntryList:
    """The entries of reports as a list of which only the lines that are asked for are laid out."""

    known: Outline
    placed: PlacedFindings
    columns: tuple[ListColumn, ...]

    def page(self, asked: Asked) -> ListPage:
        """Return one page and the count of all rows that the filter lets through."""
        if asked.filters or asked.sort is not None:
            return RowList(list(self._lines()), self.columns).page(asked)
        total = self.known.first_rows[-1]
        number = min(asked.page, max(1, -(-total // asked.size)))
        asked = replace(asked, page=number)
        start = (number - 1) * asked.size
        return ListPage(self.columns, tuple(self._lines(start, start + asked.size)), total, asked)

    def rows(self, asked: Asked) -> Iterable[Mapping[str, Any]]:
        """Return all rows that the filter lets through, in order."""
        if asked.filters or asked.sort is not None:
            return RowList(list(self._lines()), self.columns).rows(asked)
        return self._lines()

    def _lines(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows from `start` to before `stop`."""
        starts = self.known.first_rows
        stop = starts[-1] if stop is None else min(stop, starts[-1])
        if start >= stop:
            return
        first = bisect_right(starts, start) - 1
        after = bisect_left(starts, stop)
        laid = (
            line for one in self.known.entries[first:after] for line in _lines(*one, self.placed)
        )
        yield from islice(laid, start - starts[first], stop - starts[first])


def entries_table(
    request: AnyRequest,
    reports: Sequence[Report],
    placed: PlacedFindings,
    name: str,
    *,
    prefix: str = "",
    links: Mapping[tuple[str, int, int], str] | None = None,
    known: Outline | None = None,
) -> ShownList | Response[Any] | Stream:
    """Return the entries of reports as a table, or the export that the address asks for.

    Parameters
    ----------
    reports : sequence of Report
    placed : PlacedFindings
    name : str
        Of an export, without its ending.
    prefix : str
        Before each name in the address.
    links : mapping, optional
        By area, report and entry: where the number of the entry leads.
    known : Outline, optional
        Of the reports, if it is known already.
    """
    words = words_now()
    known = known or outline(reports)
    columns = tuple(
        column
        for column in ENTRY_COLUMNS
        if column.name not in _EMPTY_COLUMNS or column.name in known.standing
    )
    listed = shown_list(request, EntryList(known, placed, columns), name, prefix=prefix)
    if not isinstance(listed, ShownList):
        return listed
    for cells, line in zip(listed.rows, listed.found.rows, strict=True):
        _finish(cells, line, words, placed, links or {})
    return listed


def _parties(entry: Entry) -> str | None:
    parties = [entry.shipper, entry.receiver]
    return " → ".join(p or "?" for p in parties) if any(parties) else None


_CONTENTS: Mapping[str, Callable[[Entry], Any]] = {
    "status": status_text,
    "date": lambda entry: entry.date,
    "code": lambda entry: entry.code,
    "kmp": lambda entry: entry.kmp,
    "mdc": lambda entry: entry.mdc,
    "items": lambda entry: entry.items,
    "basis": measurement_text,
    "parties": _parties,
}
"""What stands in the columns that may be left out, by column."""


def _lines(report: Report, entry: Entry, placed: PlacedFindings) -> Iterable[dict[str, Any]]:
    """Yield one line per element category of an entry."""
    for row in rows([entry]):
        place = (report.mba or "", str(report.number), entry.number)
        findings = placed.by_entry.get(place, []) if row.first else []
        contents = {name: content(entry) for name, content in _CONTENTS.items()}
        yield {
            "report": f"{report.mba or ''}/{report.number}",
            "entry": entry.number,
            "batch": entry.batch,
            **contents,
            "category": row.category or None,
            **_weights(row),
            "findings": "; ".join(f"{f.severity} {f.code}: {f.message}" for f in findings) or None,
            "_row": row,
            "_place": place,
            "_findings": findings,
        }


def _weights(row: Row) -> dict[str, int | None]:
    group = next((g for g in row.entry.groups() if str(g.category) == row.category), None)
    if group is None:
        return {"element_mg": None, "fissile_mg": None}
    return {"element_mg": group.element_mg, "fissile_mg": group.fissile_mg}


def _finish(
    cells: dict[str, Any],
    line: Mapping[str, Any],
    words: Words,
    placed: PlacedFindings,
    links: Mapping[tuple[str, int, int], str],
) -> None:
    """Put meanings, weights in the units of the report, findings and links into a line."""
    row: Row = line["_row"]
    entry, findings = row.entry, line["_findings"]
    area, number, _ = line["_place"]
    cells["_findings"] = findings
    cells["_meaning"] = {
        "code": words.code(entry.code) if entry.code else "",
        "mdc": words.mdc(entry.mdc) if entry.mdc else "",
        "status": _meaning(words.status, entry.status, entry_statuses()),
        "basis": _meaning(words.basis, entry.basis, measurement_bases()),
        "category": words.category(row.category) if row.category else "",
    }
    if row.element:
        cells["element_mg"] = f"{number_text(Decimal(row.element))} {row.unit}"
    if row.fissile:
        isotope = "" if row.isotope in ("", "U-235") else f" {row.isotope}"
        cells["fissile_mg"] = f"{number_text(Decimal(row.fissile))} g{isotope}"
    cells["_isotopes"] = [
        (nuclide, f"{number_text(Decimal(weight))} g") for nuclide, weight in row.isotopes
    ]
    href = links.get((area, int(number), entry.number))
    if href:
        cells["entry"] = (str(entry.number), href)
    severest = worst(findings)
    if severest in (Severity.FORMAT, Severity.INCONSISTENCY):
        cells["_kind"] = "error"
    elif severest is Severity.WARNING:
        cells["_kind"] = "warning"


def _meaning(say: Any, letter: str | None, known: Mapping[str, Any]) -> str:
    return str(say(letter)) if letter in known else ""
