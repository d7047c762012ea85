"""Sampled rates, integrated over the balances.

Between two samples a rate is a straight line; at a closing the line is cut, so that a pulse across
a closing is divided rightly whatever the times of sampling. A sample that is absent is a rate of
0: where samples are more than one and a half usual steps apart, the rate is taken to fall to 0
within one step after the last sample, and to rise from 0 within one step before the next. Sparse
and dense files give the same integral so, that of the trapezoidal rule of the dense series.

The integral is linear in the samples. What a sample contributes to each balance is the integral
of its "tent" (1 at the sample, 0 at its neighbours): the weight by which its error enters, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keiryo.process_data.hours import Floats, Indices

GAP_STEPS = 1.5
"""Samples further apart than this many usual steps have a gap between them."""
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class Contributions:
    """What samples contribute to balances.

    Attributes
    ----------
    sample : array of int
        Number of the sample; unique in the series.
    location, balance : array of int
        Balance −1: before the first closing; P: after the last.
    hour : array of float
        When the sample was taken.
    kg : array of float
    """

    sample: Indices
    location: Indices
    balance: Indices
    hour: Floats
    kg: Floats

    def where(self, chosen: np.ndarray) -> Contributions:
        """Return some of them."""
        return Contributions(
            self.sample[chosen], self.location[chosen], self.balance[chosen], self.hour[chosen],
            self.kg[chosen],
        )  # fmt: skip


@dataclass(slots=True)
class Course:
    """How far a location has been integrated; samples between T_0 and T_P, gaps so far."""

    first_h: float
    first_rate: float
    left_h: float
    hour: float
    rate: float
    gaps: int = 0
    longest_gap_h: float = 0.0
    across_gaps_kg: float = 0.0
    inside: int = 0
    stale: bool = False


class RateIntegral:
    """The integral of sampled rates, fed block by block."""

    def __init__(self, steps_h: dict[int, float], closed_h: Floats) -> None:
        self.steps_h = steps_h
        self.courses: dict[int, Course] = {}
        self._bounds = closed_h
        self._edges = np.concatenate(([-np.inf], closed_h, [np.inf]))
        self._sample = 0

    def is_gap(self, location: int, hours: Floats | float) -> np.ndarray:
        """Return whether so many hours between samples are a gap."""
        return np.asarray(hours > GAP_STEPS * self.steps_h[location] * _ROUNDING)

    def feed(self, location: int, hour: Floats, rate: Floats) -> Contributions:
        """Take in samples of a location, later than all before; return what is settled by them."""
        step = self.steps_h[location]
        course = self.courses.get(location)
        inside = int(((hour >= self._bounds[0]) & (hour <= self._bounds[-1])).sum())
        if course is None:
            first_h, first = float(hour[0]), float(rate[0])
            course = Course(first_h, first, step, first_h, first)
            self.courses[location] = course
            hour, rate = hour[1:], rate[1:]
        course.inside += inside
        if not hour.size:
            return self._tents(location, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
        times = np.concatenate(([course.hour], hour))
        rates = np.concatenate(([course.rate], rate))
        spacing = np.diff(times)
        gap = self.is_gap(location, spacing)
        reach = np.where(gap, step, spacing)
        left = np.concatenate(([course.left_h], reach[:-1]))
        begin = 1 if course.stale else 0
        course.gaps += int(gap.sum())
        course.longest_gap_h = max(course.longest_gap_h, float(spacing[gap].max(initial=0.0)))
        straight = (rates[:-1] + rates[1:]) / 2 * (spacing - step)
        course.across_gaps_kg += float(straight[gap].sum())
        course.hour, course.rate = float(times[-1]), float(rates[-1])
        course.left_h, course.stale = float(reach[-1]), False
        return self._tents(
            location, times[begin:-1], rates[begin:-1], left[begin:], reach[begin:]
        )  # fmt: skip

    def settle(self, before_h: float) -> list[Contributions]:
        """Settle samples whose successor, at `before_h` or later, can only come after a gap."""
        found = []
        for location, course in self.courses.items():
            if not course.stale and self.is_gap(location, before_h - course.hour):
                found.append(self._last(location, course))
        return found

    def end(self) -> list[Contributions]:
        """Settle the last sample of every location."""
        return self.settle(np.inf)

    def _last(self, location: int, course: Course) -> Contributions:
        course.stale = True
        values = (course.hour, course.rate, course.left_h, self.steps_h[location])
        hour, rate, left_h, right_h = (np.array([value]) for value in values)
        return self._tents(location, hour, rate, left_h, right_h)

    def _tents(
        self, location: int, hour: Floats, rate: Floats, left_h: Floats, right_h: Floats
    ) -> Contributions:
        sample = np.arange(self._sample, self._sample + hour.size, dtype=np.intp)
        self._sample += hour.size
        some = rate != 0
        sample, hour, rate = sample[some], hour[some], rate[some]
        rising = self._ramps(hour - left_h[some], hour, rate, upwards=True)
        falling = self._ramps(hour, hour + right_h[some], rate, upwards=False)
        at = np.concatenate((rising[0], falling[0]))
        balance = np.concatenate((rising[1], falling[1]))
        kg = np.concatenate((rising[2], falling[2]))
        key = at * self._edges.size + balance + 1
        keys, inverse = np.unique(key, return_inverse=True)
        total = np.bincount(inverse, weights=kg, minlength=keys.size)
        at, balance = keys // self._edges.size, keys % self._edges.size - 1
        # Half a tent reaches beyond the first and the last sample: nothing was measured there.
        beyond = ((balance < 0) & (hour[at] >= self._bounds[0])) | (
            (balance >= self._bounds.size - 1) & (hour[at] <= self._bounds[-1])
        )
        keep = ~beyond & (total != 0)
        at = at[keep]
        return Contributions(
            sample[at], np.full(at.size, location, dtype=np.intp), balance[keep], hour[at],
            total[keep],
        )  # fmt: skip

    def _ramps(
        self, begin: Floats, end: Floats, rate: Floats, *, upwards: bool
    ) -> tuple[Indices, Indices, Floats]:
        """Integrate straight lines between 0 and a rate, cut at the closings."""
        first = np.searchsorted(self._bounds, begin, side="right") - 1
        last = np.maximum(np.searchsorted(self._bounds, end, side="left") - 1, first)
        pieces = last - first + 1
        at = np.repeat(np.arange(begin.size), pieces)
        within = np.arange(at.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        balance = first[at] + within
        x0 = np.maximum(begin[at], self._edges[balance + 1])
        x1 = np.minimum(end[at], self._edges[balance + 2])
        length = end[at] - begin[at]
        length = np.where(length > 0, length, 1.0)  # two samples at one hour are a finding
        height = (x0 - begin[at]) + (x1 - begin[at]) if upwards else (end[at] - x0) + (end[at] - x1)
        return at, balance.astype(np.intp), rate[at] * (x1 - x0) * height / (2 * length)
