"""What every part of equipment does with the record: reads lines, shows evidence, refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from keiryo.dates import utc_text
from keiryo.errors import Finding, Severity
from keiryo.journal.evidence import KeptFile, add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Value
from keiryo.journal.posting import Clock
from keiryo.journal.registry import Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

BASIS = "docs/theory/equipment.md"

File = tuple[str, bytes]
"""Name and content."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows that something was done: names of evidence, and files kept just now."""

    names: tuple[str, ...]
    files: tuple[KeptFile, ...]

    @property
    def text(self) -> str | None:
        """The names as they are recorded; None if there is nothing."""
        every = (*self.names, *(one.digest for one in self.files))
        return " ".join(dict.fromkeys(every)) or None

    def added(
        self, made: Draft, kind: str, values: Mapping[str, Value], actor: Actor, clock: Clock
    ) -> Draft:
        """Add the files and then the line to a draft."""
        for one in self.files:
            add_evidence(made, one, actor.on_behalf_of, "equipment", utc_text(clock()))
        made.add(kind, values, scope=actor.on_behalf_of)
        return made


def kept(database: Database, names: tuple[str, ...], files: tuple[File, ...]) -> Shown:
    """Keep files as evidence and return them with what was named."""
    return Shown(names, tuple(keep_file(database.evidence, *one) for one in files))


def evidence_findings(posting: Posting, name: str, given: Any) -> Iterator[Finding]:
    """Yield what is named as evidence and is not in the record."""
    act, files = posting.metadata.tables[ACT], posting.table(EVIDENCE.name)
    for one in str(given or "").split():
        kind, _colon, number = one.partition(":")
        if kind == "act" and number.isdecimal() and len(number) < 19:
            known, earlier = act.c.act_id == int(number), act.c.act_id < posting.act_id
            query = select(act.c.act_id).where(known, earlier)
        else:
            query = select(files.c.act_id).where(files.c.digest == one).limit(1)
        if posting.connection.execute(query).first() is None:
            yield _finding(
                "EQUIPMENT-EVIDENCE",
                f"{name}: there is no evidence {one[:80]!r} in the record",
                "Name an act that was posted before (act:17), or give the file itself.",
            )


def refused(findings: Iterable[Finding]) -> Iterator[Refusal]:
    """Yield findings as refusals."""
    for one in findings:
        yield Refusal(one)


def unknown(serial: str) -> Finding:
    """Return the finding that there is no such item."""
    return _finding(
        "EQUIPMENT-UNKNOWN",
        f"there is no equipment with the serial number {serial[:60]!r}",
        "Record the item first; 'keiryo equipment list' lists what there is.",
    )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
