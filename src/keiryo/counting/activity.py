"""Activity from a net count, with the rules of dead time, and kerma rate of a point source."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

DEAD_TIME_WARNED, DEAD_TIME_REFUSED = 0.20, 0.50
"""Shares of dead time above which an activity from areas is doubted, and refused."""
LARGEST_BQ = 1e30
"""No activity is greater."""
_JOULE_PER_KEV = 1.602176634e-16


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity in becquerel, None where it is refused, and what is to be said of it."""

    activity_bq: float | None
    uncertainty_bq: float | None
    dead_time: float | None
    findings: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = [{"code": code, "message": message} for code, message in self.findings]
        return {**asdict(self), "findings": told}


def activity(
    net: float,
    live_s: float,
    efficiency: float,
    intensity: float,
    *,
    net_sigma: float = 0.0,
    relative_uncertainty: float = 0.0,
    real_s: float | None = None,
    decay: float = 1.0,
) -> Activity:
    """Return A = N / (ε I t f) and its uncertainty.

    Parameters
    ----------
    net, net_sigma : float
        Net counts of a peak and their uncertainty.
    live_s, real_s : float
        Times of the measurement; without the real time the dead time is not known.
    efficiency, intensity : float
        Counts by photon, photons by decay.
    relative_uncertainty : float
        Of efficiency and intensity together.
    decay : float
        Share that is left of the activity at the reference time, above 0.

    Raises
    ------
    ValueError
    """
    above = (live_s, efficiency, intensity, decay)
    if not all(math.isfinite(n) and n > 0 for n in above) or efficiency > 1:
        raise ValueError("live time, efficiency up to 1, intensity and decay are above 0")
    given = (net, net_sigma, relative_uncertainty)
    if not all(map(math.isfinite, given)) or net_sigma < 0 or relative_uncertainty < 0:
        raise ValueError("net counts are a number, uncertainties 0 or more")
    findings: list[tuple[str, str]] = []
    share = None
    if real_s is None:
        findings.append(("REAL_TIME", "Without the real time the dead time is not known."))
    elif not (math.isfinite(real_s) and real_s >= live_s):
        raise ValueError("the real time is not below the live time")
    else:
        share = 1 - live_s / real_s
        if share > DEAD_TIME_REFUSED:
            told = f"Dead time {share:.0%}: without a treatment of random sums no activity is told."
            return Activity(None, None, share, (("DEAD_TIME_REFUSED", told),))
        if share > DEAD_TIME_WARNED:
            told = f"Dead time {share:.0%}: the activity is too low by random sums."
            findings.append(("DEAD_TIME", told))
    by = efficiency * intensity * live_s * decay
    if not (by > 0 and max(abs(net), net_sigma) / by < LARGEST_BQ):
        raise ValueError("so small a factor makes no activity")
    found = net / by
    sigma = math.hypot(net_sigma / by, found * relative_uncertainty)
    return Activity(found, sigma, share, tuple(findings))


def kerma_rate(
    activity_bq: float, photons: Iterable[tuple[float, float, float]], distance_m: float
) -> float:
    """Return the air kerma rate of a point source in Gy/s, without what lies between.

    Parameters
    ----------
    activity_bq : float
    photons : iterable of (energy_kev, intensity, absorption)
        Photons by decay and mass energy-absorption coefficient of air in m²/kg.
    distance_m : float

    Examples
    --------
    >>> round(kerma_rate(1e6, [(661.657, 0.851, 2.931e-3)], 1.0) * 3.6e9, 9)
    0.07574977
    """
    if not (math.isfinite(activity_bq) and activity_bq >= 0 and 0 < distance_m < math.inf):
        raise ValueError("an activity of 0 or more and a distance above 0 belong here")
    each = math.fsum(
        share * energy * _JOULE_PER_KEV * absorption for energy, share, absorption in photons
    )
    return activity_bq * each / (4 * math.pi * distance_m**2)
