"""Transfers summed by location, balance and stretch of time.

Everything the statistics need from millions of transfers is their sum, the sum of their squares
and their number, for each location, balance, and *stretch*: the time between two hours at which
an error source changes (a calibration, the end of a method), or such an hour itself.

What is measured at the very hour of a change belongs to one side of it. An amount was weighed
before it was booked: it belongs to what ends there, as a transfer at a closing belongs to the
balance that ends there. A sample of a rate is a reading taken at that hour, like an inventory: it
belongs to what begins there, unless the source says otherwise (``closing = "old"``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keiryo.process_data.error_sources import Source
from keiryo.process_data.files import Block
from keiryo.process_data.hour_sums import HourErrors, HourSums
from keiryo.process_data.hours import Floats, Indices
from keiryo.process_data.locations import Location, Mode
from keiryo.process_data.rates import GAP_STEPS, Contributions, RateIntegral
from keiryo.process_data.series import Series

_MERGE_FROM = 1_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums by location, balance and stretch; balance −1 is before T_0, P after T_P.

    Attributes
    ----------
    location, balance, stretch : array of int
    kg, squares : array of float
        Sum, and sum of the squares (kg²) of single measurements.
    count : array of int
        Number of transfers that are not 0: a transfer listed with 0 kg is none, and was not
        weighed. (A reading of 0 kg of an inventory is a measurement.)
    """

    location: Indices
    balance: Indices
    stretch: Indices
    kg: Floats
    squares: Floats
    count: Indices

    def where(self, chosen: np.ndarray) -> Cells:
        """Return some of them."""
        return Cells(
            self.location[chosen], self.balance[chosen], self.stretch[chosen], self.kg[chosen],
            self.squares[chosen], self.count[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transfers:
    """All transfers of a campaign, summed.

    Attributes
    ----------
    cells : Cells
        Transfers, and samples of rates that touch one balance.
    crossing : Contributions
        Samples of rates that touch several balances, one by one.
    crossing_stretch : array of int
    by_hour : dict
        For each source (its number) that locations share at each hour: relative, absolute part.
    rates : RateIntegral
        How each rate was integrated.
    """

    cells: Cells
    crossing: Contributions
    crossing_stretch: Indices
    by_hour: dict[int, tuple[HourErrors, HourErrors]]
    rates: RateIntegral

    def total_kg(self, locations: int, balances: int) -> Floats:
        """Return the sums of each location in each balance, shape (locations, P), kg."""
        found = np.zeros((locations, balances))
        for part in (self.cells, self.crossing):
            inside = (part.balance >= 0) & (part.balance < balances)
            np.add.at(found, (part.location[inside], part.balance[inside]), part.kg[inside])
        return found


def stretches(sources: Sequence[Source]) -> Floats:
    """Return the hours at which some source changes."""
    return np.unique(np.array([h for source in sources for h in source.marks_h], dtype=np.float64))


def stretch_of(marks_h: Floats, hour: Floats) -> Indices:
    """Return the stretch of each hour: 2 n is between two marks, 2 n + 1 is mark n itself."""
    before = np.searchsorted(marks_h, hour, side="left")
    return (before + np.searchsorted(marks_h, hour, side="right")).astype(np.intp)


def covers(source: Source, marks_h: Floats) -> np.ndarray:
    """Return for each stretch whether the source is valid in it, shape (2, stretches).

    Row 0 is for amounts, row 1 for readings (samples of a rate).
    """
    begin = np.concatenate(([-np.inf], marks_h))
    end = np.concatenate((marks_h, [np.inf]))
    found = np.zeros((2, 2 * marks_h.size + 1), dtype=bool)
    found[:, 0::2] = (begin >= source.valid_from_h) & (end <= source.valid_to_h)
    found[0, 1::2] = (marks_h > source.valid_from_h) & (marks_h <= source.valid_to_h)
    found[1, 1::2] = found[0, 1::2]
    if source.closing_new:
        found[1, 1::2] = (marks_h >= source.valid_from_h) & (marks_h < source.valid_to_h)
    return found


def epochs_of(source: Source, marks_h: Floats) -> Indices:
    """Return the calibration in force in each stretch (−1: before the first), as `covers`."""
    begun = np.array(source.epochs_h, dtype=np.float64)
    found = np.zeros((2, 2 * marks_h.size + 1), dtype=np.intp)
    begin = np.concatenate(([-np.inf], marks_h))
    found[:, 0::2] = np.searchsorted(begun, begin, side="right") - 1
    found[0, 1::2] = np.searchsorted(begun, marks_h, side="left") - 1
    side: Literal["left", "right"] = "right" if source.closing_new else "left"
    found[1, 1::2] = np.searchsorted(begun, marks_h, side=side) - 1
    return found


class _Summing:
    """One reading of the flows, summed as it passes."""

    def __init__(
        self,
        locations: Sequence[Location],
        closed_h: Floats,
        sources: Sequence[Source],
        kept_hours: Floats,
        steps_h: dict[int, float],
    ) -> None:
        self.closed_h, self.marks_h = closed_h, stretches(sources)
        self.balances = closed_h.size - 1
        self.sign = np.array([place.sign for place in locations], dtype=np.float64)
        self.is_rate = np.array([place.mode is Mode.RATE for place in locations], dtype=bool)
        self.rates = RateIntegral(steps_h, closed_h)
        self.parts: list[Cells] = []
        self.waiting = 0
        self.crossing: list[Contributions] = []
        self.sums: dict[int, tuple[HourSums, HourSums]] = {}
        self.members: dict[int, np.ndarray] = {}
        self.valid: dict[int, np.ndarray] = {}
        for number, source in enumerate(sources):
            if source.by_hour:
                self.sums[number] = (
                    HourSums(self.balances, kept_hours), HourSums(self.balances, kept_hours)
                )  # fmt: skip
                self.members[number] = np.isin(np.arange(len(locations)), source.locations)
                self.valid[number] = covers(source, self.marks_h)

    def take(self, block: Block, settled_h: float) -> None:
        """Take in a block of transfers, all of them not before `settled_h`."""
        for part in self.rates.settle(settled_h) if np.isfinite(settled_h) else ():
            self.contributions(part)
        self._settle_hours(settled_h)
        rate = self.is_rate[block.location]
        amount = ~rate & (block.kg != 0)
        location, hour, kg = block.location[amount], block.hour[amount], block.kg[amount]
        balance = np.searchsorted(self.closed_h, hour, side="left") - 1
        count = np.ones(kg.size, dtype=np.intp)
        self._add(location, balance, hour, kg, kg**2, count)
        for number in np.unique(block.location[rate]):
            own = block.location == number
            self.contributions(self.rates.feed(int(number), block.hour[own], block.kg[own]))

    def contributions(self, part: Contributions) -> None:
        """Take in what samples of a rate contribute."""
        inside = (part.balance >= 0) & (part.balance < self.balances)
        numbers, inverse = np.unique(part.sample, return_inverse=True)
        touched = np.bincount(inverse, weights=inside, minlength=numbers.size)
        several = inside & (touched[inverse] > 1)
        if several.any():
            crossing = part.where(several)
            self.crossing.append(crossing)
            self._by_hour(crossing.location, crossing.balance, crossing.hour, crossing.kg)
        one = part.where(~several)
        none = np.zeros(one.kg.size, dtype=np.intp)
        self._add(one.location, one.balance, one.hour, one.kg, one.kg**2, none)

    def _add(
        self, location: Indices, balance: Indices, hour: Floats, kg: Floats, squares: Floats,
        count: Indices,
    ) -> None:  # fmt: skip
        if not kg.size:
            return
        stretch = stretch_of(self.marks_h, hour)
        self.parts.append(merged([Cells(location, balance, stretch, kg, squares, count)]))
        self.waiting += self.parts[-1].kg.size
        if self.waiting > _MERGE_FROM:
            self.parts, self.waiting = [merged(self.parts)], 0
        self._by_hour(location, balance, hour, kg, counted=bool(count.any()))

    def _by_hour(
        self, location: Indices, balance: Indices, hour: Floats, kg: Floats, counted: bool = False
    ) -> None:
        stretch = stretch_of(self.marks_h, hour) if self.sums else hour
        for number, (relative, absolute) in self.sums.items():
            reading = self.is_rate[location].astype(np.intp)
            use = self.members[number][location] & self.valid[number][reading, stretch]
            use &= (balance >= 0) & (balance < self.balances)
            if use.any():
                sign = self.sign[location[use]]
                relative.add(hour[use], balance[use], sign * kg[use])
                if counted:
                    absolute.add(hour[use], balance[use], sign)

    def _settle_hours(self, before_h: float) -> None:
        if self.sums and np.isfinite(before_h):
            reach = max(self.rates.steps_h.values(), default=0.0) * GAP_STEPS * (1 + 1e-6)
            for pair in self.sums.values():
                for sums in pair:
                    sums.settle(before_h - reach - 1e-6)

    def result(self) -> Transfers:
        """Settle what is still open."""
        for part in self.rates.end():
            self.contributions(part)
        whole, real = np.zeros(0, dtype=np.intp), np.zeros(0)
        found = [Contributions(whole, whole, whole, real, real), *self.crossing]
        crossing = Contributions(
            np.concatenate([c.sample for c in found]),
            np.concatenate([c.location for c in found]),
            np.concatenate([c.balance for c in found]),
            np.concatenate([c.hour for c in found]),
            np.concatenate([c.kg for c in found]),
        )
        return Transfers(
            merged(self.parts), crossing,
            stretch_of(self.marks_h, crossing.hour),
            {n: (a.errors(), b.errors()) for n, (a, b) in self.sums.items()}, self.rates,
        )  # fmt: skip


def merged(parts: Sequence[Cells]) -> Cells:
    """Return cells with one entry for each location, balance and stretch."""
    if not parts:
        whole, real = np.zeros(0, dtype=np.intp), np.zeros(0)
        return Cells(whole, whole, whole, real, real, whole)
    location = np.concatenate([p.location for p in parts])
    balance = np.concatenate([p.balance for p in parts])
    stretch = np.concatenate([p.stretch for p in parts])
    width, height = int(stretch.max(initial=0)) + 1, int(balance.max(initial=0)) + 2
    key = (location * height + balance + 1) * width + stretch
    keys, inverse = np.unique(key, return_inverse=True)

    def summed(name: str) -> Floats:
        values = np.concatenate([getattr(p, name) for p in parts]).astype(np.float64)
        return np.bincount(inverse, weights=values, minlength=keys.size).astype(np.float64)

    rest = keys // width
    return Cells(
        rest // height, rest % height - 1, keys % width, summed("kg"), summed("squares"),
        summed("count").astype(np.intp),
    )  # fmt: skip


def sum_transfers(
    series: Series,
    locations: Sequence[Location],
    closed_h: Floats,
    sources: Sequence[Source],
    kept_hours: Floats,
    steps_h: dict[int, float],
) -> Transfers:
    """Sum the transfers of a series.

    Parameters
    ----------
    series : Series
        Checked.
    locations : sequence of Location
    closed_h : array of float
        T_0 to T_P.
    sources : sequence of Source
    kept_hours : array of float
        Hours at which an inventory was read.
    steps_h : dict
        Usual hours between two samples, for each location whose mode is rate.
    """
    summing = _Summing(locations, closed_h, sources, kept_hours, steps_h)
    for block in series:
        if block.hour.size:
            summing.take(block, float(block.hour[0]) if series.in_order else -np.inf)
    return summing.result()
