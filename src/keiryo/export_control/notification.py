"""Advance notification of transfers out of the State (INFCIRC/153 paragraph 92).

Announced are shipments of more than one effective kilogram, and shipments to one State within three
months that are each smaller but together larger; normally at least two weeks before the material is
prepared for shipping. Exactly one effective kilogram does not exceed it.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

LIMIT_EFFECTIVE_KG = Fraction(1)
MONTHS = 3
BEFORE = datetime.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class PlannedTransfer:
    """A transfer out of the State, planned or done.

    Attributes
    ----------
    reference : str
    destination : str
        State.
    on : datetime.date
        Day of the shipment.
    effective_kg : Fraction
    prepared_on : datetime.date or None
        Day on which the material is prepared for shipping; default: the day of the shipment.
    notified : bool
    """

    reference: str
    destination: str
    on: datetime.date
    effective_kg: Fraction
    prepared_on: datetime.date | None = None
    notified: bool = False


@dataclass(frozen=True, slots=True)
class NotificationDue:
    """A notification that is due.

    Attributes
    ----------
    destination : str
    references : tuple of str
        The shipments that it covers: none that was notified before.
    due : datetime.date
    sum_effective_kg : Fraction
        What the window holds, with what was notified.
    window_from : datetime.date or None
        Day after which the window begins; None: one shipment by itself.
    """

    destination: str
    references: tuple[str, ...]
    due: datetime.date
    sum_effective_kg: Fraction
    window_from: datetime.date | None = None


def months_before(day: datetime.date, months: int = MONTHS) -> datetime.date:
    """Return the day some months before, clamped to the length of its month.

    Examples
    --------
    >>> months_before(datetime.date(2026, 5, 31)).isoformat()
    '2026-02-28'
    """
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))


def notifications_due(transfers: Iterable[PlannedTransfer]) -> list[NotificationDue]:
    """Return the notifications that are due, by day and State.

    Each window (day - three months, day] of shipments of at most one effective kilogram to one
    State is looked at on every day of a shipment, so that one that is put in earlier is seen in
    the later windows. A shipment is announced once.
    """
    found: list[NotificationDue] = []
    by_state: dict[str, list[PlannedTransfer]] = {}
    for one in transfers:
        by_state.setdefault(one.destination, []).append(one)
    for destination, some in by_state.items():
        some.sort(key=lambda one: (one.on, one.reference))
        covered = {one.reference for one in some if one.notified}
        small = [one for one in some if one.effective_kg <= LIMIT_EFFECTIVE_KG]
        for one in some:
            if one.effective_kg > LIMIT_EFFECTIVE_KG:
                if one.reference not in covered:
                    covered.add(one.reference)
                    found.append(_due(destination, [one], one.effective_kg, None))
                continue
            start = months_before(one.on)
            window = [other for other in small if start < other.on <= one.on]
            whole = sum((other.effective_kg for other in window), Fraction(0))
            new = [other for other in window if other.reference not in covered]
            if whole > LIMIT_EFFECTIVE_KG and new:
                covered.update(other.reference for other in new)
                found.append(_due(destination, new, whole, start))
    return sorted(found, key=lambda due: (due.due, due.destination, due.references))


def _due(
    destination: str,
    transfers: list[PlannedTransfer],
    whole: Fraction,
    window_from: datetime.date | None,
) -> NotificationDue:
    last = max(one.prepared_on or one.on for one in transfers)
    references = tuple(one.reference for one in transfers)
    return NotificationDue(destination, references, last - BEFORE, whole, window_from)
