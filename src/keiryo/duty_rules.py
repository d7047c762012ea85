"""Rules by when something is due: what makes it due, and the days counted from there.

A duty is a report, notice or listing that a jurisdiction asks for. Its rule is data: a trigger
(a month with changes, a physical inventory taking, a planned transfer ...), the day from which
days are counted, and one way of counting. `due_date` evaluates every rule.

Sources: the rules lie in ``keiryo/data/duties.toml``, each with its own. "15 days after the month"
and "one month after" are read as INFCIRC/153 (Corrected) paragraph 63 and national rules use them:
the day that triggers is not counted, and a month ends where the calendar says.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from keiryo.dates import DateError, end_of_month, parse_date
from keiryo.errors import UsageError

TRIGGERS = (
    "change_month",
    "change_day",
    "pit",
    "planned_pit",
    "month",
    "year",
    "in_force",
    "planned_export",
    "planned_import",
    "unsafeguarded_export",
    "event",
)
"""What can make a duty due."""

BASES = ("day", "end_of_month")
"""From where days are counted: the day of the trigger, or the end of its month."""

OFFSETS = (
    "days",
    "business_days",
    "months",
    "end_of_month",
    "day_of_next_month",
    "month_day",
    "at_once",
)
"""Ways of counting; a rule has exactly one."""

WEEKENDS = ("as_is", "next_working_day", "previous_working_day")
"""What becomes of a deadline on a day on which nobody works."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days on which people work: all but the weekend and the holidays.

    Attributes
    ----------
    weekend : frozenset of int
        Monday is 0.
    holidays : frozenset of date
        Given by the user; no national list is shipped.
    """

    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Return whether people work on a day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def count(self, start: date, number: int) -> date:
        """Return the `number`-th working day after `start`; before it, if negative."""
        step = timedelta(days=1 if number > 0 else -1)
        day = start
        for _ in range(abs(number)):
            day += step
            while not self.works(day):
                day += step
        return day

    def moved(self, day: date, weekend: str) -> date:
        """Return `day`, moved to a working day as a weekend rule says."""
        if weekend == "as_is" or self.works(day):
            return day
        return self.count(day, 1 if weekend == "next_working_day" else -1)

    def with_holidays(self, more: Iterable[date]) -> WorkingDays:
        """Return the same with further holidays."""
        return WorkingDays(self.weekend, self.holidays | frozenset(more))


USUAL_WORKING_DAYS = WorkingDays()


@dataclass(frozen=True, slots=True)
class DutyRule:
    """Something that a profile asks for, and by when.

    Attributes
    ----------
    kind, title : str
        Name of the duty, e.g. ``"ICR"``, and what it is in words.
    trigger, base, weekend : str
        One of `TRIGGERS`, `BASES`, `WEEKENDS`.
    offset : str
        One of `OFFSETS`; `count` is its number (days, months, day of the month), and `month_day`
        month and day of a yearly date.
    years : int
        Of a yearly date: years after that of the trigger.
    report : str or None
        Letter of the report that fulfils the duty (label 010); None if the books cannot know.
    form, contents : str or None
    codes, not_codes : tuple of str
        Changes (label 411) that trigger, or do not.
    area_types : tuple of str
        Types of area that it concerns; empty for all.
    only_with_difference : bool
        Only where the balance leaves material unaccounted for.
    source, status : str
    unverified, design : tuple of str
    """

    kind: str
    title: str
    trigger: str
    offset: str
    count: int = 0
    month_day: tuple[int, int] | None = None
    years: int = 0
    base: str = "day"
    weekend: str = "as_is"
    report: str | None = None
    form: str | None = None
    contents: str | None = None
    codes: tuple[str, ...] = ()
    not_codes: tuple[str, ...] = ()
    area_types: tuple[str, ...] = ()
    only_with_difference: bool = False
    source: str = ""
    status: str = "design"
    unverified: tuple[str, ...] = ()
    design: tuple[str, ...] = ()

    def concerns(self, code: str) -> bool:
        """Return whether a change with this code triggers the duty."""
        return code not in self.not_codes and (not self.codes or code in self.codes)

    @property
    def words(self) -> str:
        """When it is due, in words."""
        counted = {
            "days": _number(self.count, "day"),
            "business_days": _number(self.count, "working day"),
            "months": _number(self.count, "month"),
            "end_of_month": "last day of the next month"
            if self.count == 1
            else f"last day of the month, {self.count} months later",
            "day_of_next_month": f"day {self.count} of the next month",
            "at_once": "at once",
        }
        if self.month_day is not None:
            month, day = self.month_day
            when = f"{month:02d}-{day:02d} of the {'next' if self.years else 'same'} year"
        else:
            when = counted[self.offset]
        if self.base == "end_of_month" and self.offset in ("days", "business_days", "months"):
            when += ", counted from the end of the month"
        if self.weekend != "as_is":
            when += f"; on a day off: {self.weekend.replace('_', ' ')}"
        return when


def duty_rule(row: Mapping[str, Any]) -> DutyRule:
    """Return a rule from a row of a duties table that is known to be well-formed."""
    (offset,) = (name for name in OFFSETS if name in row)
    month_day = None
    if offset == "month_day":
        month, _, day = str(row["month_day"]).partition("-")
        month_day = (int(month), int(day))
    number = row[offset]
    return DutyRule(
        kind=row["kind"],
        title=row.get("title", row["kind"]),
        trigger=row["trigger"],
        offset=offset,
        count=number if isinstance(number, int) and not isinstance(number, bool) else 0,
        month_day=month_day,
        years=row.get("years", 0),
        base=row.get("base", "day"),
        weekend=row.get("weekend", "as_is"),
        report=row.get("report"),
        form=row.get("form"),
        contents=row.get("contents"),
        codes=tuple(row.get("codes", ())),
        not_codes=tuple(row.get("not_codes", ())),
        area_types=tuple(row.get("area_types", ())),
        only_with_difference=row.get("only_with_difference", False),
        source=row.get("source", ""),
        status=row.get("status", "design"),
        unverified=tuple(row.get("unverified", ())),
        design=tuple(row.get("design", ())),
    )


def due_date(
    rule: DutyRule, trigger_day: date, working_days: WorkingDays = USUAL_WORKING_DAYS
) -> date:
    """Return the last good day of a duty.

    Parameters
    ----------
    rule : DutyRule
    trigger_day : date
        The day of the change, of the physical inventory taking, of the transfer ...; any day of
        the month or year where a whole month or year triggers.
    working_days : WorkingDays, optional
        Where working days are counted, or a deadline moves off a weekend.

    Examples
    --------
    >>> rule = DutyRule("ICR", "", "change_month", "days", 30, base="end_of_month")
    >>> due_date(rule, date(2025, 2, 14))
    datetime.date(2025, 3, 30)
    """
    start = end_of_month(trigger_day) if rule.base == "end_of_month" else trigger_day
    if rule.offset == "business_days":
        due = working_days.count(start, rule.count)
    elif rule.offset == "months":
        due = months_after(start, rule.count)
    elif rule.offset == "end_of_month":
        due = end_of_month(months_after(start.replace(day=1), rule.count))
    elif rule.offset == "day_of_next_month":
        due = _clamped(*_month(start, 1), rule.count)
    elif rule.month_day is not None:
        due = _clamped(trigger_day.year + rule.years, *rule.month_day)
    else:
        due = start + timedelta(days=rule.count)
    return working_days.moved(due, rule.weekend)


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a month that is too short."""
    return _clamped(*_month(day, months), day.day)


def read_holidays(text: str, name: str = "the file") -> frozenset[date]:
    """Return the holidays that a text lists, one day per line; ``#`` begins a remark.

    Raises
    ------
    UsageError
        If a line is no date; all such lines are named.
    """
    days, wrong = set(), []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        words = line.partition("#")[0].replace(",", " ").replace(";", " ").split()
        if words:
            try:
                days.add(parse_date(words[0]))
            except DateError as error:
                wrong.append(f"line {number}: {error}")
    if wrong:
        raise UsageError(
            f"{name} is no list of holidays: {'; '.join(wrong[:5])}",
            "Write one day per line, e.g. 2026-01-01, and what you like after a '#'.",
        )
    return frozenset(days)


def _month(day: date, months: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + months, 12)
    return day.year + years, month + 1


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _number(count: int, noun: str) -> str:
    if count == 0:
        return "the same day"
    plural = noun if abs(count) == 1 else f"{noun}s"
    return f"{abs(count)} {plural} {'before' if count < 0 else 'after'}"
