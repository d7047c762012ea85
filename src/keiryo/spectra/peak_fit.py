"""Fits of peaks: Gaussians over channels on a straight continuum, by Poisson likelihood.

Peaks that overlap are fitted together. Residuals are signed roots of the deviance, so that the
least squares of them are the greatest likelihood, also with few counts; the covariance is that of
the Fisher information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from keiryo.spectra.peak_search import WidthModel, find_peaks, first_counting
from keiryo.spectra.peak_shape import Shape, root_slopes, signed_roots
from keiryo.spectra.spectrum import FILE, Spectrum

_TO_SIGMA = 1 / (2 * np.sqrt(2 * np.log(2)))
_APART, _MARGIN = 4.3, 3.0
_APART_WIDE, _MARGIN_WIDE = 2.2, 1.8
"""Peaks nearer than so many FWHM are fitted together; the window reaches so far on both sides,
less far where peaks are wide, for there a continuum is not simple for long."""
WIDTH_FACTOR_SIGMA = 0.15
"""How well the widths along a scintillator's spectrum are known before a peak is fitted."""
CURVED_FROM = 9.0
"""Windows of so many widths have a curved continuum."""
LEAST_AREA_SIGMAS, SURELY_NONE = 3.0, 0.2
MOST_MISFIT, MOST_MISFIT_BAD, BAD = 0.25, 0.12, 5.0
"""An area is so many times its error; its Gaussian misses no larger share of it: the first one,
or the second where lines are sharp and the deviance by its degrees of freedom is as bad as the
third: so the noise at the low end goes. Wide ones may be several lines that nobody can part."""
MOST_TOGETHER, MOST_MORE, MOST_STEPS = 12, 4, 60
FOOT_WITHIN, FOOT_SHARE = 1.4, 0.12
"""Within so many widths of a peak of a scintillator, a smaller share of its area is its foot: lines
of scintillators are no exact Gaussians."""
SPLIT, PARTED, POOR_ENOUGH_TO_SPLIT = 0.6, 1.0, 2.5
"""Two peaks in the place of one are tried so many widths to its left and its right, and taken if
they are parted by so many in the end: nearer ones are the tail of a line. They are tried where the
deviance by its degrees of freedom is above the third."""
POOR, WORTH_A_PEAK, LEAST_LEFT_OVER = 1.3, 30.0, 4.5
"""Where the deviance by its degrees of freedom is above the first, a further peak is tried; it is
taken if the deviance falls by the second, and looked for where the rest reaches the third."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A fitted peak.

    Attributes
    ----------
    channel, channel_sigma : float
        Centroid, in channels counted from 0 at the middle of the first.
    energy_kev, energy_sigma, fwhm_kev : float or None
        None where the spectrum has no energy scale. The error is that of the fit alone.
    fwhm_channels : float
    area, area_sigma : float
        Counts above the continuum.
    chi2_reduced : float
        Of the window it was fitted in: the deviance by its degrees of freedom.
    significance : float
        Of the search.
    together : int
        How many peaks were fitted together.
    """

    channel: float
    channel_sigma: float
    energy_kev: float | None
    energy_sigma: float | None
    fwhm_kev: float | None
    fwhm_channels: float
    area: float
    area_sigma: float
    chi2_reduced: float
    significance: float
    together: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


CLEAR_OF_EDGE, LEAST_CLEAR = 0.7, 2.0
"""So many widths, and so many channels, above the discriminator a peak has two sides."""


def peaks_of(spectrum: Spectrum) -> list[Peak]:
    """Return the peaks of a spectrum by energy, or by channel where it has no energy scale.

    What the search takes for a peak and the fit does not bear out is left out: an area that is
    not three times its error, a place that is not known to half a width, and humps that are no
    Gaussian on a slope, as the noise at the low end is.
    """
    counts = spectrum.counts
    places, significance, widths = find_peaks(counts)
    lowest = first_counting(counts)
    sound = places > lowest
    places, significance = places[sound], significance[sound]
    groups = _groups(places, widths)
    found: list[Peak] = []
    for n, group in enumerate(groups):
        before = _border(places, widths, groups[n - 1][-1], group[0]) if n else lowest
        after = spectrum.channels - 1
        if n + 1 < len(groups):
            after = _border(places, widths, group[-1], groups[n + 1][0])
        within = (before, after)
        found += _fitted(spectrum, places[group], significance[group], widths, within)
    whole = [
        one
        for one in found
        if one.channel - lowest > max(CLEAR_OF_EDGE * one.fwhm_channels, LEAST_CLEAR)
    ]
    return sorted(whole, key=lambda one: one.channel)


def _groups(places: np.ndarray, widths: WidthModel) -> list[list[int]]:
    """Return which peaks are fitted together, split where they lie farthest apart if too many."""
    groups: list[list[int]] = []
    for at in range(len(places)):
        near = (_APART_WIDE if widths.wide else _APART) * float(widths.fwhm(float(places[at])))
        if groups and places[at] - places[groups[-1][-1]] < near:
            groups[-1].append(at)
        else:
            groups.append([at])
    small: list[list[int]] = []
    while groups:
        group = groups.pop()
        if len(group) <= MOST_TOGETHER:
            small.append(group)
            continue
        gaps = np.diff(places[group]) / widths.fwhm(places[group[1:]].astype(np.float64))
        inner = gaps * (1 - np.abs(np.linspace(-0.5, 0.5, len(gaps))))
        cut = int(inner.argmax()) + 1
        groups += [group[:cut], group[cut:]]
    return sorted(small)


def _border(places: np.ndarray, widths: WidthModel, left: int, right: int) -> int:
    """Return the channel between two groups where their windows end at the latest."""
    shares = widths.fwhm(places[[left, right]].astype(np.float64))
    apart = float(places[right] - places[left])
    return int(places[left] + apart * float(shares[0] / shares.sum()))


def _fitted(
    spectrum: Spectrum,
    places: np.ndarray,
    significance: np.ndarray,
    widths: WidthModel,
    within: tuple[int, int],
) -> list[Peak]:
    """Return the peaks of a window: more where the rest shows them, less where the fit does."""
    window = _window(places, widths, within)
    done = None if window is None else _solved(spectrum, window, places, widths)
    if window is None or done is None:
        return []
    places, significance, done = _with_left_over(
        spectrum, window, places, significance, widths, done
    )
    while True:
        shape = _shape(window, places, widths)
        covariance = _covariance(done.x, shape, widths.wide)
        borne = _borne_out(done, covariance, shape, spectrum, widths.wide)
        if borne.all():
            break
        places, significance = places[borne], significance[borne]
        if not len(places):
            return []
        window = _window(places, widths, within) or window
        done = _solved(spectrum, window, places, widths)
        if done is None:
            return []
    reduced = _reduced(done)
    return [
        _peak(spectrum, done.x, covariance, shape.widths, n, reduced, float(significance[n]))
        for n in range(len(places))
    ]


def _with_left_over(
    spectrum: Spectrum,
    window: tuple[int, int],
    places: np.ndarray,
    significance: np.ndarray,
    widths: WidthModel,
    done: Any,
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return places, significances and fit with the peaks that the rest of the fit shows.

    Peaks that the search took for one stand on both sides of where it saw them: a further peak is
    tried where the rest is greatest, and two in the place of the one that fits worst.
    """
    for _ in range(MOST_MORE):
        if len(places) >= MOST_TOGETHER or _reduced(done) <= POOR:
            break
        found = _further(spectrum, window, places, widths, done)
        if found is None or done.cost - found[1].cost < WORTH_A_PEAK / 2:
            break
        more, better = found
        gained = float(np.sqrt(2 * (done.cost - better.cost)))
        known = np.interp(more, places, significance)
        near = np.abs(more[:, None] - places[None, :]).min(axis=1)
        significance = np.where(near <= widths.fwhm(more.astype(np.float64)), known, gained)
        places, done = more, better
    return places, significance, done


def _further(
    spectrum: Spectrum,
    window: tuple[int, int],
    places: np.ndarray,
    widths: WidthModel,
    done: Any,
) -> tuple[np.ndarray, Any] | None:
    """Return the better fit with one more peak, and its places; None: there is none."""
    fitted = np.rint(done.x[4 : 4 + 2 * len(places) : 2]).astype(np.int64)
    place = _left_over(done, window, places, widths)
    tries = [] if place is None else [(np.append(places, place), 0.0)]
    if place is not None:
        tries.append((np.append(fitted, place), PARTED))
    own = widths.fwhm(fitted.astype(np.float64))
    x = np.arange(window[0], window[1] + 1)
    rest = done.fun[: len(x)] ** 2
    misfits = [
        rest[np.abs(x - at) <= max(width, 1.0)].sum() for at, width in zip(fitted, own, strict=True)
    ]
    worst = int(np.argmax(misfits))
    apart = max(round(SPLIT * float(own[worst])), 1)
    pair = [fitted[worst] - apart, fitted[worst] + apart]
    tries.append((np.append(np.delete(fitted, worst), pair), PARTED))
    best: tuple[np.ndarray, Any] | None = None
    if _reduced(done) < POOR_ENOUGH_TO_SPLIT:
        tries = tries[:1] if place is not None else []
    for given, parted in tries:
        more = np.unique(np.clip(given, window[0], window[1]))
        if len(more) != len(places) + 1:
            continue
        better = _solved(spectrum, window, more, widths)
        if better is None or _nearest(better.x, len(more), widths) < parted:
            continue
        if best is None or better.cost < best[1].cost - 0.5:
            best = (more, better)
    return best


def _nearest(found: np.ndarray, peaks: int, widths: WidthModel) -> float:
    """Return how many of their widths the nearest two peaks of a fit lie apart."""
    at = np.sort(found[4 : 4 + 2 * peaks : 2])
    apart = np.diff(at) / (widths.fwhm(at[1:]) * found[2])
    return float(apart.min()) if len(apart) else np.inf


def _borne_out(
    done: Any, covariance: np.ndarray, shape: Shape, spectrum: Spectrum, wide: bool
) -> np.ndarray:
    """Return which peaks of a fit are peaks: those that are surely none go, else the worst one."""
    x, own = shape.x, shape.widths
    y = spectrum.counts[int(x[0]) : int(x[-1]) + 1].astype(np.float64)
    apart = np.abs(shape.expected(done.x) - y)
    excess = np.maximum(apart - np.sqrt(np.maximum(y, 1.0)), 0.0)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    most = MOST_MISFIT_BAD if _reduced(done) > BAD and not wide else MOST_MISFIT
    worth = np.empty(len(own))
    for n, width in enumerate(own * done.x[2]):
        area, place = done.x[3 + 2 * n : 5 + 2 * n]
        area_error, place_error = errors[3 + 2 * n : 5 + 2 * n]
        near = np.abs(x - place) < 1.2 * width
        misfit = excess[near].sum() / max(area, 1.0)
        worth[n] = area / max(area_error, 1e-9) / LEAST_AREA_SIGMAS
        if place_error > 0.5 * width or misfit > most or not place_error:
            worth[n] = min(worth[n], 0.5 / (1 + misfit))
        if wide and _is_foot(n, done.x, float(width)):
            worth[n] = min(worth[n], 0.5)
    borne: np.ndarray = np.ones(len(own), dtype=bool)
    if worth.min() < SURELY_NONE:
        borne = worth >= SURELY_NONE
    elif worth.min() < 1:
        borne[int(worth.argmin())] = False
    return borne


def _is_foot(n: int, found: np.ndarray, width: float) -> bool:
    """Return whether a peak of a scintillator is the foot of a much greater one next to it."""
    areas, places = found[3 : 3 + 2 * ((len(found) - 3) // 2) : 2], found[4::2]
    areas = areas[: len(places)]
    near = np.abs(places - places[n]) < FOOT_WITHIN * width
    return bool(areas[n] < FOOT_SHARE * areas[near].max())


def _window(
    places: np.ndarray, widths: WidthModel, within: tuple[int, int]
) -> tuple[int, int] | None:
    """Return the first and the last channel of a fit; None: too few for it."""
    own = widths.fwhm(places.astype(np.float64))
    reach = (_MARGIN_WIDE if widths.wide else _MARGIN) * own
    first = max(int(places[0] - reach[0]), within[0])
    last = min(int(np.ceil(places[-1] + reach[-1])), within[1])
    return None if last - first < 3 + 2 * len(places) else (first, last)


def _is_curved(window: tuple[int, int], places: np.ndarray, widths: WidthModel) -> bool:
    """Return whether the window is too wide for a straight continuum."""
    middle = float(places.mean())
    width = float(widths.fwhm(middle))
    return widths.wide or window[1] - window[0] > CURVED_FROM * width


def _reduced(done: Any) -> float:
    return float(2 * done.cost / max(len(done.fun) - len(done.x), 1))


def _left_over(
    done: Any, window: tuple[int, int], places: np.ndarray, widths: WidthModel
) -> int | None:
    """Return where the rest of a fit looks most like a further peak, if it does anywhere."""
    fwhm = float(widths.fwhm(float(places.mean())))
    reach = max(int(fwhm), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (fwhm * _TO_SIGMA)) ** 2)
    if len(done.fun) < len(kernel):
        return None
    told = np.convolve(done.fun, kernel / np.sqrt((kernel**2).sum()), mode="same")
    best = int(told.argmax())
    if told[best] < LEAST_LEFT_OVER:
        return None
    place = window[0] + best
    return None if np.abs(places - place).min() < 0.3 * fwhm else place


def _shape(window: tuple[int, int], places: np.ndarray, widths: WidthModel) -> Shape:
    """Return the model of a window with peaks at some places."""
    x = np.arange(window[0], window[1] + 1, dtype=np.float64)
    return Shape(x, widths.fwhm(places.astype(np.float64)), _is_curved(window, places, widths))


def _solved(
    spectrum: Spectrum, window: tuple[int, int], places: np.ndarray, widths: WidthModel
) -> Any:
    """Return the most likely parameters of so many peaks in a window."""
    shape = _shape(window, places, widths)
    y = spectrum.counts[window[0] : window[1] + 1].astype(np.float64)
    if len(y) < 5 + 2 * len(places):
        return None
    edge = max(int(shape.widths[0] / 2), 1)
    left, right = float(y[:edge].mean()), float(y[-edge:].mean())
    start, low, high = [left, right, 1.0], [0.0, 0.0, 0.5], [np.inf, np.inf, 2.5]
    for place, width in zip(places, shape.widths, strict=True):
        above = max(float(spectrum.counts[place]) - 0.5 * (left + right), 1.0)
        start += [above * width * 1.0645, float(place)]
        low += [0.0, place - 0.75 * width]
        high += [np.inf, place + 0.75 * width]
    if shape.curved:
        start, low, high = [*start, 0.0], [*low, -np.inf], [*high, np.inf]

    def residuals(parameters: np.ndarray) -> np.ndarray:
        found = signed_roots(y, shape.expected(parameters))
        if widths.wide:
            found = np.append(found, np.log(parameters[2]) / WIDTH_FACTOR_SIGMA)
        return found

    def slopes(parameters: np.ndarray) -> np.ndarray:
        made = shape.slopes(parameters)
        found: np.ndarray = made * root_slopes(y, shape.expected(parameters))[:, None]
        if widths.wide:
            more = np.zeros((1, shape.parameters))
            more[0, 2] = 1 / (parameters[2] * WIDTH_FACTOR_SIGMA)
            found = np.concatenate([found, more])
        return found

    start = [max(one, a + 1e-6) for one, a in zip(start, low, strict=True)]
    scale = np.maximum(np.abs(start), 1.0)
    bounds = (low, high)
    return least_squares(
        residuals, start, jac=slopes, bounds=bounds, x_scale=scale, max_nfev=MOST_STEPS
    )


def _covariance(parameters: np.ndarray, shape: Shape, wide: bool) -> np.ndarray:
    """Return the inverse of the Fisher information of the model."""
    slopes = shape.slopes(parameters)
    information = slopes.T @ (slopes / shape.expected(parameters)[:, None])
    if wide:
        information[2, 2] += 1 / (parameters[2] * WIDTH_FACTOR_SIGMA) ** 2
    found: np.ndarray = np.linalg.pinv(information, hermitian=True)
    return found


def _peak(
    spectrum: Spectrum,
    parameters: np.ndarray,
    covariance: np.ndarray,
    own: np.ndarray,
    n: int,
    reduced: float,
    significance: float,
) -> Peak:
    at = 3 + 2 * n
    area, place = float(parameters[at]), float(parameters[at + 1])
    width = float(own[n] * parameters[2])
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    energy = slope = None
    if spectrum.calibration.state == FILE:
        low, middle, high = _energies(spectrum, [place - 0.5, place, place + 0.5])
        energy, slope = middle, high - low
    return Peak(
        channel=place,
        channel_sigma=float(errors[at + 1]),
        energy_kev=energy,
        energy_sigma=None if slope is None else float(errors[at + 1]) * slope,
        fwhm_kev=None if slope is None else width * slope,
        fwhm_channels=width,
        area=area,
        area_sigma=float(errors[at]),
        chi2_reduced=reduced,
        significance=significance,
        together=len(own),
    )


def _energies(spectrum: Spectrum, channels: Sequence[float]) -> list[float]:
    """Return energies of channels counted at their middles; a scale states lower edges."""
    given = np.asarray(channels, dtype=np.float64) + 0.5
    return [float(one) for one in spectrum.calibration.energies(given)]
