"""Estimating random and systematic standard deviations from repeated and paired measurements.

Pure functions on arrays. They answer what a measurement-control engineer asks of control data: how
far do repetitions scatter (random), how far do sessions differ from each other (systematic within
a calibration, shift or inspection), which of two instruments is the worse one, is a bias known and
how well. An estimate of a variance that comes out negative is not hidden: it is given as it is,
beside the value that can be used, and flagged.

Sources: one-way analysis of variance with random effects, e.g. Searle, Casella, McCulloch,
*Variance Components* (1992), chapter 3 (unbalanced data: n₀); ISO 5725-2 (repeatability and
between-laboratory variance). Two instruments are taken apart in `keiryo.measurement.pairs`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Values = Sequence[float] | Floats
Interval = tuple[float, float]

CONFIDENCE = 0.95


class TooFewError(ValueError):
    """There are too few measurements to estimate what is asked; the message says what is needed."""


@dataclass(frozen=True, slots=True)
class OneWay:
    """Variances within and between groups of measurements that share a systematic error.

    Attributes
    ----------
    groups, count : int
        Number of groups, and of measurements.
    effective_size : float
        n₀: measurements in a group, or what stands for it where groups differ in size.
    mean : float
        Mean of all measurements.
    mean_sd : float
        Standard deviation of that mean from both estimated errors.
    mean_square_within, mean_square_between : float
        MSW and MSB.
    random_variance : float
        MSW.
    systematic_variance : float
        (MSB − MSW)/n₀, or 0 where that is negative.
    systematic_raw : float
        (MSB − MSW)/n₀ as it comes out.
    clipped : bool
        Whether it was negative: the data show no systematic error.
    random_interval : (float, float)
        Confidence interval of the random variance, chi-square with count − groups degrees.
    systematic_interval : (float, float)
        Approximate confidence interval of the systematic variance, chi-square with groups − 1
        degrees; wide where there are few groups.
    confidence : float
    """

    groups: int
    count: int
    effective_size: float
    mean: float
    mean_sd: float
    mean_square_within: float
    mean_square_between: float
    random_variance: float
    systematic_variance: float
    systematic_raw: float
    clipped: bool
    random_interval: Interval
    systematic_interval: Interval
    confidence: float

    @property
    def random_sd(self) -> float:
        """Random standard deviation, one sigma."""
        return math.sqrt(self.random_variance)

    @property
    def systematic_sd(self) -> float:
        """Systematic standard deviation, one sigma; 0 where the variance was clipped."""
        return math.sqrt(self.systematic_variance)


def one_way(groups: Sequence[Values], *, confidence: float = CONFIDENCE) -> OneWay:
    """Estimate the random and the systematic variance from groups of measurements.

    Parameters
    ----------
    groups : sequence of arrays
        Within a group the systematic error is the same; between groups it is new. Values are
        deviations or relative differences.
    confidence : float
        Level of the confidence intervals.

    Raises
    ------
    TooFewError
        With fewer than two groups, or no group with two measurements.
    ValueError
        If a value is not a finite number.

    Notes
    -----
    With group sizes nᵢ, N = Σnᵢ, g groups: MSW = Σᵢⱼ(xᵢⱼ − x̄ᵢ)²/(N − g),
    MSB = Σᵢnᵢ(x̄ᵢ − x̄)²/(g − 1), n₀ = (N − Σnᵢ²/N)/(g − 1), δ_r² = MSW,
    δ_s² = (MSB − MSW)/n₀. The interval of δ_s² is that of the expectation of MSB with MSW and n₀
    taken as known; it is approximate. Everything is computed from the differences to one of the
    values, so that a large common part takes no digits and equal values give exactly 0.
    """
    data, shift = _shifted([finite(group) for group in groups if len(group)])
    sizes = np.array([group.size for group in data], dtype=np.float64)
    total, number = int(sizes.sum()), len(data)
    if number < 2 or total <= number:
        raise TooFewError(
            "needed are at least two sessions, and one of them with two measurements; "
            f"there are {total} measurements in {number} sessions"
        )
    means = np.array([group.mean() for group in data])
    mean = float(sizes @ means) / total
    within = _squares_within(data)
    msw = within / (total - number)
    msb = float(sizes @ (means - mean) ** 2) / (number - 1)
    size = (total - float((sizes**2).sum()) / total) / (number - 1)
    raw = (msb - msw) / size
    used = max(raw, 0.0)
    low, high = variance_interval(msb, number - 1, confidence=confidence)
    spread = msw / total + used * float((sizes**2).sum()) / total**2
    return OneWay(
        groups=number,
        count=total,
        effective_size=size,
        mean=shift + mean,
        mean_sd=math.sqrt(spread),
        mean_square_within=msw,
        mean_square_between=msb,
        random_variance=msw,
        systematic_variance=used,
        systematic_raw=raw,
        clipped=raw < 0,
        random_interval=variance_interval(msw, total - number, confidence=confidence),
        systematic_interval=(max((low - msw) / size, 0.0), max((high - msw) / size, 0.0)),
        confidence=confidence,
    )


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Scatter of repetitions about the mean of their own group.

    Attributes
    ----------
    groups, count, degrees : int
    variance : float
        Pooled over the groups: sum of squares within them, divided by count − groups.
    interval : (float, float)
        Chi-square confidence interval of the variance.
    """

    groups: int
    count: int
    degrees: int
    variance: float
    interval: Interval


def repeatability(groups: Sequence[Values], *, confidence: float = CONFIDENCE) -> Repeatability:
    """Return the variance within groups of repetitions, whatever the groups differ by.

    Raises
    ------
    TooFewError
        If no group has two measurements.
    """
    data = [finite(group) for group in groups if len(group)]
    total = sum(group.size for group in data)
    degrees = total - len(data)
    if degrees < 1:
        raise TooFewError("needed is at least one item with two measurements in one session")
    variance = _squares_within(data) / degrees
    limits = variance_interval(variance, degrees, confidence=confidence)
    return Repeatability(len(data), total, degrees, variance, limits)


def variance_interval(variance: float, degrees: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the chi-square confidence interval of a variance.

    Parameters
    ----------
    variance : float
        Estimate, a mean square.
    degrees : int
        Its degrees of freedom, at least 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    (float, float)
        ``degrees·variance/χ²`` at the upper and the lower tail.
    """
    from scipy.stats import chi2

    if degrees < 1 or not 0 < confidence < 1:
        raise ValueError("a confidence interval needs a degree of freedom and a level within 0..1")
    tail = (1 - confidence) / 2
    sum_of_squares = degrees * variance
    return (
        float(sum_of_squares / chi2.ppf(1 - tail, degrees)),
        float(sum_of_squares / chi2.ppf(tail, degrees)),
    )


def grouped(values: Values, sessions: Sequence[object]) -> list[Floats]:
    """Return values grouped by session, in the order in which sessions appear."""
    found: dict[object, list[float]] = {}
    for value, session in zip(values, sessions, strict=True):
        found.setdefault(session, []).append(float(value))
    return [np.array(group) for group in found.values()]


@dataclass(frozen=True, slots=True)
class Bias:
    """What measurements of standards say about a bias.

    Attributes
    ----------
    count : int
    bias : float
        Mean deviation from the certified values; relative, or in their unit.
    bias_sd : float
        Standard deviation of that mean: of the measurements, and of the systematic error where
        several sessions show it.
    standard_sd : float
        Standard deviation of the certified values themselves, as given.
    correction_sd : float
        Both together: what stays as a long-term systematic error after the correction.
    degrees : int
        Degrees of freedom of `bias_sd`.
    significant : bool
        Whether the bias differs from zero at the level of `confidence` (Student's t).
    factor : float or None
        By what a measured value is multiplied, 1/(1 + bias), if errors are relative and the bias
        is significant.
    offset : float or None
        What is added to a measured value, if errors are absolute and the bias is significant.
    confidence : float
    components : OneWay or None
        Random and systematic variance, where there are sessions enough.
    random_variance : float
        Scatter within sessions (or of all, if there is one session only).
    """

    count: int
    bias: float
    bias_sd: float
    standard_sd: float
    correction_sd: float
    degrees: int
    significant: bool
    factor: float | None
    offset: float | None
    confidence: float
    components: OneWay | None
    random_variance: float


def bias_of_standards(
    measured: Values,
    certified: Values,
    sessions: Sequence[object],
    *,
    relative: bool = True,
    standard_sd: float = 0.0,
    confidence: float = CONFIDENCE,
) -> Bias:
    """Estimate the bias of a method from measurements of standards, and how well it is known.

    Parameters
    ----------
    measured, certified : arrays of equal length
    sessions : sequence
        Calibration, shift or session of each measurement.
    relative : bool
        Whether deviations are relative to the certified value.
    standard_sd : float
        Standard deviation of the certified values (one sigma; relative, or in their unit). All
        measurements share it, so it does not become smaller with their number.
    confidence : float

    Raises
    ------
    TooFewError
        With fewer than two measurements.

    Notes
    -----
    The sign of a systematic error is unknown and nothing is subtracted for it. A *known* bias is
    corrected first; the uncertainty of the correction stays, as a long-term systematic error.
    """
    from scipy.stats import t as student

    values, truth = finite(measured), finite(certified)
    if not values.size == truth.size == len(sessions):
        raise ValueError("measured, certified and sessions differ in length")
    if relative and (truth == 0).any():
        raise ValueError("a relative deviation needs a certified value that is not zero")
    if values.size < 2:
        raise TooFewError(f"needed are at least two measurements; there are {values.size}")
    deviation = (values - truth) / truth if relative else values - truth
    components, random_variance, bias_sd, degrees = _spread_of_mean(
        grouped(deviation, sessions), deviation, confidence
    )
    bias = mean_of(deviation)
    limit = float(student.ppf((1 + confidence) / 2, degrees))
    correction_sd = math.hypot(bias_sd, standard_sd)
    significant = abs(bias) > limit * bias_sd and abs(bias) > 0
    return Bias(
        count=int(deviation.size),
        bias=bias,
        bias_sd=bias_sd,
        standard_sd=standard_sd,
        correction_sd=correction_sd,
        degrees=int(degrees),
        significant=significant,
        factor=1 / (1 + bias) if relative and significant and bias > -1 else None,
        offset=-bias if significant and not relative else None,
        confidence=confidence,
        components=components,
        random_variance=random_variance,
    )


def _spread_of_mean(
    groups: Sequence[Floats], deviation: Floats, confidence: float
) -> tuple[OneWay | None, float, float, int]:
    """Return the components, the random variance, and the mean's deviation with its degrees."""
    if len(groups) > 1 and deviation.size > len(groups):
        components = one_way(groups, confidence=confidence)
        within = deviation.size - len(groups)
        degrees = within if components.clipped else len(groups) - 1
        return components, components.random_variance, components.mean_sd, degrees
    variance = float((deviation - middle(deviation)).var(ddof=1))
    return None, variance, math.sqrt(variance / deviation.size), deviation.size - 1


def middle(values: Floats) -> float:
    """Return one of the values, from the middle: differences to it are exact for close values."""
    return float(np.partition(values, values.size // 2)[values.size // 2])


def mean_of(values: Floats) -> float:
    """Return the mean; of equal values, exactly their value."""
    centre = middle(values)
    return centre + float((values - centre).mean())


def _squares_within(groups: Sequence[Floats]) -> float:
    """Return the sum of squares about the mean of each group; exactly 0 where all are equal."""
    centred = [group - middle(group) for group in groups]
    return math.fsum(float(((group - group.mean()) ** 2).sum()) for group in centred)


def _shifted(groups: Sequence[Floats]) -> tuple[list[Floats], float]:
    """Return groups less one of all their values, and that value."""
    if not groups:
        return [], 0.0
    shift = middle(np.concatenate(groups))
    return [group - shift for group in groups], shift


def finite(values: Values) -> Floats:
    """Return values as an array of one row.

    Raises
    ------
    ValueError
        If one is not a finite number.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError("measured values are finite numbers in one row")
    return array
