"""Statements on protection and reviews of access as they stand: what holds on a day, what ended.

They are for everybody who may read the regime, and hold nothing but an answer and counts: the
evaluation and the logs lie in the sealed store, and its head hash binds the statement to them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.security_regime.oversight_record import facility_of, iso, recorded_rows
from keiryo.security_regime.tables_events import ACCESS_REVIEW, NO, PARTLY, PROTECTION_STATEMENT

STATEMENT, REVIEW = PROTECTION_STATEMENT.name, ACCESS_REVIEW.name
KINDS = (STATEMENT, REVIEW)
NODE, REVIEW_NODE = "secstatement:", "secreview:"
IN_FORCE, EXPIRED, SUPERSEDED = "in_force", "expired", "superseded"
WITHDRAWN, NOT_YET = "withdrawn", "not_yet"
_ORDER = {NO: 0, PARTLY: 1}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement on the protection of a target, by its last line."""

    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the statement."""
        return str(self.values["statement"])

    @property
    def scope(self) -> str:
        """The facility, or the State."""
        return str(self.values["scope"])

    @property
    def place(self) -> tuple[str, str]:
        """Facility and target."""
        return self.scope, str(self.values["target"])

    @property
    def meets(self) -> str:
        """Whether the required level is met: yes, partly or no."""
        return str(self.values["meets"])

    @property
    def rank(self) -> tuple[int, int, int]:
        """Which of two statements on one target takes the place of the other: the greater."""
        return (
            int(self.values["evaluated_on"]),
            int(self.values["act_id"]),
            int(self.values["line_no"]),
        )

    def holds(self, day: int) -> bool:
        """Return whether it holds on a day (YYYYMMDD), others left aside."""
        withdrawn = self.values.get("withdrawn_on")
        begun = int(self.values["evaluated_on"]) <= day <= int(self.values["valid_until"])
        return begun and (withdrawn is None or day < int(withdrawn))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("target", "required_level", "meets", "evaluated_by", "approved_by")
        return {
            "statement": self.name,
            "scope": self.scope,
            **{name: self.values[name] for name in names},
            "evaluated_on": iso(self.values["evaluated_on"]),
            "valid_until": iso(self.values["valid_until"]),
            "withdrawn_on": iso(self.values.get("withdrawn_on")),
            "store_head": self.values["store_head"],
            "evaluation_ref": self.values["evaluation_ref"],
            "reason": self.values.get("reason"),
            "node": NODE + self.name,
            "line": line_node(self.values),
        }


@dataclass(frozen=True, slots=True)
class AccessReview:
    """A review of the records of access, by its last line: counts only."""

    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the review."""
        return str(self.values["review"])

    @property
    def scope(self) -> str:
        """The facility."""
        return str(self.values["scope"])

    def covers(self, day: int) -> bool:
        """Return whether it is about a day (YYYYMMDD)."""
        return int(self.values["from_day"]) <= day <= int(self.values["to_day"])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("events", "violations", "open_irregularities", "reviewed_by")
        return {
            "review": self.name,
            "scope": self.scope,
            "area": self.values.get("area"),
            "from": iso(self.values["from_day"]),
            "to": iso(self.values["to_day"]),
            **{name: self.values[name] for name in names},
            "reviewed_on": iso(self.values["reviewed_on"]),
            "store_head": self.values["store_head"],
            "reason": self.values.get("reason"),
            "node": REVIEW_NODE + self.name,
            "line": line_node(self.values),
        }


@dataclass(slots=True)
class Statements:
    """All statements and reviews by name."""

    statements: dict[str, Statement] = field(default_factory=dict)
    reviews: dict[str, AccessReview] = field(default_factory=dict)

    def take(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        if kind == STATEMENT:
            self.statements[line["statement"]] = Statement(line)
        else:
            self.reviews[line["review"]] = AccessReview(line)

    def standing(self, one: Statement, on: datetime.date) -> str:
        """Return how a statement stands on a day: in force, expired, superseded, withdrawn.

        A later evaluation of the same target takes its place, and goes on doing so when it has
        expired or found less; one that was withdrawn does not.
        """
        day = date_number(on)
        if day < int(one.values["evaluated_on"]):
            return NOT_YET
        withdrawn = one.values.get("withdrawn_on")
        if withdrawn is not None and int(withdrawn) <= day:
            return WITHDRAWN
        if any(self._follows(other, one, day) for other in self.statements.values()):
            return SUPERSEDED
        return IN_FORCE if one.holds(day) else EXPIRED

    def _follows(self, other: Statement, one: Statement, day: int) -> bool:
        withdrawn = other.values.get("withdrawn_on")
        counts = int(other.values["evaluated_on"]) <= day
        counts = counts and (withdrawn is None or day < int(withdrawn))
        return counts and other.place == one.place and other.rank > one.rank


def read_statements(
    connection: Connection,
    metadata: MetaData,
    *,
    scope: str | None = None,
    through_act: int | None = None,
) -> Statements:
    """Return all statements and reviews, or those of a facility, as known with an act."""
    found = Statements()
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if scope in (None, line["scope"]):
            found.take(kind, line)
    return found


def statements_in_force(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
) -> tuple[Statement, ...]:
    """Return the statements in force for a facility on a day: one for each target at most.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    facility_scope : str
        ``XA/XFA-``, or a scope within it; or the State.
    on : datetime.date
    through_act : int, optional
        As known with this act.

    Returns
    -------
    tuple of Statement
        The least favourable first.
    """
    place = facility_of(facility_scope)
    known = read_statements(connection, metadata, scope=place, through_act=through_act)
    chosen = [o for o in known.statements.values() if known.standing(o, on) == IN_FORCE]
    return tuple(sorted(chosen, key=lambda one: (_ORDER.get(one.meets, 2), one.place)))


def statement_in_force(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
    *,
    target: str | None = None,
) -> Statement | None:
    """Return the statement in force for a facility on a day, or None.

    Of several targets it is the least favourable one, unless a `target` is named. Parameters are
    those of `statements_in_force`.
    """
    found = statements_in_force(connection, metadata, facility_scope, on, through_act)
    return next((one for one in found if target in (None, one.place[1])), None)


def access_reviews(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
) -> tuple[AccessReview, ...]:
    """Return the reviews of access that are about a day: the last one of each area.

    Parameters are those of `statements_in_force`.
    """
    place, day = facility_of(facility_scope), date_number(on)
    known = read_statements(connection, metadata, scope=place, through_act=through_act)
    last: dict[Any, AccessReview] = {}
    for one in sorted(known.reviews.values(), key=_recorded):
        if one.covers(day):
            last[one.values.get("area")] = one
    return tuple(sorted(last.values(), key=lambda one: str(one.values.get("area") or "")))


def access_reviewed(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
    *,
    area: str | None = None,
) -> AccessReview | None:
    """Return the review of access that is about a facility, or an area of it, on a day, or None.

    A review of the whole facility is also about each area of it; one of an area is not about the
    whole. Parameters are those of `statements_in_force`.
    """
    found = access_reviews(connection, metadata, facility_scope, on, through_act)
    by_area = {one.values.get("area"): one for one in found}
    return by_area.get(area) or by_area.get(None)


def protection_statement(connection: Connection, metadata: MetaData, name: str) -> Statement:
    """Return a statement.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = read_statements(connection, metadata).statements.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no statement {name[:40]!r}", "'keiryo protection statements' lists them."
        )
    return found


def told_statements(known: Statements, on: datetime.date) -> list[dict[str, Any]]:
    """Return all statements as plain data, each with how it stands on a day."""
    every: Iterable[Statement] = sorted(
        known.statements.values(), key=lambda one: (one.place, one.rank)
    )
    return [{**one.to_dict(), "standing": known.standing(one, on)} for one in every]


def _recorded(one: AccessReview) -> tuple[int, int, int]:
    return (
        int(one.values["reviewed_on"]),
        int(one.values["act_id"]),
        int(one.values["line_no"]),
    )
