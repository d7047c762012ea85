"""The clock of a seal against true time: how far it was off when somebody read both.

Between two readings the difference is taken to grow evenly:
``t_true = t_seal + o1 + (o2 - o1) (t_seal - t1) / (t2 - t1)`` with the offsets o1, o2 (true minus
seal) that were found when the seal showed t1, t2; before the first and after the last reading the
nearest pair is continued. Source: docs/theory/surveillance.md, rule 2.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from keiryo.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class ClockReading:
    """That both clocks were read: microseconds of the seal's clock, and true minus seal."""

    at: int
    offset: int


class Drift:
    """Turns times of a seal's clock into true time.

    Parameters
    ----------
    readings : iterable of ClockReading
        None: the clock is taken to be right. One: it is off by the same all the time.

    Raises
    ------
    UsageError
        If two readings of one time differ.
    """

    def __init__(self, readings: Iterable[ClockReading] = ()) -> None:
        self.readings = sorted(set(readings))
        times = [one.at for one in self.readings]
        if len(set(times)) != len(times):
            raise UsageError(
                "two readings of the clock are of one time and differ", "State each time once."
            )
        self._times = times

    def true(self, at: int) -> int:
        """Return the true time, in microseconds, of a time of the seal's clock.

        Examples
        --------
        >>> day = 86_400_000_000
        >>> drift = Drift([ClockReading(0, 0), ClockReading(90 * day, 90_000_000)])
        >>> drift.true(2_592_000_000_000) // 1_000_000
        2592030
        """
        if not self.readings:
            return at
        if len(self.readings) == 1:
            return at + self.readings[0].offset
        place = min(max(bisect_right(self._times, at), 1), len(self.readings) - 1)
        first, second = self.readings[place - 1], self.readings[place]
        slope = Fraction(second.offset - first.offset, second.at - first.at)
        return at + first.offset + round(slope * (at - first.at))
