"""Cases that are easily mistaken: plutonium behind americium, uranium, radium, random sums."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from keiryo.identification.by_peaks import identify_by_peaks
from keiryo.identification.result import Identification
from keiryo.nuclides.lines import photon_lines
from keiryo.spectra.spectrum import Spectrum, calibration_of

CHANNELS, KEV = 8192, 0.37
NATURAL = {"K-40": 60.0, "Ra-226": 12.0, "Th-232": 12.0}
PLUTONIUM = {"Pu-239": 189e3, "Pu-240": 44e3, "Pu-241": 1e6, "Am-241": 22e3}


def simulated(sources: dict[str, float], extra: dict[float, float] | None = None) -> Spectrum:
    """Return a germanium spectrum of thousands of decays by nuclide, and of areas by energy."""
    x, random = np.arange(CHANNELS), np.random.default_rng(11)
    mu = 100 * np.exp(-x * KEV / 300) + 0.3
    areas = dict(extra or {})
    for name in {*NATURAL, *sources}:
        strength = NATURAL.get(name, 0.0) + sources.get(name, 0.0)
        for line in photon_lines(name, least_kev=40.0):
            e = line.energy_kev
            efficiency = 0.02 * (e / 500) ** -0.85 * np.exp(-((45 / e) ** 3))
            areas[e] = areas.get(e, 0.0) + strength * 1000 * line.per_decay * efficiency
    for energy, area in areas.items():
        sigma = np.sqrt(0.6 + 0.0021 * energy) / 2.3548 / KEV
        at = energy / KEV - 0.5
        low, high = max(int(at - 7 * sigma), 0), int(at + 7 * sigma) + 2
        if low < min(high, CHANNELS):
            here = np.exp(-0.5 * ((x[low:high] - at) / sigma) ** 2)
            mu[low:high] += area * here / (sigma * 2.5066)
    counts = random.poisson(mu).astype(np.int64)
    return Spectrum("", counts, 600.0, 605.0, None, calibration_of((0, KEV), CHANNELS))


@cache
def plutonium() -> Identification:
    return identify_by_peaks(simulated(PLUTONIUM))


def said(found: Identification) -> dict[str, tuple[float, str]]:
    return {one.nuclide: (one.probability, one.category) for one in found.nuclides}


def test_plutonium_behind_its_americium_is_nuclear() -> None:
    """Strong 59.5 keV, and X-rays near the 103.2 keV of samarium-153."""
    found = said(plutonium())
    assert found["Pu-239"][0] >= 0.95
    assert found["Pu-239"][1] == "nuclear"


def test_its_x_rays_are_no_medicine() -> None:
    medical = [one for one in plutonium().nuclides if one.category == "medical"]
    assert [one for one in medical if one.probability >= 0.95] == []


@pytest.mark.parametrize(
    ("sources", "there", "category"),
    [
        ({"U-235": 50.0}, "U-235", "nuclear"),
        ({"U-238": 1000.0, "U-235": 12.9}, "U-238", "nuclear"),
        ({"U-238": 500.0, "U-235": 23.0, "Ra-226": 500.0}, "U-238", "NORM"),
        ({"U-233": 1e5, "U-232": 100.0}, "U-233", "nuclear"),
        ({"Ra-226": 10_000.0}, "Ra-226", "industrial"),
        ({"Ra-226": 100.0}, "Ra-226", "NORM"),
    ],
)
def test_heavy_nuclides(sources: dict[str, float], there: str, category: str) -> None:
    found = said(identify_by_peaks(simulated(sources)))
    assert found[there][0] >= 0.95
    assert found[there][1] == category
    others = {"U-235", "U-238", "U-233", "U-232", "Th-228", "Pb-210"} | {*NATURAL}
    assert {name for name, (p, _) in found.items() if p >= 0.95} <= others


def test_a_random_sum_is_no_nuclide() -> None:
    """Technetium-99m at a high rate: 2 x 140.5 keV stands near 279.2 keV of mercury-203."""
    busy = simulated({}, {140.511: 2e6, 279.6: 4000.0})
    found = identify_by_peaks(busy)
    assert said(found)["Tc-99m"][0] >= 0.95
    assert all(p < 0.95 for name, (p, _) in said(found).items() if name in ("Hg-203", "Se-75"))
    quiet = identify_by_peaks(simulated({}, {140.511: 2e4, 279.6: 4000.0}))
    assert "RANDOM_SUM" not in [one.code for one in quiet.findings]


@pytest.mark.parametrize("sources", [{"Am-241": 150.0}, {"Am-241": 100.0, "Pu-239": 500.0}])
def test_americium_alone_does_not_decide_about_plutonium(sources: dict[str, float]) -> None:
    """Where the lines of plutonium are too weak to be seen, nobody may say that it is not there."""
    found = identify_by_peaks(simulated(sources))
    assert found.undecided
    americium = next(one for one in found.nuclides if one.nuclide == "Am-241")
    assert "plutonium is not excluded" in americium.reason


def test_strong_americium_is_decided_and_high_burn_up_stays_open() -> None:
    found = identify_by_peaks(simulated({"Am-241": 1e5}))
    americium = next(one for one in found.nuclides if one.nuclide == "Am-241")
    assert americium.probability >= 0.95
    assert "high burn-up is not excluded" in americium.reason
    assert not found.undecided


def test_refined_uranium_is_nuclear_where_ore_is_not() -> None:
    refined = said(identify_by_peaks(simulated({"U-238": 3000.0, "U-235": 138.0})))
    assert refined["U-238"][1] == "nuclear"
    ore = said(identify_by_peaks(simulated({"U-238": 1000.0, "U-235": 46.0, "Ra-226": 1000.0})))
    assert ore["U-238"][1] == "NORM"
