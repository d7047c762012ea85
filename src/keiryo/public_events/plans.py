"""Plans of events as recorded: versions, who recorded and approved them, which one is in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node, rows_of
from keiryo.public_events.sheets import SHEETS, EventPlan
from keiryo.public_events.tables import (
    APPROVED,
    PUBLIC_EVENT_PLAN,
    PUBLIC_EVENT_ROW,
    PUBLIC_EVENT_STEP,
)
from keiryo.storage.schema import ACT


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a plan as it stands.

    Attributes
    ----------
    values : mapping
        Its line.
    person : str
        Who recorded it.
    step : mapping or None
        The decision on it.
    """

    values: Mapping[str, Any]
    person: str
    step: Mapping[str, Any] | None = None

    @property
    def state(self) -> str:
        """``draft``, ``approved`` or ``rejected``."""
        return "draft" if self.step is None else str(self.step["state"])


def versions(
    connection: Connection,
    metadata: MetaData,
    *,
    event: str | None = None,
    on: int | None = None,
    through_act: int | None = None,
) -> dict[tuple[str, str], Version]:
    """Return the versions of all plans, or those of one event, in the order of recording.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    event : str, optional
    on : int, optional
        Decisions after this day (YYYYMMDD) are left out.
    through_act : int, optional
        As known with this act; default: now.
    """
    act = metadata.tables[ACT]

    def read(kind: str) -> list[dict[str, Any]]:
        column = metadata.tables[kind].c.event
        wanted = () if event is None else (column == event,)
        return rows_of(connection, metadata, kind, *wanted, through_act=through_act)

    steps = {
        (one["event"], one["version"]): one
        for one in read(PUBLIC_EVENT_STEP.name)
        if on is None or one["on_day"] <= on
    }
    found = {}
    for row in read(PUBLIC_EVENT_PLAN.name):
        key = (row["event"], row["version"])
        query = select(act.c.person).where(act.c.act_id == row["act_id"])
        found[key] = Version(row, str(connection.execute(query).scalar()), steps.get(key))
    return found


def in_force(
    connection: Connection,
    metadata: MetaData,
    event: str,
    *,
    on: int | None = None,
    through_act: int | None = None,
) -> Version | None:
    """Return the version that was approved last, or None; as `versions`."""
    every = versions(connection, metadata, event=event, on=on, through_act=through_act).values()
    approved = [one for one in every if one.step is not None and one.state == APPROVED]
    order = ("on_day", "act_id")
    return max(approved, key=lambda one: [one.step[k] for k in order if one.step], default=None)


def plan_of(connection: Connection, metadata: MetaData, event: str, version: str) -> EventPlan:
    """Return a version of a plan with its rows.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    found = versions(connection, metadata, event=event).get((event, version))
    if found is None:
        raise NotFoundError(
            f"there is no plan {event[:40]!r} version {version[:20]!r}",
            "'keiryo public-event list' lists them.",
        )
    table = metadata.tables[PUBLIC_EVENT_ROW.name]
    same = (table.c.event == event, table.c.version == version)
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in SHEETS}
    for row in rows_of(connection, metadata, PUBLIC_EVENT_ROW.name, *same):
        rows[row["sheet"]].append(_from_record(row["sheet"], json.loads(row["content"])))
    told = {name: tuple(listed) for name, listed in rows.items()}
    return EventPlan(told, str(found.values["digest"]))


def row_content(sheet: str, row: Mapping[str, Any]) -> str:
    """Return a row of a sheet as it is recorded: JSON, keys in order, days as YYYYMMDD."""
    days = SHEETS[sheet].days
    values = {
        name: date_number(value) if name in days else value
        for name, value in row.items()
        if value is not None
    }
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _from_record(sheet: str, values: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(SHEETS[sheet].columns)
    days = SHEETS[sheet].days
    return told | {k: number_date(v) if k in days else v for k, v in values.items()}


def version_dict(one: Version) -> dict[str, Any]:
    """Return a version as plain data."""
    step = one.step
    return {
        "event": one.values["event"],
        "version": one.values["version"],
        "title": one.values["title"],
        "agreement": one.values["basis"],
        "begins": number_date(one.values["begins"]).isoformat(),
        "closes": number_date(one.values["closes"]).isoformat(),
        "state": one.state,
        "recorded_by": one.person,
        "decided_on": None if step is None else number_date(step["on_day"]).isoformat(),
        "digest": one.values["digest"],
        "line": line_node(one.values),
    }
