"""How the pack shows itself: HTML pages without script, and tables that also exist as CSV.

A page must open from a folder, in any browser, with nothing else at hand, and may hold texts that
somebody else chose (a batch name, a reason). So every text is escaped, invisible characters that
could turn a line around are written out, each page carries its own style, and a content security
policy forbids everything but that style: no script, no picture from elsewhere, no form.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TextIO

from keiryo.audit.folder import PackFolder
from keiryo.sheet_text import protected

ROWS_PER_PAGE = 1_000

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 auto;
  max-width: 112rem; padding: 1rem 1.5rem 3rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
a { color: #0b4f9c; } a:focus-visible { outline: 3px solid #0b4f9c; outline-offset: 2px; }
nav { margin: .5rem 0 1rem; }
.tables { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border: 1px solid #c3c9d1; padding: .2rem .45rem; text-align: left; vertical-align: top; }
thead th { background: #eef1f5; }
td.w { white-space: nowrap; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.superseded td { color: #57606a; background: #f7f5f0; }
tr.differs td { background: #fff3d6; }
tr.opening td, tr.total td { font-weight: 600; background: #f4f7fb; }
tr:target td { background: #fff1a8; }
dl { display: grid; grid-template-columns: max-content auto; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #c3c9d1; padding: .6rem; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
.axis { fill: none; stroke: #57606a; stroke-width: 1; }
.book { fill: none; stroke: #0b4f9c; stroke-width: 2; }
.taking { fill: none; stroke: #8a5a00; stroke-width: 1; stroke-dasharray: 4 3; }
svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
@media print { body { font-size: 10pt; max-width: none; padding: 0; } nav { display: none; }
  thead { display: table-header-group; } tr { break-inside: avoid; } a { color: inherit; } }
@page { size: A4 landscape; margin: 12mm; }
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'"

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


class Html(str):
    """Text that is HTML already; every other text is escaped before it is shown."""

    __slots__ = ()


Cell = str | int | None
"""What stands in a cell: `Html`, or text that is to be escaped."""


def shown(value: Cell) -> str:
    """Return a value as HTML: escaped, invisible characters written out."""
    if isinstance(value, Html):
        return str(value)
    if value is None:
        return ""
    visible = _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", str(value))
    return html.escape(visible, quote=True)


def link(target: str, words: Cell) -> Html:
    """Return a link to a place in the pack."""
    return Html(f'<a href="{html.escape(target, quote=True)}">{shown(words)}</a>')


def struck(value: Cell) -> Html:
    """Return a value that no longer counts."""
    return Html(f"<s>{shown(value)}</s>") if value not in (None, "") else Html("")


def plain_cell(value: Cell) -> str:
    """Return a value for a CSV file; a text that a spreadsheet would compute gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = value.replace("\x00", "\\u0000")
    return text if _is_number(text) else protected(text)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None


def head(title: str) -> str:
    """Return the beginning of a page, up to its main part."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )


FOOT = "</main>\n</body>\n</html>\n"


def write_page(folder: PackFolder, name: str, title: str, body: Iterable[str]) -> None:
    """Write one page; `body` is HTML."""
    with folder.text(name) as out:
        out.write(head(title))
        if name != "index.html":
            out.write(f"<nav>{link(upward(name) + 'index.html', 'Contents of the pack')}</nav>\n")
        out.write(f"<main>\n<h1>{shown(title)}</h1>\n")
        out.writelines(body)
        out.write(FOOT)


def upward(name: str) -> str:
    """Return the way from a file of the pack to its top folder."""
    return "../" * name.count("/")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, if it holds numbers, if its cells are not to be broken."""

    title: str
    number: bool = False
    whole: bool = False


def columns(words: str) -> tuple[Column, ...]:
    """Return columns from headings divided by ``|``: ``#`` numbers, ``!`` keep on one line."""
    found = [word.strip() for word in words.split("|")]
    return tuple(Column(w.lstrip("#!"), w.startswith("#"), w.startswith("!")) for w in found)


def names(words: str) -> tuple[str, ...]:
    """Return the headings of a CSV file from one text."""
    return tuple(words.split())


def table(caption: str, heads: Sequence[Column], rows: Iterable[str]) -> Html:
    """Return a table; `rows` are made by `table_row`."""
    body = "".join(rows)
    return Html(f"{_table_head(caption, heads)}{body}</tbody>\n</table></div>\n")


def _table_head(caption: str, heads: Sequence[Column]) -> str:
    titles = "".join(f'<th scope="col">{shown(column.title)}</th>' for column in heads)
    return (
        f'<div class="tables"><table>\n<caption>{shown(caption)}</caption>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n"
    )


_CLASSES = {(True, False): ' class="n"', (False, True): ' class="w"', (False, False): ""}


def table_row(
    heads: Sequence[Column], cells: Sequence[Cell], *, anchor: str = "", kind: str = ""
) -> str:
    """Return a row of a table."""
    opening = f' id="{html.escape(anchor, quote=True)}"' if anchor else ""
    opening += f' class="{kind}"' if kind else ""
    inner = "".join(
        f"<td{_CLASSES[column.number, column.whole]}>{shown(cell)}</td>"
        for column, cell in zip(heads, cells, strict=True)
    )
    return f"<tr{opening}>{inner}</tr>\n"


class Pages:
    """A long table, spread over pages of `ROWS_PER_PAGE` rows.

    Parameters
    ----------
    folder : PackFolder
    stem : str
        Name of the first page without ``.html``; the next is ``STEM-2.html``.
    title : str
    heads : sequence of Column
    before : str
        HTML that stands above the table on the first page.
    most : int, optional
        Rows on a page.
    """

    def __init__(
        self,
        folder: PackFolder,
        stem: str,
        title: str,
        heads: Sequence[Column],
        before: str = "",
        most: int = ROWS_PER_PAGE,
    ) -> None:
        self.folder, self.stem, self.title, self.heads = folder, stem, title, heads
        self.before, self.most = before, most
        self.page = 0
        self._rows = 0
        self._out: TextIO | None = None

    def __enter__(self) -> Pages:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(more=False)

    def row(self, cells: Sequence[Cell], *, anchor: str = "", kind: str = "") -> int:
        """Write a row and return the number of the page that it stands on."""
        if self._rows == self.most:
            self._end(more=True)
            self._begin()
        assert self._out is not None
        self._out.write(table_row(self.heads, cells, anchor=anchor, kind=kind))
        self._rows += 1
        return self.page

    def name(self, page: int) -> str:
        """Return the file name of a page."""
        return page_name(self.stem, page)

    def _begin(self) -> None:
        self.page, self._rows = self.page + 1, 0
        name = self.name(self.page)
        title = self.title if self.page == 1 else f"{self.title}, page {self.page}"
        self._out = self.folder.open_text(name)
        self._out.write(head(title))
        ways = [link(upward(name) + "index.html", "Contents of the pack")]
        if self.page > 1:
            ways.append(link(self._beside(self.page - 1), "Page before"))
        self._out.write(f"<nav>{' · '.join(ways)}</nav>\n<main>\n<h1>{shown(title)}</h1>\n")
        if self.page == 1:
            self._out.write(self.before)
        self._out.write(_table_head(title, self.heads))

    def _end(self, *, more: bool) -> None:
        if self._out is None:
            return
        self._out.write("</tbody>\n</table></div>\n")
        if not more and self.page == 1 and not self._rows:
            self._out.write("<p>There is nothing to show.</p>\n")
        if more:
            self._out.write(f"<nav>{link(self._beside(self.page + 1), 'Next page')}</nav>\n")
        self._out.write(FOOT)
        self._out.close()
        self._out = None

    def _beside(self, page: int) -> str:
        return self.name(page).rpartition("/")[2]


def page_name(stem: str, page: int) -> str:
    """Return the file name of a page of a long table."""
    return f"{stem}.html" if page == 1 else f"{stem}-{page}.html"


class CsvFile:
    """A CSV file of the pack: UTF-8, comma, LF, one heading row."""

    def __init__(self, folder: PackFolder, name: str, heads: Sequence[str]) -> None:
        self._out = folder.open_text(name)
        self._writer = csv.writer(self._out, lineterminator="\n")
        self._writer.writerow(heads)

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._out.close()

    def row(self, cells: Iterable[Cell]) -> None:
        """Write a row."""
        self._writer.writerow([plain_cell(cell) for cell in cells])
