"""Search for peaks: a zero-area Gaussian filter at many widths, then at the width that is found.

No width is asked for: the strongest peaks give it, as FWHM² = a + b x over the channels. The
annihilation line is wider than its neighbours and stands out of that; a robust fit leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LEAST_SIGNIFICANCE = 4.5
STRONG = 10.0
"""Peaks as significant as this tell the width."""
FEW = 6
"""With fewer of them a line cannot be told from an accident."""
_SCALES = np.geomspace(2.5, 90.0, 16)
_TO_SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))
_REACH = 2.0
"""Half-width of the filter in FWHM."""


@dataclass(frozen=True, slots=True)
class WidthModel:
    """FWHM in channels along a spectrum: the root of a + b x."""

    a: float
    b: float

    def fwhm(self, channel: np.ndarray | float) -> np.ndarray:
        """Return the width at a channel; at least two and a half channels."""
        square = self.a + self.b * np.asarray(channel, dtype=np.float64)
        found: np.ndarray = np.sqrt(np.maximum(square, _SCALES[0] ** 2))
        return found


def significances(counts: np.ndarray, fwhm: float) -> np.ndarray:
    """Return how far each channel stands out as the middle of a peak of some width, in sigmas."""
    reach = max(int(np.ceil(_REACH * fwhm)), 2)
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (x / (fwhm * _TO_SIGMA)) ** 2)
    kernel -= kernel.mean()
    given = counts.astype(np.float64)
    filtered = ndimage.convolve1d(given, kernel, mode="nearest")
    variance = ndimage.convolve1d(given, kernel**2, mode="nearest")
    found: np.ndarray = filtered / np.sqrt(np.maximum(variance, 1.0))
    return found


def find_peaks(
    counts: np.ndarray, least: float = LEAST_SIGNIFICANCE
) -> tuple[np.ndarray, np.ndarray, WidthModel]:
    """Return the channels of peaks, their significances, and the widths along the spectrum.

    Parameters
    ----------
    counts : ndarray of int, shape (channels,)
    least : float
        How far a peak must stand out, in sigmas of its own filter.
    """
    scales = _SCALES[len(counts) > _SCALES * 8]
    if not len(scales):
        return np.zeros(0, dtype=np.int64), np.zeros(0), WidthModel(_SCALES[0] ** 2, 0.0)
    maps = np.array([significances(counts, fwhm) for fwhm in scales])
    widths = _widths(counts, maps, scales)
    at = np.interp(np.log(widths.fwhm(np.arange(len(counts)))), np.log(scales), range(len(scales)))
    local = ndimage.map_coordinates(maps, [at, np.arange(len(counts))], order=1, mode="nearest")
    places = _maxima(local, widths.fwhm(np.arange(len(counts))) / 2)
    places = places[local[places] >= least]
    return places, local[places], widths


def _maxima(values: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return where values are greatest within half a width on both sides."""
    inner = np.flatnonzero((values[1:-1] >= values[:-2]) & (values[1:-1] > values[2:])) + 1
    kept = []
    for place in inner:
        reach = max(int(half[place]), 1)
        if values[place] >= values[max(place - reach, 0) : place + reach + 1].max():
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def _widths(counts: np.ndarray, maps: np.ndarray, scales: np.ndarray) -> WidthModel:
    """Return the widths that the strongest peaks have, by the scale at which each stands out."""
    best = maps.max(axis=0)
    scale_at = maps.argmax(axis=0)
    seeds = _maxima(best, scales[scale_at] / 2)
    seeds = seeds[best[seeds] >= STRONG]
    found = np.array([_half_width(counts, int(seed), scales[scale_at[seed]]) for seed in seeds])
    sound = np.isfinite(found) & (seeds > 0) if len(seeds) else np.zeros(0, dtype=bool)
    if not sound.any():
        one = float(scales[scale_at[int(best.argmax())]])
        return WidthModel(one**2, 0.0)
    x, square = seeds[sound].astype(np.float64), found[sound] ** 2
    if len(x) < FEW:  # squares of widths in proportion to the energy, as light makes them
        return WidthModel(0.0, float(np.median(square / x)))
    return _robust(x, square, best[seeds][sound])


def _half_width(counts: np.ndarray, place: int, scale: float) -> float:
    """Return the full width at half maximum of a strong peak as it stands in the counts.

    The filter itself answers best when it is wider than a peak on little continuum, so the width
    is measured: above the line between the lowest places on both sides.
    """
    reach = max(int(2 * scale), 4)
    first, last = max(place - reach, 0), min(place + reach, len(counts) - 1)
    window = ndimage.uniform_filter1d(counts[first : last + 1].astype(np.float64), 3)
    middle = place - first
    near = slice(max(middle - 2, 0), middle + 3)
    top = near.start + int(window[near].argmax())
    left, right = int(window[: top + 1].argmin()), top + int(window[top:].argmin())
    if left == top or right == top:
        return float("nan")
    x = np.arange(len(window))
    line = np.interp(x, [left, right], [window[left], window[right]])
    above = window - line
    half = above[top] / 2
    low = np.flatnonzero(above[left : top + 1] <= half)
    high = np.flatnonzero(above[top : right + 1] <= half)
    if half <= 0 or not len(low) or not len(high):
        return float("nan")
    a, b = left + int(low[-1]), top + int(high[0])
    begin = a + (half - above[a]) / (above[a + 1] - above[a])
    end = b - (half - above[b]) / (above[b - 1] - above[b])
    smeared = float(end - begin) ** 2 - 2.0  # three channels were averaged
    return float(np.sqrt(max(smeared, 1.0)))


def _robust(x: np.ndarray, square: np.ndarray, weight: np.ndarray) -> WidthModel:
    """Return the line through squares of widths, with what lies far off left out."""
    a, b = float(np.quantile(square, 0.4)), 0.0
    keep = (square < 4 * a) & (square > a / 4)
    for _ in range(6):
        if keep.sum() < 3 or np.ptp(x[keep]) == 0:
            break
        b, a = np.polyfit(x[keep], square[keep], 1, w=np.sqrt(weight[keep]))
        rest = square / np.maximum(a + b * x, 1.0)
        keep = (rest > 0.55) & (rest < 1.6)
    if b < 0 or a < 0:
        fitted = np.median(square[keep]) if keep.any() else np.median(square)
        a, b = (float(fitted), 0.0) if b < 0 else (max(float(a), 1.0), float(b))
    return WidthModel(float(a), float(b))
