"""Duties, transactions and exceptions, read from one file; see `duties`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keiryo.access_control.duties import (
    DEFAULT_MATRIX,
    FOREVER,
    SAME,
    WITHIN,
    Assignment,
    DutyFinding,
    Excused,
    Incompatible,
    Transaction,
    check_assignments,
    check_transactions,
    finding_dict,
)
from keiryo.access_control.findings import utc_text
from keiryo.access_control.setup import identifier
from keiryo.protection.classification import classification_of
from keiryo.protection.inputs import Fields, Node, load, raise_problems
from keiryo.protection.instants import read_instant, read_timezone

RESULT = "keiryo.pp.duties-result/1"
KEYS = ("timezone", "incompatible", "assignment", "transaction", "exception")
_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Duties:
    """Everything that a file says about duties."""

    matrix: tuple[Incompatible, ...]
    assignments: tuple[Assignment, ...]
    transactions: tuple[Transaction, ...]
    excused: tuple[Excused, ...]
    classification: str


def read_duties_file(path: Path | str) -> Duties:
    """Read duties from a TOML or JSON file.

    Raises
    ------
    InputError
        With everything that is wrong in it: ``DUTY_UNKNOWN`` for a duty of no pair of the matrix,
        ``SELF_APPROVED`` for an exception whose approvers are not two others, ``DATE_ORDER``,
        ``DUPLICATE_ID`` and what `keiryo.protection.inputs` tells.
    """
    return read_duties(load(path))


def read_duties(node: Node) -> Duties:
    """Read duties from the content of a file; raises as `read_duties_file`."""
    top = node.fields(KEYS)
    classification, zone = classification_of(top), read_timezone(top, "TIMEZONE")
    matrix = tuple(_matrix(top)) or DEFAULT_MATRIX
    known = {duty for one in matrix for duty in one.pair}
    made = Duties(
        matrix,
        tuple(_assignments(top, known, zone)),
        tuple(_transactions(top, known, zone)),
        tuple(_exceptions(top, matrix, zone)),
        classification,
    )
    raise_problems(top.problems)
    return made


def duties_result(given: Duties) -> dict[str, Any]:
    """Return what is wrong with the duties of a file, as plain data."""
    found: list[DutyFinding] = [
        *check_assignments(given.assignments, given.matrix, given.excused),
        *check_transactions(given.transactions, given.matrix, given.excused),
    ]
    used = {one.exception for one in found}
    return {
        "schema": RESULT,
        "classification": given.classification,
        "matrix": [
            {"duties": [one.first, one.second], "within": one.within, "why": one.why}
            for one in given.matrix
        ],
        "assignments": len(given.assignments),
        "transactions": len(given.transactions),
        "findings": [finding_dict(one, utc_text) for one in found],
        "unused_exceptions": [one.place for one in given.excused if one.place not in used],
    }


def _matrix(top: Fields) -> list[Incompatible]:
    found = []
    for fields in top.objects("incompatible", ("duties", "within", "why"), required=False):
        pair = _pair(fields)
        within = fields.text("within", required=False) or SAME
        if within not in WITHIN:
            fields.note("WITHIN", f"It is {' or '.join(WITHIN)}.", "within")
        why = fields.text("why", required=False, length=_REASON_LENGTH) or ""
        if pair is not None:
            found.append(Incompatible(*pair, within, why))
    return found


def _pair(fields: Fields) -> tuple[str, str] | None:
    given = fields.list("duties")
    texts = [one for one in given if isinstance(one, str) and one.strip()]
    if "duties" in fields and (len(given) != 2 or len(set(texts)) != 2):
        fields.note("PAIR", "Two different duties belong here.", "duties")
        return None
    return (texts[0], texts[1]) if len(texts) == 2 else None


def _duty(fields: Fields, name: str, known: set[str], *at: str | int) -> bool:
    if name in known:
        return True
    told = f"It is in no pair of the matrix; known: {', '.join(sorted(known))}."
    fields.note("DUTY_UNKNOWN", told, *at)
    return False


def _assignments(top: Fields, known: set[str], zone: datetime.tzinfo) -> list[Assignment]:
    found = []
    keys = ("person", "duty", "about", "from", "to")
    for fields in top.objects("assignment", keys, required=False):
        person, duty = identifier(fields, "person"), identifier(fields, "duty")
        about = identifier(fields, "about", required=False)
        start = read_instant(fields, "from", zone, days=True)
        end = read_instant(fields, "to", zone, days=True, end=True)
        _order(fields, start, end)
        if duty is not None and _duty(fields, duty, known, "duty") and person is not None:
            begin, last = -FOREVER if start is None else start, FOREVER if end is None else end
            found.append(Assignment(person, duty, about, begin, last, fields.pointer))
    return found


def _transactions(top: Fields, known: set[str], zone: datetime.tzinfo) -> list[Transaction]:
    found, names = [], set[str]()
    keys = ("id", "kind", "at", "about", "actors")
    for fields in top.objects("transaction", keys, required=False):
        name, kind = identifier(fields, "id"), identifier(fields, "kind", required=False)
        at = read_instant(fields, "at", zone, days=True, required=True)
        about = identifier(fields, "about", required=False)
        if name is not None and name in names:
            fields.note("DUPLICATE_ID", "This transaction stands in the file already.", "id")
        actors = _actors(fields, known)
        if name is not None and at is not None:
            names.add(name)
            found.append(Transaction(name, kind or "", at, about, actors, fields.pointer))
    return found


def _actors(fields: Fields, known: set[str]) -> dict[str, tuple[str, ...]]:
    given = fields.required("actors")
    if not isinstance(given, dict):
        if "actors" in fields:
            fields.note("TYPE", "The persons by their duty belong here.", "actors")
        return {}
    inner = Fields(given, fields.at("actors"), fields.problems, tuple(given))
    found = {}
    for duty, value in given.items():
        persons = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one.strip() for one in persons):
            inner.note("TYPE", "A person or a list of persons belongs here.", duty)
        elif _duty(inner, duty, known, duty):
            found[duty] = tuple(persons)
    return found


def _exceptions(
    top: Fields, matrix: tuple[Incompatible, ...], zone: datetime.tzinfo
) -> list[Excused]:
    found = []
    keys = ("person", "duties", "about", "from", "to", "reason", "approver", "second_approver")
    for fields in top.objects("exception", keys, required=False):
        person, pair = identifier(fields, "person"), _pair(fields)
        about = identifier(fields, "about", required=False)
        start = read_instant(fields, "from", zone, days=True)
        end = read_instant(fields, "to", zone, days=True, end=True, required=True)
        reason = fields.text("reason", length=_REASON_LENGTH)
        if reason is not None and not reason.strip():
            fields.note("EMPTY_FIELD", "An exception needs a reason.", "reason")
        approvers = identifier(fields, "approver"), identifier(fields, "second_approver")
        hands = [person, *approvers]
        if None not in hands and len(set(hands)) < 3:
            told = "An exception has two approvers who are neither each other nor the person."
            fields.note("SELF_APPROVED", told, "second_approver")
        if pair is not None and frozenset(pair) not in {one.pair for one in matrix}:
            fields.note("DUTY_UNKNOWN", "The matrix does not have this pair.", "duties")
        _order(fields, start, end)
        if person and pair and end is not None and approvers[0] and approvers[1]:
            begin = -FOREVER if start is None else start
            two = (approvers[0], approvers[1])
            found.append(
                Excused(
                    *(person, frozenset(pair), about, begin, end, reason or "", two),
                    fields.pointer,
                )
            )
    return found


def _order(fields: Fields, start: int | None, end: int | None) -> None:
    if start is not None and end is not None and end <= start:
        fields.note("DATE_ORDER", "It ends before it begins.", "to")
