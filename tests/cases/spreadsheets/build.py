"""Writes the workbooks and CSV files of this folder, as people would have filled them in.

Run it from any place: ``python tests/cases/spreadsheets/build.py``. It uses nothing of keiryo.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

FOLDER = Path(__file__).parent
CREATED = datetime.datetime(2025, 5, 12)

JAPANESE: list[list[Any]] = [
    ["○○燃料加工株式会社"],
    ["核燃料物質受払報告書（受入）"],
    ["国名：ＸＡ", None, "施設名：XAF-", None, "物質収支区域：ｘａｆａ"],
    ["報告書番号：１０４", None, "報告年月日：令和７年５月１２日", None, "作成者：ITO, K."],
    ["報告期間：令和7年4月1日～令和7年4月30日"],
    [],
    ["番号", "変動日", "受払区分", "払出元", "KMP", "バッチ", None, "個数", "物質記述", "測定区分",
     "濃縮ウラン", None, "備考"],
    [None, None, None, None, None, "名称", "払出者", None, None, None, "重量 (g)", "U-235 (g)"],
    ["１", "令和７年４月１２日", "ＲＦ", "XB/XBEA", "１", "CYL-0001", "B-77", "１本",
     "Ｏ／Ｇ／Ｒ／Ｂ", "N", "１５４１２６０．２５", "６８５８５．１"],
    ["２", "R7.4.13", "輸入", "〃", "〃", "CYL-0002", "B-78", "１本", "OGRB", "n", "1,541,260.5",
     "68,585"],
    ["３", "2025年4月14日", "受入", "XB/XBEA", "1", "CYL-0003", "B-79", 1, "OGRB", "N", 1541260,
     ("=K11*0.0445", 68586.07)],
    ["４", "令和7年4月31日", "RF", "XB/XBEA", "1", "CYL-0004", "B-80", 1, "OGRB", "N", "約1541260",
     "4.45%", "再測定"],
    ["小計", None, None, None, None, None, None, 4, None, None, ("=SUM(K9:K12)", 6165041)],
    [None, "※数値は未確定"],
    ["以上"],
]  # fmt: skip

GERMAN_TITLES = ["Lfd. Nr.", "Datum", "Art der Änderung", "Von", "Nach", "KMP", "Chargenname",
                 "Anzahl", "Materialbeschreibung", "Messbasis", "Angereichertes Uran [g]",
                 "U-235 [g]", "Anreicherung", "Bemerkung"]  # fmt: skip
GERMAN: list[list[Any]] = [
    ["Brennelementfabrik Nord"],
    ["Lieferungen April 2025", None, None, None, None, None, "Logo"],
    ["Staat", "XA", None, "MBZ", "XAFA"],
    ["Anlage", "XAF-", None, "Berichtsnummer", 105],
    ["Berichtsdatum", "12.05.2025", None, "Bearbeiter", "Ito, K."],
    ["Zeitraum", "01.04.2025 - 30.04.2025"],
    GERMAN_TITLES,
    [1, "20.04.2025", "sd", "XAFA", "XARA", 2, "a17", "1 Stk", "B/Q/2/F", "M", "461.221,5",
     "20.524,3", 0.0445],
    [2, None, None, None, None, None, "a18", 1, "B/Q/2/F", "M", "461221,5 g", "20.524", 0.0445],
    [3, None, None, None, None, None, "a19", 1, "B/Q/2/F", "M", "461,2215 kg", "ca. 20524", 0.0445],
    [None, "Zwischensumme", None, None, None, None, None, 3],
    [4, "21.4.2025", "Versand", "XAFA", "XA/XARA", 2, "A20", 1, "B/Q/2/F", "M", 461221.5, 20524.3],
    [5, "31.04.2025", "SD", "XAFA", "XARA", 2, "A21", 1, "B/Q/2/F", "M", -461221.5, -20524.3],
    [6, "03/04/2025", "SF", None, "XB/XBEA", 2, "A22", 1, "B/Q/2/F", "M", 461221.5, "4,45 %"],
    [None, None, "Freigegeben: Müller"],
]  # fmt: skip

INVENTORY: list[list[Any]] = [
    ["Template", "Inventory"],
    ["State", "XA"],
    ["MBA", "XALA"],
    ["Facility", "XAL-"],
    ["Report no.", 12],
    ["Report date", datetime.date(2026, 1, 15)],
    ["Prepared by", "SATO, M."],
    ["PIT", datetime.datetime(2025, 12, 31, 17, 0)],
    [],
    ["KMP", "Batch", "Items", "MDC", "Basis", "Depleted U (kg)", "Enriched U (g)", "U-235 (g)",
     "Fissile", "Room"],
    *(["a", f"src-{n}", 1, "V/2/A/F", "L", None, 1 + n / 8,
       (f"=G{10 + n}*0.045", 0.05 + n / 1000), None, "B12"] for n in range(1, 7)),
    ["A", "SRC-7", 1, "V/2/A/F", "L", None, "<1", ("=G17*0.045", None), None, "B12"],
    ["A", "SHIELD", 1, "O/D/1/F", "N", "0,5", None, None, None, "B13"],
    ["Total", None, 8],
]  # fmt: skip

TITLES = ["Date of change", "Type of change", "From (State/MBA)", "To (State/MBA)", "KMP",
          "Batch name", "Shipper's batch name", "Number of items", "Material description",
          "Measurement basis", "Enriched uranium (g)", "U-235 (g)", "Note"]  # fmt: skip
HEAD = [["Template", "Receipts"], ["State", "XA"], ["Facility", "XAF-"], ["MBA", "XAFA"],
        ["Report number", "106"], ["Report date", "2025-05-12"], ["Encoder", "ITO, K."],
        ["Period from", "2025-04-01"], ["Period to", "2025-04-30"], []]  # fmt: skip


def row(day: str, batch: str, uranium: str, u235: str) -> list[str]:
    return [day, "RF", "XB/XBEA", "XA/XAFA", "1", batch, f"S-{batch}", "1", "O/G/R/B", "N",
            uranium, u235, ""]  # fmt: skip


def semicolons(*rows: list[str]) -> bytes:
    return "\r\n".join(";".join(cells) for cells in [*HEAD, TITLES, *rows]).encode()


COMMAS = semicolons(
    row("12.04.2025", "CYL-1", "1541260,25", "68585,1"),
    row("13.04.2025", "CYL-2", "1541260,250", "68585,100"),
    row("14.04.2025", "CYL-3", "12,500", "1.234"),
)
AGAIN = semicolons(
    row("12.04.2025", "CYL-1", "1541260,25", "68585,1"),
    row("13.04.2025", "CYL-2", "1541260,25", "68585,2"),
    row("14.04.2025", "CYL-3", "12,5", "0,556"),
)
SHIFT_JIS = "\r\n".join(
    ",".join(cells)
    for cells in [
        ["様式", "受入"], ["国", "XA"], ["施設", "XAF-"], ["MBA", "XAFA"], ["報告番号", "１０７"],
        ["報告年月日", "R7.5.12"], ["作成者", "ITO"], ["期間開始", "R7.4.1"],
        ["期間終了", "R7.4.30"], [],
        ["日付", "変動コード", "供給者", "受入者", "主要測定点", "バッチ名", "供給者バッチ名",
         "個数", "物質記述コード", "測定基準", "濃縮ウラン（ｇ）", "ウラン235（ｇ）", "備考"],
        row("令和７年４月１２日", "CYL-8", "１５４１２６０．２５", "６８５８５．１"),
        row("令和７年４月１３日", "CYL-9", '"1,541,260.5"', '"68,585"'),
        row("2025/4/14", "CYL-A", "1,541,260.5", "68585"),
    ]
).encode("cp932")  # fmt: skip


def workbook(name: str, sheets: dict[str, list[list[Any]]], merges: tuple[str, ...] = (),
             hidden: tuple[int, ...] = ()) -> None:  # fmt: skip
    """Write a workbook; a pair is a formula with its stored value, None for no value."""
    book = xlsxwriter.Workbook(FOLDER / name)
    book.set_properties({"created": CREATED})
    day = book.add_format({"num_format": "yyyy/m/d"})
    percent = book.add_format({"num_format": "0.00%"})
    for title, rows in sheets.items():
        page = book.add_worksheet(title)
        for merge in merges:
            page.merge_range(merge, "")
        for r, cells in enumerate(rows):
            for c, value in enumerate(cells):
                if isinstance(value, tuple):
                    page.write_formula(r, c, value[0], None, value[1] if value[1] else "")
                elif isinstance(value, datetime.date):
                    page.write_datetime(r, c, value, day)
                elif isinstance(value, float) and 0 < value < 0.1:
                    page.write_number(r, c, value, percent)
                elif value is not None:
                    page.write(r, c, value)
        for number in hidden:
            page.set_row(number - 1, None, None, {"hidden": True})
    book.close()


def main() -> None:
    workbook("japanese.xlsx", {"受入": JAPANESE, "メモ": [["電話 03-0000-0000"]]},
             ("F7:G7", "K7:L7"), (11,))  # fmt: skip
    workbook("german.xlsx", {"April": GERMAN, "April (2)": GERMAN},
             ("B8:B10", "C8:C10", "D8:D10", "E8:E10", "F8:F10"))  # fmt: skip
    workbook("small-location.xlsx", {"PIL": INVENTORY}, hidden=(13, 14, 15))
    (FOLDER / "semicolons.csv").write_bytes(COMMAS)
    (FOLDER / "semicolons-again.csv").write_bytes(AGAIN)
    (FOLDER / "shift-jis.csv").write_bytes(SHIFT_JIS)


if __name__ == "__main__":
    main()
