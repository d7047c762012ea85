"""Source lines: taken in one act or not at all, as measured, recognised when they come again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from issuing.issuing_books import IssuingBooks, change, changes, clock, codes, found, taking
from keiryo.errors import Finding, Severity
from keiryo.issuing.source import SourceOutcome
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.quantities import Category
from keiryo.reports.model import Entry, Note, Report
from small_books import ACTOR, STORE

WEIGHTS = change("LD", "2025-02-10", "W-1", "630:12.34 670:0.056").weights
LOSS = change("LD", "2025-02-10", "W-1", "630:1.234 670:0.056")


@pytest.fixture
def books(sqlite_url: str) -> IssuingBooks:
    return IssuingBooks(sqlite_url)


def lines(books: IssuingBooks, table: str) -> list[Any]:
    with books.database.reading() as connection:
        found = books.database.metadata.tables[table]
        rows = connection.execute(select(found).order_by(*list(found.c)[:2]))
        return list(rows.mappings())


def test_lines_are_unreported_and_as_measured(database_url: str) -> None:
    books = IssuingBooks(database_url)
    plutonium = change("NP", "2025-03-01", "OLD-1", "700:5 720:4 730:0.5", mdc="B/Q/1/G")
    files = [("changes.xlsx", b"content"), ("more.csv", b"other")]
    outcome = books.record(changes(plutonium, LOSS), taking("2025-12-31"), files=files)
    assert (outcome.outcome, outcome.entries, outcome.findings) == ("recorded", 3, ())
    rows = lines(books, "inventory_change")
    assert [(r["batch"], r["element_mg"], r["fissile_mg"]) for r in rows] == [
        ("W-1", 1234, 56), ("OLD-1", 5000, None),
    ]  # fmt: skip
    assert {(r["report_no"], r["entry_no"], r["status"], r["known_on"]) for r in rows} == {
        (None, None, None, 20260120)
    }
    assert [r["nuclide"] for r in lines(books, "isotope_weight")] == ["Pu-239", "Pu-240"]
    assert lines(books, "physical_inventory")[-1]["status"] == "U"
    kept = [r for r in lines(books, "evidence") if r["act_id"] == outcome.act_id]
    assert [(r["name"], r["role"]) for r in kept] == [
        ("changes.xlsx", "source data"), ("more.csv", "source data"),
    ]  # fmt: skip
    assert books.database.evidence.get(kept[0]["digest"]) == b"content"
    balance = books.balance("XHFA", "2025-01-01", "2025-12-31")
    assert balance.lines["LD"][Category.ENRICHED].element_mg == 1234
    assert verify(books.database).sound


def test_same_content_again_is_recognised(books: IssuingBooks) -> None:
    first = books.record(changes(LOSS), files=[("a.csv", b"1")])
    again = books.record(changes(replace(LOSS, file="b.csv", line=9)), files=[("b.csv", b"2")])
    assert again == SourceOutcome("recorded before", first.act_id, 1)
    more = books.record(changes(LOSS, change("LD", "2025-02-11", "W-2", "630:1 670:0.1")))
    assert more.outcome == "refused" and codes(more.findings) == ["DUPLICATE E"]
    assert f"as act {first.act_id}, with the same" in more.findings[0].message
    retyped = books.record(changes(replace(LOSS, weights=WEIGHTS)))
    assert codes(retyped.findings) == ["BATCH-REUSE E"] and "other weights" in (
        retyped.findings[0].message
    )
    taken = books.record(changes(LOSS), taking("2025-12-31"), accept_reason="two drums, one name")
    assert taken.outcome == "recorded" and codes(taken.findings) == ["DUPLICATE E"]


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (changes(LOSS, mba="XHZZ"), ["MBA-UNKNOWN F"]),
        (changes(LOSS, mba=None), ["MBA-UNKNOWN F"]),
        (replace(changes(LOSS), type="M"), ["SOURCE-TYPE F"]),
        (replace(changes(LOSS), number=7), ["SOURCE-NUMBERED F"]),
        (replace(taking("2025-12-31"), period_to=None), ["LABEL-MISSING F"]),
        (taking("2026-12-31"), ["DATE-FUTURE E"]),
        (changes(replace(LOSS, date=None)), ["LABEL-MISSING F"]),
        (changes(replace(LOSS, code="ZZ")), ["IC-UNKNOWN F"]),
        (changes(replace(LOSS, weights=())), ["LABEL-MISSING F"]),
        (changes(replace(LOSS, batch="A#B")), ["LABEL-FORMAT F"]),
        (changes(replace(LOSS, batch="A\nB", non_latin="G")), ["LABEL-FORMAT F"]),
        (changes(change("LD", "2026-02-10", "W-1", "630:1 670:0.1")), ["DATE-FUTURE E"]),
        (changes(change("LD", "2025-02-10", "W-1", "630:1 670:2")), ["ISO-GT-ELEM E"]),
        (changes(change("LD", "2025-02-10", "W-1", "630:-1 670:0")), ["NUM F"]),
        (changes(LOSS, LOSS), ["DUPLICATE E"]),
        (changes(LOSS, replace(LOSS, weights=WEIGHTS)), ["BATCH-REUSE E"]),
        (taking("2024-12-31", found("X", "610:1")), ["BEFORE-OPENING F"]),
        (changes(change("LD", "2024-12-31", "W-1", "630:1 670:0.1")), ["BEFORE-OPENING E"]),
        (changes(replace(LOSS, status="D")), ["CORR-REF E", "SOURCE-STATUS F"]),
    ],
)
def test_what_is_refused(books: IssuingBooks, report: Report, told: list[str]) -> None:
    acts = len(lines(books, "act"))
    outcome = books.record(changes(change("GA", "2025-02-10", "G-1", "610:1")), report)
    assert outcome.outcome == "refused" and outcome.act_id is None
    assert codes(outcome.findings) == told
    assert all(f.advice and f.message for f in outcome.findings)
    assert len(lines(books, "act")) == acts


def test_nothing_and_findings_of_the_reader(books: IssuingBooks) -> None:
    assert codes(books.record().findings) == ["SOURCE-EMPTY F"]
    wrong = Finding("TOO-FINE", Severity.FORMAT, "a weight finer than a milligram", cell="C7")
    outcome = books.record(changes(LOSS), findings=[wrong])
    assert outcome.outcome == "refused" and outcome.findings == (wrong,)
    noted = replace(changes(LOSS), notes=(Note(number=1, text="HELLO."),))
    hint = replace(wrong, severity=Severity.WARNING)
    outcome = books.record(noted, findings=[hint])
    assert outcome.outcome == "recorded"
    assert codes(outcome.findings) == ["TOO-FINE W", "SOURCE-NOTE W"]
    assert [r["code"] for r in lines(books, "finding")] == ["TOO-FINE", "SOURCE-NOTE"]


def test_batches_are_followed_through_one_act(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url, XHFB=STORE)
    arrival = change("GA", "2025-02-01", "FA-9", "630:100 670:4", items=1, mdc="B/Q/2/F")
    gone = change("LD", "2025-03-01", "FA-9", "630:100 670:4", items=1, mdc="B/Q/2/F")
    listed = found("FA-1", "630:400 670:18", items=1, mdc="B/Q/2/F")
    books.record(changes(gone, arrival, mba="XHFB"), taking("2025-12-31", listed, mba="XHFB"))
    uids = [r["batch_uid"] for r in lines(books, "inventory_change")]
    assert uids == ["XHFB/FA-9#1", "XHFB/FA-9#1"]
    assert lines(books, "physical_inventory")[-1]["batch_uid"] == "XHFB/FA-1#1"


def test_correction_of_a_line_that_was_issued(books: IssuingBooks) -> None:
    kept = change("LD", "2025-02-12", "W-3", "630:3 670:0.1")
    books.record(changes(LOSS, change("LD", "2025-02-11", "W-2", "630:2 670:0.1"), kept))
    books.issue("I", "2025-02-01", "2025-02-28")
    first, second, third = lines(books, "inventory_change")
    corrected = {k: v for k, v in first.items() if k not in ("act_id", "line_no", "salt")}
    corrected |= {"status": "C", "element_mg": 1500, "supersedes_act": first["act_id"],
                  "supersedes_line": first["line_no"]}  # fmt: skip
    deleted = {k: third[k] for k in ("scope", "mba", "known_on")} | {
        "status": "D", "supersedes_act": third["act_id"], "supersedes_line": third["line_no"],
    }  # fmt: skip
    draft = Draft("test.correct", "correction")
    draft.add("inventory_change", corrected)
    draft.add("inventory_change", deleted)
    post(books.database, draft, ACTOR, clock=clock)
    report = books.issue("I", "2025-03-01", "2025-03-31").report
    shown = [(e.status, e.refers and (e.refers.report, e.refers.entry), e.weights_mg().get("630"))
             for e in report.entries]  # fmt: skip
    assert shown == [("C", (1, 1), 1500), ("D", (1, 3), None)]
    assert second["batch"] == "W-2" and isinstance(report.entries[0], Entry)
