"""Re-verification: that an item was measured or verified again, and what shows it.

Only a re-verification with the result *verified* brings continuity of knowledge back, and only
where every way to the item is covered from then on (`keiryo.coverage.loss`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.instants import shown
from keiryo.containment.recording import batch_uid
from keiryo.coverage.evidence import File, Shown, kept, require_past, require_result
from keiryo.coverage.tables import COVERAGE_REVERIFICATION, RESULTS, VERIFIED
from keiryo.dates import parse_utc, utc_text
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node
from keiryo.places.tables import area
from keiryo.storage.engine import Database

REVERIFY = "coverage.reverify"
_SOME = 500
"""Most identities in one query."""


@dataclass(frozen=True, slots=True)
class Reverification:
    """That an item was verified again.

    Attributes
    ----------
    result : str
        ``verified``, ``discrepant`` or ``not-conclusive``.
    evidence : tuple of str
        ``act:17``, ``line:12/3`` or digests of files.
    """

    mba: str
    batch_uid: str
    at: datetime
    method: str
    by: str
    result: str
    evidence: tuple[str, ...] = ()
    note: str | None = None
    line: str = ""

    @property
    def restores(self) -> bool:
        """Whether it can bring continuity of knowledge back."""
        return self.result == VERIFIED

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "batch": self.batch_uid,
            "at": shown(self.at),
            **{name: getattr(self, name) for name in ("method", "by", "result")},
            "evidence": list(self.evidence),
            "note": self.note,
            "line": self.line or None,
        }


def reverify(
    database: Database,
    actor: Actor,
    mba: str,
    batches: Sequence[str],
    at: datetime,
    *,
    method: str,
    by: str,
    result: str,
    names: Sequence[str] = (),
    files: Sequence[File] = (),
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that items were verified again: one act, or nothing.

    Parameters
    ----------
    database, actor
    mba : str
    batches : sequence of str
        Names in the area, or identities.
    at : datetime
    method, by : str
        How and by whom.
    result : str
        ``verified``, ``discrepant`` or ``not-conclusive``.
    names : sequence of str
        The measurement: an act (``act:17``), a line (``line:12/3``), a file by its digest.
    files : sequence of (name, content)
        Files that show it; they are kept.

    Raises
    ------
    RefusedError
        If it does not hold: all findings.
    NotFoundError
        If the area or a batch is not known.
    """
    require_past(at, clock)
    require_result(", ".join(batches), result, RESULTS)

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        scope = area(connection, metadata, mba).scope
        uids = list(dict.fromkeys(batch_uid(connection, metadata, mba, one) for one in batches))
        evidence: Shown = kept(database, names, files)
        made = Draft(REVERIFY, f"coverage:{uuid.uuid4()}")
        evidence.add_files(made, scope, clock)
        for uid in uids:
            made.add(
                COVERAGE_REVERIFICATION.name,
                scope=scope,
                mba=mba,
                batch_uid=uid,
                at=utc_text(at),
                method=method.strip(),
                verified_by=by.strip(),
                result=result,
                evidence=evidence.text,
                note=note,
            )
        return made

    return post(database, draft, actor, clock=clock)


def reverifications(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    *,
    batches: Iterable[str] | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> dict[str, list[Reverification]]:
    """Return the re-verifications by identity of the item, in the order of time.

    Parameters
    ----------
    mba : str, optional
        Of one area; default: all.
    batches : iterable of str, optional
        Identities; default: all.
    known_at, through_act
        See `keiryo.containment.register.containments`.
    """
    table = metadata.tables[COVERAGE_REVERIFICATION.name]
    query = select(table).order_by(table.c.at, table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    if known_at is not None:
        query = query.where(table.c.at <= utc_text(known_at))
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    queries = [query]
    if batches is not None:
        uids = sorted(set(batches))
        queries = [
            query.where(table.c.batch_uid.in_(uids[begin : begin + _SOME]))
            for begin in range(0, len(uids), _SOME)
        ]
    found: dict[str, list[Reverification]] = {}
    for one in queries:
        for row in connection.execute(one).mappings():
            made = Reverification(
                *(row["mba"], row["batch_uid"], parse_utc(row["at"]), row["method"]),
                *(row["verified_by"], row["result"]),
                tuple(str(row["evidence"] or "").split()),
                row["note"],
                line_node(dict(row)),
            )
            found.setdefault(made.batch_uid, []).append(made)
    return found
