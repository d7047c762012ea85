"""Rates of alarms by lane, site, partner or period, with exact intervals.

Shares of occupancies have the interval of Clopper and Pearson; numbers of alarms in a time have
the exact interval of a Poisson number (Garwood, Biometrika 28 (1936) 437). A false alarm had no
radiation; one by a fault of the instrument is counted apart as well. An innocent alarm had
radiation that is legitimate; where it was not declared it is a nuisance to those who pass. Rates
are functions of rows: passages and cases come from whoever keeps them.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.passages import own_passage
from keiryo.alarm_cases.record_forms import moment
from keiryo.alarm_cases.states import FALSE, ILLEGAL, INNOCENT, INNOCENT_UNDECLARED
from keiryo.alarm_cases.tables import INSTRUMENT_ALARM
from keiryo.counting.acceptance import interval
from keiryo.detection_sites.denominators import denominators, instrument_days
from keiryo.detection_sites.register import Register
from keiryo.errors import UsageError

BY = ("lane", "site", "partner", "month", "day")
OUTCOMES = ("false", "fault", "innocent", "nuisance", "real", "unresolved", "open")
_UNNAMED = "(none)"
Places = Mapping[str, Mapping[str, Any]]
"""Where instruments stand: ``lane``, ``site`` and ``partner`` of each."""


def places_of(register: Register) -> dict[str, dict[str, Any]]:
    """Return lane, site and partner of each instrument of the register."""
    return {
        str(name): {
            "lane": row["lane"],
            "site": row["site"],
            "partner": register["site"].get((row["site"],), {}).get("partner"),
        }
        for (name,), row in register["instrument"].items()
    }


def passages_of_books(
    connection: Connection, metadata: MetaData, by: str, last: datetime.date | None = None
) -> list[dict[str, Any]]:
    """Return the denominators that the books have: passages and days in operation by group.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    by : str
        One of `BY`.
    last : date, optional
        Last day that is counted.
    """
    days = instrument_days(connection, metadata, last=last)
    return [
        {by: one[by], "occupancies": one["occupancies"], "days": one["days"]}
        for one in denominators(days, by)
    ]


def outcome_row(case: AlarmCase, places: Places | None = None) -> dict[str, Any]:
    """Return what statistics need of a case.

    Parameters
    ----------
    case : AlarmCase
    places : mapping of instrument to mapping, optional
        Lane, site and partner of instruments of the register: a case about a passage counts
        where its instrument stands, as the passage does, whatever lane somebody wrote.
    """
    step, decision = case.step(FALSE), case.decision
    place = (places or {}).get(str(case.values.get("instrument")), {})
    outcome = "open"
    if decision == FALSE:
        outcome = "false"
    elif decision in INNOCENT:
        outcome = "innocent"
    elif decision is not None:
        outcome = "real" if decision == ILLEGAL else "unresolved"
    return {
        "alarm": case.name,
        "raised_at": case.values["raised_at"],
        **{name: case.values.get(name) for name in ("lane", "site", "partner", "instrument")},
        **(place if own_passage(case.values) is not None else {}),
        "origin": case.values["origin"],
        "outcome": outcome,
        "fault": bool(step is not None and step["fault"]),
        "nuisance": decision == INNOCENT_UNDECLARED,
    }


def poisson_interval(number: int, time: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a rate from a number of events in a time.

    Examples
    --------
    >>> [round(one, 4) for one in poisson_interval(10, 1.0)]
    [4.7954, 18.3904]
    """
    from scipy import special

    if number < 0 or not 0 < time < math.inf or not 0 < confidence < 1:
        raise ValueError("events of 0 or more, a time above 0, a confidence between 0 and 1")
    tail = (1 - confidence) / 2
    low = float(special.gammaincinv(number, tail)) if number else 0.0
    return low / time, float(special.gammaincinv(number + 1, 1 - tail)) / time


def alarm_statistics(
    outcomes: Iterable[Mapping[str, Any]],
    passages: Iterable[Mapping[str, Any]] = (),
    *,
    by: str = "lane",
    confidence: float = 0.95,
) -> list[dict[str, Any]]:
    """Return rates by group, with exact intervals.

    Parameters
    ----------
    outcomes : iterable of mapping
        Rows of `outcome_row`. Alerts by information are counted and have no rate.
    passages : iterable of mapping
        Denominators: rows with the fields of the group, ``occupancies`` (a whole number), and
        optionally ``days`` of operation.
    by : {"lane", "site", "partner", "month", "day"}
    confidence : float
        Of the two-sided intervals.

    Returns
    -------
    list of dict
        Rates are None where the denominator is missing. While cases are open, the rates of
        outcomes have bounds that hold whatever becomes of them: the lower one as if none, the
        upper one as if all of the open ones were of that outcome.
    """
    if by not in BY:
        raise UsageError(f"{by!r} is no group", f"One of {', '.join(BY)}.")
    if not 0 < confidence < 1:
        raise UsageError("the confidence lies between 0 and 1", "Give 0.95, for instance.")
    key = _key(by)
    groups: dict[str, dict[str, Any]] = {}
    for row in outcomes:
        one = groups.setdefault(key(row), _empty())
        if row["origin"] != INSTRUMENT_ALARM:
            one["alerts"] += 1
            continue
        one["alarms"] += 1
        one[row["outcome"]] += 1
        one["fault"] += bool(row["fault"])
        one["nuisance"] += bool(row["nuisance"])
    for row in passages:
        one = groups.setdefault(key(row), _empty())
        one["occupancies"] += int(row["occupancies"])
        one["days"] += float(row.get("days") or 0.0)
    return [_rates(by, name, groups[name], confidence) for name in sorted(groups)]


def _empty() -> dict[str, Any]:
    return {"alarms": 0, "alerts": 0, "occupancies": 0, "days": 0.0, **dict.fromkeys(OUTCOMES, 0)}


def _key(by: str) -> Callable[[Mapping[str, Any]], str]:
    if by in ("month", "day"):
        end = 7 if by == "month" else 10

        def period(row: Mapping[str, Any]) -> str:
            if row.get("raised_at"):
                return moment(str(row["raised_at"])).date().isoformat()[:end]
            return str(row.get("day") or row.get("month") or _UNNAMED)[:end]

        return period
    return lambda row: str(row.get(by) or _UNNAMED)


def _rates(by: str, name: str, one: dict[str, Any], confidence: float) -> dict[str, Any]:
    total, found = one["occupancies"], {by: name, **one, "confidence": confidence}
    short = total < one["alarms"]  # fewer passages than alarms: the denominator is not whole
    found["denominator"] = "missing" if not total else "incomplete" if short else "whole"
    for rate in ("alarms", *(each for each in OUTCOMES if each != "open")):
        usable = total and not short
        low = high = share = None
        if usable:
            most = one[rate] + (0 if rate == "alarms" else one["open"])
            share = one[rate] / total if most == one[rate] else None
            low = interval(one[rate], total, confidence)[0]
            high = interval(most, total, confidence)[1]
        found[f"{rate}_rate"], found[f"{rate}_low"], found[f"{rate}_high"] = share, low, high
    if one["days"]:
        low, high = poisson_interval(one["alarms"], one["days"], confidence)
        found["alarms_per_day"] = one["alarms"] / one["days"]
        found["alarms_per_day_low"], found["alarms_per_day_high"] = low, high
    return found
