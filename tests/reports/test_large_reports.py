"""Large reports: said how far they are, prepared beforehand, looked up in the books together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from cases.making import change, deleted, report
from keiryo.journal.model import Draft
from keiryo.reports import entries
from keiryo.reports.preparing import TRIES, post_prepared
from keiryo.reports.service import ImportSummary, import_reports
from small_books import ACTOR, PLANT, SmallBooks

JAN = "20250101/20250131"


@pytest.fixture
def plant(database_url: str) -> SmallBooks:
    return SmallBooks(database_url, XHFA=PLANT)


def arrivals(number: int, count: int, date: str = "20250228") -> str:
    parties = {"shipper": "XB/XBEA", "receiver": "XH/XHFA"}
    lines = [
        change("RF", "20250104", name, "630:5 670:0.2", shipper_batch=name, **parties)
        for name in (f"CYL-{one}" for one in range(count))
    ]
    return report("XH/XHF-/XHFA", number, "I", date, JAN, lines)


def take(books: SmallBooks, text: str, progress: Callable[..., None]) -> ImportSummary:
    return import_reports(books.database, [("large.txt", text.encode())], ACTOR, progress=progress)


def test_it_is_said_how_many_entries_are_done(
    plant: SmallBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "SAY_EVERY", 10)
    said: list[tuple[int, int]] = []
    summary = take(plant, arrivals(1, 40), lambda done, total, _: said.append((done, total)))
    assert summary.complete
    assert said == sorted(said) and said[0] == (0, 40) and said[-1] == (40, 40)
    assert {5, 10, 15} <= {done for done, _ in said}


class _Enough(Exception):
    pass


@pytest.mark.parametrize("at", [10, 30])
def test_one_that_is_stopped_leaves_no_trace(
    plant: SmallBooks, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """While it is prepared, and while it is recorded."""
    monkeypatch.setattr(entries, "SAY_EVERY", 10)

    def stop(done: int, _total: int, _detail: str) -> None:
        if done >= at:
            raise _Enough

    before = acts(plant)
    with pytest.raises(_Enough):
        take(plant, arrivals(1, 40), stop)
    assert acts(plant) == before
    assert take(plant, arrivals(1, 40), lambda *_: None).outcomes[0].outcome == "accepted"


def acts(books: SmallBooks) -> int:
    with books.database.reading() as connection:
        return len(connection.execute(select(books.database.metadata.tables["act"])).all())


def test_what_was_posted_meanwhile_counts(plant: SmallBooks) -> None:
    """An act that was prepared beforehand is prepared anew if another came in between."""
    built: list[int] = []

    def build(connection: Connection) -> Draft:
        head = connection.execute(select(plant.database.metadata.tables["chain_head"])).one()
        built.append(int(head.act_id))
        if len(built) <= TRIES:
            plant.take(arrivals(len(built), 1))
        draft = Draft("test.note", f"as-of:{built[-1]}")
        draft.add("note", scope="XH", report_no=1, note_no=1, note_text="X")
        return draft

    posted = post_prepared(plant.database, build, ACTOR)
    assert len(built) == TRIES + 1
    assert posted.act.act_id == built[-1] + 1


def test_batches_and_corrected_entries_are_looked_up_together(plant: SmallBooks) -> None:
    plant.take(arrivals(1, 60))
    asked: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    every = [deleted(f"XH;1/{number}") for number in range(1, 61)]
    event.listen(plant.database.engine, "before_cursor_execute", count)
    try:
        assert plant.take(arrivals(2, 60)).complete
        of_arrivals = len(asked)
        assert plant.take(report("XH/XHF-/XHFA", 3, "I", "20250301", JAN, every)).complete
    finally:
        event.remove(plant.database.engine, "before_cursor_execute", count)
    assert (of_arrivals < 200, len(asked) - of_arrivals < 200) == (True, True), len(asked)
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["RF"]["E"]["element"] == "300"
