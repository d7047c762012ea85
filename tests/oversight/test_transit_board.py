"""The transit board: what is on its way on a day, and as it was known on another."""

from __future__ import annotations

import datetime
from importlib.resources import files
from pathlib import Path

import pytest

import keiryo
from keiryo.oversight.transit_board import transit_board

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
D = datetime.date


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> keiryo.Books:
    made = keiryo.init(tmp_path_factory.mktemp("transit") / "books.sqlite", "XA")
    made.import_reports(sorted(FOLDER.glob("*.txt")), context=FOLDER / "context.json")
    return made


def board(books: keiryo.Books, on: D, known_on: D | None = None, **more: bool) -> list[tuple]:
    with books.database.reading() as connection:
        rows = transit_board(connection, books.database.metadata, on, known_on=known_on, **more)
    return [(r.sender, r.receiver, r.batch, r.age_days, r.state) for r in rows]


def test_four_assemblies_on_their_way(books: keiryo.Books) -> None:
    rows = books.transit("2025-09-30")
    assert [r.to_dict()["age_days"] for r in rows] == [4, 4, 4, 4]
    assert sum(r.element_mg for r in rows) == 1_844_833_500
    assert sum(r.fissile_mg or 0 for r in rows) == 82_095_091
    assert {r.state for r in rows} == {"open"}
    assert [r.source for r in rows] == [f"XAFA/107/{n}" for n in (1, 2, 3, 4)]


def test_before_and_after(books: keiryo.Books) -> None:
    assert board(books, D(2025, 9, 25)) == []
    assert board(books, D(2025, 10, 1)) == []
    assert len(board(books, D(2025, 10, 1), every=True)) == 6


def test_as_it_was_known(books: keiryo.Books) -> None:
    """The receipts of 1 October were reported on 12 November."""
    known = D(2025, 11, 11)
    assert [row[4] for row in board(books, D(2025, 10, 26), known)] == ["open"] * 4
    assert [row[4] for row in board(books, D(2025, 10, 27), known)] == ["late"] * 4
    assert [row[4] for row in board(books, D(2025, 12, 25), known)] == ["late"] * 4
    assert [row[4] for row in board(books, D(2025, 12, 26), known)] == ["overdue"] * 4
    assert board(books, D(2025, 10, 27), D(2025, 11, 12)) == []


def test_differences(books: keiryo.Books) -> None:
    rows = board(books, D(2025, 12, 31), differences=True)
    assert rows == [
        ("XBEA", "XAFA", "CYL30B-4471", 300, "difference"),
        ("XAFA", "XALA", "LEU-SMP-25", 169, "difference"),
    ]
