"""Rates of a lane, a site, a partner or a period, with exact intervals.

A passage has an alarm or none; of an alarm a case says later what it was. Rates are shares of the
occupancies that were evaluated, with the interval of Clopper and Pearson. Outcomes of cases come
as rows, from whoever keeps the cases.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.counting.acceptance import interval
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.instrument_tests import results_of_tests
from keiryo.detection_sites.instruments_due import due
from keiryo.detection_sites.register import read_register

__all__ = ["BY", "OUTCOMES", "due", "results_of_tests", "statistics"]
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
