"""The general ledger of an area as a list: every effective change, with the running book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.accounts.balance import opening_inventory
from keiryo.accounts.ledger_pages import Ledger, LedgerFilter, LedgerLine, line_counts
from keiryo.dates import Period
from keiryo.quantities import Category
from keiryo.storage.engine import Database
from keiryo.web.listing import PAGE_SIZES, Asked, ListColumn, ListPage, Row, shown_list
from keiryo.web.pages.areas_frame import (
    AreaPage,
    address,
    batch_address,
    category_name,
    element_text,
    has_fissile,
    why_address,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import mass_g
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking

MAX_REPORT_DIGITS = 9
AS_IT_OPENS = PAGE_SIZES[0]
"""Lines of a page where nothing else is asked for; that first page is remembered."""

Found = tuple[int, tuple[Mapping[str, Any], ...]]
"""How many lines there are, and those of one page."""


@get("/areas/{mba:str}/ledger", sync_to_thread=True, opt={"reads": "accounts"})
def ledger_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show the general ledger over a period, page by page."""
    page = AreaPage(request, viewer, mba)
    period = _period(page)
    if period is None:
        return render(request, "area_ledger.html", **page.frame("ledger"), listed=None)
    counts = page.remembered(
        "ledger counts",
        lambda c: tuple(line_counts(c, viewer.metadata, page.mba, period, page.knowledge)),
        period,
    )
    codes = tuple(sorted({count.code for count in counts}))
    present = {count.category for count in counts}
    categories = tuple(str(c) for c in Category if c in present)
    ledger = Ledger(page.mba, period, LedgerFilter(), page.knowledge, counts)

    def as_it_opens(build: Callable[[Any], Found]) -> Found:
        return page.remembered("ledger lines", build, period)

    rows = LedgerList(viewer.books, ledger, _columns(page, codes, categories), as_it_opens)
    name = f"ledger-{page.mba}-{period.start}-{period.end}"
    listed = shown_list(request, rows, name)
    if isinstance(listed, Response | Stream):
        return listed
    return render(
        request,
        "area_ledger.html",
        **page.frame("ledger"),
        listed=listed,
        period=period,
        standing=page.standing,
        opening=_opening(page, period),
        has_book=rows.wanted(listed.found.asked).has_book,
        hidden=[
            (k, v)
            for k, v in request.query_params.items()
            if k not in ("from", "to", "period", "page")
        ],
    )


def _period(page: AreaPage) -> Period | None:
    """Return the days that are asked for: from and to, or a period, or the last one."""
    period = page.period()
    if period is None:
        return None
    first = page.day("from", period.start)
    last = page.day("to", max(period.end, first))
    return Period(first, max(first, last))


def _opening(page: AreaPage, period: Period) -> list[dict[str, Any]]:
    def build(connection: Any) -> Any:
        metadata = page.viewer.metadata
        return opening_inventory(connection, metadata, page.mba, period.start, page.knowledge)

    book = page.remembered("opening", build, period.start)
    return [
        {
            "name": category_name(c),
            "element": element_text(c, amount.element_mg),
            "unit": c.unit,
            "fissile": mass_g(amount.fissile_mg) if has_fissile(c, amount) else None,
        }
        for c, amount in sorted(book.items(), key=lambda item: list(Category).index(item[0]))
    ]


def _columns(
    page: AreaPage, codes: tuple[str, ...], categories: tuple[str, ...]
) -> tuple[ListColumn, ...]:
    shows_reports = page.shows_reports

    def report_href(row: Row) -> str | None:
        if row["report"] is None or not shows_reports:
            return None
        return address("/reports", page.mba, str(row["report"]))

    def batch_href(row: Row) -> str | None:
        return batch_address(page, row["batch"]) if row["batch"] else None

    def why_href(row: Row) -> str:
        return why_address(f"line:{row['act']}/{row['line']}")

    return (
        _column("date", sentence("Date"), "date"),
        ListColumn("code", sentence("Code"), "code", sortable=False, choices=codes),
        ListColumn("batch", sentence("Batch"), "code", sortable=False, href=batch_href),
        ListColumn("category", sentence("Category"), "code", sortable=False, choices=categories),
        _column("element_change_mg", sentence("Change"), "mass", why_href),
        _column("fissile_change_mg", sentence("Fissile change"), "mass"),
        _column("element_book_mg", sentence("Book"), "mass"),
        _column("fissile_book_mg", sentence("Fissile book"), "mass"),
        ListColumn("report", sentence("Report"), "number", sortable=False, href=report_href),
        _column("entry", sentence("Entry"), "number"),
        _column("act", sentence("Act"), "act"),
        _column("line", sentence("Line"), "number", hidden=True),
    )


def _column(
    name: str,
    title: str,
    kind: str,
    href: Callable[[Row], str | None] | None = None,
    *,
    hidden: bool = False,
) -> ListColumn:
    """Return a column that neither sorts nor filters: a ledger is in the order of its days."""
    return ListColumn(name, title, kind, sortable=False, filterable=False, href=href, hidden=hidden)


@dataclass(frozen=True, slots=True)
class LedgerList:
    """The lines of a ledger as a list that is filtered, paged and exported."""

    database: Database
    ledger: Ledger
    columns: tuple[ListColumn, ...]
    remembered: Callable[[Callable[[Any], Found]], Found]

    def wanted(self, asked: Asked) -> LedgerFilter:
        """Return what the filters of the list ask for; what no line can be is left out."""
        given = asked.filters
        number = whole_number(given.get("report", ""), MAX_REPORT_DIGITS)
        letter = given.get("category", "")
        return LedgerFilter(
            Category(letter) if letter in {str(c) for c in Category} else None,
            given.get("code"),
            given.get("batch"),
            number,
        )

    def _asked(self, asked: Asked) -> Ledger:
        own = self.ledger
        return Ledger(own.mba, own.period, self.wanted(asked), own.knowledge, own.counts)

    def page(self, asked: Asked) -> ListPage:
        """Return one page and the count of all lines that the filter lets through."""
        if asked.page == 1 and asked.size == AS_IT_OPENS and not asked.filters:
            total, lines = self.remembered(lambda c: self._found(c, asked))
        else:
            with self.database.reading() as connection:
                total, lines = self._found(connection, asked)
        number = _number(asked, total)
        return ListPage(
            self.columns, lines, total, Asked(asked.filters, None, False, number, asked.size)
        )

    def _found(self, connection: Any, asked: Asked) -> Found:
        ledger, metadata = self._asked(asked), self.database.metadata
        total = ledger.total(connection, metadata)
        offset = (_number(asked, total) - 1) * asked.size
        lines = ledger.page(connection, metadata, offset, asked.size, total)
        return total, tuple(_row(line) for line in lines)

    def rows(self, asked: Asked) -> Iterator[Row]:
        """Yield all lines that the filter lets through, in order, bounded in memory."""
        with self.database.reading() as connection:
            for line in self._asked(asked).lines(connection, self.database.metadata):
                yield _row(line)


def _number(asked: Asked, total: int) -> int:
    """Return the number of the page that is asked for, or of the last one."""
    return min(asked.page, max(1, -(-total // asked.size)))


def _row(line: LedgerLine) -> Mapping[str, Any]:
    return {**line._asdict(), "category": str(line.category)}
