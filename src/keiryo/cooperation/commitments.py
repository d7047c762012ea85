"""Commitments as they stand: state, who looks after each, when it is due, its steps so far."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.life_cycle import OPEN_STATES, Due, due_day, first_state
from keiryo.cooperation.register import Register, RegisterObject, read_recorded
from keiryo.cooperation.tables import COMMITMENT, COMMITMENT_CARE, COMMITMENT_STEP
from keiryo.dates import number_date
from keiryo.storage.schema import ACT


@dataclass(frozen=True, slots=True)
class StandingCommitment:
    """A commitment as it stands.

    Attributes
    ----------
    register : RegisterObject
        What the register says of it.
    state : str
    since : datetime.date
        Day of its last step, or of the act that recorded it.
    due : Due or None
        When it is due or looked at again; None where it is over.
    care : mapping
        Owner, deputy, next action, days, risk; empty where nobody looks after it yet.
    steps : tuple of mapping
        Its steps, in order.
    """

    register: RegisterObject
    state: str
    since: datetime.date
    due: Due | None
    care: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Its name in the register."""
        return self.register.name

    @property
    def is_open(self) -> bool:
        """Whether anything may still follow."""
        return self.state in OPEN_STATES

    def overdue(self, on: datetime.date) -> bool:
        """Return whether its day has passed; a day of review is nobody's duty."""
        return self.due is not None and not self.due.review and self.due.day < on

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        values, due = self.register.values, self.due
        return {
            "commitment": self.name,
            "kind": values["kind"],
            "state": self.state,
            "since": self.since.isoformat(),
            "actors": list(self.register.names("actors")),
            "modality": values["modality"],
            "strength": values["strength"],
            "action": values["action"],
            "area": values["area"],
            "condition": values["condition"],
            "condition_type": values["condition_type"],
            "under": values["under"],
            "owner": self.care.get("owner"),
            "next_action": self.care.get("next_action"),
            "due": None if due is None or due.review else due.day.isoformat(),
            "review": due.day.isoformat() if due is not None and due.review else None,
            "quotations": [
                {
                    "source": one["source"],
                    "paragraph": one["paragraph"],
                    "lines": [one["first_line"], one["last_line"]],
                    "quote": one["words"],
                }
                for one in self.register.quotations
            ],
            "line": self.register.line,
        }


def commitments(
    connection: Connection,
    metadata: MetaData,
    register: Register | None = None,
    *,
    through_act: int | None = None,
) -> list[StandingCommitment]:
    """Return all commitments as they stand, in the order of the register.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables; of what is not seen there is nothing.
    register : Register, optional
        As of the same act, where it was read already.
    through_act : int, optional
        As they stood after this act.
    """
    known = register or read_recorded(connection, metadata, through_act)
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for row in _rows(connection, metadata, COMMITMENT_STEP.name, through_act):
        steps.setdefault(str(row["commitment"]), []).append(row)
    cared = _rows(connection, metadata, COMMITMENT_CARE.name, through_act)
    care = {str(row["commitment"]): row for row in cared}
    act = metadata.tables[ACT]
    days = {
        int(number): str(at)[:10]
        for number, at in connection.execute(
            select(act.c.act_id, act.c.recorded_at).where(
                act.c.act_id.in_(select(metadata.tables[COMMITMENT.name].c.act_id))
            )
        )
    }
    return [
        _standing(one, tuple(steps.get(one.name, ())), care.get(one.name, {}), days)
        for one in known.of_kind(COMMITMENT.name)
    ]


def _rows(
    connection: Connection, metadata: MetaData, kind: str, through_act: int | None
) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return [dict(row) for row in connection.execute(query).mappings()]


def _standing(
    one: RegisterObject,
    steps: tuple[Mapping[str, Any], ...],
    care: Mapping[str, Any],
    days: Mapping[int, str],
) -> StandingCommitment:
    values = one.values
    recorded = datetime.date.fromisoformat(days[int(values["act_id"])])
    state = first_state(str(values["kind"]), int(values["strength"]), values["condition_type"])
    since = recorded
    if steps:
        state, since = str(steps[-1]["state"]), number_date(int(steps[-1]["on_day"]))
    if state not in OPEN_STATES:
        return StandingCommitment(one, state, since, None, care, steps)
    return StandingCommitment(one, state, since, _due(one, care, recorded), care, steps)


def _due(one: RegisterObject, care: Mapping[str, Any], recorded: datetime.date) -> Due:
    if care.get("due_on"):
        return Due(number_date(int(care["due_on"])))
    if care.get("review_on"):
        return Due(number_date(int(care["review_on"])), review=True)
    stated = one.date("due") or {}
    return due_day(stated.get("value"), stated.get("latest"), recorded)
