"""Deviation pairs: how far the energies of a detector lie off its stated scale, by energy.

A pair is a true energy and by how much it lies above what the scale says. Between pairs the
deviation follows a cubic spline over the energies of the scale, without curvature at its first knot
and level at its last one; beyond them it stays. One pair alone has a second one at 0. That is what
GADRAS and the readers of its files do; the N42 standards do not say it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline

from keiryo.spectra.spectrum import FILE, Calibration, Problem, calibration_of_edges

Pair = tuple[float, float]
"""True energy and deviation in keV."""
_LEVEL = np.zeros(())
APPLIED = "The deviations that the file states are applied to its scale."
NOT_APPLIED = (
    "The file states deviations from its scale that make no curve; they are not applied, and "
    "energies may be off."
)


def sound_pairs(given: Sequence[Pair]) -> list[Pair] | None:
    """Return pairs as a spline can take them, by rising energy; None: they make no curve.

    Pairs of two zeros behind others only fill a table up. Where all deviations are 0 none are left.
    """
    if not np.isfinite(np.asarray(given, dtype=np.float64)).all():
        return None
    kept = [one for at, one in enumerate(given) if at == 0 or one != (0.0, 0.0)]
    if not any(offset for _energy, offset in kept):
        return []
    if len(kept) == 1:
        kept = [(0.0, 0.0), *kept]
    kept.sort()
    steps = np.diff([energy - offset for energy, offset in kept])
    return kept if (steps > 0).all() else None


def deviation(energies: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
    """Return the deviations in keV at energies of a scale.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        As the scale says, in keV.
    pairs : sequence of (float, float)
        At least two, of `sound_pairs`.

    Returns
    -------
    ndarray, shape (n,)
    """
    along = np.array([energy - offset for energy, offset in pairs])
    offsets = np.array([offset for _energy, offset in pairs])
    spline = CubicSpline(along, offsets, bc_type=((2, _LEVEL), (1, _LEVEL)))
    found: np.ndarray = spline(np.clip(energies, along[0], along[-1]))
    return found


def with_deviations(
    scale: Calibration, given: Sequence[Pair] | None, channels: int, place: str
) -> tuple[Calibration, list[Problem]]:
    """Return a scale with its deviations applied, and the finding that says so.

    Parameters
    ----------
    scale : Calibration
    given : sequence of (float, float) or None
        As the file states them; None: it states something that is no list of pairs.
    channels : int
    place : str
        Of the finding.
    """
    pairs = None if given is None else sound_pairs(given)
    if scale.state != FILE or pairs == []:
        return scale, []
    if pairs is not None:
        edges = scale.energies(np.arange(channels + 1))
        made = calibration_of_edges(edges + deviation(edges, pairs), channels)
        if made.state == FILE:
            return made, [Problem("DEVIATION_PAIRS", place, APPLIED)]
    return scale, [Problem("DEVIATION_PAIRS", place, NOT_APPLIED)]
