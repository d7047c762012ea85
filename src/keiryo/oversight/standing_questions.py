"""What the boards ask is put on the work list, and taken off again when it is settled.

Advance notices and book statements are looked at as they stand on a day. What is wrong is recorded
once as a finding; when it is gone, the finding is closed with the words that it was settled. Notes
(severity I) stay on the boards. Retained waste and exemptions follow from reports alone and are
looked at whenever reports come in.
"""

from __future__ import annotations

import datetime
from contextlib import suppress

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING, FINDING_ANSWER, finding_values
from keiryo.oversight.finding_state import OPEN
from keiryo.oversight.notices import notice_board
from keiryo.oversight.statement_comparison import compare_statement
from keiryo.oversight.statements import statements_recorded
from keiryo.oversight.worklist import Wanted, last_act, work_list
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

RECORDING = "oversight.record"

SETTLED = "settled by what was recorded since"

Key = tuple[str | int | None, ...]


def standing_questions(
    connection: Connection, metadata: MetaData, on: datetime.date
) -> list[Finding]:
    """Return all that the boards ask on a day, without mere notes.

    Of several statements about an area and day, the last one that was recorded counts.
    """
    found = list(notice_board(connection, metadata, on).findings)
    latest = {}
    for statement in sorted(statements_recorded(connection, metadata), key=lambda s: s.act or 0):
        latest[statement.mba, statement.on] = statement
    for statement in latest.values():
        found += compare_statement(connection, metadata, statement).findings
    return [f for f in found if f.severity is not Severity.INFORMATION]


def record_standing_questions(
    database: Database, actor: Actor, on: datetime.date, *, clock: Clock = system_clock
) -> tuple[int, int]:
    """Record what the boards ask and settle what is gone; return how many of each.

    A finding that is open already, whoever recorded it, is not recorded again; one that was
    answered stays answered while the question is the same.
    """
    counts = (0, 0)

    def draft(connection: Connection) -> Draft:
        nonlocal counts
        metadata = database.metadata
        current = {_key(f): f for f in standing_questions(connection, metadata, on)}
        made = Draft(RECORDING, f"{RECORDING}:after-act-{last_act(connection, metadata)}")
        acts = metadata.tables[ACT]
        ours = set(
            connection.execute(select(acts.c.act_id).where(acts.c.kind == RECORDING)).scalars()
        )
        items = work_list(connection, metadata, on, Wanted(every=True))
        known = {
            _item_key(i.values)
            for i in items
            if i.state == OPEN or (i.act in ours and i.answer != SETTLED)
        }
        scopes = {code: a.scope for code, a in areas(connection, metadata).items()}
        new = [f for key, f in current.items() if key not in known]
        for finding in new:
            scope = scopes.get(finding.mba or "", actor.on_behalf_of)
            made.add(FINDING.name, finding_values(finding, scope))
        gone = [
            i
            for i in items
            if i.act in ours and i.state == OPEN and _item_key(i.values) not in current
        ]
        for item in gone:
            made.add(
                FINDING_ANSWER.name,
                scope=str(item.values["scope"]),
                finding_act=item.act,
                finding_line=item.line,
                answer=SETTLED,
                state="closed",
            )
        if not made.lines:
            raise _NothingNew
        counts = (len(new), len(gone))
        return made

    with suppress(_NothingNew):
        post(database, draft, actor, clock=clock)
    return counts


class _NothingNew(Exception):
    """Nothing is asked that is not recorded."""


def _key(finding: Finding) -> Key:
    # Weights and days in the words may change while the question stays the same.
    place = (finding.mba, finding.report, finding.entry, finding.category)
    return (finding.code, *place, finding.cell, finding.basis)


def _item_key(values: dict[str, str | int | None]) -> Key:
    names = ("code", "mba", "report", "entry_no", "category", "cell", "basis")
    return tuple(values[name] for name in names)
