"""Verification of all books, against reading the same lines and hashing them.

The baseline reads every line with its salt, makes the canonical bytes, the leaves and the root;
it compares nothing. Verification also checks headers, guards, gaps and the projection.
"""

from __future__ import annotations

import argparse
from typing import Any

import as_of
from measuring import Clock, best, tell
from sqlalchemy import text

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.capabilities import builtin_registry
from keiryo.journal.canonical import frame_bytes, leaf_digests
from keiryo.journal.merkle import GrowingTree
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database
from keiryo.storage.frames import read_frames, table_schema


def read_and_hash(database: Database) -> int:
    """Read all ledger lines and hash them; return their number."""
    table, tree = database.metadata.tables[INVENTORY_CHANGE.name], GrowingTree()
    schema = table_schema(list(table.columns))
    query = text(f"SELECT {', '.join(schema)} FROM {table.name} ORDER BY act_id, line_no")
    with database.reading() as connection:
        for frame in read_frames(connection, query, schema):
            lines = frame_bytes(table.name, frame.drop("act_id", "salt"))
            tree.extend(leaf_digests(frame["salt"].to_list(), lines))
    tree.root()
    return tree.size


def measure(lines: int) -> dict[str, Any]:
    """Return the figures of both."""
    as_of.books(lines)
    ways = {way: best(2, "verify.py", way, lines) for way in ("read_and_hash", "verify")}
    return {"lines": lines, **ways}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=("read_and_hash", "verify"))
    parser.add_argument("lines", type=int)
    asked = parser.parse_args()
    database = Database(as_of.books(asked.lines), builtin_registry())
    with Clock() as clock:
        if asked.way == "verify":
            outcome = verify(database)
            assert outcome.sound, outcome.problems
        else:
            assert read_and_hash(database) == asked.lines
    tell(clock)


if __name__ == "__main__":
    main()
