"""The itemised list of the books against the listing that was reported, taking by taking.

The content of each batch is followed from the taking before, through the changes since, as
`keiryo.accounts.inventory` follows it: where batches keep their identity, batch by batch; in a
bulk area what is counted in items keeps its name, and all else is in the pool of the area. There,
what has not the same name on both sides is compared as a whole.

Source: INFCIRC/153 (Corrected), paragraphs 57, 67 and 113.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sqlalchemy import select

from keiryo.accounts import books
from keiryo.accounts.inventory import POOL, Followed
from keiryo.accounts.model import ZERO, Amount
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    effective,
    entry_line,
    known,
)
from keiryo.audit.pages import Cell, CsvFile, Pages, columns, names, struck
from keiryo.audit.sources import Work
from keiryo.dates import date_number, next_day, number_date, previous_day
from keiryo.quantities import Category, format_weight
from keiryo.vocabulary import entry_code

COMPARISON_CSV = names(
    "taken_on where batch category unit kmp_book kmp_listed mdc_book mdc_listed items_book "
    "items_listed items_difference element_book element_listed element_difference "
    "fissile_book_g fissile_listed_g fissile_difference_g listed_in"
)
LISTING_CSV = names(
    "taken_on known_on report entry status standing kmp batch item mdc basis items category "
    "unit element fissile_g fissile_basis act line place"
)
_COMPARED = columns(
    "!Taken on | On which side | !Batch | Category | KMP book | KMP listed | MDC book | MDC listed "
    "| #Items book | #Items listed | #Difference | #Element book | #Element listed | #Difference | "
    "#Fissile book g | #Fissile listed g | #Difference | Listed in"
)
_LISTED = columns(
    "!Taken on | !Known on | Report/entry | KMP | !Batch | Item | MDC | Basis | #Items | Category "
    "| #Element | #Fissile g | Act/line | Standing"
)
_BEFORE = (
    "<p>For each physical inventory taking in the period: what the books hold of each batch at "
    "the end of that day, before the taking, against what was listed. A difference is book less "
    "listing: positive means that less was found. In a bulk area, material that has not the same "
    "name on both sides is compared as a whole, in the row “bulk material together”; the "
    "difference of “all material” is MF of the balance, unless that was reported rounded. Shaded "
    "rows differ.</p>\n"
)


@dataclass(slots=True)
class Listed:
    """What a listing states of one batch in one category."""

    amount: Amount = ZERO
    items: int = 0
    kmps: tuple[str, ...] = ()
    mdcs: tuple[str, ...] = ()
    place: tuple[int, int] | None = None

    def add(self, row: Any) -> None:
        """Add a line of the listing."""
        self.amount = self.amount + _amount(row)
        self.kmps = tuple(dict.fromkeys((*self.kmps, *filter(None, [row["kmp"]]))))
        self.mdcs = tuple(dict.fromkeys((*self.mdcs, *filter(None, [row["mdc"]]))))
        self.place = self.place or (int(row["act_id"]), int(row["line_no"]))


Side = tuple[Amount, int, str, str]


class Takings:
    """Follows the batches of the area and compares them at each taking.

    Parameters
    ----------
    work : Work

    Attributes
    ----------
    compared : list of datetime.date
        The takings that were compared.
    differing : int
        How many rows differ.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.compared: list[datetime.date] = []
        self.differing = 0
        self._pits = books.pit_dates(work.connection, work.metadata, work.mba, work.knowledge)
        self._followed = Followed(work.area)
        self._stack = ExitStack()
        self._pages = Pages(
            work.folder, "inventory-vs-listing",
            f"Book inventory of {work.mba} against its listings", _COMPARED, _BEFORE,
        )  # fmt: skip
        self._csv = CsvFile(work.folder, "inventory-vs-listing.csv", COMPARISON_CSV)

    def __enter__(self) -> Takings:
        self._stack.enter_context(self._pages)
        self._stack.enter_context(self._csv)
        earlier = [pit for pit in self._pits if pit < self.work.period.start]
        if earlier:
            self._begin(earlier[-1])
        for row in self._changes_before(earlier[-1] if earlier else None):
            self._followed.changed(row)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def opening(self) -> list[datetime.date]:
        """Return the taking that the period rests on, if any, and those within it."""
        start, end = self.work.period
        earlier = [pit for pit in self._pits if pit < start][-1:]
        return [*earlier, *(pit for pit in self._pits if start <= pit <= end)]

    def follow(self, row: Any) -> None:
        """Take an effective entry into account."""
        self._followed.changed(row)

    def compare(self, day: datetime.date) -> None:
        """If an inventory was taken on `day`, compare it with the books and go on from it."""
        if day not in self._pits:
            return
        self.compared.append(day)
        listed: dict[tuple[str, Category], Listed] = {}
        items: dict[str, int] = {}
        for row in listing(self.work, day):
            if row["counts"] and row["category"] is not None:
                name = row["batch"] or POOL
                listed.setdefault((name, Category(row["category"])), Listed()).add(row)
                if row["line_no"] == row["first_line"]:  # an item is one for all its elements
                    items[name] = items.get(name, 0) + (row["items"] or 0)
        for (name, _), stated in listed.items():
            stated.items = items.get(name, 0)
        book = {(row.batch, row.category): row for row in self._followed.rows({})}
        for key in sorted({*book, *listed}):
            held = book.get(key)
            mine: Side | None = None
            if held is not None:
                mine = (held.amount, held.items, held.kmp or "", held.mdc or "")
            self._write(day, key, mine, listed.get(key))
        self._sums(day, book, listed)
        self._begin(day)

    def _sums(self, day: datetime.date, book: Any, listed: Any) -> None:
        """In a bulk area what has no name on both sides is compared together; then everything."""
        for category in Category:
            every = [key for key in {**book, **listed} if key[1] == category]
            if not every:
                continue
            apart = [key for key in every if not (key in book and key in listed) or key[0] == POOL]
            wanted = [("all material", every)]
            if not self.work.area.batch_follow_up and apart:
                wanted.insert(0, ("bulk material together", apart))
            for name, keys in wanted:
                sums = Listed(), Listed()
                for key in keys:
                    if key in book:
                        sums[0].amount = sums[0].amount + book[key].amount
                    if key in listed:
                        sums[1].amount = sums[1].amount + listed[key].amount
                self._write(day, (name, category), (sums[0].amount, 0, "", ""), sums[1], "sum")

    def _write(
        self,
        day: datetime.date,
        key: tuple[str, Category],
        book: Side | None,
        listed: Listed | None,
        where: str = "",
    ) -> None:
        category = key[1]
        mine = book or (ZERO, 0, "", "")
        theirs = listed or Listed()
        if not where:
            one = "book only" if listed is None else "listing only"
            where = "both" if book is not None and listed is not None else one
        difference = mine[0] + theirs.amount.times(-1)
        # In a bulk area a name on one side only says nothing: it is compared with the others.
        single = where in ("both", "sum") or self.work.area.batch_follow_up
        differs = single and (not difference.is_zero or mine[1] != theirs.items)
        self.differing += differs and where != "sum"
        amounts = (
            mine[0] if book else None,
            theirs.amount if listed else None,
            difference if single else None,
        )
        cells: list[Cell] = [
            str(day), where, key[0], str(category), mine[2], " ".join(theirs.kmps), mine[3],
            " ".join(theirs.mdcs), mine[1] if book else None, theirs.items if listed else None,
            mine[1] - theirs.items if single else None,
            *_trio(category, "element", *amounts), *_trio(category, "fissile", *amounts),
        ]  # fmt: skip
        if where == "sum":
            cells[8] = cells[9] = cells[10] = None
        place: Cell = None
        if theirs.place is not None:
            place = self.work.sources.line_link(*theirs.place)
        kind = "total" if where == "sum" else "differs" if differs else ""
        self._pages.row([*cells, place], kind=kind)
        named = None if theirs.place is None else f"{theirs.place[0]}/{theirs.place[1]}"
        self._csv.row([*cells[:4], category.unit, *cells[4:], named])

    def _begin(self, pit: datetime.date) -> None:
        self._followed = Followed(self.work.area)
        for row in listing(self.work, pit):
            if row["counts"] and row["category"] is not None:
                self._followed.listed(row)

    def _changes_before(self, pit: datetime.date | None) -> Iterator[Any]:
        """Yield the effective changes between a taking and the period, in order."""
        work = self.work
        last = previous_day(work.period.start)
        first = datetime.date(1900, 1, 1) if pit is None else next_day(pit)
        if first > last:
            return
        table = work.metadata.tables[INVENTORY_CHANGE.name]
        query = (
            select(table, entry_line(table).label("first_line"))
            .where(
                table.c.mba == work.mba,
                table.c.event_date.between(date_number(first), date_number(last)),
                effective(table, work.knowledge),
            )
            .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
        )
        result = work.connection.execute(query, execution_options={"yield_per": 1000})
        day: list[Any] = []
        for row in result.mappings():
            if day and row["event_date"] != day[0]["event_date"]:
                yield from sorted(day, key=lambda r: entry_code(r["code"]).day_rank)
                day = []
            day.append(row)
        yield from sorted(day, key=lambda r: entry_code(r["code"]).day_rank)


def listing(work: Work, pit: datetime.date) -> Iterator[Any]:
    """Yield the lines of a listing that were known, and whether each counts."""
    table = work.metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(
            table,
            entry_line(table).label("first_line"),
            effective(table, work.knowledge).label("counts"),
        )
        .where(
            table.c.mba == work.mba,
            table.c.pit_date == date_number(pit),
            known(table, work.knowledge),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    result = work.connection.execute(query, execution_options={"yield_per": 1000})
    yield from result.mappings()


def write_listings(work: Work, pits: list[datetime.date], terms: Any) -> None:
    """Write the listings of physical inventory takings as they were reported."""
    title = f"Listings of physical inventories of {work.mba}"
    with (
        Pages(work.folder, "listing", title, _LISTED) as pages,
        CsvFile(work.folder, "listing.csv", LISTING_CSV) as out,
    ):
        for pit in pits:
            for row in listing(work, pit):
                _listed_row(work, pit, row, pages, out, terms)


def _listed_row(
    work: Work, pit: datetime.date, row: Any, pages: Pages, out: CsvFile, terms: Any
) -> None:
    letter = row["category"]
    category = None if letter is None else Category(letter)
    unit = "g" if category is None else category.unit
    element = None if row["element_mg"] is None else format_weight(row["element_mg"], unit)
    fissile = None if row["fissile_mg"] is None else format_weight(row["fissile_mg"], "g")
    words = {"D": "deletes another", "U": "the area was empty"}.get(row["status"] or "", "")
    standing = words or ("effective" if row["counts"] else "superseded")
    reported = row["report_no"] is not None
    name = f"{row['report_no']}/{row['entry_no']}" if reported else None
    item = row["item_uid"]
    cells: list[Cell] = [
        str(pit), str(number_date(row["known_on"])), name, row["kmp"], row["batch"], item,
        row["mdc"], row["basis"], row["items"], letter, element, fissile,
    ]  # fmt: skip
    gone = standing == "superseded"
    act_id, line_no = int(row["act_id"]), int(row["line_no"])
    source = work.sources.act_link(act_id)
    shown = [struck(cell) for cell in cells] if gone else cells
    page = pages.row(
        [*shown, type(source)(f"{source}/{line_no}"), standing],
        anchor=f"line-{act_id}-{line_no}", kind="superseded" if gone else "",
    )  # fmt: skip
    work.sources.use(act_id, line_no, stem="listing", page=page)
    out.row(
        [str(pit), str(number_date(row["known_on"])), row["report_no"], row["entry_no"],
         row["status"], standing, row["kmp"], row["batch"], item, row["mdc"], row["basis"],
         row["items"], letter, unit if category else None, element, fissile,
         row["fissile_basis"], act_id, line_no, f"{pages.name(page)}#line-{act_id}-{line_no}"]
    )  # fmt: skip
    if row["counts"] and category is not None:
        terms.add(
            f"listing-{pit}-{category}",
            [str(pit), row["report_no"], row["entry_no"], row["batch"], row["element_mg"],
             row["fissile_mg"], act_id, line_no],
        )  # fmt: skip


def _amount(row: Any) -> Amount:
    fissile = row["fissile_mg"]
    return Amount(int(row["element_mg"]), None if fissile is None else int(fissile))


def _trio(
    category: Category,
    what: str,
    book: Amount | None,
    listed: Amount | None,
    difference: Amount | None,
) -> list[Cell]:
    """Return book, listing and difference as text; a difference that means nothing is left out."""
    if what == "fissile" and category not in (Category.ENRICHED, Category.UNIFIED):
        return [None, None, None]
    unit = category.unit if what == "element" else "g"
    shown: list[Cell] = []
    for amount in (book, listed, difference):
        weight = None if amount is None else amount.element_mg
        if amount is not None and what == "fissile":
            weight = amount.fissile_mg
        shown.append(None if weight is None else format_weight(weight, unit))
    return shown
