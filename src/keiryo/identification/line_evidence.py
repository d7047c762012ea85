"""What a spectrum says at the lines of nuclides: peaks that were found, and how much is not there.

Each observation is a place of the spectrum with an area and its error. Lines of several nuclides
that no peak can part stand at one place. Where no peak was found the area is 0 with the error that
the counts there allow, so that a line that is missing speaks against its nuclide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from keiryo.nuclides.lines import Line
from keiryo.spectra.energy_drift import Drift
from keiryo.spectra.peak_fit import Peak
from keiryo.spectra.spectrum import Spectrum

LEAST_KEV = 40.0
LEAST_SHARE = 0.004
"""Lines weaker than this share of a nuclide's strongest are not looked at."""
SAME_PLACE = 0.7
"""Lines nearer than so many FWHM stand at one place."""
MISSING_SIGMA = 1.7
"""The search finds what is above four and a half sigmas; an area that it does not find is less."""


@dataclass(slots=True)
class Place:
    """A place of the spectrum where lines of nuclides lie.

    Attributes
    ----------
    energy_kev : float
        True energy: of the peak, or of the line.
    area, sigma : float
        Counts.
    peak : Peak or None
    lines : dict of str to list of Line
        By nuclide.
    """

    energy_kev: float
    area: float
    sigma: float
    peak: Peak | None
    lines: dict[str, list[Line]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Widths:
    """FWHM in keV along the energies: the root of a + b E."""

    a: float
    b: float

    def at(self, energy_kev: np.ndarray | float) -> np.ndarray:
        """Return the FWHM in keV at an energy."""
        square = self.a + self.b * np.asarray(energy_kev, dtype=np.float64)
        found: np.ndarray = np.sqrt(np.maximum(square, 0.01))
        return found


def widths_of(peaks: Sequence[Peak]) -> Widths:
    """Return the law of widths of fitted peaks, with annihilation and outliers left out."""
    told = [
        (one.energy_kev, one.fwhm_kev, one.significance)
        for one in peaks
        if one.energy_kev is not None
        and one.fwhm_kev is not None
        and abs(one.energy_kev - 511) > 4
        and one.energy_kev > 20
    ]
    if not told:
        return Widths(1.0, 0.002)
    energy, width, weight = (
        np.array(column, dtype=np.float64) for column in zip(*told, strict=True)
    )
    if len(told) < 3:
        return Widths(0.0, float(np.median(width**2 / energy)))
    keep = np.ones(len(told), dtype=bool)
    a, b = float(np.median(width**2)), 0.0
    for _ in range(5):
        b, a = np.polyfit(
            energy[keep], width[keep] ** 2, 1, w=np.sqrt(np.minimum(weight, 50))[keep]
        )
        a, b = (max(float(a), 0.0), max(float(b), 1e-6))
        rest = np.abs(np.log(width / np.sqrt(np.maximum(a + b * energy, 1e-3))))
        fresh = rest < max(0.25, 2.5 * float(np.median(rest)))
        if fresh.sum() < 3:
            break
        keep = fresh
    return Widths(a, b)


def background_areas(
    peaks: Sequence[Peak], background: Spectrum | None, live_s: float | None, fitted: Sequence[Peak]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the background has at each peak, and its error, for the live time of the peaks.

    Parameters
    ----------
    peaks : sequence of Peak
    background : Spectrum or None
    live_s : float or None
    fitted : sequence of Peak
        The peaks of the background.
    """
    areas, errors = np.zeros(len(peaks)), np.zeros(len(peaks))
    if background is None or not live_s or not background.live_s:
        return areas, errors
    ratio = live_s / background.live_s
    for at, one in enumerate(peaks):
        near = [
            other
            for other in fitted
            if other.energy_kev is not None
            and one.energy_kev is not None
            and one.fwhm_kev is not None
            and abs(other.energy_kev - one.energy_kev) < 0.6 * one.fwhm_kev
        ]
        if near:
            best = max(near, key=lambda other: other.area)
            areas[at], errors[at] = best.area * ratio, best.area_sigma * ratio
    return areas, errors


def places_of(
    spectrum: Spectrum,
    peaks: Sequence[Peak],
    net: np.ndarray,
    sigma: np.ndarray,
    drift: Drift,
    library: dict[str, tuple[Line, ...]],
    widths: Widths,
) -> list[Place]:
    """Return the places of the spectrum where peaks are or lines of nuclides should be.

    Parameters
    ----------
    spectrum : Spectrum
        Calibrated.
    peaks : sequence of Peak
    net, sigma : ndarray of float, shape (peaks,)
        Areas without the background, and their errors.
    drift : Drift
    library : dict of str to tuple of Line
    widths : Widths
    """
    stated = np.array([one.energy_kev for one in peaks], dtype=np.float64)
    true = drift.true_kev(stated)
    places = [
        Place(float(energy), float(area), float(error), one)
        for energy, area, error, one in zip(true, net, sigma, peaks, strict=True)
    ]
    reach = np.maximum(
        0.4 * np.array([one.fwhm_kev for one in peaks], dtype=np.float64),
        3 * np.hypot(drift.sigma_kev(true), [one.energy_sigma or 0.0 for one in peaks]),
    )
    edges = drift.true_kev(spectrum.calibration.energies(np.array([8, spectrum.channels - 8])))
    empty: list[Place] = []
    for nuclide, lines in library.items():
        for line in lines:
            if not max(LEAST_KEV, edges[0]) < line.energy_kev < edges[1]:
                continue
            at = int(np.abs(true - line.energy_kev).argmin()) if len(true) else -1
            if at >= 0 and abs(true[at] - line.energy_kev) < reach[at]:
                places[at].lines.setdefault(nuclide, []).append(line)
            else:
                _add_missing(empty, line, nuclide, widths)
    _measure(spectrum, empty, drift, widths, true, net)
    return [*places, *empty]


def _add_missing(empty: list[Place], line: Line, nuclide: str, widths: Widths) -> None:
    same = SAME_PLACE * float(widths.at(line.energy_kev))
    for place in empty:
        if abs(place.energy_kev - line.energy_kev) < same:
            place.lines.setdefault(nuclide, []).append(line)
            return
    empty.append(Place(line.energy_kev, 0.0, 1.0, None, {nuclide: [line]}))


def _measure(
    spectrum: Spectrum,
    empty: Sequence[Place],
    drift: Drift,
    widths: Widths,
    peaks_kev: np.ndarray,
    net: np.ndarray,
) -> None:
    """Set the error of places without a peak, by the counts there and by peaks beside them."""
    channels = np.arange(spectrum.channels + 1)
    edges = drift.true_kev(spectrum.calibration.energies(channels))
    whole = np.concatenate([[0.0], np.cumsum(spectrum.counts.astype(np.float64))])
    for place in empty:
        width = float(widths.at(place.energy_kev))
        span = np.array([place.energy_kev - 1.25 * width, place.energy_kev + 1.25 * width])
        counts = float(np.diff(np.interp(span, edges, whole))[0])
        place.sigma = MISSING_SIGMA * float(np.sqrt(max(counts, 1.0)))
        if len(peaks_kev):
            beside = np.abs(peaks_kev - place.energy_kev) < 2.0 * width
            place.sigma += 0.3 * float(net[beside].clip(min=0).sum())
