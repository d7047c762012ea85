"""How far the energy scale of a spectrum is off, by lines that are nearly everywhere.

Scales of instruments in the field are off by a few tenths of a keV, and not in proportion: several
keV at 2.6 MeV are seen where the scale was made at low energies. Natural lines tell by how much;
where none is found, nothing is corrected, and the uncertainty says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keiryo.spectra.peak_fit import Peak

NATURAL_KEV = {
    238.632: 4.0,
    295.224: 2.0,
    351.932: 4.0,
    583.187: 4.0,
    609.312: 4.0,
    911.204: 4.0,
    968.971: 2.0,
    1120.287: 2.0,
    1460.822: 6.0,
    1764.494: 3.0,
    2204.1: 1.0,
    2614.511: 6.0,
    727.33: 1.0,
    338.32: 1.0,
    860.56: 0.5,
    1238.11: 1.0,
    1377.67: 0.5,
}
"""Natural lines and how much each counts."""
LARGEST_SHARE, LARGEST_KEV = 0.003, 1.0
"""A scale may be off by this share of the energy and so many keV more."""
UNKNOWN_KEV, UNKNOWN_SHARE = 0.35, 0.0004
"""The uncertainty where no natural line tells: so many keV and this share of the energy."""
KNOWN_KEV = 0.12


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much energies of a scale are too high.

    Attributes
    ----------
    energies, offsets : ndarray of float, shape (lines,)
        The natural lines that were found, and how much too high they stand, in keV.
    """

    energies: np.ndarray
    offsets: np.ndarray

    def true_kev(self, stated: np.ndarray) -> np.ndarray:
        """Return energies for those of the scale."""
        given = np.asarray(stated, dtype=np.float64)
        if not len(self.energies):
            return given
        if len(self.energies) == 1:
            found: np.ndarray = given - self.offsets[0] * given / self.energies[0]
            return found
        moved = np.interp(given, self.energies + self.offsets, self.offsets)
        low, high = self.energies[0] + self.offsets[0], self.energies[-1] + self.offsets[-1]
        slope = (self.offsets[-1] - self.offsets[-2]) / (self.energies[-1] - self.energies[-2])
        moved = np.where(given > high, self.offsets[-1] + (given - high) * slope, moved)
        made: np.ndarray = given - np.where(given < low, self.offsets[0], moved)
        return made

    def sigma_kev(self, energies: np.ndarray) -> np.ndarray:
        """Return the uncertainty of corrected energies: small near a line that was found."""
        given = np.asarray(energies, dtype=np.float64)
        unknown = UNKNOWN_KEV + UNKNOWN_SHARE * given
        if not len(self.energies):
            return unknown
        nearest = np.abs(given[:, None] - self.energies[None, :]).min(axis=1)
        found: np.ndarray = np.minimum(KNOWN_KEV + 0.0008 * nearest, unknown)
        return found


def natural_drift(peaks: Sequence[Peak]) -> Drift:
    """Return how far a scale is off, by the natural lines among the peaks of a spectrum.

    A smooth course of offsets is sought that brings most natural lines onto peaks; it is taken
    only if three of them agree, for fewer may be chance.
    """
    given = [one for one in peaks if one.energy_kev is not None]
    places = np.array([one.energy_kev for one in given], dtype=np.float64)
    width = np.array([one.fwhm_kev for one in given], dtype=np.float64)
    error = np.array([one.energy_sigma for one in given], dtype=np.float64)
    nothing = Drift(np.zeros(0), np.zeros(0))
    if len(given) < 3:
        return nothing
    lines = np.array(sorted(NATURAL_KEV))
    weights = np.array([NATURAL_KEV[one] for one in lines.tolist()])
    apart = places[None, :] - lines[:, None]
    near = np.abs(apart) < LARGEST_KEV + LARGEST_SHARE * lines[:, None]
    best, course = 0.0, None
    grid = (
        (a, b, c)
        for c in np.linspace(-0.2, 1.0, 13)
        for b in np.linspace(-1.5, 1.5, 31)
        for a in np.linspace(-0.8, 0.8, 9)
    )
    tolerance = np.maximum(0.35 * width, 2 * error)[None, :]
    mev = lines / 1000
    for a, b, c in grid:
        moved = a + b * mev + c * np.maximum(mev - 1, 0) ** 2 * 2
        rest = np.abs(apart - moved[:, None]) / tolerance
        closest = np.where(near, rest, 9.0).min(axis=1)
        score = float((weights * np.clip(1 - closest**2, 0, 1)).sum()) - abs(a) - abs(b) - abs(c)
        if score > best:
            best, course = score, moved
    if course is None:
        return nothing
    rest = np.where(near, np.abs(apart - course[:, None]) / tolerance, 9.0)
    hit = rest.min(axis=1) < 1
    if hit.sum() < 3:
        return nothing
    chosen = rest.argmin(axis=1)[hit]
    offsets = (places[chosen] - lines[hit]) * 1.0
    return Drift(lines[hit], _smoothed(offsets, course[hit], error[chosen]))


def _smoothed(offsets: np.ndarray, course: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return offsets drawn to the course where the peak itself is badly known."""
    trust = 0.2**2 / (0.2**2 + error**2)
    found: np.ndarray = trust * offsets + (1 - trust) * course
    return found


GAINS = np.linspace(-0.03, 0.03, 121)
"""Shares by which the gain of a sharp scale may be off, tried one by one."""
FEWEST_HIT, LEAST_WEIGHT, NO_OTHER = 6, 0.5, 0.6
SHARPEST_SHARE = 0.01
"""Lines wider than this share of their energy do not tell one gain from the next."""


def coarse_gain(peaks: Sequence[Peak]) -> float | None:
    """Return by which share the gain of a sharp scale is too high, or None.

    It is told by natural lines alone: at least six of them, with half of what all of them count,
    lie on peaks, and no gain elsewhere comes near. Scales of scintillators are left alone.

    Parameters
    ----------
    peaks : sequence of Peak
        With energies.
    """
    given = [one for one in peaks if one.energy_kev and one.energy_kev > 150]
    places = np.array([one.energy_kev for one in given], dtype=np.float64)
    width = np.array([one.fwhm_kev for one in given], dtype=np.float64)
    if len(given) < FEWEST_HIT or np.median(width / places) > SHARPEST_SHARE:
        return None
    lines = np.array(sorted(NATURAL_KEV))
    weights = np.array([NATURAL_KEV[one] for one in lines.tolist()])
    scores, hits = np.zeros(len(GAINS)), np.zeros(len(GAINS))
    for n, gain in enumerate(GAINS):
        moved = places / (1 + gain)
        near = np.abs(moved[None, :] - lines[:, None]) < (0.5 * width + 0.0003 * places)[None, :]
        hit = near.any(axis=1)
        scores[n], hits[n] = float(weights[hit].sum()), int(hit.sum())
    best = int(scores.argmax())
    among = GAINS[scores > NO_OTHER * scores[best]]
    alone = bool(np.ptp(among) < 0.004)
    enough = hits[best] >= FEWEST_HIT and scores[best] >= LEAST_WEIGHT * weights.sum()
    return float(GAINS[best]) if alone and enough else None
