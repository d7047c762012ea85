"""Lists that stay usable with 10⁵ lines: sorted, filtered and paged by the server, and exported.

A list says where its rows come from (a SELECT over the books as the viewer sees them, or rows that
a service computed), what its columns are, and which of them filter. The page, the count, the CSV
and the XLSX come from the same rows and the same filter. Exports are never localised; what could
be taken for a formula by a spreadsheet program is written as text (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from litestar import Request, Response
from litestar.response import Stream
from sqlalchemy import ColumnElement, Select, String, cast, func, select

from keiryo.errors import UsageError
from keiryo.sheet_text import protected
from keiryo.storage.engine import Database
from keiryo.web.asked_names import note_list, require_known_filters
from keiryo.web.speaking import day_text, gettext, instant_text, mass_kg
from keiryo.web.typed_numbers import whole_number

PAGE_SIZES = (50, 200, 500)
MAX_EXPORT_ROWS = 1_000_000
MAX_FILTER_LENGTH = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list.

    Attributes
    ----------
    name : str
        Key of the rows, and name in exports.
    title : str
        Heading in English; the catalogues translate it.
    kind : str
        ``"text"``, ``"number"``, ``"mass"`` (integer milligrams), ``"date"`` (YYYYMMDD number or
        date), ``"time"`` (UTC text), ``"act"``, ``"code"``.
    sortable, filterable : bool
    choices : tuple of str
        Values that a filter offers; empty: free text, "contains".
    href : callable, optional
        Takes the row, returns where its value leads.
    hidden : bool
        In exports, but not on the page.
    """

    name: str
    title: str
    kind: str = "text"
    sortable: bool = True
    filterable: bool = True
    choices: tuple[str, ...] = ()
    href: Callable[[Row], str | None] | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a list is asked for: from the query of the address.

    Attributes
    ----------
    filters : dict
        By column name; text that the value contains, or one of the choices.
    sort : str or None
    descending : bool
    page : int
        From 1.
    size : int
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str | None = None
    descending: bool = False
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list.

    Attributes
    ----------
    columns : tuple of ListColumn
    rows : tuple of mapping
    total : int
        Rows that the filter lets through.
    asked : Asked
    """

    columns: tuple[ListColumn, ...]
    rows: tuple[Row, ...]
    total: int
    asked: Asked

    @property
    def first(self) -> int:
        """Number of the first row of the page, from 1; 0 if there is none."""
        return 0 if not self.rows else (self.asked.page - 1) * self.asked.size + 1

    @property
    def last(self) -> int:
        """Number of the last row of the page."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def pages(self) -> int:
        """Number of pages."""
        return max(1, -(-self.total // self.asked.size))


def asked_of(query: Mapping[str, Any], columns: Sequence[ListColumn], prefix: str = "") -> Asked:
    """Return what a query asks for; what makes no sense is left out, never an error.

    Parameters
    ----------
    query : mapping
        The columns' names filter; ``sort`` (``-NAME``: descending), ``page``, ``size``.
    prefix : str
        Before each name, where a page has several lists.
    """
    names = {c.name for c in columns if c.filterable}
    filters = {}
    for name in names:
        text = str(query.get(f"{prefix}{name}", "")).strip()[:MAX_FILTER_LENGTH]
        if text and "\0" not in text:
            filters[name] = text
    sort = str(query.get(f"{prefix}sort", ""))
    descending, sort = sort.startswith("-"), sort.removeprefix("-")
    sortable = {c.name for c in columns if c.sortable}
    page, size = (str(query.get(f"{prefix}{n}", "")) for n in ("page", "size"))
    return Asked(
        filters,
        sort if sort in sortable else None,
        descending,
        whole_number(page, 9) or 1,
        int(size) if size in map(str, PAGE_SIZES) else 50,
    )


@dataclass(frozen=True, slots=True)
class QueryList:
    """A list whose rows a SELECT gives; it is asked through the books as the viewer sees them.

    Attributes
    ----------
    database : Database
    query : Select
        Without order; its columns are named like the list's.
    columns : tuple of ListColumn
    order : tuple of str
        Columns by which it is ordered where nothing else is asked, and after what is asked;
        ``-NAME``: descending.
    """

    database: Database
    query: Select[Any]
    columns: tuple[ListColumn, ...]
    order: tuple[str, ...]

    def page(self, asked: Asked) -> ListPage:
        """Return one page and the count of all rows that the filter lets through."""
        filtered = self._filtered(asked)
        with self.database.reading() as connection:
            total = connection.execute(
                select(func.count()).select_from(filtered.subquery())
            ).scalar_one()
            last = max(1, -(-int(total) // asked.size))
            page = min(asked.page, last)
            asked = Asked(asked.filters, asked.sort, asked.descending, page, asked.size)
            ordered = self._ordered(filtered, asked)
            rows = connection.execute(ordered.limit(asked.size).offset((page - 1) * asked.size))
            return ListPage(
                self.columns, tuple(dict(r) for r in rows.mappings()), int(total), asked
            )

    def rows(self, asked: Asked) -> Iterator[Row]:
        """Yield all rows that the filter lets through, in order, bounded in memory."""
        ordered = self._ordered(self._filtered(asked), asked).limit(MAX_EXPORT_ROWS)
        with self.database.reading() as connection:
            options = {"yield_per": 5_000}
            for row in connection.execute(ordered, execution_options=options).mappings():
                yield dict(row)

    def _filtered(self, asked: Asked) -> Select[Any]:
        inner = self.query.subquery()
        conditions: list[ColumnElement[bool]] = []
        by_name = {c.name: c for c in self.columns}
        for name, wanted in asked.filters.items():
            column = inner.c[name]
            if by_name[name].choices:
                conditions.append(cast(column, String) == wanted)
            elif by_name[name].kind == "date":
                conditions.append(cast(column, String).startswith(wanted.replace("-", "")))
            else:
                text = func.lower(cast(column, String))
                conditions.append(text.contains(wanted.lower(), autoescape=True))
        return select(inner).where(*conditions)

    def _ordered(self, query: Select[Any], asked: Asked) -> Select[Any]:
        sign = "-" if asked.descending else ""
        names = [f"{sign}{asked.sort}"] if asked.sort else []
        names += [n for n in self.order if n.removeprefix("-") != asked.sort]
        order = []
        for name in names:
            column = query.selected_columns[name.removeprefix("-")]
            way = column.desc() if name.startswith("-") else column.asc()
            order.append(way.nulls_last())
        return query.order_by(*order)


@dataclass(frozen=True, slots=True)
class RowList:
    """A list whose rows a service computed.

    Attributes
    ----------
    all_rows : sequence of mapping
        In their natural order.
    columns : tuple of ListColumn
    """

    all_rows: Sequence[Row]
    columns: tuple[ListColumn, ...]

    def page(self, asked: Asked) -> ListPage:
        """Return one page and the count of all rows that the filter lets through."""
        found = list(self.rows(asked))
        page = min(asked.page, max(1, -(-len(found) // asked.size)))
        asked = Asked(asked.filters, asked.sort, asked.descending, page, asked.size)
        start = (page - 1) * asked.size
        return ListPage(self.columns, tuple(found[start : start + asked.size]), len(found), asked)

    def rows(self, asked: Asked) -> Iterable[Row]:
        """Return all rows that the filter lets through, in order."""
        by_name = {c.name: c for c in self.columns}
        found = [
            row
            for row in self.all_rows
            if all(_accepts(by_name[n], row.get(n), w) for n, w in asked.filters.items())
        ]
        if asked.sort is not None:
            present = [r for r in found if r.get(asked.sort) is not None]
            absent = [r for r in found if r.get(asked.sort) is None]
            name = asked.sort
            present.sort(key=lambda r: _comparable(r[name]), reverse=asked.descending)
            found = present + absent
        return found


class AnyList(Protocol):
    """What a list is to pages and exports."""

    @property
    def columns(self) -> tuple[ListColumn, ...]:
        """Its columns."""
        ...

    def page(self, asked: Asked) -> ListPage:
        """Return one page and the count of all rows that the filter lets through."""
        ...

    def rows(self, asked: Asked) -> Iterable[Row]:
        """Return all rows that the filter lets through, in order."""
        ...


def _accepts(column: ListColumn, value: Any, wanted: str) -> bool:
    if column.choices:
        return str(value) == wanted
    text = "" if value is None else str(value)
    if column.kind == "date":
        return text.replace("-", "").startswith(wanted.replace("-", ""))
    return wanted.lower() in text.lower()


def _comparable(value: Any) -> tuple[int, Any]:
    """Return a key that orders numbers among themselves and texts among themselves."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


@dataclass(frozen=True, slots=True)
class ShownList:
    """A page of a list as the table of the templates takes it.

    Attributes
    ----------
    columns : list of dict
    rows : list of dict
        Cells ready to be shown in the viewer's language.
    page : dict
    found : ListPage
        The same as data.
    """

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    page: dict[str, Any]
    found: ListPage


def shown_list(
    request: Request[Any, Any, Any], rows: AnyList, name: str, *, prefix: str = ""
) -> ShownList | Response[Any] | Stream:
    """Return the page of a list that the address asks for, or the export if it asks for one.

    Parameters
    ----------
    name : str
        Of the file of an export, without its ending.
    prefix : str
        Before each name in the address, where a page has several lists.
    """
    query = request.query_params
    asked = asked_of(query, rows.columns, prefix)
    filters = [column.name for column in rows.columns if column.filterable]
    note_list(request, prefix, filters, [c.name for c in rows.columns if c.sortable])
    if kind := query.get(f"{prefix}format"):
        require_known_filters(request, [f"{prefix}{one}" for one in filters])
        return export(request, rows, asked, name, kind)
    found = rows.page(asked)
    shown = [column for column in found.columns if not column.hidden]
    sort = found.asked.sort
    texts: dict[tuple[str, Any], Any] = {}  # the same day or weight is in many rows
    return ShownList(
        columns=[_heading(column) for column in shown],
        rows=[{c.name: _cell(c, row, texts) for c in shown} for row in found.rows],
        page={
            "number": found.asked.page,
            "size": found.asked.size,
            "total": found.total,
            "sort": "" if sort is None else f"{'-' if found.asked.descending else ''}{sort}",
        },
        found=found,
    )


def _heading(column: ListColumn) -> dict[str, Any]:
    kinds = {"mass": "number", "number": "number", "act": "number", "date": "date", "code": "code"}
    choices: Any = [(c, gettext(c)) for c in column.choices]
    return {
        "key": column.name,
        "title": gettext(column.title),
        "kind": kinds.get(column.kind, "text"),
        "unit": "kg" if column.kind == "mass" else None,
        "sort": column.sortable,
        "filter": (choices or "text") if column.filterable else None,
        "hint": None,
    }


def _cell(column: ListColumn, row: Row, texts: dict[tuple[str, Any], Any]) -> Any:
    value = row.get(column.name)
    if value is None:
        return None
    text = value
    if column.kind in _WRITTEN:
        text = texts.get((column.kind, value))
        if text is None:
            text = texts[column.kind, value] = _WRITTEN[column.kind](column, value)
    href = column.href(row) if column.href else None
    if column.kind == "act" and href is None:
        href = f"/journal/acts/{value}"
    return (str(text), href) if href else text


_WRITTEN: Mapping[str, Callable[[ListColumn, Any], str]] = {
    "mass": lambda _column, value: mass_kg(value),
    "date": lambda column, value: day_text(exported(column, value)),
    "time": lambda _column, value: instant_text(value),
}
"""How the language of the request writes what is in columns of a kind."""


def export(
    request: Request[Any, Any, Any], rows: AnyList, asked: Asked, name: str, kind: str
) -> Response[Any] | Stream:
    """Return exactly the rows that the filter lets through as CSV or XLSX.

    Parameters
    ----------
    name : str
        Of the file, without its ending.
    kind : str
        ``"csv"`` or ``"xlsx"``.

    Raises
    ------
    UsageError
        If it is neither.
    """
    day = request.app.state.server.now().date().isoformat()
    if kind == "csv":
        return Stream(
            _csv_parts(rows, asked),
            media_type="text/csv; charset=utf-8",
            headers=download_headers(f"{name}-{day}.csv"),
        )
    if kind == "xlsx":
        return Response(
            _xlsx(rows, asked),
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers=download_headers(f"{name}-{day}.xlsx"),
        )
    raise UsageError(f"there is no export as {kind[:20]!r}", "Choose csv or xlsx.")


def download_headers(name: str) -> dict[str, str]:
    """Return the headers of a download; nothing in a name can break out of them (RFC 6266)."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    plain = plain.lstrip(".")[-120:] or "file"
    full = quote(name[-200:], safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"}


def safe_cell(value: Any) -> Any:
    """Return a value that no spreadsheet program takes for a formula."""
    return protected(value) if isinstance(value, str) else value


def exported(column: ListColumn, value: Any) -> Any:
    """Return a value as it stands in exports: plain, exact, the same in every language."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if column.kind == "date" and isinstance(value, int):
        text = f"{value:08}"
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return value


def _csv_parts(rows: AnyList, asked: Asked) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in rows.columns])
    for number, row in enumerate(rows.rows(asked), start=1):
        writer.writerow([safe_cell(exported(c, row.get(c.name))) for c in rows.columns])
        if number % 1_000 == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _xlsx(rows: AnyList, asked: Asked) -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]

    target = io.BytesIO()
    options = {
        "constant_memory": True,
        **dict.fromkeys(["strings_to_formulas", "strings_to_urls", "strings_to_numbers"], False),
    }
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(rows.columns):
            sheet.write_string(0, place, column.name, bold)
        for number, row in enumerate(rows.rows(asked), start=1):
            for place, column in enumerate(rows.columns):
                value = exported(column, row.get(column.name))
                if value is None:
                    continue
                if isinstance(value, int) and abs(value) < 2**53:
                    sheet.write_number(number, place, value)
                else:
                    sheet.write_string(number, place, str(value)[:32_767])
    return target.getvalue()
