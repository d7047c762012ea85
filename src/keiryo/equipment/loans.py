"""Loans of equipment: terms, items and steps; what each fulfils.

The rules stand in `keiryo.equipment.loan_checks`, which the posting pipeline runs.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.equipment.items import items
from keiryo.equipment.loan_states import (
    DONATED,
    EXTENDED,
    OPEN_STATES,
    OUT,
    REQUESTED,
    state_after,
)
from keiryo.equipment.record import File, kept
from keiryo.equipment.tables import (
    EQUIPMENT_ITEM,
    EQUIPMENT_LOAN,
    EQUIPMENT_LOAN_ITEM,
    EQUIPMENT_LOAN_STEP,
)
from keiryo.errors import ConflictError, NotFoundError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.storage.engine import Database

LEND, STEP = "equipment.loan", "equipment.step"
TESTS = ("acceptance_test", "decontamination_check", "function_test")
_DAYS = ("requested_on", "start_on", "last_use_on", "end_on")
_FIELDS = tuple(field.name for field in EQUIPMENT_LOAN.own_fields)
_ITEM_FIELDS = tuple(field.name for field in EQUIPMENT_ITEM.own_fields)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as it stands.

    Attributes
    ----------
    values : mapping
        Its terms: the last line.
    serials : tuple of str
        Serial numbers of its items.
    steps : tuple of mapping
        Its steps, in order.
    """

    values: Mapping[str, Any]
    serials: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """Name of the loan."""
        return str(self.values["loan"])

    @property
    def state(self) -> str:
        """State in which it is; a loan begins with the request."""
        if not self.steps:
            return REQUESTED
        return state_after(str(self.steps[-1]["before"]), str(self.steps[-1]["state"]))

    @property
    def since(self) -> datetime.date:
        """Day of its last step that was no extension, or of the request."""
        days = [int(one["on_day"]) for one in self.steps if one["state"] != EXTENDED]
        return number_date(days[-1] if days else int(self.values["requested_on"]))

    @property
    def end_on(self) -> int | None:
        """Day by which the items are to be back, with its extensions (YYYYMMDD)."""
        extended = [int(one["end_on"]) for one in self.steps if one["end_on"] is not None]
        return extended[-1] if extended else self.values["end_on"]

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.state in OPEN_STATES

    def result(self, test: str) -> str | None:
        """Return the last result of a test, ``passed`` or ``failed``."""
        return next((one[test] for one in reversed(self.steps) if one[test] is not None), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told: dict[str, Any] = {**{name: self.values[name] for name in _FIELDS}}
        told["end_on"] = self.end_on
        for name in _DAYS:
            told[name] = None if told[name] is None else number_date(told[name]).isoformat()
        return {
            **told,
            "items": list(self.serials),
            "state": self.state,
            "since": self.since.isoformat(),
            "extended": any(one["state"] == EXTENDED for one in self.steps),
            **{test: self.result(test) for test in TESTS},
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": number_date(one["on_day"]).isoformat(),
                    "reason": one["reason"],
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "line": line_node(self.values),
        }


def loans(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, Loan]:
    """Return all loans as they stand, by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    through_act : int, optional
        As they stood with this act; default: now.
    """

    def read(kind: str) -> list[dict[str, Any]]:
        return rows_of(connection, metadata, kind, through_act=through_act)

    last = {row["loan"]: row for row in read(EQUIPMENT_LOAN.name)}
    belonging: dict[str, list[str]] = {}
    for row in read(EQUIPMENT_LOAN_ITEM.name):
        if row["loan"] in last and row["act_id"] == last[row["loan"]]["act_id"]:
            belonging.setdefault(row["loan"], []).append(row["serial"])
    steps: dict[str, list[dict[str, Any]]] = {}
    for row in read(EQUIPMENT_LOAN_STEP.name):
        steps.setdefault(row["loan"], []).append(row)
    return {
        name: Loan(row, tuple(dict.fromkeys(belonging.get(name, ()))), tuple(steps.get(name, ())))
        for name, row in last.items()
    }


def loan_out(every: Mapping[str, Loan], serial: str) -> Loan | None:
    """Return the loan under which an item is out, or None."""
    return next((o for o in every.values() if o.state in OUT and serial in o.serials), None)


def loan(connection: Connection, metadata: MetaData, name: str) -> Loan:
    """Return a loan as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = loans(connection, metadata).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no loan {name[:60]!r}", "'keiryo equipment list --loans' lists them."
        )
    return found


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of a loan; what is left out is as it was."""

    loan: str
    lender: str | None = None
    borrower: str | None = None
    purpose: str | None = None
    event: str | None = None
    commitment: str | None = None
    requested_on: datetime.date | None = None
    start_on: datetime.date | None = None
    last_use_on: datetime.date | None = None
    end_on: datetime.date | None = None
    agreement_reference: str | None = None
    insurance: str | None = None
    customs_regime: str | None = None
    import_licence: str | None = None
    note: str | None = None


def lend(
    database: Database,
    actor: Actor,
    terms: Terms,
    serials: Sequence[str] | None = None,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record a loan, or terms of one anew.

    Parameters
    ----------
    database, actor, terms
    serials : sequence of str, optional
        Serial numbers of all its items; left out, they are as they were.

    Raises
    ------
    RefusedError
        If the terms do not hold: all findings.
    """

    def draft(connection: Connection) -> Draft:
        standing = loans(connection, database.metadata).get(terms.loan)
        known: Mapping[str, Any] = {} if standing is None else standing.values
        values: dict[str, Value] = {}
        for one in fields(terms):
            given = getattr(terms, one.name)
            day = date_number(given) if isinstance(given, datetime.date) else given
            values[one.name] = known.get(one.name) if day is None else day
        if standing is not None and terms.end_on is None:
            values["end_on"] = standing.end_on
        if values["requested_on"] is None:
            values["requested_on"] = date_number(clock().date())
        for name in ("lender", "borrower", "purpose"):
            values[name] = values[name] or ""
        kept_items = () if standing is None else standing.serials
        made = Draft(LEND, f"equipment:{uuid.uuid4()}")
        made.add(EQUIPMENT_LOAN.name, values, scope=actor.on_behalf_of)
        for serial in dict.fromkeys(kept_items if serials is None else serials):
            line: dict[str, Value] = {"loan": terms.loan, "serial": serial}
            made.add(EQUIPMENT_LOAN_ITEM.name, line, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


@dataclass(frozen=True, slots=True)
class StepWanted:
    """A step that somebody wants to record; results of tests are ``passed`` or ``failed``."""

    loan: str
    state: str
    on: datetime.date
    reason: str
    evidence: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    end_on: datetime.date | None = None
    acceptance_test: str | None = None
    decontamination_check: str | None = None
    function_test: str | None = None


def take_step(
    database: Database,
    actor: Actor,
    wanted: StepWanted,
    *,
    seen: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a step in the life of a loan.

    With the conversion to a donation the items are recorded as the borrower's in the same act.

    Parameters
    ----------
    seen : str, optional
        The state that the person saw; if it is another one by now, nothing is recorded.

    Raises
    ------
    RefusedError
        If the step cannot be taken: every reason, each with what to do.
    ConflictError
        If somebody took a step in between.
    NotFoundError
        If there is no such loan.
    """

    def draft(connection: Connection) -> Draft:
        standing = loan(connection, database.metadata, wanted.loan)
        if seen is not None and seen != standing.state:
            raise ConflictError(
                f"{standing.name} has become {standing.state} in between; nothing was recorded",
                "Look at it again.",
            )
        reason = wanted.reason.strip()
        shown = kept(database, wanted.evidence, wanted.files)
        values: dict[str, Value] = {
            "loan": standing.name,
            "before": standing.state,
            "state": wanted.state,
            "on_day": date_number(wanted.on),
            "reason": reason,
            "evidence": shown.text,
            "end_on": None if wanted.end_on is None else date_number(wanted.end_on),
            **{test: getattr(wanted, test) for test in TESTS},
        }
        made = Draft(STEP, f"equipment:{uuid.uuid4()}", reason=reason or None)
        shown.added(made, EQUIPMENT_LOAN_STEP.name, values, actor, clock)
        if wanted.state == DONATED and reason:
            known = items(connection, database.metadata)
            for serial in standing.serials:
                given = {name: known[serial].values[name] for name in _ITEM_FIELDS}
                given |= {"owner": standing.values["borrower"], "reason": reason}
                made.add(EQUIPMENT_ITEM.name, given, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)
