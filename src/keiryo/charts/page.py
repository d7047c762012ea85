"""Pages that show an evaluation: one HTML file that opens offline and prints on A4.

A page holds everything itself, charts as inline SVG, and runs nothing: a content security policy
forbids every script, every connection and every style but the page's own. Names in it were chosen
by somebody else, so each text is escaped and invisible characters are written out. The same
input gives the same bytes: there is no time stamp unless one is given as a text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.charts import palette
from keiryo.charts.model import Chart
from keiryo.charts.vector import Vector
from keiryo.errors import Finding

MOST_ROWS = 600
"""Longer tables show their beginning, their end and marked rows between them."""

_SIGNIFICANT = 5
_SEVERITIES = {"F": "Not acceptable", "E": "Question", "W": "Warning", "I": "Information"}
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_DARK_CHART = "\n".join(
    f'svg [fill="{light}"] {{ fill: {dark}; }} svg [stroke="{light}"] {{ stroke: {dark}; }}'
    for light, dark in palette.DARK.items()
)
STYLE = f"""
:root {{ color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --muted: #57606a;
  --line: #c3c9d1; --shade: #eef1f5; --mark: #fff3d6; --accent: #0b4f9c; }}
body {{ font: 16px/1.5 "DejaVu Sans", Verdana, system-ui, sans-serif; font-size: .95rem;
  color: var(--ink); background: var(--paper); margin: 0 auto; max-width: 56rem;
  padding: 1.2rem 1.2rem 3rem; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; margin: .2rem 0 .4rem; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere;
  border-bottom: 1px solid var(--line); padding-bottom: .2rem; }}
p, li, dd {{ overflow-wrap: anywhere; max-width: 46rem; }}
a {{ color: var(--accent); }} a:focus-visible {{ outline: 3px solid; outline-offset: 2px; }}
nav ul {{ display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; padding: 0; list-style: none; }}
.statement {{ border-left: .35rem solid var(--accent); background: var(--shade);
  padding: .6rem 1rem; font-size: 1.05rem; }}
.subtitle, figcaption, .note {{ color: var(--muted); font-size: .88rem; }}
.tables {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .85rem; margin: .5rem 0; }}
caption {{ text-align: left; font-weight: 600; padding: .3rem 0; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .22rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: break-word; }}
thead th {{ background: var(--shade); vertical-align: bottom; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
tr.marked td {{ background: var(--mark); font-weight: 600; }}
figure {{ margin: 1rem 0 1.6rem; }} svg {{ max-width: 100%; height: auto; }}
.drawing {{ overflow-x: auto; }} .drawing svg {{ max-width: none; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .15rem 1rem; }}
dt {{ font-weight: 600; }} dd {{ margin: 0; }}
.finding {{ border-left: .25rem solid var(--line); padding-left: .8rem; margin: .8rem 0; }}
footer {{ margin-top: 2.5rem; border-top: 1px solid var(--line); font-size: .82rem;
  color: var(--muted); }}
@media screen and (prefers-color-scheme: dark) {{
:root {{ --ink: #e6e9ed; --paper: #171b20; --muted: #a5afba; --line: #39424c; --shade: #222931;
  --mark: #473c1d; --accent: #7db8f2; }}
{_DARK_CHART}
}}
@media print {{ body {{ font-size: 9.5pt; max-width: none; padding: 0; }} nav {{ display: none; }}
  a {{ color: inherit; }} thead {{ display: table-header-group; }} h2 {{ break-after: avoid; }}
  tr, figure, .finding, .statement {{ break-inside: avoid; }} .tables {{ overflow: visible; }}
  .drawing {{ overflow: visible; }} .drawing svg {{ max-width: 100%; max-height: 240mm; }}
  table {{ font-size: 7.5pt; }} th, td {{ padding: .15rem .3rem; }} }}
@page {{ size: A4 portrait; margin: 16mm 15mm; }}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text of one paragraph; ``prominent`` for the statement that a page is about."""

    text: str
    prominent: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of texts, such as the assumptions of a verdict."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; columns of numbers are aligned right and have the same number of decimals.

    Attributes
    ----------
    caption : str
    heads : sequence of str
    rows : sequence of sequences
        Texts, numbers, None for what is not known.
    marked : frozenset of int
        Rows that stand out, from 0; say why in a column too.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings to show: `Finding`, or mappings with the same names."""

    findings: Sequence[Finding | Mapping[str, Any]]


Part = Paragraph | Points | Table | Findings | Chart | Vector


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a page: a heading and what stands under it."""

    heading: str
    parts: Sequence[Part]


def page(
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    footer: Mapping[str, Any] | None = None,
    language: str = "en",
    contents: str = "Contents",
) -> str:
    """Return a page as HTML, complete in itself.

    Parameters
    ----------
    title : str
    sections : sequence of Section
        Those without parts are left out.
    subtitle : str
    footer : mapping, optional
        What the page was made from, by name: act, digest, convention, version.
    language : str
        In which its texts are written.
    contents : str
        What its list of sections is called.
    """
    kept = [section for section in sections if section.parts]
    body = "".join(_section(number, section) for number, section in enumerate(kept, 1))
    entries = "".join(
        f'<li><a href="#section-{n}">{shown(s.heading)}</a></li>' for n, s in enumerate(kept, 1)
    )
    within = (
        f'<nav aria-label="{shown(contents)}"><ul>{entries}</ul></nav>\n' if len(kept) > 2 else ""
    )
    below = f'<p class="subtitle">{shown(subtitle)}</p>\n' if subtitle else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{shown(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{shown(title)}</h1>\n{below}{within}</header>\n"
        f"<main>\n{body}</main>\n{_footer(footer or {})}</body>\n</html>\n"
    )


def shown(value: object) -> str:
    """Return a text as HTML: escaped, invisible characters written out."""
    visible = _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", str(value))
    return html.escape(visible, quote=True)


def _section(number: int, section: Section) -> str:
    name = f"section-{number}"
    parts = "".join(_part(part, f"{name}-{n}") for n, part in enumerate(section.parts, 1))
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{shown(section.heading)}</h2>\n'
        f"{parts}</section>\n"
    )


def _part(part: Part, name: str) -> str:
    if isinstance(part, Paragraph):
        opening = '<p class="statement">' if part.prominent else "<p>"
        return f"{opening}{shown(part.text)}</p>\n"
    if isinstance(part, Points):
        return "<ul>\n" + "".join(f"<li>{shown(text)}</li>\n" for text in part.texts) + "</ul>\n"
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Chart):
        words = shown(part.description)
        return f"<figure>\n{part.svg(name)}<figcaption>{words}</figcaption>\n</figure>\n"
    if isinstance(part, Vector):
        label = f'role="region" aria-label="{shown(part.title)}" tabindex="0"'
        return f'<figure><div class="drawing" {label}>\n{part.svg(name)}</div></figure>\n'
    return "".join(_finding(finding) for finding in part.findings)


# --- tables --------------------------------------------------------------------------------------


def _table(table: Table) -> str:
    columns = [
        [row[n] if n < len(row) else None for row in table.rows] for n in range(len(table.heads))
    ]
    numeric = [_is_numeric(column) for column in columns]
    decimals = [_decimals(column) if n else 0 for column, n in zip(columns, numeric, strict=True)]
    heads = "".join(
        f'<th scope="col"{_CLASS[n]}>{shown(head)}</th>'
        for head, n in zip(table.heads, numeric, strict=True)
    )
    body = []
    before = -1
    for place in _shown_rows(table):
        if place > before + 1:
            words = f"{place - before - 1} rows are left out here; the data themselves hold all."
            body.append(f'<tr><td colspan="{len(columns)}" class="note">{words}</td></tr>\n')
        before = place
        cells = "".join(
            f"<td{_CLASS[n]}>{_cell(column[place], d)}</td>"
            for column, n, d in zip(columns, numeric, decimals, strict=True)
        )
        marked = ' class="marked"' if place in table.marked else ""
        body.append(f"<tr{marked}>{cells}</tr>\n")
    return (
        f'<div class="tables" role="region" aria-label="{shown(table.caption)}" tabindex="0">'
        f"<table>\n<caption>{shown(table.caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{''.join(body)}</tbody>\n</table></div>\n"
    )


_CLASS = {True: ' class="n"', False: ""}


def _shown_rows(table: Table) -> Iterable[int]:
    """Return the rows to show: all, or the first, the last and marked ones between them."""
    count = len(table.rows)
    if count <= MOST_ROWS:
        return range(count)
    third = MOST_ROWS // 3
    inner = sorted(n for n in table.marked if third <= n < count - third)[:third]
    return [*range(third), *inner, *range(count - third, count)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_numeric(column: Sequence[object]) -> bool:
    known = [value for value in column if value is not None and value != ""]
    return bool(known) and all(_is_number(value) for value in known)


def _decimals(column: Sequence[Any]) -> int:
    """Return the decimals that give the largest number of a column its significant digits."""
    if all(value is None or isinstance(value, int) for value in column):
        return 0
    known = [abs(v) for v in column if _is_number(v) and math.isfinite(v) and v != 0]
    if not known:
        return 1
    most = min(9, max(3, _SIGNIFICANT - 1 - math.floor(math.log10(max(known)))))
    needed = (f"{v:.{most}f}".partition(".")[2].rstrip("0") for v in known)
    return max(len(digits) for digits in needed)


def _cell(value: object, decimals: int) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, float):
        text = f"{value:.{decimals}f}"
        return text.replace("-", "−") if float(text) else text.replace("-", "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:.{decimals}f}".replace("-", "−") if decimals else str(value)
    return shown(value)


# --- findings and foot ---------------------------------------------------------------------------


def _finding(finding: Finding | Mapping[str, Any]) -> str:
    def part(name: str) -> str:
        mapped = finding if isinstance(finding, Mapping) else None
        value = mapped.get(name) if mapped is not None else getattr(finding, name, None)
        return "" if value is None else str(value)

    severity = _SEVERITIES.get(part("severity"), part("severity"))
    head = ": ".join(words for words in (severity, part("message")) if words)
    lines = [f"<p><strong>{shown(head)}</strong></p>\n"]
    if part("advice"):
        lines.append(f"<p>{shown(part('advice'))}</p>\n")
    notes = [part("code"), part("place"), part("basis")]
    lines.append(f'<p class="note">{shown(" · ".join(n for n in notes if n))}</p>\n')
    return f'<div class="finding">\n{"".join(lines)}</div>\n'


def _footer(facts: Mapping[str, Any]) -> str:
    entries = "".join(
        f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>\n"
        for name, value in facts.items()
        if value not in (None, "")
    )
    return f"<footer>\n<dl>\n{entries}</dl>\n</footer>\n" if entries else ""


# --- an evaluation -------------------------------------------------------------------------------


def evaluation_page(content: Mapping[str, Any]) -> str:
    """Return the page of an evaluation, from plain data; whatever is missing is left out.

    Parameters
    ----------
    content : mapping
        ``title``, ``subtitle``, ``statement`` (the verdict in words), ``assumptions`` (texts),
        ``rows`` (mappings of heading to value, one a row), ``rows_caption``, ``tables``
        (of `Table`), ``charts`` (of `Chart`, or a mapping to them), ``findings``, ``footer``
        (mapping: act, hash, convention, version).
    """
    charts = content.get("charts") or ()
    charts = list(charts.values()) if isinstance(charts, Mapping) else list(charts)
    tables = list(content.get("tables") or ())
    rows = list(content.get("rows") or ())
    if rows:
        heads = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[row.get(name) for name in heads] for row in rows]
        tables.insert(0, Table(str(content.get("rows_caption") or "Balances"), heads, cells))
    statement, assumptions = content.get("statement"), texts(content.get("assumptions"))
    findings = list(content.get("findings") or ())
    sections = [
        Section("Result", [Paragraph(str(statement), prominent=True)] if statement else []),
        Section("Assumptions", [Points(assumptions)] if assumptions else []),
        Section("Findings", [Findings(findings)] if findings else []),
        Section("Charts", charts),
        Section("Numbers", tables),
    ]
    return page(
        str(content.get("title") or "Evaluation"),
        sections,
        subtitle=str(content.get("subtitle") or ""),
        footer=content.get("footer"),
    )


def texts(value: object) -> list[str]:
    """Return texts from a list of them, or from one text with a line for each."""
    if value is None:
        return []
    lines = value.splitlines() if isinstance(value, str) else value
    found = [str(line) for line in lines] if isinstance(lines, Iterable) else [str(lines)]
    return [line for line in found if line.strip()]
