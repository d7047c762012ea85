"""A report as a printed document: A4, typeset, with the checkpoint of the act behind it.

The layout is the template ``data/report.typ``. What the report says reaches it as data and is set
as text, never read as markup, so no batch name or note can change the page. Fonts are those that
keiryo ships and never the machine's; the time of the document is that of the act. The same act
gives the same bytes, in English or Japanese.
"""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from typing import Any

from keiryo.dates import parse_utc
from keiryo.issuing.copies import ReportCopy
from keiryo.issuing.output import (
    Row,
    Words,
    header_lines,
    legend,
    measurement_text,
    rows,
    status_text,
    sums,
    trace_lines,
)
from keiryo.quantities import Category, format_weight

_PORTRAIT_WEIGHTS = 5
"""Columns of weights that a balance in portrait has room for."""

_PORTRAIT_PT = 500.0
"""Width of the text on A4 upright, in points."""
_LETTER_PT, _GUTTER_PT = 5.6, 7.2
_LEGEND_BYTES = 130
"""Letters, at two bytes, that one line of a legend holds."""
_FIXED_PT = {"kmp": 36.0, "items": 44.0, "mdc": 57.0, "measurement": 32.0, "category": 43.0}
"""Widths of columns that the template fixes, in points."""

Cell = dict[str, str]


def as_pdf(copy: ReportCopy, language: str = "en") -> bytes:
    """Return a report as the bytes of a PDF file.

    Parameters
    ----------
    copy : ReportCopy
    language : {"en", "ja"}
    """
    return _compiled(copy, language, "pdf")[0]


def as_images(copy: ReportCopy, language: str = "en", *, dots_per_inch: float = 96) -> list[bytes]:
    """Return the pages of the printed document as PNG images."""
    return _compiled(copy, language, "png", dots_per_inch)


def _compiled(
    copy: ReportCopy, language: str, form: Any, dots_per_inch: float | None = None
) -> list[bytes]:
    import typst

    content = json.dumps(document(copy, language), ensure_ascii=False)
    with as_file(files("keiryo.data")) as folder:
        made: Any = typst.compile(
            folder / "report.typ",
            root=folder,
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,
            format=form,
            ppi=dots_per_inch,
            sys_inputs={"document": content},
            timestamp=int(parse_utc(copy.act.recorded_at).timestamp()),
        )
    return list(made) if isinstance(made, list) else [bytes(made)]


def document(copy: ReportCopy, language: str = "en") -> dict[str, Any]:
    """Return all that the template sets, as plain data: every leaf is text."""
    words = Words(language)
    report = copy.report
    matrix = report.type == "M" and all(entry.status == "N" for entry in report.entries)
    table = _matrix(copy, words) if matrix else _listing(copy, words)
    named = ("series", "basis", "notes", "legend", "prepared_by", "approved_by", "name", "sign",
             "day", "page", "of", "sums")  # fmt: skip
    return {
        "language": language,
        "title": words[f"title_{report.type or 'T'}"],
        "key": report.key,
        "landscape": _is_wide(table),
        "words": {name: words[name] for name in named},
        "header": header_lines(copy, words),
        "empty": _empty(copy, words),
        "table": table,
        "sums": _sum_rows(copy, words),
        "notes": [(_note_on(words, note.on_entry), note.text or "") for note in report.notes],
        "legend": _two_columns(_needed(legend(copy, words), words, matrix)),
        "trace": trace_lines(copy, words),
    }


def _empty(copy: ReportCopy, words: Words) -> str:
    entries = copy.report.entries
    if not entries or any(entry.status != "U" for entry in entries):
        return ""
    return words["empty_P" if copy.report.type == "P" else "empty"]


def _note_on(words: Words, entry: int | None) -> str:
    return words["on_report"] if entry is None else f"{words['on_entry']} {entry}"


def _is_wide(table: dict[str, Any]) -> bool:
    """Whether a table needs the long side of the paper, by the letters in its columns."""
    if not table or table["kind"] == "matrix":
        return len(table.get("heads", ())) > _PORTRAIT_WEIGHTS
    needed_pt = 0.0
    for number, column in enumerate(table["columns"]):
        if column["name"] in _FIXED_PT:
            needed_pt += _FIXED_PT[column["name"]]
            continue
        texts = ["".join(row["cells"][number].values()) for row in table["rows"]]
        letters = max(len(text) for text in [*texts, *column["head"].split("\n")])
        needed_pt += _LETTER_PT * letters + _GUTTER_PT
    return needed_pt > _PORTRAIT_PT


Sections = list[tuple[str, list[tuple[str, str]]]]


def _needed(sections: Sections, words: Words, matrix: bool) -> Sections:
    """Leave out what the table itself says in words."""
    said = {words[name] for name in ("legend_code", "legend_category", "legend_status") if matrix}
    return [section for section in sections if section[0] not in said]


def _two_columns(sections: Sections) -> list[Sections]:
    """Divide sections into two columns of about the same length; one may go on in the second."""
    flat = [(title, pair) for title, pairs in sections for pair in pairs]
    titles = {pairs[0]: title for title, pairs in sections}
    lengths = [
        1 + (pair in titles) + len(pair[1].encode("utf-16-le")) // _LEGEND_BYTES for _, pair in flat
    ]
    cut = min(range(len(flat) + 1), key=lambda n: max(sum(lengths[:n]), sum(lengths[n:])))
    columns: list[Sections] = []
    for side in (flat[:cut], flat[cut:]):
        made: Sections = []
        for title, pair in side:
            if made and pair not in titles:
                made[-1][1].append(pair)
            else:
                made.append((title if pair in titles else "", [pair]))
        columns.append(made)
    return [made for made in columns if made]


def _plain(content: str) -> Cell:
    return {"text": content}


def _number(content: str, decimals: int) -> Cell:
    """Return a weight with what has to be left free behind it, so that decimal points align."""
    fraction = content.partition(".")[2]
    missing = "0" * (decimals - len(fraction)) if content else ""
    if missing and not fraction:
        missing = "." + missing
    return {"number": content, "pad": missing}


def _decimals(contents: list[str]) -> int:
    return max((len(content.partition(".")[2]) for content in contents), default=0)


def _sum_rows(copy: ReportCopy, words: Words) -> list[list[Cell]]:
    made = []
    for code, group in sums(copy):
        fissile = "" if group.fissile_mg is None else format_weight(group.fissile_mg, "g")
        element = format_weight(group.element_mg, group.category.unit)
        made.append((code, group, element, fissile))
    places = [_decimals([row[2] for row in made]), _decimals([row[3] for row in made])]
    return [
        [
            _plain(code),
            _plain(words.code(code) if code else ""),
            _plain(words.category(str(group.category))),
            _number(element, places[0]),
            _plain(group.category.unit),
            _number(fissile, places[1]),
            _plain(f"g {group.fissile_basis or ''}".strip() if fissile else ""),
        ]
        for code, group, element, fissile in made
    ]


# --- changes and listings: one row per entry and category ----------------------------------------


def _listing(copy: ReportCopy, words: Words) -> dict[str, Any]:
    entries = [entry for entry in copy.report.entries if entry.status != "U"]
    if not entries:
        return {}
    columns = {
        "I": ("entry", "status", "date", "code", "kmp", "batch", "parties", "items", "mdc",
              "measurement", "category", "element", "unit", "fissile", "isotope"),
        "P": ("entry", "status", "kmp", "batch", "items", "mdc", "measurement", "category",
              "element", "unit", "fissile", "isotope"),
    }.get(copy.report.type, ("entry", "status", "code", "meaning", "category", "element", "unit",
                             "fissile", "isotope"))  # fmt: skip
    made = list(rows(entries))
    places = {name: _decimals([getattr(row, name) for row in made])
              for name in ("element", "fissile")}  # fmt: skip
    body = []
    for row in made:
        cells = [_cell(row, name, words, places) for name in columns]
        body.append({"first": row.first, "cells": cells, "more": _more(row, words)})
    return {
        "kind": "listing",
        "columns": [{"head": words[name], "name": name} for name in columns],
        "rows": body,
    }


def _cell(row: Row, name: str, words: Words, places: dict[str, int]) -> Cell:
    entry = row.entry
    if name in places:
        return _number(getattr(row, name), places[name])
    if name == "category":
        return _plain(row.category)
    if name in ("unit", "isotope"):
        return _plain(getattr(row, name))
    if not row.first:
        return _plain("")
    contents = {
        "entry": str(entry.number),
        "status": status_text(entry),
        "date": entry.date.isoformat() if entry.date else "",
        "parties": " → ".join(filter(None, (entry.shipper, entry.receiver))),
        "items": "" if entry.items is None else str(entry.items),
        "measurement": measurement_text(entry),
        "meaning": words.code(entry.code or ""),
    }
    return _plain(contents[name] if name in contents else str(getattr(entry, name) or ""))


def _more(row: Row, words: Words) -> str:
    """Return what an entry says beyond its columns, for a line of its own below the row."""
    entry, parts = row.entry, []
    if row.isotopes:
        weights = ", ".join(f"{nuclide} {weight}" for nuclide, weight in row.isotopes)
        parts.append(f"{words['isotopes']}: {weights}")
    if row.first:
        if entry.shipper_batch and entry.shipper_batch != entry.batch:
            parts.append(f"{words['shipper_batch']}: {entry.shipper_batch}")
        if entry.description:
            parts.append(f"{words['description']}: {entry.description}")
        if entry.state_record_id:
            parts.append(f"{words['record_id']}: {entry.state_record_id}")
        if entry.status == "D":
            parts.append(words["deleted"])
        if entry.note_indicator:
            parts.append(words["note_mark"])
    return "    ".join(parts)


# --- balances: one row per code, one column per weight -------------------------------------------


def _matrix(copy: ReportCopy, words: Words) -> dict[str, Any]:
    entries = copy.report.entries
    groups = [(entry, {g.category: g for g in entry.groups()}) for entry in entries]
    present = [c for c in Category if any(c in by for _, by in groups)]
    columns: list[tuple[Category, str]] = []
    for category in present:
        columns.append((category, "element"))
        if any(by[category].fissile_mg is not None for _, by in groups if category in by):
            columns.append((category, "fissile"))
    texts = [[_weight(by, category, what) for category, what in columns] for _, by in groups]
    places = [_decimals([line[n] for line in texts]) for n in range(len(columns))]
    bases = {category: _basis(groups, category) for category in present}
    heads = [
        category.unit if what == "element" else f"{bases[category] or words['fissile_short']} g"
        for category, what in columns
    ]
    return {
        "kind": "matrix",
        "columns": [{"head": words[name], "name": name} for name in ("code", "meaning")],
        "categories": [
            {"name": words.category(str(c)), "span": str(sum(1 for k, _ in columns if k == c))}
            for c in present
        ],
        "heads": heads,
        "rows": [
            {
                "code": entry.code or "",
                "meaning": words.code(entry.code or ""),
                "numbers": [_number(t, p) for t, p in zip(line, places, strict=True)],
            }
            for entry, line in zip(entries, texts, strict=True)
        ],
    }


def _weight(by_category: dict[Category, Any], category: Category, what: str) -> str:
    group = by_category.get(category)
    if group is None:
        return ""
    mg = group.element_mg if what == "element" else group.fissile_mg
    return "" if mg is None else format_weight(mg, category.unit if what == "element" else "g")


def _basis(groups: list[tuple[Any, dict[Category, Any]]], category: Category) -> str:
    found = {by[category].fissile_basis for _, by in groups if category in by}
    named = sorted(basis for basis in found if basis)
    return named[0] if len(named) == 1 else ""
