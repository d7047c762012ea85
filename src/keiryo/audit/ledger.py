"""The general ledger of the area over the period, line by line, with the running book.

One pass over the entries in the order of the books (by day; within a day increases before
category changes and decreases) writes the ledger, the list of all entries, the terms behind each
figure of the balance, the comparison of each physical inventory taking with its listing, and the
points of the picture. Nothing but the running sums is held in memory.

Source: INFCIRC/153 (Corrected), paragraphs 56 to 58 and 102; Code 10, label 411.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, func, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, opening_inventory
from keiryo.accounts.equations import book_sign
from keiryo.accounts.model import ZERO, Amount
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, entry_line, known
from keiryo.audit.inventory import Takings
from keiryo.audit.pages import Cell, CsvFile, Html, Pages, columns, link, names, shown, struck
from keiryo.audit.sources import Work, corrections_page
from keiryo.dates import Period, date_number, next_day, number_date, previous_day
from keiryo.quantities import Category, format_weight
from keiryo.vocabulary import ENTRY_CODES

FLUSH_ROWS = 500

LEDGER_CSV = names(
    "no date known_on report entry status corrects code batch kmp mdc basis items shipper "
    "receiver shipper_batch category unit element_change fissile_change_g element_book "
    "fissile_book_g act line recorded_at person evidence evidence_name place"
)
ENTRIES_CSV = names(
    "date known_on report entry status corrects standing superseded_by code batch kmp mdc "
    "basis items shipper receiver shipper_batch category unit element fissile_g "
    "fissile_basis act line"
)
_HEADS = columns(
    "#No | !Date | !Known on | Report/entry | Code | !Batch | KMP | MDC | #Items | From → to | "
    "Category | #Change, element | #Change, fissile g | #Book, element | #Book, fissile g | "
    "Act/line | Evidence | Standing"
)
_BEFORE = (
    "<p>Every effective entry in the order of the books, with the running book after it. Weights "
    "of natural and depleted uranium and thorium are in kg, of enriched uranium and plutonium in "
    "g. An entry that was corrected or deleted is <s>struck through</s>, changes nothing, and "
    "names what took its place. Rebatching (RM, RP) moves material between batches and leaves the "
    "book of the area as it is.</p>\n"
)


@dataclass(slots=True)
class Terms:
    """The lines behind the figures of a balance, noted aside while the ledger is written."""

    work: Work
    counts: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[str]] = field(default_factory=dict)

    def add(self, figure: str, term: list[Any]) -> None:
        """Note a line of a figure."""
        waiting = self._waiting.setdefault(figure, [])
        waiting.append(json.dumps(term))
        self.counts[figure] = self.counts.get(figure, 0) + 1
        if len(waiting) >= FLUSH_ROWS:
            self.flush(figure)

    def flush(self, figure: str) -> None:
        """Write down what waits."""
        waiting = self._waiting.pop(figure, [])
        with (self.work.folder.scratch / f"{figure}.jsonl").open("a", encoding="utf-8") as out:
            out.writelines(f"{term}\n" for term in waiting)

    def of(self, figure: str) -> Iterator[list[Any]]:
        """Yield the lines of a figure in the order of the books."""
        if figure in self.counts:
            self.flush(figure)
            with (self.work.folder.scratch / f"{figure}.jsonl").open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)


@dataclass(slots=True)
class Ledger:
    """What the ledger leaves behind for the other parts of the pack.

    Attributes
    ----------
    terms : Terms
    periods : list of Period
        The period of the pack, divided where a physical inventory was taken.
    points : dict of Category to dict of day to element weight
        The book at the end of each day on which it changed.
    lines, superseded : int
    """

    terms: Terms
    periods: list[Period]
    points: dict[Category, dict[datetime.date, int]] = field(default_factory=dict)
    lines: int = 0
    superseded: int = 0


def divided(work: Work) -> list[Period]:
    """Return the period of the pack, divided at the physical inventory takings within it."""
    pits = books.pit_dates(work.connection, work.metadata, work.mba, work.knowledge)
    start, periods = work.period.start, []
    for pit in pits:
        if start <= pit < work.period.end:
            periods.append(Period(start, pit))
            start = next_day(pit)
    return [*periods, Period(start, work.period.end)]


def entry_count(work: Work) -> int:
    """Return how many lines the ledger will go through."""
    table = work.metadata.tables[INVENTORY_CHANGE.name]
    query = select(func.count()).select_from(table).where(_within(work, table))
    return int(work.connection.execute(query).scalar() or 0)


def _within(work: Work, table: Any) -> Any:
    first, last = date_number(work.period.start), date_number(work.period.end)
    return and_(
        table.c.mba == work.mba,
        table.c.event_date.between(first, last),
        table.c.category.is_not(None),
        known(table, work.knowledge),
    )


def _entries(work: Work) -> Iterator[Any]:
    """Yield all lines of the period that were known, in the order of the books."""
    table = work.metadata.tables[INVENTORY_CHANGE.name]
    rank = case({code: entry.day_rank for code, entry in ENTRY_CODES().items()},
                value=table.c.code, else_=2)  # fmt: skip
    query = (
        select(
            table,
            entry_line(table).label("first_line"),
            effective(table, work.knowledge).label("counts"),
        )
        .where(_within(work, table))
        .order_by(table.c.event_date, rank, table.c.act_id, table.c.line_no)
    )
    result = work.connection.execute(query, execution_options={"yield_per": 1000})
    yield from result.mappings()


class _Writer:
    """Goes through the entries and writes what follows from each."""

    def __init__(self, work: Work, takings: Takings, terms: Terms, pages: Pages) -> None:
        self.work, self.takings, self.pages = work, takings, pages
        self.made = Ledger(terms, divided(work))
        self.number = 0
        self.part = 0
        self.book: dict[Category, Amount] = {}

    def begin(self, out: CsvFile) -> None:
        """Take the book over from the day before the period."""
        start = self.work.period.start
        self._take_over(out, start, "beginning inventory")

    def entry(self, row: Any, ledger: CsvFile, entries: CsvFile) -> None:
        """Write one line of the books."""
        day = number_date(row["event_date"])
        while day > self.made.periods[self.part].end:
            self.next_part(ledger)
        category = Category(row["category"])
        by = () if row["counts"] else superseding(self.work, row)
        standing = _standing(row, by)
        entries.row(_entry_cells(row, category, standing, by))
        if row["counts"]:
            self._effective(row, day, category, ledger)
        else:
            self._superseded(row, category, standing, by)

    def next_part(self, out: CsvFile) -> None:
        """A physical inventory was taken: compare, and take the book over from it."""
        ended = self.made.periods[self.part]
        self.takings.compare(ended.end)
        self.part += 1
        self._take_over(out, next_day(ended.end), "from the physical inventory")

    def _take_over(self, out: CsvFile, start: datetime.date, words: str) -> None:
        work, before = self.work, previous_day(start)
        opening = opening_inventory(work.connection, work.metadata, work.mba, start, work.knowledge)
        begins = not self.book
        for category in (c for c in Category if c in {*opening, *self.book}):
            amount = opening.get(category, ZERO)
            change = None if begins else amount + self.book.get(category, ZERO).times(-1)
            self.book[category] = amount
            self.made.points.setdefault(category, {})[before] = amount.element_mg
            self.number += 1
            weights = [None, None] if change is None else _weights(category, change)
            stated = [*weights, *_weights(category, amount)]
            place = self.pages.row(
                [str(self.number), str(before), None, None, "PB", None, None, None, None, None,
                 str(category), *stated, None, None, words],
                anchor=f"taken-over-{before}-{category}", kind="opening",
            )  # fmt: skip
            out.row(
                [self.number, str(before), *[None] * 5, "PB", *[None] * 8, str(category),
                 category.unit, *stated, *[None] * 6, f"{self.pages.name(place)}"]
            )  # fmt: skip

    def _effective(self, row: Any, day: datetime.date, category: Category, out: CsvFile) -> None:
        self.takings.follow(row)
        change = _change(row, category)
        self.book[category] = self.book.get(category, ZERO) + change
        self.made.points.setdefault(category, {})[day] = self.book[category].element_mg
        self.number, self.made.lines = self.number + 1, self.made.lines + 1
        weights = [
            *_weights(category, change, stated=True),
            *_weights(category, self.book[category]),
        ]
        standing: Cell = "effective"
        if row["status"] == "C":
            name = str(row["refers"] or "").rpartition(";")[2]
            found = row["supersedes_act"] is not None
            standing = Html(f"corrects {link(_correction(row), name) if found else shown(name)}")
        page = self._row(row, category, weights, standing)
        if row["code"] not in REBATCHING:
            self.made.terms.add(
                f"{self.part}-{row['code']}-{category}",
                [str(day), row["report_no"], row["entry_no"], row["batch"], row["element_mg"],
                 row["fissile_mg"], row["act_id"], row["line_no"]],
            )  # fmt: skip
        source = self.work.sources.act(row["act_id"])
        out.row(
            [self.number, str(day), str(number_date(row["known_on"])), row["report_no"],
             row["entry_no"], row["status"], row["refers"], row["code"], row["batch"], row["kmp"],
             row["mdc"], row["basis"], row["items"], row["shipper"], row["receiver"],
             row["shipper_batch"], str(category), category.unit, *weights, row["act_id"],
             row["line_no"], source.recorded_at, source.person, source.digests,
             source.file_names, f"{self.pages.name(page)}#{_anchor(row)}"]
        )  # fmt: skip

    def _superseded(self, row: Any, category: Category, standing: str, by: Any) -> None:
        self.made.superseded += 1
        weights = [*_weights(category, _change(row, category), stated=True), "", ""]
        words: Cell = standing
        if by:
            target = f"{corrections_page(by[0][0])}#correction-{by[0][0]}-{by[0][1]}"
            words = link(target, standing)
        self._row(row, category, weights, words, kind="superseded")

    def _row(
        self, row: Any, category: Category, weights: list[Cell], standing: Cell, kind: str = ""
    ) -> int:
        sources = self.work.sources
        source = sources.act(row["act_id"])
        evidence = Html(
            ", ".join(link(f"evidence.html#{e.digest}", e.short_name) for e in source.evidence)
        )
        through = f"{row['shipper'] or '?'} → {row['receiver'] or '?'}"
        cells: list[Cell] = [
            "" if kind else str(self.number), str(number_date(row["event_date"])),
            str(number_date(row["known_on"])), entry_name(row), row["code"], row["batch"],
            row["kmp"], row["mdc"], row["items"],
            through if row["shipper"] or row["receiver"] else None, str(category), *weights,
        ]  # fmt: skip
        if kind:
            cells = [cells[0], *(struck(cell) for cell in cells[1:])]
        place = Html(f"{sources.act_link(row['act_id'])}/{row['line_no']}")
        page = self.pages.row([*cells, place, evidence, standing], anchor=_anchor(row), kind=kind)
        sources.use(row["act_id"], row["line_no"], page=page)
        return page


def write_ledger(work: Work, takings: Takings, terms: Terms, progress: Any) -> Ledger:
    """Write the ledger, the list of all entries and the comparisons of inventories."""
    heading = f"General ledger of {work.mba}, {work.period.start} to {work.period.end}"
    total = entry_count(work)
    with (
        Pages(work.folder, "ledger", heading, _HEADS, _BEFORE) as pages,
        CsvFile(work.folder, "ledger.csv", LEDGER_CSV) as ledger,
        CsvFile(work.folder, "entries.csv", ENTRIES_CSV) as entries,
    ):
        writer = _Writer(work, takings, terms, pages)
        writer.begin(ledger)
        for done, row in enumerate(_entries(work), start=1):
            writer.entry(row, ledger, entries)
            if done % 1000 == 0:
                progress(done, total, "ledger")
        while writer.part < len(writer.made.periods) - 1:
            writer.next_part(ledger)
        takings.compare(work.period.end)
    return writer.made


def superseding(work: Work, row: Any) -> list[tuple[int, int, str]]:
    """Return what took the place of an entry: act, first line and name."""
    table = work.metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table)
        .where(
            table.c.supersedes_act == row["act_id"],
            table.c.supersedes_line == row["first_line"],
            entry_line(table) == table.c.line_no,
            known(table, work.knowledge),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    return [
        (int(r["act_id"]), int(r["line_no"]), entry_name(r))
        for r in work.connection.execute(query).mappings()
    ]


def entry_name(row: Any) -> str:
    """Return the name of an entry: report/entry, or act/line where it was not reported."""
    if row["report_no"] is not None:
        return f"{row['report_no']}/{row['entry_no']}"
    return f"act {row['act_id']} line {row['line_no']}"


def _standing(row: Any, by: Any) -> str:
    if row["counts"]:
        return "effective"
    if row["status"] == "D":
        return "deletes another"
    names = ", ".join(name for _, _, name in by)
    return f"superseded by {names}" if names else "not effective"


def _anchor(row: Any) -> str:
    return f"line-{row['act_id']}-{row['line_no']}"


def _correction(row: Any) -> str:
    page = corrections_page(row["act_id"])
    return f"{page}#correction-{row['act_id']}-{row['first_line']}"


def _change(row: Any, category: Category) -> Amount:
    sign = -1 if row["code"] == "DI" else book_sign(row["code"], category)
    if row["code"] in REBATCHING:
        sign = 0
    fissile = row["fissile_mg"]
    return Amount(int(row["element_mg"]), None if fissile is None else int(fissile)).times(sign)


def _weights(category: Category, amount: Amount, *, stated: bool = False) -> list[Cell]:
    """Return element and fissile weight as text; the fissile book is kept for E and U only."""
    fissile = amount.fissile_mg
    if not stated and category not in (Category.ENRICHED, Category.UNIFIED):
        fissile = None
    element = format_weight(amount.element_mg, category.unit)
    return [element, None if fissile is None else format_weight(fissile, "g")]


def _entry_cells(row: Any, category: Category, standing: str, by: Any) -> list[Cell]:
    word = standing.partition(" by ")[0]
    fissile = row["fissile_mg"]
    return [
        str(number_date(row["event_date"])), str(number_date(row["known_on"])), row["report_no"],
        row["entry_no"], row["status"], row["refers"], word,
        "; ".join(name for _, _, name in by), row["code"], row["batch"], row["kmp"], row["mdc"],
        row["basis"], row["items"], row["shipper"], row["receiver"], row["shipper_batch"],
        str(category), category.unit, format_weight(row["element_mg"], category.unit),
        None if fissile is None else format_weight(fissile, "g"), row["fissile_basis"],
        row["act_id"], row["line_no"],
    ]  # fmt: skip
