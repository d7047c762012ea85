"""Testing MUF and D together at one false-alarm probability, and what the tests can detect.

A diverter can take material and leave the balance open (MUF rises), or conceal the loss by
falsified declarations (D falls by what is concealed), or divide the loss between both. Testing
MUF and D each at α would give more than α false alarms, so both get one common limit h with
P(MUF > h σ_MUF or −D > h σ_D) = α under the bivariate normal law. MUF − D is the inspector's own
estimate of the loss: its power does not depend on how the loss is divided.

Source: the MUF−D problem, R. Avenhaus, Safeguards Systems Analysis (1986).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scipy import integrate, optimize, special

from keiryo.errors import UsageError
from keiryo.inspection.limits import check_alpha


@dataclass(frozen=True, slots=True)
class JointTest:
    """Result of testing MUF and D together.

    Attributes
    ----------
    alpha : float
        Overall false-alarm probability.
    limit : float
        h, in standard deviations, for MUF and for −D alike.
    correlation : float
        Of MUF and D.
    muf_ratio, concealed_ratio : float
        MUF/σ_MUF and −D/σ_D.
    alarm : bool
    """

    alpha: float
    limit: float
    correlation: float
    muf_ratio: float
    concealed_ratio: float
    alarm: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "side": "one-sided"}


def joint_test(
    muf_kg: float,
    d_kg: float,
    sigma_muf_kg: float,
    sigma_d_kg: float,
    covariance_kg2: float,
    alpha: float = 0.05,
) -> JointTest:
    """Test MUF and D for a loss at one overall false-alarm probability.

    Raises
    ------
    UsageError
        If a standard deviation is not above 0, the covariance is impossible, or alpha is not
        between 0 and 1.
    """
    correlation = _correlation(sigma_muf_kg, sigma_d_kg, covariance_kg2)
    limit = joint_limit(correlation, alpha)
    muf, concealed = muf_kg / sigma_muf_kg, (0.0 - d_kg) / sigma_d_kg
    return JointTest(alpha, limit, correlation, muf, concealed, max(muf, concealed) > limit)


def joint_limit(correlation: float, alpha: float = 0.05) -> float:
    """Return the common limit h of MUF/σ and −D/σ for an overall alpha.

    Parameters
    ----------
    correlation : float
        Of MUF and D (not of MUF and −D).
    alpha : float

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    check_alpha(alpha)
    single, half = float(-special.ndtri(alpha)), float(-special.ndtri(alpha / 2))
    if correlation <= -1:
        return single

    def excess(h: float) -> float:
        both_above = both_below(-h, -h, -correlation)
        return float(2 * special.ndtr(-h)) - both_above - alpha

    low, high = single - 1e-9, half + 1e-9
    if excess(low) <= 0:
        return single
    if excess(high) >= 0:
        return half
    found: float = optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14)
    return found


def both_below(first: float, second: float, correlation: float) -> float:
    """Return P(X ≤ first, Y ≤ second) of two standard normal variables.

    Notes
    -----
    From ∂P/∂ρ = φ₂(x, y; ρ), integrated from 0 over the arc sine of ρ.
    """
    independent = float(special.ndtr(first) * special.ndtr(second))
    if correlation >= 1:
        return float(special.ndtr(min(first, second)))
    if correlation <= -1:
        return max(0.0, float(special.ndtr(first) + special.ndtr(second)) - 1)

    def density(angle: float) -> float:
        sine, cosine = math.sin(angle), math.cos(angle)
        square = first**2 + second**2 - 2 * sine * first * second
        return math.exp(-square / (2 * cosine**2))

    top = math.asin(correlation)
    area, _ = integrate.quad(density, 0.0, top, epsabs=1e-15, epsrel=1e-13, limit=200)
    return independent + area / (2 * math.pi)


def limit_of_d(alpha: float = 0.05) -> float:
    """Return the limit of |D|/σ_D in the two-sided test of D.

    Raises
    ------
    UsageError
        If alpha makes no sense.
    """
    check_alpha(alpha)
    return float(-special.ndtri(alpha / 2))


def power_of_d(falsification_kg: float, sigma_d_kg: float, alpha: float = 0.05) -> float:
    """Return the probability that the two-sided test of D detects a falsification.

    Parameters
    ----------
    falsification_kg : float
        Of either sign: the power against −8 kg is that against 8 kg.
    sigma_d_kg, alpha : float

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    limit = limit_of_d(alpha)
    if not (sigma_d_kg > 0 and math.isfinite(falsification_kg)):
        words = f"no power for {falsification_kg} kg and sigma {sigma_d_kg} kg"
        raise UsageError(words, "Give kg, and a sigma above 0.")
    shift = abs(falsification_kg) / sigma_d_kg
    return float(special.ndtr(shift - limit) + special.ndtr(-shift - limit))


def power_of_both(
    diverted_into_muf_kg: float,
    concealed_kg: float,
    sigma_muf_kg: float,
    sigma_d_kg: float,
    covariance_kg2: float,
    alpha: float = 0.05,
) -> float:
    """Return the probability that the joint test detects a loss divided between MUF and D.

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    correlation = _correlation(sigma_muf_kg, sigma_d_kg, covariance_kg2)
    limit = joint_limit(correlation, alpha)
    return 1 - both_below(
        limit - diverted_into_muf_kg / sigma_muf_kg,
        limit - concealed_kg / sigma_d_kg,
        -correlation,
    )


def _correlation(sigma_muf: float, sigma_d: float, covariance: float) -> float:
    if not (sigma_muf > 0 and sigma_d > 0 and math.isfinite(sigma_muf + sigma_d + covariance)):
        words = f"standard deviations of {sigma_muf} and {sigma_d} kg cannot be tested"
        raise UsageError(words, "Both must be above 0.")
    found = covariance / (sigma_muf * sigma_d)
    if abs(found) > 1 + 1e-9:
        words = f"a covariance of {covariance} kg² is too large for these standard deviations"
        raise UsageError(words, "Look which of the three is wrong.")
    return max(-1.0, min(1.0, found))
