"""Statements to partners and reports per supplier party as files: JSON, CSV, PDF.

The PDF is set by ``data/obligation_statement.typ`` in the font that keiryo ships; what people wrote
reaches it as data and is never read as markup. The same books give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from keiryo.data import read_table
from keiryo.errors import UsageError
from keiryo.obligations.annual_statement import AnnualStatement
from keiryo.obligations.supplier_reports import SupplierReport

LANGUAGES = ("en", "ja")
STATEMENT_COLUMNS = ("category", "place_group", "line", "amount", "unit")
_RIGHT = ("amount", "quantity", "element_mg", "ordinary_mg", "by_party_mg", "previous_closing")
_RIGHT_TOO = ("correction", "opening")
_WIDE = ("category", "place_group", "line", "other_party", "reason", "decision", "labels", "batch")


def words_in(language: str) -> Mapping[str, str]:
    """Return the fixed words of statements in a language; what is not among them stays.

    Raises
    ------
    UsageError
        If there are none in that language.
    """
    if language not in LANGUAGES:
        raise UsageError(
            f"there are no statements in {language[:20]!r}", f"One of {', '.join(LANGUAGES)}."
        )
    return _texts()[language]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return read_table("obligation_statement")


def as_json(told: object) -> bytes:
    """Return a statement or reports as JSON."""
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Return rows as CSV in UTF-8, lists joined by blanks."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return made.getvalue().encode()


def statement_pdf(statement: AnnualStatement, language: str = "en") -> bytes:
    """Return a statement as the bytes of a PDF file."""
    return _pdf(statement_document(statement, language))


def supplier_pdf(reports: Sequence[SupplierReport], language: str = "en") -> bytes:
    """Return the reports of an area as the bytes of a PDF file: content, no layout of a form."""
    return _pdf(supplier_document(reports, language))


def statement_document(statement: AnnualStatement, language: str = "en") -> dict[str, Any]:
    """Return all that a statement says, as plain data: every leaf is text."""
    words, told = words_in(language), statement.to_dict()
    names = ("partner_name", "agreement_words", "year", "unit", "issue", "author", "through_act")
    lists = {
        "transfers": (
            "date",
            "direction",
            "other_party",
            "mba",
            "category",
            "quantity",
            "consents",
        ),
        "exchanges": ("date", "exchange", "change", "mba", "category", "quantity", "consents"),
        "corrections": ("category", "place_group", "previous_closing", "correction", "opening"),
        "correcting": ("act", "category", "quantity"),
        "ended": ("date", "what", "mba", "category", "quantity", "decision"),
    }
    sections = [_section(words, "lines", told["lines"], STATEMENT_COLUMNS, "lines_note")]
    sections += [
        _section(words, name, told[name], columns)
        for name, columns in lists.items()
        if told[name] or name in ("transfers", "exchanges", "ended")
    ]
    if statement.peaceful_use:
        sections.append(_section(words, "peaceful_use", [], ()) | {"note": statement.peaceful_use})
    return {
        "language": language,
        "title": words["statement"],
        "subtitle": f"{statement.label.code} · {statement.year}",
        "header": [[words[name], _cell(told[name])] for name in names if told[name] is not None],
        "sections": sections,
        "trace": [[words["through_act"], str(statement.through_act)]],
        "words": {name: words[name] for name in ("page", "of")},
    }


def supplier_document(reports: Sequence[SupplierReport], language: str = "en") -> dict[str, Any]:
    """Return all that reports per supplier party say, as plain data: every leaf is text."""
    words = words_in(language)
    sections = []
    for one in reports:
        told = one.to_dict()
        paragraphs = ", ".join(map(str, told["paragraphs"]))
        note = "\n".join(
            f"{words[name]}: {_cell(told[name])}" for name in ("forms", "from", "to", "due")
        )
        columns = ("date", "what", "direction", "batch", "category", "labels", "element_mg")
        made = _section(words, "report_lines", told["lines"], columns)
        sections.append(made | {"title": f"({paragraphs}) {told['title']}", "note": note})
        if told["agreement"]:
            agreed = ("what", "category", "ordinary_mg", "by_party_mg", "agrees")
            sections.append(_section(words, "agreement", told["agreement"], agreed))
    mba = reports[0].mba if reports else ""
    through = str(reports[0].through_act) if reports else ""
    return {
        "language": language,
        "title": words["supplier_reports"],
        "subtitle": mba,
        "header": [[words["layout"], words["layout_note"]]],
        "sections": sections,
        "trace": [[words["through_act"], through]],
        "words": {name: words[name] for name in ("page", "of")},
    }


def _section(
    words: Mapping[str, str],
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    note: str | None = None,
) -> dict[str, Any]:
    said = words[note] if note else ""
    return {
        "title": words[title],
        "note": said if rows or not columns else words["none"],
        "heads": [words[name] for name in columns],
        "rows": [[_said(words, row.get(name)) for name in columns] for row in rows],
        "right": [n for n, name in enumerate(columns) if name in (*_RIGHT, *_RIGHT_TOO)],
        "narrow": [n for n, name in enumerate(columns) if name not in _WIDE],
    }


def _said(words: Mapping[str, str], value: Any) -> str:
    """Return a value as it is shown: fixed words in the language, all else as it is."""
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    text = _cell(value)
    return words.get(text, text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _pdf(document: Mapping[str, Any]) -> bytes:
    import typst

    with as_file(files("keiryo.data")) as folder:
        made: Any = typst.compile(
            folder / "obligation_statement.typ",
            root=folder,
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": json.dumps(document, ensure_ascii=False)},
            timestamp=0,
        )
    return bytes(made)
