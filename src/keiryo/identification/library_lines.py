"""The lines that are looked for in a spectrum: of each nuclide those strong enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from keiryo.identification.line_evidence import LEAST_SHARE
from keiryo.nuclides.lines import Line, UnknownNuclideError, photon_lines
from keiryo.spectra.energy_drift import Drift
from keiryo.spectra.peak_fit import Peak

WEAKER_SHARES, VISIBLE_COUNTS = (4e-4, 4e-5), 20.0
"""Lines of these shares of the strongest are looked for where they would have so many counts."""
HARD_KEV = 95.0
"""Gammas below it a millimetre of lead stops."""


def with_weak_lines(
    usual: dict[str, tuple[Line, ...]], peaks: Sequence[Peak], drift: Drift
) -> dict[str, tuple[Line, ...]]:
    """Return the lines to look for: weaker ones too where a nuclide's strongest peak is large.

    Behind three million counts at 59.5 keV, lines of americium of a ten thousandth stand out; who
    does not know them takes them for others.
    """
    places = drift.true_kev(np.array([one.energy_kev for one in peaks], dtype=np.float64))
    found = dict(usual)
    for name, lines in usual.items():
        strongest = max(
            lines, key=lambda one: one.per_decay * float(usual_efficiency(one.energy_kev))
        )
        near = np.abs(places - strongest.energy_kev) < 2.0
        area = max((peaks[int(at)].area for at in np.flatnonzero(near)), default=0.0)
        for share in WEAKER_SHARES:
            if share * area > VISIBLE_COUNTS:
                found[name] = lines_of(name, share)
    return found


@cache
def lines_of(name: str, least_share: float = LEAST_SHARE) -> tuple[Line, ...]:
    """Return the lines of a nuclide that are strong enough to be looked for; none: no use.

    Of those whose strongest line is soft, the strongest hard ones are looked for as well: a shield
    leaves no other.
    """
    try:
        found = photon_lines(name, least_kev=40.0)
    except UnknownNuclideError:
        return ()
    weighed = [one.per_decay * float(usual_efficiency(one.energy_kev)) for one in found]
    gammas = [
        (value, one.energy_kev)
        for one, value in zip(found, weighed, strict=True)
        if one.kind != "x-ray"
    ]
    if not gammas:
        return ()
    most, at = max(gammas)
    least = least_share * most
    hard = max((value for value, energy in gammas if energy > HARD_KEV), default=most)
    least_hard = 0.05 * hard if at < HARD_KEV else least
    kept = [
        one
        for one, value in zip(found, weighed, strict=True)
        if value > least or (value > least_hard and one.energy_kev > HARD_KEV)
    ]
    return tuple(one for one in kept if one.per_decay > 1e-7)


def usual_efficiency(energy_kev: float | np.ndarray) -> np.ndarray:
    """Return a usual efficiency of a germanium detector, 1 at 500 keV."""
    energy = np.asarray(energy_kev, dtype=np.float64)
    found: np.ndarray = np.exp(-0.8 * np.log(energy / 500)) * np.exp(-((60.0 / energy) ** 2))
    return found
