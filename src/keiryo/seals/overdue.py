"""What waits too long: seals detached and not verified, bags on the way, seals without contact.

Until it is verified a period is PENDING, not POSITIVE; a list of what waits is how that ends.
Also listed: numbers that were reported twice or at two places, and events that no longer fit.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import number_date, parse_utc, utc_text
from keiryo.errors import Finding
from keiryo.journal.reading import rows_of
from keiryo.seals.findings import anomaly, warning
from keiryo.seals.register import seal_lines, standings
from keiryo.seals.standing import Period, Standing, State
from keiryo.seals.tables import SEAL_REFUSED

DAYS = 90
"""Days within which a detached seal is verified, unless somebody asks for others."""
MARGIN_S = 3600
"""What is allowed beyond twice the interval at which a seal reports its health, in seconds."""
_WAITING = (State.DETACHED, State.IN_TRANSIT, State.BROKEN)
TWICE = ("SEAL-DUPLICATE-NUMBER", "SEAL-TWO-PLACES")


def overdue(
    connection: Connection,
    metadata: MetaData,
    at: datetime,
    *,
    days: int = DAYS,
    margin_s: int = MARGIN_S,
) -> list[tuple[dict[str, Any], Finding]]:
    """Return what waits too long at an instant: a row and its finding each, the longest first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    at : datetime
        In UTC.
    days : int
        Days within which a detached seal is to be verified.
    margin_s : int
        Allowance beyond twice the interval of reports of health, in seconds.
    """
    now = utc_text(at)
    lines = seal_lines(connection, metadata)
    found: list[tuple[dict[str, Any], Finding]] = []
    for key, standing in standings(connection, metadata, known_at=now).items():
        period = standing.period
        if period is None:
            continue
        if standing.state in _WAITING and period.closed is not None:
            found += _unverified(standing, period, at, days)
        if standing.state is State.IN_TRANSIT:
            found += _in_transit(standing, at)
        interval = lines[key]["soh_interval_s"]
        if standing.state is State.ATTACHED and interval is not None:
            found += _no_contact(standing, period, at, 2 * int(interval) + margin_s)
    return sorted(found, key=lambda pair: (pair[0]["since"], pair[0]["seal"]))


def _row(standing: Standing, since: str, at: datetime, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "seal": str(standing.key),
        "type": standing.type.name,
        "state": str(standing.state),
        "since": since,
        "days": (at - parse_utc(since)).days,
        "message": finding.message,
        "advice": finding.advice,
    }


def _unverified(
    standing: Standing, period: Period, at: datetime, days: int
) -> list[tuple[dict[str, Any], Finding]]:
    assert period.closed is not None
    since = period.closed.at
    if at - parse_utc(since) <= timedelta(days=days):
        return []
    finding = anomaly(
        "SEAL-OVERDUE",
        f"{standing.key} was taken off on {since[:10]} and is not verified after {days} days; its "
        "period is not positive",
        "Verify it in the field, read it out, or have it examined at headquarters.",
        mba=period.attached.mba,
    )
    return [(_row(standing, since, at, finding), finding)]


def _in_transit(standing: Standing, at: datetime) -> list[tuple[dict[str, Any], Finding]]:
    sent = next(one for one in reversed(standing.events) if one.event == "dispatch")
    if sent.expected_on is None or number_date(sent.expected_on) >= at.date():
        return []
    finding = anomaly(
        "SEAL-TRANSIT-LATE",
        f"{standing.key} in bag {sent.bag} with {sent.courier} was expected on "
        f"{number_date(sent.expected_on)}",
        "Ask the courier; if it cannot be found, record the loss.",
    )
    return [(_row(standing, sent.at, at, finding), finding)]


def _no_contact(
    standing: Standing, period: Period, at: datetime, allowed_s: int
) -> list[tuple[dict[str, Any], Finding]]:
    last = max([period.attached.at, *(one.at for one in period.checks)])
    if at - parse_utc(last) <= timedelta(seconds=allowed_s):
        return []
    finding = warning(
        "SEAL-NO-CONTACT",
        f"{standing.key}: no contact since {last[:16]}Z, for longer than twice the interval of its "
        "reports of health",
        "Look whether seal and link work; what happened since becomes known when the seal's own "
        "log is read out.",
        mba=period.attached.mba,
    )
    return [(_row(standing, last, at, finding), finding)]


def doubles(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
    """Return numbers that were reported twice or at two places, and events that do not fit."""
    found = []
    for row in rows_of(connection, metadata, SEAL_REFUSED.name):
        codes = [one for one in row["codes"].split() if one in TWICE]
        if codes:
            seen = json.loads(row["seen"])
            place = f"{seen.get('mba')}/{seen.get('containment')}"
            found.append(
                {
                    "code": codes[0],
                    "seal": f"{row['body']}/{row['number']}",
                    "event": row["event"],
                    "at": row["at"],
                    "where": place if seen.get("mba") else seen.get("place"),
                    "line": f"line:{row['act_id']}/{row['line_no']}",
                }
            )
    for key, standing in standings(connection, metadata).items():
        for event, _ in standing.misfits:
            place = f"{event.mba}/{event.containment}" if event.mba else str(event.place or "")
            found.append(
                {
                    "code": "SEAL-NO-LONGER-FITS",
                    "seal": str(key),
                    "event": event.event,
                    "at": event.at,
                    "where": place,
                    "line": event.node,
                }
            )
    return found
