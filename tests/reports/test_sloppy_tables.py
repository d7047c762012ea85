"""Spreadsheets by people who have not read the manual: every answer, word by word.

The files lie in ``tests/cases/spreadsheets``, with a README that says what is odd about each.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from keiryo.errors import Finding
from keiryo.reports.formats import table_rules
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_reader import ReadResult
from keiryo.reports.formats.finding_groups import row_names
from keiryo.reports.formats.report_json import write_json
from keiryo.reports.formats.table_places import located
from keiryo.reports.formats.table_writer import write_tables
from keiryo.reports.formats.templates import meaning
from keiryo.reports.model import Report
from keiryo.reports.questions.check import check_set, in_order
from table_inputs import TITLES, csv_file, good, table, workbook

CASES = Path(__file__).parent.parent / "cases" / "spreadsheets"
EXPECTED = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
STATE = Path(table_rules.__file__).parents[2] / "data" / "state_xa"


def checked(files: Sequence[tuple[str, bytes]]) -> tuple[ReadResult, list[Finding]]:
    result = read_any(files)
    found = [*result.findings, *check_set(result.reports, None)]
    return result, located(in_order(found), result.places)


def told(findings: Sequence[Finding]) -> list[str]:
    return [f"{f.code} {f.severity.value} {f.place}: {f.message}" for f in findings]


@pytest.mark.parametrize("names", EXPECTED)
def test_every_answer(names: str) -> None:
    result, found = checked([(n, (CASES / n).read_bytes()) for n in names.split()])
    expected = EXPECTED[names]
    assert told(found) == expected["findings"]
    entries = [
        {"report": r.key, "row": e.line, "code": e.code, "day": e.date and str(e.date),
         "batch": e.batch, "items": e.items, "mg": e.weights_mg(),
         "asked": [*map(list, e.unreadable)]}
        for r in result.reports
        for e in r.entries
    ]  # fmt: skip
    assert entries == expected["entries"]
    for one in found:
        assert one.cell or one.code.startswith("FILE-"), one
        assert one.advice, one


def test_every_way_of_writing_state_xa_gives_the_findings_of_its_text() -> None:
    texts = [(path.name, path.read_bytes()) for path in sorted(STATE.glob("*.txt"))]
    reports = read_any(texts).reports

    def separated(report: Report, sign: str, encoding: str, *, commas: bool = False) -> bytes:
        rows = csv.reader(io.StringIO(write_tables(report, "csv").decode("utf-8-sig")))
        made = io.StringIO(newline="")
        writer = csv.writer(made, delimiter=sign)
        for row in rows:
            numbers = r"(-?\d+)\.(\d+)"
            writer.writerow([re.sub(f"^{numbers}$", r"\1,\2", c) if commas else c for c in row])
        return made.getvalue().encode(encoding)

    def answers(files: Sequence[tuple[str, bytes]]) -> list[tuple[object, ...]]:
        _, found = checked(files)
        return [(f.code, f.severity, f.mba, f.report, f.entry, f.label, f.message) for f in found]

    expected = answers(texts)
    ways = {
        "a.xlsx": lambda r: write_tables(r, "xlsx"),
        "a.csv": lambda r: write_tables(r, "csv"),
        "a.json": write_json,
        "shift-jis.csv": lambda r: separated(r, ",", "cp932"),
        "semicolons.csv": lambda r: separated(r, ";", "utf-8"),
        "utf-16.tsv": lambda r: separated(r, "\t", "utf-16"),
    }
    for name, write in ways.items():
        assert answers([(f"{r.number}-{name}", write(r)) for r in reports]) == expected, name
    # With decimal commas more is said, and nothing is asked that is clear.
    files = [(f"{r.mba}-{r.number}.csv", separated(r, ";", "utf-8", commas=True)) for r in reports]
    more = [answer for answer in answers(files) if answer not in expected]
    assert {(code, str(severity)) for code, severity, *_ in more} <= {
        ("CELL-READ-AS", "I"),
        ("CELL-NUMBER-UNCLEAR", "W"),
        ("CELL-NUMBER-UNCLEAR", "F"),
    }
    read = read_any(files).reports
    for one, other in zip(reports, read, strict=True):
        for first, second in zip(one.entries, other.entries, strict=True):
            asked = {label for label, _ in second.unreadable}
            assert {k: v for k, v in first.weights_mg().items() if k not in asked} == (
                second.weights_mg()
            )


def test_findings_of_the_rules_name_sheet_row_and_column() -> None:
    data = workbook(A=table(good()), B=table(good(batch="B2", u235=2e6), good(batch="B3", mdc="X")))
    _, found = checked([("x.xlsx", data)])
    assert [(f.code, f.cell, f.entry) for f in found] == [
        ("ISO-GT-ELEM", "B row 12 column L", 2),
        ("MDC-INVALID", "B row 13 column I", 3),
    ]
    _, found = checked([("x.csv", csv_file(table(good(), titles=[*TITLES[:3], "?", *TITLES[4:]])))])
    assert [(f.code, f.cell) for f in found] == [("TABLE-COLUMN", "row 11 column D")]
    entry = {
        "number": 1,
        "code": "RF",
        "date": "2025-04-12",
        "weights": {"630": "1 g", "670": "2 g"},
    }
    report = {"country": "XA", "number": 1, "type": "I", "mba": "XAFA", "entries": [entry]}
    data = json.dumps({"format": "keiryo-report", "version": 1, "reports": [report]}).encode()
    _, found = checked([("x.json", data)])
    cells = {f.code: f.cell for f in found}
    assert cells["ISO-GT-ELEM"] == "$.reports[0].entries[0].weights.670"


@pytest.mark.parametrize("form", ["x.xlsx", "x.csv"])
def test_ten_thousand_findings_are_all_there(form: str) -> None:
    rows = table(*(good(batch=f"B{n}", u235="1,234", code="rf") for n in range(10_000)))
    result = read_any([(form, workbook(rows) if form == "x.xlsx" else csv_file(rows))])
    asked = [f for f in result.findings if f.severity == "F"]
    assert len(asked) == len({f.cell for f in asked}) == 10_000
    (capitals,) = (f for f in result.findings if f.severity != "F")
    assert capitals.message == "'rf' was read as 'RF'; likewise in rows 13 to 10011"


@pytest.mark.parametrize(
    ("title", "name", "unit"),
    [
        ("Chargenname", "batch", None), ("Materialbeschreibung", "mdc", None),
        ("Abgereichertes Uran [kg]", "620", "kg"), ("Weight of U-235 (g)", "670", "g"),
        ("Plutonium mass, g", "700", "g"), ("U-235重量（ｇ）", "670", "g"),
        ("バッチ名 Batch name", "batch", None), ("濃縮ウラン / Enriched uranium (g)", "630", "g"),
        ("払出先", "receiver", None), ("受払区分", "code", None),
        # What only looks like a weight, or could be two things, is not taken for one.
        ("U-235 濃縮度", None, None), ("U-235 enrichment", None, None), ("Menge", None, None),
        ("Plutonium (Pu-239)", None, None), ("Shipper/receiver", None, None),
    ],
)  # fmt: skip
def test_titles_of_own_tables(title: str, name: str | None, unit: str | None) -> None:
    known = meaning(title)
    assert (known.column and known.column.name, known.unit) == (name, unit)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("import", "RF", ["CELL-READ-AS W 'import' was read as RF (import)"]),
        ("Export", "SF", ["CELL-READ-AS W 'Export' was read as SF (export)"]),
        ("import (RF)", "RF", ["CELL-READ-AS I 'import (RF)' was read as RF"]),
        ("rf - Import", "RF", ["CELL-READ-AS I 'rf - Import' was read as RF"]),
        ("measured discard", "LD", ["CELL-READ-AS W 'measured discard' was read as LD (measured "
                                    "discard)"]),
        ("Rebatching", None, ["IC-UNKNOWN F 'Rebatching' can be RM (rebatching, decrease of the "
                              "batch) or RP (rebatching, increase of the batch)"]),
        ("in transit", "in transit", []),  # judged by the rules
    ],
)  # fmt: skip
def test_words_for_codes(text: str, code: str | None, words: list[str]) -> None:
    result = read_any([("x.csv", csv_file(table(good(code=text))))])
    assert result.reports[0].entries[0].code == code
    assert [f"{f.code} {f.severity.value} {f.message}" for f in result.findings] == words


def test_merged_weights_are_not_given_to_every_row() -> None:
    def merged(book: object, page: object) -> None:
        for column in (1, 10):
            page.merge_range(11, column, 12, column, "RF" if column == 1 else 5)  # type: ignore[attr-defined]

    data = workbook(
        table(good(uranium=5), good(batch="B2", code=None, uranium=None)), change=merged
    )
    result = read_any([("x.xlsx", data)])
    assert [(e.code, e.weights_mg().get("630")) for e in result.reports[0].entries] == [
        ("RF", 5000), ("RF", None),
    ]  # fmt: skip
    assert [f.message for f in result.findings] == [
        "the cells K12:K13 are merged; what they say counts for row 12 of 'Enriched uranium (g)' "
        "only",
        "the cells B12:B13 are merged; what they say was read for each of the rows 12 to 13",
    ]


def test_a_copied_sheet_counts_once_and_a_changed_copy_does_not_hide() -> None:
    same = workbook(A=table(good(), good(batch="B2")), B=table(good(), good(batch="B2")))
    (report,), found, _ = read_any([("x.xlsx", same)])
    assert len(report.entries) == 2 and [f.cell for f in found] == ["B"]
    changed = workbook(A=table(good(), good(batch="B2")), B=table(good(), good(batch="B3")))
    (report,), found, _ = read_any([("x.xlsx", changed)])
    assert len(report.entries) == 4 and found == ()


def test_rows_in_words() -> None:
    assert row_names([7]) == "row 7"
    assert row_names([7, 8]) == "rows 7 and 8"
    assert row_names(range(7, 30)) == "rows 7 to 29"
    assert row_names(range(1, 100, 2)) == "rows 1, 3, 5, 7, 9, 11, 13, 15 and 42 more"
