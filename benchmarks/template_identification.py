"""How long one spectrum takes against a set of templates, and how often what is said is right.

The time is that of a spectrum against all templates with the search for its gain, beside the plain
loop over templates and gains of the same likelihood in the same run (limit: 20 ms). Accuracy and
reliability are those of sources drawn from a set, identified by the same set and by the templates
of a usual detector, which are made from lines and know nothing of the set.

``PYTHONPATH=src python benchmarks/template_identification.py SET.zip [DETECTOR] [NUMBER] [SEED]``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from keiryo.detector_response.generic import generic_set
from keiryo.identification.by_templates import identify_by_templates
from keiryo.identification.template_match import GAINS, binned, stretched
from keiryo.nuclides.categories import LIBRARY
from keiryo.spectra.spectrum import Spectrum, calibration_of_edges
from keiryo.templates.template_set import TemplateSet, load_templates

SECONDS, BACKGROUND_SECONDS, GAIN_SIGMA = 60.0, 600.0, 0.008


def drawn(
    given: TemplateSet, at: int | None, counts: float, random: np.random.Generator
) -> tuple[Spectrum, Spectrum]:
    """Return a spectrum of a source, or of none, and a background of the same place."""
    assert given.background is not None
    quiet = given.background * SECONDS
    source = 0.0 if at is None else counts * given.rates[at] / given.rates[at].sum()
    edges = given.edges_kev * (1 + random.normal(0, GAIN_SIGMA))
    scale = calibration_of_edges(edges.tolist(), len(quiet))
    pair = ((quiet + source, SECONDS), (quiet * BACKGROUND_SECONDS / SECONDS, BACKGROUND_SECONDS))
    one, other = (
        Spectrum("", random.poisson(mean).astype(np.int64), live, live, None, scale)
        for mean, live in pair
    )
    return one, other


def plain_loop(one: Spectrum, quiet: Spectrum, templates: TemplateSet) -> float:
    """Return the seconds of the plain loop: each template at each gain, 25 steps."""
    bins = binned(templates, 32.0, 2900.0)
    started = time.perf_counter()
    for gain in GAINS:
        x, b = stretched(one, gain, bins.edges), stretched(quiet, gain, bins.edges) + 0.2
        b = b / b.sum()
        for shape in bins.shapes:
            a, c = 0.8 * x.sum(), 0.2 * x.sum()
            for _ in range(25):
                ratio = x / np.maximum(a * b + c * shape, 1e-9)
                a, c = a * (ratio @ b), c * (ratio @ shape)
    return time.perf_counter() - started


def trial(given: TemplateSet, used: TemplateSet, number: int, seed: int) -> None:
    """Print how often sources are named first, among three, and how often confidence is right."""
    random = np.random.default_rng(seed)
    usable = [at for at, one in enumerate(given.templates) if one.nuclide in LIBRARY]
    for counts in (300, 1000, 3000, 10_000, 50_000):
        first = three = undecided = 0
        said: list[tuple[float, bool]] = []
        for _ in range(number):
            at = int(random.choice(usable))
            found = identify_by_templates(*_order(drawn(given, at, counts, random), used))
            names = [one.nuclide for one in found.nuclides]
            true = given.templates[at].nuclide
            first, three = first + (names[:1] == [true]), three + (true in names[:3])
            undecided += found.undecided
            said += [(one.probability, one.nuclide == true) for one in found.nuclides]
        sure = [right for value, right in said if value >= 0.95]
        share = f"{np.mean(sure):.2f} of {len(sure)}" if sure else "none said"
        print(
            f"{counts:6d} counts: first {first / number:.2f}, among three {three / number:.2f},"
            f" undecided {undecided / number:.2f}, right of 0.95 and more: {share}"
        )
    false = sum(
        bool(identify_by_templates(*_order(drawn(given, None, 0, random), used)).nuclides)
        for _ in range(number)
    )
    print(f"nothing but background: {false} of {number} with a nuclide")


def _order(
    pair: tuple[Spectrum, Spectrum], used: TemplateSet
) -> tuple[Spectrum, TemplateSet, Spectrum]:
    return pair[0], used, pair[1]


def main(archive: str, detector: str = "", number: str = "60", seed: str = "1") -> None:
    """Time one spectrum, then try the set itself and a usual detector."""
    given = load_templates(Path(archive))
    one, quiet = drawn(given, 40, 3000, np.random.default_rng(int(seed)))
    identify_by_templates(one, given, quiet)
    times = []
    for _ in range(15):
        started = time.perf_counter()
        identify_by_templates(one, given, quiet)
        times.append(time.perf_counter() - started)
    plain = plain_loop(one, quiet, given)
    best = float(np.median(times))
    print(f"{given.detector}: {len(given.templates)} templates, {best * 1000:.1f} ms a spectrum;")
    print(f"the plain loop takes {plain * 1000:.0f} ms: {plain / best:.0f} times as long")
    print("by its own templates:")
    trial(given, given, int(number), int(seed))
    if detector:
        print(f"by templates of a usual detector ({detector}):")
        trial(given, generic_set(detector), int(number), int(seed))


if __name__ == "__main__":
    main(*sys.argv[1:])
