"""Bulk import against raw SQLite: how much do durability, chain, checks and projection cost?

Measured are, each in a fresh process and on the same movements read from Parquet:

* ``raw``: ``executemany`` of the nine columns of the movements into a bare table, one commit,
  write-ahead log, every commit flushed. The rows are ready; only SQLite's time counts.
* ``stored``: the same of the same lines with all the columns that the books fill.
* ``keiryo``: `keiryo.journal.posting.post` from reading the files to the last commit: types,
  references, codes, dates and signs checked, lines salted, hashed and chained, months summed.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
from pathlib import Path
from typing import Any

import generate
import ledger
import polars as pl
from measuring import CACHE, Clock, fresh, scratch, tell

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000", "cache_size=-65536")


def raw(path: Path, files: list[Path], *, stored: bool) -> Clock:
    """Insert the movements, or the lines as the books store them, into a bare table."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    clock, done, statement = Clock(), 0, ""
    for frame in ledger.read(files):
        rows = frame
        if stored:
            rows = ledger.ledger_lines(frame).select(
                pl.lit(3).alias("act_id"),
                pl.int_range(done + 1, done + 1 + frame.height).alias("line_no"),
                pl.Series("salt", [os.urandom(16) for _ in range(frame.height)]),
                pl.all(),
            )
            done += frame.height
        if not statement:
            columns = ", ".join(
                f"{name} {'INTEGER' if dtype.is_integer() else 'TEXT'}"
                for name, dtype in rows.schema.items()
            )
            connection.execute(
                f"CREATE TABLE movement ({columns.replace('salt TEXT', 'salt BLOB')})"
            )
            statement = f"INSERT INTO movement VALUES ({', '.join('?' * rows.width)})"
            connection.execute("BEGIN IMMEDIATE")
        tuples = rows.rows()
        with clock:
            connection.executemany(statement, tuples)
        del tuples
    with clock:
        connection.commit()
    return clock


def keiryo(path: Path, files: list[Path], lines_per_act: int) -> Clock:
    """Post the movements to new books."""
    database = ledger.new_books(path)
    clock = Clock()
    with clock:
        ledger.post_movements(database, files, lines_per_act)
    return clock


def measure(lines: int, *, times: int = 3, memory_lines: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return the figures for `lines` lines, and the peak memory of longer imports."""
    generate.parquet(CACHE, lines)
    smaller = max(lines // 10, 10)
    ways: dict[str, tuple[object, ...]] = {
        "raw": ("raw", lines),
        "stored": ("stored", lines),
        "one_act": ("keiryo", lines, lines),
        "ten_acts": ("keiryo", lines, smaller),
    }
    found: dict[str, dict[str, Any]] = {}
    for _ in range(times):  # in turns, so that other work on the computer hits all of them
        for way, words in ways.items():
            run = fresh("bulk_import.py", *words)
            kept = found.setdefault(way, run)
            peak = max(kept["peak_mb"], run["peak_mb"])
            found[way] = {**min(kept, run, key=lambda figures: figures["seconds"]), "peak_mb": peak}
    memory = {str(lines): found["one_act"]["peak_mb"]}
    for more in memory_lines:
        generate.parquet(CACHE, more)
        memory[str(more)] = fresh("bulk_import.py", "keiryo", more, more)["peak_mb"]
    return {"lines": lines, **found, "peak_mb_by_lines": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("raw", "stored", "keiryo"))
    parser.add_argument("lines", type=int)
    parser.add_argument("lines_per_act", type=int, nargs="?", default=10**9)
    asked = parser.parse_args()
    files = generate.parquet(CACHE, asked.lines)
    with scratch(f"bulk-{asked.what}") as path:
        if asked.what == "keiryo":
            clock = keiryo(path, files, asked.lines_per_act)
        else:
            clock = raw(path, files, stored=asked.what == "stored")
        tell(clock, bytes=path.stat().st_size)


if __name__ == "__main__":
    main()
