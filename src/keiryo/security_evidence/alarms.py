"""Alarms of sensors over a time: how fast they are assessed, how many are a nuisance."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import Period, facility_date, parse_utc
from keiryo.errors import UsageError
from keiryo.protection.evidence import Rate, Times, rate_per_day, times_to_assessment
from keiryo.protection.outages import DETECTION
from keiryo.security_evidence.kinds import ALARM, WORK
from keiryo.security_evidence.register import (
    Line,
    Register,
    day_of,
    names_of,
    read_register,
    zone_of,
)
from keiryo.security_evidence.tables import CAUSES


@dataclass(frozen=True, slots=True)
class SensorStatistics:
    """The alarms of one sensor over a time.

    Attributes
    ----------
    scope, sensor : str
    alarms : int
    causes : dict of str to int
    open : int
        Alarms that nobody assessed.
    assessment : Times
        From alarm to assessment, of all alarms that were assessed.
    days_in_service : int
        Days of the time on which the sensor was not out of service.
    nuisance : Rate or None
        Nuisance alarms a day in service, with a 95 % interval; None: it was never in service.
    """

    scope: str
    sensor: str
    alarms: int
    causes: dict[str, int]
    open: int
    assessment: Times
    days_in_service: int
    nuisance: Rate | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "scope": self.scope,
            "sensor": self.sensor,
            "alarms": self.alarms,
            "causes": dict(self.causes),
            "open": self.open,
            "assessment": self.assessment.to_dict(),
            "days_in_service": self.days_in_service,
            "nuisance": None if self.nuisance is None else self.nuisance.to_dict(),
        }


def alarm_statistics(
    connection: Connection,
    metadata: MetaData,
    facility: str,
    first: datetime.date,
    last: datetime.date,
    *,
    sensor: str | None = None,
    through_act: int | None = None,
) -> list[SensorStatistics]:
    """Return the statistics of each sensor of a facility that ever gave an alarm.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    facility : str
        Its scope.
    first, last : datetime.date
        Days of the facility's clock, both included.
    sensor : str, optional
        Only this one, whether or not it gave an alarm.
    through_act : int, optional
        As known with this act; default: now.

    Raises
    ------
    UsageError
        If the last day lies before the first.
    NotFoundError
        If the facility is not registered.
    """
    if last < first:
        raise UsageError("the last day lies before the first", "Correct one of the two days.")
    zone, period = zone_of(connection, metadata, facility), Period(first, last)
    kinds = (ALARM.name, WORK.name)
    register = read_register(connection, metadata, kinds, scope=facility, through_act=through_act)
    by_sensor: dict[str, list[Line]] = {} if sensor is None else {sensor: []}
    for one in register.of(ALARM.name):
        if sensor in (None, one["sensor"]):
            known = by_sensor.setdefault(one["sensor"], [])
            if period.contains(facility_date(parse_utc(one["at"]), zone)):
                known.append(one)
    return [
        _statistics(register, facility, name, by_sensor[name], period) for name in sorted(by_sensor)
    ]


def _statistics(
    register: Register, scope: str, sensor: str, alarms: list[Line], period: Period
) -> SensorStatistics:
    counted = Counter(str(one["cause"]) for one in alarms)
    waits = [
        (parse_utc(one["assessed_at"]) - parse_utc(one["at"])).total_seconds()
        for one in alarms
        if one["assessed_at"] is not None
    ]
    days = _days_in_service(register, sensor, period)
    return SensorStatistics(
        scope=scope,
        sensor=sensor,
        alarms=len(alarms),
        causes={cause: counted[cause] for cause in CAUSES},
        open=len(alarms) - len(waits),
        assessment=times_to_assessment(waits),
        days_in_service=days,
        nuisance=rate_per_day(counted["nuisance"], days),
    )


def _days_in_service(register: Register, sensor: str, period: Period) -> int:
    """Return on how many days of a time a sensor was not out of service."""
    out: set[int] = set()
    for work in register.of(WORK.name):
        start = day_of(work["out_of_service_from"])
        if start is None or work["asset_kind"] != DETECTION or sensor not in names_of(work):
            continue
        end = day_of(work["returned"])
        beyond = period.end.toordinal() + 1
        stop = beyond if end is None else min(end.toordinal(), beyond)
        out.update(range(max(start, period.start).toordinal(), stop))
    return period.days - len(out)
