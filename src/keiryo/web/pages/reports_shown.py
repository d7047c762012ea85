"""Reports as tables of a page: every entry with the meaning of its codes, its findings beside it.

The same table shows a report that was received, one that is about to be issued, and one that
somebody sends to be checked. Findings about an entry stand beside it; those about the report as a
whole, or about what lies between reports, stand above the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from litestar import Response
from litestar.response import Stream

from keiryo.errors import Finding, Severity, worst
from keiryo.issuing.output import Row, Words, measurement_text, rows, status_text
from keiryo.reports.model import Report
from keiryo.vocabulary import entry_statuses, measurement_bases, report_types
from keiryo.web.listing import ListColumn, RowList, ShownList, shown_list
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


def meanings(reports: Iterable[Report]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the meanings of the codes that reports use, by kind of code."""
    words = words_now()
    entries = [entry for report in reports for entry in report.entries]
    categories = {str(group.category) for entry in entries for group in entry.groups()}

    def used(contents: Iterable[str | None]) -> list[str]:
        return sorted({content for content in contents if content})

    statuses = [s for s in used(e.status for e in entries) if s in entry_statuses()]
    bases = [b for b in used(e.basis for e in entries) if b in measurement_bases()]
    found = [
        ("legend_code", [(c, words.code(c)) for c in used(e.code for e in entries)]),
        ("legend_category", [(c, words.category(c)) for c in sorted(categories)]),
        ("legend_mdc", [(m, words.mdc(m)) for m in used(e.mdc for e in entries)]),
        ("legend_basis", [(b, words.basis(b)) for b in bases]),
        ("legend_status", [(s, words.status(s)) for s in statuses]),
    ]
    said = [(words[name], [pair for pair in pairs if pair[1]]) for name, pairs in found]
    return [(title, pairs) for title, pairs in said if pairs]


def entries_table(
    request: AnyRequest,
    reports: Sequence[Report],
    placed: PlacedFindings,
    name: str,
    *,
    prefix: str = "",
    links: Mapping[tuple[str, int, int], str] | None = None,
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
    """
    words = words_now()
    lines = [line for report in reports for line in _lines(report, placed)]
    columns = tuple(
        column
        for column in ENTRY_COLUMNS
        if column.name not in _EMPTY_COLUMNS
        or (len(reports) > 1 if column.name == "report" else _stands(lines, column.name))
    )
    listed = shown_list(request, RowList(lines, columns), name, prefix=prefix)
    if not isinstance(listed, ShownList):
        return listed
    for cells, line in zip(listed.rows, listed.found.rows, strict=True):
        _finish(cells, line, words, placed, links or {})
    return listed


def _stands(lines: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(line[name] not in (None, "", "N") for line in lines)


def _lines(report: Report, placed: PlacedFindings) -> Iterable[dict[str, Any]]:
    """Yield one line per entry and element category."""
    for row in rows(report.entries):
        entry = row.entry
        place = (report.mba or "", str(report.number), entry.number)
        findings = placed.by_entry.get(place, []) if row.first else []
        parties = [entry.shipper, entry.receiver]
        weights = _weights(row)
        yield {
            "report": f"{report.mba or ''}/{report.number}",
            "entry": entry.number,
            "status": status_text(entry),
            "date": entry.date,
            "code": entry.code,
            "batch": entry.batch,
            "kmp": entry.kmp,
            "mdc": entry.mdc,
            "items": entry.items,
            "basis": measurement_text(entry),
            "parties": " → ".join(p or "?" for p in parties) if any(parties) else None,
            "category": row.category or None,
            **weights,
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
