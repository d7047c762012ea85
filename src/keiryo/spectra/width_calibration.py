"""How wide peaks are along the energies: FWHM² = a + b E (+ c E²), in keV².

Annihilation is wider than its neighbours, and so are escape peaks: they do not take part. A width
that disagrees with all others is a doublet, and is left out too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ELECTRON_KEV = 510.999
LEFT_OUT_KEV = 3.0
OUTLIER_SIGMAS = 4.0
LEAST_RELATIVE = 0.005
"""No width is known better than by this share."""


@dataclass(frozen=True, slots=True)
class WidthLaw:
    """A law of widths.

    Attributes
    ----------
    coefficients : tuple of float
        a in keV², b in keV, and c where it was asked for.
    covariance : ndarray of float, shape (n, n)
    used : tuple of float
        Energies that took part, in keV.
    chi2_reduced : float or None
        None where as many widths as coefficients took part.
    """

    coefficients: tuple[float, ...]
    covariance: np.ndarray
    used: tuple[float, ...]
    chi2_reduced: float | None

    def fwhm_kev(self, energy_kev: np.ndarray | float) -> np.ndarray:
        """Return the FWHM in keV at energies; nan where the law gives no width."""
        energy = np.asarray(energy_kev, dtype=np.float64)
        square = np.polynomial.polynomial.polyval(energy, self.coefficients)
        found: np.ndarray = np.sqrt(np.where(square > 0, square, np.nan))
        return found

    def sigma_kev(self, energy_kev: np.ndarray | float) -> np.ndarray:
        """Return the standard error of the FWHM in keV."""
        energy = np.asarray(energy_kev, dtype=np.float64)
        slopes = np.stack([energy**n for n in range(len(self.coefficients))], axis=-1)
        variance = np.einsum("...i,ij,...j->...", slopes, self.covariance, slopes)
        found: np.ndarray = np.sqrt(np.maximum(variance, 0)) / (2 * self.fwhm_kev(energy))
        return found


def width_law(
    energies_kev: Sequence[float] | np.ndarray,
    fwhm_kev: Sequence[float] | np.ndarray,
    sigma_kev: Sequence[float] | np.ndarray,
    *,
    curved: bool = False,
) -> WidthLaw | None:
    """Return the law that measured widths follow; None where too few of them remain.

    Parameters
    ----------
    energies_kev, fwhm_kev, sigma_kev : sequence of float, shape (peaks,)
        Of fitted peaks: energy, width, standard error of the width.
    curved : bool, optional
        With a term in the square of the energy.
    """
    energy, width, error = (
        np.asarray(one, dtype=np.float64) for one in (energies_kev, fwhm_kev, sigma_kev)
    )
    terms = 3 if curved else 2
    keep = np.isfinite(energy) & np.isfinite(width) & (width > 0) & ~_special(energy)
    sigma = np.maximum(2 * width * np.hypot(error, LEAST_RELATIVE * width), 1e-12)
    while keep.sum() >= terms:
        slopes = np.vander(energy[keep], terms, increasing=True) / sigma[keep][:, None]
        if np.linalg.matrix_rank(slopes * 1e3 ** np.arange(terms)) < terms:
            return None
        covariance = np.linalg.inv(slopes.T @ slopes)
        found = covariance @ slopes.T @ (width[keep] ** 2 / sigma[keep])
        along = np.polynomial.polynomial.polyval(energy, found)
        pulls = np.where(keep, np.abs(width**2 - along) / sigma, 0.0)
        free = int(keep.sum()) - terms
        chi2 = float((pulls[keep] ** 2).sum()) / free if free else None
        scale = max(1.0, chi2 or 1.0)
        if free < 2 or pulls.max() < OUTLIER_SIGMAS * min(float(np.sqrt(scale)), 1.5):
            used = tuple(energy[keep].tolist())
            return WidthLaw(tuple(found.tolist()), covariance * scale, used, chi2)
        keep[int(pulls.argmax())] = False
    return None


def _special(energy: np.ndarray) -> np.ndarray:
    """Return which peaks are annihilation, or escape peaks of another peak above 1.5 MeV."""
    found = np.abs(energy - ELECTRON_KEV) < LEFT_OUT_KEV
    for line in energy[energy > 1500]:
        for quanta in (1, 2):
            found |= np.abs(energy - line + quanta * ELECTRON_KEV) < LEFT_OUT_KEV / 2
    return found
