"""Upgrades that were agreed with partners, as they stand: state, deadline, cost, sustainability."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.security_regime.oversight_record import iso, recorded_rows
from keiryo.security_regime.tables_events import (
    SECURITY_UPGRADE,
    SECURITY_UPGRADE_STEP,
    YES,
)
from keiryo.security_regime.upgrade_states import (
    DEADLINES,
    HANDED_OVER,
    NEEDS_REVIEW,
    PLANNED,
    REVIEWED,
    state_after,
)

KINDS = (SECURITY_UPGRADE.name, SECURITY_UPGRADE_STEP.name)
NODE = "secupgrade:"
DAYS = ("start_by", "install_by", "accept_by", "hand_over_by")
_SHOWN = tuple(
    one.name for one in SECURITY_UPGRADE.own_fields if one.name not in ("upgrade", "reason")
)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    steps : tuple of mapping
        Its steps, in order.
    """

    values: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the upgrade."""
        return str(self.values["upgrade"])

    @property
    def scope(self) -> str:
        """The facility that is upgraded, or the State."""
        return str(self.values["scope"])

    @property
    def partner(self) -> str:
        """Organisation that supports it."""
        return str(self.values["partner"])

    @property
    def commitment(self) -> str | None:
        """The commitment in the register of cooperation, if one is named."""
        given = self.values.get("commitment")
        return None if given is None else str(given)

    @property
    def state(self) -> str:
        """State in which it is."""
        if not self.steps:
            return PLANNED
        return state_after(str(self.steps[-1]["before"]), str(self.steps[-1]["state"]))

    @property
    def due(self) -> int | None:
        """Day of what comes next (YYYYMMDD): a planned one, or that of the next review."""
        if self.state == HANDED_OVER:
            named = [one for one in self.steps if one["state"] in NEEDS_REVIEW]
            return int(named[-1]["next_review"]) if named else None
        days = [self.values.get(name) for name in DEADLINES.get(self.state, ())]
        return next((int(day) for day in days if day is not None), None)

    @property
    def sustained(self) -> str | None:
        """What the last review of sustainability said; None before the first one."""
        reviews = [one for one in self.steps if one["state"] == REVIEWED]
        return str(reviews[-1]["sustained"]) if reviews else None

    @property
    def in_use(self) -> bool:
        """Whether it was handed over and nothing says that it is not sustained."""
        return self.state == HANDED_OVER and self.sustained in (None, YES)

    def overdue(self, on: datetime.date) -> bool:
        """Return whether the day of what comes next has passed."""
        return self.due is not None and self.due < date_number(on)

    def to_dict(self, on: datetime.date | None = None) -> dict[str, Any]:
        """Return it as plain data; with a day, also days left and whether it is overdue."""
        told: dict[str, Any] = {"upgrade": self.name, "scope": self.scope, "state": self.state}
        told |= {name: self.values.get(name) for name in _SHOWN}
        told |= {name: iso(self.values.get(name)) for name in DAYS}
        told |= {"due": iso(self.due), "sustained": self.sustained}
        if on is not None:
            left = None if self.due is None else (number_date(self.due) - on).days
            told |= {"days_left": left, "overdue": self.overdue(on)}
        return {
            **told,
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "sustained": one["sustained"],
                    "next_review": iso(one["next_review"]),
                    "reason": one["reason"],
                    "reference": one["reference"],
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }


def taken_in(known: dict[str, Upgrade], kind: str, line: Mapping[str, Any]) -> None:
    """Take a line into upgrades as they stand."""
    one = known.get(line["upgrade"])
    if kind == SECURITY_UPGRADE.name:
        known[line["upgrade"]] = Upgrade(line) if one is None else replace(one, values=line)
    elif one is not None:
        known[one.name] = replace(one, steps=(*one.steps, line))


def upgrade_register(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    through_act: int | None = None,
) -> dict[str, Upgrade]:
    """Return all upgrades by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        As they stood on this day: later steps are left out.
    through_act : int, optional
        As known with this act.
    """
    known: dict[str, Upgrade] = {}
    day = None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if day is None or line.get("on_day") is None or line["on_day"] <= day:
            taken_in(known, kind, line)
    return known


def upgrades(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[Upgrade]:
    """Return the upgrades of a facility, or all, in the order of partner and name."""
    every = upgrade_register(connection, metadata, on=on, through_act=through_act).values()
    chosen = [one for one in every if scope is None or one.scope == scope]
    return sorted(chosen, key=lambda one: (one.partner, one.name))


def upgrade(connection: Connection, metadata: MetaData, name: str) -> Upgrade:
    """Return an upgrade as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = upgrade_register(connection, metadata).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no upgrade {name[:40]!r}", "'keiryo protection upgrade list' lists them."
        )
    return found
