"""Rates of a lane, a site or a partner, with exact intervals; results of tests; what is due.

A passage has an alarm or none; of an alarm a case says later what it was. Rates are shares of the
occupancies that were evaluated, with the interval of Clopper and Pearson. Outcomes of cases come
as rows, from whoever keeps the cases.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.counting.acceptance import Requirement, interval, judged
from keiryo.dates import date_number, number_date
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.register import read_register

OUTCOMES = ("false", "innocent", "real", "fault", "unresolved")
"""What an alarm was: no radiation; radiation that is legitimate; in need of response; a fault of
the instrument; not known. A nuisance alarm is an innocent one."""
BY = ("instrument", "lane", "site", "partner")


def statistics(
    connection: Connection,
    metadata: MetaData,
    *,
    by: str = "lane",
    first: str | None = None,
    last: str | None = None,
    outcomes: Iterable[Mapping[str, Any]] = (),
    confidence: float = 0.95,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return rates with exact confidence intervals.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    by : {"instrument", "lane", "site", "partner"}
    first, last : str, optional
        Only occupancies that start within these moments in UTC, `last` left out.
    outcomes : iterable of mapping
        Rows with ``instrument``, ``start`` and ``outcome``, one of `OUTCOMES`.
        Their rates are told once every alarm has one.
    confidence : float
        Of the two-sided intervals.
    known_at, through_act
        As the record stood.
    """
    register = read_register(connection, metadata, known_at=known_at, through_act=through_act)
    known = occupancies(connection, metadata, known_at=known_at, through_act=through_act)
    told = {(one["instrument"], one["start"]): one["outcome"] for one in outcomes}
    counts: dict[str, dict[str, int]] = {}
    for key, row in known.items():
        if (first and row["start"] < first) or (last and row["start"] >= last):
            continue
        one = counts.setdefault(_group(register, by, key[0]), dict.fromkeys(_COUNTED, 0))
        one["occupancies"] += 1
        one["incomplete"] += not row["complete"]
        if row["evaluated"]:
            one["evaluated"] += 1
            one["gamma"] += bool(row["gamma_alarm"])
            one["neutron"] += bool(row["neutron_alarm"])
            one["any"] += bool(row["gamma_alarm"] or row["neutron_alarm"])
            if (row["gamma_alarm"] or row["neutron_alarm"]) and told.get(key) in OUTCOMES:
                one[told[key]] += 1
        one["instrument_alarms"] += row["instrument_alarm"]
    return [_rates(by, name, counts[name], confidence) for name in sorted(counts)]


_COUNTED = (
    *("occupancies", "evaluated", "incomplete", "any", "gamma", "neutron", "instrument_alarms"),
    *OUTCOMES,
)


def _group(register: Any, by: str, instrument: str) -> str:
    known = register["instrument"].get((instrument,), {})
    if by == "instrument":
        return instrument
    if by == "partner":
        return str(register["site"].get((known.get("site"),), {}).get("partner") or "(none)")
    return str(known.get(by) or "(none)")


def _rates(by: str, name: str, one: dict[str, int], confidence: float) -> dict[str, Any]:
    found: dict[str, Any] = {by: name, **one}
    open_alarms = one["any"] - sum(one[outcome] for outcome in OUTCOMES)
    for rate in ("any", "gamma", "neutron", *OUTCOMES):
        trials = 0 if rate in OUTCOMES and open_alarms else one["evaluated"]
        low, high = interval(one[rate], trials, confidence) if trials else (None, None)
        found[f"{rate}_rate"] = one[rate] / trials if trials else None
        found[f"{rate}_low"], found[f"{rate}_high"] = low, high
    found["alarms_without_outcome"] = open_alarms
    found["confidence"] = confidence
    return found


def results_of_tests(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> list[dict[str, Any]]:
    """Return for each test of a plan whether its trials show what is required."""
    register = read_register(connection, metadata, through_act=through_act)
    found = []
    for (name,), plan in sorted(register["test"].items()):
        runs = [row for key, row in register["trial"].items() if key[0] == name]
        wanted = Requirement(
            name, plan["requirement"], float(plan["required"]), float(plan["confidence"])
        )
        events, trials = (sum(row[one] for row in runs) for one in ("alarms", "trials"))
        found.append(
            {
                "instrument": plan["instrument"],
                "requirement": plan["requirement"],
                "confidence": wanted.confidence,
                "source": plan["source"],
                "runs": len(runs),
                **judged(wanted, events, trials).to_dict(),
            }
        )
    return found


def due(connection: Connection, metadata: MetaData, on: datetime.date) -> list[dict[str, Any]]:
    """Return the last check of each kind that failed or is past its day, by instrument."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in read_register(connection, metadata)["check"].values():
        key = (row["instrument"], row["check_name"])
        if row["on_day"] <= date_number(on) and (
            key not in last or last[key]["on_day"] <= row["on_day"]
        ):
            last[key] = row
    found = []
    for (instrument, check), row in sorted(last.items()):
        overdue = row["due_on"] is not None and row["due_on"] < date_number(on)
        if overdue or row["result"] == "failed":
            found.append(
                {
                    "instrument": instrument,
                    "check": check,
                    "why": "failed" if row["result"] == "failed" else "overdue",
                    "done_on": number_date(row["on_day"]).isoformat(),
                    "due_on": row["due_on"] and number_date(row["due_on"]).isoformat(),
                }
            )
    return found
