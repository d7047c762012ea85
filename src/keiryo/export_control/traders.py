"""Trusted traders and mutual recognition, and the queue in which consignments are looked at.

The status counts that held on the day of the passage; one from another State's programme counts
if an arrangement in force recognises it, up to its highest tier. The score orders the queue, with
what it is made of; it opens no gate (`keiryo.export_control.consignments`).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, number_date
from keiryo.export_control.consignments import Consignment, Priority, priority
from keiryo.export_control.items import Item, recorded_items
from keiryo.export_control.tables import CONSIGNMENT, MUTUAL_RECOGNITION, TRUSTED_TRADER

IN_FORCE = "in-force"


@dataclass(frozen=True, slots=True)
class TraderStatus:
    """The status of a trader on a day.

    Attributes
    ----------
    trader : str
    tier : int
        The one that counts; 0 where none does.
    in_force : bool
    reason : str
        Why it counts, or why it does not.
    values : mapping
        The line that says so; empty where there is none.
    """

    trader: str
    tier: int
    in_force: bool
    reason: str
    values: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        values = self.values
        valid = [
            number_date(int(values[name])).isoformat() if values else None
            for name in ("valid_from", "valid_to")
        ]
        return {
            "trader": self.trader,
            "programme": values.get("programme"),
            "number": values.get("number"),
            "state": values.get("state"),
            "tier": values.get("tier"),
            "tier_that_counts": self.tier,
            "in_force": self.in_force,
            "reason": self.reason,
            "valid_from": valid[0],
            "valid_to": valid[1],
            "recognition": values.get("recognition"),
            "line": f"{values['act_id']}/{values['line_no']}" if values else None,
        }


@dataclass(frozen=True, slots=True)
class Queued:
    """A consignment in the queue: its score, and what it is made of."""

    values: Mapping[str, Any]
    priority: Priority
    status: TraderStatus | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "consignment": self.values["consignment"],
            "container": self.values["container"],
            "passed_on": number_date(int(self.values["passed_on"])).isoformat(),
            "trader": self.values["trader"],
            "score": self.priority.score,
            "points": [{"what": what, "points": points} for what, points in self.priority.points],
            "no_credit_because": list(self.priority.no_credit_because),
            "status": None if self.status is None else self.status.reason,
            "line": f"{self.values['act_id']}/{self.values['line_no']}",
        }


class Traders:
    """Traders and arrangements as recorded."""

    def __init__(
        self, traders: Sequence[Mapping[str, Any]], recognitions: Sequence[Mapping[str, Any]]
    ) -> None:
        self.recognitions = {str(row["recognition"]): row for row in recognitions}
        self.traders: dict[str, list[Mapping[str, Any]]] = {}
        for row in traders:
            self.traders.setdefault(str(row["trader"]), []).append(row)

    def status(self, trader: str, on: datetime.date) -> TraderStatus:
        """Return the status of a trader on a day; of several programmes the best that counts."""
        day = date_number(on)
        last: dict[str, Mapping[str, Any]] = {}
        known = sorted(
            (row for row in self.traders.get(trader, ()) if int(row["since_day"]) <= day),
            key=lambda row: (int(row["since_day"]), row["act_id"], row["line_no"]),
        )
        for row in known:
            last[str(row["programme"])] = row
        if not last:
            return TraderStatus(trader, 0, False, "no status on this day", {})
        found = [self._of_line(trader, row, day) for row in last.values()]
        return max(found, key=lambda one: (one.in_force, one.tier))

    def _of_line(self, trader: str, row: Mapping[str, Any], day: int) -> TraderStatus:
        words = f"{row['programme']} tier {row['tier']}"
        if row["state"] != IN_FORCE:
            return TraderStatus(trader, 0, False, f"{words}: {row['state']}", row)
        if not int(row["valid_from"]) <= day <= int(row["valid_to"]):
            return TraderStatus(trader, 0, False, f"{words}: not valid on this day", row)
        if not row["recognition"]:
            return TraderStatus(trader, int(row["tier"]), True, f"{words}, own programme", row)
        name = str(row["recognition"])
        arrangement = self.recognitions.get(name)
        if arrangement is None or arrangement["state"] != IN_FORCE:
            return TraderStatus(trader, 0, False, f"{words}: {name} is not in force", row)
        if not int(arrangement["valid_from"]) <= day <= int(arrangement["valid_to"]):
            return TraderStatus(trader, 0, False, f"{words}: {name} is not valid on this day", row)
        if arrangement["partner_programme"] != row["programme"]:
            reason = f"{words}: {name} recognises {arrangement['partner_programme']}"
            return TraderStatus(trader, 0, False, reason, row)
        tier = min(int(row["tier"]), int(arrangement["highest_tier"]))
        return TraderStatus(trader, tier, True, f"{words}, recognised by {name} as {tier}", row)


def read_traders(connection: Connection, metadata: MetaData) -> Traders:
    """Return traders and arrangements as recorded."""
    return Traders(
        _rows(connection, metadata, TRUSTED_TRADER.name),
        _rows(connection, metadata, MUTUAL_RECOGNITION.name),
    )


def queue(
    connection: Connection, metadata: MetaData, on: datetime.date | None = None
) -> list[Queued]:
    """Return consignments by score, the highest first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        Only those that pass on this day.
    """
    known = read_traders(connection, metadata)
    items = recorded_items(connection, metadata)
    last = {str(row["consignment"]): row for row in _rows(connection, metadata, CONSIGNMENT.name)}
    found = [
        _queued(row, known, items)
        for row in last.values()
        if on is None or int(row["passed_on"]) == date_number(on)
    ]
    return sorted(found, key=lambda one: (-one.priority.score, str(one.values["consignment"])))


def _queued(row: Mapping[str, Any], known: Traders, items: Mapping[str, Item]) -> Queued:
    status = None
    if row["trader"]:
        status = known.status(str(row["trader"]), number_date(int(row["passed_on"])))
    seen = Consignment(
        route=row["route"] or "usual",
        origin=row["origin"] or "usual",
        commodity=row["commodity"] or "unknown",
        documents=row["documents"] or "none",
        history=row["history"] or "unknown",
        density_anomaly=bool(row["density_anomaly"]),
        tier=0 if status is None else status.tier,
        status_in_force=status is None or status.in_force,
        radiation_alarm=bool(row["radiation_alarm"]),
        seal_mismatch=bool(row["seal_mismatch"]),
        listed_commodity=_is_listed(row, items),
    )
    return Queued(row, priority(seen), status)


def _is_listed(row: Mapping[str, Any], items: Mapping[str, Item]) -> bool:
    code = row["commodity_code"]
    by_code = code and any(
        one.customs_code and str(code).startswith(one.customs_code) for one in items.values()
    )
    return bool(row["item"] or by_code)


def _rows(connection: Connection, metadata: MetaData, kind: str) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    return [dict(row) for row in connection.execute(query).mappings()]
