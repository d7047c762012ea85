"""Book inventories of all areas on a date, against a Polars group-by over the same lines.

The books are posted once and kept in ``.benchmarks``. The answers must be the same, on the last
day of a month and in the middle of one, before any time is told.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import Any

import generate
import ledger
import polars as pl
from measuring import CACHE, Clock, fresh, tell

from keiryo.accounts.book_inventories import book_inventories
from keiryo.capabilities import builtin_registry
from keiryo.storage.engine import Database

LINES_PER_ACT = 1_000_000
DATES = (datetime.date(2019, 6, 30), datetime.date(2019, 6, 15))
TIMES = 5

Answer = dict[tuple[str, str], int]


def books(lines: int) -> Path:
    """Return books that hold the movements; posted once, used again later."""
    path = CACHE / f"as-of-{lines}-{generate.SEED}.sqlite"
    finished = path.with_suffix(".finished")
    if not finished.exists():
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        database = ledger.new_books(path)
        ledger.post_movements(database, generate.parquet(CACHE, lines), LINES_PER_ACT)
        database.close()
        finished.touch()
    return path


def from_books(database: Database, on: datetime.date) -> Answer:
    """Ask the books."""
    with database.reading() as connection:
        found = book_inventories(connection, database.metadata, on)
    return {
        (mba, str(category)): amount.element_mg
        for mba, by_category in found.items()
        for category, amount in by_category.items()
    }


def grouped(lines: pl.LazyFrame, on: datetime.date) -> Answer:
    """Sum the lines by area and category with Polars."""
    number = on.year * 10_000 + on.month * 100 + on.day
    shipped = pl.col("code") == "SD"
    sign = pl.when(shipped).then(-1).otherwise(1)
    sums = (
        lines.filter(pl.col("date") <= number)
        .group_by("mba", "category")
        .agg(
            (sign * pl.col("element_mg")).sum().alias("element_mg"),
            (sign * pl.col("isotope_mg")).sum().alias("isotope_mg"),
        )
        .collect()
    )
    return {(row["mba"], row["category"]): row["element_mg"] for row in sums.to_dicts()}


def by_area(movements: pl.LazyFrame) -> pl.LazyFrame:
    """The columns that the sums need, with the area in whose book the movement is."""
    mba = pl.when(pl.col("code") == "SD").then("from_mba").otherwise("to_mba").alias("mba")
    return movements.select("date", mba, "category", "element_mg", "isotope_mg", "code")


def best_of(ask: Any, *words: Any) -> tuple[Clock, Answer]:
    """Ask several times; return the quickest and the answer."""
    quickest, answer = None, {}
    for _ in range(TIMES):
        with Clock() as clock:
            answer = ask(*words)
        if quickest is None or clock.seconds < quickest.seconds:
            quickest = clock
    assert quickest is not None
    return quickest, answer


def measure(lines: int) -> dict[str, Any]:
    """Return the seconds of each way; raise AssertionError if the answers differ."""
    books(lines)
    found: dict[str, Any] = {"lines": lines}
    for on in DATES:
        ways = {
            way: fresh("as_of.py", way, lines, on)
            for way in ("memory", "categorical", "parquet", "books")
        }
        answers = [way.pop("answer") for way in ways.values()]
        assert all(answer == answers[0] for answer in answers), f"answers differ on {on}"
        found[on.isoformat()] = ways
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=("books", "memory", "categorical", "parquet", "prepare"))
    parser.add_argument("lines", type=int)
    parser.add_argument("on", type=datetime.date.fromisoformat, nargs="?", default=DATES[0])
    asked = parser.parse_args()
    files = generate.parquet(CACHE, asked.lines)
    if asked.way == "prepare":
        print(books(asked.lines))
        return
    if asked.way == "books":
        database = Database(books(asked.lines), builtin_registry())
        clock, answer = best_of(from_books, database, asked.on)
    else:
        lines = by_area(pl.scan_parquet(files))
        if asked.way != "parquet":
            frame = lines.collect()
            if asked.way == "categorical":
                frame = frame.cast(dict.fromkeys(("mba", "category", "code"), pl.Categorical))
            lines = frame.lazy()
        clock, answer = best_of(grouped, lines, asked.on)
    tell(clock, answer=sorted([*key, mg] for key, mg in answer.items()))


if __name__ == "__main__":
    main()
