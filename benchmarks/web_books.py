"""Books to serve: one large area beside the others, people of the State, findings to answer.

All lines of the large area are of one book, which a page of that area has to be made from; the
other areas have the same few lines whatever the size, as most areas of a State do.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import generate
import ledger
import polars as pl

import keiryo
from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING, finding_values
from keiryo.people.accounts import make_account
from keiryo.people.keys import SigningKey
from keiryo.people.sessions import open_session
from keiryo.people.tokens import make_token
from keiryo.storage.engine import Database

LARGE, LARGE_SCOPE = generate.AREAS[0], ledger.SCOPES[0]
SMALL_LINES, SMALL_SEED = 4_800, 8
FINDINGS = 48
HOUR = datetime.timedelta(hours=1)
PEOPLE = (
    ("officer1", "State officer", generate.STATE),
    ("officer2", "State officer", generate.STATE),
    ("officer3", "State officer", generate.STATE),
    ("inspector", "inspector", generate.STATE),
    ("accountant", "facility accountant", LARGE_SCOPE),
    ("administrator", "administrator", generate.STATE),
)
READERS, POSTING = ("officer1", "inspector", "accountant"), ("officer1", "officer2", "officer3")


def in_one_area(lines: pl.DataFrame) -> pl.DataFrame:
    """Return ledger lines as those of the large area: it ships and receives all of them."""
    own = pl.lit(f"{generate.STATE}/{LARGE}")
    shipped = pl.col("code") == "SD"
    return lines.with_columns(
        pl.lit(LARGE_SCOPE).alias("scope"),
        pl.lit(LARGE).alias("mba"),
        pl.when(shipped).then(own).otherwise("shipper").alias("shipper"),
        pl.when(shipped).then("receiver").otherwise(own).alias("receiver"),
        pl.concat_str(pl.lit("L"), "batch").alias("batch"),
    )


def make(place: str, lines: int) -> dict[str, Any]:
    """Make books with so many lines in one area; return cookies, tokens and findings."""
    database = ledger.new_books(place)
    small = [ledger.ledger_lines(frame) for frame in generate.chunks(SMALL_LINES, SMALL_SEED)]
    _post(database, "small", small)
    for number, frame in enumerate(generate.chunks(lines)):
        _post(database, f"large-{number}", [in_one_area(ledger.ledger_lines(frame))])
    findings = _find(database)
    made = {"findings": findings, **_admit(database)}
    database.close()
    return made


def _post(database: Database, name: str, frames: list[pl.DataFrame]) -> None:
    draft = Draft("movements.import", client_id=f"movements-{name}")
    draft.add_frames(INVENTORY_CHANGE.name, frames)
    post(database, draft, ledger.ACTOR)


def _find(database: Database) -> list[list[int]]:
    """Record a question about each area; return act and line of each."""
    draft = Draft("movements.import", client_id="findings")
    for number in range(FINDINGS):
        place = number % len(generate.AREAS)
        one = Finding(
            "BATCH-NEGATIVE",
            Severity.WARNING,
            f"question {number} about this area",
            "Look at the shipment.",
            mba=generate.AREAS[place],
        )
        draft.add(FINDING.name, **finding_values(one, ledger.SCOPES[place]))
    act = post(database, draft, ledger.ACTOR).act
    with database.reading() as connection:
        table = database.metadata.tables[FINDING.name]
        rows = connection.execute(table.select().where(table.c.act_id == act.act_id)).mappings()
        return [[int(row["act_id"]), int(row["line_no"])] for row in rows]


def _admit(database: Database) -> dict[str, Any]:
    """Admit everybody in one act; nobody types a password, sessions are opened directly."""
    now, state = datetime.datetime.now(datetime.UTC), generate.STATE
    draft = Draft("person.admit", "people", reason="people of the benchmark")
    keys = {}
    for number, (name, role, scope) in enumerate(PEOPLE):
        person, key = f"P-{'ABCDEFGHJK'[number] * 8}", SigningKey.new()
        keys[name] = (person, key)
        draft.add("person_state", scope=state, person=person, state="admitted")
        draft.add(
            "role_grant",
            scope=state,
            person=person,
            role=role,
            granted_scope=scope,
            state="granted",
        )
        draft.add("person_key", scope=state, person=person, key=key.key, state="registered")
    person, key = keys["administrator"]
    post(database, draft, Actor(person, state, key))
    with database.writing() as connection:
        for name, (person, _) in keys.items():
            make_account(connection, database.metadata, person, name, name, now)
    cookies = [
        open_session(
            database,
            keys[name][0],
            signing_key=keys[name][1],
            step="full",
            address="127.0.0.1",
            agent="benchmark",
            now=now,
        )
        for name in READERS
    ]
    tokens = [
        make_token(
            database,
            keys[name][0],
            name="benchmark",
            abilities=("read", "write"),
            scope=None,
            lifetime=12 * HOUR,
            signing_key=keys[name][1],
            now=now,
        )[0]
        for name in POSTING
    ]
    return {"cookies": cookies, "tokens": tokens}


def answers_recorded(place: str) -> list[str]:
    """Return the words of every answer to a finding that is in the books."""
    books = keiryo.open(place)
    with books.database.reading() as connection:
        table = books.database.metadata.tables["finding_answer"]
        words = [
            str(row[0])
            for row in connection.execute(table.select().with_only_columns(table.c.answer))
        ]
    books.disconnect()
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", help="path of an SQLite file or postgresql:// URL")
    parser.add_argument("lines", type=int)
    parser.add_argument("people", type=Path, help="file for cookies and tokens")
    asked = parser.parse_args()
    asked.people.touch(mode=0o600)
    asked.people.write_text(json.dumps(make(asked.place, asked.lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
