"""Reports written out: the same bytes from the same acts, in two languages, whatever they say."""

from __future__ import annotations

import io
import json
import re
import zlib
from pathlib import Path

import openpyxl
import pytest

from issuing.issuing_books import NOW, IssuingBooks, change, changes, clock, found, opening, taking
from issuing.test_issue import ROUNDED, WORKED, YEAR
from keiryo.capabilities import builtin_registry
from keiryo.issuing.copies import ReportCopy, list_reports, report_copy
from keiryo.issuing.output import LANGUAGES
from keiryo.issuing.output_pdf import as_images, as_pdf, document
from keiryo.issuing.output_xlsx import as_xlsx
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.reports.formats.code10_reader import read
from keiryo.storage.backup import backup
from keiryo.storage.engine import Database
from keiryo.storage.restoring import restore
from keiryo.vocabulary import ENTRY_CODES, entry_statuses, mdc_table, measurement_bases
from small_books import ACTOR, SmallBooks

HOSTILE = ('#PANIC("X")', "*_$[X]`@<A>", "=1+1", '"); DROP', "//X", "~\\N", "#{LET X}")
NOTE = '#PANIC("OUT") *BOLD* $X^2$ \\U{41} <B> @REF //NO ' + "LONGWORD" * 60


def written(copy: ReportCopy) -> list[bytes]:
    made = [copy.text().encode(), copy.to_json().encode()]
    for language in LANGUAGES:
        made += [as_xlsx(copy, language), as_pdf(copy, language)]
    return made


@pytest.fixture
def books(sqlite_url: str) -> IssuingBooks:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    for kind in "IMP":
        books.issue(kind, *(YEAR if kind != "P" else YEAR[1:]), profile_name=ROUNDED)
    return books


def test_same_bytes_again_and_from_a_restored_backup(books: IssuingBooks, tmp_path: Path) -> None:
    first = [written(books.copy(number)) for number in (1, 2, 3)]
    assert [written(books.copy(number)) for number in (1, 2, 3)] == first
    archive = tmp_path / "books.keiryo"
    backup(books.database, archive)
    assert restore(archive, tmp_path / "again.sqlite", builtin_registry()).sound
    again = Database(tmp_path / "again.sqlite", builtin_registry())
    with again.reading() as connection:
        copies = [report_copy(connection, again.metadata, "XHFA", n) for n in (1, 2, 3)]
    assert [written(copy) for copy in copies] == first
    assert len({bytes(b) for made in first for b in made}) == 18


def test_what_is_registered_later_does_not_change_a_copy(books: IssuingBooks) -> None:
    first = written(books.copy(1))
    draft = Draft("area.register", "points")
    for kmp, purpose, name in (("1", "flow", "GATE"), ("A", "inventory", "STORE")):
        values = {"scope": "XH/XHF-/XHFA", "mba": "XHFA", "kmp": kmp}
        draft.add("key_measurement_point", values, purpose=purpose, name=name)
    post(books.database, draft, ACTOR, clock=clock)
    assert written(books.copy(1)) == first
    books.record(changes(change("LD", "2026-01-10", "W-9", "630:1 670:0.1")))
    books.issue("I", "2026-01-01", "2026-01-10")
    sections = dict(section for side in document(books.copy(4), "ja")["legend"] for section in side)
    assert sections["主要測定点 (407)"] == [("1", "GATE (流れ)")]


@pytest.mark.postgres
def test_postgresql_says_the_same(sqlite_url: str, postgres_url: str) -> None:
    texts = []
    for url in (sqlite_url, postgres_url):
        books = IssuingBooks(url)
        books.record(*WORKED)
        issued = books.issue("I", *YEAR).report
        copy = books.copy(1)
        assert copy.report == issued
        assert as_pdf(copy, "ja") == as_pdf(books.copy(1), "ja")
        texts.append(copy.text())
    assert texts[0] == texts[1]


def test_japanese_document(books: IssuingBooks) -> None:
    pages = json.dumps([document(books.copy(n), "ja") for n in (1, 2, 3)], ensure_ascii=False)
    for words in (
        "在庫変動報告", "物質収支報告", "実在庫量明細表", "核物質計量管理報告書", "バッチ名",
        "濃縮ウラン", "主要\\n測定点", "施設", "物質収支区域", "期首実在庫量",
        "不明物質量", "2025年12月31日", "丸め調整",
    ):  # fmt: skip
        assert words in pages, words
    pdf = as_pdf(books.copy(2), "ja")
    assert pdf.startswith(b"%PDF") and b"BIZUDPGothic" in pdf
    shown = letters_of(pdf)
    assert set("物質収支報告期首実在庫量濃縮ウラン") <= shown
    assert b"Libertinus" not in pdf


def letters_of(pdf: bytes) -> set[str]:
    """Return the letters that the fonts of a PDF say they show (their ToUnicode tables)."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if b"begincmap" in content:
            for code in re.findall(rb"<[0-9A-Fa-f]{4}> <([0-9A-Fa-f]{4,})>", content):
                found |= set(bytes.fromhex(code.decode()).decode("utf-16-be", "replace"))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(books: IssuingBooks, language: str) -> None:
    from keiryo.issuing.output import MDC_POSITIONS, Words

    words = Words(language)
    assert all(words.code(code) for code in (*ENTRY_CODES(), "RASD"))
    assert all(words.status(letter) for letter in entry_statuses())
    assert all(words.basis(letter) for letter in measurement_bases())
    assert all(words.category(letter) for letter in "NDEUPT")
    if language == "ja":
        for position in MDC_POSITIONS:
            assert set(words.table[position]) == set(mdc_table(position))
        assert words.mdc("QS/O/H") == "密封線源、その他、加工品（照射済）"


def test_the_paper_can_be_traced(books: IssuingBooks) -> None:
    copy = books.copy(2)
    assert copy.issued and copy.act.kind == "report.issue" and copy.profile == ROUNDED
    with books.database.reading() as connection:
        from keiryo.journal.proofs import journal_uid

        uid = journal_uid(connection, books.database.metadata)
    assert copy.checkpoint.journal_uid == uid and copy.checkpoint.digest == copy.act.digest
    trace = [content for _, content in document(copy)["trace"]]
    assert trace == [
        "XH/XHFA/2", str(copy.act.act_id), "2026-01-20T09:30:00.000000Z", "P-1",
        copy.act.digest, f"{uid} / {copy.act.act_id}",
    ]  # fmt: skip
    data = json.loads(copy.to_json())
    assert data["act"]["digest"] == copy.act.digest and data["entries"][0]["411"] == "PB"


def test_spreadsheet_holds_exact_weights(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    blend = change("NE", "2025-05-22", "BLEND", "610:12.5 630:12500 670:88.875 770:88.875")
    much = change("GA", "2025-06-01", "MUCH", "610:9999999999.999999")
    books.record(changes(blend, change("NP", "2025-07-01", "X", "700:5 720:4.001",
                                       mdc="B/Q/1/G"), much))  # fmt: skip
    books.issue("I", *YEAR)
    content = as_xlsx(books.copy(1))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    grid = [list(row) for row in sheet.iter_rows(values_only=True)]
    head = next(row for row in grid if row[0] == "No.")
    rows = [dict(zip(head, row, strict=True)) for row in grid[grid.index(head) + 1 :][:4]]
    shown = [(r["No."], r["Category"], r["Element weight"], r["Unit"], r["Fissile weight (g)"])
             for r in rows]  # fmt: skip
    assert shown == [
        (1, "N", 12.5, "kg", 88.875), (1, "E", 12500, "g", 88.875),
        (2, "N", "9999999999.999999", "kg", None), (3, "P", 5, "g", None),
    ]  # fmt: skip
    assert rows[3]["Further isotopes (g)"] == "Pu-239 4.001"
    properties = openpyxl.load_workbook(io.BytesIO(content)).properties
    assert properties.created == NOW.replace(tzinfo=None)


def test_hostile_texts_stay_texts(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    names = [name.replace("#", "").replace("/", "|").replace(";", "")[:16] for name in HOSTILE]
    losses = [
        change("LD", f"2025-02-1{n}", name, "630:1 670:0.1", description=name, state_record_id=name)
        for n, name in enumerate(names)
    ]
    assert books.record(changes(*losses)).outcome == "recorded"
    books.issue("I", *YEAR, notes=[(1, NOTE.replace("#", "").upper()), (None, "=CMD()")])
    copy = books.copy(1)
    assert read(copy.text().encode(), "x").reports[0] == copy.report
    for language in LANGUAGES:
        assert as_pdf(copy, language).startswith(b"%PDF")
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(copy))).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert set(names) <= {cell.value for cell in cells}


def test_empty_listing_and_many_pages(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    batches = [found(f"B-{n:03}", f"630:{n + 0.125} 670:{n / 100}") for n in range(1, 160)]
    books.record(taking("2025-06-30"), taking("2025-12-31", *batches))
    books.issue("P", "2025-06-30")
    books.issue("P", "2025-12-31")
    assert document(books.copy(1), "ja")["empty"] == "実在庫確認時、区域内に核物質はなかった。"
    assert len(as_images(books.copy(1), dots_per_inch=20)) == 1
    assert len(as_images(books.copy(2), dots_per_inch=20)) >= 4


def test_received_reports_are_written_too(sqlite_url: str) -> None:
    from cases.making import change as reported

    books = SmallBooks(sqlite_url, XHFA=opening())
    books.send("XHFA", 1, reported("LD", "20250110", "W-1", "630:1 670:0.1"))
    with books.database.reading() as connection:
        copy = report_copy(connection, books.database.metadata, "XHFA", 1)
        listed = list(list_reports(connection, books.database.metadata, "XHFA"))
    assert not copy.issued and copy.act.kind == "report.accept"
    assert [(row["report"], row["type"], row["state"]) for row in listed] == [(1, "I", "accepted")]
    assert document(copy)["trace"][0][0] == "Received and accepted"
    assert written(copy) == written(copy)
