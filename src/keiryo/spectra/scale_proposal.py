"""A proposal for a spectrum without an energy scale: which known lines its peaks may be.

A proposal is no scale. It says which line each peak would be, how much better it is than the next
one that differs, and it is for a person to take or leave. Scales of scintillators are bent by some
percent and start some keV off; nothing else is assumed of the detector.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.spectrum import FILE, Calibration, Spectrum, calibration_of

SCHEMA = "keiryo.recalibration/1"
PROPOSED, NONE = "proposed", "uncalibrated"
GROUPS: dict[str, dict[float, float]] = {
    "natural": {
        1460.82: 3.0,
        2614.51: 2.5,
        609.31: 1.5,
        1764.49: 1.5,
        351.93: 1.0,
        238.63: 1.0,
        911.2: 1.0,
        583.19: 1.0,
        1120.29: 1.0,
        295.22: 0.7,
        511.0: 0.5,
    },
    "Cs-137": {661.66: 3.0},
    "Co-60": {1173.23: 3.0, 1332.49: 3.0},
    "Ba-133": {356.01: 3.0, 81.0: 1.9, 302.85: 1.0, 383.85: 0.8, 276.4: 0.8},
    "Eu-152": {
        344.28: 3.0,
        1408.01: 2.5,
        121.78: 2.0,
        964.08: 1.5,
        1112.07: 1.5,
        778.9: 1.0,
        244.7: 0.8,
        411.12: 0.5,
        443.97: 0.5,
    },
    "Na-22": {511.0: 2.5, 1274.54: 2.5},
}
"""What is nearly everywhere, and what detectors are calibrated with: lines and how they weigh."""
COST = {"natural": 0.0, "Cs-137": 1.5}
OTHER_COST, MISSING_COST, MISSING_FROM = 2.5, 3.0, 2.0
"""A group that is assumed costs so much, and each strong line of it that is not seen."""
SURE_LINES, SURE_MARGIN = 3, 1.2
MOST_PEAKS, MOST_LINES = 9, 24
OFFSET_KEV, BEND = 30.0, 0.15
"""Scales start at most about this far off, and bend by this share over the whole range."""
RANGE_KEV = (400.0, 12_000.0)
DIFFERENT = 0.03
SOFT_KEV, SOFT_BELOW_KEV, SHARP = 12.0, 150.0, 0.015
"""Scintillators give more light per keV below the second: lines may stand so much too high there.
Widths below the third, as a share of the energy, are those of germanium."""
NATURE_ENDS_KEV, BEYOND_COST = 2700.0, 1.5
"""Above it nothing usual has lines: each peak there speaks against a scale."""
WIDER_FWHM = 0.6
"""Once a scale is found, lines so near to a peak are taken as well, and the scale is smoothed."""
USUAL_TOP_KEV, TOP_SPREAD = 2700.0, 0.5
"""Where scales mostly end, and by which natural logarithm they differ."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A scale that may be right, with what speaks for it.

    Attributes
    ----------
    state : str
        ``proposed``, or ``uncalibrated`` where nothing speaks clearly for one.
    why : str
    lines : tuple of (float, float, float)
        Energy of the line, channel of the peak, and what the scale leaves at it, in keV.
    assumed : tuple of str
        What would be there.
    score, next_score : float
        Of this proposal, and of the best one that puts its peaks three percent elsewhere.
    calibration : Calibration or None
    scatter_kev : float
    """

    state: str
    why: str
    lines: tuple[tuple[float, float, float], ...]
    assumed: tuple[str, ...]
    score: float
    next_score: float
    calibration: Calibration | None
    scatter_kev: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, named as those of a recalibration."""
        lines = [
            {"energy_kev": energy, "channel": channel, "rest_kev": rest}
            for energy, channel, rest in self.lines
        ]
        scale = () if self.calibration is None else self.calibration.coefficients
        return {
            "schema": SCHEMA,
            "state": self.state,
            "why": self.why,
            "lines": lines,
            "assumed": list(self.assumed),
            "score": self.score,
            "next_score": self.next_score,
            "coefficients": list(scale),
            "scatter_kev": self.scatter_kev,
            "u_kev": {},
        }


@dataclass(frozen=True, slots=True)
class _Fit:
    """A scale through some peaks: coefficients, matched pairs of peak and line, and a score."""

    scale: np.ndarray
    pairs: tuple[tuple[int, float], ...]
    groups: tuple[str, ...]
    score: float


def propose_scale(
    spectrum: Spectrum,
    lines_kev: Sequence[float] = (),
    peaks: Sequence[Peak] | None = None,
    *,
    natural: bool = True,
) -> Proposal:
    """Return a scale that the peaks of an uncalibrated spectrum may have.

    Parameters
    ----------
    spectrum : Spectrum
    lines_kev : sequence of float, optional
        Energies of lines of what is known to be there; then no calibration source is guessed.
    peaks : sequence of Peak, optional
        Of the spectrum, where they are fitted already.
    natural : bool, optional
        Whether natural lines take part.

    Raises
    ------
    ValueError
        If the spectrum has a usable scale: see `keiryo.spectra.energy_calibration`.
    """
    if spectrum.calibration.state == FILE:
        raise ValueError("the spectrum has an energy scale")
    found = sorted(
        peaks_of(spectrum) if peaks is None else peaks, key=lambda one: -one.significance
    )[:MOST_PEAKS]
    groups = {"natural": GROUPS["natural"]} if natural else {}
    if lines_kev:
        groups["given"] = {float(one): 3.0 for one in lines_kev[:MOST_LINES]}
    else:
        groups |= {name: lines for name, lines in GROUPS.items() if name != "natural"}
    if len(found) < SURE_LINES:
        return _nothing(f"Only {len(found)} peaks stand out: too few to tell a scale.")
    fits = _fits(found, groups, spectrum.channels)
    if not fits:
        return _nothing("No scale brings three peaks onto lines that are known.")
    best = _refined(max(fits, key=lambda one: one.score), found, groups, spectrum.channels)
    polynomial = np.polynomial.polynomial.polyval
    x = np.array([found[at].channel + 0.5 for at, _line in best.pairs])
    energy = polynomial(x, best.scale)
    apart = [float(np.median(np.abs(polynomial(x, one.scale) / energy - 1))) for one in fits]
    others = [one.score for one, by in zip(fits, apart, strict=True) if by > DIFFERENT]
    return _proposal(spectrum, found, best, max(others, default=0.0))


def _nothing(why: str, score: float = 0.0, after: float = 0.0) -> Proposal:
    return Proposal(NONE, why, (), (), score, after, None, 0.0)


def _proposal(spectrum: Spectrum, peaks: Sequence[Peak], best: _Fit, after: float) -> Proposal:
    """Return the best fit as a proposal, if it is clearly better than the next one."""
    pairs = sorted(best.pairs, key=lambda one: one[1])
    if len(pairs) < SURE_LINES or best.score < after + SURE_MARGIN:
        why = "Several scales fit about as well: none is proposed. Name lines that are known."
        return _nothing(why, best.score, after)
    calibration = calibration_of(best.scale.tolist(), spectrum.channels)
    if calibration.state != FILE:
        return _nothing("The scale that fits best does not rise.", best.score, after)
    energies = calibration.energies(np.array([peaks[at].channel + 0.5 for at, _ in pairs]))
    told = tuple(
        (line, peaks[at].channel, float(energy - line))
        for (at, line), energy in zip(pairs, energies, strict=True)
    )
    scatter = float(np.sqrt(np.mean([rest**2 for *_, rest in told])))
    why = (
        f"Proposed, not measured: {len(told)} peaks would be lines of {', '.join(best.groups)}."
        " A person who knows what was measured has to confirm it."
    )
    return Proposal(PROPOSED, why, told, best.groups, best.score, after, calibration, scatter)


def _fits(
    peaks: Sequence[Peak], groups: dict[str, dict[float, float]], channels: int
) -> list[_Fit]:
    """Return scales through three peaks and lines each, with all that they explain."""
    x = np.array([one.channel + 0.5 for one in peaks])
    width = np.array([one.fwhm_channels for one in peaks])
    lines = np.array(sorted({energy for group in groups.values() for energy in group}))
    order = np.argsort(x)
    triples = np.array(list(itertools.combinations(range(len(lines)), 3)))
    if not len(triples):
        return []
    found: dict[int, _Fit] = {}
    for chosen in itertools.combinations(order.tolist(), 3):
        at = x[list(chosen)]
        inverse = np.linalg.inv(np.vander(at, 3, increasing=True))
        scales = lines[triples] @ inverse.T
        for scale in scales[_usable(scales, channels)]:
            fit = _scored(scale, x, width, peaks, groups, channels)
            if fit is not None:
                key = round(500 * float(np.log(fit.scale[1])))
                known = found.get(key)
                if known is None or fit.score > known.score:
                    found[key] = fit
    return list(found.values())


def _refined(
    fit: _Fit, peaks: Sequence[Peak], groups: dict[str, dict[float, float]], channels: int
) -> _Fit:
    """Return a fit with further lines of what it assumes, its scale smoothed along all of them."""
    x = np.array([one.channel + 0.5 for one in peaks])
    width = np.array([one.fwhm_channels for one in peaks])
    slope = np.polynomial.polynomial.polyval(x, np.polynomial.polynomial.polyder(fit.scale))
    energy, fwhm = np.polynomial.polynomial.polyval(x, fit.scale), width * slope
    pairs, used = list(fit.pairs), {line for _at, line in fit.pairs}
    for at in {*range(len(x))} - {at for at, _line in fit.pairs}:
        lines = [
            (weight, line)
            for name in fit.groups
            for line, weight in groups[name].items()
            if line not in used and abs(line - energy[at]) < WIDER_FWHM * fwhm[at]
        ]
        if lines:
            pairs.append((at, max(lines)[1]))
            used.add(max(lines)[1])
    rows = [at for at, _line in pairs]
    bent = len(pairs) >= 5 and float(np.median(fwhm / energy)) > SHARP
    lines_kev = np.array([line for _at, line in pairs])
    top = float(x.max())
    for degree in (3, 2) if bent else (2,):
        slopes = np.vander(x[rows] / top, degree + 1, increasing=True) / fwhm[rows][:, None]
        made, *_ = np.linalg.lstsq(slopes, lines_kev / fwhm[rows], rcond=None)
        scale = made / top ** np.arange(degree + 1)
        if calibration_of(scale.tolist(), channels).state == FILE:
            return _Fit(scale, tuple(pairs), fit.groups, fit.score)
    return fit


def _usable(scales: np.ndarray, channels: int) -> np.ndarray:
    """Return which scales a detector can have: they start near 0, rise, and bend a little."""
    gain = scales[:, 1] + scales[:, 2] * channels / 2
    top = scales[:, 0] + scales[:, 1] * channels + scales[:, 2] * channels**2
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.abs(scales[:, 2]) * channels / np.abs(gain)
    rises = (scales[:, 1] > 0) & (scales[:, 1] + 2 * scales[:, 2] * channels > 0)
    within = (top > RANGE_KEV[0]) & (top < RANGE_KEV[1])
    found: np.ndarray = rises & within & (np.abs(scales[:, 0]) < OFFSET_KEV) & (bend < 2 * BEND)
    return found


def _scored(
    scale: np.ndarray,
    x: np.ndarray,
    width: np.ndarray,
    peaks: Sequence[Peak],
    groups: dict[str, dict[float, float]],
    channels: int,
) -> _Fit | None:
    """Return how much a scale explains, less what it assumes and what is missing."""
    energy = np.polynomial.polynomial.polyval(x, scale)
    fwhm = width * (scale[1] + 2 * scale[2] * x)
    top = float(np.polynomial.polynomial.polyval(channels, scale))
    taken: dict[int, tuple[float, float, str]] = {}
    total, used = 0.0, []
    for name, lines in groups.items():
        gained, pairs = -COST.get(name, 0.0 if name == "given" else OTHER_COST), []
        for line, weight in lines.items():
            soft = SOFT_KEV * (line < SOFT_BELOW_KEV and bool(np.median(fwhm / energy) > SHARP))
            rest = np.abs(energy - line) / (0.3 * fwhm + soft)
            at = int(rest.argmin())
            if rest[at] < 1:
                pairs.append((at, line, weight * (1 - rest[at] ** 2)))
            elif weight >= MISSING_FROM and line < 0.95 * top and name != "natural":
                gained -= MISSING_COST
        fresh = [
            (at, line, value)
            for at, line, value in pairs
            if value > (taken[at][1] if at in taken else 0.0)
        ]
        gained += sum(value - (taken[at][1] if at in taken else 0.0) for at, _line, value in fresh)
        if fresh and gained > 0:
            total += gained
            used.append(name)
            taken |= {at: (line, value, name) for at, line, value in fresh}
    if len(taken) < SURE_LINES:
        return None
    strength = np.array([min(one.significance, 30.0) for one in peaks])
    lost = sum(float(strength[at]) for at in range(len(x)) if at not in taken) / 30.0
    total -= BEYOND_COST * float((energy > NATURE_ENDS_KEV).sum())
    total -= lost + (scale[0] / (0.5 * OFFSET_KEV)) ** 2 / 2
    total -= (abs(scale[2]) * channels / (scale[1] + scale[2] * channels) / BEND) ** 2 / 2
    total -= (np.log(top / USUAL_TOP_KEV) / TOP_SPREAD) ** 2 / 2
    pairs_found = tuple((at, line) for at, (line, _value, _name) in taken.items())
    return _Fit(scale, pairs_found, tuple(used), float(total))
