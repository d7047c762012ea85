"""Entries of reports that were issued here are explained like received ones."""

from __future__ import annotations

import datetime

from issuing.issuing_books import IssuingBooks, change, changes
from journal.toy_books import ACTOR
from keiryo.accounts.balance import balance
from keiryo.corrections.explanation import explained
from keiryo.corrections.model import Choices
from keiryo.corrections.service import plan_correction, post_plan


def test_an_entry_that_was_issued_here_is_explained(sqlite_url: str) -> None:
    books = IssuingBooks(sqlite_url)
    recorded = books.record(changes(change("LD", "2025-02-10", "LIQ-1", "630:10.5 670:0.4")))
    assert recorded.outcome == "recorded"
    issued = books.issue("I", "2025-02-01", "2025-02-28")
    (link,) = explained(books.database, "XHFA", issued.report.number, 1)
    assert (link["entry"], link["act"]) == (f"XHFA {issued.report.number}/1", issued.act.act_id)
    assert link["event_date"] == datetime.date(2025, 2, 10).isoformat()


def test_an_entry_that_was_issued_here_is_corrected(sqlite_url: str) -> None:
    """And corrected again: the book follows, and the chain is whole."""
    books = IssuingBooks(sqlite_url)
    books.record(changes(change("LD", "2025-02-10", "LIQ-1", "630:10.5 670:0.4")))
    number = books.issue("I", "2025-02-01", "2025-02-28").report.number
    for day, grams in ((20, "11.5"), (25, "12.5")):
        choices = Choices(datetime.date(2026, 2, day), reason="READ AGAIN", encoder="A,B.")
        planned = plan_correction(books.database, "XHFA", number, 1, {"630": grams}, choices)
        posted = post_plan(books.database, planned, ACTOR)
        assert posted.complete, posted
    with books.database.reading() as connection:
        lines = balance(
            connection,
            books.database.metadata,
            "XHFA",
            start=datetime.date(2025, 1, 1),
            end=datetime.date(2025, 3, 31),
        ).to_dict()["lines"]
    assert lines["LD"]["E"]["element"] == "12.5"  # type: ignore[index]
    chain = explained(books.database, "XHFA", number, 1)
    assert len(chain) == 3
