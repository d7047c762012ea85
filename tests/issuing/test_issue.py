"""Reports made from source lines: numbers, rounding, additions, corrections, refusals."""

from __future__ import annotations

import pytest

from issuing.issuing_books import (
    IssuingBooks,
    change,
    changes,
    clock,
    codes,
    found,
    opening,
    stated,
    taking,
)
from keiryo.errors import ConflictError, RefusedError, UsageError
from keiryo.issuing.issue import issue
from keiryo.journal.verify import verify
from keiryo.reports.formats.code10_reader import read
from small_books import ACTOR

ROUNDED = "code10_rounded"
YEAR = ("2025-01-01", "2025-12-31")
WORKED = (
    changes(
        change("RF", "2025-03-01", "IN-1", "630:500.4 670:22.5"),
        change("SD", "2025-06-01", "OUT-1", "630:200.4 670:9"),
        change("SD", "2025-06-02", "OUT-2", "630:200.4 670:9"),
        change("SD", "2025-06-03", "OUT-3", "630:200.4 670:9"),
    ),
    taking("2025-12-31", found("STOCK", "630:898.9 670:40.5")),
)


def test_worked_example_of_rounding(database_url: str) -> None:
    books = IssuingBooks(database_url)
    assert books.record(*WORKED).outcome == "recorded"
    changed = books.issue("I", *YEAR, profile_name=ROUNDED).report
    assert [e.weights_mg()["630"] // 1000 for e in changed.entries] == [500, 200, 200, 200]
    balance = books.issue("M", *YEAR, profile_name=ROUNDED).report
    listed = books.issue("P", YEAR[1], profile_name=ROUNDED).report
    assert [e.weights_mg()["630"] for e in listed.entries] == [899_000]
    assert stated(balance, "630") == {
        "PB": 1000, "RF": 500, "SD": 601, "BE": 900, "BA": 900, "PE": 899, "MF": 1,
        "RASD": -1, "RABE": -1, "RABA": -1,
    }  # fmt: skip
    assert [e.code for e in balance.entries] == [
        *("PB", "RF", "SD", "BE", "BA", "PE", "MF", "RASD", "RABE", "RABA")
    ]
    assert [r.number for r in books.issued("XHFA")] == [1, 2, 3]
    assert books.issued() == [changed, balance, listed]
    assert verify(books.database).sound


def test_unrounded_has_no_adjustments_and_the_books_stay_as_measured(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    before = books.lines("XHFA", *YEAR)
    for kind in "IMP":
        books.issue(kind, *(YEAR if kind != "P" else YEAR[1:]))
    changed, balance, _ = books.issued()
    assert [e.weights_mg()["630"] for e in changed.entries] == [500_400, 200_400, 200_400, 200_400]
    assert not [e for e in balance.entries if (e.code or "").startswith("RA")]
    assert {e.code: e.weights_mg()["630"] for e in balance.entries} == {
        "PB": 1_000_400, "RF": 500_400, "SD": 601_200, "BE": 899_600, "BA": 899_600,
        "PE": 898_900, "MF": 700,
    }  # fmt: skip
    assert books.lines("XHFA", *YEAR) == before


def test_next_balance_begins_with_what_the_last_one_stated(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    for kind in "IMP":
        books.issue(kind, *(YEAR if kind != "P" else YEAR[1:]), profile_name=ROUNDED)
    books.record(taking("2026-01-10", found("STOCK", "630:898.9 670:40.5")))
    balance = books.issue("M", "2026-01-01", "2026-01-10", profile_name="code10").report
    assert {e.code: e.weights_mg()["630"] for e in balance.entries} == {
        "PB": 899_000, "BE": 898_900, "BA": 898_900, "PE": 898_900, "MF": 0,
        "RABE": 100, "RABA": 100,
    }  # fmt: skip


def test_what_came_late_is_added_to_the_report_of_its_period(database_url: str) -> None:
    books = IssuingBooks(database_url)
    january = change("LD", "2025-01-10", "W-1", "630:1.5 670:0.06")
    books.record(changes(january))
    assert books.issue("I", "2025-01-01", "2025-01-31").report.number == 1
    late = [change("LD", f"2025-01-{day}", f"W-{day}", "630:2 670:0.1") for day in (20, 21)]
    books.record(changes(*late, change("LD", "2025-02-03", "W-3", "630:3 670:0.1")))
    second = books.issue("I", "2025-02-01", "2025-02-28").report
    shown = [(e.batch, e.status, e.refers and (e.refers.report, e.refers.entry))
             for e in second.entries]  # fmt: skip
    assert shown == [("W-3", "N", None), ("W-20", "A", (1, 2)), ("W-21", "A", (1, 3))]
    books.record(changes(change("LD", "2025-01-22", "W-22", "630:2 670:0.1")))
    third = books.issue("I", "2025-02-01", "2025-02-28").report
    assert [(e.refers.report, e.refers.entry) for e in third.entries if e.refers] == [(1, 4)]
    with pytest.raises(UsageError, match="no change of XHFA to report"):
        books.prepare("I", "2025-02-01", "2025-02-28")
    assert read(books.copy(2).text().encode(), "x").reports[0] == second


def test_additions_go_to_a_report_that_was_received(sqlite_url: str) -> None:
    from cases.making import change as reported

    books = IssuingBooks(sqlite_url)
    outcome = books.send("XHFA", 1, reported("LD", "20250110", "W-1", "630:1 670:0.1"))
    assert outcome.outcome == "accepted"
    books.record(changes(change("LD", "2025-01-20", "W-20", "630:2 670:0.1")))
    (entry,) = books.issue("I", "2025-01-01", "2025-01-31").report.entries
    assert entry.status == "A" and entry.refers and (entry.refers.report, entry.refers.entry) == (
        1, 2,
    )  # fmt: skip
    assert books.issued()[0].number == 2


def test_addition_to_a_closed_period_says_that_the_balance_is_open_again(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    for kind in "IMP":
        books.issue(kind, *(YEAR if kind != "P" else YEAR[1:]))
    books.record(changes(change("LD", "2025-11-03", "W-3", "630:3 670:0.1")))
    prepared = books.prepare("I", "2026-01-01", "2026-01-15")
    assert codes(prepared.findings) == ["MBR-REOPENED W"] and not prepared.blocked
    books.record(taking("2025-12-31", found("LATE", "630:1 670:0.01")))
    late = books.prepare("P", "2025-12-31")
    assert [e.status for e in late.report.entries] == ["A"]
    assert "PIL-PE W" in codes(late.findings) and not late.blocked


def test_balance_needs_the_changes_reported_and_a_taking(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    with pytest.raises(UsageError, match="no physical inventory of XHFA was taken"):
        books.prepare("M", *YEAR)
    books.record(*WORKED)
    prepared = books.prepare("M", *YEAR)
    assert codes(prepared.findings) == ["ICR-MISSING E"]
    with pytest.raises(RefusedError) as refused:
        issue(books.database, prepared, ACTOR, clock=clock)
    assert refused.value.findings == prepared.findings
    with pytest.raises(UsageError, match="begins on 2025-01-01"):
        books.prepare("M", "2025-02-01", "2025-12-31")
    with pytest.raises(UsageError, match="books of XHFA begin"):
        books.prepare("P", "2024-12-31")
    assert books.issued() == []


def test_earlier_changes_are_not_forgotten(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    prepared = books.prepare("I", "2025-06-01", "2025-06-30")
    assert len(prepared.report.entries) == 3
    assert codes(prepared.findings) == ["ICR-MISSING W"]


def test_empty_area(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url, XHFA={**opening(), "previous_physical_inventory": []})
    with pytest.raises(UsageError, match="no physical inventory of XHFA on 2025-12-31"):
        books.prepare("P", "2025-12-31")
    books.record(taking("2025-12-31"))
    assert [e.status for e in books.issue("P", "2025-12-31").report.entries] == ["U"]
    assert [e.status for e in books.issue("M", *YEAR).report.entries] == ["U"]
    with pytest.raises(UsageError, match="in report 1"):
        books.prepare("P", "2025-12-31")


def test_issuing_again_changes_nothing_and_stale_reports_are_refused(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    prepared = books.prepare("I", *YEAR)
    first = issue(books.database, prepared, ACTOR, clock=clock)
    again = issue(books.database, prepared, ACTOR, clock=clock)
    assert again.repeated and again.act == first.act
    books.record(changes(change("LD", "2025-11-03", "W-3", "630:3 670:0.1")))
    stale = books.prepare("I", *YEAR)
    books.record(changes(change("LD", "2025-11-04", "W-4", "630:3 670:0.1")))
    with pytest.raises(ConflictError, match="books changed"):
        issue(books.database, stale, ACTOR, clock=clock)


def test_rebatching_stays_equal_when_rounded(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    parts = [change("RP", "2025-02-01", f"NEW-{n}", "630:33.4 670:1.45") for n in range(3)]
    books.record(changes(change("RM", "2025-02-01", "OLD-1", "630:100.2 670:4.35"), *parts))
    prepared = books.prepare("I", *YEAR, profile_name=ROUNDED)
    assert not prepared.findings
    assert [e.weights_mg()["630"] // 1000 for e in prepared.report.entries] == [100, 34, 33, 33]
    assert [e.weights_mg()["670"] // 1000 for e in prepared.report.entries] == [4, 2, 1, 1]


def test_notes(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    books.record(*WORKED)
    report = books.issue("I", *YEAR, notes=[(1, "SEAL NOT INTACT."), (None, "NONE.")]).report
    assert report.entries[0].note_indicator and [n.reference for n in report.notes] == ["E/1", "R"]
    assert books.issued() == [report]
    prepared = books.prepare("P", "2025-12-31", notes=[(7, "small")])
    assert prepared.blocked
