"""When the passages of a daily file were: in UTC, with the days that its times may lack.

Records stay in the order of the file. Where times have no day, the first record of the file is of
the day that is given, be it of background or of a passage; the day changes where the clock falls
back by more than half a day. A leap forward by more than 23 hours is a clock that was set back over
midnight: a portal writes its background every few seconds and is not silent for a day.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from keiryo.detection_sites.register import finding, utc
from keiryo.errors import Finding
from keiryo.portal.occupancy import DailyFile

_HALF_A_DAY_S, _ACROSS_MIDNIGHT_S = 43_200.0, 82_800.0


@dataclass(slots=True)
class Moments:
    """Moments of the passages of a file, in its order.

    Attributes
    ----------
    starts : list of str
        In UTC.
    ends : list of str or None
    told : list of Finding
        What is to be known.
    refused : list of Finding
        What keeps the file out; the other lists are then of no use.
    """

    starts: list[str] = field(default_factory=list)
    ends: list[str | None] = field(default_factory=list)
    told: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


class _Day:
    """The day of times that have none."""

    def __init__(self, first: datetime.date | None, midnights: int) -> None:
        self.day = first
        self.midnights = midnights
        self.last_s: float | None = None

    def with_day(self, time: str) -> tuple[str, bool]:
        """Return a time with its day, and whether the clock was set back over midnight.

        Raises
        ------
        OverflowError
            If the day lies outside of the calendar.
        """
        assert self.day is not None
        hours, minutes, seconds = time.split(":")
        now_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        step_s = 0.0 if self.last_s is None else now_s - self.last_s
        self.last_s = now_s
        back = step_s > _ACROSS_MIDNIGHT_S
        if back or step_s < -_HALF_A_DAY_S:
            self.midnights += -1 if back else 1
        if self.midnights:
            self.day += datetime.timedelta(days=self.midnights)
            self.midnights = 0
        return f"{self.day.isoformat()}T{time}", back


def passage_times(file: DailyFile, zone: str, day: datetime.date | None) -> Moments:
    """Return when the passages of a file began and ended.

    Parameters
    ----------
    file : DailyFile
    zone : str
        Time zone of the site, for times without an offset.
    day : date, optional
        Day of the first record, where records have none.
    """
    found = Moments()
    days = _Day(day, file.midnights_to_first)
    for one in file.occupancies:
        place = f"line {one.first_line}"
        moments: list[str | None] = []
        for given in (one.start, one.end):
            if given is None:
                moments.append(None)
                continue
            if "T" not in given:
                if day is None:
                    found.refused.append(_without_day(place, given))
                    return found
                try:
                    given, back = days.with_day(given)
                except OverflowError:
                    found.refused.append(_outside(place, given))
                    return found
                if back:
                    found.told.append(_set_back(place, given))
            moment = utc(given, zone)
            if moment is None:
                found.refused.append(_outside(place, given))
            moments.append(moment)
        if one.start is None:
            found.refused.append(
                finding(
                    "PORTAL-DATE",
                    f"{place}: the occupancy has no time",
                    "Records need times; take the file that the portal stored.",
                )
            )
        found.starts.append(moments[0] or "")
        found.ends.append(moments[1])
    return found


def _without_day(place: str, given: str) -> Finding:
    return finding(
        "PORTAL-DATE",
        f"{place}: the time {given} has no day",
        "Give the day of the first record: --date 2027-05-31.",
    )


def _outside(place: str, given: str) -> Finding:
    return finding(
        "PORTAL-DATE",
        f"{place}: {given} is no moment that the calendar has",
        "Look at the clock of the instrument, and at the day that was given.",
    )


def _set_back(place: str, given: str) -> Finding:
    return finding(
        "PORTAL-CLOCK",
        f"{place}: the clock was set back over midnight, to {given}",
        "Look at the clock of the instrument; the order of the records is kept.",
        warning=True,
    )
