"""Rates of a lane, a site, a partner or a period, with exact intervals.

A passage has an alarm or none, by the replay of the alarm logic or by the instrument itself; of an
alarm a case says later what it was. Rates of alarms are shares of the passages, with the interval
of Clopper and Pearson; faults come in a time, with the interval of Garwood (Biometrika 28 (1936)
437). Outcomes of cases come as rows, from whoever keeps the cases.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.counting.acceptance import interval
from keiryo.detection_sites.denominators import denominators, instrument_days
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.instrument_tests import results_of_tests
from keiryo.detection_sites.instruments_due import due
from keiryo.detection_sites.register import read_register, utc
from keiryo.detection_sites.trial_numbers import rate_interval

__all__ = ["BY", "OUTCOMES", "due", "results_of_tests", "statistics"]
OUTCOMES = ("false", "innocent", "real", "fault", "unresolved")
"""What an alarm was: no radiation; radiation that is legitimate; in need of response; a fault of
the instrument; not known."""
NUISANCE = "nuisance"
"""An innocent alarm by what nobody had declared; it is among the innocent ones."""
BY = ("instrument", "lane", "site", "partner", "month", "day")
_COUNTED = (
    *("occupancies", "evaluated", "incomplete", "any", "gamma", "neutron", "instrument_alarms"),
    *("alarmed", *OUTCOMES, NUISANCE),
)
_NONE = "(none)"


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
    by : {"instrument", "lane", "site", "partner", "month", "day"}
        Months and days are those of UTC.
    first, last : str, optional
        Only occupancies that start within these moments in UTC, `last` left out.
    outcomes : iterable of mapping
        Rows with ``instrument``, ``start`` (a moment with its offset), ``outcome``, one of
        `OUTCOMES`, and optionally ``nuisance``. An alarm without one is open.
    confidence : float
        Of the two-sided intervals.
    known_at, through_act
        As the record stood.

    Returns
    -------
    list of dict
        The group, numbers, and for ``any``, ``gamma`` and ``neutron`` (the replay, of what was
        evaluated), ``instrument`` (the instrument itself), ``alarmed`` (one or the other) and
        each outcome (of all passages) ``…_rate``, ``…_low``, ``…_high``. While alarms are open
        an outcome has no rate; its bounds hold whatever becomes of them. Faults are told by day
        in operation: ``faults_per_day``, ``…_low``, ``…_high``.
    """
    when: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    register = read_register(connection, metadata, **when)
    told = {_key(one["instrument"], one["start"]): one for one in outcomes}
    counts: dict[str, dict[str, int]] = {}
    for key, row in occupancies(connection, metadata, **when).items():
        if not ((first and row["start"] < first) or (last and row["start"] >= last)):
            name = _group(register, by, *key)
            _count(counts.setdefault(name, dict.fromkeys(_COUNTED, 0)), row, told.get(key))
    days = instrument_days(connection, metadata, **when)
    running = {
        str(row[by] or _NONE): row
        for row in denominators([one for one in days if _within(one, first, last)], by)
    }
    return [
        {
            **_rates(by, name, counts[name], confidence),
            **_faults(running.get(name, {}), confidence),
        }
        for name in sorted(counts)
    ]


def _key(instrument: str, start: str) -> tuple[str, str]:
    """Return the key of an occupancy that a case names by its moment."""
    moment, mark, number = start.partition("~")
    return instrument, f"{utc(moment) or moment}{mark}{number}"


def _count(one: dict[str, int], row: Mapping[str, Any], told: Mapping[str, Any] | None) -> None:
    replayed = bool(row["evaluated"] and (row["gamma_alarm"] or row["neutron_alarm"]))
    one["occupancies"] += 1
    one["incomplete"] += not row["complete"]
    one["instrument_alarms"] += row["instrument_alarm"]
    if row["evaluated"]:
        one["evaluated"] += 1
        one["gamma"] += bool(row["gamma_alarm"])
        one["neutron"] += bool(row["neutron_alarm"])
        one["any"] += replayed
    if replayed or row["instrument_alarm"]:
        one["alarmed"] += 1
        if told is not None and told["outcome"] in OUTCOMES:
            one[told["outcome"]] += 1
            one[NUISANCE] += bool(told["outcome"] == "innocent" and told.get(NUISANCE))


def _group(register: Any, by: str, instrument: str, start: str) -> str:
    if by in ("month", "day"):
        return start[: 7 if by == "month" else 10]
    known = register["instrument"].get((instrument,), {})
    if by == "instrument":
        return instrument
    if by == "partner":
        return str(register["site"].get((known.get("site"),), {}).get("partner") or _NONE)
    return str(known.get(by) or _NONE)


def _within(row: Mapping[str, Any], first: str | None, last: str | None) -> bool:
    """Return whether a day has a part of the time from first to last."""
    if row["day"] is None:
        return not first and not last
    day = str(row["day"])
    return (not first or day >= first[:10]) and (not last or day < last)


def _rates(by: str, name: str, one: dict[str, int], confidence: float) -> dict[str, Any]:
    found: dict[str, Any] = {by: name, **one}
    open_alarms = one["alarmed"] - sum(one[outcome] for outcome in OUTCOMES)
    for rate, number, trials, unknown in (
        *((rate, one[rate], one["evaluated"], 0) for rate in ("any", "gamma", "neutron")),
        ("instrument", one["instrument_alarms"], one["occupancies"], 0),
        ("alarmed", one["alarmed"], one["occupancies"], 0),
        *((rate, one[rate], one["occupancies"], open_alarms) for rate in (*OUTCOMES, NUISANCE)),
    ):
        low = high = share = None
        if trials:
            share = None if unknown else number / trials
            low = interval(number, trials, confidence)[0]
            high = interval(number + unknown, trials, confidence)[1]
        found[f"{rate}_rate"], found[f"{rate}_low"], found[f"{rate}_high"] = share, low, high
    found["alarms_without_outcome"] = open_alarms
    found["confidence"] = confidence
    return found


def _faults(row: Mapping[str, Any], confidence: float) -> dict[str, Any]:
    days, faults = int(row.get("days", 0)), int(row.get("faults", 0))
    low, high = rate_interval(faults, days, confidence) if days else (None, None)
    return {
        "faults": faults,
        "tampers": int(row.get("tampers", 0)),
        "days": days,
        "seconds_in_operation": float(row.get("seconds_in_operation", 0.0)),
        "faults_per_day": faults / days if days else None,
        "faults_per_day_low": low,
        "faults_per_day_high": high,
    }
