"""What is reported per supplier party beside the ordinary reports, and by which day.

Who uses internationally controlled material in Japan reports the same events twice: as ordinary
accounting, within half a month, and broken down by supplier party, within a month. The second
lags the first and has to agree with it. Mixing that changes only the breakdown is an event of its
own. The rules of counting are those of the shipped profile ``japan`` (`keiryo.duty_rules`); this
module says which paragraph asks for what, on which form, and which reports an event makes due.

Source: Regulation on the Use of International Controlled Material (Japan, Prime Minister's Office
Order 50 of 1961; text as of 2024-10-01), Article 7; paragraph numbers are those of that article.
How the forms are laid out was not read and is not claimed. How the days are counted is a choice of
keiryo: "15 days after the month" is the 15th of the next month, "one month after the month" its
last day, and "one month after" a day the same day of the next month, or its last.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from keiryo.data import read_table
from keiryo.duty_rules import USUAL_WORKING_DAYS, DutyRule, WorkingDays, due_date, duty_rule
from keiryo.errors import UsageError

PROFILE = "japan"
SOURCE = "Regulation on the Use of International Controlled Material (Japan), Art. 7"

CHANGE = "inventory change"
MIXING = "mixing"
LOADING = "loading of fuel that bears plutonium"
DISCHARGE = "discharge or shipment of spent fuel"
INVENTORY = "physical inventory"
BETTER_VALUE = "better measured value"
EXPORT, IMPORT = "planned export", "planned import"
EQUIPMENT = "equipment under an agreement"
MODERATOR = "moderator stock"
ACCIDENT = "damage or accidental loss"
OCCASIONS = (
    *(CHANGE, MIXING, LOADING, DISCHARGE, INVENTORY, BETTER_VALUE),
    *(EXPORT, IMPORT, EQUIPMENT, MODERATOR, ACCIDENT),
)
"""What makes a report due."""

NOT_ASKED_ON_MIXING = frozenset({"reactor", "spent fuel store"})
"""Kinds of facility that report no mixing (paragraph 6)."""


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """A report that Article 7 asks for.

    Attributes
    ----------
    paragraphs : tuple of int
    title, occasion : str
        What it states, and which of `OCCASIONS` makes it due.
    when : str
        By when, in the words of the article.
    forms_by_batch, forms_by_pool : tuple of str
        Numbers of the forms: if the operator records per batch, and otherwise; empty where the
        article names none.
    per_supplier_party : bool
    rule : DutyRule
        How the day is counted.
    not_of : frozenset of str
        Kinds of facility of which it is not asked.
    """

    paragraphs: tuple[int, ...]
    title: str
    occasion: str
    when: str
    forms_by_batch: tuple[str, ...]
    forms_by_pool: tuple[str, ...]
    per_supplier_party: bool
    rule: DutyRule
    not_of: frozenset[str] = frozenset()

    def forms(self, *, per_batch: bool) -> tuple[str, ...]:
        """Return the numbers of the forms for an operator who records per batch, or not."""
        return self.forms_by_batch if per_batch else self.forms_by_pool

    def due(
        self, day: datetime.date, working_days: WorkingDays = USUAL_WORKING_DAYS
    ) -> datetime.date:
        """Return the last good day; for what is due at once, the day itself."""
        return due_date(self.rule, day, working_days)

    @property
    def basis(self) -> str:
        """The paragraphs, in words."""
        return f"{SOURCE}, para. {', '.join(map(str, self.paragraphs))}"


@dataclass(frozen=True, slots=True)
class DueReport:
    """A report with the last good day for one event."""

    report: ArticleReport
    day: datetime.date
    due: datetime.date
    forms: tuple[str, ...]


def accounting_report_due(event: datetime.date) -> datetime.date:
    """Return by when an event is reported in the ordinary accounts (paragraph 4).

    Examples
    --------
    >>> accounting_report_due(datetime.date(2026, 1, 20))
    datetime.date(2026, 2, 15)
    """
    return _of_paragraph(4).due(event)


def supplier_party_report_due(event: datetime.date) -> datetime.date:
    """Return by when an event is reported per supplier party (paragraphs 5, 6 and 10).

    Examples
    --------
    >>> supplier_party_report_due(datetime.date(2026, 1, 20))
    datetime.date(2026, 2, 28)
    """
    return _of_paragraph(5).due(event)


def inventory_report_due(ended: datetime.date) -> datetime.date:
    """Return by when a physical inventory is reported (paragraph 11).

    Examples
    --------
    >>> inventory_report_due(datetime.date(2026, 1, 31))
    datetime.date(2026, 2, 15)
    """
    return _of_paragraph(11).due(ended)


def supplier_party_inventory_due(ended: datetime.date) -> datetime.date:
    """Return by when a physical inventory is reported per supplier party (paragraph 12).

    Examples
    --------
    >>> supplier_party_inventory_due(datetime.date(2026, 1, 31))
    datetime.date(2026, 2, 28)
    """
    return _of_paragraph(12).due(ended)


def reports_due(
    occasion: str,
    day: datetime.date,
    *,
    per_batch: bool = True,
    facility_kind: str | None = None,
    working_days: WorkingDays = USUAL_WORKING_DAYS,
) -> tuple[DueReport, ...]:
    """Return the reports that an event makes due, the earliest first.

    Parameters
    ----------
    occasion : str
        One of `OCCASIONS`.
    day : datetime.date
        Day of the event; of an inventory, the day on which it ended; of a transfer, the day
        planned for it.
    per_batch : bool
        Whether the operator records supplier parties per batch, or per area.
    facility_kind : str, optional
        E.g. ``"reactor"``; those of `NOT_ASKED_ON_MIXING` report no mixing.
    working_days : WorkingDays, optional

    Raises
    ------
    UsageError
        If there is no such occasion.
    """
    if occasion not in OCCASIONS:
        raise UsageError(
            f"{occasion!r} makes no report due", f"Occasions are: {', '.join(OCCASIONS)}."
        )
    found = [
        DueReport(report, day, report.due(day, working_days), report.forms(per_batch=per_batch))
        for report in article_reports()
        if report.occasion == occasion and facility_kind not in report.not_of
    ]
    return tuple(sorted(found, key=lambda one: (one.due, one.report.paragraphs)))


@cache
def article_reports() -> tuple[ArticleReport, ...]:
    """Return the reports of Article 7, in the order of their paragraphs."""
    return tuple(
        ArticleReport(
            paragraphs,
            title,
            occasion,
            when,
            by_batch,
            by_pool,
            per_party,
            _ACCIDENT_RULE if duty is None else _shipped_rule(*duty),
            NOT_ASKED_ON_MIXING if occasion == MIXING else frozenset(),
        )
        for paragraphs, title, occasion, when, by_batch, by_pool, per_party, duty in _ROWS
    )


def _of_paragraph(number: int) -> ArticleReport:
    (found,) = (report for report in article_reports() if number in report.paragraphs)
    return found


def _shipped_rule(kind: str, trigger: str) -> DutyRule:
    rows: Iterable[Mapping[str, Any]] = read_table("duties")["duty"]
    (row,) = (
        row
        for row in rows
        if PROFILE in row["profiles"] and (row["kind"], row["trigger"]) == (kind, trigger)
    )
    return duty_rule(row)


_ACCIDENT_RULE = DutyRule(
    "report on damage or loss",
    "the report within 30 days; what happened is told at once",
    "event",
    "days",
    30,
    source=SOURCE,
    status="verified",
)
"""The shipped profile has no row for paragraph 29: its clock starts with an accident."""

_BEFORE = "beforehand"
_HALF_MONTH = "within 15 days after the end of the month"
_MONTH = "within one month after the end of the month"
_Row = tuple[
    tuple[int, ...],
    str,
    str,
    str,
    tuple[str, ...],
    tuple[str, ...],
    bool,
    tuple[str, str] | None,
]
_ROWS: tuple[_Row, ...] = (
    (
        *((4,), "inventory changes, shipper/receiver differences and re-batching", CHANGE),
        *(_HALF_MONTH, ("4",), ("4",), False, ("ICR", "change_month")),
    ),
    (
        *((5,), "inventory changes, differences and re-batching per supplier party", CHANGE),
        *(_MONTH, ("5",), ("6",), True, ("form 5 per supplier party", "change_month")),
    ),
    (
        *((6,), "mixing that changes the breakdown per supplier party", MIXING),
        *(_MONTH, ("6",), ("6",), True, ("form 6 on mixing per supplier party", "event")),
    ),
    (
        *((7,), "loading of fuel that bears plutonium", LOADING),
        *("within one month", ("7",), ("7",), False, ("form 7 on loading", "event")),
    ),
    (
        *((8, 9), "nuclear production and loss on discharge or shipment of spent fuel", DISCHARGE),
        *("within 15 days", ("4",), ("4",), False, ("nuclear production and loss", "change_month")),
    ),
    (
        *((10,), "nuclear production and loss per supplier party", DISCHARGE),
        *("within one month after the end of the month of discharge", ("5",), ("5",), True),
        ("form 5 on production and loss per supplier party", "change_month"),
    ),
    (
        *((11,), "physical inventory", INVENTORY),
        *("within 15 days after it ends", ("8", "9"), ("8", "9"), False, ("PIL", "pit")),
    ),
    (
        *((12,), "physical inventory per supplier party", INVENTORY),
        *("within one month after it ends", ("10",), ("11",), True),
        ("form 10 per supplier party", "pit"),
    ),
    (
        *((13,), "better measured values, on the form of the report that they better"),
        *(BETTER_VALUE, "without delay", (), (), False, ("better measured values", "event")),
    ),
    (
        *((18,), "planned export", EXPORT),
        *(_BEFORE, ("14",), ("14",), False, ("advance notice", "planned_export")),
    ),
    (
        *((18,), "planned import", IMPORT),
        *(_BEFORE, ("14",), ("14",), False, ("advance notice", "planned_import")),
    ),
    (
        *((22,), "stock of heavy water and other moderators", MODERATOR),
        *("within 15 days", ("17",), ("17",), False, ("moderator stock of the month", "event")),
    ),
    (
        *((23,), "stock of heavy water and other moderators of the year", MODERATOR),
        *("yearly, 31 December", ("18",), ("18",), False),
        ("moderator stock of the year", "event"),
    ),
    (
        *((28,), "equipment under an agreement received or shipped", EQUIPMENT),
        *(_BEFORE, ("19",), ("19",), False, ("form 19 on equipment", "event")),
    ),
    (
        *((29,), "seal or device damaged, or accidental loss", ACCIDENT),
        *("at once; a report within 30 days", (), (), False, None),
    ),
)
