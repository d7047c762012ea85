"""True amounts of a campaign, from which measured ones are simulated.

A campaign is planned, or simulated, with amounts that are known without error: what flows in and
out of each location in each period, and what lies there at each closing. Each location has one
method with a relative random and a relative systematic standard deviation, and one calibration for
the whole campaign. Richer error models (shared sources, additive errors, recalibration) are given
as `ErrorVariables` instead.

Source: multiplicative error model x(1 + s + r), Burr et al., EPJ Nuclear Sci. Technol. 2 (2016) 36.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import ErrorVariables, Part, put_together

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PeriodAmounts:
    """True amounts of each location and period, and how well they are measured.

    Attributes
    ----------
    flow_kg : array of float, shape (P, F)
        Total of each flow in each period; what leaves is negative.
    flow_root_kg : array of float, shape (P, F)
        √Σx² over the amounts that were measured one by one: its product with the random standard
        deviation is the standard deviation of the total. Equal to ``abs(flow_kg)`` if a period's
        total is measured at once.
    inventory_kg : array of float, shape (P + 1, I)
        Content of each location at each closing.
    flow_random, flow_systematic : array of float, shape (F,)
    inventory_random, inventory_systematic : array of float, shape (I,)
        Relative standard deviations.
    """

    flow_kg: Floats
    flow_root_kg: Floats
    inventory_kg: Floats
    flow_random: Floats
    flow_systematic: Floats
    inventory_random: Floats
    inventory_systematic: Floats

    def __post_init__(self) -> None:
        _check_finite(self)
        balances, flows = self.flow_kg.shape
        closings, places = self.inventory_kg.shape
        if closings != balances + 1 or self.flow_root_kg.shape != self.flow_kg.shape:
            raise UsageError(
                f"{balances} periods of flows and {closings} closings do not fit together.",
                "Give one closing more than periods.",
            )
        _check_deviations(self, flows, places)

    @property
    def balances(self) -> int:
        """Number of closed balances, P."""
        return int(self.flow_kg.shape[0])

    @property
    def muf_kg(self) -> Floats:
        """True MUF of each balance, shape (P,), kg."""
        change = -np.diff(self.inventory_kg, axis=0)
        return np.asarray(self.flow_kg.sum(axis=1) + change.sum(axis=1), dtype=np.float64)

    def error_variables(self) -> ErrorVariables:
        """Return one random error per location and period or closing, one systematic each."""
        balances, flows = self.flow_kg.shape
        parts = []
        for f in range(flows):
            random = self.flow_root_kg[:, f] * self.flow_random[f]
            parts.append(_part("random", np.arange(balances), np.arange(balances), f, random))
            parts.append(_systematic(self.flow_kg[:, f] * self.flow_systematic[f], f))
        for i in range(self.inventory_kg.shape[1]):
            at = self.inventory_kg[:, i] * self.inventory_random[i]
            # The closing inventory of one balance is the opening one of the next.
            numbers = np.arange(balances)
            variable = np.concatenate([numbers, numbers + 1])
            value = np.concatenate([at[:-1], -at[1:]])
            parts.append(_part("random", variable, np.tile(numbers, 2), flows + i, value))
            change = -np.diff(self.inventory_kg[:, i]) * self.inventory_systematic[i]
            parts.append(_systematic(change, flows + i))
        strata = [f"location {n + 1}" for n in range(flows + self.inventory_kg.shape[1])]
        return put_together(parts, balances=balances, strata=strata)


@dataclass(frozen=True, slots=True)
class SampledAmounts:
    """True amounts of every single sample: what a plant's instruments would read without error.

    Attributes
    ----------
    sample_kg : array of float, shape (T, F)
        Amount of each flow in each sample, e.g. each hour; what leaves is negative.
    balance : array of int, shape (T,)
        Balance that each sample belongs to, from 0, not decreasing.
    inventory_kg : array of float, shape (P + 1, I)
    flow_random, flow_systematic : array of float, shape (F,)
    inventory_random, inventory_systematic : array of float, shape (I,)
        Relative standard deviations.
    """

    sample_kg: Floats
    balance: Indices
    inventory_kg: Floats
    flow_random: Floats
    flow_systematic: Floats
    inventory_random: Floats
    inventory_systematic: Floats

    def __post_init__(self) -> None:
        _check_finite(self)
        samples, flows = self.sample_kg.shape
        closings, places = self.inventory_kg.shape
        number = self.balance
        if number.shape != (samples,) or (np.diff(number) < 0).any():
            raise UsageError(
                "The samples are not in the order of the balances.",
                "Give for each sample the number of its balance, from 0, not decreasing.",
            )
        if samples and not 0 <= number[0] <= number[-1] < closings - 1:
            raise UsageError(
                "A sample lies outside the balances.", "Leave out samples that belong to none."
            )
        _check_deviations(self, flows, places)

    @property
    def balances(self) -> int:
        """Number of closed balances, P."""
        return int(self.inventory_kg.shape[0]) - 1

    def by_period(self, measured: Literal["sample", "period"] = "sample") -> PeriodAmounts:
        """Return the amounts of each period.

        Parameters
        ----------
        measured : "sample" or "period"
            Whether each sample has a random error of its own, or each period's total one.
        """
        total = self.sums(self.sample_kg)
        root = np.sqrt(self.sums(self.sample_kg**2)) if measured == "sample" else np.abs(total)
        return PeriodAmounts(
            total, root, self.inventory_kg, self.flow_random, self.flow_systematic,
            self.inventory_random, self.inventory_systematic,
        )  # fmt: skip

    def sums(self, values: Floats) -> Floats:
        """Return sums over the samples of each balance; the samples are the axis before the last.

        Parameters
        ----------
        values : array of float, shape (..., T, F)

        Returns
        -------
        array of float, shape (..., P, F)
        """
        found = np.zeros((*values.shape[:-2], self.balances, values.shape[-1]))
        present, first = np.unique(self.balance, return_index=True)
        if present.size:
            found[..., present, :] = np.add.reduceat(values, first, axis=-2)
        return found


def _part(source: str, variable: Indices, balance: Indices, stratum: int, value_kg: Floats) -> Part:
    place = np.full(variable.size, stratum, dtype=np.intp)
    return Part(source, variable.astype(np.intp), balance.astype(np.intp), place, value_kg)


def _systematic(value_kg: Floats, stratum: int) -> Part:
    none = np.zeros(value_kg.size, dtype=np.intp)
    return _part("systematic", none, np.arange(value_kg.size), stratum, value_kg)


def _check_finite(amounts: Any) -> None:
    for field in fields(amounts):
        if not np.isfinite(getattr(amounts, field.name)).all():
            raise UsageError(
                f"{field.name} holds a number that is not finite.",
                "Replace missing amounts (NaN) by measured ones, or leave their balances out.",
            )


def _check_deviations(amounts: Any, flows: int, places: int) -> None:
    for names, size in (("flow", flows), ("inventory", places)):
        for kind in ("random", "systematic"):
            deviation = getattr(amounts, f"{names}_{kind}")
            if deviation.shape != (size,) or (deviation < 0).any():
                raise UsageError(
                    f"{names}_{kind} must hold {size} standard deviations, none negative.",
                    "Give one relative standard deviation for each location.",
                )
