"""What is announced and declared: advance notices of transfers, and the quarterly declaration.

Transfers of nuclear material out of the State are announced by effective kilograms (INFCIRC/153,
paragraph 92); planned ones and those of the books stand in one clock, each shipment once. Exports
of the equipment and materials of Annex II are declared quarter by quarter (INFCIRC/540, article
2.a.(ix)); imports are confirmed on request. An empty quarter is declared as empty.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import Period, days_later, end_of_month, number_date
from keiryo.errors import Finding, Severity, UsageError
from keiryo.export_control.books import EXPORT, IMPORT, WITHDRAWN, Shipment, last_transfers
from keiryo.export_control.books import shipments as all_shipments
from keiryo.export_control.intake import BASIS
from keiryo.export_control.items import recorded_items
from keiryo.export_control.matching import converted
from keiryo.export_control.notification import (
    NotificationDue,
    PlannedTransfer,
    months_before,
    notifications_due,
)
from keiryo.limits import effective_kg_rule
from keiryo.quantities import Category, effective_kg, effective_kg_text

DECLARED_WITHIN = 60
"""Days after the end of a quarter (general knowledge, not verified in the Protocol)."""
_QUARTER = re.compile(r"([0-9]{4})-?Q([1-4])")


@dataclass(frozen=True, slots=True)
class Notices:
    """The clock of advance notices.

    Attributes
    ----------
    due : tuple of NotificationDue
    shipments : tuple of PlannedTransfer
        What they were counted from, by day.
    findings : tuple of Finding
        Shipments whose effective kilograms are not known.
    """

    due: tuple[NotificationDue, ...]
    shipments: tuple[PlannedTransfer, ...]
    findings: tuple[Finding, ...]

    def rows(self, on: datetime.date, *, every: bool = False) -> list[dict[str, Any]]:
        """Return what is to be announced as plain values.

        Parameters
        ----------
        on : datetime.date
            Notices whose day lies before it are late.
        every : bool
            Also those whose shipments all lie before it.
        """
        days = {one.reference: one.on for one in self.shipments}
        return [
            {
                "due": one.due.isoformat(),
                "state": "late" if one.due < on else "due",
                "partner": one.destination,
                "shipments": list(one.references),
                "effective_kg": effective_kg_text(one.sum_effective_kg),
                "window_from": None if one.window_from is None else one.window_from.isoformat(),
            }
            for one in self.due
            if every or any(days[name] >= on for name in one.references)
        ]


def notices(
    connection: Connection, metadata: MetaData, *, since: datetime.date | None = None
) -> Notices:
    """Return what is to be announced: planned transfers and those of the books in one clock.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    since : datetime.date, optional
        Shipments from this day on, and those of three months before it; default: all.
    """
    first = None if since is None else months_before(since)
    told = last_transfers(connection, metadata)
    sums: dict[str, list[Shipment]] = {}
    for one in all_shipments(connection, metadata, since=first):
        if one.direction == EXPORT and one.category and (first is None or one.on >= first):
            sums.setdefault(_reference(one), []).append(one)
    planned, findings = [], []
    for name, some in sums.items():
        total = Fraction(0)
        for one in some:
            amount = _effective_kg(one)
            if amount is None:
                findings.append(_unknown(name, one))
            else:
                total += amount
        rows = told.get(name, ())
        notified = bool(rows) and all(row["notified_on"] is not None for row in rows)
        prepared = [number_date(int(row["prepared_on"])) for row in rows if row["prepared_on"]]
        day = max(one.on for one in some)
        ready = max(prepared) if prepared else None
        planned.append(PlannedTransfer(name, some[0].partner, day, total, ready, notified))
    planned.sort(key=lambda one: (one.on, one.reference))
    return Notices(tuple(notifications_due(planned)), tuple(planned), tuple(findings))


def _reference(one: Shipment) -> str:
    """Return the name of a shipment; entries of the books that left together are one."""
    return one.transfer or f"{one.mba} to {one.place or one.partner} on {one.on}"


def _effective_kg(one: Shipment) -> Fraction | None:
    element_mg = math.ceil(converted(one.quantity, one.unit, "mg"))
    try:
        return effective_kg(
            Category(one.category), element_mg, one.fissile_mg, rule=effective_kg_rule(one.on)
        ).value
    except ValueError:
        return None


def _unknown(name: str, one: Shipment) -> Finding:
    return Finding(
        "NOTICE-ENRICHMENT",
        Severity.WARNING,
        f"shipment {name} states no fissile weight of category {one.category}, so its effective "
        "kilograms are not known and it is left out of the sum",
        "Correct the entry of the books, or record the planned transfer with its fissile weight.",
        mba=one.mba,
        category=one.category,
        cell=f"batch {one.batch}" if one.batch else None,
        basis=BASIS,
    )


def quarter(text: str) -> Period:
    """Return the days of a quarter, written ``2026-Q1``.

    Raises
    ------
    UsageError
        If it is written otherwise.

    Examples
    --------
    >>> quarter("2026-Q1").end.isoformat()
    '2026-03-31'
    """
    match = _QUARTER.fullmatch(text.strip().upper())
    if match is None or match[1] == "0000":
        raise UsageError(f"{text[:40]!r} is no quarter", "Write it as 2026-Q1.")
    year, month = int(match[1]), 3 * int(match[2])
    return Period(datetime.date(year, month - 2, 1), end_of_month(datetime.date(year, month, 1)))


def declaration(
    connection: Connection, metadata: MetaData, period: Period, *, direction: str = EXPORT
) -> dict[str, Any]:
    """Return the data of the declaration of a quarter as plain values.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    period : Period
        The quarter; see `quarter`.
    direction : str
        ``export``, or ``import`` for what is confirmed on request.

    Returns
    -------
    dict
        ``quarter``, ``from``, ``to``, ``due``, ``direction``, ``nothing_to_declare`` and
        ``entries``: one for each item of Annex II, with identity, quantity, State and place of
        intended use, and the day or expected day.
    """
    if direction not in (EXPORT, IMPORT):
        raise UsageError(f"there is no direction {direction[:40]!r}", "export or import.")
    entries = list(_entries(connection, metadata, period, direction))
    number = (period.end.month - 1) // 3 + 1
    return {
        "quarter": f"{period.start.year}-Q{number}",
        "direction": direction,
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "due": days_later(period.end, DECLARED_WITHIN).isoformat() if direction == EXPORT else None,
        "nothing_to_declare": not entries,
        "entries": entries,
    }


def _entries(
    connection: Connection, metadata: MetaData, period: Period, direction: str
) -> Iterable[dict[str, Any]]:
    items = recorded_items(connection, metadata)
    rows = [
        row
        for some in last_transfers(connection, metadata).values()
        for row in some
        if row["direction"] == direction and row["state"] != WITHDRAWN
    ]
    for row in sorted(rows, key=lambda row: (row["on_day"], row["transfer"], row["line"])):
        item, day = items.get(str(row["item"])), number_date(int(row["on_day"]))
        if item is None or not item.annex_entry or not period.contains(day):
            continue
        yield {
            "annex_entry": item.annex_entry,
            "item": item.name,
            "title": item.title,
            "identity": row["identity"],
            "quantity": row["quantity"],
            "unit": row["unit"],
            "partner": row["partner"],
            "location": row["location"],
            "end_user": row["end_user"],
            "on": day.isoformat(),
            "expected": row["state"] != "done",
            "transfer": row["transfer"],
            "line": f"{row['act_id']}/{row['line_no']}",
        }


COLUMNS: Sequence[str] = (
    *("annex_entry", "item", "title", "identity", "quantity", "unit", "partner", "location"),
    *("end_user", "on", "expected", "transfer", "line"),
)
"""Columns of the declaration as a table."""
