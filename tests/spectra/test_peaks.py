"""Peaks: those of measured spectra, simulated ones, and nothing where none is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.spectrum import Calibration, Spectrum, calibration_of

DATA = Path(__file__).parent.parent / "data" / "spectra"
TRUTH = {
    "cave_background_2017.spe": [
        *((46.488, 1324, 81), (185.925, 5092, 109), (238.855, 4264, 99), (352.218, 2272, 76)),
        *((583.596, 2079, 64), (609.756, 2292, 67), (662.234, 393, 54), (911.735, 1795, 57)),
        *((1120.865, 849, 46), (1173.722, 471, 36), (1333.166, 489, 40), (1461.495, 4987, 76)),
        *((1765.342, 1247, 42), (2615.591, 3086, 58)),
    ],
    "activated_pottery_2017.spe": [
        *((244.936, 2542, 62), (344.575, 8021, 95), (605.133, 4252, 71), (779.379, 2195, 53)),
        *((796.320, 3065, 62), (889.780, 1904, 53), (964.603, 2316, 55), (1112.628, 1838, 51)),
        *((1121.117, 1622, 47), (1173.816, 9064, 98), (1275.015, 397, 23), (1333.113, 8307, 92)),
        (1408.643, 2575, 52),
    ],
}
"""Energy in keV by the file's scale, area and its error, of an independent fit."""


@cache
def fitted(name: str) -> list[Peak]:
    """Return the peaks of a measured file."""
    return peaks_of(read_spectra(DATA / name).spectra[0])


@pytest.mark.parametrize(
    ("name", "energy", "area", "sigma"),
    [(name, *row) for name, rows in TRUTH.items() for row in rows],
)
def test_measured_peaks(name: str, energy: float, area: int, sigma: int) -> None:
    one = min(fitted(name), key=lambda peak: abs((peak.energy_kev or 0) - energy))
    assert one.energy_kev == pytest.approx(energy, abs=0.05)
    assert abs(one.area - area) < sigma
    assert one.area_sigma == pytest.approx(sigma, rel=0.2)


def test_annihilation_is_wider_than_its_neighbours() -> None:
    one = min(
        fitted("cave_background_2017.spe"), key=lambda peak: abs((peak.energy_kev or 0) - 511)
    )
    assert 8900 < one.area < 9900
    assert 2.2 < (one.fwhm_kev or 0) < 2.6


@pytest.mark.parametrize("energy", [1099.3, 1291.6, 482.2, 312.0, 320.1, 1368.6])
def test_what_is_absent_is_not_found(energy: float) -> None:
    """Fe-59, Hf-181, Pa-233, Cr-51 and Na-24 are not in the pottery."""
    near = [
        p for p in fitted("activated_pottery_2017.spe") if abs((p.energy_kev or 0) - energy) < 1
    ]
    assert near == []


def test_without_a_scale_there_are_channels_and_no_energies() -> None:
    found = fitted("d3s_csi_ba133_cs137_uncalibrated.spe")
    assert all(one.energy_kev is None and one.fwhm_kev is None for one in found)
    for low, high in ((597, 607), (1085, 1100), (2290, 2320)):
        assert any(low <= one.channel <= high for one in found), (low, high)


def spectrum(counts: np.ndarray) -> Spectrum:
    """Return a spectrum of 0.38 keV a channel."""
    scale = calibration_of((0.0, 0.38), len(counts))
    return Spectrum("", counts.astype(np.int64), 1.0, 1.0, None, scale)


@pytest.mark.parametrize(("area", "continuum"), [(10_000, 100), (1000, 100), (300, 10), (150, 2)])
def test_areas_and_errors_are_right_on_simulated_peaks(area: int, continuum: int) -> None:
    random, pulls = np.random.default_rng(area), []
    x = np.arange(2048)
    for _ in range(25):
        shape = np.full(2048, continuum * 0.38)
        for middle in (300, 700, 1100, 1500, 1900):
            sigma = 2.0 / 0.38 / 2.3548
            shape += area * np.exp(-0.5 * ((x - middle) / sigma) ** 2) / (sigma * 2.506628)
        for one in peaks_of(spectrum(random.poisson(shape))):
            if min(abs(one.channel - m) for m in (300, 700, 1100, 1500, 1900)) < 4:
                pulls.append((one.area - area) / one.area_sigma)
    assert len(pulls) >= 115
    assert abs(float(np.median(pulls))) < 0.4
    assert 0.75 < float(np.std(pulls)) < 1.35


def test_two_peaks_that_overlap() -> None:
    x, sigma = np.arange(1024), 3.0
    shape = np.full(1024, 20.0)
    for middle, area in ((200, 5000), (300, 4000), (500, 3000), (516, 2000), (800, 4000)):
        shape += area * np.exp(-0.5 * ((x - middle) / sigma) ** 2) / (sigma * 2.506628)
    counts = np.random.default_rng(3).poisson(shape)
    pair = [one for one in peaks_of(spectrum(counts)) if 490 < one.channel < 520]
    assert [one.together for one in pair] == [2, 2]
    for one, area in zip(pair, (3000, 2000), strict=True):
        assert abs(one.area - area) < 4 * one.area_sigma


def test_the_background_of_a_germanium_detector_has_sharp_peaks() -> None:
    """Few weak lines and a strong hump of noise at the low end: the lines tell the width."""
    random, x = np.random.default_rng(5), np.arange(16_384)
    shape = 3.0 * np.exp(-x / 2500) + 0.2
    lines = ((2400, 170), (3100, 100), (4850, 90), (7790, 530), (13_940, 80))
    for middle, area in lines:
        sigma = np.sqrt(40 + 0.009 * middle) / 2.3548
        shape += area * np.exp(-0.5 * ((x - middle) / sigma) ** 2) / (sigma * 2.506628)
    shape += 60 * np.exp(-0.5 * ((x - 120) / 25) ** 2)
    shape[:80] = 0
    found = [one for one in peaks_of(spectrum(random.poisson(shape))) if one.channel > 300]
    assert len(found) == len(lines)
    for one, (middle, area) in zip(found, lines, strict=True):
        assert abs(one.channel - middle) < 4 * one.channel_sigma
        assert abs(one.area - area) < 4 * one.area_sigma


def scintillator(random: np.random.Generator) -> Spectrum:
    """Return a spectrum of lines at 250, 750 and 850 on a falling continuum, FWHM 7 % at 662."""
    x = np.arange(1024)
    shape = 400 * np.exp(-x / 250) + 5
    for middle, area in ((250, 8000), (750, 4000), (850, 3500)):
        sigma = 46 * (middle / 662) ** 0.6 / 2.3548
        shape += area * np.exp(-0.5 * ((x - middle) / sigma) ** 2) / (sigma * 2.506628)
    shape[:12] = 0
    return spectrum(random.poisson(shape))


def test_lines_of_a_scintillator() -> None:
    pulls = []
    for seed in range(12):
        found = peaks_of(scintillator(np.random.default_rng(seed)))
        for middle, area in ((250, 8000), (750, 4000), (850, 3500)):
            one = min(found, key=lambda peak: abs(peak.channel - middle))
            assert abs(one.channel - middle) < 6
            pulls.append((one.area - area) / one.area_sigma)
    assert abs(float(np.mean(pulls))) < 1.0
    assert float(np.std(pulls)) < 1.6


def test_noise_above_the_discriminator_is_no_peak() -> None:
    random, x = np.random.default_rng(8), np.arange(8192)
    shape = 2000 * np.exp(-(x - 45) / 60) + 30.0
    shape[:45] = 0
    assert [one for one in peaks_of(spectrum(random.poisson(shape))) if one.channel < 300] == []


def test_a_smooth_continuum_has_hardly_any_peaks() -> None:
    random, x = np.random.default_rng(11), np.arange(4096)
    found = sum(
        len(peaks_of(spectrum(random.poisson(2000 * np.exp(-x / 700) + 3)))) for _ in range(5)
    )
    assert found <= 3


@pytest.mark.parametrize("counts", [[], [5], [0] * 10, [0] * 4096, [7] * 100])
def test_nothing_to_find(counts: list[int]) -> None:
    given = np.array(counts, dtype=np.int64)
    one = Spectrum("", given, 1.0, 1.0, None, Calibration("none"))
    assert peaks_of(one) == []


def test_command() -> None:
    words = ["spectrum", "peaks", str(DATA / "activated_pottery_2017.spe")]
    done = CliRunner().invoke(app, [*words, "--format", "json"])
    rows = json.loads(done.stdout)
    assert set(rows[0]) >= {
        *("energy_kev", "energy_sigma", "fwhm_kev", "area", "area_sigma", "chi2_reduced"),
    }
    assert CliRunner().invoke(app, [*words, "--format", "table"]).exit_code == 0
    assert CliRunner().invoke(app, [*words, "--spectrum", "2"]).exit_code == 2


def test_lines_two_widths_apart_are_both_found() -> None:
    """The search sees one peak between them, in a coarse scale; neither may be lost."""
    edges = np.arange(4097)
    for seed in range(4):
        expected = np.full(4096, 30.0)
        expected[:43] = 0
        for place, width, area in (
            *((286.0, 1.45, 3000), (288.9, 1.45, 2000), (857.0, 2.0, 1500), (860.2, 2.0, 1500)),
            *((1676.0, 2.5, 4000), (1904.0, 2.7, 4000), (3734.0, 3.6, 3000)),
        ):
            expected += area * np.diff(stats.norm.cdf(edges, place, width / 2.3548))
        counts = np.random.default_rng(seed).poisson(expected)
        given = Spectrum("", counts, 1.0, 1.0, None, Calibration("file", (0.0, 1.0)))
        found = peaks_of(given)
        assert len(found) == 7
        assert [one.energy_kev for one in found[:4]] == pytest.approx(
            [286, 288.9, 857, 860.2], abs=0.3
        )
        for one, area in zip(found[:4], (3000, 2000, 1500, 1500), strict=True):
            assert abs(one.area - area) < 4.5 * one.area_sigma


def test_a_strong_line_just_above_the_threshold_is_found_once() -> None:
    """The threshold is where counting begins, not where the strongest line does."""
    edges = np.arange(1025)
    expected = np.full(1024, 150.0)
    expected[:6] = 0
    for place, width, area in ((9.0, 2.8, 5000), (19.8, 3.1, 40_000), (220.0, 17.0, 15_000)):
        expected += area * np.diff(stats.norm.cdf(edges, place, width / 2.3548))
    for seed in range(3):
        counts = np.random.default_rng(seed).poisson(expected)
        counts[:6] = 0
        found = peaks_of(Spectrum("", counts, 1.0, 1.0, None, Calibration("file", (0.0, 1.0))))
        near = [one for one in found if 15 < (one.energy_kev or 0) < 30]
        assert [round(one.energy_kev or 0) for one in near] == [20]
        assert abs(near[0].area - 40_000) < 5 * near[0].area_sigma
