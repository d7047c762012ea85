"""Every event of a seal is held against its life before it enters the record.

What does not fit is refused. A correction may leave later events that no longer fit: these stay
in the record and are told. What an event shows (another number, a broken seal, an opening) becomes
a finding beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import BATCH
from keiryo.containment.tables import CONTAINMENT, CONTAINMENT_PATH
from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.errors import Finding
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.seals.events import SealEvent
from keiryo.seals.findings import anomaly, refusing, warning
from keiryo.seals.life import holding, in_order, judge, replay
from keiryo.seals.numbers import SealKey, difference, is_sound
from keiryo.seals.register import (
    key_of,
    seal_events,
    seal_lines,
    type_of,
)
from keiryo.seals.seal_types import SEAL_TYPES, SealType
from keiryo.seals.tables import EVENTS, SEAL, SEAL_EVENT, SEAL_INTERVAL, SEAL_ITEM


def judged(
    key: SealKey, type_: SealType, before: Sequence[SealEvent], event: SealEvent
) -> tuple[list[Finding], list[Finding]]:
    """Return what is against an event, and what no longer fits because of it.

    Parameters
    ----------
    key, type_
    before : sequence of SealEvent
        All events of the seal that are in the record, corrected ones too.
    event : SealEvent
        The new one.

    Returns
    -------
    refusals, findings : list of Finding
        The event must not be recorded if there are refusals.
    """
    corrects = event.corrected
    held = holding(before)
    if corrects is not None and corrects not in {one.place_in_record for one in held}:
        return [_nothing_to_correct(event)], []
    if event.event == "withdraw" and corrects is None:
        return [_nothing_to_correct(event)], []
    unfit = {one.place_in_record for one, _ in replay(key, type_, held).misfits}
    after = replay(key, type_, holding([*before, event]))
    own = [why for one, why in after.misfits if one is event]
    if own:
        return _in_time(key, type_, held, event, own[0]), []
    others = [
        (one, why)
        for one, why in after.misfits
        if one is not event and one.place_in_record not in unfit
    ]
    if others and corrects is None:
        first = others[0][0]
        return [_too_early(event, first)], []
    return [], [_no_longer_fits(one, why[0]) for one, why in others]


def _in_time(
    key: SealKey, type_: SealType, held: list[SealEvent], event: SealEvent, why: list[Finding]
) -> list[Finding]:
    """Return why an event does not fit; that only its time is wrong, where that is so."""
    later = [one for one in held if one.at > event.at]
    if later and event.corrected is None:
        now = replay(key, type_, held)
        if all(one.code == "SEAL-ORDER" for one in judge(now, event)):
            return [_too_early(event, in_order(later)[0])]
    return why


def check_events(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse events that cannot be; tell what those show that can."""
    connection, metadata = posting.connection, posting.metadata
    rows = list(posting.lines(SEAL_EVENT.name))
    keys = {key_of(row) for row in rows}
    lines = seal_lines(connection, metadata, keys)
    known: dict[SealKey, list[SealEvent]] = {}
    mine: dict[tuple[int, int], SealEvent] = {}
    for key, events in seal_events(connection, metadata, keys).items():
        known[key] = [one for one in events if one.act < posting.act_id]
        mine |= {one.place_in_record: one for one in events if one.act == posting.act_id}
    for row in rows:
        event = mine[row["act_id"], row["line_no"]]
        sound = [*form_findings(event), *world_findings(connection, metadata, event)]
        if event.event == "receive" and event.key not in lines:
            sound.append(_not_registered(event))
        yield from (Refusal(one) for one in sound)
        before = known.setdefault(event.key, [])
        type_ = type_of(lines.get(event.key))
        refusals, findings = judged(event.key, type_, before, event)
        yield from (Refusal(one) for one in refusals)
        yield from findings
        before.append(event)
        yield from shown_by(event, type_)
    yield from _openings(posting)


def check_register(posting: Posting) -> Iterator[Refusal]:
    """Refuse a seal of an unknown type or without its receipt; a number twice is an event."""
    received = {key_of(row) for row in posting.lines(SEAL_EVENT.name) if row["event"] == "receive"}
    for row in posting.lines(SEAL.name):
        key = key_of(row)
        if row["type"] not in SEAL_TYPES:
            yield Refusal(unknown_type(str(row["type"])))
        if key not in received:
            yield Refusal(
                refusing(
                    "SEAL-RECEIPT",
                    f"{key}: a seal enters the register with its receipt",
                    "Record both in one act, as 'keiryo seals receive' does.",
                )
            )


def unknown_type(name: str) -> Finding:
    """Return the finding that there is no such type of seal."""
    return refusing(
        "SEAL-TYPE", f"{name[:40]!r} is no type of seal", f"Types are {', '.join(SEAL_TYPES)}."
    )


def form_findings(event: SealEvent) -> Iterator[Finding]:
    """Yield what is wrong with how an event is written."""
    if not is_sound(event.key):
        yield refusing(
            "SEAL-NUMBER",
            f"{str(event.key)[:90]!r} is no issuing body with a number",
            "Body and number are letters, digits, dots and dashes: XA/0042.",
        )
    if event.event not in EVENTS:
        yield refusing(
            "SEAL-EVENT",
            f"{event.event[:40]!r} is no event in the life of a seal",
            f"Name one of {', '.join(EVENTS)}.",
        )
    try:
        canonical = utc_text(parse_utc(event.at)) == event.at
    except DateError:
        canonical = False
    if not canonical:
        yield refusing(
            "SEAL-TIME",
            f"{event.key}: {event.at[:40]!r} is no instant in UTC",
            "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
        )


def future(event: SealEvent, now: str) -> Iterator[Finding]:
    """Yield that an event has not happened yet."""
    if event.at > now:
        yield refusing(
            "SEAL-FUTURE",
            f"{event.key}: {event.event} at {event.at[:16]}Z has not happened yet",
            "Record it when it has happened; correct the day, the time or the offset.",
        )


def world_findings(
    connection: Connection, metadata: MetaData, event: SealEvent, *, new_files: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield what an event names that is not in the record: containment, ways, items, files."""
    if event.event == "attach" and event.mba and event.containment:
        table = metadata.tables[CONTAINMENT.name]
        query = select(table.c.act_id).where(
            table.c.mba == event.mba, table.c.name == event.containment
        )
        if connection.execute(query.limit(1)).first() is None:
            yield refusing(
                "SEAL-CONTAINMENT",
                f"{event.key}: there is no containment {event.mba}/{event.containment}",
                "Register it first with 'keiryo containment', or correct the name.",
            )
        else:
            yield from _path_findings(connection, metadata, event)
    table = metadata.tables[BATCH.name]
    for uid in event.items:
        query = select(table.c.act_id).where(table.c.batch_uid == uid).limit(1)
        if connection.execute(query).first() is None:
            yield refusing(
                "SEAL-ITEM",
                f"{event.key}: there is no batch or item {uid[:80]!r} in the books",
                "Name it as MBA/NAME, as the inventory of the area does.",
            )
    files = metadata.tables[EVIDENCE.name]
    named = [*(event.evidence or "").split(), *filter(None, (event.reference, event.log))]
    for one in (name for name in named if name not in new_files):
        query = select(files.c.act_id).where(files.c.digest == one).limit(1)
        if connection.execute(query).first() is None:
            yield refusing(
                "SEAL-EVIDENCE",
                f"{event.key}: there is no file {one[:80]!r} in the record",
                "Give the file itself; it is kept with the act.",
            )


def _path_findings(
    connection: Connection, metadata: MetaData, event: SealEvent
) -> Iterator[Finding]:
    there = ways(connection, metadata, str(event.mba), str(event.containment))
    then = {
        str(one["path"])
        for one in there
        if one["begin_at"] <= event.at and (one["end_at"] is None or event.at < one["end_at"])
    }
    known = f"ways recorded for that time: {', '.join(sorted(then)) or 'none'}"
    for name in event.path_names:
        if name not in then:
            yield refusing(
                "SEAL-PATH",
                f"{event.key}: at {event.at[:16]}Z {event.mba}/{event.containment} has no way "
                f"{name[:40]!r}; {known}",
                "Correct the name or the time; or record the way first: 'keiryo containment path'.",
            )


def ways(
    connection: Connection, metadata: MetaData, mba: str, containment: str
) -> list[dict[str, Any]]:
    """Return the ways into a containment; of lines with the same begin the last one counts."""
    table = metadata.tables[CONTAINMENT_PATH.name]
    query = (
        select(table)
        .where(table.c.mba == mba, table.c.containment == containment)
        .order_by(table.c.act_id, table.c.line_no)
    )
    last = {
        (row["path"], row["begin_at"]): dict(row) for row in connection.execute(query).mappings()
    }
    return list(last.values())


def shown_by(event: SealEvent, type_: SealType) -> Iterator[Finding]:
    """Yield what an event shows that asks for an answer."""
    key = event.key
    if event.event == "check":
        if not event.number_agrees:
            read = str(event.number_read)
            yield anomaly(
                "SEAL-NUMBER-READ",
                f"{key}: the number was read as {read[:60]!r}; "
                f"{difference(key.number, read.removeprefix(f'{key.body}/'))}",
                "Both stay in the record and nothing is corrected. Read it again, or detach the "
                "seal and have it examined; until then it is inconclusive.",
                mba=event.mba,
            )
        names = zip(("tag", "wire", "containment"), event.components, strict=True)
        bad = [name for name, told in names if told == "not-ok"]
        if bad:
            yield anomaly(
                "SEAL-CHECK-NOT-OK",
                f"{key}: {' and '.join(bad)} not in order at the check of {event.at[:16]}Z",
                "Verify the material. Detach the seal, or record it as found broken.",
            )
    elif event.event in ("broken", "missing"):
        if event.reason == WITHOUT_NOTICE:
            code, words = "SEAL-REMOVED-WITHOUT-NOTICE", "removed by the operator without notice"
        else:
            code, words = "SEAL-BROKEN", f"found {event.event}"
        yield anomaly(
            code,
            f"{key}: {words} at {event.at[:16]}Z",
            "Tell the inspectorate by the fastest means and verify the material that it held.",
        )
    elif event.finding in ("tampered", "substituted"):
        yield anomaly(
            "SEAL-NOT-GENUINE",
            f"{key}: found {event.finding}",
            "Verify the material that it held; an anomaly of a seal is no proof of its removal.",
        )
    elif event.log_state in ("unsigned", "broken"):
        yield warning(
            "SEAL-LOG-NOT-AUTHENTIC",
            f"{key}: the log {NOT_AUTHENTIC[event.log_state]}; the openings that it shows count, "
            "and that there were no others is not shown",
            "Read it out again with a reader that authenticates it, and state how it did so.",
        )


NOT_AUTHENTIC = {"unsigned": "carries no signature", "broken": "has a signature that fails"}
"""What a state of a log says of it, in words."""
WITHOUT_NOTICE = "removed without notice"
"""Reason of a seal that the operator took off without notice."""


def _openings(posting: Posting) -> Iterator[Finding]:
    """Yield that a log shows openings."""
    for row in posting.lines(SEAL_INTERVAL.name):
        if row["code"] == "opening":
            until = "is still open" if row["end_at"] is None else f"to {row['end_at'][:19]}Z"
            yield anomaly(
                "SEAL-OPENED",
                f"{key_of(row)}: opened {row['begin_at'][:19]}Z {until}",
                "Lay it beside the declared openings; verify the material if none explains it.",
            )


def check_children(posting: Posting) -> Iterator[Refusal]:
    """Refuse items and intervals that belong to no attachment or log of the same act and seal."""
    events = {row["line_no"]: row for row in posting.lines(SEAL_EVENT.name)}
    for kind, wanted in (
        (SEAL_ITEM.name, ("attach",)),
        (SEAL_INTERVAL.name, ("read-out", "check", "verify")),
    ):
        for row in posting.lines(kind):
            parent = events.get(row["event_line"])
            if parent is None or key_of(parent) != key_of(row) or parent["event"] not in wanted:
                yield Refusal(
                    refusing(
                        "SEAL-PART",
                        f"{key_of(row)}: line {row['line_no']} goes with line "
                        f"{row['event_line']}, which is no {' or '.join(wanted)} of this seal in "
                        "the same act",
                        "Items go with the attachment of their seal, intervals of a log with its "
                        "read-out, check or verification: give the line of that.",
                    )
                )


def _nothing_to_correct(event: SealEvent) -> Finding:
    place = event.corrected
    named = "nothing" if place is None else f"line:{place[0]}/{place[1]}"
    return refusing(
        "SEAL-CORRECTION",
        f"{event.key}: {named} is no event of this seal that holds",
        "Name the line of the event, e.g. line:12/3; 'keiryo seals history' lists them.",
    )


def _too_early(event: SealEvent, later: SealEvent) -> Finding:
    return refusing(
        "SEAL-ORDER",
        f"{event.key}: {event.event} at {event.at[:19]}Z does not fit before {later.event} at "
        f"{later.at[:19]}Z",
        "Correct the time; or correct the other event first, naming its line.",
    )


def _no_longer_fits(event: SealEvent, why: Finding) -> Finding:
    return anomaly(
        "SEAL-NO-LONGER-FITS",
        f"{event.key}: {event.event} of {event.at[:19]}Z ({event.node}) no longer fits: "
        f"{why.message}",
        "It stays in the record and counts for nothing; correct or withdraw it.",
    )


def _not_registered(event: SealEvent) -> Finding:
    return refusing(
        "SEAL-UNKNOWN",
        f"{event.key} is not in the register",
        "Read the number again; 'keiryo seals receive' brings seals into stock.",
    )


SEALS_LIVE = Check("life of seals", frozenset({SEAL_EVENT.name}), check_events)
SEALS_ENTER = Check("register of seals", frozenset({SEAL.name}), check_register)
SEAL_PARTS = Check(
    "items and intervals of seals", frozenset({SEAL_ITEM.name, SEAL_INTERVAL.name}), check_children
)
