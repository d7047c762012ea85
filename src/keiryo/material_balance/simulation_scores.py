"""Values of a test statistic in simulated campaigns, and when it raises an alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri

from keiryo.errors import UsageError
from keiryo.material_balance.factoring import Factor, factor
from keiryo.material_balance.simulation_draws import (
    Draw,
    ErrorLevel,
    ErrorModel,
    LinearDraw,
    covariance_of,
    drawing,
)
from keiryo.material_balance.statistics import (
    ewma,
    gemuf_v1,
    gemuf_v5,
    page,
    sigma_cumuf,
    standardise,
)

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

STATISTICS = ("muf", "cumuf", "sitmuf", "page", "ewma", "gemuf_v1", "gemuf_v5")

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Simulation:
    """All that is needed to simulate one statistic of a campaign, here or in another process.

    Attributes
    ----------
    statistic : str
        One of `STATISTICS`.
    draw : Draw
    drawn_are_residuals : bool
        Whether the random numbers themselves are the standardised residuals y.
    factor : Factor
    sigma_kg : array of float, shape (P,)
        Standard deviation of MUF (of CUMUF for ``"cumuf"``).
    columns : array of int
        The balances that the statistic has a value for.
    loss_kg : array of float, shape (P,)
        What is removed in each balance.
    k, weight : float
        Reference value of Page's test; weight of the EWMA.
    seed, realizations : int
    """

    statistic: str
    draw: Draw
    drawn_are_residuals: bool
    factor: Factor
    sigma_kg: Floats
    columns: Indices
    loss_kg: Floats
    k: float
    weight: float
    seed: int
    realizations: int

    def values(self, numbers: Floats) -> Floats:
        """Return the statistic, shape (rows, columns), from random numbers (rows, width).

        MUF and CUMUF are divided by their standard deviation.
        """
        if self.statistic in {"muf", "cumuf"}:
            muf = self.draw.muf(numbers) + self.loss_kg
            summed = np.cumsum(muf, axis=1) if self.statistic == "cumuf" else muf
            return np.asarray(summed[:, self.columns] / self.sigma_kg[self.columns])
        if self.statistic == "gemuf_v5":
            muf = self.draw.muf(numbers) + self.loss_kg
            return gemuf_v5(muf, self.factor)[:, self.columns]
        y = self._residuals(numbers)
        if self.statistic == "page":
            return page(y, self.k)
        if self.statistic == "ewma":
            return ewma(y, self.weight)
        return gemuf_v1(y) if self.statistic == "gemuf_v1" else y

    def _residuals(self, numbers: Floats) -> Floats:
        """Return the standardised residuals of the usable balances, shape (rows, usable)."""
        usable = self.factor.usable
        if not self.drawn_are_residuals:
            muf = self.draw.muf(numbers) + self.loss_kg
            return standardise(muf, self.factor)[:, usable]
        if not self.loss_kg.any():
            return numbers
        return np.asarray(numbers + standardise(self.loss_kg, self.factor)[usable])

    def scores(self, values: Floats, above: float = -np.inf) -> Floats:
        """Return how far each campaign went: the value that a threshold is compared with.

        The largest value over the balances; for GEMUF V1 minus the smallest chi-square
        probability. Scores that are not above `above` may be given as −∞.
        """
        if self.statistic != "gemuf_v1":
            return np.asarray(values.max(axis=1), dtype=np.float64)
        freedom = np.arange(1, values.shape[1] + 1)
        found = np.full(len(values), -np.inf)
        rows = np.arange(len(values))
        if -1.0 < above < 0.0:
            # Probabilities are dear: only for campaigns that may reach the one asked for.
            limits = chdtri(freedom, -above) * (1.0 - _ROUNDING)
            rows = np.flatnonzero((values >= limits).any(axis=1))
        found[rows] = -chdtrc(freedom, values[rows]).min(axis=1)
        return found

    def limits(self, threshold: float) -> Floats:
        """Return the value above which each balance alarms, shape (columns,)."""
        if self.statistic == "gemuf_v1":
            return np.asarray(chdtri(np.arange(1, self.columns.size + 1), threshold))
        return np.full(self.columns.size, threshold)


def simulation(
    model: ErrorModel,
    statistic: str,
    *,
    loss_kg: npt.ArrayLike | None = None,
    k: float = 0.5,
    weight: float = 0.2,
    errors: ErrorLevel = "balance",
    seed: int,
    realizations: int,
) -> Simulation:
    """Return what is needed to simulate one statistic.

    Raises
    ------
    UsageError
        If there is no such statistic, or it has no value for these balances.
    """
    if statistic not in STATISTICS:
        raise UsageError(
            f"There is no statistic called {statistic!r}.", f"Use one of {', '.join(STATISTICS)}."
        )
    covariance = covariance_of(model)
    known = factor(covariance)
    draw = drawing(covariance if errors == "balance" else model, errors, known)
    sigma = np.sqrt(np.diagonal(covariance))
    columns = np.flatnonzero(known.usable)
    if statistic in {"muf", "cumuf"}:
        sigma = sigma_cumuf(covariance) if statistic == "cumuf" else sigma
        columns = np.flatnonzero(sigma > 0)
    elif statistic == "gemuf_v5":
        columns = columns[2:-2]
    if columns.size == 0:
        raise UsageError(
            f"The statistic {statistic} has no value in any of the {known.balances} balances.",
            "GEMUF V5 needs five balances. Otherwise: no balance has a measurement error."
            if statistic == "gemuf_v5"
            else "No balance has a measurement error: give the error sources.",
        )
    loss = _checked_loss(loss_kg, known.balances)
    return Simulation(
        statistic, draw, errors == "balance" and isinstance(draw, LinearDraw), known, sigma,
        columns, loss, k, weight, seed, realizations,
    )  # fmt: skip


def _checked_loss(loss_kg: npt.ArrayLike | None, balances: int) -> Floats:
    loss = np.zeros(balances) if loss_kg is None else np.asarray(loss_kg, dtype=np.float64)
    if loss.shape != (balances,) or not np.isfinite(loss).all():
        raise UsageError(
            f"The loss must be {balances} finite numbers of kilograms, one for each balance.",
            "Give 0 for the balances from which nothing is taken.",
        )
    return loss
