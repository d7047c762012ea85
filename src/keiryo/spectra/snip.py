"""The continuum under peaks by SNIP: each channel is cut down to the mean of its neighbours.

Statistics-sensitive non-linear iterative peak clipping (Ryan et al., Nucl. Instrum. Methods B 34
(1988) 396; with a falling window Morháč et al., Nucl. Instrum. Methods A 401 (1997) 113). It serves
for drawing and for a first look; areas come from fits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WIDTHS = 1.5
"""The window in FWHM: twice of it and one channel cover the base of a peak."""


def snip(
    counts: Sequence[float] | np.ndarray, window: int, *, logarithm: bool = True
) -> np.ndarray:
    """Return the continuum under the peaks of a spectrum.

    Parameters
    ----------
    counts : ndarray of float, shape (channels,)
        Of 0 or more.
    window : int
        Largest distance in channels over which neighbours are taken; it falls to 1. Nearer to an
        end than that, channels stay as they are in that step.
    logarithm : bool, optional
        Clip ln(ln(sqrt(y + 1) + 1) + 1), so that weak peaks beside strong ones are cut as well.

    Returns
    -------
    ndarray of float, shape (channels,)

    Raises
    ------
    ValueError
        For counts that are negative or no numbers, or a window below 1.
    """
    given = np.asarray(counts, dtype=np.float64)
    if given.ndim != 1 or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("counts are numbers of 0 or more, one for each channel")
    if window < 1:
        raise ValueError("the window is one channel at least")
    y = np.log(np.log(np.sqrt(given + 1) + 1) + 1) if logarithm else given.copy()
    for p in range(min(window, (len(y) - 1) // 2), 0, -1):
        mean = (y[: -2 * p] + y[2 * p :]) / 2
        y[p:-p] = np.minimum(y[p:-p], mean)
    if not logarithm:
        return y
    found: np.ndarray = (np.exp(np.exp(y) - 1) - 1) ** 2 - 1
    return found


def window_for(fwhm_channels: float) -> int:
    """Return the window that suits peaks of a width in channels."""
    return max(1, round(WIDTHS * fwhm_channels))
