"""What happens to a test when the true errors are not the declared ones.

If every true standard deviation is f times the declared one, the residuals y have standard
deviation f instead of 1: the false-alarm probability is no longer alpha, and the detection
probability changes. Both are exact: dividing y, its mean, threshold and reference value by f gives
the standard case again. Show at least f = 0.7 and 1.4.

Source: Burr and Hamada, Nucl. Sci. Eng. 177 (2014): tests of SITMUF tolerate modest errors of the
covariance on average, but not for a specific facility.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr
from scipy.stats import ncx2

from keiryo.errors import UsageError
from keiryo.material_balance import page_propagation
from keiryo.material_balance.detection import detection
from keiryo.material_balance.factoring import factor
from keiryo.material_balance.statistics import standardise

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Robustness:
    """One test while all true standard deviations are `factor` times the declared ones.

    Attributes
    ----------
    factor : float
    false_alarm_probability : float
        Of the whole campaign, with the threshold for the declared errors.
    detection_probability : float
        With the same threshold.
    detection_probability_known : float
        If the true errors were declared, and the false-alarm probability were alpha again.
    """

    factor: float
    false_alarm_probability: float
    detection_probability: float
    detection_probability_known: float


def robustness(
    loss_kg: npt.ArrayLike,
    covariance: npt.ArrayLike,
    statistic: str,
    *,
    alpha: float = 0.05,
    k: float = 0.5,
    factors: Sequence[float] = (0.7, 1.0, 1.4),
) -> tuple[Robustness, ...]:
    """Return false-alarm and detection probabilities for true errors of `factors` times declared.

    `statistic` is one of those of `detection`; the exact probabilities are for a common factor.

    Raises
    ------
    UsageError
        If a factor is not positive, or the statistic is not one of `detection`.
    """
    declared = detection(loss_kg, covariance, statistic, alpha=alpha, k=k)
    sigma = np.asarray(covariance, dtype=np.float64)
    mean = standardise(loss_kg, factor(sigma))
    loss = np.asarray(loss_kg, dtype=np.float64)
    found = []
    for scale in factors:
        if not (math.isfinite(scale) and scale > 0):
            raise UsageError(
                f"a factor of {scale} is not a positive number", "Common factors: 0.7 and 1.4."
            )
        known = detection(loss, sigma * scale * scale, statistic, alpha=alpha, k=k)
        still = np.where(np.isnan(mean), np.nan, 0.0)
        total = math.sqrt(float(sigma.sum())) if statistic == "cumuf_end" else 0.0
        found.append(
            Robustness(
                scale,
                _alarm(statistic, still, declared.threshold, k, scale, 0.0, total),
                _alarm(statistic, mean, declared.threshold, k, scale, float(loss.sum()), total),
                known.probability,
            )
        )
    return tuple(found)


def _alarm(
    statistic: str, mean: Floats, h: float, k: float, scale: float, loss_kg: float, sigma_kg: float
) -> float:
    """Return the alarm probability of y ~ N(mean, scale²)."""
    if statistic == "page":
        return float(page_propagation.first_alarm(mean / scale, h / scale, k / scale).sum())
    if statistic == "sitmuf":
        quiet = np.nansum(np.log(ndtr((h - mean[~np.isnan(mean)]) / scale)))
        return float(-np.expm1(quiet))
    size = float(np.nansum(mean * mean))
    if statistic == "gemuf_v1_end":
        count = int((~np.isnan(mean)).sum())
        value = h / scale**2
        if size == 0:
            return float(chdtrc(count, value))
        return float(ncx2.sf(value, count, size / scale**2))
    shift = math.sqrt(size) if statistic == "neyman_pearson" else 0.0
    if statistic != "neyman_pearson":
        shift = loss_kg / sigma_kg if sigma_kg else float(np.nansum(mean))
    return float(ndtr((shift - h) / scale))
