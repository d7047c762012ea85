"""What reviewers say of events: explained, benign, relevant or unclear.

A mark stays in the record; another one, of the same or of another person, is set beside it, and
the last one counts. An event that nobody looked at in the review cannot be marked. One decision
may be applied to many similar events: each of them is logged by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.declared_operations import DeclaredOperation, operations
from keiryo.surveillance.review_record import (
    joined,
    last_row,
    no_review,
    noted,
    other_person,
    review_row,
    split,
    wrong,
)
from keiryo.surveillance.tables import LOOK, MARK, REVIEW, SCREENED_EVENT

MARKED = "surveillance.mark"
EXPLAINED, BENIGN, RELEVANT, UNCLEAR = "explained", "benign", "relevant", "unclear"
VERDICTS = (EXPLAINED, BENIGN, RELEVANT, UNCLEAR)
EventKey = tuple[str, int]
"""Name of the screening, and number of the event in it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody says of an event.

    Attributes
    ----------
    screening : str
    event : int
    verdict : str
        One of `VERDICTS`.
    operation : str or None
        The declared operation, where the event is explained.
    items : tuple of str
    note, person, line : str or None
        `line` is its node in the record.
    act : int
    """

    screening: str
    event: int
    verdict: str
    operation: str | None = None
    items: tuple[str, ...] = ()
    note: str | None = None
    person: str | None = None
    line: str | None = None
    act: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("screening", "event", "verdict", "operation", "note", "person", "line")
        return {**{name: getattr(self, name) for name in names}, "items": list(self.items)}


def marks(
    connection: Connection,
    metadata: MetaData,
    review: str | None = None,
    *,
    screenings: Sequence[str] | None = None,
    **known: Any,
) -> dict[EventKey, list[Mark]]:
    """Return all marks by event, in the order in which they were made; the last one counts.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review : str, optional
        Only those of a review.
    screenings : sequence of str, optional
        Only those about these screenings.
    **known
        `known_at`, `through_act`: what was known.
    """
    table = metadata.tables[MARK.name]
    conditions = [] if review is None else [table.c.review == review]
    if screenings is not None:
        conditions.append(table.c.screening.in_(list(screenings)))
    found: dict[EventKey, list[Mark]] = {}
    for row in rows_of(connection, metadata, MARK.name, *conditions, **known):
        found.setdefault((row["screening"], row["event"]), []).append(_mark(row))
    return found


def _mark(row: dict[str, Any]) -> Mark:
    return Mark(
        *(row["screening"], row["event"], row["verdict"], row["operation"]),
        *(tuple(split(row["items"])), row["note"], row["person"], line_node(row)),
        row["act_id"],
    )


def mark(
    database: Database,
    actor: Actor,
    review: str,
    wanted: Sequence[Mark],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record what somebody says of events: one act with a line for each, or nothing.

    Parameters
    ----------
    database, actor
        The actor is who says so.
    review : str
    wanted : sequence of Mark

    Raises
    ------
    NotFoundError
        If there is no such review.
    UsageError
        If no event is named.
    RefusedError
        If a mark does not hold: all findings.
    """
    if not wanted:
        raise UsageError("no event is named", "Say which events you mark.")
    if found := [f for one in wanted for f in _form_findings(one)]:
        raise RefusedError("the marks were refused; nothing was recorded", found)

    def draft(connection: Connection) -> Draft:
        row = review_row(connection, database.metadata, review)
        made = Draft(MARKED, f"surveillance:{uuid.uuid4()}")
        for one in wanted:
            made.add(
                MARK.name,
                scope=row["scope"],
                review=review,
                screening=one.screening,
                event=one.event,
                verdict=one.verdict,
                operation=one.operation,
                items=joined(one.items),
                note=one.note,
                person=actor.person,
            )
        return made

    return post(database, draft, actor, clock=clock)


def _form_findings(one: Mark) -> Iterator[Finding]:
    name = _name(one.screening, one.event)
    if one.verdict not in VERDICTS:
        yield wrong(
            "MARK-VERDICT",
            f"{name}: {one.verdict[:40]!r} is no verdict",
            f"One of {', '.join(VERDICTS)}.",
        )
    elif (one.verdict == EXPLAINED) != (one.operation is not None):
        yield wrong(
            "MARK-OPERATION",
            f"{name}: an event is explained by a declared operation, and nothing else is",
            "Name the operation with the verdict 'explained'; use 'benign' where there is none.",
        )


def check_marks(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse marks on what nobody looked at, or that name operations which do not stand."""
    connection, metadata = posting.connection, posting.metadata
    assert posting.actor is not None
    declared = {one.name: one for one in operations(connection, metadata, withdrawn=True)}
    contexts: dict[str, _Context | None] = {}
    for line in posting.lines(MARK.name):
        review = line["review"]
        if review not in contexts:
            contexts[review] = _context(connection, metadata, review)
        context = contexts[review]
        if context is None:
            yield Refusal(no_review(review))
            continue
        name = _name(line["screening"], line["event"])
        if line["person"] != posting.actor.person:
            yield Refusal(other_person(name, line["person"], posting.actor.person))
        yield from (Refusal(one) for one in _form_findings(_mark(line)))
        event = context.events.get((line["screening"], line["event"]))
        if event is None:
            yield Refusal(
                wrong(
                    "MARK-EVENT",
                    f"{review}: there is no {name[:100]} under review",
                    "'keiryo surveillance session show' lists the events of a review.",
                )
            )
            continue
        if not context.looked_at(event):
            yield Refusal(
                wrong(
                    "MARK-NOT-LOOKED",
                    f"{name}: nobody has looked at it in {review}",
                    "Look at its images first; marking without looking is not reviewing.",
                )
            )
        if line["operation"] is not None:
            yield from _operation_findings(declared.get(line["operation"]), line, event, name)


@dataclass(frozen=True, slots=True)
class _Context:
    events: dict[EventKey, dict[str, Any]]
    looks: dict[str, list[tuple[str, str]]]

    def looked_at(self, event: dict[str, Any]) -> bool:
        """Return whether somebody looked at an image of an event."""
        begin, end = event["begin_at"], event["end_at"]
        ranges = self.looks.get(event["camera"], [])
        return any(first <= end and begin <= last for first, last in ranges)


def _context(connection: Connection, metadata: MetaData, review: str) -> _Context | None:
    """Return the events of a review and what was looked at, read once for all its marks."""
    table = metadata.tables[REVIEW.name]
    row = last_row(connection, metadata, REVIEW.name, table.c.review == review)
    if row is None:
        return None
    event = metadata.tables[SCREENED_EVENT.name]
    inside = event.c.screening.in_(split(row["screenings"]))
    events = rows_of(connection, metadata, SCREENED_EVENT.name, inside)
    seen = metadata.tables[LOOK.name]
    looks: dict[str, list[tuple[str, str]]] = {}
    for one in rows_of(connection, metadata, LOOK.name, seen.c.review == review):
        looks.setdefault(one["camera"], []).append((one["from_at"], one["to_at"]))
    return _Context({(one["screening"], one["event"]): one for one in events}, looks)


def _operation_findings(
    one: DeclaredOperation | None, line: dict[str, Any], event: dict[str, Any], name: str
) -> Iterator[Finding | Refusal]:
    if one is None or not one.stands:
        told = "was never declared" if one is None else "was withdrawn"
        yield Refusal(
            wrong(
                "MARK-NOT-DECLARED",
                f"{name}: the operation {line['operation'][:60]!r} {told}",
                "Name an operation that the operator declares, or mark the event otherwise.",
            )
        )
    elif f"camera:{event['camera']}" not in one.sensors:
        yield noted(
            "MARK-OTHER-CAMERA",
            f"{name}: {one.name} does not say that {event['camera']} would see it",
            "Make sure that this is the operation; ask the operator for the path it took.",
        )
    elif event["end_at"] < one.values["begin_at"] or one.values["end_at"] < event["begin_at"]:
        yield noted(
            "MARK-OTHER-TIME",
            f"{name}: {one.name} was declared from {one.values['begin_at']} to "
            f"{one.values['end_at']}",
            "Say in a note why it explains an event outside its time; ask the operator.",
        )


def _name(screening: str, event: int) -> str:
    return f"event {event} of {screening}"


MARKS_HOLD = Check("marks on events", frozenset({MARK.name}), check_marks)
