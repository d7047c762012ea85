"""Search for peaks: a zero-area Gaussian filter at many widths, then at the width that is found.

No width is asked for: the strongest peaks give it, as FWHM² = a + b x over the channels. The
annihilation line is wider than its neighbours and stands out of that; a robust fit leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.optimize import least_squares

LEAST_SIGNIFICANCE = 4.5
TELLING, MOST_TELLING, STRONG_ENOUGH = 6.0, 60, 25.0
"""Peaks as significant as the first tell the width, so many of them, none more than the last."""
POWERS, UNUSUAL = (1.0, 1.2, 1.4), 0.9
"""Squares of widths rise as these powers of the place; others than the first must be better."""
REACHES = (1.6, 0.9)
"""A peak is tried over so many widths on both sides, the less where a neighbour is near."""
WIDEST, USUAL_WIDE = 0.12, 0.06
"""No detector is worse than the first share of half its range; the second is a fair guess."""
MOST_MISFIT = 0.15
"""Share of an area by which the counts of a line differ from a Gaussian on a slope."""
LEAST_CHANNELS = 1.25
WIDE = 0.015
"""Peaks wider than this share of half the range are those of a scintillator."""
_SCALES = np.geomspace(2.5, 90.0, 16)
_TO_SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))
_REACH = 2.0
"""Half-width of the filter in FWHM."""


@dataclass(frozen=True, slots=True)
class WidthModel:
    """FWHM in channels along a spectrum: the root of a + b x^power; wide: a scintillator's."""

    a: float
    b: float
    power: float = 1.0
    wide: bool = False

    def fwhm(self, channel: np.ndarray | float) -> np.ndarray:
        """Return the width at a channel; at least a channel and a quarter."""
        at = np.maximum(np.asarray(channel, dtype=np.float64), 0.0)
        square = self.a + self.b * at**self.power
        found: np.ndarray = np.sqrt(np.maximum(square, LEAST_CHANNELS**2))
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
    middle = len(counts) / 2
    widths = replace(widths, wide=bool(widths.fwhm(middle) > WIDE * middle))
    at = np.interp(np.log(widths.fwhm(np.arange(len(counts)))), np.log(scales), range(len(scales)))
    local = ndimage.map_coordinates(maps, [at, np.arange(len(counts))], order=1, mode="nearest")
    places = _maxima(local, widths.fwhm(np.arange(len(counts))) / 2)
    places = places[local[places] >= least]
    return places, local[places], widths


def first_counting(counts: np.ndarray) -> int:
    """Return the first channel above the discriminator: what lies below it has no counts."""
    if not len(counts):
        return 0
    smooth = ndimage.uniform_filter1d(counts.astype(np.float64), 3, mode="nearest")
    reach = max(len(counts) // 64, 8)
    ahead = ndimage.median_filter(smooth, size=reach, origin=-((reach - 1) // 2), mode="nearest")
    there = np.flatnonzero((smooth >= 0.2 * ahead) & (smooth > 0))
    first = int(there[0]) if len(there) else 0
    for _ in range(2):  # smoothing has moved a sharp begin to lower channels
        usual = float(np.median(counts[first + 2 : first + 8])) if first + 8 < len(counts) else 0.0
        if counts[first] >= 0.5 * usual:
            break
        first += 1
    return first


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
    """Return the widths that most of the peaks agree on.

    The humps of noise at the low end and of Compton edges are wide, and may well be the strongest;
    but they do not agree with each other, as lines do.
    """
    best, scale_at = maps.max(axis=0), maps.argmax(axis=0)
    seeds = _maxima(best, scales[scale_at] / 2)
    seeds = seeds[best[seeds] >= TELLING]
    seeds = np.sort(seeds[np.argsort(-best[seeds])[:MOST_TELLING]])
    lowest = first_counting(counts)
    seeds = seeds[seeds > lowest]
    found = [trial_fit(counts, int(seed), float(scales[scale_at[seed]]), lowest) for seed in seeds]
    told = [(seed, one) for seed, one in zip(seeds, found, strict=True) if one is not None]
    if not told:
        return _guessed(len(counts))
    x = np.array([seed for seed, _one in told], dtype=np.float64)
    width, error = (np.array([one[at] for _seed, one in told]) for at in (0, 1))
    weight = np.minimum(best[x.astype(int)], STRONG_ENOUGH)
    law = _agreed(np.maximum(x, 1.0), width, np.maximum(error / width, 0.01), weight, len(counts))
    return law or _guessed(len(counts))


def _guessed(channels: int) -> WidthModel:
    """Return the widths of a usual scintillator, where no peak tells them."""
    half = channels / 2
    return WidthModel(0.0, (USUAL_WIDE * half) ** 2 / half)


def trial_fit(
    counts: np.ndarray, place: int, scale: float, lowest: int = 0
) -> tuple[float, float] | None:
    """Return the FWHM of a single peak at a place and its error; None: it is no Gaussian.

    Parameters
    ----------
    counts : ndarray of int, shape (channels,)
    place : int
    scale : float
        The FWHM of the filter that answers best; the peak is narrower than it, or as wide.
    lowest : int
        The first channel that counts.
    """
    for reach in REACHES:
        found = _trial(counts, place, scale, lowest, reach)
        if found is not None:
            return found
    return None


def _trial(
    counts: np.ndarray, place: int, scale: float, lowest: int, widths: float
) -> tuple[float, float] | None:
    """Return what a fit says over so many widths on both sides; None: that it is no peak."""
    width, fit = scale, None
    for _ in range(3):
        reach = max(int(widths * width), 4)
        first, last = max(place - reach, lowest), min(place + reach, len(counts) - 1)
        y = counts[first : last + 1].astype(np.float64)
        if len(y) < 7:
            return None
        fit = _gaussian_on_line(y, float(place - first), width)
        if fit is None:
            return None
        changed = abs(fit[0] - width) > 0.25 * width
        width = fit[0]
        if not changed:
            break
    assert fit is not None
    width, error, area, area_error, misfit = fit
    sound = area > 4 * area_error and error < 0.3 * width and misfit < MOST_MISFIT
    return (width, error) if sound else None


def _gaussian_on_line(
    y: np.ndarray, middle: float, width: float
) -> tuple[float, float, float, float, float] | None:
    """Return FWHM and its error, area and its error, and the share that is not Gaussian."""
    x = np.arange(len(y), dtype=np.float64)
    edge = max(len(y) // 6, 1)
    low = float(min(y[:edge].mean(), y[-edge:].mean()))
    start = np.array([max(y.max() - low, 1.0), middle, width * _TO_SIGMA, low, low])
    bounds = (
        [0.0, middle - width, 0.4, -np.inf, -np.inf],
        [np.inf, middle + width, 2.5 * width, np.inf, np.inf],
    )
    weight = 1 / np.sqrt(np.maximum(ndimage.uniform_filter1d(y, 3, mode="nearest"), 1.0))
    along = x / max(len(y) - 1, 1)

    def model(p: np.ndarray) -> np.ndarray:
        bell = p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2)
        made: np.ndarray = bell + p[3] * (1 - along) + p[4] * along
        return made

    def residuals(p: np.ndarray) -> np.ndarray:
        found: np.ndarray = (model(p) - y) * weight
        return found

    start = np.clip(start, np.add(bounds[0], 1e-9), np.subtract(bounds[1], 1e-9))
    done = least_squares(residuals, start, bounds=bounds, x_scale="jac", max_nfev=60)
    if not np.isfinite(done.x).all():
        return None
    slopes = np.asarray(done.jac)
    spread = np.linalg.pinv(slopes.T @ slopes)
    height, sigma = float(done.x[0]), float(done.x[2])
    area = height * sigma * np.sqrt(2 * np.pi)
    shares = spread[np.ix_([0, 2], [0, 2])] / np.outer(done.x[[0, 2]], done.x[[0, 2]])
    area_error = area * float(np.sqrt(max(shares.sum(), 0.0))) if height > 0 else np.inf
    rest = float(np.abs(model(done.x) - y).sum() - 0.8 * np.sqrt(np.maximum(y, 0.0)).sum())
    misfit = max(rest, 0.0) / max(area, 1.0)
    return (
        sigma / _TO_SIGMA,
        float(np.sqrt(max(spread[2, 2], 0.0))) / _TO_SIGMA,
        area,
        area_error,
        misfit,
    )


def _agreed(
    x: np.ndarray, width: np.ndarray, error: np.ndarray, weight: np.ndarray, channels: int
) -> WidthModel | None:
    """Return the law through the widths of which the greatest weight of peaks has its own."""
    square = width**2
    models = [
        (0.0, float(two / one**power), power)
        for one, two in zip(x, square, strict=True)
        for power in POWERS
    ]
    for i in range(len(x)):
        rises = (square[i + 1 :] - square[i]) / np.maximum(x[i + 1 :] - x[i], 1.0)
        starts = square[i] - rises * x[i]
        kept = (rises >= 0) & (starts >= 0) & (x[i + 1 :] > 1.3 * x[i])
        pairs = zip(starts[kept].tolist(), rises[kept].tolist(), strict=True)
        models += [(a, b, 1.0) for a, b in pairs]
    half = channels / 2
    models = [one for one in models if one[0] + one[1] * half ** one[2] < (WIDEST * half) ** 2]
    if not models:
        return None
    within = np.maximum(2 * error, 0.1)
    apart = np.array(
        [
            np.abs(np.log(np.maximum(a + b * x**power, 1e-9)) / 2 - np.log(width))
            for a, b, power in models
        ]
    )
    scores = (weight * np.clip(1 - apart / within / 2, 0, 1)).sum(axis=1)
    scores *= [1.0 if power == 1 else UNUSUAL for _a, _b, power in models]
    best = int(scores.argmax())
    a, b, power = models[best]
    inside = apart[best] < within
    if power == 1 and inside.sum() >= 3 and np.ptp(x[inside]) > 0:
        trust = 1 / (2 * square[inside] * np.maximum(error[inside], 0.02))
        rise, start = np.polyfit(x[inside], square[inside], 1, w=trust)
        if rise >= 0 and start >= 0:
            a, b = float(start), float(rise)
    return WidthModel(a, b, power)
