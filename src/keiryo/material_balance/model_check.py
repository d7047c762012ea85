"""Does the error model fit: the other half of what a sequence of balances can tell.

If nothing is missing and the error model is right, the standardised residuals y (SITMUF) are
independent N(0, 1). Their sum of squares, their correlation from one balance to the next, and the
signs of MUF show when it is not. A variance that is too low is as suspicious as one too high: then
errors are overstated, thresholds too wide, and a loss would hide.

Source: Picard 1987; Burr and Hamada, Nucl. Sci. Eng. 177 (2014), and the PROSA experience, that
tests of sequences also check the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, chdtr, chdtrc, ndtr

from keiryo.errors import Finding, Severity

Floats = npt.NDArray[np.float64]

LEVEL = 0.05
"""Two-sided level of the tests of variance and correlation."""

SIGN_LEVEL = 0.02
"""Two-sided level of the sign test: all of seven, ten of eleven, and so on."""

LEAST_BALANCES = 3
"""Fewest standardised balances that say anything about the model."""

_BASIS = "Picard 1987; Burr and Hamada 2014"


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """How well the residuals of a sequence fit its error model.

    Attributes
    ----------
    balances : int
        Number of standardised residuals.
    sum_of_squares : float
        Σy², chi-square with `balances` degrees of freedom if the model is right.
    variance : float
        Σy²/balances, near 1 if the model is right; NaN without balances.
    probability_below, probability_above : float
        Chi-square probability of a sum of squares this low, and this high.
    autocorrelation : float
        Σ y_i y_{i+1} / Σ y_i², of mean 0 and variance (n − 1)/(n(n + 2)) whatever the variance of
        y; NaN for fewer than two.
    autocorrelation_probability : float
        Two-sided.
    mean_muf_kg : float
    positive, negative : int
        Numbers of balances with MUF of each sign.
    sign_probability : float
        Two-sided probability that so many of one sign come by chance.
    findings : tuple of Finding
        MODEL-VARIANCE-LOW, MODEL-VARIANCE-HIGH, MODEL-AUTOCORRELATION, MUF-BIAS.
    """

    balances: int
    sum_of_squares: float
    variance: float
    probability_below: float
    probability_above: float
    autocorrelation: float
    autocorrelation_probability: float
    mean_muf_kg: float
    positive: int
    negative: int
    sign_probability: float
    findings: tuple[Finding, ...]


def check_model(muf_kg: npt.ArrayLike, y: npt.ArrayLike) -> ModelCheck:
    """Return the check of one sequence of MUF and its standardised residuals y, shape (P,).

    NaN in either is left out.
    """
    residual = np.asarray(y, dtype=np.float64)
    residual = residual[np.isfinite(residual)]
    muf = np.asarray(muf_kg, dtype=np.float64)
    muf = muf[np.isfinite(muf)]
    count = residual.size
    squares = float(residual @ residual)
    below = float(chdtr(count, squares)) if count else math.nan
    above = float(chdtrc(count, squares)) if count else math.nan
    lag, lag_probability = _autocorrelation(residual)
    positive, negative = int((muf > 0).sum()), int((muf < 0).sum())
    sign = _sign_probability(positive, negative)
    mean = float(muf.mean()) if muf.size else math.nan
    variance = squares / count if count else math.nan
    findings = []
    if count >= LEAST_BALANCES:
        if below < LEVEL / 2:
            findings.append(_too_low(count, variance, below))
        if above < LEVEL / 2:
            findings.append(_too_high(count, variance, above))
        if lag_probability < LEVEL:
            findings.append(_correlated(lag, lag_probability))
    if sign < SIGN_LEVEL:
        findings.append(_bias(positive, negative, mean, sign))
    return ModelCheck(
        count, squares, variance, below, above, lag, lag_probability, mean, positive, negative,
        sign, tuple(findings),
    )  # fmt: skip


def _autocorrelation(y: Floats) -> tuple[float, float]:
    squares = float(y @ y)
    if y.size < 2 or squares == 0:
        return math.nan, math.nan
    value = float(y[1:] @ y[:-1]) / squares
    scale = math.sqrt(y.size * (y.size + 2) / (y.size - 1))
    return value, 2.0 * float(ndtr(-abs(value) * scale))


def _sign_probability(positive: int, negative: int) -> float:
    total = positive + negative
    if total == 0:
        return math.nan
    return min(1.0, 2.0 * float(bdtr(min(positive, negative), total, 0.5)))


def _too_low(count: int, variance: float, probability: float) -> Finding:
    return Finding(
        code="MODEL-VARIANCE-LOW",
        severity=Severity.WARNING,
        message=f"The {count} standardised residuals have a variance of {variance:.3g}, where 1 is"
        f" right; so low a value comes by chance with probability {_small(probability)}. The"
        " declared errors are larger than those that really occur, or the amounts are calculated"
        " or nominal ones without errors.",
        advice="Compare the declared standard deviations with control measurements. Overstated"
        " errors widen the limits, and a loss could hide behind them. Also make sure that measured"
        " values, not calculated ones, entered the balances.",
        found=f"{variance:.6g}",
        expected="1",
        basis=_BASIS,
    )


def _small(probability: float) -> str:
    return f"{probability:.2g}" if probability > 1e-300 else "below 1e-300"


def _too_high(count: int, variance: float, probability: float) -> Finding:
    return Finding(
        code="MODEL-VARIANCE-HIGH",
        severity=Severity.WARNING,
        message=f"The {count} standardised residuals have a variance of {variance:.3g}, where 1 is"
        f" right; so high a value comes by chance with probability {probability:.2g}. Either"
        " material is missing or was gained, or an error source is too small or not declared.",
        advice="Look first at the balances with the largest residuals. If they are many and of"
        " both signs, look for an undeclared error: hold-up, a calibration, a mistaken unit.",
        found=f"{variance:.6g}",
        expected="1",
        basis=_BASIS,
    )


def _correlated(value: float, probability: float) -> Finding:
    how = "rise and fall together" if value > 0 else "change sign from one to the next"
    why = (
        "a systematic error that is declared too small or not at all, or a protracted loss"
        if value > 0
        else "a random error of inventories that is declared too small, or transfers booked in the"
        " wrong period"
    )
    return Finding(
        code="MODEL-AUTOCORRELATION",
        severity=Severity.WARNING,
        message=f"Consecutive residuals {how} (correlation {value:.3g}, where 0 is right;"
        f" probability {probability:.2g}). Usual causes: {why}.",
        advice="Check which errors last from balance to balance, when instruments were"
        " recalibrated, and the dates of transfers near the closings.",
        found=f"{value:.6g}",
        expected="0",
        basis=_BASIS,
    )


def _bias(positive: int, negative: int, mean: float, probability: float) -> Finding:
    total, most = positive + negative, max(positive, negative)
    word = "positive (missing)" if positive > negative else "negative (gained)"
    which = f"All {total}" if most == total else f"{most} of {total}"
    return Finding(
        code="MUF-BIAS",
        severity=Severity.WARNING,
        message=f"{which} balances have a MUF that is {word}; the mean is {mean:.6g} kg per"
        f" balance. By chance alone so many of one sign come with probability {probability:.2g}.",
        advice="Look for something that acts in every balance: a biased instrument, hold-up that"
        " grows, a stream that is not measured, rounding, decay that is not booked, or a"
        " protracted loss. A known bias is corrected first; only its uncertainty stays an error.",
        found=f"{mean:.6g}",
        expected="0",
        basis="sign test",
    )
