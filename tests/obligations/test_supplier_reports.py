"""Reports per supplier party: lines, forms, due days, agreement with the ordinary report."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from keiryo.api import Books
from keiryo.cli import obligations_statements
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.posting import system_clock
from keiryo.obligations.holdings import Holding, Line, Move
from keiryo.obligations.statement_forms import supplier_document, supplier_pdf
from keiryo.obligations.supplier_mixing import mixings
from keiryo.obligations.supplier_reports import (
    Agreement,
    SupplierReport,
    agreement,
    due_list,
    supplier_reports,
)
from obligations import statement_books
from obligations.statement_books import (
    KG,
    books_of,
    change,
    listed,
    put,
    reading,
    receipt_labels,
    receive,
)

MONTH = datetime.date(2026, 1, 1)


def reports(books: Books, mba: str, month: datetime.date = MONTH, **more: Any) -> dict[int, Any]:
    found: list[SupplierReport] = reading(books, supplier_reports, mba, month, **more)
    assert not [one for report in found for one in report.findings()]
    return {report.due.report.paragraphs[0]: report for report in found}


def told(report: SupplierReport) -> list[tuple[str, str, str, str, int]]:
    return [
        (one.what, one.direction, one.batch, one.labels, one.element_mg // KG)
        for one in report.lines
    ]


def test_changes_of_a_pool_are_reported_on_form_6_a_month_after_the_month(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFA=False)
    receive(books, "XAFA", "R1", 20260110, "E", 1000 * KG, AU_US="7/10", CA="3/10")
    put(books, "ledger", change("XAFA", "LD", 20260120, "X", "E", 100 * KG))
    put(books, "ledger", change("XAFA", "DI", 20260121, "X", "E", -10 * KG))
    (report,) = reports(books, "XAFA").values()
    assert (report.due.report.paragraphs, report.due.forms) == ((5,), ("6",))
    assert report.due.due == datetime.date(2026, 2, 28) and not report.per_batch
    assert told(report) == [
        ("RF", "increase", "(pool)", "AU+US", 700),
        ("RF", "increase", "(pool)", "CA", 300),
        ("LD", "decrease", "(pool)", "AU+US", 70),
        ("LD", "decrease", "(pool)", "CA", 30),
        ("DI", "increase", "(pool)", "AU+US", 7),
        ("DI", "increase", "(pool)", "CA", 3),
    ]
    assert [(one.what, one.ordinary_mg) for one in report.agreements] == [
        *(("DI", 10 * KG), ("LD", -100 * KG), ("RF", 1000 * KG)),
    ]


def test_mixing_is_reported_on_its_own(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFB=True)
    receive(books, "XAFB", "A", 20251210, "E", 60 * KG, AU="1")
    receive(books, "XAFB", "B", 20251210, "E", 40 * KG, CA="1")
    put(
        books,
        "ledger",
        change("XAFB", "RM", 20260112, "A", "E", 60 * KG),
        change("XAFB", "RM", 20260112, "B", "E", 40 * KG),
        change("XAFB", "RP", 20260112, "C", "E", 100 * KG),
    )
    put(
        books,
        "ledger",
        change("XAFB", "RM", 20260113, "C", "E", 100 * KG),
        change("XAFB", "RP", 20260113, "D", "E", 50 * KG),
        change("XAFB", "RP", 20260113, "E", "E", 50 * KG),
    )
    found = reports(books, "XAFB")
    assert sorted(found) == [5, 6] and found[5].due.forms == ("5",)
    assert found[6].due.forms == ("6",) and found[6].due.due == datetime.date(2026, 2, 28)
    assert told(found[6]) == [
        ("mixed", "", "A", "AU", 60),
        ("mixed", "", "B", "CA", 40),
        ("after mixing", "", "C", "AU", 60),
        ("after mixing", "", "C", "CA", 40),
    ]
    assert ("RP", "increase", "D", "AU", 30) in told(found[5])
    assert sorted(reports(books, "XAFB", facility_kind="reactor")) == [5]


def test_production_and_loss_and_the_physical_inventory(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFB=True)
    receive(books, "XAFB", "FA-1", 20251210, "E", 460 * KG, AU_US="3/5", none="2/5")
    put(
        books,
        "ledger",
        change("XAFB", "LN", 20260110, "FA-1", "E", 10 * KG, mdc="B/Q/4/G"),
        change("XAFB", "NP", 20260110, "FA-1", "P", 5 * KG, mdc="B/Q/4/G"),
    )
    put(
        books,
        "taking",
        listed("XAFB", 20260131, "FA-1", "E", 450 * KG),
        listed("XAFB", 20260131, "FA-1", "P", 5 * KG),
    )
    found = reports(books, "XAFB")
    assert sorted(found) == [10, 12]
    assert told(found[10]) == [
        ("LN", "decrease", "FA-1", "-", 4),
        ("LN", "decrease", "FA-1", "AU+US", 6),
        ("NP", "increase", "FA-1", "-", 2),
        ("NP", "increase", "FA-1", "AU+US", 3),
    ]
    assert found[12].due.forms == ("10",) and found[12].due.due == datetime.date(2026, 2, 28)
    assert told(found[12])[:2] == [
        ("inventory", "", "FA-1", "-", 180),
        ("inventory", "", "FA-1", "AU+US", 270),
    ]
    document = supplier_document(list(found.values()))
    assert len(document["sections"]) == 4 and document["sections"][0]["title"].startswith("(10)")
    assert supplier_pdf(list(found.values())).startswith(b"%PDF")


def test_a_category_change_takes_from_one_and_gives_to_the_other(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFA=False)
    receive(books, "XAFA", "R1", 20251210, "N", 8000 * KG, AU="1")
    put(
        books,
        "ledger",
        change("XAFA", "NE", 20260110, "X", "N", 1000 * KG),
        change("XAFA", "NE", 20260110, "X", "E", 1000 * KG),
    )
    (report,) = reports(books, "XAFA").values()
    assert [(one.direction, one.category) for one in report.lines] == [
        *(("increase", "E"), ("decrease", "N")),
    ]


def test_what_does_not_agree_is_found() -> None:
    (one,) = agreement([], {("RF", "E"): 5})
    assert one == Agreement("RF", "E", 5, 0) and not one.agrees


def test_a_month_before_labels_were_kept(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFA=False)
    with pytest.raises(NotFoundError, match="no labels were kept in 2024-11"):
        reading(books, supplier_reports, "XAFA", datetime.date(2024, 11, 5))
    with pytest.raises(NotFoundError):
        reading(books, supplier_reports, "NONE", MONTH)


def test_an_ordinary_report_without_labels_is_found(sqlite_url: str) -> None:
    """What happened in the month before the openings is in the ordinary report only."""
    books = books_of(sqlite_url, XAFA=False)
    put(books, "ledger", change("XAFA", "RS", 20241215, "X", "N", 5 * KG))
    found = reading(books, supplier_reports, "XAFA", datetime.date(2024, 12, 1))
    assert [one.code for report in found for one in report.findings()] == [
        "SUPPLIER-REPORT-DIFFERS"
    ]


def test_what_is_due(sqlite_url: str) -> None:
    books = books_of(sqlite_url, XAFA=False, XAFB=True)
    receive(books, "XAFA", "R1", 20260120, "E", KG, AU="1")
    put(books, "obligations.receipt", *receipt_labels("XAFB", "A", 20251101, AU="1"))
    put(books, "taking", listed("XAFB", 20260131, "FA-1", "E", KG))
    rows = reading(books, due_list, datetime.date(2026, 2, 20))
    assert [(r["due"], r["mba"], r["paragraphs"], r["forms"], r["day_passed"]) for r in rows] == [
        ("2026-02-15", "XAFA", [4], ["4"], True),
        ("2026-02-15", "XAFB", [11], ["8", "9"], True),
        ("2026-02-28", "XAFA", [5], ["6"], False),
        ("2026-02-28", "XAFB", [12], ["10"], False),
    ]
    assert reading(books, due_list, datetime.date(2026, 6, 1)) == []


def test_mixing_of_the_same_breakdown_is_no_mixing() -> None:
    def split(source: str, target: str, key: str, mg: int) -> Move:
        here = Holding("X", "book", source, "E"), Holding("X", "book", target, "E")
        return Move("X", 20260101, "BLEND", here[0], key, here[1], key, mg, Line(1, 1))

    same = [split("A", "C", "AU", 600_001), split("A", "C", "-", 399_999)]
    same += [split("B", "C", "AU", 300_000), split("B", "C", "-", 200_000)]
    assert mixings(same, {}, "X") == []
    target = Holding("X", "book", "C", "E")
    (found,) = mixings(same[:2], {(20260101, target): {"-": 5}}, "X")
    assert found.cells == {"-": 400_004, "AU": 600_001}
    assert [name for name, _ in found.sources] == ["A", "held before"]


def run(books_at: str, *arguments: str) -> str:
    group = typer.Typer()
    obligations_statements.register(group)
    done = CliRunner().invoke(group, [*arguments, "--db", books_at], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_commands(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_books, "clock", system_clock)
    books = books_of(sqlite_url, XAFA=False)
    receive(books, "XAFA", "R1", 20250110, "E", 1000 * KG, AU_US="7/10", CA="3/10")
    shown = json.loads(run(sqlite_url, "statement", "US", "--year", "2025", "--format", "json"))
    assert shown["act"] is None and shown["lines"][-1]["amount"] == "700"
    assert "receipts from abroad" in run(sqlite_url, "statement", "US", "--year", "2025")
    table = run(sqlite_url, "statement", "US", "--year", "2025", "--unit", "t", "--format", "csv")
    assert table.splitlines()[-1] == "enriched uranium,bulk areas,closing,1,t"
    pdf = tmp_path / "us.pdf"
    said = run(sqlite_url, "statement", "US", "--year", "2025", "--issue", "--output", str(pdf))
    assert pdf.read_bytes().startswith(b"%PDF") and "Issue 1 to US about 2025: act" in said
    theirs = tmp_path / "us.csv"
    theirs.write_text("category,line,amount,unit\nE,closing,705,kg\n")
    arguments = ("reconcile", "US", "--year", "2025", "--file", str(theirs))
    assert "Unexplained is something in: E." in run(sqlite_url, *arguments, "--check")
    assert "Unexplained is something in: E." in run(sqlite_url, *arguments)
    assert "unexplained" in run(sqlite_url, "reconcile", "US", "--year", "2025")
    month = ("supplier-report", "XAFA", "--month", "2025-01")
    assert "form 6, due 2025-02-28" in run(sqlite_url, *month)
    found = json.loads(run(sqlite_url, *month, "--format", "json"))
    assert [len(found[name]) for name in ("reports", "findings")] == [1, 0]
    assert run(sqlite_url, *month, "--format", "csv").count("\n") == 3
    assert "2025-02-28" in run(sqlite_url, "due", "--on", "2025-02-20")
    with pytest.raises(UsageError, match="is no month"):
        run(sqlite_url, "supplier-report", "XAFA", "--month", "2025")
    with pytest.raises(UsageError, match="written to a file"):
        run(sqlite_url, "statement", "US", "--year", "2025", "--format", "pdf")
    with pytest.raises(UsageError, match="does not say which form"):
        run(sqlite_url, "statement", "US", "--year", "2025", "--output", str(tmp_path / "x.doc"))
