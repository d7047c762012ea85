"""Heads of logs in the record: the last accepted one counts, and the next must continue it.

A head is accepted if its signature counts and it is proved to continue the last accepted one. One
whose signature counts but that contradicts what was accepted (another root at the same size; fewer
records at a later time) is recorded as well, as contradicting and with its findings: both heads
together are evidence of what happened to the log. It never becomes the one that counts. A proof
that does not hold may only have suffered on its way, and nothing is recorded; where the device has
no better one, that is recorded as a contradiction when somebody says so.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.device_log.heads import Head, head_findings, succession_findings
from keiryo.device_log.key_register import keys
from keiryo.device_log.record import BASIS
from keiryo.device_log.tables import (
    ACCEPTED,
    ANCHORS,
    CONTRADICTING,
    DEVICE_HEAD,
    DEVICE_HEAD_ANCHOR,
)
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

HEAD = "device.head"
CONTRADICTIONS = {"DEVICE-HEAD-EQUIVOCATION", "DEVICE-HEAD-SHRUNK", "DEVICE-HEAD-CONSISTENCY"}
"""What makes a head contradict the last accepted one."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """That somebody outside has a head.

    Attributes
    ----------
    form : str
        ``copy``, ``printed``, ``time-stamp`` or ``witness``.
    holder : str
        Who has it, or the document in which the root is printed.
    at : datetime or None
        Since when; None: since it is recorded.
    note : str or None
    """

    form: str
    holder: str
    at: datetime.datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedHead:
    """A head in the record.

    Attributes
    ----------
    head : Head
    standing : str
        ``accepted`` or ``contradicting``.
    previous_size : int or None
        Size of the accepted head before it.
    proof : tuple of str
        Proof of consistency with that one.
    line : str
    """

    head: Head
    standing: str
    previous_size: int | None
    proof: tuple[str, ...]
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **self.head.to_dict(),
            "standing": self.standing,
            "previous_size": self.previous_size,
            "line": self.line,
        }


def heads(
    connection: Connection,
    metadata: MetaData,
    log: str | None = None,
    *,
    through_act: int | None = None,
) -> list[RecordedHead]:
    """Return the heads of a log, or of all, in the order in which they were recorded."""
    kind = DEVICE_HEAD.name
    conditions = [] if log is None else [metadata.tables[kind].c.log == log]
    rows = rows_of(connection, metadata, kind, *conditions, through_act=through_act)
    return [_recorded(row) for row in rows]


def _recorded(row: Mapping[str, Any]) -> RecordedHead:
    head = Head(row["log"], row["size"], row["root"], row["made_at"], row["kid"], row["signature"])
    proof = tuple(str(row["proof"] or "").split())
    return RecordedHead(head, row["standing"], row["previous_size"], proof, line_node(row))


def last_accepted(
    connection: Connection, metadata: MetaData, log: str, *, through_act: int | None = None
) -> Head | None:
    """Return the last accepted head of a log; None if there is none."""
    every = heads(connection, metadata, log, through_act=through_act)
    return next((one.head for one in reversed(every) if one.standing == ACCEPTED), None)


def anchors(
    connection: Connection, metadata: MetaData, log: str | None = None
) -> list[dict[str, Any]]:
    """Return who has copies of heads, in the order in which it was recorded."""
    kind = DEVICE_HEAD_ANCHOR.name
    conditions = [] if log is None else [metadata.tables[kind].c.log == log]
    return rows_of(connection, metadata, kind, *conditions)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a head: the act, how it stands, and what was found."""

    posted: Posted
    standing: str
    findings: tuple[Finding, ...]


def accept_head(
    database: Database,
    actor: Actor,
    head: Head,
    *,
    proof: Sequence[str] | None = None,
    copies: Sequence[Anchor] = (),
    keep_unproved: bool = False,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Accepted:
    """Record a head: as accepted, or as contradicting the last accepted one.

    Parameters
    ----------
    database, actor
    head : Head
        Signed.
    proof : sequence of str, optional
        Proof of consistency with the last accepted head, each digest hexadecimal; needed if the
        log grew since.
    copies : sequence of Anchor
        Who has a copy.
    keep_unproved : bool
        Record it as contradicting if no proof holds: the device has no better one.
    note : str, optional

    Returns
    -------
    Accepted
        With the findings because of which it contradicts, and others.

    Raises
    ------
    RefusedError
        If its signature does not count, no proof holds, or it is older than the last accepted
        one: nothing is recorded.
    """
    with database.reading() as connection:
        last = last_accepted(connection, database.metadata, head.log)
        known = keys(connection, database.metadata)
    wrong = _unusable(head, known, last)
    found = [] if wrong else succession_findings(last, head, proof)
    unproved = [one for one in found if one.code == "DEVICE-HEAD-CONSISTENCY"]
    if not keep_unproved:
        wrong += unproved
    if wrong:
        raise RefusedError("the head was refused; nothing was recorded", wrong)
    standing = CONTRADICTING if _contradicts(found) else ACCEPTED
    made = Draft(HEAD, f"device:{uuid.uuid4()}", reason=note)
    values: dict[str, Value] = {
        "log": head.log,
        "size": head.size,
        "root": head.root,
        "made_at": head.t,
        "kid": head.kid,
        "signature": head.signature,
        "standing": standing,
        "previous_size": None if last is None else last.size,
        "proof": " ".join(proof) if proof else None,
        "note": note,
    }
    made.add(DEVICE_HEAD.name, values, scope=actor.on_behalf_of)
    for one in copies:
        made.add(
            DEVICE_HEAD_ANCHOR.name, _anchor_values(head, one, clock), scope=actor.on_behalf_of
        )
    posted = post(database, made, actor, clock=clock)
    return Accepted(posted, standing, tuple(found))


def _contradicts(findings: Sequence[Finding]) -> bool:
    return any(one.code in CONTRADICTIONS for one in findings)


def _unusable(head: Head, known: Mapping[str, Any], last: Head | None) -> list[Finding]:
    """Return why a head shows nothing, not even a contradiction: no signature, or an old one."""
    found = head_findings(head, known)
    if not found and last is not None and head.size < last.size and head.at < last.at:
        found = succession_findings(last, head)
    return found


def anchor_head(
    database: Database,
    actor: Actor,
    log: str,
    size: int,
    copies: Sequence[Anchor],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record who has a copy of an accepted head: one act, or nothing.

    Raises
    ------
    NotFoundError
        If no head of this size of the log was accepted.
    RefusedError
        If an anchor does not say its form and holder.
    """
    with database.reading() as connection:
        every = heads(connection, database.metadata, log)
    found = [one.head for one in every if one.head.size == size and one.standing == ACCEPTED]
    if not found:
        raise NotFoundError(
            f"no head of {log[:60]} with {size} records was accepted",
            "'keiryo device-log head list' lists the heads.",
        )
    made = Draft(HEAD, f"device:{uuid.uuid4()}")
    for one in copies:
        values = _anchor_values(found[-1], one, clock)
        made.add(DEVICE_HEAD_ANCHOR.name, values, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def _anchor_values(head: Head, anchor: Anchor, clock: Clock) -> dict[str, Value]:
    if anchor.form not in ANCHORS:  # the table would refuse it without a word of advice
        wrong = _bad_anchor(head.log, anchor.form, anchor.holder)
        raise RefusedError("the head was refused; nothing was recorded", [wrong])
    return {
        "log": head.log,
        "size": head.size,
        "root": head.root,
        "form": anchor.form,
        "holder": anchor.holder,
        "note": anchor.note,
        "at": utc_text(anchor.at or clock()),
    }


def check_heads(posting: Posting) -> Iterator[Refusal | Finding]:
    """Refuse heads that are not signed or not proved; keep what contradicts with its findings."""
    connection, metadata, before = posting.connection, posting.metadata, posting.act_id - 1
    known = keys(connection, metadata)
    last: dict[str, Head | None] = {}
    for line in posting.lines(DEVICE_HEAD.name):
        one = _recorded(line)
        log = one.head.log
        if log not in last:
            last[log] = last_accepted(connection, metadata, log, through_act=before)
        try:
            wrong = _unusable(one.head, known, last[log])
            found = [] if wrong else succession_findings(last[log], one.head, one.proof or None)
        except DateError:
            wrong, found = [_bad_time(one.head)], []
        if last[log] == one.head:
            wrong.append(_known(one.head))
        if not wrong and one.standing == CONTRADICTING and not _contradicts(found):
            wrong.append(_not_contradicting(one.head))
        for finding in wrong:
            yield Refusal(finding)
        for finding in found:
            refused = one.standing == ACCEPTED and finding.code in CONTRADICTIONS
            yield Refusal(finding) if refused else finding
        if one.standing == ACCEPTED:
            last[log] = one.head
    for line in posting.lines(DEVICE_HEAD_ANCHOR.name):
        yield from _anchor_refusals(connection, metadata, line)


def _anchor_refusals(
    connection: Connection, metadata: MetaData, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    every = [one.head for one in heads(connection, metadata, line["log"])]
    held = any((one.size, one.root) == (line["size"], line["root"]) for one in every)
    try:
        parse_utc(line["at"])
        dated = True
    except DateError:
        dated = False
    if not (held and dated and line["holder"].strip()):
        yield Refusal(_bad_anchor(line["log"], line["form"], line["holder"]))


def _bad_anchor(log: str, form: str, holder: str) -> Finding:
    return _finding(
        "DEVICE-HEAD-ANCHOR",
        f"{log[:60]}: {form[:40]!r} with {holder[:40]!r} is no anchor of a recorded head",
        f"Name a recorded head, its form ({', '.join(ANCHORS)}), who has it, and since when.",
    )


def _known(head: Head) -> Finding:
    return _finding(
        "DEVICE-HEAD-KNOWN",
        f"{head.log[:60]}: this head of {head.size} records is the last accepted one already",
        "Nothing is left to do; to record who has a copy use 'keiryo device-log head anchor'.",
    )


def _not_contradicting(head: Head) -> Finding:
    return _finding(
        "DEVICE-HEAD-STANDING",
        f"{head.log[:60]}: the head of {head.size} records contradicts nothing",
        "Record it as accepted.",
    )


def _bad_time(head: Head) -> Finding:
    return _finding(
        "DEVICE-HEAD-FORM",
        f"{head.log[:60]}: {head.t[:40]!r} is no time in UTC",
        "Give the head as the device signed it.",
    )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


HEADS_HOLD = Check(
    "heads of logs", frozenset({DEVICE_HEAD.name, DEVICE_HEAD_ANCHOR.name}), check_heads
)
