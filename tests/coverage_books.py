"""Books with a store, a containment with two ways, and short words for what is done with seals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from keiryo.containment.recording import add_containment, add_path, hold
from keiryo.coverage.item import ItemCoverage, coverage_at
from keiryo.dates import utc_text
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.seals.events import SealEvent
from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import Interval, SealReport, receive, record
from small_books import ACTOR, STORE, SmallBooks

START = datetime(2025, 3, 1, tzinfo=UTC)
IMAGE = ("image.png", b"scratches")
STATED: dict[str, dict[str, Any]] = {
    "issue": {"role": "inspector", "organisation": "XH"},
    "detach": {"second_person": "Ito"},
    "examine": {"person": "Abe", "second_person": "Mori", "finding": "genuine-intact"},
    "dispatch": {"bag": "B-1", "courier": "Post", "expected_on": 20250401},
    "read-out": {"log_state": "signed"},
    "broken": {"reason": "the wire is cut"},
}


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


@dataclass
class Watched:
    """Books, and short words; times are seconds after the start."""

    small: SmallBooks

    @property
    def database(self) -> Any:
        return self.small.database

    def seal(self, number: str, type_: str, path: str, second: float = 0) -> SealKey:
        """Attach a seal to a way."""
        key = SealKey("XH", number)
        got = SealEvent("XH", number, "receive", utc_text(at(-100)), "Huber")
        receive(self.database, ACTOR, [key], type_, got, reference=IMAGE)
        self.happens(key, "issue", second - 50)
        self.happens(
            *(key, "attach", second),
            mba="XHS1",
            containment="store",
            paths=path,
            items=("XHS1/FA-1",),
        )
        return key

    def happens(self, key: SealKey, event: str, second: float, **more: Any) -> int:
        told = {"person": "Huber", **STATED.get(event, {}), **more}
        intervals, log = told.pop("intervals", ()), None
        if event == "read-out":
            log = ("log.csv", b"seq,t,code\n")
        person = told.pop("person")
        one = SealEvent(key.body, key.number, event, utc_text(at(second)), person, **told)
        done = record(self.database, ACTOR, [SealReport(one, log=log, intervals=intervals)])
        return done.act.act_id

    def ask(self, second: float, known: float | None = None, **more: Any) -> ItemCoverage:
        """Ask for the coverage of the first fuel element."""
        known_at = None if known is None else at(known)
        with self.database.reading() as connection:
            metadata = self.database.metadata
            return coverage_at(
                connection, metadata, "XHS1/FA-1#1", at(second), known_at=known_at, **more
            )

    def evidence(self, content: bytes = b"weighed") -> str:
        """Keep a file and return its digest."""
        kept = keep_file(self.database.evidence, "weights.csv", content)
        made = Draft("oversight.note", f"test:{content.hex()}")
        add_evidence(made, kept, "XH", "measurement", utc_text(datetime.now(UTC)))
        post(self.database, made, ACTOR)
        return kept.digest


def opened(url: str) -> Watched:
    small = SmallBooks(url, XHS1=STORE, XHS2=STORE)
    add_containment(small.database, ACTOR, "XHS1", "store", "room")
    for path in ("A", "B"):
        add_path(small.database, ACTOR, "XHS1", "store", path, at(-1000))
    hold(small.database, ACTOR, "XHS1", "store", ["FA-1"], at(0))
    return Watched(small)


def section_test(made: Watched) -> tuple[SealKey, SealKey]:
    """Record the example of the specification: a metal cap on A, an electronic seal on B."""
    cap, loop = made.seal("0001", "metal-cap", "A"), made.seal("0002", "eoss", "B")
    for one in (cap, loop):
        made.happens(one, "detach", 100)
    opening = Interval("opening", utc_text(at(40)), utc_text(at(42)), "NEGATIVE")
    made.happens(loop, "read-out", 110, intervals=(opening,))
    made.happens(cap, "dispatch", 105)
    made.happens(cap, "examine", 150)
    return cap, loop
