"""The balance of the area with every number led back to its lines, beside what was reported.

The period is divided at the physical inventory takings within it, so that each part is a material
balance period of its own. Every figure has a page that lists its terms; where a balance was
reported for exactly the same period, its lines stand beside those computed from the books.

Source: INFCIRC/153 (Corrected), paragraphs 63, 67 and 98; Code 10, label 411.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from keiryo.accounts import books
from keiryo.accounts.balance import balance, computed_lines
from keiryo.accounts.equations import book_sign, is_change
from keiryo.accounts.model import Amount, Lines
from keiryo.accounts.tables import REPORTED_BALANCE, effective
from keiryo.audit.ledger import Ledger
from keiryo.audit.pages import (
    Cell,
    CsvFile,
    Html,
    Pages,
    columns,
    link,
    names,
    shown,
    table,
    table_row,
    write_page,
)
from keiryo.audit.sources import Work
from keiryo.dates import Period, date_number, previous_day
from keiryo.errors import Finding
from keiryo.quantities import Category, format_weight
from keiryo.vocabulary import ENTRY_CODES

BALANCE_CSV = names(
    "from to code category unit element_books fissile_books_g element_reported "
    "fissile_reported_g element_adjustment fissile_adjustment_g element_difference "
    "fissile_difference_g lines reported_act reported_line figure"
)
_HEADS = columns(
    "Code | Meaning | Category | Unit | #Element, books | #Fissile g, books | "
    "#Element, reported | #Fissile g, reported | #Rounding, element | #Rounding, fissile g | "
    "#Difference, element | #Difference, fissile g"
)
_TERMS = columns("!Date | Report/entry | Batch | #Element | #Fissile g | Act/line")
_EQUATIONS = {
    "BE": "BE is PB plus all increases, less all decreases, with the category changes; DI and "
    "rounding are not in it.",
    "BA": "BA is BE less DI.",
    "MF": "MF is BA less PE: positive means that less was found than the books hold.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """The balance of one part of the period.

    Attributes
    ----------
    number : int
    period : Period
    computed, reported : lines
    findings : tuple of Finding
        Where the reported balance disagrees with the books.
    """

    number: int
    period: Period
    computed: Lines
    reported: Lines
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> list[str]:
        """The codes of both, in the order of a balance; adjustments stand beside their code."""
        present = {c for c in (*self.computed, *self.reported) if not c.startswith("RA")}
        order = list(ENTRY_CODES())
        return sorted(present, key=lambda code: (order.index(code) if code in order else 99, code))

    def figure(self, code: str, category: Category) -> str:
        """Return the page of a figure."""
        return f"figures/{self.period.end}-{code}-{category}"


def balances(work: Work, ledger: Ledger) -> list[Part]:
    """Return the balance of each part of the period."""
    parts = []
    for number, period in enumerate(ledger.periods):
        asked = (work.connection, work.metadata, work.mba)
        computed = computed_lines(*asked, period, work.knowledge)
        reported = books.reported_balance(*asked, period, work.knowledge)
        found = balance(*asked, start=period.start, end=period.end, knowledge=work.knowledge)
        parts.append(Part(number, period, computed, reported, found.findings))
    return parts


def write_balances(work: Work, ledger: Ledger, parts: list[Part]) -> Html:
    """Write the balance, its CSV file and a page for each figure; return it for the first page."""
    body: list[str] = []
    with CsvFile(work.folder, "balance.csv", BALANCE_CSV) as out:
        for part in parts:
            stated = _reported_lines(work, part.period)
            rows = []
            for code, category in _figures(part):
                _write_figure(work, ledger, part, code, category)
                cells = _cells(part, code, category)
                rows.append(table_row(_HEADS, _linked(part, code, category, cells, stated)))
                out.row(_csv_cells(part, ledger, code, category, cells, stated))
            body += [*_about(part), table(_caption(part), _HEADS, rows)]
    title = f"Material balance of {work.mba}, {work.period.start} to {work.period.end}"
    write_page(work.folder, "balance.html", title, body)
    return Html("".join(body))


def _caption(part: Part) -> str:
    return f"Balance, {part.period.start} to {part.period.end}"


def _about(part: Part) -> Iterator[str]:
    if not part.reported:
        yield "<p>No balance was reported for exactly this period; the books stand alone.</p>\n"
    elif not part.findings:
        yield "<p>The reported balance agrees with the books in every line.</p>\n"
    else:
        yield "<p>The reported balance does not agree with the books:</p>\n<ul>\n"
        for finding in part.findings:
            yield f"<li><strong>{shown(finding.code)}</strong>: {shown(finding.message)}</li>\n"
        yield "</ul>\n"


def _figures(part: Part) -> Iterator[tuple[str, Category]]:
    for code in part.codes:
        for category in Category:
            either = (part.computed.get(code, {}), part.reported.get(code, {}))
            if any(category in lines for lines in either):
                yield code, category


def _cells(part: Part, code: str, category: Category) -> list[Cell]:
    """Return the weights of a figure: books, reported, rounding, difference."""
    mine = part.computed.get(code, {}).get(category)
    theirs = part.reported.get(code, {}).get(category)
    rounding = part.reported.get(f"RA{code}", {}).get(category)
    pairs = [_pair(category, mine), _pair(category, theirs), _pair(category, rounding)]
    if not part.reported:
        return [*pairs[0], *[None] * 6]
    difference: list[Cell] = []
    for unit, read in ((category.unit, _element), ("g", _fissile)):
        stated = [read(amount) for amount in (mine, theirs)]
        if unit == "g" and read is _fissile and None in stated:
            difference.append(None)
        else:
            adjusted = sum(
                sign * (read(part.reported.get(f"RA{term}", {}).get(category)) or 0)
                for term, sign in _rounded_terms(part, code, category)
            )
            left = (stated[0] or 0) - (stated[1] or 0) - adjusted
            difference.append(format_weight(left, unit))
    return [*pairs[0], *pairs[1], *pairs[2], *difference]


def _rounded_terms(part: Part, code: str, category: Category) -> Iterator[tuple[str, int]]:
    """Yield the codes whose rounding stands between a reported line and the books, with signs.

    A reported BE, BA or MF is computed from the lines of the balance, and each of them was rounded
    on its own: ``BE + RABE`` is the sum of the rounded lines, and their entries add up to the
    lines with their own adjustments (Code 10, label 411).
    """
    yield code, 1
    if code not in ("BE", "BA", "MF"):
        return
    for term in part.reported:
        if term == "PB":
            yield term, 1
        elif is_change(term):
            yield term, book_sign(term, category)
    if code in ("BA", "MF"):
        yield "DI", -1
    if code == "MF":
        yield from (("BA", 1), ("PE", -1))


def _element(amount: Amount | None) -> int | None:
    return None if amount is None else amount.element_mg


def _fissile(amount: Amount | None) -> int | None:
    return None if amount is None else amount.fissile_mg


def _pair(category: Category, amount: Amount | None) -> list[Cell]:
    if amount is None:
        return [None, None]
    fissile = amount.fissile_mg
    if category not in (Category.ENRICHED, Category.UNIFIED):
        fissile = None
    element = format_weight(amount.element_mg, category.unit)
    return [element, None if fissile is None else format_weight(fissile, "g")]


Stated = Mapping[tuple[str, str], tuple[int, int]]


def _linked(
    part: Part, code: str, category: Category, cells: list[Cell], stated: Stated
) -> list[Cell]:
    page = f"{part.figure(code, category)}.html"
    own = [None if cell is None else link(page, cell) for cell in cells[:2]]
    place = stated.get((code, str(category)))
    theirs: list[Cell] = [
        None if cell is None or place is None else link(f"{page}#reported", cell)
        for cell in cells[2:4]
    ]
    meaning = ENTRY_CODES()[code].meaning if code in ENTRY_CODES() else ""
    return [code, meaning, str(category), category.unit, *own, *theirs, *cells[4:]]


def _csv_cells(
    part: Part, ledger: Ledger, code: str, category: Category, cells: list[Cell], stated: Stated
) -> list[Cell]:
    act_id, line_no = stated.get((code, str(category)), (None, None))
    lines = ledger.terms.counts.get(f"{part.number}-{code}-{category}")
    return [
        str(part.period.start), str(part.period.end), code, str(category), category.unit, *cells,
        lines, act_id, line_no, f"{part.figure(code, category)}.html",
    ]  # fmt: skip


def _reported_lines(work: Work, period: Period) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where the effective lines of the reported balance are recorded."""
    lines = work.metadata.tables[REPORTED_BALANCE.name]
    query = (
        select(lines.c.code, lines.c.category, lines.c.act_id, lines.c.line_no)
        .where(
            lines.c.mba == work.mba,
            lines.c.period_from == date_number(period.start),
            lines.c.period_to == date_number(period.end),
            effective(lines, work.knowledge),
        )
        .order_by(lines.c.act_id, lines.c.line_no)
    )
    found = {}
    for code, category, act_id, line_no in work.connection.execute(query):
        work.sources.use(int(act_id), int(line_no))
        found[str(code), str(category)] = (int(act_id), int(line_no))
    return found


def _write_figure(work: Work, ledger: Ledger, part: Part, code: str, category: Category) -> None:
    """Write the page that lists what a figure is the sum of."""
    stem = part.figure(code, category)
    title = f"{code} of category {category}, {part.period.start} to {part.period.end}"
    before = "".join(_explained(work, part, code, category))
    name, sums = _source_of(work, ledger, part, code), [0, 0]
    with Pages(work.folder, stem, title, _TERMS, before) as pages:
        for term in ledger.terms.of(f"{name}-{category}") if name else ():
            day, report, entry, batch, element, fissile, act_id, line_no = term
            sums = [sums[0] + element, sums[1] + (fissile or 0)]
            pages.row(
                [day, None if report is None else f"{report}/{entry}", batch,
                 format_weight(element, category.unit),
                 None if fissile is None else format_weight(fissile, "g"),
                 work.sources.line_link(act_id, line_no, "../")]
            )  # fmt: skip
        if name:
            shown_sums = [format_weight(sums[0], category.unit), format_weight(sums[1], "g")]
            pages.row(["sum", None, None, *shown_sums, None], kind="total")


def _source_of(work: Work, ledger: Ledger, part: Part, code: str) -> str | None:
    """Return under which name the lines of a figure were noted aside; None for a computed one."""
    if code in _EQUATIONS:
        return None
    if code == "PE":
        return f"listing-{part.period.end}"
    if code == "PB":
        return f"listing-{_rests_on(work, part)}"
    return f"{part.number}-{code}"


def _rests_on(work: Work, part: Part) -> Any:
    pits = books.pit_dates(work.connection, work.metadata, work.mba, work.knowledge)
    return next((pit for pit in reversed(pits) if pit < part.period.start), None)


def _explained(work: Work, part: Part, code: str, category: Category) -> Iterator[str]:
    cells = _cells(part, code, category)
    mine = part.computed.get(code, {}).get(category)
    unit = category.unit
    if mine is not None:
        words = f"{cells[0]} {unit}" + (f", fissile {cells[1]} g" if cells[1] else "")
        yield f"<p>From the books: <strong>{shown(words)}</strong>.</p>\n"
    else:
        yield "<p>The books have no such figure; it was only reported.</p>\n"
    if cells[2] is not None:
        words = f"{cells[2]} {unit}" + (f", fissile {cells[3]} g" if cells[3] else "")
        place = _reported_lines(work, part.period).get((code, str(category)))
        where = "" if place is None else f", line {work.sources.line_link(*place, '../')}"
        yield f'<p id="reported">As reported: <strong>{shown(words)}</strong>{where}.</p>\n'
    if code in _EQUATIONS:
        terms = {"BE": [c for c in part.codes if c not in (*_EQUATIONS, "DI", "PE")],
                 "BA": ["BE", "DI"], "MF": ["BA", "PE"]}[code]  # fmt: skip
        links = [
            link(f"{part.figure(term, category).rpartition('/')[2]}.html", term)
            for term in terms
            if category in part.computed.get(term, {})
        ]
        yield f"<p>{shown(_EQUATIONS[code])} Terms: {', '.join(links)}.</p>\n"
    if code == "PB":
        yield from _beginning(work, part)


def _beginning(work: Work, part: Part) -> Iterator[str]:
    """Say what the beginning inventory rests on besides the listing that follows."""
    pit = _rests_on(work, part)
    if pit is None:
        yield "<p>No physical inventory was taken before: PB is what the entries before give.</p>\n"
    elif pit == previous_day(part.period.start):
        yield (
            f"<p>PB is the ending inventory that was reported for {pit}, or the sum of the listing "
            "of that day, which follows; where the two differ, what was reported counts.</p>\n"
        )
    else:
        yield (
            f"<p>PB is the physical inventory of {pit}, whose listing follows, with the changes "
            f"from then to {previous_day(part.period.start)}, which lie before this pack.</p>\n"
        )
