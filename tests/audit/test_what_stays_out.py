"""Nothing of another area, nothing that acts, nothing half written."""

from __future__ import annotations

import datetime
import errno
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import keiryo
from audit.packs import STATE_XA, YEAR, Page, page_problems, rows, run, state_xa, unpacked
from cases.making import change, listed, report
from keiryo.audit.filed import _only_of
from keiryo.audit.folder import PackFolder
from keiryo.audit.pages import plain_cell, shown
from keiryo.audit.service import write_audit_pack
from keiryo.cli.audit import register
from keiryo.dates import Period
from keiryo.errors import FullError, KeiryoError, NotFoundError, ReadOnlyError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from small_books import ACTOR, PLANT, STORE, SmallBooks

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=1+cmd|'/c calc'!A0",
           "a\u202eb&amp;", "'; DROP TABLE act;--"]  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> keiryo.Books:
    return state_xa(str(tmp_path_factory.mktemp("xa") / "books.sqlite"))


def everything(folder: Path) -> str:
    return "\n".join(p.read_text("utf-8") for p in sorted(folder.rglob("*")) if p.is_file())


def test_nothing_of_another_area(books: keiryo.Books, tmp_path: Path) -> None:
    said = everything(unpacked(books, "XAFA", tmp_path))
    for name in ("P01", "LEU-SMP-25", "DU-SH-1", "NAT-LAB-1", "TH-NIT-1", "PUBE-1", "460112",
                 "XA-XARA", "XAR-", "LUND", "VESELY"):  # fmt: skip
        assert name not in said, name
    assert "XA/XARA" in said  # the partner of a transfer
    context = (STATE_XA / "context.json").read_bytes()
    assert context.decode() not in said


def test_a_file_of_two_areas_is_named_and_left_out(sqlite_url: str, tmp_path: Path) -> None:
    books = SmallBooks(sqlite_url, PLNT=PLANT, STOR=STORE)
    received = change("RF", "20250110", "NEW-1", "630:5 670:0.2", shipper="XB/XBCA",
                      receiver="XH/PLNT", shipper_batch="UNKNOWN")  # fmt: skip
    found = change("GA", "20250111", "SECRET-9", "630:7 670:0.3", items=1)
    plant = report("XH/XHF-/PLNT", 1, "I", "20250228", "20250101/20250131", [received])
    store = report("XH/XHF-/STOR", 1, "I", "20250228", "20250101/20250131", [found])
    assert books.take(plant + store, reason="a test").complete
    folder = unpacked(books, "PLNT", tmp_path)
    (row,) = rows(folder, "evidence.csv", role="report")
    assert row["file_in_pack"] == "" and "other areas" in row["why_not"]
    assert "SECRET-9" not in everything(folder) and "NEW-1" in everything(folder)


def test_a_file_that_was_partly_recorded_before_is_left_out(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Then only one area has an act with the file, although both are in it."""
    books = SmallBooks(sqlite_url, PLNT=PLANT, STOR=STORE)
    found = change("GA", "20250111", "SECRET-9", "630:7 670:0.3", items=1)
    store = report("XH/XHF-/STOR", 1, "I", "20250228", "20250101/20250131", [found])
    plant = report("XH/XHF-/PLNT", 1, "I", "20250228", "20250101/20250131",
                   [change("GA", "20250111", "NEW-1", "630:7 670:0.3")])  # fmt: skip
    books.take(store, reason="a test")
    books.take(store + plant, reason="a test")
    folder = unpacked(books, "PLNT", tmp_path)
    assert not any(row["file_in_pack"] for row in rows(folder, "evidence.csv"))
    assert "SECRET-9" not in everything(folder)


@pytest.fixture
def hostile(sqlite_url: str) -> keiryo.Books:
    books = keiryo.init(sqlite_url, "XA", person="P-HOSTILE")
    draft = Draft("place.register", "places", reason=HOSTILE[0])
    place = MaterialBalanceArea("XA", "XAF-", "XAFA", "item", name=HOSTILE[1])
    draft.add(AREA.name, area_values(place))
    for number, name in enumerate(HOSTILE):
        draft.add(
            "inventory_change", scope="XA/XAF-/XAFA", mba="XAFA", known_on=20250110, code="RF",
            event_date=20250110 + number, batch=name, kmp=name, category="E", element_mg=1000,
            fissile_mg=45, fissile_basis="U-235", shipper=name, items=1,
        )  # fmt: skip
    books.post(draft)
    return books


def test_hostile_texts_are_shown_and_do_nothing(hostile: keiryo.Books, tmp_path: Path) -> None:
    folder = unpacked(hostile, "XAFA", tmp_path)
    assert page_problems(folder) == []
    assert not {"script", "img"} & {e for p in folder.rglob("*.html") for e in Page(p).elements}
    page = Page(folder / "ledger.html").text
    assert HOSTILE[0] in page and "a\\u202eb&amp;" in page
    (formula,) = [r for r in rows(folder, "ledger.csv") if "calc" in r["batch"]]
    assert formula["batch"].startswith("'=")
    code, said = run(folder, "verify_pack.py")
    assert code == 0, said


def test_cells() -> None:
    assert shown("<b>&\x00\u2066") == "&lt;b&gt;&amp;\\u0000\\u2066"
    assert [plain_cell(c) for c in ("-1.5", "-x", "@a", None, 3)] == ["-1.5", "'-x", "'@a", "", "3"]


def test_two_takings_and_their_findings(sqlite_url: str, tmp_path: Path) -> None:
    books = SmallBooks(sqlite_url, PLNT=PLANT)
    books.send("PLNT", 1, change("LD", "20250110", "W", "630:10 670:0.45"), reason="a test")
    content = [listed("LEU-1", "630:985 670:44.5"), listed("NAT-1", "610:50")]
    books.listing("PLNT", 2, content)
    later = change("LD", "20260110", "W", "630:5 670:0.2")
    books.send("PLNT", 3, later, date="20260215", period="20260101/20260131", reason="a test")
    period = Period(datetime.date(2025, 1, 1), datetime.date(2026, 3, 31))
    folder = unpacked(books, "PLNT", tmp_path, period)
    assert page_problems(folder) == []
    parts = rows(folder, "balance.csv", code="BA", category="E")
    assert [(p["from"], p["to"], p["element_books"]) for p in parts] == [
        ("2025-01-01", "2025-12-31", "990"), ("2026-01-01", "2026-03-31", "980")
    ]  # fmt: skip
    book = [(r["code"], r["element_change"], r["element_book"])
            for r in rows(folder, "ledger.csv", category="E")]  # fmt: skip
    assert book == [("PB", "", "1000"), ("LD", "-10", "990"), ("PB", "-5", "985"),
                    ("LD", "-5", "980")]  # fmt: skip
    (muf,) = rows(folder, "balance.csv", code="MF", category="E")
    assert (muf["to"], muf["element_books"]) == ("2025-12-31", "5")
    (compared,) = rows(folder, "inventory-vs-listing.csv", batch="all material", category="E")
    assert compared["element_difference"] == "5"
    (missing,) = rows(folder, "findings.csv", code="MBR-MISSING")
    assert missing["state"] == "open"
    assert "MBR-MISSING" in (folder / "index.html").read_text()


def test_reports_issued_from_the_books_are_there_as_sent(sqlite_url: str, tmp_path: Path) -> None:
    books = SmallBooks(sqlite_url, PLNT=PLANT, STOR=STORE)
    draft = Draft("report.issue", "issue")
    for mba in ("PLNT", "STOR"):
        header: dict[str, Any] = {"scope": f"XH/XHF-/{mba}", "mba": mba, "report_no": 1}
        draft.add(
            "issued_report", header, country="XH", facility="XHF-", report_type="I",
            report_date=20250210, encoder="MAKER,C.", period_from=20250101, period_to=20250131,
            through_act=2, profile="code10", entry_count=1, digest="0" * 64,
        )  # fmt: skip
        text = f"001:OI/XH;1#002:1/1#446:{mba}-BATCH#"
        draft.add("issued_record", header, record_kind="OI", record_no=1, content=text)
    post(books.database, draft, ACTOR)
    folder = unpacked(books, "PLNT", tmp_path)
    (sent,) = (folder / "reports").glob("issued-*.txt")
    assert sent.read_text() == "001:OI/XH;1#002:1/1#446:PLNT-BATCH#\n"
    (row,) = rows(folder, "reports.csv", outcome="issued")
    assert row["file_in_pack"] == f"reports/{sent.name}"
    assert page_problems(folder) == []
    assert "STOR-BATCH" not in everything(folder)
    assert run(folder, "verify_pack.py")[0] == 0


def test_an_answered_finding(sqlite_url: str, tmp_path: Path) -> None:
    books = SmallBooks(sqlite_url, PLNT=PLANT)
    books.listing("PLNT", 1, [listed("LEU-1", "630:1000 670:45"), listed("NAT-1", "610:50")])
    (found,) = rows(unpacked(books, "PLNT", tmp_path / "1"), "findings.csv", code="MBR-MISSING")
    draft = Draft("finding.answer", "answer", reason="it is on its way")
    draft.add(
        "finding_answer", scope="XH/XHF-/PLNT", finding_act=int(found["act"]),
        finding_line=int(found["line"]), answer="it is on its way", state="closed",
    )  # fmt: skip
    post(books.database, draft, ACTOR)
    (row,) = rows(unpacked(books, "PLNT", tmp_path / "2"), "findings.csv", code="MBR-MISSING")
    assert (row["state"], row["answer"], row["answered_by"]) == (
        "answered", "it is on its way", "P-1"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mba", "period", "expected", "words"),
    [
        ("XAFZ", YEAR, NotFoundError, "no MBA XAFZ"),
        ("XAFA", Period(YEAR.start, datetime.date(2999, 1, 1)), UsageError, "in the future"),
        ("XAFA", Period(datetime.date(1990, 1, 1), datetime.date(1990, 12, 31)), NotFoundError,
         "nothing is recorded about XAFA up to 1990-12-31"),
    ],
)  # fmt: skip
def test_what_cannot_be_packed(
    books: keiryo.Books, tmp_path: Path, mba: str, period: Period, expected: Any, words: str
) -> None:
    with pytest.raises(expected, match=words) as caught:
        write_audit_pack(books.database, mba, period, tmp_path / "p.zip")
    assert caught.value.advice
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_take_it(books: keiryo.Books, tmp_path: Path) -> None:
    there = tmp_path / "there.zip"
    there.write_bytes(b"mine")
    for place in (there, tmp_path, tmp_path / "no" / "p.zip", there / "p.zip"):
        with pytest.raises(UsageError):
            write_audit_pack(books.database, "XAFA", YEAR, place)
    assert there.read_bytes() == b"mine"
    write_audit_pack(books.database, "XAFA", YEAR, there, force=True)
    assert zipfile.is_zipfile(there) and list(tmp_path.iterdir()) == [there]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), FullError),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), ReadOnlyError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("step", ["open_text", "seal", "archive"])
def test_a_failure_leaves_nothing_behind(
    books: keiryo.Books,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    raised: BaseException,
    expected: Any,
) -> None:
    def broken(*_: object) -> None:
        raise raised

    monkeypatch.setattr(PackFolder, step, broken)
    (tmp_path / "old.zip").write_bytes(b"old")
    with pytest.raises(expected):
        write_audit_pack(books.database, "XAFA", YEAR, tmp_path / "old.zip", force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["old.zip"]
    assert (tmp_path / "old.zip").read_bytes() == b"old"


def test_command(books: keiryo.Books, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    place, before = tmp_path / "p.zip", books.checkpoint()
    words = ["audit-pack", "XAFA", "--db", str(books.database.path), "--from", "2025-01-01"]
    done = CliRunner().invoke(app, [*words, "--to", "20251231", "--out", str(place)])
    assert done.exit_code == 0, done.output
    assert "corrections: 1" in done.output and zipfile.is_zipfile(place)
    again = CliRunner().invoke(
        app, [*words, "--to", "20251231", "--out", str(place), "--force", "--format", "json"]
    )
    assert json.loads(again.output)["ledger_lines"] == 16
    assert books.checkpoint() == before
    for end, option in (
        ("2024-12-31", ()),
        ("2025-13-01", ()),
        ("2025-12-31", ("--known-on", "x")),
    ):
        bad = CliRunner().invoke(app, [*words, "--to", end, "--out", str(place), *option])
        assert isinstance(bad.exception, KeiryoError), bad.output


def test_chain_of_corrections_and_a_deletion(sqlite_url: str, tmp_path: Path) -> None:
    books = SmallBooks(sqlite_url, PLNT=PLANT)
    books.send("PLNT", 1, change("LD", "20250110", "W", "630:10 670:0.45"),
               change("LD", "20250111", "V", "630:3 670:0.1"), reason="a test")  # fmt: skip
    for number, (reference, weight) in enumerate([("1/1", "11"), ("2/1", "12")], start=2):
        wrong = change("LD", "20250110", "W", f"630:{weight} 670:0.45", status=f"C/XH;{reference}")
        books.send("PLNT", number, wrong, reason="weighed again")
    gone = books.send("PLNT", 4, [("309", "D/XH;1/2")], reason="it never happened")
    assert gone.outcome == "accepted", gone.findings
    folder = unpacked(books, "PLNT", tmp_path)
    names = ("chain", "original", "correction", "status", "before", "after")
    steps = [
        tuple(row[name] for name in names)
        for row in rows(folder, "corrections.csv")
        if row["field"].startswith("element")
    ]
    assert steps == [
        ("1/1", "1/1", "2/1", "C", "10", "11"),
        ("1/1", "2/1", "3/1", "C", "11", "12"),
        ("1/2", "1/2", "4/1", "D", "3", ""),
    ]
    (kept,) = rows(folder, "ledger.csv", code="LD")
    assert (kept["element_change"], kept["report"]) == ("-12", "3")
    standing = [(r["report"], r["standing"], r["superseded_by"])
                for r in rows(folder, "entries.csv")]  # fmt: skip
    assert sorted(standing) == [("1", "superseded", "2/1"), ("1", "superseded", "4/1"),
                                ("2", "superseded", "3/1"), ("3", "effective", "")]  # fmt: skip
    assert page_problems(folder) == []
    assert run(folder, "verify_pack.py")[0] == 0


def test_an_archive_that_nobody_can_look_into_is_not_given_away() -> None:
    def packed(method: int) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", method) as archive:
            archive.writestr("a.txt", "nothing of anybody " * 50)
        return made.getvalue()

    sound = packed(zipfile.ZIP_DEFLATED)
    assert _only_of(sound, "a.zip", "PLNT", {"STOR"})
    start = sound.index(b"a.txt") + 5
    broken = sound[:start] + b"\xff" * 20 + sound[start + 20 :]
    stored = packed(zipfile.ZIP_STORED)
    at = stored.index(b"PK\x01\x02")
    unknown = stored[: at + 10] + b"\x63\x00" + stored[at + 12 :]
    for content in (broken, unknown, sound[:-30]):
        assert not _only_of(content, "a.zip", "PLNT", {"STOR"})
