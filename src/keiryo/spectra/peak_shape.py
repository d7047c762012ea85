"""What a window of a spectrum is expected to hold: Gaussians over channels on a continuum.

Parameters, in this order: counts of the continuum at the left and the right end, the factor on the
widths that are known beforehand, area and place of each peak, and at last, where the continuum is
curved, what its middle has more than the straight line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

_TO_ROOT2_SIGMA = np.sqrt(2.0) / (2 * np.sqrt(2 * np.log(2)))
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Shape:
    """The model of one window.

    Attributes
    ----------
    x : ndarray of float, shape (channels,)
        The channels, by their middles.
    widths : ndarray of float, shape (peaks,)
        FWHM in channels, before the common factor.
    curved : bool
        Whether the continuum is.
    """

    x: np.ndarray
    widths: np.ndarray
    curved: bool = False

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return 3 + 2 * len(self.widths) + int(self.curved)

    def expected(self, parameters: np.ndarray) -> np.ndarray:
        """Return the expected counts, shape (channels,)."""
        mu = np.maximum(self._along() @ self._ends(parameters), 0.0)
        above, below, _sigma = self._edges(parameters)
        mu = mu + 0.5 * (special.erf(above) - special.erf(below)) @ parameters[3 : self._last() : 2]
        found: np.ndarray = np.maximum(mu, _LEAST)
        return found

    def slopes(self, parameters: np.ndarray) -> np.ndarray:
        """Return the derivatives of the expected counts, shape (channels, parameters)."""
        made = np.zeros((len(self.x), self.parameters))
        along = self._along()
        positive = (along @ self._ends(parameters) > 0)[:, None]
        made[:, :2] = along[:, :2] * positive
        if self.curved:
            made[:, -1:] = along[:, 2:] * positive
        above, below, sigma = self._edges(parameters)
        areas = parameters[3 : self._last() : 2]
        bells = (np.exp(-(above**2)), np.exp(-(below**2)))
        made[:, 3 : self._last() : 2] = 0.5 * (special.erf(above) - special.erf(below))
        made[:, 4 : self._last() : 2] = -areas / sigma / np.sqrt(np.pi) * (bells[0] - bells[1])
        by_width = -areas / np.sqrt(np.pi) * (above * bells[0] - below * bells[1])
        made[:, 2] = by_width.sum(axis=1) / parameters[2]
        return made

    def _last(self) -> int:
        return 3 + 2 * len(self.widths)

    def _ends(self, parameters: np.ndarray) -> np.ndarray:
        more = parameters[-1:] if self.curved else parameters[:0]
        return np.concatenate([parameters[:2], more])

    def _along(self) -> np.ndarray:
        middle, half = (self.x[0] + self.x[-1]) / 2, max((self.x[-1] - self.x[0]) / 2, 1.0)
        along = (self.x - middle) / half
        terms = [0.5 * (1 - along), 0.5 * (1 + along)]
        return np.column_stack([*terms, 1 - along**2] if self.curved else terms)

    def _edges(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where the edges of channels lie from each peak, and root two sigma of each."""
        sigma = self.widths * parameters[2] * _TO_ROOT2_SIGMA
        away = self.x[:, None] - parameters[4 : self._last() : 2]
        return (away + 0.5) / sigma, (away - 0.5) / sigma, sigma


def signed_roots(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the signed roots of the Poisson deviance, whose squares add up to it."""
    deviance = 2 * (expected - counts + special.xlogy(counts, counts / expected))
    found: np.ndarray = np.sign(counts - expected) * np.sqrt(np.maximum(deviance, 0.0))
    return found


def root_slopes(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return how the signed roots of the deviance change with what is expected."""
    roots = np.abs(signed_roots(counts, expected))
    near = np.abs(counts / expected - 1) < 1e-4
    away = -np.abs(1 - counts / expected) / np.where(near, 1.0, np.maximum(roots, 1e-300))
    found: np.ndarray = np.where(near, -1 / np.sqrt(expected), away)
    return found
