"""Identification by peaks: which nuclides together give the peaks that are there, and no others.

All nuclides of the library are fitted at once to all places of the spectrum, with amplitudes of 0
or more and an efficiency curve that the spectrum itself tells. A nuclide stays if the rest gets
much worse without it, and if a line that is its own is there. Natural lines tell how far the
energy scale is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize, nnls

from keiryo.identification.library_lines import (
    HARD_KEV,
    lines_of,
    usual_efficiency,
    with_weak_lines,
)
from keiryo.identification.line_evidence import (
    Place,
    Widths,
    background_areas,
    places_of,
    widths_of,
)
from keiryo.identification.random_sums import without_random_sums
from keiryo.identification.result import Found, Identification
from keiryo.nuclides.categories import COMMON, LIBRARY, NUCLEAR, category_of
from keiryo.nuclides.lines import Line
from keiryo.spectra.energy_drift import Drift, natural_drift
from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.spectrum import FILE, Problem, Spectrum

HEAVY = ("U-", "Np-", "Pu-", "Am-", "Cm-", "Pa-")
MODEL_ERROR, MODEL_ERROR_LOW = 0.18, 0.5
"""How well areas follow from a nuclide and a smooth efficiency; the second below 120 keV."""
LOW_KEV = 120.0
MANY_COUNTED, TELLING_SHARE = 4, 0.1
"""A nuclide may be there if one of so many of its strongest lines is: those above this share."""
PRIOR_ODDS, COMMON_PRIOR_ODDS, NATURAL_PRIOR_ODDS = 0.005, 0.05, 1.0
"""Odds of a nuclide before anything is measured: of rare ones, of common ones, of natural ones."""
UNKNOWN_RIVAL = 0.04
"""Weight of a nuclide outside the library behind a single line."""
NATURAL_RIVALS = {"U-235": 0.5}
"""Weight of what is everywhere behind the single line: radium and natural uranium at 186 keV."""
NATURAL = frozenset({"K-40", "Ra-226", "Th-232"})
LEAST_OWN_SIGMAS = 3.5
MOST_PROBABLE = 0.999
TELLING_PROBABILITY = 0.5
LEFT_OVER_SIGMAS = 5.0
UNKNOWN_SHARE, UNKNOWN_SHARE_LOW = 0.5, 0.9
"""A peak is unexplained if the nuclides leave more than this of it; the second below 120 keV, where
shields and the detector's window change areas by more than any curve follows."""
GAINS = (-0.004, -0.003, -0.002, -0.001, 0.001, 0.002, 0.003, 0.004)
"""By how much a scale may be off as a whole, where no natural line tells."""
CHANCE = 0.15
"""Weight of a chance coincidence behind a single line, for each peak that nothing explains."""
POSITRON_SHARE, POSITRON_PROBABILITY = 0.3, 0.6
"""Annihilation with this share of all areas has a source; that it is fluorine-18 is this likely."""
PLUTONIUM_BY_AMERICIUM = 5.0
"""Pu-239 by Am-241, in activity, of plutonium of a few per cent of Pu-240 after twenty years."""
PLUTONIUM_KEV = (129.3, 375.05, 413.71)
AMERICIUM_MAY_HIDE = (
    "Americium is seen; the lines of plutonium would be too weak to be seen:"
    " an industrial source, and plutonium is not excluded."
)
AMERICIUM_ALONE = (
    "Americium without the lines that plutonium of low burn-up would show: an industrial source;"
    " plutonium of high burn-up is not excluded."
)
MANY = 0.35
"""If peaks that nothing explains have this share of all areas, nothing is decided."""


@dataclass(frozen=True, slots=True)
class _Solution:
    """Amplitudes of nuclides and the efficiency curve that fit the places best."""

    nuclides: tuple[str, ...]
    amplitudes: np.ndarray
    curve: np.ndarray
    cost: float


def identify_by_peaks(spectrum: Spectrum, background: Spectrum | None = None) -> Identification:
    """Return which nuclides a spectrum of a good detector shows.

    Parameters
    ----------
    spectrum : Spectrum
    background : Spectrum, optional
        Measured in the same place; it is taken off by live time.
    """
    if spectrum.calibration.state != FILE:
        told = "The spectrum has no usable energy scale: lines cannot be told by their energies."
        problem = Problem("UNCALIBRATED", "", told)
        return Identification("none", (), {}, True, told, (problem,))
    peaks = [one for one in peaks_of(spectrum) if (one.energy_kev or 0) > 0]
    problems: list[Problem] = []
    back = _background_peaks(spectrum, background, problems)
    taken, errors = background_areas(peaks, background, spectrum.live_s, back)
    net = np.array([one.area for one in peaks]) - taken
    sigma = np.hypot([one.area_sigma for one in peaks], errors)
    drift = natural_drift(peaks)
    if not len(drift.energies) and len(back):
        drift = natural_drift(back)
    widths = widths_of(peaks)
    usual = {name: lines_of(name) for name in LIBRARY if lines_of(name)}

    def answer(drift: Drift) -> Identification:
        library = with_weak_lines(usual, peaks, drift)
        places = places_of(spectrum, peaks, net, sigma, drift, library, widths)
        solution = _pruned(places, _candidates(places, library))
        said = _answer(places, solution, drift, widths, problems, background is not None)
        return without_random_sums(said, peaks, drift, spectrum.live_s)

    found = answer(drift)
    if found.unexplained["share_of_areas"] < MANY or len(peaks) < 3:
        return found
    others = [answer(Drift(np.array([1000.0]), np.array([1000.0 * gain]))) for gain in GAINS]
    best = min(others, key=lambda one: float(one.unexplained["share_of_areas"]))
    if best.unexplained["share_of_areas"] > 0.3 * found.unexplained["share_of_areas"]:
        return found
    off = best.unexplained["scale"]["offsets_kev"][0] / 10
    told = f"The energy scale is off by {off:+.2f} %: with it set right the peaks are explained."
    return replace(best, findings=(*best.findings, Problem("SCALE", "", told)))


def _background_peaks(
    spectrum: Spectrum, background: Spectrum | None, problems: list[Problem]
) -> list[Peak]:
    if background is None:
        return []
    if background.calibration.state != FILE:
        told = "The background has no usable energy scale; it is not used."
        problems.append(Problem("BACKGROUND", "", told))
        return []
    if not background.live_s or not spectrum.live_s:
        told = "Without both live times the background cannot be taken off."
        problems.append(Problem("BACKGROUND", "", told))
        return []
    return peaks_of(background)


def _efficiency(energy_kev: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Return the efficiency along a curve of slope, bend and absorption, 1 at 500 keV."""
    x = np.log(energy_kev / 500)
    along = curve[0] * x + curve[1] * x**2 - (curve[2] / energy_kev) ** 3
    found: np.ndarray = np.exp(along)
    return found


def _is_x_ray(energy_kev: float) -> bool:
    """Return whether X-rays of lead, bismuth, thorium or uranium stand at an energy."""
    return 71.5 < energy_kev < 79.5 or 83.0 < energy_kev < 99.5


def _tells(energy_kev: float, name: str, all_names: Sequence[str]) -> bool:
    """Return whether a line may speak for a nuclide: no X-rays, no annihilation.

    Beside uranium and what is heavier nothing from 66 to 118 keV speaks for lighter nuclides:
    plutonium's X-rays at 103 keV are not samarium-153.
    """
    if _is_x_ray(energy_kev) or abs(energy_kev - 511) < 4:
        return False
    heavy = any(one.startswith(HEAVY) for one in all_names)
    return not (heavy and not name.startswith(HEAVY) and 66 < energy_kev < 118)


def _expected(places: Sequence[Place], nuclides: Sequence[str], curve: np.ndarray) -> np.ndarray:
    """Return the counts at each place by decay of each nuclide, shape (places, nuclides)."""
    made = np.zeros((len(places), len(nuclides)))
    for column, name in enumerate(nuclides):
        for row, place in enumerate(places):
            for line in place.lines.get(name, ()):
                made[row, column] += line.per_decay
    energy = np.array([one.energy_kev for one in places])
    expected: np.ndarray = made * _efficiency(energy, curve)[:, None]
    return expected


def _candidates(places: Sequence[Place], library: dict[str, tuple[Line, ...]]) -> list[str]:
    """Return the nuclides whose most telling line, or one of the hard ones, may be there."""
    found = []
    for name, lines in library.items():
        telling = [one for one in lines if one.kind == "gamma" and not _is_x_ray(one.energy_kev)]
        best = _most_telling(telling)[:1]
        if name not in NATURAL:
            best += _most_telling([one for one in telling if one.energy_kev > HARD_KEV])
        for place in places:
            here = place.lines.get(name, ())
            if place.area > 2.5 * place.sigma and any(one in here for one in best):
                found.append(name)
                break
    return found


def _most_telling(lines: Sequence[Line]) -> list[Line]:
    """Return the strongest lines as a usual detector sees them."""
    by_strength = sorted(
        lines, key=lambda one: -one.per_decay * float(usual_efficiency(one.energy_kev))
    )[:MANY_COUNTED]
    return [
        one
        for one in by_strength
        if one.per_decay * float(usual_efficiency(one.energy_kev))
        > TELLING_SHARE
        * by_strength[0].per_decay
        * float(usual_efficiency(by_strength[0].energy_kev))
    ]


def _solved(places: Sequence[Place], nuclides: Sequence[str], curve: np.ndarray) -> _Solution:
    """Return the best amplitudes for a given efficiency curve."""
    energy = np.array([one.energy_kev for one in places])
    area = np.array([one.area for one in places])
    loose = np.where(energy < LOW_KEV, MODEL_ERROR_LOW, MODEL_ERROR)
    loose = np.where(np.abs(energy - 511) < 4, 2.0, loose)
    loose = np.where([_is_x_ray(float(one)) for one in energy], 1.5, loose)
    base = np.array([one.sigma for one in places])
    shape = _expected(places, nuclides, curve)
    amplitudes = np.zeros(len(nuclides))
    rounds = 3 if nuclides else 0
    error = np.hypot(base, loose * np.abs(area))
    for _ in range(rounds):
        amplitudes, _rest = nnls(shape / error[:, None], area / error)
        error = np.hypot(base, loose * np.maximum(shape @ amplitudes, 0.3 * np.abs(area)))
    pulls = (area - shape @ amplitudes) / error
    known = np.array([bool(one.lines) for one in places])
    bounded = np.minimum(pulls[known] ** 2, 60.0)
    return _Solution(tuple(nuclides), amplitudes, curve, float(bounded.sum()))


def _best_curve(places: Sequence[Place], nuclides: Sequence[str], start: np.ndarray) -> _Solution:
    """Return amplitudes and the efficiency curve that fit best together."""

    def cost(curve: np.ndarray) -> float:
        away = (curve - np.array([-0.85, -0.1, 50.0])) / np.array([0.35, 0.15, 25.0])
        return _solved(places, nuclides, curve).cost + float((away**2).sum())

    done = minimize(
        cost, start, method="Nelder-Mead", options={"maxfev": 70, "xatol": 0.02, "fatol": 0.5}
    )
    return _solved(places, nuclides, np.asarray(done.x))


def _without(places: Sequence[Place], solution: _Solution, name: str) -> float:
    """Return by how much the fit gets worse without a nuclide."""
    rest = [one for one in solution.nuclides if one != name]
    return _solved(places, rest, solution.curve).cost - solution.cost


def _pruned(places: Sequence[Place], nuclides: list[str]) -> _Solution:
    """Return the solution with the nuclides alone that it needs."""
    start = np.array([-0.85, -0.1, 50.0])
    if not nuclides:
        return _Solution((), np.zeros(0), start, 0.0)
    solution = _solved(places, nuclides, start)
    solution = _solved(places, _present(solution), start)
    for round_ in range(60):
        if round_ in (0, 3, 8):
            solution = _best_curve(places, solution.nuclides, solution.curve)
            solution = _solved(places, _present(solution), solution.curve)
        if not solution.nuclides:
            break
        gains = {name: _without(places, solution, name) for name in solution.nuclides}
        own = {name: _own_line(places, solution, name) for name in solution.nuclides}
        weak = [
            name
            for name in solution.nuclides
            if gains[name] < 9.0 or (own[name] < LEAST_OWN_SIGMAS and name not in NATURAL)
        ]
        if not weak:
            break
        worst = min(weak, key=lambda name: gains[name])
        rest = [one for one in solution.nuclides if one != worst]
        solution = _solved(places, rest, solution.curve)
        solution = _solved(places, _present(solution), solution.curve)
    solution = _as_in_nature(places, solution)
    if solution.nuclides:
        solution = _best_curve(places, solution.nuclides, solution.curve)
    return solution


def _as_in_nature(places: Sequence[Place], solution: _Solution) -> _Solution:
    """Return the solution with thorium as a whole series, where that is as good as its end."""
    ends = {"Th-228", "U-232"}
    if not ends & {*solution.nuclides}:
        return solution
    names = {*solution.nuclides, "Th-232"} - ends
    whole = _solved(places, sorted(names), solution.curve)
    return whole if whole.cost < solution.cost + 9 else solution


def _present(solution: _Solution) -> list[str]:
    pairs = zip(solution.nuclides, solution.amplitudes, strict=True)
    return [name for name, value in pairs if value > 0]


def _own_line(places: Sequence[Place], solution: _Solution, name: str) -> float:
    """Return the significance of the best line that is mostly this nuclide's."""
    shape = _expected(places, solution.nuclides, solution.curve) * solution.amplitudes
    at = solution.nuclides.index(name)
    whole = shape.sum(axis=1)
    best = 0.0
    for row, place in enumerate(places):
        told = place.peak is not None and _tells(place.energy_kev, name, solution.nuclides)
        if told and shape[row, at] > max(0.5 * whole[row], 0.3 * place.area, 1e-12):
            best = max(best, place.area / place.sigma)
    return best


def _answer(
    places: Sequence[Place],
    solution: _Solution,
    drift: Drift,
    widths: Widths,
    problems: list[Problem],
    has_background: bool,
) -> Identification:
    shape = _expected(places, solution.nuclides, solution.curve) * solution.amplitudes
    activities = dict(zip(solution.nuclides, solution.amplitudes.tolist(), strict=True))
    left = _left_over(places, shape)
    found = []
    for at, name in enumerate(solution.nuclides):
        probability = _probability(places, solution, shape, at, len(left))
        if probability < TELLING_PROBABILITY:
            continue
        category, reason = category_of(name, activities)
        if name == "Am-241" and category != NUCLEAR:
            hidden = _plutonium_hidden(places, solution)
            reason = AMERICIUM_MAY_HIDE if hidden else AMERICIUM_ALONE
        evidence = _evidence(places, shape, at, name)
        found.append(Found(name, round(_said(probability), 4), category, reason, evidence))
    positrons = _positrons(places, shape)
    found += [] if positrons is None else [positrons]
    found.sort(key=lambda one: -one.probability)
    areas = sum(one.area for one in places if one.peak is not None and one.area > 0)
    share = sum(one["area"] for one in left) / areas if areas else 0.0
    sure = [one for one in found if one.probability >= 0.95]
    undecided, why = False, ""
    if positrons is not None:
        undecided, why = True, "Annihilation alone does not tell which positron emitter it is."
    elif left and (share > MANY or not found):
        undecided, why = True, "Peaks that no nuclide of the library explains stand out."
    elif any(one.reason == AMERICIUM_MAY_HIDE for one in found):
        undecided, why = True, "Whether plutonium is behind the americium is not decided."
    elif found and not sure:
        undecided, why = True, "No nuclide is sure to 95 %."
    unexplained = {"peaks": left, "share_of_areas": share}
    scale = {
        "natural_lines_kev": [round(float(one), 2) for one in drift.energies],
        "offsets_kev": [round(float(one), 3) for one in drift.offsets],
        "fwhm_squared_kev2": [widths.a, widths.b],
        "background": has_background,
    }
    return Identification(
        "peaks", tuple(found), {**unexplained, "scale": scale}, undecided, why, tuple(problems)
    )


def _probability(
    places: Sequence[Place], solution: _Solution, shape: np.ndarray, at: int, left: int
) -> float:
    """Return how probable it is that a nuclide is there.

    The odds follow from how much worse the rest is without it; a nuclide that stands on one line
    alone may be another one, and is less sure the less exactly the line is known.
    """
    name = solution.nuclides[at]
    gain = _without(places, solution, name)
    lines: list[int] = [
        row
        for row, one in enumerate(places)
        if one.peak is not None
        and one.area > 3 * one.sigma
        and _tells(one.energy_kev, name, solution.nuclides)
        and shape[row, at] > 0.5 * max(float(shape[row].sum()), 1e-12)
        and 0.4 < shape[row, at] / one.area < 2.5
    ]
    odds = float(np.exp(min(gain / 2, 30.0))) * _prior(name)
    rivals = 0.0
    if len(lines) < 2 and name not in NATURAL:
        rivals = UNKNOWN_RIVAL + _rivals(places, solution, name, lines)
        rivals += NATURAL_RIVALS.get(name, 0.0) + CHANCE * left
    probability = odds / (1 + odds + odds * rivals)
    return min(probability, MOST_PROBABLE)


def _said(probability: float) -> float:
    """Return a probability as trials bear it out: what is not sure is right less often."""
    return probability**2 / 0.95 if probability < 0.95 else probability


def _plutonium_hidden(places: Sequence[Place], solution: _Solution) -> bool:
    """Return whether plutonium that makes the americium could be there with no line of it seen.

    The area that would be missed at each of three lines of Pu-239 bounds its activity.
    """
    americium = float(solution.amplitudes[solution.nuclides.index("Am-241")])
    per_activity = _expected(places, ["Pu-239"], solution.curve)[:, 0]
    limits = [
        (max(place.area, 0.0) + 1.645 * place.sigma) / expected
        for place, expected in zip(places, per_activity.tolist(), strict=True)
        if expected > 0 and min(abs(place.energy_kev - one) for one in PLUTONIUM_KEV) < 1.0
    ]
    return min(limits, default=np.inf) > PLUTONIUM_BY_AMERICIUM * americium


def _prior(name: str) -> float:
    """Return the odds of a nuclide before anything is measured."""
    if name in NATURAL:
        return NATURAL_PRIOR_ODDS
    return COMMON_PRIOR_ODDS if name in COMMON else PRIOR_ODDS


def _rivals(places: Sequence[Place], solution: _Solution, name: str, rows: Sequence[int]) -> float:
    """Return the weight of other nuclides that explain a single line as well, by that of this."""
    others = {other for row in rows for other in places[row].lines} - {*solution.nuclides}
    rest = [one for one in solution.nuclides if one != name]
    total = 0.0
    for other in others:
        worse = _solved(places, [*rest, other], solution.curve).cost - solution.cost
        total += _prior(other) / _prior(name) * float(np.exp(-max(worse, -60.0) / 2))
    return total


def _evidence(places: Sequence[Place], shape: np.ndarray, at: int, name: str) -> dict[str, object]:
    """Return the lines that speak for a nuclide, and the strongest that are missing."""
    rows = [row for row in range(len(places)) if name in places[row].lines and shape[row, at] > 0]
    rows.sort(key=lambda row: -shape[row, at] / places[row].sigma)
    told = []
    for row in rows[:12]:
        place = places[row]
        told.append(
            {
                "energy_kev": round(
                    max(place.lines[name], key=lambda x: x.per_decay).energy_kev, 3
                ),
                "found_kev": None if place.peak is None else round(place.energy_kev, 3),
                "area": round(place.area, 1),
                "area_sigma": round(place.sigma, 1),
                "expected": round(float(shape[row, at]), 1),
                "of_others": round(float(shape[row].sum() - shape[row, at]), 1),
            }
        )
    return {"lines": told}


def _positrons(places: Sequence[Place], shape: np.ndarray) -> Found | None:
    """Return a positron emitter of which nothing but annihilation is seen; None: there is none.

    A little annihilation is everywhere, from cosmic rays and from gammas above 1.5 MeV.
    """
    peaks = [row for row, one in enumerate(places) if one.peak is not None and one.area > 0]
    rows = [row for row in peaks if abs(places[row].energy_kev - 511) < 3]
    if not rows:
        return None
    row = max(rows, key=lambda one: places[one].area)
    place = places[row]
    hard = sum(places[one].area for one in peaks if places[one].energy_kev > 1300)
    whole = sum(places[one].area for one in peaks)
    alone = place.area - float(shape[row].sum())
    if alone < max(POSITRON_SHARE * whole, 2 * hard, 20 * place.sigma):
        return None
    reason = "Annihilation alone: fluorine-18, or another positron emitter; they look the same."
    told = {"energy_kev": 511.0, "area": round(place.area, 1), "area_sigma": round(place.sigma, 1)}
    return Found("F-18", POSITRON_PROBABILITY, "medical", reason, {"lines": [told]})


def _left_over(places: Sequence[Place], shape: np.ndarray) -> list[dict[str, float]]:
    """Return the peaks that nothing explains: no nuclide, no escape, no annihilation, no X-ray."""
    energies = {one.energy_kev: one.area for one in places if one.peak is not None}
    found: list[dict[str, float]] = []
    for row, place in enumerate(places):
        if place.peak is None or place.energy_kev < 40:
            continue
        expected = float(shape[row].sum())
        rest = place.area - expected
        most = UNKNOWN_SHARE_LOW if place.energy_kev < LOW_KEV else UNKNOWN_SHARE
        if place.area < LEFT_OVER_SIGMAS * place.sigma or rest < most * place.area:
            continue
        if _known_otherwise(place.energy_kev, place.area, energies):
            continue
        found.append(
            {
                "energy_kev": round(place.energy_kev, 3),
                "area": round(place.area, 1),
                "area_sigma": round(place.sigma, 1),
                "expected": round(expected, 1),
            }
        )
    return found


def _known_otherwise(energy: float, area: float, others: dict[float, float]) -> str | None:
    """Return what else a peak may be."""
    if abs(energy - 511) < 3:
        return "annihilation"
    if _is_x_ray(energy):
        return "X-rays"
    for line, strength in others.items():
        escapes = min(abs(energy - line + 511.0), abs(energy - line + 1022.0))
        if line > 1500 and strength > area and escapes < 2:
            return "escape"
        if strength > 10 * area and abs(energy - line) < 0.012 * energy:
            return "the foot of a strong peak"
    pairs = [(a, b) for a in others for b in others if a <= b]
    if any(abs(a + b - energy) < 1.5 and min(others[a], others[b]) > 3 * area for a, b in pairs):
        return "sum"
    return None
