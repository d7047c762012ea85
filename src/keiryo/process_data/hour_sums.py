"""Errors that several locations share at each hour: one error of all that is measured then.

The measurements of an hour add up, with their signs, before they are squared. Hours whose sum
touches one balance only are squared and added as they pass; the others (at a closing, where the
inventory is measured too, or of a rate beside a closing) are kept one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keiryo.process_data.hours import Floats, Indices

_MERGE_FROM = 1_000_000


@dataclass(frozen=True, slots=True)
class HourErrors:
    """What one standard deviation does, if measurements of an hour share one error.

    Attributes
    ----------
    squares : array of float, shape (P,)
        Sum of the squares of all hours that touch no other balance.
    hour, value : array of float
        The other hours: signed sum in a balance.
    balance : array of int
    """

    squares: Floats
    hour: Floats
    balance: Indices
    value: Floats


class HourSums:
    """Signed sums by hour, settled in order of time where the data are in that order."""

    def __init__(self, balances: int, kept_hours: Floats) -> None:
        self._balances, self._kept_hours = balances, kept_hours
        self._squares = np.zeros(balances)
        self._kept: list[tuple[Floats, Indices, Floats]] = []
        self._open: list[tuple[Floats, Indices, Floats]] = []
        self._waiting = 0

    def add(self, hour: Floats, balance: Indices, value: Floats) -> None:
        """Add signed amounts (or counts) of balances 0 to P − 1."""
        self._open.append((hour, balance, value))
        self._waiting += hour.size
        if self._waiting > _MERGE_FROM:
            self._open = [self._merged()]
            self._waiting = 0

    def settle(self, before_h: float) -> None:
        """Settle all hours before `before_h`: nothing will be added to them any more."""
        if not self._open:
            return
        hour, balance, value = self._merged()
        done = hour < before_h
        self._open = [(hour[~done], balance[~done], value[~done])]
        hour, balance, value = hour[done], balance[done], value[done]
        if not hour.size:
            return
        several = np.zeros(hour.size, dtype=bool)
        same = hour[1:] == hour[:-1]  # one row per balance, so equal hours are several balances
        several[1:] |= same
        several[:-1] |= same
        several |= np.isin(hour, self._kept_hours)
        self._kept.append((hour[several], balance[several], value[several]))
        np.add.at(self._squares, balance[~several], value[~several] ** 2)

    def errors(self) -> HourErrors:
        """Return what was summed."""
        self.settle(np.inf)
        kept = _joined(self._kept)
        return HourErrors(self._squares, *kept)

    def _merged(self) -> tuple[Floats, Indices, Floats]:
        hour, balance, value = _joined(self._open)
        order = np.lexsort((balance, hour))
        hour, balance, value = hour[order], balance[order], value[order]
        if not hour.size:
            return hour, balance, value
        first = np.ones(hour.size, dtype=bool)
        first[1:] = (hour[1:] != hour[:-1]) | (balance[1:] != balance[:-1])
        return hour[first], balance[first], np.add.reduceat(value, np.flatnonzero(first))


def _joined(parts: list[tuple[Floats, Indices, Floats]]) -> tuple[Floats, Indices, Floats]:
    if not parts:
        return np.zeros(0), np.zeros(0, dtype=np.intp), np.zeros(0)
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.concatenate([p[2] for p in parts]),
    )
