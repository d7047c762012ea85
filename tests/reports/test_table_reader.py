"""Tables as people fill them in: what is understood, what is asked for, and what never breaks."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import Finding, Severity
from keiryo.reports.formats import table_rules, xlsx_reader
from keiryo.reports.formats.any_reader import kind_of, read_any
from keiryo.reports.formats.cell_days import UnclearDay, read_day
from keiryo.reports.formats.cell_numbers import NotClear, read_number, signs_of
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.formats.report_json import write_json
from keiryo.reports.formats.table_rules import TABLE_RULES
from keiryo.reports.formats.table_writer import write_tables, write_template
from keiryo.reports.model import Entry, Report
from keiryo.reports.rules import check_report
from table_inputs import COLUMN, HEAD, TITLES, csv_file, good, part_of, table, with_part, workbook

DAY = datetime.date(2025, 4, 12)
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def told(findings: tuple[Finding, ...]) -> list[str]:
    """Return findings with their place in the file; the place in the domain is tested apart."""
    bare = [replace(f, mba=None, report=None, entry=None) for f in findings]
    return [f"{f.code} {f.severity.value} {f.place}: {f.message}" for f in bare]


def read(data: bytes, name: str = "x.xlsx") -> tuple[tuple[Report, ...], list[str]]:
    result = read_any([(name, data)])
    return result.reports, told(result.findings)


def one(data: bytes, name: str = "x.xlsx") -> tuple[Report, list[str]]:
    (report,), found = read(data, name)
    return report, found


def test_a_table_filled_in_as_it_should_be_gives_no_finding() -> None:
    for data, name in (
        (workbook(table(good(), good(batch="CYL-0002"))), "x.xlsx"),
        (csv_file(table(good(), good(batch="CYL-0002"))), "x.csv"),
    ):
        report, found = one(data, name)
        assert found == [] and check_report(report) == []
        assert report.key == "XA/XAFA/104"
        assert [entry.batch for entry in report.entries] == ["CYL-0001", "CYL-0002"]
        assert [(e.file, e.line) for e in report.entries] == [(name, 12), (name, 13)]
        assert report.entries[0].weights_mg() == {"630": 1_541_260_250, "670": 68_585_100}
        assert report.entries[0].date == DAY


# --- every finding has a smallest bad input -----------------------------------------------------


def merged(book: Any, page: Any) -> None:
    page.merge_range(11, 5, 12, 5, "CYL-0001")


def percent(book: Any, page: Any) -> None:
    page.write_number(11, COLUMN["U-235 (g)"], 0.045, book.add_format({"num_format": "0.0%"}))


def archive(**parts: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return data.getvalue()


def encrypted_archive() -> bytes:
    data = bytearray(archive(a=b"x"))
    data[6] |= 1  # local header
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # central directory
    return bytes(data)


def without_value(data: bytes) -> bytes:
    name = "xl/worksheets/sheet1.xml"
    return with_part(data, name, part_of(data, name).replace(b"</f><v>10</v>", b"</f>"))


ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<workbook xmlns="x"><sheets>&b;</sheets></workbook>'
)
WITHOUT_KIND = HEAD[1:]
PLUTONIUM = [*TITLES[:10], "Plutonium", "Note"]

CASES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "FILE-KIND": ("x.pdf", lambda: b"%PDF-1.7", "F x.pdf: the file is a PDF file"),
    "FILE-OLD-EXCEL": (
        "x.xls", lambda: OLE + bytes(600),
        "F x.xls: the file is a workbook in the old binary format (.xls)",
    ),
    "FILE-ENCRYPTED": (
        "x.xlsx", lambda: OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "F x.xlsx: the workbook is protected by a password",
    ),
    "FILE-DAMAGED": (
        "x.xlsx", lambda: workbook(table(good()))[:-100],
        "F x.xlsx: the workbook cannot be unpacked; parts are missing or damaged",
    ),
    "FILE-UNPACKED": (
        "x.xlsx", lambda: with_part(workbook(table(good())), "xl/sharedStrings.xml", bytes(2**20)),
        "F x.xlsx: the workbook unpacks to more than 0 MB or 1000000 cells",
    ),
    "FILE-ENTITY": (
        "x.xlsx", lambda: with_part(workbook(table(good())), "xl/workbook.xml", ENTITY),
        "F x.xlsx: a part of the workbook declares a document type or entities",
    ),
    "FILE-ENCODING": (
        "x.csv", lambda: csv_file(table(good(batch="GEHÄUSE")), encoding="latin-1"),
        "W x.csv: the file is not UTF-8; it was read as Western (Windows-1252)",
    ),
    "FILE-MACRO": (
        "x.xlsm", lambda: with_part(workbook(table(good())), "xl/vbaProject.bin", b"x"),
        "I x.xlsm: the workbook holds macros",
    ),
    "FILE-LINK": (
        "x.xlsx", lambda: with_part(workbook(table(good())), "xl/externalLinks/e1.xml", b"<e/>"),
        "W x.xlsx: the workbook refers to other workbooks",
    ),
    "TABLE-NONE": (
        "x.csv", lambda: b"a,b\r\n1,2\r\n",
        "F x.csv: no row with the column titles of a template was found",
    ),
    "TABLE-SHEET": (
        "x.xlsx", lambda: workbook(Receipts=table(good()), Remarks=[["hello"]]),
        "W x.xlsx Remarks: the sheet 'Remarks' holds no table of reports",
    ),
    "TABLE-HIDDEN": (
        "x.xlsx",
        lambda: workbook(
            table(good()), change=lambda book, page: page.set_row(11, None, None, {"hidden": True})
        ),
        "W x.xlsx Receipts row 12: the row is hidden; it was read",
    ),
    "TABLE-TWO-HEADERS": (
        "x.csv",
        lambda: csv_file(table([None] * 10 + ["(g)", "(g)"], good())),
        "I x.csv row 11: the titles in rows 11 and 12 were read together",
    ),
    "TABLE-COLUMN": (
        "x.csv", lambda: csv_file(table([*good(), "red"], titles=[*TITLES, "Colour"])),
        "W x.csv row 11 column N: the column 'Colour' is not known; it was not read",
    ),
    "TABLE-COLUMN-SPELLING": (
        "x.csv",
        lambda: csv_file(table(good(), titles=[*TITLES[:5], "Bach name", *TITLES[6:]])),
        "W x.csv row 11 column F: the column title 'Bach name' was read as 'Batch name'",
    ),
    "TABLE-COLUMN-DUP": (
        "x.csv", lambda: csv_file(table([*good(), 5], titles=[*TITLES, "U235 (g)"])),
        "F x.csv row 11 column N label 670: the column 'U235 (g)' means the same as the one at "
        "row 11 column L: U-235 (g)",
    ),
    "TABLE-COLUMN-UNCLEAR": (
        "x.csv", lambda: csv_file(table([*good(), 5], titles=[*TITLES, "Uranium (g)"])),
        "F x.csv row 11 column N: the column 'Uranium (g)' does not say which element and "
        "category it weighs",
    ),
    "TABLE-UNIT": (
        "x.csv", lambda: csv_file(table([*good()[:10], 5], titles=PLUTONIUM)),
        "F x.csv row 11 column K label 700: the column 'Plutonium' does not say whether it is in "
        "g or in kg; it was not read",
    ),
    "TABLE-HEADER": (
        "x.csv", lambda: csv_file(table(good(), head=[*HEAD[:3], *HEAD[4:]])),
        "F x.csv row 10 label 307: MBA is missing above the table",
    ),
    "TABLE-KIND": (
        "x.csv", lambda: csv_file(table(good(), head=WITHOUT_KIND)),
        "W x.csv row 10: the head does not say which kind of table this is; it was read as an "
        "inventory change report",
    ),
    "TABLE-EMPTY": (
        "x.csv", lambda: csv_file(table()),
        "F x.csv row 11: no row under the column titles is an entry",
    ),
    "TABLE-SOURCE": (
        "x.csv", lambda: csv_file(table(good(), head=[*HEAD[:4], *HEAD[5:]])),
        "F x.csv: there is no report number; the 1 rows are lines of the facility for XAFA",
    ),
    "TABLE-TOTAL": (
        "x.csv", lambda: csv_file(table(good(), ["Total", *[None] * 9, 1541260.25])),
        "W x.csv row 13: the row holds totals; it was not read",
    ),
    "TABLE-STRAY": (
        "x.csv", lambda: csv_file(table(good(), [], [*[None] * 5, "Please check"])),
        "W x.csv row 14: the row holds 'Please check' and is no entry",
    ),
    "TABLE-RAGGED": (
        "x.csv",
        lambda: csv_file(table(good(uranium=12), good())).replace(b",12,68585.1,", b",12,5,685,1,"),
        "F x.csv row 12: the row has 15 cells, but there are 13 columns",
    ),
    "TABLE-MERGED": (
        "x.xlsx", lambda: workbook(table(good(), good(batch=None)), change=merged),
        "W x.xlsx Receipts row 12 column F: the cells F12:F13 are merged; what they say counts "
        "for row 12 of 'Batch name' only",
    ),
    "CELL-FORMULA": (
        "x.xlsx", lambda: workbook(table(good(uranium=("=2*5", 10)))),
        "W x.xlsx Receipts row 12 column K label 630: '10' is the value of a formula",
    ),
    "CELL-NO-VALUE": (
        "x.xlsx", lambda: without_value(workbook(table(good(uranium=("=2*5", 10))))),
        "F x.xlsx Receipts row 12 column K label 630: the formula in this cell has no stored "
        "value",
    ),
    "CELL-ERROR": (
        "x.xlsx", lambda: workbook(table(good(uranium=("=1/0", "#DIV/0!")))),
        "F x.xlsx Receipts row 12 column K label 630: the cell shows #DIV/0!, no value",
    ),
    "CELL-READ-AS": (
        "x.csv", lambda: csv_file(table(good(date="令和7年4月12日"))),
        "I x.csv row 12 column A label 412: '令和7年4月12日' was read as 2025-04-12",
    ),
    "CELL-CAPITALS": (
        "x.csv", lambda: csv_file(table(good(code="rf"))),
        "W x.csv row 12 column B label 411: 'rf' was read as 'RF'",
    ),
    "CELL-THOUSANDS": (
        "x.csv", lambda: csv_file(table(good(uranium="1,541,260.25"))),
        "W x.csv row 12 column K label 630: '1,541,260.25' was read as 1541260.25 g",
    ),
    "CELL-NUMBER-UNCLEAR": (
        "x.csv", lambda: csv_file(table(good(u235="1,234"))),
        "F x.csv row 12 column L label 670: '1,234' can be 1234 or 1.234",
    ),
    "CELL-DATE-UNCLEAR": (
        "x.csv", lambda: csv_file(table(good(date="03/04/2025"))),
        "F x.csv row 12 column A label 412: '03/04/2025' can be 2025-04-03 or 2025-03-04",
    ),
    "CELL-DATE-NUMBER": (
        "x.xlsx", lambda: workbook(table(good(date=45759))),
        "W x.xlsx Receipts row 12 column A label 412: the number 45759 was read as the day "
        "2025-04-12",
    ),
    "CELL-IS-DATE": (
        "x.xlsx", lambda: workbook(table(good(batch=datetime.date(2025, 1, 2)))),
        "F x.xlsx Receipts row 12 column F label 446: '2025-01-02' is a date, but 'Batch name' is "
        "no day",
    ),
    "CELL-PERCENT": (
        "x.xlsx", lambda: workbook(table(good()), change=percent),
        "F x.xlsx Receipts row 12 column L label 670: '0.045' is a percentage, not a weight",
    ),
    "JSON-SYNTAX": (
        "x.json", lambda: b"{",
        "F x.json line 1 column 2: the file cannot be read as JSON: Expecting property name "
        "enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    "JSON-SHAPE": (
        "x.json", lambda: b'{"format": "keiryo-report", "version": 1, "reports": {}}',
        "F x.json $.reports: an array is asked for here",
    ),
}  # fmt: skip


def test_every_code_has_a_case() -> None:
    assert list(CASES) == list(TABLE_RULES)


@pytest.mark.parametrize("code", CASES)
def test_smallest_bad_input(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, made, expected = CASES[code]
    if code == "FILE-UNPACKED":
        monkeypatch.setattr(xlsx_reader, "MAX_UNPACKED_BYTES", 2**19)
    findings = read_any([(name, made())]).findings
    assert told(findings) == [f"{code} {expected}"]
    assert all(f.advice and f.basis for f in findings)


# --- a spreadsheet by someone who has not read the manual ---------------------------------------


def test_a_sloppy_japanese_sheet() -> None:
    rows = [
        ["核燃料物質 受入報告"],
        ["様式", "Receipts"],
        ["国", "ＸＡ", None, "施設", "XAF-"],
        ["MBA：ＸＡＦＡ"],
        ["報告番号", "１０４"],
        ["報告年月日", "令和7年5月12日"],
        ["作成者", "ITO, K."],
        ["報告期間", "R7.4.1 〜 R7.4.30"],
        [],
        ["バッチ名", "変更年月日", "変更コード", "供給者", "主要測定点", "供給者バッチ名", "個数",
         "物質記述", "測定基準", "濃縮ウラン（ｇ）", "ウラン235（g）", "備考"],
        ["CYL-0001", "R7.4.12", "ＲＦ", "XB/XBEA", "１", "B-77", "１", "OGRB", "N",
         "１５４１２６０．２５", "68585.1", None],
        ["CYL-0002", "20250413", "rf", "xb / xbea", 1, "B-78", "1個"[:1], "O/G/R/B", "n",
         1541260.5, 68585.5, "ok"],
        ["合計", None, None, None, None, None, 2, None, None, 3082520.75, 137170.6],
    ]  # fmt: skip
    report, found = one(workbook(rows))
    assert check_report(report) == []
    assert report.key == "XA/XAFA/104"
    assert (report.period_from, report.period_to) == (
        datetime.date(2025, 4, 1), datetime.date(2025, 4, 30),
    )  # fmt: skip
    first, second = report.entries
    assert (first.code, first.date, first.kmp, first.items, first.mdc) == (
        "RF", DAY, "1", 1, "O/G/R/B",
    )  # fmt: skip
    assert first.receiver == "XA/XAFA" and second.shipper == "XB/XBEA"
    assert first.weights_mg() == {"630": 1_541_260_250, "670": 68_585_100}
    assert report.notes[0].text == "OK" and second.note_indicator
    assert {line.split()[0] for line in found} == {"CELL-READ-AS", "CELL-CAPITALS", "TABLE-TOTAL"}
    assert not any(line.split()[1] == "F" for line in found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(encoding: str, separator: str) -> None:
    titles = [*TITLES[:5], "バッチ名", *TITLES[6:]]
    rows = table(good(), titles=titles)
    report, found = one(csv_file(rows, separator, encoding), "x.csv")
    assert report.entries[0].batch == "CYL-0001"
    expected = ["FILE-ENCODING I x.csv: the file is not UTF-8; it was read as Japanese (Shift-JIS)"]
    assert found == (expected if encoding == "cp932" else [])


def test_semicolons_and_decimal_commas() -> None:
    rows = table(
        good(uranium="1541260,25", u235="68585,1"),
        good(batch="B2", uranium="12,5", u235="0,556"),
        good(batch="B3", uranium="12,500", u235="1.234"),
    )
    report, found = one(csv_file(rows, ";"), "x.csv")
    assert [e.weights_mg() for e in report.entries] == [
        {"630": 1_541_260_250, "670": 68_585_100}, {"630": 12_500, "670": 556}, {"630": 12_500},
    ]  # fmt: skip
    assert report.entries[2].unreadable == (("670", "1.234"),)
    assert found == [
        "CELL-READ-AS I x.csv rows 12 and 13 column K label 630: '1541260,25' was read as "
        "1541260.25 g; likewise in row 13 ('12,5')",
        "CELL-READ-AS I x.csv rows 12 and 13 column L label 670: '68585,1' was read as 68585.1 g; "
        "likewise in row 13 ('0,556')",
        "CELL-NUMBER-UNCLEAR W x.csv row 14 column K label 630: '12,500' was read as 12.500 g, as "
        "other weights of the table show",
        "CELL-NUMBER-UNCLEAR F x.csv row 14 column L label 670: '1.234' can be 1234 or 1.234",
    ]


@pytest.mark.parametrize(
    ("value", "mg", "codes"),
    [
        ("12.5 kg", 12_500_000, ["CELL-READ-AS"]),
        ("12.5g", 12_500, ["CELL-READ-AS"]),
        ("12.5K", 12_500_000, ["CELL-READ-AS"]),
        ("0.0125 t", 12_500_000, ["CELL-READ-AS"]),
        ("12500 mg", 12_500, ["CELL-READ-AS"]),
        ("12,500 g", None, ["CELL-NUMBER-UNCLEAR"]),
        ("1 234 567.5", 1_234_567_500, ["CELL-THOUSANDS"]),
        ("1'234.5", 1_234_500, ["CELL-THOUSANDS"]),
        ("1.234.567,5", 1_234_567_500, ["CELL-THOUSANDS"]),
        ("１２．５", 12_500, ["CELL-READ-AS"]),
        (12.5, 12_500, []),
        (0.1 + 0.2, 300, []),
        (1e-3, 1, []),
        ("12.5", 12_500, ["CELL-READ-AS"]),
        ("12.3456", 12_346, ["PRECISION", "CELL-READ-AS"]),
        (12.3456, 12_346, ["PRECISION"]),
        ("4.5 %", None, ["CELL-PERCENT"]),
        ("about 12", None, ["NUM"]),
        ("12 apples", None, ["NUM"]),
        ("1e300", None, ["NUM"]),
        (1e30, None, ["TOO-LARGE"]),
        ("n/a", None, []),
        ("-", None, []),
        (datetime.date(2025, 4, 3), None, ["CELL-IS-DATE"]),
        (("=A1", "12.5"), 12_500, ["CELL-FORMULA"]),
    ],
)
def test_weights(value: Any, mg: int | None, codes: list[str]) -> None:
    result = read_any([("x.xlsx", workbook(table(good(uranium=value))))])
    (report,) = result.reports
    assert report.entries[0].weights_mg().get("630") == mg
    assert [f.code for f in result.findings] == codes
    if mg is None and codes:
        ((label, kept),) = report.entries[0].unreadable
        assert label == "630" and kept == (value if isinstance(value, str) else kept)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-04-01", "2025-04-01"), ("20250401", "2025-04-01"), ("2025/4/1", "2025-04-01"),
        ("2025.4.1", "2025-04-01"), ("1.4.2025", "2025-04-01"), ("01.04.2025", "2025-04-01"),
        ("25/12/2025", "2025-12-25"), ("12/25/2025", "2025-12-25"), ("4/4/2025", "2025-04-04"),
        ("2025年4月1日", "2025-04-01"), ("令和7年4月1日", "2025-04-01"), ("R7.4.1", "2025-04-01"),
        ("r7/4/1", "2025-04-01"), ("令和元年5月1日", "2019-05-01"), ("H31.4.30", "2019-04-30"),
        ("昭和64年1月7日", "1989-01-07"), ("1 April 2025", "2025-04-01"), ("1-Apr-2025",
        "2025-04-01"), ("April 1, 2025", "2025-04-01"), ("2025-04-01T00:00:00", "2025-04-01"),
        ("2025/4/1 0:00", "2025-04-01"),
    ],
)  # fmt: skip
def test_days(text: str, day: str) -> None:
    assert read_day(text)[0] == datetime.date.fromisoformat(day)


@pytest.mark.parametrize(
    "text", ["03/04/2025", "3-4-2025", "250401", "1/4/25", "7.4.1", "平成33年4月1日", "R1.4.30"]
)
def test_days_that_are_not_clear(text: str) -> None:
    with pytest.raises(UnclearDay):
        read_day(text)


@pytest.mark.parametrize(
    "text", ["2025-02-30", "20251301", "令和7年2月30日", "soon", "Jun 31 2025"]
)
def test_days_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no|not|has days"):
        read_day(text)


def test_numbers_that_are_not_clear_depend_on_the_table() -> None:
    assert read_number("1.234") == ("1.234", False, False, False)
    with pytest.raises(NotClear, match=r"can be 1234 or 1\.234"):
        read_number("1.234", signs_of(["12,5"]))
    assert read_number("1.234", signs_of(["1.234,5"])) == ("1234", True, False, True)
    assert read_number("1,234", signs_of(["12,5"])) == ("1.234", False, True, True)
    assert read_number("1,234", signs_of(["1,234,567.5"])) == ("1234", True, False, True)
    for others in (["12.5"], ["12,5", "12.5"], ["1,234.5", "12,5"], []):
        with pytest.raises(NotClear, match=r"can be 1234 or 1\.234"):
            read_number("1,234", signs_of(others))
    assert read_number("1,2345") == ("1.2345", False, True, False)
    assert read_number("1,23,4") is None


def test_other_order_blank_rows_and_titles_in_two_rows() -> None:
    rows = [
        *HEAD,
        ["", "", "", "", "", "", "Enriched uranium", None, "Natural uranium", None],
        ["U-235 in kg"[:0] or "Batch", "Type", "Date", "From", "KMP", "MDC", "Element (g)",
         "U-235 (g)", "kg", "U-235 (g)"],
        [],
        ["B1", "RF", DAY, "XB", "1", "O/G/R/B", 1000, 45, None, None],
        [],
        ["N1", "RF", DAY, "XB", "1", "O/G/R/B", None, None, 310, 2204.1],
    ]  # fmt: skip
    report, found = one(workbook(rows))
    assert [e.weights_mg() for e in report.entries] == [
        {"630": 1_000_000, "670": 45_000}, {"610": 310_000_000, "770": 2_204_100},
    ]  # fmt: skip
    assert [e.line for e in report.entries] == [13, 15]
    assert [line.split()[0] for line in found] == ["TABLE-TWO-HEADERS"]


def test_what_belongs_in_the_head_may_stand_in_columns() -> None:
    titles = ["State", "MBA", "Report No.", *TITLES]
    rows = [titles, ["XA", "XAFA", 7, *good()], ["XA", "XAFA", 7, *good(batch="B2")]]
    report, found = one(workbook(rows))
    assert (report.key, len(report.entries)) == ("XA/XAFA/7", 2)
    assert [line.split()[0] for line in found] == ["TABLE-KIND"]
    rows[2] = ["XA", "XARA", 7, *good(batch="B2")]
    _, found = read(workbook(rows))
    assert found[0] == (
        "TABLE-HEADER F x.xlsx Receipts row 3 column B label 307: MBA is 'XARA' here, but 'XAFA' "
        "before; make one table for each"
    )


def test_hidden_sheets_and_columns_are_read_and_said() -> None:
    def hide(book: Any, page: Any) -> None:
        page.set_column(10, 10, None, None, {"hidden": True})
        other = book.add_worksheet("Old")
        other.activate()
        page.hide()

    report, found = one(workbook(table(good()), change=hide))
    assert len(report.entries) == 1
    assert found == [
        "TABLE-HIDDEN W x.xlsx Receipts row 11 column K: the column 'Enriched uranium (g)' is "
        "hidden; it was read",
        "TABLE-HIDDEN W x.xlsx Receipts: the sheet 'Receipts' is hidden; it was read",
    ]


def test_sheets_of_one_report_are_put_together() -> None:
    shipped = good(code="SF", shipper="XA/XAFA", receiver="XB", shipper_batch=None, batch="S1")
    head = [["Template", "Shipments"], *HEAD[1:]]
    data = workbook(Receipts=table(good()), Shipments=table(shipped, head=head))
    report, found = one(data)
    assert found == [] and check_report(report) == []
    assert [(e.number, e.total, e.code) for e in report.entries] == [(1, 2, "RF"), (2, None, "SF")]
    other = [*head[:5], ["Report date", datetime.date(2025, 5, 13)], *head[6:]]
    _, found = read(workbook(Receipts=table(good()), Shipments=table(shipped, head=other)))
    assert found[0].startswith("TABLE-HEADER F x.xlsx Shipments: the sheets 'Receipts' and")


def test_corrections_deletions_and_additions() -> None:
    titles = ["Entry", "Status", "Corrects report", "Corrects entry", *TITLES]
    rows = table(
        [1, "Correction", 101, 3, *good()],
        [2, "d", "XA;101/4"],
        [3, "削除", "XB;7", 2],
        titles=titles,
    )
    report, found = one(workbook(rows))
    refers = [(e.status, e.refers.country, e.refers.report, e.refers.entry)  # type: ignore[union-attr]
              for e in report.entries]  # fmt: skip
    assert refers == [("C", "XA", 101, 3), ("D", "XA", 101, 4), ("D", "XB", 7, 2)]
    assert {line.split()[0] for line in found} == {"CELL-READ-AS"}
    _, found = read(workbook(table([1, "maybe", 1, 1, *good()], titles=titles)))
    assert found == [
        "LABEL-FORMAT F x.xlsx Receipts row 12 column B label 309: 'maybe' is not a status"
    ]


def test_domestic_partners_may_be_named_by_their_mba() -> None:
    report, found = one(csv_file(table(good(code="RD", shipper="XARA", receiver=None))), "x.csv")
    assert (report.entries[0].shipper, report.entries[0].receiver) == ("XA/XARA", "XA/XAFA")
    assert found == ["CELL-READ-AS I x.csv row 12 column C label 370: 'XARA' was read as XA/XARA"]


def test_an_example_that_was_written_over_is_not_lost_in_silence() -> None:
    titles = ["Entry", *TITLES]
    _, found = read(workbook(table(["Example (not read)", *good(batch="B7")], titles=titles)))
    assert found[0].startswith("TABLE-STRAY F x.xlsx Receipts row 12: the row is marked as an")


def test_many_findings_of_one_kind_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [good(batch=f"B{n}", code="rf", u235="1,234") for n in range(10_000)]
    result = read_any([("x.csv", csv_file(table(*rows)))])
    assert len(result.reports[0].entries) == 10_000
    assert [f.code for f in result.findings].count("CELL-NUMBER-UNCLEAR") == 10_000
    (capitals,) = (f for f in result.findings if f.code == "CELL-CAPITALS")
    assert capitals.place == "x.csv rows 12 to 10011 column B XAFA report 104 label 411"
    monkeypatch.setattr(table_rules, "MAX_SAME_FINDINGS", 100)
    findings = read_any([("x.csv", csv_file(table(*rows)))]).findings
    assert len(findings) == 102
    assert findings[-1].message == "9900 more findings like the ones shown"


def test_source_lines_of_two_files_are_no_report_sent_twice() -> None:
    head = [*HEAD[:4], *HEAD[5:]]
    files = [(n, csv_file(table(good(), head=head))) for n in ("a.csv", "b.csv")]
    result = read_any(files, source_lines=True)
    assert [r.number for r in result.reports] == [0, 0]
    assert {(f.code, f.severity) for f in result.findings} == {
        ("TABLE-SOURCE", Severity.INFORMATION)
    }
    result = read_any(files)  # who asks for reports gets none
    assert not result.reports
    assert {(f.code, f.severity) for f in result.findings} == {("TABLE-SOURCE", Severity.FORMAT)}


def test_rows_numbered_in_advance_and_formulas_that_give_nothing_are_blank() -> None:
    titles = ["Entry", *TITLES]
    empty = [2, *[None] * 10, ('=IF(A1,1,"")', "")]
    data = workbook(table([1, *good()], empty, [3], titles=titles))
    name = "xl/worksheets/sheet1.xml"
    content = part_of(data, name).replace(b'<c r="L13"><f>', b'<c r="L13" t="str"><f>')
    report, found = one(with_part(data, name, content))
    assert len(report.entries) == 1 and found == []


def test_repeated_titles_and_a_second_table_are_said() -> None:
    report, found = one(workbook(table(good(), TITLES, good(batch="B2"))))
    assert len(report.entries) == 2
    assert found == ["TABLE-STRAY W x.xlsx Receipts row 13: the titles are repeated in this row"]
    report, found = one(workbook(table(good(), ["Batch name", "KMP", "MDC"], ["B2", "1", "x"])))
    assert len(report.entries) == 1
    assert found == [
        "TABLE-HEADER F x.xlsx Receipts row 13: a second table begins here; put it on a sheet or "
        "into a file of its own"
    ]


def test_one_row_for_each_element() -> None:
    titles = ["Entry", *TITLES, "Plutonium (g)"]
    more = [1, *[None] * 13, 7.5]
    report, found = one(workbook(table([1, *good()], more, [2, *good(batch="B2")], titles=titles)))
    assert [(e.number, sorted(e.weights_mg())) for e in report.entries] == [
        (1, ["630", "670", "700"]), (2, ["630", "670"]),
    ]  # fmt: skip
    assert found == [] and check_report(report) == []
    rows = table([1, *good()], [1, *good(batch="B9", uranium=None, u235=None), 7], titles=titles)
    assert [e.batch for e in one(workbook(rows))[0].entries] == ["CYL-0001", "B9"]


def test_days_counted_from_1904_and_days_with_a_time() -> None:
    data = workbook(table(good()))
    content = part_of(data, "xl/workbook.xml").replace(
        b"<workbookPr ", b'<workbookPr date1904="1" '
    )
    report, _ = one(with_part(data, "xl/workbook.xml", content))
    assert report.entries[0].date == datetime.date(2029, 4, 13)
    name = "xl/worksheets/sheet1.xml"
    content = part_of(data, name).replace(b"<v>45759</v>", b"<v>45759.5</v>")
    report, found = one(with_part(data, name, content))
    assert report.entries[0].date == DAY
    assert found == [
        "CELL-READ-AS I x.xlsx Receipts row 12 column A label 412: the time of day was left out; "
        "the day is 2025-04-12"
    ]


def test_zeros_in_columns_that_are_not_used_do_no_harm() -> None:
    titles = [*TITLES, "Natural uranium (kg)", "Depleted uranium (kg)", "Plutonium (g)",
              "Thorium (kg)"]  # fmt: skip
    report, found = one(workbook(table([*good(), 0, 0, 0, 0], titles=titles)))
    assert found == [] and check_report(report) == []


# --- sets of files of several kinds -------------------------------------------------------------


def test_the_same_report_in_files_of_different_kinds() -> None:
    (report,), _ = read(workbook(table(good())))
    bare = replace(report, entries=tuple(replace(e, file="", line=0) for e in report.entries))
    files = [
        ("a.txt", write([report]).encode()),
        ("b.xlsx", workbook(table(good(uranium=5)))),
        ("c.json", write_json(bare)),
        ("d.csv", write_tables(bare, "csv")),
    ]
    assert [kind_of(data) for _, data in files] == ["code10", "xlsx", "json", "csv"]
    result = read_any(files)
    assert len(result.reports) == 4
    assert told(result.findings) == [
        f"SEQ-DUP E {place}: report XA/XAFA/104 is in a.txt and again in {name}, with {content}"
        for place, name, content in (
            ("b.xlsx Receipts row 5 column B", "b.xlsx", "different content (other in entry 1)"),
            ("c.json $.reports[0]", "c.json", "the same content"),
            ("d.csv row 5 column B", "d.csv", "the same content"),
        )
    ]
    assert result.reports[0] == result.reports[2] == result.reports[3]


def test_labelled_text_alone_is_read_as_ever() -> None:
    text = write([Report(country="XA", number=1, type="I", mba="XAFA", entries=(Entry(number=1),))])
    for files in ([("a.txt", text.encode()), ("b.txt", text.encode())], [("a.txt", b"nothing")],
                  [("a.txt", b"")], [("a.txt", text.encode("utf-16"))]):  # fmt: skip
        assert read_any(files) == read_files(files)


def test_findings_name_the_report_and_the_entry_that_they_are_about() -> None:
    head = [["Template", "Shipments"], *HEAD[1:]]
    other = [["Template", "Receipts"], *HEAD[1:4], ["Report number", 105], *HEAD[5:]]
    data = workbook(
        Receipts=table(good(), good(code="rf")),
        Shipments=table(good(batch="S1", uranium="1,234"), head=head),
        Others=table(good(date="soon"), head=other, titles=[*TITLES[:12], "Nots"]),
    )
    places = [(f.code, f.mba, f.report, f.entry) for f in read_any([("x.xlsx", data)]).findings]
    assert places == [
        ("CELL-CAPITALS", "XAFA", "104", 2),
        ("CELL-NUMBER-UNCLEAR", "XAFA", "104", 3),
        ("DATE-INVALID", "XAFA", "105", 1),
    ]


def test_a_file_that_is_too_large_is_not_read() -> None:
    result = read_any([("x.xlsx", workbook(table(good())))], max_bytes=100)
    assert [f.code for f in result.findings] == ["FILE-TOO-LARGE"]


# --- hostile files ------------------------------------------------------------------------------


def sheet(content: str) -> bytes:
    return with_part(
        workbook(table(good())),
        "xl/worksheets/sheet1.xml",
        f'<worksheet xmlns="x">{content}</worksheet>'.encode(),
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"PK\x03\x04" + bytes(range(256)) * 4096, id="garbage after PK"),
        pytest.param(workbook(table(good()))[:2000], id="truncated"),
        pytest.param(archive(a=b"x"), id="another archive"),
        pytest.param(encrypted_archive(), id="encrypted archive"),
        pytest.param(OLE, id="old header alone"),
        pytest.param(sheet('<sheetData><row r="9999999"><c r="A1"><v>1</v></c></row></sheetData>'),
                     id="row far out"),
        pytest.param(sheet('<sheetData><row r="x"><c r="A1"><v>1</v></c></row></sheetData>'),
                     id="row without number"),
        pytest.param(sheet('<sheetData><row r="1"><c t="s"><v>99999</v></c></row></sheetData>'),
                     id="string that is not there"),
        pytest.param(sheet("<sheetData>" + "<a>" * 100_000), id="nested"),
        pytest.param(with_part(workbook(table(good())), "xl/styles.xml", b"<a>"), id="styles"),
        pytest.param(b"%PDF-" + bytes(1000), id="pdf"),
        pytest.param(b"<html><table><tr><td>Batch name</td></tr></table></html>", id="html"),
        pytest.param(b"\xff\xfe\x00", id="half a UTF-16 sign"),
        pytest.param(b"[" * 200_000, id="deep JSON"),
        pytest.param(b'{"reports": ' + b"9" * 10_000 + b"}", id="long number"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_with_a_finding(data: bytes) -> None:
    result = read_any([("x.xlsx", data)])
    assert result.reports == ()
    assert {f.severity for f in result.findings} == {Severity.FORMAT}


def test_cells_far_out_and_merged_blocks_without_end_cost_nothing() -> None:
    data = workbook(table(good()))
    content = part_of(data, "xl/worksheets/sheet1.xml").replace(
        b"</sheetData>",
        b'<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row></sheetData>'
        b'<mergeCells count="1"><mergeCell ref="A20:XFD1048576"/></mergeCells>',
    )
    result = read_any([("x.xlsx", with_part(data, "xl/worksheets/sheet1.xml", content))])
    assert len(result.reports) == 1
    assert {f.code for f in result.findings} == {"TABLE-COLUMN", "TABLE-STRAY"}


def test_a_bomb_is_not_unpacked() -> None:
    bomb = with_part(workbook(table(good())), "xl/sharedStrings.xml", b" " * (130 * 2**20))
    assert len(bomb) < 200_000
    assert [f.code for f in read_any([("x.xlsx", bomb)]).findings] == ["FILE-UNPACKED"]


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=400)
    | st.text(max_size=200).map(str.encode)
    | st.binary(max_size=300).map(b"PK\x03\x04".__add__)
    | st.text("{}[]:,\"'0123456789.eE-+ntruefalskyo", max_size=80).map(str.encode),
    name=st.sampled_from(("x", "x.csv", "x.xlsx", "x.json", "x.txt")),
)
def test_any_bytes_are_answered(data: bytes, name: str) -> None:
    result = read_any([(name, data)])
    assert result.reports or result.findings


VALID = [
    write_template("receipts"),
    workbook(table(good(), good(batch="B2", uranium=("=1+1", 2)))),
    csv_file(table(good(), good(batch="B2", date="令和7年4月1日")), ";", "cp932"),
    csv_file(table(good())),
    write_json(Report(country="XA", number=1, type="I", mba="XAFA", entries=(Entry(number=1),))),
]


@settings(max_examples=200, deadline=None)
@given(
    data=st.sampled_from(VALID),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    kept=st.floats(0.2, 1),
)
def test_damaged_files_never_break_the_reader(
    data: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    made = bytearray(data)
    for place, value in changes:
        made[int(place * (len(made) - 1))] = value
    read_any([("x", bytes(made[: int(len(made) * kept)]))])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), part=st.sampled_from(("xl/worksheets/sheet1.xml", "xl/styles.xml",
       "xl/sharedStrings.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")))  # fmt: skip
def test_damaged_parts_never_break_the_reader(data: st.DataObject, part: str) -> None:
    content = bytearray(part_of(VALID[1], part))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from((b"<", b">", b'"', b"0", b"9999999999", b"-", b"x", b"&#0;", b"&a;"))
        )
    read_any([("x.xlsx", with_part(VALID[1], part, bytes(content)))])


@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(
        st.lists(
            st.none()
            | st.text(max_size=12)
            | st.sampled_from(
                [*TITLES[:6], "1,5", "1,234", "R7.4.1", "Total", "XA", "RF", "5 %", "-", '"x"']
            ),
            max_size=14,
        ),
        max_size=8,
    ),
    separator=st.sampled_from(",;\t"),
)
def test_any_cells_under_right_titles_are_answered(
    cells: list[list[str | None]], separator: str
) -> None:
    result = read_any([("x.csv", csv_file(table(*cells), separator))])
    for report in result.reports:
        check_report(report)


def test_a_workbook_packed_in_a_way_nobody_knows() -> None:
    odd, at = write_template("receipts"), 0
    while (at := odd.find(b"PK\x01\x02", at)) >= 0:  # the method in every central header
        odd = odd[: at + 10] + b"\x63\x00" + odd[at + 12 :]
        at += 4
    result = read_any([("x.xlsx", odd)])
    assert not result.reports
    assert {f.code for f in result.findings} == {"FILE-DAMAGED"}
