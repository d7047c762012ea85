"""By how much each measurement error changes each balance: error variables of a process.

Every independent error of the plant is one variable, with its effect on the MUF of every balance.
A systematic error (of a calibration, or of the whole campaign) moves all that was measured with
it by the same fraction: its effect is the signed sum of the amounts, or for an error in kilograms
their signed number. A random error is new each time; those that touch one balance only are put
together, because the sum of independent normal errors is exactly one normal error. The inventory
at a closing is measured once, and enters two balances with opposite signs.

Source: error propagation for sequences of balances, e.g. Bowen and Bennett, NUREG/CR-4604.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from keiryo.material_balance.error_variables import ErrorVariables, Part, put_together
from keiryo.process_data.error_sources import Source
from keiryo.process_data.hour_sums import HourErrors
from keiryo.process_data.hours import Floats, Indices
from keiryo.process_data.inventories import Closed
from keiryo.process_data.locations import Location, Mode
from keiryo.process_data.transfers import Transfers, covers, epochs_of, stretches

SEVERAL = "several locations"
"""The stratum of errors that several locations share hour by hour."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All measurements of a campaign, with their effect on the balances.

    Attributes
    ----------
    locations : tuple of Location
    closed : Closed
    transfers : Transfers
    """

    locations: tuple[Location, ...]
    closed: Closed
    transfers: Transfers

    @property
    def balances(self) -> int:
        """Number of balances, P."""
        return self.closed.balances

    @property
    def reading(self) -> Indices:
        """1 for each location whose samples are readings of a rate, 0 for the others."""
        return np.array([p.mode is Mode.RATE for p in self.locations], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class _Entries:
    """Effects on balances: whose error (a key), where, and by how much."""

    key: Indices
    balance: Indices
    stratum: Indices
    value: Floats

    def part(self, source: str, sd: float) -> Part:
        """Return them as variables: one for each key."""
        _, variable = np.unique(self.key, return_inverse=True)
        return Part(
            source, variable.astype(np.intp), self.balance.astype(np.intp),
            self.stratum.astype(np.intp), self.value * sd,
        )  # fmt: skip


def error_variables(measured: Measured, sources: Sequence[Source]) -> ErrorVariables:
    """Return the error variables that the sources make of what was measured."""
    strata = (*(place.name for place in measured.locations), SEVERAL)
    parts: list[Part] = []
    marks_h = stretches(sources)
    for number, source in enumerate(sources):
        none = np.zeros(0, dtype=np.intp)
        parts.append(Part(source.id, none, none, none, np.zeros(0)))
        for sd, absolute in ((source.relative_sd, False), (source.absolute_sd_kg, True)):
            if sd > 0:
                effects = _Effects(measured, source, number, marks_h, absolute)
                parts.extend(entries.part(source.id, sd) for entries in effects.entries())
    return put_together(parts, balances=measured.balances, strata=strata)


def inventory_epochs(source: Source, read_at: Floats) -> tuple[Indices, np.ndarray]:
    """Return the calibration that each reading was taken with, and whether the source is valid."""
    begun = np.array(source.epochs_h)
    if source.closing_new:
        epoch = np.searchsorted(begun, read_at, side="right") - 1
    else:
        epoch = np.searchsorted(begun, read_at, side="left") - 1
    if source.closing_new:
        valid = (read_at >= source.valid_from_h) & (read_at < source.valid_to_h)
    else:
        valid = (read_at > source.valid_from_h) & (read_at <= source.valid_to_h)
    return epoch.astype(np.intp), valid


class _Effects:
    """The effects of one source, of its relative or of its absolute part."""

    def __init__(
        self, measured: Measured, source: Source, number: int, marks_h: Floats, absolute: bool
    ) -> None:
        self.measured, self.source, self.number, self.absolute = measured, source, number, absolute
        self.balances = measured.balances
        self.count = len(measured.locations)
        self.sign = np.array([p.sign for p in measured.locations], dtype=np.float64)
        member = np.isin(np.arange(self.count), source.locations)
        self.reading = reading = measured.reading
        valid, self.epoch_of = covers(source, marks_h), epochs_of(source, marks_h)
        cells = measured.transfers.cells
        inside = (cells.balance >= 0) & (cells.balance < self.balances)
        self.cells = cells.where(
            inside & member[cells.location] & valid[reading[cells.location], cells.stretch]
        )
        crossing, stretch = measured.transfers.crossing, measured.transfers.crossing_stretch
        use = member[crossing.location] & valid[reading[crossing.location], stretch]
        self.crossing, self.crossing_stretch = crossing.where(use), stretch[use]
        self.member = member

    def entries(self) -> Iterator[_Entries]:
        """Return the effects, in groups of independent errors."""
        if self.source.kind != "random":
            yield self._systematic()
        elif not self.source.shared:
            yield from self._own_per_period() if self.source.per == "period" else self._own()
            yield self._readings_one_by_one()
        elif self.source.per == "period":
            yield self._shared_per_period()
        else:
            yield from self._shared_by_hour()

    def _inventory(self) -> tuple[Indices, Indices, Indices, Floats, Floats, Indices]:
        """Return location, closing, balance, effect, hour, epoch of each reading, twice."""
        closed = self.measured.closed
        row, closing = np.nonzero(self.member[closed.locations][:, None] & np.isfinite(closed.kg))
        read_at, kg = closed.read_at[row, closing], closed.kg[row, closing]
        epoch, valid = inventory_epochs(self.source, read_at)
        row, closing, read_at, kg, epoch = (
            x[valid] for x in (row, closing, read_at, kg, epoch)
        )  # fmt: skip
        amount = np.ones(kg.size) if self.absolute else kg
        location = closed.locations[row]
        begins, ends = closing < self.balances, closing > 0
        return (
            np.concatenate((location[begins], location[ends])),
            np.concatenate((closing[begins], closing[ends])),
            np.concatenate((closing[begins], closing[ends] - 1)),
            np.concatenate((amount[begins], -amount[ends])),
            np.concatenate((read_at[begins], read_at[ends])),
            np.concatenate((epoch[begins], epoch[ends])),
        )

    def _flow_effects(self) -> tuple[Indices, Indices, Indices, Floats]:
        """Return location, balance, stretch and signed sum (or number) of transfers."""
        cells, crossing = self.cells, self.crossing
        if self.absolute:
            return (
                cells.location, cells.balance, cells.stretch,
                self.sign[cells.location] * cells.count,
            )  # fmt: skip
        location = np.concatenate((cells.location, crossing.location))
        return (
            location,
            np.concatenate((cells.balance, crossing.balance)),
            np.concatenate((cells.stretch, self.crossing_stretch)),
            self.sign[location] * np.concatenate((cells.kg, crossing.kg)),
        )

    def _systematic(self) -> _Entries:
        """One error for each calibration, and for each location unless they share it."""
        place, balance, stretch, value = self._flow_effects()
        at, _, closes, effect, _, epoch = self._inventory()
        location = np.concatenate((place, at))
        epochs = np.concatenate((self.epoch_of[self.reading[place], stretch], epoch))
        key = (epochs + 1) * (self.count + 1) + (0 if self.source.shared else location)
        return _Entries(
            key, np.concatenate((balance, closes)), location, np.concatenate((value, effect))
        )

    def _own(self) -> Iterator[_Entries]:
        """One error for each transfer, independent."""
        cells, crossing = self.cells, self.crossing
        squares = cells.count.astype(np.float64) if self.absolute else cells.squares
        key = cells.location * self.balances + cells.balance
        keys, inverse = np.unique(key, return_inverse=True)
        total = np.bincount(inverse, weights=squares, minlength=keys.size)
        yield _Entries(keys, keys % self.balances, keys // self.balances, np.sqrt(total))
        if not self.absolute:
            value = self.sign[crossing.location] * crossing.kg
            yield _Entries(crossing.sample, crossing.balance, crossing.location, value)

    def _period_totals(self) -> tuple[Indices, Indices, Floats]:
        """Return location, balance and the signed total of each period (or ±1 if there was any).

        One error per period is one error of its total: in kilograms, too, it enters once for each
        location and period, however many transfers make the total. A period without any has none.
        """
        cells, crossing = self.cells, self.crossing
        location = np.concatenate((cells.location, crossing.location))
        balance = np.concatenate((cells.balance, crossing.balance))
        kg = np.concatenate((cells.kg, crossing.kg))
        keys, inverse = np.unique(location * self.balances + balance, return_inverse=True)
        total = np.bincount(inverse, weights=kg, minlength=keys.size)
        if self.absolute:
            total = (total != 0).astype(np.float64)
        place = keys // self.balances
        return place, keys % self.balances, self.sign[place] * total

    def _own_per_period(self) -> Iterator[_Entries]:
        place, balance, value = self._period_totals()
        yield _Entries(place * self.balances + balance, balance, place, value)

    def _readings_one_by_one(self) -> _Entries:
        at, closing, closes, effect, _, _ = self._inventory()
        return _Entries(at * (self.balances + 1) + closing, closes, at, effect)

    def _shared_per_period(self) -> _Entries:
        """One error for all in a period; an inventory goes with the period that ends with it."""
        place, balance, value = self._period_totals()
        at, closing, closes, effect, _, _ = self._inventory()
        return _Entries(
            np.concatenate((balance + 1, closing)),
            np.concatenate((balance, closes)),
            np.concatenate((place, at)),
            np.concatenate((value, effect)),
        )

    def _shared_by_hour(self) -> Iterator[_Entries]:
        """One error for all that is measured at the same hour."""
        sums: HourErrors = self.measured.transfers.by_hour[self.number][int(self.absolute)]
        every = np.arange(self.balances)
        several = np.full(self.balances, self.count)
        yield _Entries(every, every, several, np.sqrt(sums.squares))
        at, _, closes, effect, read_at, _ = self._inventory()
        hours = np.concatenate((sums.hour, read_at))
        _, key = np.unique(hours, return_inverse=True)
        yield _Entries(
            key.astype(np.intp),
            np.concatenate((sums.balance, closes)),
            np.concatenate((np.full(sums.hour.size, self.count), at)),
            np.concatenate((sums.value, effect)),
        )
