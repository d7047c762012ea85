"""The log of information as it stands: each item, what it is made of, how it is handled."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.caveats import (
    CONFINING,
    Circle,
    Handling,
    HandOut,
    combined,
    plain_purpose,
)
from keiryo.cooperation.exchange_tables import INFORMATION_EVENT, INFORMATION_ITEM
from keiryo.cooperation.tables import ORGANISATION
from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError

GONE = ("returned", "destroyed")
HAPPENED = ("acknowledged", "handed_out", "consented", "consent_withdrawn", *GONE)
"""What may happen to an item."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the log: its last line, and what became of it."""

    name: str
    values: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def line(self) -> str:
        """The line of the record, ``act/line``."""
        return f"{self.values['act_id']}/{self.values['line_no']}"

    @property
    def caveats(self) -> frozenset[str]:
        """Its caveats as recorded."""
        return frozenset(str(self.values["caveats"] or "").split())

    @property
    def parts(self) -> tuple[str, ...]:
        """The items of which it is made."""
        return tuple(str(self.values["parts"] or "").split())

    @property
    def purposes(self) -> frozenset[str] | None:
        """What it may be used for; None: anything."""
        given = self.values["purposes"]
        return None if given is None else frozenset(plain_purpose(p) for p in given.split(" | "))

    @property
    def gone(self) -> str | None:
        """Whether it was returned or destroyed."""
        return next((str(one["what"]) for one in self.events if one["what"] in GONE), None)

    def day(self, column: str) -> datetime.date | None:
        """Return a day among its fields."""
        number = self.values[column]
        return None if number is None else number_date(int(number))

    def consents(self, on: datetime.date) -> frozenset[str]:
        """Return the organisations that may receive it on a day by consent of its originator."""
        given: dict[str, bool] = {}
        for one in self.events:
            if int(one["on_day"]) > date_number(on):
                continue
            name = str(one["organisation"])
            if one["what"] == "consented":
                lasts = date_number(on) <= int(one["valid_until"] or 9999_12_31)
                given[name] = given.get(name, False) or lasts
            elif one["what"] == "consent_withdrawn":
                given[name] = False
        return frozenset(name for name, valid in given.items() if valid)

    def handling(self, on: datetime.date) -> Handling:
        """Return how it is to be handled on a day, apart from what it is made of."""
        values = self.values
        why = self.caveats & CONFINING
        if not why and values["onward"] != "free":
            why = frozenset({"onward"})
        source, recipient = str(values["from_organisation"]), str(values["to_organisation"])
        circle = Circle(
            self.name,
            source,
            frozenset({source, recipient}),
            why,
            self.consents(on),
            values["onward"] == "never",
        )
        return Handling(
            self.caveats,
            self.purposes,
            self.day("embargo_until"),
            self.day("retention_until"),
            frozenset({circle} if why else ()),
        )


@dataclass(frozen=True, slots=True)
class InformationLog:
    """All items by name, and the organisations of the register."""

    items: Mapping[str, Item] = field(default_factory=dict)
    organisations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def made_of(self, name: str) -> tuple[str, ...]:
        """Return an item and everything of which it is made, whatever way round."""
        found, waiting = dict.fromkeys([name]), [name]
        while waiting:
            one = self.items.get(waiting.pop())
            for part in () if one is None else one.parts:
                if part not in found:
                    found[part] = None
                    waiting.append(part)
        return tuple(found)

    def handling(self, name: str, on: datetime.date) -> Handling:
        """Return how an item is to be handled on a day, with all that it is made of."""
        items = (self.items.get(one) for one in self.made_of(name))
        return combined(one.handling(on) for one in items if one is not None)

    def lineage(self, organisation: str) -> frozenset[str]:
        """Return an organisation and those that it belongs to."""
        found: set[str] = set()
        name: str | None = organisation
        while name and name not in found:
            found.add(name)
            row = self.organisations.get(name)
            name = None if row is None else row["parent"]
        return frozenset(found)

    def hand_out(
        self, to: str, home: str, on: datetime.date, purpose: str | None = None
    ) -> HandOut | None:
        """Return what a handing out to an organisation of the register means; None if unknown."""
        row = self.organisations.get(to)
        if row is None:
            return None
        country, kind = str(row["country"]), str(row["kind"])
        return HandOut(to, country, kind, home, on, self.lineage(to), purpose)

    def get(self, name: str) -> Item:
        """Return an item.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        """
        if name not in self.items:
            raise NotFoundError(
                f"there is no item {name[:60]!r} in the log of information",
                "'keiryo cooperation information list' lists their names.",
            )
        return self.items[name]


def read_log(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> InformationLog:
    """Return the log as it stands, or as it stood after an act; of what is not seen, nothing."""
    events: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows_of(connection, metadata, INFORMATION_EVENT.name, through_act):
        events.setdefault(str(row["information"]), []).append(row)
    last: dict[str, Mapping[str, Any]] = {}
    for row in rows_of(connection, metadata, INFORMATION_ITEM.name, through_act):
        last[str(row["information"])] = row
    known = rows_of(connection, metadata, ORGANISATION.name, through_act)
    return InformationLog(
        {name: Item(name, row, tuple(events.get(name, ()))) for name, row in last.items()},
        {str(row["organisation"]): row for row in known},
    )


def rows_of(
    connection: Connection, metadata: MetaData, kind: str, through_act: int | None = None
) -> list[dict[str, Any]]:
    """Return the lines of a kind, in order."""
    table = metadata.tables[kind]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return [dict(row) for row in connection.execute(query).mappings()]
