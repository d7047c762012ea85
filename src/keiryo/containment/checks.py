"""What is refused of containments: unknown areas and items, intervals that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from keiryo.accounts.tables import BATCH
from keiryo.containment.tables import (
    CONTAINMENT,
    CONTAINMENT_CONTENT,
    CONTAINMENT_INSPECTION,
    CONTAINMENT_PATH,
    CONTAINMENT_WATCH,
    KINDS,
)
from keiryo.containment.values import MECHANISMS
from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.places.tables import areas

BASIS = "docs/theory/surveillance.md"

NAME = re.compile(r"[A-Za-z0-9(][A-Za-z0-9 ._+()-]{0,59}")
"""Names of containments and ways: no slash, colon or bar, which join names elsewhere."""
_CAMERA = re.compile(r"camera:[^\s|/][^|/]{0,59}")

_KEYS = {
    CONTAINMENT_PATH.name: ("mba", "containment", "path"),
    CONTAINMENT_CONTENT.name: ("mba", "containment", "batch_uid"),
    CONTAINMENT_WATCH.name: ("mba", "containment", "path", "device"),
}
"""Statements with the same values here must not overlap."""
_SOME = 500
"""Most values in one query."""


def check_containments(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse lines about containments that do not hold."""
    places = areas(posting.connection, posting.metadata)
    for line in posting.lines(CONTAINMENT.name):
        yield from _refused(containment_findings(line, places))
    known = _known_names(posting)
    for kind in (*_KEYS, CONTAINMENT_INSPECTION.name):
        for line in posting.lines(kind):
            where = (line["mba"], line["containment"])
            if line["mba"] not in places:
                yield Refusal(_unknown_area(line["mba"]))
            elif where not in known:
                yield Refusal(
                    _finding(
                        "CONTAINMENT-UNKNOWN",
                        f"there is no containment {line['mba']}/{line['containment'][:60]}",
                        "Record it first: 'keiryo containment add'.",
                        mba=line["mba"],
                    )
                )
    for kind, key in _KEYS.items():
        yield from _interval_checks(posting, kind, key)
    yield from _way_checks(posting)
    yield from _watch_checks(posting)
    yield from _content_checks(posting)
    yield from _inspection_checks(posting)


def containment_findings(line: Mapping[str, Any], places: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the description of a containment."""
    if line["mba"] not in places:
        yield _unknown_area(line["mba"])
    if not NAME.fullmatch(line["name"]):
        yield _bad_name(line["name"], line["mba"])
    if line["kind"] not in KINDS:
        yield _finding(
            "CONTAINMENT-KIND",
            f"{line['name'][:60]}: {line['kind'][:40]!r} is no kind of containment",
            f"One of {', '.join(KINDS)}.",
            mba=line["mba"],
        )


def interval_findings(
    lines: Sequence[Mapping[str, Any]], key: Sequence[str], new_from: int
) -> Iterator[Finding]:
    """Yield what is wrong with intervals of statements, and where they overlap.

    Parameters
    ----------
    lines : sequence of mapping
        In the order in which they were recorded.
    key : sequence of str
        Fields whose statements must not overlap.
    new_from : int
        Position in `lines` from which they are new; only these are told about.
    """
    standing: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for number, line in enumerate(lines):
        words = "/".join(str(line[name]) for name in key)
        wrong = [str(line[f]) for f in ("begin_at", "end_at") if not _is_instant(line[f])]
        if wrong:
            if number >= new_from:
                yield _finding(
                    "CONTAINMENT-TIME",
                    f"{words}: {wrong[0][:40]!r} is no instant in UTC",
                    "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
                    mba=line["mba"],
                )
            continue
        if line["end_at"] is not None and line["end_at"] <= line["begin_at"]:
            if number >= new_from:
                yield _finding(
                    "CONTAINMENT-INTERVAL",
                    f"{words}: it would begin at {_seconds(line['begin_at'])} and end no later, at "
                    f"{_seconds(line['end_at'])}",
                    "Correct one of the two; the end is the first instant at which it no longer "
                    "holds.",
                    mba=line["mba"],
                )
            continue
        same = standing.setdefault(tuple(line[name] for name in key), {})
        same[line["begin_at"]] = line  # stated anew: the last one counts
        clash = next((one for one in same.values() if _overlap(one, line)), None)
        if clash is not None and number >= new_from:
            until = "still" if clash["end_at"] is None else f"until {_seconds(clash['end_at'])}"
            yield _finding(
                "CONTAINMENT-OVERLAP",
                f"{words}: from {_seconds(line['begin_at'])} it would be stated twice; another "
                f"statement holds from {_seconds(clash['begin_at'])} {until}",
                "End the other statement first, or state it anew with its own beginning.",
                mba=line["mba"],
            )


def _interval_checks(posting: Posting, kind: str, key: Sequence[str]) -> Iterator[Refusal]:
    new = list(posting.lines(kind))
    if not new:
        return
    table = posting.table(kind)
    last_column = key[-1] if kind == CONTAINMENT_CONTENT.name else key[1]
    values = sorted({str(line[last_column]) for line in new})
    before = []
    for begin in range(0, len(values), _SOME):
        query = (
            select(table)
            .where(table.c.act_id < posting.act_id)
            .where(table.c[last_column].in_(values[begin : begin + _SOME]))
            .order_by(table.c.act_id, table.c.line_no)
        )
        before += [dict(row) for row in posting.connection.execute(query).mappings()]
    yield from _refused(interval_findings([*before, *new], key, len(before)))


def _way_checks(posting: Posting) -> Iterator[Refusal]:
    for line in posting.lines(CONTAINMENT_PATH.name):
        if not NAME.fullmatch(line["path"]):
            yield Refusal(_bad_name(line["path"], line["mba"]))


def _watch_checks(posting: Posting) -> Iterator[Refusal]:
    lines = list(posting.lines(CONTAINMENT_WATCH.name))
    ways = _known_ways(posting) if lines else set()
    for line in lines:
        where = (line["mba"], line["containment"], line["path"])
        words = "/".join(where)
        if where not in ways:
            yield _refusal(
                "CONTAINMENT-PATH",
                f"{words[:140]}: there is no such way into the containment",
                "Record the way first: 'keiryo containment path'.",
                mba=line["mba"],
            )
        if not _CAMERA.fullmatch(line["device"]):
            yield _refusal(
                "CONTAINMENT-DEVICE",
                f"{words}: {line['device'][:60]!r} names no camera",
                "Write camera:NAME. Seals say themselves which ways they close.",
                mba=line["mba"],
            )
        if line["mechanism"] not in MECHANISMS:
            yield _refusal(
                "CONTAINMENT-MECHANISM",
                f"{words}: {line['mechanism'][:40]!r} is no way in which a device works",
                f"One of {', '.join(MECHANISMS)}.",
                mba=line["mba"],
            )


def _content_checks(posting: Posting) -> Iterator[Finding | Refusal]:
    lines = list(posting.lines(CONTAINMENT_CONTENT.name))
    if not lines:
        return
    home = _areas_of_batches(posting, {str(line["batch_uid"]) for line in lines})
    for line in lines:
        uid = line["batch_uid"]
        if uid not in home:
            yield _refusal(
                "CONTAINMENT-BATCH",
                f"{line['mba']}/{line['containment']}: the books know no batch {uid[:80]!r}",
                "Name a batch of the area; 'keiryo inventory MBA' lists those on hand.",
                mba=line["mba"],
            )
        elif home[uid] != line["mba"]:
            yield _refusal(
                "CONTAINMENT-BATCH-AREA",
                f"{uid} is a batch of {home[uid]}, and the containment is in {line['mba']}",
                "Record its receipt first: in the other area it is a batch of that area.",
                mba=line["mba"],
            )
    yield from _held_twice(posting, lines)


def _held_twice(posting: Posting, lines: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield where an item is in two containments at once: right only if one is in the other."""
    table = posting.table(CONTAINMENT_CONTENT.name)
    uids = sorted({str(line["batch_uid"]) for line in lines})
    last: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for begin in range(0, len(uids), _SOME):
        query = select(table).where(table.c.batch_uid.in_(uids[begin : begin + _SOME]))
        query = query.order_by(table.c.act_id, table.c.line_no)
        for row in posting.connection.execute(query).mappings():
            last[row["batch_uid"], row["mba"], row["containment"], row["begin_at"]] = dict(row)
    by_batch: dict[str, list[Mapping[str, Any]]] = {}
    for one in last.values():
        by_batch.setdefault(one["batch_uid"], []).append(one)
    for line in lines:
        for other in by_batch[line["batch_uid"]]:
            if other["containment"] != line["containment"] and _overlap(other, line):
                yield Finding(
                    "CONTAINMENT-HELD-TWICE",
                    Severity.WARNING,
                    f"{line['batch_uid']} is in {line['containment']} and in "
                    f"{other['containment']} at once",
                    "Right if one stands in the other (a cask in a room): then the ways into both "
                    "count. If it was moved, record that it left the first.",
                    mba=line["mba"],
                    basis=BASIS,
                )


def _inspection_checks(posting: Posting) -> Iterator[Refusal]:
    for line in posting.lines(CONTAINMENT_INSPECTION.name):
        words = f"{line['mba']}/{line['containment']}"
        if not _is_instant(line["at"]) or line["at"] is None:
            yield _refusal(
                "CONTAINMENT-TIME",
                f"{words}: {str(line['at'])[:40]!r} is no instant in UTC",
                "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
                mba=line["mba"],
            )
        if not [one for one in line["inspectors"].split("|") if one.strip()]:
            yield _refusal(
                "CONTAINMENT-INSPECTORS",
                f"{words}: nothing says who looked it over",
                "Name at least one person.",
                mba=line["mba"],
            )
        table = posting.table(EVIDENCE.name)
        for digest in str(line["evidence"] or "").split():
            query = select(table.c.act_id).where(table.c.digest == digest).limit(1)
            if posting.connection.execute(query).first() is None:
                yield _refusal(
                    "CONTAINMENT-EVIDENCE",
                    f"{words}: there is no file {digest[:64]!r} in the record",
                    "Give the file itself, or the SHA-256 of one that is in the record.",
                    mba=line["mba"],
                )


def _known_names(posting: Posting) -> set[tuple[str, str]]:
    table = posting.table(CONTAINMENT.name)
    rows = posting.connection.execute(select(table.c.mba, table.c.name).distinct())
    return {(row[0], row[1]) for row in rows}


def _known_ways(posting: Posting) -> set[tuple[str, str, str]]:
    table = posting.table(CONTAINMENT_PATH.name)
    query = select(table.c.mba, table.c.containment, table.c.path).distinct()
    return {(row[0], row[1], row[2]) for row in posting.connection.execute(query)}


def _areas_of_batches(posting: Posting, uids: set[str]) -> dict[str, str]:
    table, every = posting.table(BATCH.name), sorted(uids)
    found: dict[str, str] = {}
    for begin in range(0, len(every), _SOME):
        some = every[begin : begin + _SOME]
        query = select(table.c.batch_uid, table.c.mba).where(table.c.batch_uid.in_(some))
        found |= {row[0]: row[1] for row in posting.connection.execute(query)}
    return found


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one is other or (one["act_id"], one["line_no"]) == (other["act_id"], other["line_no"]):
        return False
    return (other["end_at"] is None or one["begin_at"] < other["end_at"]) and (
        one["end_at"] is None or other["begin_at"] < one["end_at"]
    )


def _is_instant(text: Any) -> bool:
    """Return whether a text is an instant as the record writes it; null: no end."""
    if text is None:
        return True
    try:
        return bool(utc_text(parse_utc(str(text))) == text)
    except DateError:
        return False


def _seconds(text: str) -> str:
    return f"{text[:19]}Z"


def _unknown_area(mba: str) -> Finding:
    return _finding(
        "CONTAINMENT-AREA",
        f"{mba[:20]!r} is no registered material balance area",
        "Register the area first, or correct its code.",
    )


def _bad_name(name: str, mba: str) -> Finding:
    return _finding(
        "CONTAINMENT-NAME",
        f"{name[:60]!r} is no name of a containment or way",
        "Letters, digits, blanks, point, hyphen, underscore, plus and brackets, up to 60.",
        mba=mba,
    )


def _refused(findings: Iterable[Finding]) -> Iterator[Refusal]:
    for one in findings:
        yield Refusal(one)


def _refusal(code: str, message: str, advice: str, mba: str | None = None) -> Refusal:
    return Refusal(_finding(code, message, advice, mba))


def _finding(code: str, message: str, advice: str, mba: str | None = None) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, mba=mba, basis=BASIS)


CONTAINMENTS_HOLD = Check(
    "containments",
    frozenset({CONTAINMENT.name, *_KEYS, CONTAINMENT_INSPECTION.name}),
    check_containments,
)
"""Refuses lines about containments that do not hold."""
