"""Statements on protection and reviews of access are recorded; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.event_words import carried, scope_given
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    record_rows,
)
from keiryo.security_regime.statement_checks import statement_findings
from keiryo.security_regime.statement_record import REVIEW, STATEMENT, Statements, read_statements
from keiryo.security_regime.tables_events import ACCESS_REVIEW, PROTECTION_STATEMENT
from keiryo.storage.engine import Database

STATE, REVIEWED = "protection.statement", "protection.review"
_STATEMENT = tuple(one.name for one in PROTECTION_STATEMENT.own_fields)
_REVIEW = tuple(one.name for one in ACCESS_REVIEW.own_fields)


@dataclass(slots=True)
class StatementRegister:
    """All statements and reviews as they stand; lines can be added one by one."""

    known: Statements = field(default_factory=Statements)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in, unless it lacks a day: it is refused, and others are read on."""
        if kind != STATEMENT or line["evaluated_on"] is not None:
            self.known.take(kind, line)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return statement_findings(self.known, context, kind, line)


def read_register(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> StatementRegister:
    """Return all statements and reviews."""
    return StatementRegister(read_statements(connection, metadata, through_act=through_act))


def record_statements(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record statements on protection, or anew with a reason; withdrawing is such a correction.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``statement``, ``facility`` and fields of a statement; days as dates. Approved
        by who records it, if nobody is named.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, STATE, rows, statement_lines, file, findings, clock)


def record_access_reviews(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record reviews of access, or anew with a reason.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``review``, ``facility``, ``from_day``, ``to_day``, ``reviewed_on`` (dates),
        counts and ``store_head``. Reviewed by who records it, if nobody is named.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, REVIEWED, rows, review_lines, file, findings, clock)


def _record(
    database: Database,
    actor: Actor,
    act_kind: str,
    rows: Sequence[Row],
    lines_of: Callable[[StatementRegister, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> StatementRegister:
        return read_register(connection, database.metadata)

    return record_rows(
        database, actor, act_kind, rows, read, lines_of, file=file, findings=findings, clock=clock
    )


def statement_lines(register: StatementRegister, context: Context, row: Row) -> Lines:
    """Return the line of a statement."""
    known = register.known.statements.get(row["statement"])
    before: Mapping[str, Any] = {} if known is None else known.values
    needed = ("target", "required_level", "meets", "evaluated_by", "store_head", "evaluation_ref")
    values = carried(_STATEMENT, before, row, needed)
    values["scope"] = scope_given(context, before, row)
    values["approved_by"] = values["approved_by"] or context.person
    return [(STATEMENT, values)]


def review_lines(register: StatementRegister, context: Context, row: Row) -> Lines:
    """Return the line of a review of access."""
    known = register.known.reviews.get(row["review"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = carried(_REVIEW, before, row, ("store_head",))
    values["scope"] = scope_given(context, before, row)
    values["reviewed_by"] = values["reviewed_by"] or context.person
    return [(REVIEW, values)]
