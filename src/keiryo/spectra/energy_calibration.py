"""A new energy scale for a spectrum, by lines whose energies are known.

Natural lines, and lines of what is known to be there, are matched to peaks near them; offsets that
stand out of their neighbours are left out. A polynomial is taken if it brings the lines within
their errors, else a monotone curve through them. What the file states is never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from keiryo.spectra.energy_drift import NATURAL_KEV, coarse_gain, natural_drift
from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.spectrum import (
    FILE,
    Calibration,
    Spectrum,
    calibration_of,
    calibration_of_edges,
)

SCHEMA = "keiryo.recalibration/1"
RECALIBRATED, AS_FILE, UNCALIBRATED = "recalibrated", "as file", "uncalibrated"
LEAST_GAIN = 0.002
"""A gain that is off by less is a drift that the offsets of lines tell."""
FEWEST_LINES = 3
NEAR_FWHM = 0.75
"""A line is matched to the nearest peak within so many FWHM of where the drift puts it."""
BESIDE_FWHM = 1.2
"""A peak with another one so near that is not much weaker is a doublet: its place tells little."""
LINE_KEV = 0.03
"""How well a line and the shape of a peak are known together, in keV, and in FWHM below."""
SHAPE_FWHM = 0.03
STANDS_OUT = 4.0
STRONGER_KEV = {
    295.224: 351.932,
    338.32: 911.204,
    727.33: 238.632,
    860.56: 583.187,
    968.971: 911.204,
    1120.287: 609.312,
    1238.11: 609.312,
    1377.67: 609.312,
    1764.494: 609.312,
    2204.1: 609.312,
}
"""Natural lines, and the stronger line of the same nuclide or chain without which they are others:
1120.5 keV of scandium-46 is not 1120.3 keV of radium."""
HIGHEST_DEGREE = 3
GOOD_CHI2 = 2.0
BEYOND_SHARE = 0.003
"""Beyond the outermost lines a scale gets worse by this share of the distance."""


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line of known energy and the peak that stands for it.

    Attributes
    ----------
    energy_kev : float
        Of the line.
    channel, channel_sigma : float
        Centroid, counted from 0 at the middle of the first channel.
    stated_kev : float
        Where the scale of the file puts it.
    sigma_kev : float
        Of the place: of the fit, the line and the shape of the peak together.
    rest_kev : float
        Where the new scale puts it, less the energy of the line.
    """

    energy_kev: float
    channel: float
    channel_sigma: float
    stated_kev: float
    sigma_kev: float
    rest_kev: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A new energy scale, or why there is none.

    Attributes
    ----------
    state : str
        ``recalibrated``; ``as file`` where too few lines tell; ``uncalibrated`` where the file
        has no usable scale.
    why : str
    lines : tuple of MatchedLine
    degree : int or None
        Of the polynomial that the offsets follow; None for a curve through the lines.
    calibration : Calibration
        The new scale; that of the file where nothing was changed.
    correction : ndarray of float, shape (degree + 1,)
        Of the polynomial in MeV of the file's scale: what is taken off, in keV.
    covariance : ndarray of float, shape (degree + 1, degree + 1)
    scatter_kev : float
        Root mean square of what is left at the lines.
    """

    state: str
    why: str
    lines: tuple[MatchedLine, ...]
    degree: int | None
    calibration: Calibration
    correction: np.ndarray
    covariance: np.ndarray
    scatter_kev: float

    def u_kev(self, energy_kev: np.ndarray | float) -> np.ndarray:
        """Return the standard uncertainty of energies of the new scale, in keV.

        It is nan without a scale, and grows beyond the outermost lines, and between lines of a
        curve through them.
        """
        energy = np.asarray(energy_kev, dtype=np.float64)
        if self.state == UNCALIBRATED:
            return np.full(energy.shape, np.nan)
        if self.state == AS_FILE:
            found: np.ndarray = 0.35 + BEYOND_SHARE * energy
            return found
        lines = np.array([one.energy_kev for one in self.lines])
        sigma = np.array([one.sigma_kev for one in self.lines])
        beyond = np.maximum(lines[0] - energy, 0) + np.maximum(energy - lines[-1], 0)
        if self.degree is None:
            apart = np.abs(energy[..., None] - lines).min(axis=-1)
            at = np.interp(energy, lines, sigma)
            between = np.where(beyond > 0, 0.0, 0.1 * BEYOND_SHARE * apart * _bend(self.lines))
            made: np.ndarray = np.hypot(np.hypot(at, self.scatter_kev), between)
            curve: np.ndarray = np.hypot(made, BEYOND_SHARE * beyond)
            return curve
        slopes = np.stack([(energy / 1000) ** n for n in range(self.degree + 1)], axis=-1)
        inside = np.clip(energy, lines[0], lines[-1]) / 1000
        held = np.stack([inside**n for n in range(self.degree + 1)], axis=-1)
        use = np.where((beyond > 0)[..., None], held, slopes)
        variance = np.einsum("...i,ij,...j->...", use, self.covariance, use)
        total: np.ndarray = np.sqrt(variance + LINE_KEV**2 + (BEYOND_SHARE * beyond) ** 2)
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        at = (60.0, 186.0, 662.0, 1333.0, 2000.0, 2614.5)
        known = self.state != UNCALIBRATED
        knots = self.degree is None and self.state == RECALIBRATED
        return {
            "schema": SCHEMA,
            "state": self.state,
            "why": self.why,
            "lines": [one.to_dict() for one in self.lines],
            "degree": self.degree,
            "coefficients": list(self.calibration.coefficients),
            "knots": [[one.channel, one.energy_kev] for one in self.lines] if knots else [],
            "scatter_kev": self.scatter_kev,
            "u_kev": {f"{one:g}": float(self.u_kev(one)) for one in at} if known else {},
        }


def _bend(lines: Sequence[MatchedLine]) -> float:
    """Return how much offsets change from line to line, beside what is usual; 1 or more."""
    energy = np.array([one.energy_kev for one in lines])
    offset = np.array([one.stated_kev for one in lines]) - energy
    slopes = np.diff(offset) / np.diff(energy)
    return max(1.0, float(np.abs(np.diff(slopes)).max(initial=0.0)) / BEYOND_SHARE * 5)


def recalibrate(
    spectrum: Spectrum,
    lines_kev: Sequence[float] = (),
    peaks: Sequence[Peak] | None = None,
    *,
    natural: bool = True,
) -> Recalibration:
    """Return a new energy scale by natural lines and by others that are known to be there.

    Lines that are not seen are not insisted on; with fewer than three nothing is changed. A
    spectrum without a usable scale stays so: see `keiryo.spectra.scale_proposal`.

    Parameters
    ----------
    spectrum : Spectrum
    lines_kev : sequence of float, optional
        Energies of lines of what is in the measurement.
    peaks : sequence of Peak, optional
        Of the spectrum, where they are fitted already.
    natural : bool, optional
        Whether natural lines take part.
    """
    if spectrum.calibration.state != FILE:
        why = "The file has no usable energy scale, and none is made up."
        return _unchanged(UNCALIBRATED, why, spectrum)
    found = peaks_of(spectrum) if peaks is None else peaks
    sharp = [one for one in found if one.energy_kev is not None and one.energy_kev > 0]
    wanted = sorted({*lines_kev, *(NATURAL_KEV if natural else ())})
    matched = _without_strangers(_with_stronger(_matched(sharp, wanted), lines_kev))
    gain = coarse_gain(sharp) if natural and len(matched) < FEWEST_LINES else None
    if gain is not None and abs(gain) > LEAST_GAIN:
        return _with_gain(spectrum, lines_kev, sharp, gain)
    if len(matched) < FEWEST_LINES:
        seen = ", ".join(f"{one.energy_kev:.1f}" for one in matched) or "none"
        why = f"Fewer than {FEWEST_LINES} known lines are seen ({seen} keV): nothing is changed."
        return _unchanged(AS_FILE, why, spectrum)
    degree, correction, covariance = _polynomial(matched)
    if degree is None:
        return _through_lines(spectrum, matched)
    return _by_polynomial(spectrum, matched, correction, covariance)


def _with_gain(
    spectrum: Spectrum, lines_kev: Sequence[float], peaks: Sequence[Peak], gain: float
) -> Recalibration:
    """Return the new scale of a spectrum whose gain is far off, by natural lines alone."""
    by = 1 / (1 + gain)
    edges, coefficients = spectrum.calibration.edges, spectrum.calibration.coefficients
    channels = spectrum.channels
    if edges is None:
        scaled = calibration_of([one * by for one in coefficients], channels)
    else:
        scaled = calibration_of_edges(edges * by, channels)
    moved = [
        replace(
            one,
            energy_kev=(one.energy_kev or 0.0) * by,
            energy_sigma=(one.energy_sigma or 0.0) * by,
            fwhm_kev=(one.fwhm_kev or 0.0) * by,
        )
        for one in peaks
    ]
    made = recalibrate(replace(spectrum, calibration=scaled), lines_kev, moved)
    if made.state != RECALIBRATED:
        return replace(made, calibration=spectrum.calibration)
    told = tuple(replace(one, stated_kev=one.stated_kev * (1 + gain)) for one in made.lines)
    why = f"The gain of the file is off by {gain:+.1%}. {made.why}"
    return replace(made, why=why, lines=told)


def _unchanged(state: str, why: str, spectrum: Spectrum) -> Recalibration:
    nothing = np.zeros(0)
    return Recalibration(state, why, (), None, spectrum.calibration, nothing, np.zeros((0, 0)), 0.0)


def _matched(peaks: Sequence[Peak], wanted: Sequence[float]) -> list[MatchedLine]:
    """Return the lines with the peaks that stand for them, where the drift puts them."""
    drift = natural_drift(peaks)
    stated = np.array([one.energy_kev for one in peaks], dtype=np.float64)
    true = drift.true_kev(stated)
    found: list[MatchedLine] = []
    for line in wanted:
        if not len(true):
            break
        at = int(np.abs(true - line).argmin())
        peak = peaks[at]
        width, error = peak.fwhm_kev or 0.0, peak.energy_sigma or 0.0
        reach = NEAR_FWHM * width + (0.0 if len(drift.energies) else 0.5 + 0.001 * line)
        beside = np.abs(stated - stated[at]) < BESIDE_FWHM * width
        rivals = sum(peaks[int(i)].area > 0.1 * peak.area for i in np.flatnonzero(beside)) - 1
        others = sum(abs(other - line) < NEAR_FWHM * width for other in wanted) - 1
        if abs(true[at] - line) > reach or rivals > 0 or others > 0 or error > 0.3 * width:
            continue
        sigma = float(np.hypot(np.hypot(error, LINE_KEV), SHAPE_FWHM * width))
        apart = float(stated[at])
        found.append(MatchedLine(float(line), peak.channel, peak.channel_sigma, apart, sigma, 0.0))
    return found


def _with_stronger(lines: list[MatchedLine], known: Sequence[float]) -> list[MatchedLine]:
    """Return the lines whose stronger companion is there as well; known ones need none."""
    there = {one.energy_kev for one in lines}
    return [
        one
        for one in lines
        if one.energy_kev in known or STRONGER_KEV.get(one.energy_kev, one.energy_kev) in there
    ]


def _without_strangers(lines: Sequence[MatchedLine]) -> list[MatchedLine]:
    """Return lines whose offsets agree with those beside them, the worst left out one by one."""
    kept = list(lines)
    while len(kept) > FEWEST_LINES:
        energy = np.array([one.energy_kev for one in kept])
        offset = np.array([one.stated_kev for one in kept]) - energy
        sigma = np.array([one.sigma_kev for one in kept])
        pulls = np.zeros(len(kept))
        for at in range(1, len(kept) - 1):
            share = (energy[at] - energy[at - 1]) / (energy[at + 1] - energy[at - 1])
            expected = (1 - share) * offset[at - 1] + share * offset[at + 1]
            spread = np.hypot(
                sigma[at], np.hypot((1 - share) * sigma[at - 1], share * sigma[at + 1])
            )
            bends = 0.0005 * min(energy[at] - energy[at - 1], energy[at + 1] - energy[at])
            pulls[at] = abs(offset[at] - expected) / np.hypot(spread, bends)
        if pulls.max() < STANDS_OUT:
            break
        del kept[int(pulls.argmax())]
    return kept


def _polynomial(lines: Sequence[MatchedLine]) -> tuple[int | None, np.ndarray, np.ndarray]:
    """Return the lowest degree that brings the offsets within their errors; None: no degree."""
    x = np.array([one.stated_kev for one in lines]) / 1000
    offset = np.array([one.stated_kev - one.energy_kev for one in lines])
    sigma = np.array([one.sigma_kev for one in lines])
    best: tuple[float, int, np.ndarray, np.ndarray] | None = None
    for degree in range(min(HIGHEST_DEGREE, len(lines) - 2) + 1):
        slopes = np.vander(x, degree + 1, increasing=True) / sigma[:, None]
        covariance = np.linalg.pinv(slopes.T @ slopes, hermitian=True)
        found = covariance @ slopes.T @ (offset / sigma)
        chi2 = float((((offset / sigma) - slopes @ found) ** 2).sum())
        free = len(lines) - degree - 1
        if chi2 / free < GOOD_CHI2:
            value = chi2 + 4.0 * (degree + 1)
            if best is None or value < best[0]:
                best = (value, degree, found, covariance * max(1.0, chi2 / free))
    if best is None:
        return None, np.zeros(0), np.zeros((0, 0))
    return best[1], best[2], best[3]


def _by_polynomial(
    spectrum: Spectrum,
    lines: Sequence[MatchedLine],
    correction: np.ndarray,
    covariance: np.ndarray,
) -> Recalibration:
    """Return the scale with a polynomial taken off; a polynomial again where the file has one."""
    edges = spectrum.calibration.energies(np.arange(spectrum.channels + 1))
    # Beyond the lines the correction keeps its value: a high power would run away.
    low, high = lines[0].stated_kev, lines[-1].stated_kev
    polynomial = np.polynomial.polynomial.polyval

    def taken_off(stated: np.ndarray) -> np.ndarray:
        held = np.clip(stated, low, high) if len(correction) > 2 else stated
        found: np.ndarray = polynomial(held / 1000, correction)
        return found

    stated = spectrum.calibration.coefficients
    if len(correction) <= 2 and stated and spectrum.calibration.edges is None:
        slope = correction[1] / 1000 if len(correction) == 2 else 0.0
        first = stated[0] * (1 - slope) - correction[0]
        scale = calibration_of([first, *(one * (1 - slope) for one in stated[1:])], len(edges) - 1)
    else:
        scale = calibration_of_edges(edges - taken_off(edges), len(edges) - 1)
    if scale.state != FILE:
        return _unchanged(AS_FILE, "The lines would make a scale that does not rise.", spectrum)
    rests = [
        float(one.stated_kev - taken_off(np.array(one.stated_kev)) - one.energy_kev)
        for one in lines
    ]
    told = tuple(_with_rest(one, rest) for one, rest in zip(lines, rests, strict=True))
    scatter = float(np.sqrt(np.mean(np.square(rests))))
    why = f"{len(lines)} lines agree on a correction of degree {len(correction) - 1}."
    return Recalibration(
        RECALIBRATED, why, told, len(correction) - 1, scale, correction, covariance, scatter
    )


def _through_lines(spectrum: Spectrum, lines: Sequence[MatchedLine]) -> Recalibration:
    """Return the scale whose offsets follow a monotone curve from line to line."""
    edges = spectrum.calibration.energies(np.arange(spectrum.channels + 1))
    stated = np.array([one.stated_kev for one in lines])
    offset = stated - np.array([one.energy_kev for one in lines])
    along = PchipInterpolator(stated, offset)(np.clip(edges, stated[0], stated[-1]))
    last = (offset[-1] - offset[-2]) / (stated[-1] - stated[-2])
    along = along + np.maximum(edges - stated[-1], 0) * last
    scale = calibration_of_edges(edges - along, len(edges) - 1)
    if scale.state != FILE:
        return _unchanged(AS_FILE, "The lines would make a scale that does not rise.", spectrum)
    told = tuple(_with_rest(one, 0.0) for one in lines)
    why = f"{len(lines)} lines; no polynomial follows them, so the scale runs from line to line."
    nothing = np.zeros(0)
    return Recalibration(RECALIBRATED, why, told, None, scale, nothing, np.zeros((0, 0)), 0.0)


def _with_rest(line: MatchedLine, rest: float) -> MatchedLine:
    return MatchedLine(
        line.energy_kev, line.channel, line.channel_sigma, line.stated_kev, line.sigma_kev, rest
    )
