"""From random numbers to MUF: three levels of detail with one distribution.

A measured plant has an error in every single sample, but a closed balance needs only sums over its
period. This module draws MUF at three levels:

``"sample"``
    every amount gets its own errors, x(1 + s + r), and the period sums are formed from what was
    measured, as a plant would. Slow; it is the reference that the others are tested against.
``"period"``
    one number for each error variable: one per location and period, one per inventory and closing,
    one per systematic error. MUF = Z S, with the sensitivities S.
``"balance"``
    one number for each balance: MUF = L y, with Σ = L Lᵀ the covariance of MUF. The default.

The three have exactly the same distribution. Proof: measured amounts are linear in the errors, so
the MUF vector is its true value plus a fixed linear map of independent normal deviates; such a
vector is normal, and a normal vector is determined by its mean and its covariance alone. The mean
is the true MUF at every level. (a) From sample to period: the random errors of the n amounts of one
location in one period enter only one balance, as Σ x_i δ ε_i. A sum of independent normal deviates
is normal, with variance δ² Σ x_i²: the same as of one deviate times δ √(Σ x_i²); it stays
independent of all others, because no error occurs in two of these sums. (b) From period to balance:
Z S is normal with covariance Sᵀ S = Σ, and L y with y ~ N(0, I) is normal with covariance L Lᵀ = Σ.
Nothing is approximated in either step; it holds for 1 sample as for 10⁶. What it needs is that the
errors are normal and that their size depends on true amounts, which is the error model.

So a campaign of 31 locations with 6481 samples each needs 15 numbers per realization for its 15
balances, instead of 200 911.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import ErrorVariables
from keiryo.material_balance.factoring import Factor, factor
from keiryo.material_balance.simulation_amounts import PeriodAmounts, SampledAmounts

Floats = npt.NDArray[np.float64]
ErrorLevel = Literal["balance", "period", "sample"]
ErrorModel = ErrorVariables | PeriodAmounts | SampledAmounts | Floats
"""Error variables, true amounts with standard deviations, or the covariance of MUF, kg²."""

_DENSE_ENTRIES = 4_000_000


class Draw(Protocol):
    """Turns standard normal deviates into errors of MUF."""

    @property
    def width(self) -> int:
        """How many numbers one realization needs."""
        ...

    def muf(self, numbers: Floats) -> Floats:
        """Return errors of MUF, shape (rows, P), kg, from numbers of shape (rows, width)."""
        ...


@dataclass(frozen=True, slots=True)
class LinearDraw:
    """MUF as a linear map of the numbers: levels ``"balance"`` and ``"period"``.

    Attributes
    ----------
    matrix : array of float or sparse array, shape (width, P)
    """

    matrix: Any

    @property
    def width(self) -> int:
        """How many numbers one realization needs."""
        return int(self.matrix.shape[0])

    def muf(self, numbers: Floats) -> Floats:
        """Return errors of MUF, shape (rows, P), kg."""
        return np.asarray(numbers @ self.matrix, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SampleDraw:
    """MUF from an error of every single sample: level ``"sample"``."""

    amounts: SampledAmounts

    @property
    def width(self) -> int:
        """How many numbers one realization needs."""
        amounts = self.amounts
        flows, places = amounts.sample_kg.shape[1], amounts.inventory_kg.shape[1]
        return int(amounts.sample_kg.size + amounts.inventory_kg.size + flows + places)

    def muf(self, numbers: Floats) -> Floats:
        """Return errors of MUF, shape (rows, P), kg."""
        a = self.amounts
        shapes = [a.sample_kg.shape, a.inventory_kg.shape, (1, a.sample_kg.shape[1])]
        shapes.append((1, a.inventory_kg.shape[1]))
        ends = np.cumsum([rows * columns for rows, columns in shapes])[:-1]
        pieces = np.split(numbers, ends, axis=1)
        flow_r, stock_r, flow_s, stock_s = (
            piece.reshape(len(numbers), *shape) for piece, shape in zip(pieces, shapes, strict=True)
        )
        measured = a.sample_kg * (1 + flow_s * a.flow_systematic + flow_r * a.flow_random)
        stock = a.inventory_kg * (
            1 + stock_s * a.inventory_systematic + stock_r * a.inventory_random
        )
        observed = a.sums(measured).sum(axis=-1) - np.diff(stock, axis=1).sum(axis=-1)
        return np.asarray(observed - a.by_period().muf_kg, dtype=np.float64)


def covariance_of(model: ErrorModel) -> Floats:
    """Return the covariance of MUF, shape (P, P), kg²."""
    if isinstance(model, SampledAmounts):
        model = model.by_period()
    if isinstance(model, PeriodAmounts):
        model = model.error_variables()
    if isinstance(model, ErrorVariables):
        return model.covariance()
    return np.asarray(model, dtype=np.float64)


def drawing(model: ErrorModel, errors: ErrorLevel, known: Factor | None = None) -> Draw:
    """Return how MUF is drawn at a level of detail.

    Parameters
    ----------
    model : ErrorVariables, PeriodAmounts, SampledAmounts or array of float, shape (P, P)
    errors : {"balance", "period", "sample"}
    known : Factor, optional
        Factor of the covariance, if it was computed before.

    Raises
    ------
    UsageError
        If the level needs more than the model tells.
    """
    if errors == "sample":
        if not isinstance(model, SampledAmounts):
            raise UsageError(
                "Errors of single samples were asked for, but the amounts of the samples are not "
                "known.",
                'Give the sampled amounts, or draw errors per "period" or "balance": the '
                "distribution is the same.",
            )
        return SampleDraw(model)
    if errors == "period":
        if isinstance(model, SampledAmounts):
            model = model.by_period()
        if isinstance(model, PeriodAmounts):
            model = model.error_variables()
        if not isinstance(model, ErrorVariables):
            raise UsageError(
                "Errors of each location and period were asked for, but only a covariance is "
                "known.",
                'Give the error variables, or draw errors per "balance": the distribution is the '
                "same.",
            )
        return LinearDraw(_merged(model))
    if errors != "balance":
        raise UsageError(
            f"There is no level of errors called {errors!r}.", "Use balance, period or sample."
        )
    covariance = covariance_of(model)
    return LinearDraw(_spread(covariance, known or factor(covariance)))


def _spread(covariance: Floats, known: Factor) -> Floats:
    """Return Lᵀ, extended to balances that the usable ones determine; shape (usable, P).

    A balance left out of the factor has no variance beside the usable ones, so it is Σ_{d,u} L⁻ᵀ y
    exactly.
    """
    if known.count == known.balances:
        return np.ascontiguousarray(known.lower.T)
    rows = covariance[known.usable]
    found = linalg.solve_triangular(known.lower, rows, lower=True, check_finite=False)
    return np.asarray(found, dtype=np.float64)


def _merged(variables: ErrorVariables) -> Any:
    """Return sensitivities in which variables of one source that enter one balance alone are one.

    Their sum is normal with the sum of their variances (see the proof above).
    """
    matrix = variables.matrix()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    entries = np.diff(matrix.indptr)
    alone = matrix[np.flatnonzero(entries == 1)]
    source = variables.source_of[np.flatnonzero(entries == 1)]
    variance = np.zeros((len(variables.sources), variables.balances))
    np.add.at(variance, (source, alone.indices), alone.data**2)
    owner, balance = np.nonzero(variance)
    numbers = np.arange(owner.size)
    shape = (owner.size, variables.balances)
    root = np.sqrt(variance[owner, balance])
    single = sparse.csr_array((root, (numbers, balance)), shape=shape)
    others = matrix[np.flatnonzero(entries > 1)]
    found = sparse.vstack([others, single], format="csr")
    return found.toarray() if found.shape[0] * found.shape[1] <= _DENSE_ENTRIES else found
