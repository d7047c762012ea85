"""Separation of duties: which duties one person must not have together, checked both ways.

Statically: who is assigned what. Dynamically: who did what in one transaction. An exception needs
an end, a reason, and two approvers who are neither each other nor the person; it is told all the
same, and after its end it excuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ANYWHERE, SAME = "anywhere", "same"
WITHIN = (ANYWHERE, SAME)
"""Duties exclude each other anywhere, or about the same thing only: area, seal, sensor."""
FOREVER = 2**62
STATIC, DYNAMIC = "DUTIES_ASSIGNED", "DUTIES_DONE"
EXCEPTED_ASSIGNED, EXCEPTED_DONE = "EXCEPTION_ASSIGNED", "EXCEPTION_DONE"
SEVERITY = {STATIC: "E", DYNAMIC: "E", EXCEPTED_ASSIGNED: "W", EXCEPTED_DONE: "W"}


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Two duties that one person must not have together.

    Attributes
    ----------
    first, second : str
    within : str
        `ANYWHERE` or `SAME`.
    why : str
    """

    first: str
    second: str
    within: str = SAME
    why: str = ""

    @property
    def pair(self) -> frozenset[str]:
        """Both duties."""
        return frozenset((self.first, self.second))


DEFAULT_MATRIX = (
    Incompatible("requester", "approver", SAME, "nobody approves what he or she asked for"),
    Incompatible("custodian", "accountant", SAME, "who holds material does not keep its books"),
    Incompatible(
        "measurer", "balance_evaluator", SAME, "who measures does not judge the balance from it"
    ),
    Incompatible("seal_applier", "seal_verifier", SAME, "nobody verifies his or her own seal"),
    Incompatible(
        "alarm_assessor", "sensor_maintainer", SAME, "who maintains a sensor does not judge it"
    ),
    Incompatible(
        "user_administrator", "auditor", ANYWHERE, "who gives rights does not audit their use"
    ),
)
"""The matrix of the domain document, section 8.2; a file may replace it."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """That a person has a duty about something, from start and before end."""

    person: str
    duty: str
    about: str | None
    start_ns: int
    end_ns: int
    place: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """Who did what in one transaction.

    Attributes
    ----------
    id, kind : str
    at_ns : int
    about : str or None
    actors : mapping of str to tuple of str
        The persons by duty.
    place : str
    """

    id: str
    kind: str
    at_ns: int
    about: str | None
    actors: Mapping[str, tuple[str, ...]]
    place: str


@dataclass(frozen=True, slots=True)
class Excused:
    """That a person may have two duties together for a time.

    Attributes
    ----------
    person : str
    pair : frozenset of str
    about : str or None
        None: about anything.
    start_ns, end_ns : int
    reason : str
    approvers : tuple of str
    place : str
    """

    person: str
    pair: frozenset[str]
    about: str | None
    start_ns: int
    end_ns: int
    reason: str
    approvers: tuple[str, str]
    place: str


@dataclass(frozen=True, slots=True)
class DutyFinding:
    """Two duties in one hand.

    Attributes
    ----------
    code : str
        `STATIC` or `DYNAMIC`, or the same under an exception.
    person : str
    duties : tuple of str
    about : str or None
    start_ns, end_ns : int
        The time for which; an instant for a transaction.
    places : tuple of str
    why : str
    transaction : str or None
    exception : str or None
        Place of the exception that covers it.
    """

    code: str
    person: str
    duties: tuple[str, str]
    about: str | None
    start_ns: int
    end_ns: int
    places: tuple[str, ...]
    why: str
    transaction: str | None = None
    exception: str | None = None

    @property
    def severity(self) -> str:
        """``E``, or ``W`` under an exception."""
        return SEVERITY[self.code]


def check_assignments(
    assignments: Iterable[Assignment],
    matrix: Iterable[Incompatible] = DEFAULT_MATRIX,
    excused: Iterable[Excused] = (),
) -> list[DutyFinding]:
    """Return the persons who have duties together that exclude each other, and when.

    A time that an exception covers in part is told in parts.
    """
    known, exceptions = list(matrix), list(excused)
    by_person: dict[str, list[Assignment]] = {}
    for one in assignments:
        by_person.setdefault(one.person, []).append(one)
    found: list[DutyFinding] = []
    for person in sorted(by_person):
        rows = by_person[person]
        for rule in known:
            for one in (a for a in rows if a.duty == rule.first):
                for other in (a for a in rows if a.duty == rule.second):
                    found += _together(rule, one, other, exceptions)
    return found


def _together(
    rule: Incompatible, one: Assignment, other: Assignment, excused: list[Excused]
) -> Iterator[DutyFinding]:
    """Yield the times in which two assignments of one person exclude each other."""
    if rule.within == SAME and not _same(one.about, other.about):
        return
    start, end = max(one.start_ns, other.start_ns), min(one.end_ns, other.end_ns)
    about = one.about if one.about is not None else other.about
    if start >= end:
        return
    apt = [x for x in excused if x.person == one.person and x.pair == rule.pair]
    apt = [x for x in apt if x.about is None or x.about == about]
    edges = sorted(
        {start, end, *(t for x in apt for t in (x.start_ns, x.end_ns) if start < t < end)}
    )
    last: DutyFinding | None = None
    for first, final in pairwise(edges):
        cover = next((x for x in apt if x.start_ns <= first and final <= x.end_ns), None)
        made = DutyFinding(
            STATIC if cover is None else EXCEPTED_ASSIGNED,
            one.person,
            (rule.first, rule.second),
            about,
            first,
            final,
            (one.place, other.place),
            rule.why,
            exception=None if cover is None else cover.place,
        )
        if last is not None and last.exception == made.exception and last.code == made.code:
            made = _joined(last, made)
        elif last is not None:
            yield last
        last = made
    if last is not None:
        yield last


def _joined(one: DutyFinding, other: DutyFinding) -> DutyFinding:
    return DutyFinding(
        *(one.code, one.person, one.duties, one.about, one.start_ns, other.end_ns),
        *(one.places, one.why, one.transaction, one.exception),
    )


def _same(one: str | None, other: str | None) -> bool:
    """Return whether two duties are about the same thing; one about anything is."""
    return one is None or other is None or one == other


def check_transactions(
    transactions: Iterable[Transaction],
    matrix: Iterable[Incompatible] = DEFAULT_MATRIX,
    excused: Iterable[Excused] = (),
) -> list[DutyFinding]:
    """Return the persons who did two things in one transaction that exclude each other."""
    known, exceptions = list(matrix), list(excused)
    found = []
    for one in transactions:
        for rule in known:
            both = set(one.actors.get(rule.first, ())) & set(one.actors.get(rule.second, ()))
            for person in sorted(both):
                cover = next((x for x in exceptions if _covers(x, person, rule, one)), None)
                found.append(
                    DutyFinding(
                        DYNAMIC if cover is None else EXCEPTED_DONE,
                        person,
                        (rule.first, rule.second),
                        one.about,
                        one.at_ns,
                        one.at_ns,
                        (one.place,),
                        rule.why,
                        one.id,
                        None if cover is None else cover.place,
                    )
                )
    return found


def _covers(excused: Excused, person: str, rule: Incompatible, done: Transaction) -> bool:
    return (
        excused.person == person
        and excused.pair == rule.pair
        and excused.about in (None, done.about)
        and excused.start_ns <= done.at_ns < excused.end_ns
    )


def finding_dict(one: DutyFinding, times: Any) -> dict[str, Any]:
    """Return a finding as plain data; `times` makes a text of an instant."""
    return {
        "code": one.code,
        "severity": one.severity,
        "person": one.person,
        "duties": list(one.duties),
        "about": one.about,
        "transaction": one.transaction,
        "start": times(one.start_ns),
        "end": times(one.end_ns),
        "places": list(one.places),
        "why": one.why,
        "exception": one.exception,
    }
