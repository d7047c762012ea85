"""The deadlines board: what is due from which area, by when, and whether it was done in time.

What is due follows from the books and from a profile: a month in which an area has changes asks
for an inventory change report, a physical inventory taking for a listing and a material balance
report, the last taking for the next one, a planned transfer for an advance notice. Reports that
were accepted or issued fulfil what they cover. The board is drawn as of a day: later reports are
not known yet.

References
----------
INFCIRC/153 (Corrected), paragraphs 62, 63, 92, 94 and 95; the profiles name their own sources.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts import balance, books
from keiryo.accounts.model import NOW
from keiryo.dates import DateError, Period, end_of_month, next_day, parse_date, previous_day
from keiryo.duty_rules import DutyRule, due_date, months_after
from keiryo.errors import UsageError
from keiryo.oversight.fulfilment import Fulfilment, Transfer
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import area, areas
from keiryo.profiles import Profile

SOON_DAYS = 14
"""Days before a deadline from which it is due soon (a choice of keiryo)."""

DONE = ("done", "done late")
"""States of a duty of which nothing more is asked."""

Sent = Mapping[tuple[str, str, str], date]
"""What was sent beside the books: the day by area, kind of duty and period."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that is due from an area.

    Attributes
    ----------
    mba, kind : str
        Area, and the kind of duty: ``"ICR"``, ``"PIL"``, ``"MBR"``, ``"initial"``, ``"PIT"``
        (the next physical inventory taking), ``"advance notice"``, and the kinds of the profile.
    period : str
        Month ``YYYY-MM``, day, year, or ``first/last`` day.
    due : date
        The last good day.
    state : str
        ``"done"``, ``"done late"``, ``"open"``, ``"due soon"`` or ``"overdue"``.
    title : str
        What it is, in words.
    report : str or None
        What fulfilled it: number of the report, or name of the notice.
    dated : date or None
        When it was fulfilled.
    days_left : int
        From the day of the board to `due`; negative if that has passed.
    form, subject : str or None
        Form on which it is made; what it is about, if the period does not say.
    in_books : bool
        Whether the books show that it was done; if not, only a list of what was sent can.
    """

    mba: str
    kind: str
    period: str
    due: date
    state: str
    title: str
    report: str | None
    dated: date | None
    days_left: int
    form: str | None = None
    subject: str | None = None
    in_books: bool = True

    @property
    def done(self) -> bool:
        """Whether nothing more is asked."""
        return self.state in DONE

    def to_dict(self) -> dict[str, object]:
        """Return the duty as plain data."""
        return {
            "mba": self.mba,
            "kind": self.kind,
            "period": self.period,
            "due": self.due.isoformat(),
            "state": self.state,
            "report": self.report,
            "dated": None if self.dated is None else self.dated.isoformat(),
            "days_left": self.days_left,
            "title": self.title,
            "form": self.form,
            "subject": self.subject,
            "in_books": self.in_books,
        }


def deadlines(
    connection: Connection,
    metadata: MetaData,
    on: date,
    profile: Profile,
    *,
    mba: str | None = None,
    in_force: date | None = None,
    holidays: Iterable[date] = (),
    sent: Sent | None = None,
) -> list[Duty]:
    """Return what is due, done and undone, as of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : date
        Changes, reports and inventories after this day are left out.
    profile : Profile
        What is asked for, and by when.
    mba : str, optional
        Only this area.
    in_force : date, optional
        Entry into force of the agreement, from which the initial report is due.
    holidays : iterable of date, optional
        Days on which nobody works, beside those of the profile.
    sent : mapping, optional
        What was sent beside the books.

    Returns
    -------
    list of Duty
        By due date, then area and kind.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    UsageError
        If `on` is no day of our times.

    Notes
    -----
    A correction, a late addition or a deletion that was recorded and not yet reported is due by
    the month in which it was recorded: what counts is when a change was established. What the
    books cannot show to be done (``in_books`` false) is asked for until a list says it was sent;
    of such monthly and yearly duties only the last and the current one are listed.

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 62 and 63.
    """
    if not 1900 <= on.year <= 9000:
        raise UsageError(f"no deadlines can be counted on {on}", "Give a day of our times.")
    if mba is not None:
        places = {mba: area(connection, metadata, mba)}
    else:
        places = areas(connection, metadata)
    by_day = any(rule.trigger == "change_day" for rule in profile.duties)
    facts = Fulfilment(connection, metadata, on, list(places), by_day=by_day)
    board = _Board(connection, metadata, on, profile, facts, holidays, sent or {}, in_force)
    found = [duty for place in places.values() for duty in board.of_area(place)]
    return sorted(found, key=lambda d: (d.due, d.mba, d.kind, d.period, d.subject or ""))


def next_inventory_due(last: date, months: int | None, yearly: bool) -> date | None:
    """Return the last day for the next physical inventory taking; None if nobody asks for one.

    Parameters
    ----------
    last : date
        The last taking.
    months : int or None
        Most months between two takings.
    yearly : bool
        Whether one is taken in each calendar year.

    Examples
    --------
    >>> next_inventory_due(date(2024, 12, 31), 14, True)
    datetime.date(2025, 12, 31)
    >>> next_inventory_due(date(2025, 1, 10), 14, True)
    datetime.date(2026, 3, 10)
    """
    limits = [months_after(last, months)] if months else []
    if yearly:
        limits.append(date(last.year + 1, 12, 31))
    return min(limits, default=None)


def read_sent(text: str, name: str = "the file") -> dict[tuple[str, str, str], date]:
    """Return what was sent beside the books, from CSV with mba, kind, period and sent_on.

    Raises
    ------
    UsageError
        If a column is missing or a day is none.
    """
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    wanted = ("mba", "kind", "period", "sent_on")
    advice = "The first line is mba,kind,period,sent_on; the others are as the board shows them."
    result = {}
    for number, row in enumerate(rows, start=2):
        values = [(row.get(column) or "").strip() for column in wanted]
        if not all(values):
            missing = ", ".join(c for c, v in zip(wanted, values, strict=True) if not v)
            raise UsageError(f"{name} line {number}: {missing} is missing", advice)
        try:
            result[values[0], values[1], values[2]] = parse_date(values[3])
        except DateError as error:
            raise UsageError(f"{name} line {number}: {error}", advice) from None
    return result


class _Board:
    """Evaluates the rules of a profile for one area after another."""

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        on: date,
        profile: Profile,
        facts: Fulfilment,
        holidays: Iterable[date],
        sent: Sent,
        in_force: date | None,
    ) -> None:
        self.connection, self.metadata, self.on = connection, metadata, on
        self.profile, self.facts, self.sent, self.in_force = profile, facts, sent, in_force
        self.working_days = profile.deadlines.working_days.with_holidays(holidays)
        self.from_trigger: dict[str, Callable[[DutyRule, str], Iterator[Duty]]] = {
            "change_month": self._changes,
            "change_day": self._changes,
            "pit": self._inventories,
            "planned_pit": self._planned_inventory,
            "month": self._months,
            "year": self._years,
            "in_force": self._initial,
            "planned_export": self._transfers,
            "planned_import": self._transfers,
            "unsafeguarded_export": self._transfers,
        }
        self.takings: list[date] = []
        self.opening: date | None = None

    def of_area(self, place: MaterialBalanceArea) -> Iterator[Duty]:
        """Yield the duties of one area."""
        mba = place.code
        days = {
            *books.pit_dates(self.connection, self.metadata, mba, NOW),
            *self.facts.reported_inventories(mba),
        }
        self.takings = sorted(day for day in days if day <= self.on)
        self.opening = self.facts.prior_inventory(mba) or (
            self.takings[0] if self.takings else None
        )
        yield from self._takings(mba)
        for rule in self.profile.duties:
            if rule.area_types and place.type not in rule.area_types:
                continue
            if make := self.from_trigger.get(rule.trigger):
                yield from make(rule, mba)

    def _duty(
        self,
        rule: DutyRule,
        mba: str,
        period: str,
        due: date,
        done: tuple[str | None, date] | None,
        *,
        in_books: bool = True,
        subject: str | None = None,
    ) -> Duty:
        told = self.sent.get((mba, rule.kind, period))
        if done is None and told is not None and told <= self.on:
            done = (None, told)
        left = (due - self.on).days
        if done is not None:
            state = "done" if done[1] <= due else "done late"
        elif left < 0:
            state = "overdue"
        else:
            state = "due soon" if left <= SOON_DAYS else "open"
        report, dated = done or (None, None)
        return Duty(
            *(mba, rule.kind, period, due, state, rule.title, report, dated, left),
            form=rule.form,
            subject=subject,
            in_books=in_books,
        )

    def _due(self, rule: DutyRule, day: date) -> date:
        return due_date(rule, day, self.working_days)

    def _changes(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        by_day = rule.trigger == "change_day"
        for period, last_day, stated in self.facts.changes(mba, rule.concerns, by_day=by_day):
            done = None
            if rule.report and all(answer is not None for answer in stated):
                done = max((a for a in stated if a), key=lambda a: (a[1], -int(a[0])))
            day = last_day if by_day else end_of_month(last_day)
            in_books = rule.report is not None
            yield self._duty(rule, mba, period, self._due(rule, day), done, in_books=in_books)

    def _inventories(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        for before, pit in zip([None, *self.takings], self.takings, strict=False):
            if self.opening is not None and pit <= self.opening:
                continue
            if rule.only_with_difference and not self._difference(mba, before, pit):
                continue
            done = self.facts.report_for(mba, rule.report, pit)
            in_books = rule.report is not None
            due = self._due(rule, pit)
            yield self._duty(rule, mba, pit.isoformat(), due, done, in_books=in_books)

    def _difference(self, mba: str, before: date | None, pit: date) -> bool:
        if before is None:
            return False
        period = Period(next_day(before), pit)
        lines = balance.computed_lines(self.connection, self.metadata, mba, period, NOW)
        return any(not amount.is_zero for amount in lines.get("MF", {}).values())

    def _takings(self, mba: str) -> Iterator[Duty]:
        """Yield the takings that were due and the one that is due next."""
        limits = self.profile.deadlines
        for number, last in enumerate(self.takings):
            due = next_inventory_due(last, limits.pit_months, limits.pit_yearly)
            if due is None:
                return
            following = self.takings[number + 1 : number + 2]
            done = (None, following[0]) if following else None
            title = "physical inventory taking, at the latest"
            rule = DutyRule("PIT", title, "event", "days")
            yield self._duty(rule, mba, f"{next_day(last)}/{due}", due, done)

    def _planned_inventory(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        limits = self.profile.deadlines
        if self.takings:
            planned = next_inventory_due(self.takings[-1], limits.pit_months, limits.pit_yearly)
            if planned is not None:
                due = self._due(rule, planned)
                yield self._duty(rule, mba, planned.isoformat(), due, None, in_books=False)

    def _months(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        if self.opening is None:
            return
        month = end_of_month(self.on)
        last_finished = previous_day(self.on.replace(day=1))
        listed = [month, last_finished]
        while rule.report and listed[-1] > self.opening:
            listed.append(previous_day(listed[-1].replace(day=1)))
        for day in listed:
            if day > self.opening:
                done = self.facts.report_for(mba, rule.report, day)
                period, due = f"{day:%Y-%m}", self._due(rule, day)
                in_books = rule.report is not None
                yield self._duty(rule, mba, period, due, done, in_books=in_books)

    def _years(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        for year in (self.on.year - 1, self.on.year):
            end = date(year, 12, 31)
            if self.opening is not None and end > self.opening:
                yield self._duty(rule, mba, str(year), self._due(rule, end), None, in_books=False)

    def _initial(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        if self.in_force is None or self.in_force > self.on:
            return
        shown = end_of_month(self.in_force) if rule.base == "end_of_month" else self.in_force
        done = self.facts.report_for(mba, rule.report, shown)
        due = self._due(rule, self.in_force)
        in_books = rule.report is not None
        yield self._duty(rule, mba, shown.isoformat(), due, done, in_books=in_books)

    def _transfers(self, rule: DutyRule, mba: str) -> Iterator[Duty]:
        for notice in self.facts.transfers(mba):
            day, answered = _asked_of(notice, rule.trigger, self.on)
            if day is not None:
                done = (notice.notice, answered) if answered and answered <= self.on else None
                yield self._duty(
                    *(rule, mba, day.isoformat(), self._due(rule, day), done),
                    subject=f"{notice.notice}, {notice.direction}, {notice.partner}",
                )


def _asked_of(notice: Transfer, trigger: str, on: date) -> tuple[date | None, date | None]:
    """Return the day from which a duty about a transfer counts, and when it was fulfilled."""
    if trigger == "planned_export" and notice.direction == "export":
        return notice.prepared_on or notice.transfer_on, notice.notified_on
    if trigger == "planned_import" and notice.direction == "import":
        return notice.transfer_on, notice.notified_on
    if trigger == "unsafeguarded_export" and notice.direction == "export":
        left = notice.transfer_on is not None and notice.transfer_on <= on
        if left and notice.safeguarded is False:
            return notice.transfer_on, notice.confirmed_on
    return None, None


def summary(duties: Iterable[Duty]) -> dict[str, int]:
    """Return how many duties are in each state."""
    counts: dict[str, int] = {}
    for duty in duties:
        counts[duty.state] = counts.get(duty.state, 0) + 1
    return counts


def calendar_from(on: date, duties: Iterable[Duty]) -> list[Duty]:
    """Return what belongs into a calendar: all that is not done, and what was due this year."""
    since = on - timedelta(days=366)
    return [duty for duty in duties if not duty.done or duty.due >= since]


def shown_state(duty: Duty) -> Any:
    """Return the state in words that need no colour, e.g. ``"overdue by 3 days"``."""
    if duty.done:
        return duty.state
    if duty.state == "overdue":
        return f"OVERDUE by {-duty.days_left} d"
    if duty.state == "due soon":
        return "due today" if duty.days_left == 0 else f"due in {duty.days_left} d"
    return "open"
