"""Simulated thresholds of the statistics of an evaluation that have no exact one.

MUF and CUMUF of consecutive balances are correlated, and a conservative threshold gives away power:
with shared systematic errors CUMUF most of all. A hundred thousand simulated campaigns without loss
take a second or two and give the threshold with its interval.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keiryo.compute.runner import Runner
from keiryo.errors import UsageError
from keiryo.material_balance.factoring import factor
from keiryo.material_balance.simulation import simulated_threshold
from keiryo.material_balance.thresholds import Threshold

MOST_BALANCES = 300
"""Most balances that are simulated as part of an evaluation; more keep conservative thresholds."""

STATISTICS = ("muf", "cumuf", "ewma")


def simulated_thresholds(
    covariance: npt.ArrayLike,
    alpha: float = 0.05,
    *,
    ewma_weight: float = 0.2,
    realizations: int = 100_000,
    seed: int = 1,
    runner: Runner | None = None,
) -> dict[str, Threshold]:
    """Return simulated thresholds of MUF, CUMUF and EWMA for `evaluate_sequence`.

    Parameters
    ----------
    covariance : array_like, shape (P, P)
        kg².
    alpha, ewma_weight : float
    realizations, seed : int
    runner : Runner, optional

    Returns
    -------
    dict of statistic to Threshold
        Empty for more than `MOST_BALANCES` balances, without realizations, or if no balance has a
        measurement error.

    Raises
    ------
    UsageError
        If the covariance is none, or the realizations are too few.
    """
    sigma = np.asarray(covariance, dtype=np.float64)
    if realizations <= 0 or sigma.shape[0] > MOST_BALANCES:
        return {}
    try:
        count = factor(sigma).count
    except UsageError:
        return {}  # the evaluation itself says what is wrong with it
    if count == 0:
        return {}
    return {
        statistic: simulated_threshold(
            sigma, statistic, alpha, ewma_weight=ewma_weight, realizations=realizations,
            seed=seed, runner=runner,
        )
        for statistic in STATISTICS
    }  # fmt: skip
