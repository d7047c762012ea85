"""Matching a spectrum with templates: the most likely amounts, for all templates at once.

Counts are binned by the square root of the energy, about as wide as a scintillator resolves. The
spectrum itself is stretched for each gain that is tried, so that templates are binned once. A
matched score orders the templates; the first of them are fitted by likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from keiryo.spectra.spectrum import Spectrum
from keiryo.templates.template_set import TemplateSet, rebinned

BINS = 160
LOW_KEV, HIGH_KEV = 32.0, 2900.0
GAINS = (0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03)
FIRST = 28
"""So many of the templates with the best score are fitted."""
STEPS = 24
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Binned:
    """A set of templates in the bins of a spectrum.

    Attributes
    ----------
    edges : ndarray, shape (bins + 1,)
        In keV.
    shapes : ndarray, shape (templates, bins)
        Each adds up to 1.
    background : ndarray or None, shape (bins,)
        Adds up to 1.
    """

    edges: np.ndarray
    shapes: np.ndarray
    background: np.ndarray | None


def bin_edges(low_kev: float, high_kev: float) -> np.ndarray:
    """Return edges that are even in the square root of the energy."""
    made: np.ndarray = np.linspace(np.sqrt(low_kev), np.sqrt(high_kev), BINS + 1) ** 2
    return made


@lru_cache(maxsize=16)
def binned(templates: TemplateSet, low_kev: float, high_kev: float) -> Binned:
    """Return a set in the bins between two energies."""
    edges = bin_edges(low_kev, high_kev)
    shapes = rebinned(templates.rates, templates.edges_kev, edges)
    shapes = shapes / np.maximum(shapes.sum(axis=1, keepdims=True), _TINY)
    background = templates.background
    if background is not None:
        background = rebinned(background, templates.edges_kev, edges)
        background = background / max(float(background.sum()), _TINY)
    return Binned(edges, shapes + _TINY, background)


def stretched(spectrum: Spectrum, gain: float, edges: np.ndarray) -> np.ndarray:
    """Return a spectrum in bins, its energies multiplied by a gain."""
    own = spectrum.calibration.energies(np.arange(spectrum.channels + 1)) * gain
    return rebinned(spectrum.counts, own, edges)


def deviance(counts: np.ndarray, expected: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Return the Poisson deviance along the last axis; it compares across gains.

    Parameters
    ----------
    counts, expected : ndarray, shape (..., bins)
    trust : ndarray, shape (bins,)
        How much each bin counts: less than 1 where a template may be wrong by more than chance.
    """
    each = special.xlogy(counts, counts / expected) - counts + expected
    found: np.ndarray = 2 * (each * trust).sum(axis=-1)
    return found


def trust_of(expected: np.ndarray, sources: np.ndarray, model_error: float) -> np.ndarray:
    """Return the share of chance in the variance of each bin."""
    base = np.maximum(expected, 0.5)
    found: np.ndarray = base / (base + (model_error * sources) ** 2)
    return found


def fit(
    counts: np.ndarray, components: np.ndarray, trust: np.ndarray, steps: int = 120
) -> tuple[np.ndarray, float]:
    """Return the most likely amounts of components, and the deviance.

    Parameters
    ----------
    counts : ndarray, shape (bins,)
    components : ndarray, shape (components, bins)
        Each adds up to 1.
    trust : ndarray, shape (bins,)
    steps : int
        Of expectation and maximisation (Shepp, Vardi, IEEE Trans. Med. Imaging 1 (1982) 113).
    """
    total = max(float(counts.sum()), _TINY)
    amounts = np.full(len(components), total / max(len(components), 1))
    norms = np.maximum(components @ trust, _TINY)
    for _ in range(steps):
        expected = np.maximum(amounts @ components, _TINY)
        amounts = amounts * (components @ (trust * counts / expected)) / norms
    return amounts, float(deviance(counts, np.maximum(amounts @ components, _TINY), trust))


def scores(
    counts: np.ndarray, expected: np.ndarray, shapes: np.ndarray, trust: np.ndarray
) -> np.ndarray:
    """Return how far a spectrum goes from what is expected towards each template, in sigmas.

    The part of a template that looks as what is expected itself is taken off: the score does not
    change where everything gets stronger or weaker.
    """
    weight = trust / np.maximum(expected, 0.3)
    norm = float((expected * expected * weight).sum())
    along = (shapes * (expected * weight)).sum(axis=1) / norm
    rest = shapes - along[:, None] * expected
    upper = rest @ ((counts - expected) * weight)
    found: np.ndarray = upper / np.sqrt(np.maximum((rest**2) @ weight, _TINY))
    return found


def added(
    counts: np.ndarray, fixed: np.ndarray, shapes: np.ndarray, trust: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the deviance and the amount of each template beside a fixed mixture.

    Parameters
    ----------
    counts : ndarray, shape (bins,)
    fixed : ndarray, shape (bins,)
        The mixture found so far, whose amount as a whole is free.
    shapes : ndarray, shape (templates, bins)
    trust : ndarray, shape (bins,)

    Returns
    -------
    deviances, amounts : ndarray, shape (templates,)
    """
    shape = (fixed / max(float(fixed.sum()), _TINY)).astype(np.float32)
    shapes = shapes.astype(np.float32)
    total, least = float(counts.sum()), np.float32(_TINY)
    old = np.full(len(shapes), 0.8 * total, dtype=np.float32)
    new = np.full(len(shapes), 0.2 * total, dtype=np.float32)
    whole = np.float32(max(float(shape @ trust), _TINY))
    norms = np.maximum(shapes @ trust, _TINY).astype(np.float32)
    given = (counts * trust).astype(np.float32)
    mu, ratio = np.empty_like(shapes), np.empty_like(shapes)
    for step in range(STEPS + 1):
        np.multiply(new[:, None], shapes, out=mu)
        mu += np.multiply(old[:, None], shape, out=ratio)
        np.maximum(mu, least, out=mu)
        if step == STEPS:
            break
        np.divide(given, mu, out=ratio)
        old *= ratio @ shape / whole
        new *= np.einsum("tb,tb->t", ratio, shapes) / norms
    return deviance(counts, mu.astype(np.float64), trust), new.astype(np.float64)


def best_templates(
    variants: np.ndarray, mixtures: np.ndarray, shapes: np.ndarray, trust: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the templates that improve a mixture most, over the gains.

    Parameters
    ----------
    variants : ndarray, shape (gains, bins)
        The spectrum by gain.
    mixtures : ndarray, shape (gains, bins)
        What is expected without a further template, by gain.
    shapes : ndarray, shape (templates, bins)
    trust : ndarray, shape (bins,)

    Returns
    -------
    templates, gains : ndarray of int
        Indices, one pair for each fit.
    deviances, amounts : ndarray of float
        Of each fit.
    """
    pairs = zip(variants, mixtures, strict=True)
    found = np.array([scores(one, mu, shapes, trust) for one, mu in pairs])
    chosen = np.argsort(-found.max(axis=0))[:FIRST]
    parts = []
    for gain in range(len(variants)):
        mine = chosen[found[gain, chosen] > 0.6 * found[:, chosen].max(axis=0)]
        if not len(mine):
            continue
        value, amount = added(variants[gain], mixtures[gain], shapes[mine], trust)
        parts.append((mine, np.full(len(mine), gain), value, amount))
    if not parts:
        empty = np.zeros(0)
        return empty.astype(int), empty.astype(int), empty, empty
    columns = [np.concatenate([part[at] for part in parts]) for at in range(4)]
    return columns[0], columns[1], columns[2], columns[3]
