"""Identification by templates: which sources together make the whole of a spectrum.

For scintillators, whose lines overlap. Sources are added one by one as long as the spectrum needs
them, each nuclide by the best of its shieldings; then each is left out once to see what it is
worth. How well the model fits at all widens every error: a template is never exactly right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keiryo.identification.result import Found, Identification, MixtureFit
from keiryo.identification.template_match import (
    GAINS,
    HIGH_KEV,
    LOW_KEV,
    Binned,
    added,
    best_templates,
    binned,
    deviance,
    fit,
    stretched,
    trust_of,
)
from keiryo.nuclides.categories import COMMON, category_of
from keiryo.spectra.peak_search import first_counting
from keiryo.spectra.spectrum import FILE, Problem, Spectrum
from keiryo.templates.template_set import TemplateSet, rebinned

FEWEST_COUNTS = 50
MOST_SOURCES = 4
THRESHOLD = 22.0
"""By so much the deviance falls by chance once in a hundred spectra, over templates and gains."""
TEMPERATURE = 2.5
"""Templates of another detector differ by more than chance; found by trials on two detectors."""
RARE = 0.1
"""Weight of nuclides that are seldom met, by that of common ones."""
TELLING_PROBABILITY, MOST_PROBABLE = 0.05, 0.995
GAINS_BESIDE = 1
"""Once a source is found, so many gains on each side of its own are tried for a further one."""
POOR_FIT = 3.0
FAIR_FIT, MISFIT_COST, MOST_MISFIT_COST = 2.0, 0.1, 0.3
"""Reduced chi square from which a probability falls, by how much for each 1, and at most."""
ALIKE = (("Ac-225", "U-233"),)
"""The photons of both are those of one chain: a scintillator does not tell them apart."""
RADIUM_COUNTS = 10.0
"""Radium in balance gives about so many times the counts of the U-238 that it comes from."""
NATURAL = ("K-40", "Ra-226", "Th-232")


@dataclass(slots=True)
class _Mixture:
    """What the spectrum is made of so far."""

    gain: int
    chosen: list[int]
    amounts: np.ndarray
    deviance: float


def identify_by_templates(
    spectrum: Spectrum, templates: TemplateSet, background: Spectrum | None = None
) -> Identification:
    """Return which nuclides of a set of templates a spectrum shows.

    Parameters
    ----------
    spectrum : Spectrum
    templates : TemplateSet
    background : Spectrum, optional
        Measured with the same instrument; without it the background of the set is taken.
    """
    if spectrum.calibration.state != FILE:
        told = "The spectrum has no usable energy scale: templates cannot be laid on it."
        return Identification("none", (), {}, True, told, (Problem("UNCALIBRATED", "", told),))
    energies = spectrum.calibration.energies(np.arange(spectrum.channels + 1))
    lowest = float(energies[first_counting(spectrum.counts)]) * 1.05
    low = LOW_KEV if lowest < LOW_KEV else float(np.ceil(lowest / 4) * 4)
    high = min(HIGH_KEV, float(np.floor(energies[-1] * 0.97 / 20) * 20))
    problems: list[Problem] = []
    if high < 2 * low:
        told = "The energies of the spectrum reach over too little to lay templates on it."
        return Identification("none", (), {}, True, told, (Problem("RANGE", "", told),))
    bins = binned(templates, low, high)
    variants = np.array([stretched(spectrum, gain, bins.edges) for gain in GAINS])
    if variants[GAINS.index(1.0)].sum() < FEWEST_COUNTS:
        told = f"The spectrum has fewer than {FEWEST_COUNTS} counts: too few to tell anything."
        return Identification("none", (), {}, True, told, (Problem("FEW_COUNTS", "", told),))
    quiet = _background(bins, background, templates, problems)
    mixture = _alone(variants, quiet)
    ranks: list[dict[str, tuple[float, int]]] = []
    drops: list[float] = []
    while len(mixture.chosen) < MOST_SOURCES:
        trust = _trust(mixture, variants, quiet, bins, templates.model_error)
        before = _refitted(mixture, variants, quiet, bins, trust)
        better, rank = _one_more(variants, quiet, bins, templates, before, trust)
        over = _dispersion(better, quiet, bins)
        drop = (before.deviance - better.deviance) / over
        if drop < THRESHOLD * (templates.caution if mixture.chosen else 1.0):
            break
        mixture = better
        ranks.append(rank)
        drops.append(drop)
    trust = _trust(mixture, variants, quiet, bins, templates.model_error)
    mixture = _refitted(mixture, variants, quiet, bins, trust)
    return _answer(mixture, ranks, drops, variants, quiet, bins, templates, problems, trust)


def _background(
    bins: Binned, background: Spectrum | None, templates: TemplateSet, problems: list[Problem]
) -> np.ndarray:
    """Return shapes of the background by gain, shape (gains, 1, bins), each adding up to 1."""
    usable = background is not None and background.calibration.state == FILE
    if background is not None and not usable:
        told = "The background has no usable energy scale; that of the templates is taken."
        problems.append(Problem("BACKGROUND", "", told))
    if background is not None and usable:
        made = np.array([stretched(background, gain, bins.edges) for gain in GAINS])
        if made.sum() < 40 * made.shape[1] * len(GAINS):
            kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
            made = np.array([np.convolve(one, kernel, mode="same") for one in made])
        made = made + 0.2
    elif templates.background is not None:
        once = rebinned(templates.background, templates.edges_kev, bins.edges)
        made = np.repeat(once[None, :], len(GAINS), axis=0)
        told = "No background was given; that of the templates is taken, in any strength."
        problems.append(Problem("BACKGROUND_OF_TEMPLATES", "", told))
    else:
        made = np.ones((len(GAINS), len(bins.edges) - 1))
    found: np.ndarray = (made / made.sum(axis=1, keepdims=True))[:, None, :]
    return found


def _alone(variants: np.ndarray, quiet: np.ndarray) -> _Mixture:
    """Return the background alone, at the gain at which it fits best."""
    totals = variants.sum(axis=1)
    expected = np.maximum(quiet[:, 0] * totals[:, None], 1e-9)
    found = deviance(variants, expected, np.ones(variants.shape[1]))
    gain = int(found.argmin())
    return _Mixture(gain, [], np.array([totals[gain]]), float(found[gain]))


def _components(gain: int, chosen: list[int], quiet: np.ndarray, bins: Binned) -> np.ndarray:
    made: np.ndarray = np.concatenate([quiet[gain], bins.shapes[chosen]])
    return made


def _trust(
    mixture: _Mixture,
    variants: np.ndarray,
    quiet: np.ndarray,
    bins: Binned,
    model_error: float,
) -> np.ndarray:
    """Return how much each bin counts, by what the sources found so far may be wrong there."""
    parts = _components(mixture.gain, mixture.chosen, quiet, bins)
    sources = mixture.amounts[1:] @ parts[1:] + 0.3 * mixture.amounts[0] * parts[0]
    return trust_of(mixture.amounts @ parts, sources, model_error)


def _refitted(
    mixture: _Mixture, variants: np.ndarray, quiet: np.ndarray, bins: Binned, trust: np.ndarray
) -> _Mixture:
    """Return the same mixture with bins counted as they are trusted."""
    parts = _components(mixture.gain, mixture.chosen, quiet, bins)
    amounts, value = fit(variants[mixture.gain], parts, trust)
    return _Mixture(mixture.gain, mixture.chosen, amounts, value)


def _one_more(
    variants: np.ndarray,
    quiet: np.ndarray,
    bins: Binned,
    templates: TemplateSet,
    mixture: _Mixture,
    trust: np.ndarray,
) -> tuple[_Mixture, dict[str, tuple[float, int]]]:
    """Return the mixture with the best further template, and each nuclide's best deviance."""
    mixtures = []
    first, last = 0, len(GAINS)
    if mixture.chosen:
        first, last = max(mixture.gain - GAINS_BESIDE, 0), mixture.gain + GAINS_BESIDE + 1
    tried = range(first, min(last, len(GAINS)))
    for gain in tried:
        parts = _components(gain, mixture.chosen, quiet, bins)
        amounts, _value = fit(variants[gain], parts, trust, steps=40 if mixture.chosen else 2)
        mixtures.append(amounts @ parts)
    which, gains, values, _amounts = best_templates(
        variants[first:last], np.array(mixtures), bins.shapes, trust
    )
    gains = gains + first
    if not len(which):
        return mixture, {}
    best = int(values.argmin())
    gain, chosen = int(gains[best]), [*mixture.chosen, int(which[best])]
    amounts, value = fit(variants[gain], _components(gain, chosen, quiet, bins), trust)
    made = _Mixture(gain, chosen, amounts, value)
    return made, _ranked(
        variants, np.array(mixtures), bins, templates, made, quiet, first, which, gains, values
    )


def _ranked(
    variants: np.ndarray,
    mixtures: np.ndarray,
    bins: Binned,
    templates: TemplateSet,
    made: _Mixture,
    quiet: np.ndarray,
    first: int,
    which: np.ndarray,
    gains: np.ndarray,
    values: np.ndarray,
) -> dict[str, tuple[float, int]]:
    """Return each nuclide's best deviance and template, bins counted as the best one is trusted.

    A source that was just found may be wrong in its bins by more than chance: without that, of two
    sources that are alike the one whose template happens to fit better would be sure.
    """
    best: dict[str, int] = {}
    for at in np.argsort(values).tolist():
        best.setdefault(templates.templates[int(which[at])].nuclide, at)
    rows = np.array(list(best.values()))
    trust = _trust(made, variants, quiet, bins, templates.model_error)
    again = np.empty(len(rows))
    for gain in np.unique(gains[rows]).tolist():
        mine = np.flatnonzero(gains[rows] == gain)
        shapes = bins.shapes[which[rows[mine]]]
        again[mine] = added(variants[gain], mixtures[gain - first], shapes, trust)[0]
    return {
        name: (float(value), int(which[row]))
        for name, row, value in zip(best, rows.tolist(), again.tolist(), strict=True)
    }


def _dispersion(mixture: _Mixture, quiet: np.ndarray, bins: Binned) -> float:
    """Return by how much the rest is larger than chance alone makes it; at least 1."""
    parts = _components(mixture.gain, mixture.chosen, quiet, bins)
    free = max(parts.shape[1] - len(mixture.amounts), 1)
    return float(max(mixture.deviance / free, 1.0))


def _answer(
    mixture: _Mixture,
    ranks: list[dict[str, tuple[float, int]]],
    drops: list[float],
    variants: np.ndarray,
    quiet: np.ndarray,
    bins: Binned,
    templates: TemplateSet,
    problems: list[Problem],
    trust: np.ndarray,
) -> Identification:
    over = _dispersion(mixture, quiet, bins)
    counts = variants[mixture.gain]
    parts = _components(mixture.gain, mixture.chosen, quiet, bins)
    shares = mixture.amounts[1:] / max(float(counts.sum()), 1.0)
    found: list[Found] = []
    amounts = {
        templates.templates[one].nuclide: float(amount)
        for one, amount in zip(mixture.chosen, mixture.amounts[1:], strict=True)
    }
    worth = _worth(mixture, counts, parts, over, trust)
    sources = mixture.amounts[1:] @ parts[1:]
    rest = _rest(counts, mixture.amounts @ parts, sources, bins, templates.model_error)
    fitted = float(str(rest["chi2_reduced"]))
    for at, chosen in enumerate(mixture.chosen):
        main = templates.templates[chosen].nuclide
        least = THRESHOLD * (templates.caution if at else 1.0)
        there = 1 / (1 + np.exp(-np.clip(min(worth[at], 2 * drops[at]) - least, -60, 60) / 2))
        best = min(value for value, _template in ranks[at].values())
        softer = 2 * over * TEMPERATURE * templates.caution
        weights = {
            name: (1.0 if name in COMMON or name in NATURAL else RARE)
            * float(np.exp(-min((value - best) / softer, 600.0)))
            for name, (value, _template) in ranks[at].items()
        }
        weights = _shared(weights)
        whole = sum(weights.values())
        for name, weight in sorted(weights.items(), key=lambda pair: -pair[1]):
            share = float(there) * weight / whole
            probability = min(_calibrated(share, fitted), MOST_PROBABLE)
            if probability < TELLING_PROBABILITY or any(one.nuclide == name for one in found):
                continue
            template = templates.templates[ranks[at][name][1]]
            category, reason = category_of(
                name, _beside(name, {**amounts, name: amounts.get(name, amounts[main])})
            )
            evidence = {
                "template": template.label,
                "shielding": template.shielding,
                "counts": round(float(mixture.amounts[1 + at]), 1),
                "share_of_counts": round(float(shares[at]), 4),
                "worth": round(float(worth[at]), 1),
                "gain": GAINS[mixture.gain],
            }
            found.append(Found(name, round(probability, 4), category, reason, evidence))
    found.sort(key=lambda one: -one.probability)
    undecided, why = _decision(found, rest)
    names = ["background", *(templates.templates[one].label for one in mixture.chosen)]
    made = tuple(zip(names, mixture.amounts[:, None] * parts, strict=True))
    drawn = MixtureFit(bins.edges, counts, made, templates.model_error)
    return Identification(
        "templates", tuple(found), rest, undecided, why, tuple(problems), fit=drawn
    )


def _calibrated(share: float, chi2_reduced: float) -> float:
    """Return how often a nuclide is right that has a share of the likelihood.

    Where the mixture fits badly the model is wrong somewhere, and the share says less than it
    seems. Found by trials.
    """
    badly = min(max(MISFIT_COST * (chi2_reduced - FAIR_FIT), 0.0), MOST_MISFIT_COST)
    return share * (1 - badly)


def _shared(weights: dict[str, float]) -> dict[str, float]:
    """Return weights with those of sources that look alike shared between them."""
    found = dict(weights)
    for pair in ALIKE:
        if all(name in found for name in pair):
            half = max(found[name] for name in pair) / 2
            found |= dict.fromkeys(pair, half)
    return found


def _beside(name: str, amounts: dict[str, float]) -> dict[str, float]:
    """Return what is there beside a nuclide, for its category.

    Amounts of templates are counts and no activities: whether uranium stands as in nature cannot
    be told from them, so each of its nuclides is judged without the other.
    """
    uranium = ("U-235", "U-238")
    others = {one: value for one, value in amounts.items() if one != name}
    if name in uranium:
        others = {one: value for one, value in others.items() if one not in uranium}
        if "Ra-226" in others:
            others["Ra-226"] /= RADIUM_COUNTS
    return {**others, name: amounts.get(name, 1.0)}


def _worth(
    mixture: _Mixture, counts: np.ndarray, parts: np.ndarray, over: float, trust: np.ndarray
) -> list[float]:
    """Return by how much the fit gets worse without each source."""
    found = []
    for at in range(len(mixture.chosen)):
        rest = np.delete(parts, at + 1, axis=0)
        _amounts, value = fit(counts, rest, trust)
        found.append((value - mixture.deviance) / over)
    return found


def _rest(
    counts: np.ndarray,
    expected: np.ndarray,
    sources: np.ndarray,
    bins: Binned,
    model_error: float,
) -> dict[str, object]:
    """Return what the sources do not explain: a test of all bins, and the bins that stand out."""
    variance = np.maximum(expected, 1.0) + (model_error * sources) ** 2
    pulls = (counts - expected) / np.sqrt(variance)
    free = max(len(counts) - 2, 1)
    middle = (bins.edges[1:] + bins.edges[:-1]) / 2
    out = np.flatnonzero(pulls > 5)
    return {
        "chi2_reduced": round(float((pulls**2).sum() / free), 3),
        "bins": [
            {"energy_kev": round(float(middle[at]), 1), "sigmas": round(float(pulls[at]), 1)}
            for at in out[:20]
        ],
    }


def _decision(found: list[Found], rest: dict[str, object]) -> tuple[bool, str]:
    """Return whether the answer is open, and why."""
    if found and found[0].probability < 0.95:
        return True, "No nuclide is sure to 95 %; several would do."
    if float(str(rest["chi2_reduced"])) > POOR_FIT:
        return True, "The sources found do not explain the whole of the spectrum."
    return False, ""
