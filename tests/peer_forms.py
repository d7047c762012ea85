"""How MAPIT 1.5.13-beta computes: our own short formulas of what differs from keiryo.

Written from observed results and a description of them, in plain NumPy; none of MAPIT's code is
here. MAPIT (Material Accountancy Performance Indicator Toolkit, Sandia National Laboratories) calls
itself beta. These forms exist so that tests and the theory pages can put both numbers side by side.

Amounts are sampled on whole hours: arrays of shape (locations, hours), kg. Closing b lies at hour
``b * period``. A *slot* is a place in MAPIT's arrays of results: slot 0 is empty, balance i is in
slot i.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plant:
    """True amounts of a campaign, one standard deviation for every location of a kind."""

    inputs: Floats
    outputs: Floats
    inventories: Floats
    period: int
    flow_sd: tuple[float, float] = (0.005, 0.005)  # relative: random, systematic
    inventory_sd: tuple[float, float] = (0.005, 0.005)
    balances: int | None = None

    @property
    def count(self) -> int:
        """Number of balances that are computed."""
        if self.balances is not None:
            return self.balances
        return balances_computed(self.inputs.shape[1] - 1, self.period)

    def flows(self) -> Floats:
        """Inputs and outputs one below the other; the sign does not matter for variances."""
        return np.concatenate([self.inputs, self.outputs])

    def contents(self) -> Floats:
        """Inventories at closings 0..P, shape (P + 1, locations)."""
        return self.inventories[:, : self.count * self.period + 1 : self.period].T


def balances_computed(last_hour: float, period: float) -> int:
    """Item 6: closings are counted as ceil(T / period), and the last of them is not computed."""
    return math.ceil(last_hour / period) - 1


def closed_window(amounts: Floats, first: int, last: int) -> Floats:
    """Item 5: amounts of a window that is closed at both ends, per location."""
    return amounts[:, first : last + 1].sum(axis=1)


def muf(plant: Plant) -> Floats:
    """MUF of balances 1..P with windows closed at both ends (discrete flows)."""
    t, content = plant.period, plant.contents().sum(axis=1)
    found = []
    for i in range(1, plant.count + 1):
        window = ((i - 1) * t, i * t)
        change = content[i] - content[i - 1]
        flow = closed_window(plant.inputs, *window).sum()
        found.append(flow - closed_window(plant.outputs, *window).sum() - change)
    return np.array(found)


def cumuf(muf_kg: Floats) -> Floats:
    """Item 7: balances are recognized by a change of MUF, so equal neighbours count once."""
    counted = np.ones(len(muf_kg), dtype=bool)
    counted[1:] = muf_kg[1:] != muf_kg[:-1]
    return np.cumsum(np.where(counted, muf_kg, 0.0))


def active_inventory(plant: Plant) -> Floats:
    """Item 8: inputs, the last output only, and the ending inventory, afterwards its change."""
    t, content = plant.period, plant.contents().sum(axis=1)
    found = []
    for i in range(1, plant.count + 1):
        window = ((i - 1) * t, i * t)
        held = content[i] - (content[i - 1] if i > 1 else 0.0)
        last_output = closed_window(plant.outputs, *window)[-1]
        found.append(closed_window(plant.inputs, *window).sum() + last_output + held)
    return np.array(found)


def sigma_muf(plant: Plant) -> Floats:
    """Item 3: one random error per period total; no opening inventory in balance 1."""
    t, content, flows = plant.period, plant.contents(), plant.flows()
    flow_variance, held_variance = (sum(s**2 for s in p) for p in _sds(plant))
    found = []
    for i in range(1, plant.count + 1):
        held = (content[i] ** 2).sum() + ((content[i - 1] ** 2).sum() if i > 1 else 0.0)
        moved = (closed_window(flows, (i - 1) * t, i * t) ** 2).sum()
        found.append(math.sqrt(flow_variance * moved + held_variance * held))
    return np.array(found)


def covariance(plant: Plant, *, window_periods: int = 2) -> Floats:
    """Item 1: the row of balance i after the first takes the amounts of two periods.

    ``window_periods=1`` corrects that one point and leaves all others as they are.
    """
    t, flows, content = plant.period, plant.flows(), plant.contents()
    (flow_r, flow_s), (held_r, held_s) = _sds(plant)
    count = plant.count
    wide, one, wide_change, one_change, openings = [], [], [], [], []
    for i in range(1, count + 1):
        begun = max(0, i - window_periods)
        wide.append(closed_window(flows, begun * t, i * t))
        one.append(closed_window(flows, (i - 1) * t, i * t))
        opening = content[begun] if i > 1 else np.zeros_like(content[0])  # item 3: left out
        wide_change.append(content[i] - opening)
        openings.append(opening)
        one_change.append(content[i] - content[i - 1])
    found = np.zeros((count, count))
    for i in range(count):
        found[i, i] = (
            (flow_r**2 + flow_s**2) * (wide[i] ** 2).sum()
            + held_r**2 * ((content[i + 1] ** 2).sum() + (openings[i] ** 2).sum())
            + held_s**2 * (wide_change[i] ** 2).sum()
        )
        for j in range(i + 1, count):
            found[i, j] = flow_s**2 * (wide[i] * one[j]).sum()
            found[i, j] += held_s**2 * (wide_change[i] * one_change[j]).sum()
            if j == i + 1:
                found[i, j] -= held_r**2 * (content[i + 1] ** 2).sum()
            found[j, i] = found[i, j]
    return found


def _sds(plant: Plant) -> tuple[tuple[float, float], tuple[float, float]]:
    return plant.flow_sd, plant.inventory_sd


def paired_by_slot(muf_kg: Floats) -> Floats:
    """Item 2: slots 0..P−1 of MUF, the first empty, stand against balances 1..P."""
    shifted = np.zeros_like(muf_kg)
    shifted[..., 1:] = muf_kg[..., :-1]
    return shifted


def sitmuf(muf_kg: Floats, covariance_kg2: Floats) -> Floats:
    """Items 1 and 2: inverse Cholesky factor of that covariance times the shifted MUF."""
    factor = np.linalg.cholesky(covariance_kg2)
    return np.linalg.solve(factor, paired_by_slot(muf_kg)[..., None])[..., 0]


def page(y: Floats, k: float = 0.5) -> Floats:
    """Item 4: the first value starts without k (harmless, because slot 0 is empty)."""
    found = np.zeros_like(y)
    found[..., 0] = np.maximum(0.0, y[..., 0])
    for i in range(1, y.shape[-1]):
        found[..., i] = np.maximum(0.0, found[..., i - 1] + y[..., i] - k)
    return found


def gemuf_v1(y: Floats) -> Floats:
    """Running sum of squares of the shifted, wrongly scaled sequence."""
    return np.cumsum(y**2, axis=-1)


def gemuf_v5b3_defined(balances: int) -> list[int]:
    """Item 13: balances for which GEMUF V5B3 is given; right is 3..P−2, the first is 0."""
    return list(range(2, balances - 2))


def recalibration_factor(hours: Floats, calibrations: Floats, errors: Floats) -> Floats:
    """Item 9: 1 + s within an epoch; after the last calibration the 1 is added to itself.

    ``errors[e]`` is the systematic error of the epoch before ``calibrations[e]``.
    """
    factor = np.full(len(hours), 2.0)
    for begun, ended, error in zip([-np.inf, *calibrations], calibrations, errors, strict=False):
        factor[(hours > begun) & (hours <= ended)] = 1.0 + error
    return factor


def rate_integral(hours: Floats, rate: Floats, closings: Floats) -> Floats:
    """Item 12: trapezoid over the samples inside each period; nothing between them and closings."""
    found = []
    for begun, ended in itertools.pairwise(closings):
        inside = (hours >= begun) & (hours <= ended)
        found.append(np.trapezoid(rate[inside], hours[inside]))
    return np.array(found)
