"""Books with a store and two fuel elements, and short words for what is done with seals."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from keiryo.containment.recording import add_containment, add_path, inspect
from keiryo.containment.values import Value
from keiryo.dates import utc_text
from keiryo.errors import RefusedError
from keiryo.journal.tables import FINDING
from keiryo.seals.events import SealEvent
from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import SealReport, record
from keiryo.seals.recording import receive as receive_seals
from keiryo.seals.register import standing
from keiryo.seals.standing import Standing
from keiryo.seals.values import SealCover, seal_spans
from small_books import ACTOR, STORE, SmallBooks

BEGIN = datetime.datetime(2025, 1, 10, tzinfo=datetime.UTC)
GOOD = {"tag": "ok", "wire": "ok", "enclosure": "ok"}
IMAGE = ("image.png", b"scratches")
DEFAULTS: dict[str, dict[str, Any]] = {
    "issue": {"person": "Huber", "role": "inspector", "organisation": "XH"},
    "return": {"person": "Huber", "unopened": 1},
    "void": {"person": "Huber", "second_person": "Ito", "reason": "bent"},
    "destroy": {"person": "Huber", "second_person": "Ito", "reason": "bent"},
    "loss": {"reason": "fell into the pond", "place": "pond"},
    "attach": {
        "person": "Huber",
        "mba": "XHS1",
        "containment": "store",
        "paths": "lid",
        "items": ("XHS1/FA-1",),
    },
    "check": dict(GOOD),
    "detach": {"person": "Huber", "second_person": "Ito"},
    "dispatch": {"bag": "B-1", "courier": "Post", "expected_on": 20250301},
    "verify": {"finding": "genuine-intact"},
    "read-out": {"log": "0" * 64, "log_state": "reader"},
    "examine": {"person": "Abe", "second_person": "Mori", "finding": "genuine-intact"},
    "found": {"role": "supervisor"},
    "service": {"self_test": "good"},
    "retire": {"person": "Huber", "second_person": "Ito", "retention_days": 0},
}
"""What an event states where a test says nothing else; each is enough for its row."""


def moment(seconds: int) -> str:
    return utc_text(BEGIN + datetime.timedelta(seconds=seconds))


def made(key: SealKey, event: str, at: int, **more: Any) -> SealEvent:
    """Return an event at a number of seconds after the begin."""
    fields: dict[str, Any] = {"person": "Huber", **DEFAULTS.get(event, {}), **more}
    if event == "check":
        fields.setdefault("number_read", key.number)
    person = fields.pop("person")
    return SealEvent(key.body, key.number, event, moment(at), person, **fields)


@dataclass
class SealBooks:
    """Books, and short words for what is done with seals."""

    small: SmallBooks
    next_number: int = 0

    @property
    def database(self) -> Any:
        return self.small.database

    def receive(self, type_: str, at: int = -100, *, body: str = "XH", **more: Any) -> SealKey:
        self.next_number += 1
        key = SealKey(body, f"{self.next_number:04d}")
        event = made(key, "receive", at)
        receive_seals(self.database, ACTOR, [key], type_, event, reference=IMAGE, **more)
        return key

    def do(self, key: SealKey, event: str, at: int, **more: Any) -> int:
        """Record an event and return its act."""
        extra = {n: more.pop(n) for n in ("photos", "log", "intervals") if n in more}
        if event == "read-out" and "log" not in extra:
            extra["log"] = ("log.csv", b"seq,t,code\n")
            more.setdefault("log", None)
        one = SealReport(made(key, event, at, **more), **extra)
        return record(self.database, ACTOR, [one]).act.act_id

    def refused(self, key: SealKey, event: str, at: int, **more: Any) -> list[str]:
        """Return the codes with which an event is refused; the report must be kept."""
        before = self.count("seal_refused")
        with pytest.raises(RefusedError) as error:
            self.do(key, event, at, **more)
        assert self.count("seal_refused") == before + 1
        return [one.code for one in error.value.findings]

    def attached(self, type_: str = "cobra", at: int = 0, **more: Any) -> SealKey:
        key = self.receive(type_)
        self.do(key, "issue", at - 50)
        self.do(key, "attach", at, **more)
        return key

    def count(self, kind: str) -> int:
        return len(self.rows(kind))

    def rows(self, kind: str, act: int | None = None) -> list[dict[str, Any]]:
        table = self.database.metadata.tables[kind]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        if act is not None:
            query = query.where(table.c.act_id == act)
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def codes(self, act: int) -> list[str]:
        return [row["code"] for row in self.rows(FINDING.name, act)]

    def standing(self, key: SealKey) -> Standing:
        with self.database.reading() as connection:
            return standing(connection, self.database.metadata, key)

    def covers(self, key: SealKey | None = None, known: int | None = None) -> list[SealCover]:
        at = None if known is None else BEGIN + datetime.timedelta(seconds=known)
        with self.database.reading() as connection:
            every = seal_spans(connection, self.database.metadata, known_at=at)
        return [one for one in every.values() if key is None or one.spans.device == key.node]

    def value(self, key: SealKey, at: int, known: int | None = None) -> Value:
        """Return what a seal says of an instant, as known at another."""
        instant = BEGIN + datetime.timedelta(seconds=at)
        found = [span for one in self.covers(key, known) if (span := one.spans.at(instant))]
        assert len(found) <= 1
        return found[0].value if found else Value.NOT_COVERED

    def look_over(self, at: int, result: str = "intact", name: str = "store") -> None:
        when = BEGIN + datetime.timedelta(seconds=at)
        inspect(self.database, ACTOR, "XHS1", name, when, ["Huber"], result)


def opened(folder: Path) -> SealBooks:
    small = SmallBooks(f"sqlite:///{folder / 'books.sqlite'}", XHS1=STORE, XHS2=STORE)
    begin = BEGIN - datetime.timedelta(days=5)
    for name, kind, ways in (("store", "room", ("lid", "door")), ("cask", "cask", ("lid",))):
        add_containment(small.database, ACTOR, "XHS1", name, kind)
        for way in ways:
            add_path(small.database, ACTOR, "XHS1", name, way, begin)
    return SealBooks(small)
