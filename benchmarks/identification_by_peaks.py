"""How often what is said of a nuclide is right: simulated germanium spectra of the library.

Each spectrum has natural background and up to three nuclides of the library with random strength,
efficiency curve, resolution, continuum and drift of the energy scale. Nothing of it was used to
choose a constant of the method. ``python benchmarks/identification_by_peaks.py [NUMBER] [SEED]``
"""

from __future__ import annotations

import sys

import numpy as np

from keiryo.identification.by_peaks import identify_by_peaks
from keiryo.nuclides.categories import LIBRARY
from keiryo.nuclides.lines import UnknownNuclideError, photon_lines
from keiryo.spectra.spectrum import Spectrum, calibration_of

CHANNELS, KEV = 8192, 0.37
NATURAL = {"K-40": 60.0, "Ra-226": 12.0, "Th-232": 12.0}
SERIES = {"K-40", "Ra-226", "Th-232", "U-238", "U-235", "Th-228", "U-232", "Pb-210"}


def lines_of(name: str) -> list[tuple[float, float]]:
    """Return energies and photons per decay."""
    try:
        return [(one.energy_kev, one.per_decay) for one in photon_lines(name)]
    except UnknownNuclideError:
        return []


def spectrum(random: np.random.Generator, sources: dict[str, float]) -> Spectrum:
    """Return a spectrum of sources by their decays, in thousands, that reach the detector."""
    slope, absorbed = random.normal(-0.85, 0.12), abs(random.normal(45, 15))
    wide = random.uniform(0.8, 1.3)
    offset, gain, bend = random.normal(0, 0.2), random.normal(0, 3e-4), random.normal(0, 1.5e-7)
    x = np.arange(CHANNELS)
    mu = 4e3 * random.uniform(0.5, 2) * np.exp(-x * KEV / 300) / 40 + 0.3
    for name, strength in {**NATURAL, **sources}.items():
        for energy, share in lines_of(name):
            if energy < 25:
                continue
            efficiency = 0.02 * (energy / 500) ** slope * np.exp(-((absorbed / energy) ** 3))
            area = strength * 1000 * share * efficiency
            seen = energy + offset + gain * energy + bend * energy**2
            sigma = wide * np.sqrt(0.6 + 0.0021 * energy) / 2.3548 / KEV
            at = seen / KEV - 0.5
            low, high = max(int(at - 6 * sigma), 0), min(int(at + 6 * sigma) + 2, CHANNELS)
            if low < high:
                here = np.exp(-0.5 * ((x[low:high] - at) / sigma) ** 2)
                mu[low:high] += area * here / (sigma * 2.5066)
            edge = int(energy / (1 + 511 / (2 * energy)) / KEV)
            mu[: min(edge, CHANNELS)] += 1.5 * area / max(edge, 1)
    mu[: int(20 / KEV)] = 0
    counts = random.poisson(mu)
    return Spectrum(
        "", counts.astype(np.int64), 600.0, 605.0, None, calibration_of((0, KEV), CHANNELS)
    )


def main(number: int, seed: int) -> None:
    """Print the table of what was said and what was right."""
    random = np.random.default_rng(seed)
    usable = [one for one in LIBRARY if lines_of(one) and one not in SERIES]
    said: list[tuple[float, bool]] = []
    there = sure = undecided = 0
    wrong: dict[str, int] = {}
    for _ in range(number):
        some = random.choice(usable, size=int(random.integers(0, 4)), replace=False)
        sources = {str(one): float(10 ** random.uniform(0.7, 2.7)) for one in some}
        found = identify_by_peaks(spectrum(random, sources))
        undecided += found.undecided
        for one in found.nuclides:
            if one.nuclide in SERIES:
                continue
            right = one.nuclide in sources
            said.append((one.probability, right))
            if not right and one.probability >= 0.95:
                key = f"{one.nuclide} for {', '.join(sorted(sources)) or 'nothing'}"
                wrong[key] = wrong.get(key, 0) + 1
        there += len(sources)
        surely = {one.nuclide for one in found.nuclides if one.probability >= 0.95}
        sure += len(surely & {*sources})
    print(
        f"{number} spectra, seed {seed}: {there} nuclides, {sure} named with 0.95 or more;", end=" "
    )
    print(f"{undecided} spectra undecided")
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 0.99), (0.99, 1.01)):
        here = [right for value, right in said if low <= value < high]
        if here:
            print(f"said {low:.2f}-{min(high, 1):.2f}: {len(here):4d}, right {np.mean(here):.3f}")
    for key, count in wrong.items():
        print(f"  {count} x {key}")


if __name__ == "__main__":
    main(*(int(one) for one in (*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :])))
