"""What shows that material was verified: acts, lines of measurements, and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from keiryo.containment.instants import shown
from keiryo.dates import utc_text
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.dependents import line_of
from keiryo.journal.evidence import KeptFile, add_evidence, keep_file
from keiryo.journal.model import Draft
from keiryo.journal.posting import Clock
from keiryo.journal.registry import Posting
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

BASIS = "docs/theory/surveillance.md"

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

    def add_files(self, made: Draft, scope: str, clock: Clock) -> None:
        """Add the lines that name the files to a draft."""
        for one in self.files:
            add_evidence(made, one, scope, "verification", utc_text(clock()))


def kept(database: Database, names: Sequence[str], files: Sequence[File]) -> Shown:
    """Keep files as evidence and return them with what was named."""
    return Shown(tuple(names), tuple(keep_file(database.evidence, *one) for one in files))


def evidence_findings(posting: Posting, words: str, given: Any) -> Iterator[Finding]:
    """Yield what is named as evidence and is not in the record.

    Parameters
    ----------
    posting : Posting
    words : str
        What it is the evidence of, for the message.
    given : str or None
        Names joined by one space.
    """
    for one in str(given or "").split():
        if not _is_known(posting, one):
            yield Finding(
                "COVERAGE-EVIDENCE",
                Severity.FORMAT,
                f"{words}: there is no evidence {one[:80]!r} in the record",
                "Name an act that was posted before (act:17), a line of a measurement "
                "(line:12/3), or give the file itself.",
                basis=BASIS,
            )


def _is_known(posting: Posting, name: str) -> bool:
    kind, _colon, number = name.partition(":")
    act = posting.metadata.tables[ACT]
    if (place := line_of(name)) is not None:
        query = select(act.c.act_id).where(
            act.c.act_id == place[0],
            act.c.act_id < posting.act_id,
            act.c.line_count >= place[1],
        )
        return place[1] > 0 and posting.connection.execute(query).first() is not None
    if kind == "act" and number.isdecimal() and len(number) < 19:
        query = select(act.c.act_id).where(
            act.c.act_id == int(number), act.c.act_id < posting.act_id
        )
        return posting.connection.execute(query).first() is not None
    files = posting.table(EVIDENCE.name)
    found = select(files.c.act_id).where(files.c.digest == name).limit(1)
    return posting.connection.execute(found).first() is not None


def evidence_node(name: str) -> str:
    """Return the node of a piece of evidence: an act or line as it stands, a file by its digest."""
    return name if name.startswith(("act:", "line:")) else f"evidence:{name}"


def require_result(words: str, result: str, allowed: Sequence[str]) -> None:
    """Refuse a result that is none.

    Raises
    ------
    RefusedError
        If it is not one of those allowed here.
    """
    if result not in allowed:
        finding = Finding(
            "COVERAGE-RESULT",
            Severity.FORMAT,
            f"{words[:80]}: {result[:40]!r} is no result here",
            f"One of {', '.join(allowed)}; a verification without a conclusion resolves nothing.",
            basis=BASIS,
        )
        raise RefusedError("the act was refused; nothing was recorded", [finding])


def require_past(at: datetime, clock: Clock) -> None:
    """Refuse what has not happened yet.

    Raises
    ------
    RefusedError
        If the instant lies ahead.
    """
    if at > clock():
        finding = Finding(
            "COVERAGE-FUTURE",
            Severity.FORMAT,
            f"{shown(at)} has not come yet",
            "Record it when it has happened; correct the day, the time or the offset.",
            basis=BASIS,
        )
        raise RefusedError("the act was refused; nothing was recorded", [finding])
