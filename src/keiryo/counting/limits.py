"""Decision thresholds and detection limits of counting: Currie, exact Poisson, and ISO 11929.

The decision threshold says whether something is there; the detection limit how little of it would
be found with the asked probability. Where no detection limit exists none is returned.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy import special

from keiryo.counting.poisson import on_off_threshold, poisson_threshold

FEW_COUNTS = 10.0
"""Below so many expected background counts Currie's normal form is not used."""


def quantile(chance: float) -> float:
    """Return the quantile of the normal law, 1.6448536269514722 for 0.95.

    Raises
    ------
    ValueError
        If it is no chance between 0 and 1.
    """
    if not 0 < chance < 1:
        raise ValueError("a chance lies between 0 and 1")
    return float(special.ndtri(chance))


@dataclass(frozen=True, slots=True)
class CountLimits:
    """Limits in counts.

    Attributes
    ----------
    method : str
        ``currie`` or ``exact``.
    background : float
        Counts that the background gives in the time of the measurement.
    decision : float
        Currie: net counts above which something is there. Exact: net counts from which on, the
        gross count of `gross_from` less the background.
    detection : float
        Net counts that are found with the chance 1 - beta.
    gross_from : int or None
        Exact: the smallest gross count that counts as a finding.
    """

    method: str
    background: float
    decision: float
    detection: float
    gross_from: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def currie(background: float, time_ratio: float = 1.0, k: float | None = None) -> CountLimits:
    """Return the limits of Currie for alpha = beta.

    Parameters
    ----------
    background : float
        Counts that the background gives in the time of the measurement.
    time_ratio : float
        Time of the measurement by that of the background; 0: the background is known exactly.
    k : float, optional
        Quantile; the one of 0.95 where it is left out.

    References
    ----------
    L. A. Currie, Analytical Chemistry 40 (1968) 586.

    Examples
    --------
    >>> one = currie(100)
    >>> round(one.decision, 6), round(one.detection, 6)
    (23.261743, 49.22903)
    """
    if not (math.isfinite(background) and background >= 0 and 0 <= time_ratio < math.inf):
        raise ValueError("counts of 0 or more and a ratio of times belong here")
    wide = quantile(0.95) if k is None else k
    decision = wide * math.sqrt(background * (1 + time_ratio))
    return CountLimits("currie", background, decision, wide**2 + 2 * decision)


def exact_limits(
    background: float,
    alpha: float = 0.05,
    beta: float = 0.05,
    counted: tuple[int, float] | None = None,
) -> CountLimits:
    """Return the limits by the Poisson law itself, for few counts.

    Parameters
    ----------
    background : float
        Counts that the background gives in the time of the measurement.
    alpha, beta : float
        Chances of a finding without a source, and of none with one at the detection limit.
    counted : tuple of int and float, optional
        The background count and its time by that of the measurement, if it is not known exactly:
        the threshold is then that of the binomial law, at the count that was measured.

    Examples
    --------
    >>> one = exact_limits(0.0)
    >>> one.gross_from, round(one.detection, 4)
    (1, 2.9957)
    """
    if counted is None:
        found = poisson_threshold(background, alpha)
    else:
        found = on_off_threshold(counted[0], counted[1], 1.0, alpha)
    found = max(found, 1)
    needed = float(special.gammaincinv(found, 1 - beta))
    return CountLimits(
        "exact", background, found - background, max(needed - background, 0.0), found
    )


def count_limits(
    count: int, time_s: float, background_time_s: float, alpha: float = 0.05, beta: float = 0.05
) -> CountLimits:
    """Return the limits of a measurement from a background count, with the law that holds.

    Parameters
    ----------
    count : int
        Background count in `background_time_s`.
    time_s : float
        Time of the measurement.

    Notes
    -----
    Currie from 10 expected counts on and for alpha = beta; else exact.
    """
    if count < 0 or not (0 < time_s < math.inf and 0 < background_time_s < math.inf):
        raise ValueError("a count of 0 or more and times above 0 belong here")
    expected = count * time_s / background_time_s
    if expected >= FEW_COUNTS and alpha == beta:
        return currie(expected, time_s / background_time_s, quantile(1 - alpha))
    return exact_limits(expected, alpha, beta, (count, background_time_s / time_s))


@dataclass(frozen=True, slots=True)
class Iso11929:
    """A measurement with its characteristic limits, in the unit of the factor.

    Attributes
    ----------
    factor : float
        1 / (efficiency · intensity).
    value, uncertainty : float
    threshold : float
        Decision threshold.
    detection_limit : float or None
        None: there is none, because the factor is too uncertain.
    detected : bool
    omega : float
        Chance that the true value is above 0.
    lower, upper : float or None
        Limits of the coverage interval; None: the uncertainty is 0.
    best, best_uncertainty : float or None
        Best estimate, which is never below 0, and its uncertainty.
    """

    factor: float
    value: float
    uncertainty: float
    threshold: float
    detection_limit: float | None
    detected: bool
    omega: float
    lower: float | None
    upper: float | None
    best: float | None
    best_uncertainty: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def iso11929(
    gross: float,
    time_s: float,
    background: float,
    background_time_s: float,
    *,
    factor: float = 1.0,
    relative_uncertainty: float = 0.0,
    region: float = 1.0,
    side_region: float = 1.0,
    alpha: float = 0.05,
    beta: float = 0.05,
    gamma: float = 0.05,
) -> Iso11929:
    """Return value, decision threshold, detection limit and coverage interval of a measurement.

    Parameters
    ----------
    gross, background : float
        Counts.
    time_s, background_time_s : float
    factor : float
        From net counts a second to the result.
    relative_uncertainty : float
        Of the factor.
    region, side_region : float
        For a peak: width of the peak region, and of both side regions together in which
        `background` was counted; the background time then scales by their ratio.
    alpha, beta, gamma : float
        Chances of the errors of the first and second kind, and outside the interval.

    Raises
    ------
    ValueError

    References
    ----------
    ISO 11929, model y = w (r_g - r_0).
    """
    numbers = (gross, background, relative_uncertainty)
    above = (time_s, background_time_s, factor, region, side_region)
    if not all(math.isfinite(n) and n >= 0 for n in numbers):
        raise ValueError("counts and uncertainty are 0 or more")
    if not all(math.isfinite(n) and n > 0 for n in above):
        raise ValueError("times, factor and regions are above 0")
    k_a, k_b = quantile(1 - alpha), quantile(1 - beta)
    reference_s = background_time_s * side_region / region
    rate, quiet = gross / time_s, background / reference_s
    value = factor * (rate - quiet)
    spread = value**2 * relative_uncertainty**2
    uncertainty = math.sqrt(factor**2 * (rate / time_s + quiet / reference_s) + spread)
    variance = factor**2 * quiet * (1 / time_s + 1 / reference_s)
    threshold = k_a * math.sqrt(variance)
    limit = _detection_limit(threshold, variance, factor / time_s, relative_uncertainty, k_b)
    omega, lower, upper, best, best_u = _interval(value, uncertainty, gamma)
    return Iso11929(
        factor,
        value,
        uncertainty,
        threshold,
        limit,
        value > threshold,
        omega,
        lower,
        upper,
        best,
        best_u,
    )


def _detection_limit(
    threshold: float, variance: float, step: float, relative: float, k: float
) -> float | None:
    """Return the larger root of (y - y*)² = k² (variance + y step + y² relative²), if any."""
    if k * relative >= 1:
        return None
    square = 1 - (k * relative) ** 2
    half = threshold + k**2 * step / 2
    rest = threshold**2 - k**2 * variance
    return (half + math.sqrt(max(half**2 - square * rest, 0.0))) / square


def _interval(
    value: float, uncertainty: float, gamma: float
) -> tuple[float, float | None, float | None, float | None, float | None]:
    """Return the chance of a value above 0, the interval, and the best estimate with its own."""
    if not 0 < gamma < 1:
        raise ValueError("a chance lies between 0 and 1")
    if uncertainty == 0:
        return (1.0 if value > 0 else 0.5), None, None, None, None
    z = value / uncertainty
    omega = float(special.ndtr(z))
    # The tail above 0 is cut by its logarithm, so that a value far below 0 keeps its digits.
    log_omega = float(special.log_ndtr(z))
    hazard = math.exp(-(z**2) / 2 - 0.5 * math.log(2 * math.pi) - log_omega)
    best = max(value + uncertainty * hazard, 0.0)
    lower = value - uncertainty * float(special.ndtri(omega * (1 - gamma / 2)))
    upper = value - uncertainty * float(special.ndtri_exp(log_omega + math.log(gamma / 2)))
    best_u = math.sqrt(max(uncertainty**2 - (best - value) * best, 0.0))
    if not math.isfinite(lower):
        lower = 0.0
    return omega, max(lower, 0.0), upper, best, best_u
