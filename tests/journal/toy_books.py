"""Books with a toy capability, small enough to see through, for the tests of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Column, MetaData, Table, Text, text

from keiryo.errors import Finding, Severity
from keiryo.journal import model
from keiryo.journal.act_scopes import act_scopes
from keiryo.journal.model import Actor, Draft, LineKind
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.registry import Capability, Check, Posting, Projection, Refusal, Registry
from keiryo.journal.tables import CLOCK_CHANGE, EVIDENCE, FINDING_ANSWER, JOURNAL
from keiryo.storage.engine import Database
from keiryo.storage.schema import INTEGER

ACTOR = Actor("P-1", "XA")
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

TOY = LineKind(
    "toy",
    "A weight of something.",
    (
        model.text("name", "what it is", required=True),
        model.text("note", "anything"),
        model.integer("w_mg", "weight"),
    ),
    checks=("w_mg >= 0",),
)


class PowerCutError(Exception):
    """Stands for the end of the process in the middle of a posting."""


def _look_at_toys(posting: Posting) -> Iterator[Finding | Refusal]:
    for line in posting.lines("toy"):
        if line["name"] == "power cut":
            raise PowerCutError
        if line["name"] == "forbidden":
            words = f"line {line['line_no']} is forbidden"
            yield Refusal(Finding("TOY-FORBIDDEN", Severity.FORMAT, words))
        if (line["w_mg"] or 0) > 1_000_000:
            yield Finding("TOY-HEAVY", Severity.WARNING, "this is heavy", found=str(line["w_mg"]))


def _total_table(metadata: MetaData) -> Table:
    return Table(
        "toy_total",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("agreement", Text),
        Column("caveat", Text),
        Column("through_act", INTEGER, nullable=False),
        Column("total_mg", INTEGER, nullable=False),
        sqlite_strict=True,
    )


TOTALS = (
    "SELECT scope, CAST(NULL AS TEXT) AS agreement, CAST(NULL AS TEXT) AS caveat, "
    "max(act_id) AS through_act, CAST(coalesce(sum(w_mg), 0) AS BIGINT) AS total_mg "
    "FROM toy GROUP BY scope"
)


def _apply_totals(posting: Posting) -> None:
    posting.connection.execute(text("DELETE FROM toy_total"))
    posting.connection.execute(text(f"INSERT INTO toy_total {TOTALS}"))


TOYS = Capability(
    "toys",
    (TOY,),
    (Check("toys", frozenset({"toy"}), _look_at_toys),),
    (Projection("toy_total", _total_table, TOTALS, _apply_totals, frozenset({"toy"})),),
)
REGISTRY = Registry((JOURNAL, TOYS, act_scopes((JOURNAL, TOYS))))


class SteadyClock:
    """A clock that goes on by one second whenever it is asked."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def opened(url: str, clock: SteadyClock | None = None) -> Database:
    """Return the open books at `url`, with their first act."""
    database = Database(url, REGISTRY)
    open_journal(database, "XA", ACTOR, clock=clock or SteadyClock())
    return database


def toy_draft(client_id: str, *lines: dict[str, object], kind: str = "toy.add") -> Draft:
    """Return a draft of toy lines in scope XA."""
    draft = Draft(kind, client_id)
    for line in lines:
        draft.add("toy", {"scope": "XA", **line})  # type: ignore[dict-item]
    return draft


def toy_frame(names: list[str], weights_mg: list[int | None]) -> pl.DataFrame:
    """Return toy lines as a frame."""
    return pl.DataFrame(
        {"scope": ["XA"] * len(names), "name": names, "w_mg": weights_mg},
        schema_overrides={"w_mg": pl.Int64},
    )


def full_books(url: str) -> Database:
    """Return books with lines of every kind: each field set in one line and null in another."""
    clock = SteadyClock()
    database = opened(url, clock)
    kept = database.evidence.put(b"a report as received")
    draft = toy_draft("two", {"name": "é", "w_mg": 5, "note": "n", "agreement": "XA/1"})
    draft.add("toy", scope="XA", name="tin", w_mg=None)
    draft.reason, draft.corrects = "a reason", 1
    draft.add("toy", scope="XA", name="heavy", w_mg=2_000_000, caveat="C")
    received = "2026-03-01T11:00:00.000000Z"
    draft.add(
        EVIDENCE.name,
        {"scope": "XA", "digest": kept, "name": "r.txt", "size_bytes": 20, "role": "report"},
        received_at=received,
        kept=1,
        agreement="XA/1",
        caveat="C",
    )
    post(database, draft, ACTOR, clock=clock)
    draft = Draft("toy.rest", "three")
    draft.add("finding", {"scope": "XA", "code": "A", "severity": "E", "message": "m"})
    everything = {
        "advice": "a",
        "file": "f",
        "file_line": 1,
        "mba": "XAFA",
        "report": "7",
        "entry_no": 2,
        "label": "370",
        "category": "E",
        "found": "1",
        "expected": "2",
        "basis": "b",
        "cell": "c",
        "agreement": "XA/1",
        "caveat": "C",
    }
    required = {"scope": "XA", "code": "B", "severity": "W", "message": "m"}
    draft.add("finding", {**required, **everything})
    for agreement in (None, "XA/1"):
        draft.add(
            FINDING_ANSWER.name,
            {"scope": "XA", "finding_act": 3, "finding_line": 1, "answer": "so it is"},
            state="closed",
            agreement=agreement,
            caveat=agreement,
        )
    draft.add(
        EVIDENCE.name,
        {"scope": "XA", "digest": "0" * 64, "name": "big", "size_bytes": 9, "role": "context"},
        received_at=received,
    )
    post(database, draft, ACTOR, clock=clock)
    draft = Draft("clock.accept", "four")
    for agreement in (None, "XA/1"):
        draft.add(
            CLOCK_CHANGE.name,
            {"scope": "XA", "last_recorded_at": received, "clock_time": received},
            agreement=agreement,
            caveat=agreement,
        )
    draft.add("journal_opened", scope="XA", journal_uid="x", state="XA", software="other")
    draft.add(
        "journal_opened",
        {"scope": "XA", "journal_uid": "y", "state": "XA", "software": "other"},
        agreement="XA/1",
        caveat="C",
    )
    post(database, draft, ACTOR, clock=clock)
    draft = Draft("toy.add", "five")
    draft.add_frames("toy", [toy_frame(["a", "b"], [1, 2]), toy_frame(["c"], [None])])
    post(database, draft, ACTOR, clock=clock)
    return database


def sqlite_path(database: Database) -> Path:
    """Return the file of an SQLite database."""
    assert database.path is not None
    return database.path
