"""Identification by peaks: the measured files, what must not be claimed, and weaker spectra."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from keiryo.identification.by_peaks import identify_by_peaks
from keiryo.identification.result import Identification
from keiryo.spectra.energy_drift import natural_drift
from keiryo.spectra.peak_fit import peaks_of
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.spectrum import Calibration, Spectrum, calibration_of

DATA = Path(__file__).parent.parent / "data"
NATURAL = {"K-40", "Ra-226", "Th-232", "Th-228", "U-235", "U-238", "Pb-210"}
POTTERY = {"Eu-152", "Eu-154", "Sc-46", "Cs-134", "Co-60"}


@cache
def spectrum(name: str, number: int = 0) -> Spectrum:
    return read_spectra(DATA / "spectra" / name).spectra[number]


@cache
def identified(name: str, background: str | None = None, number: int = 0) -> Identification:
    quiet = None if background is None else spectrum(background, number)
    return identify_by_peaks(spectrum(name, number), quiet)


def sure(found: Identification) -> set[str]:
    """Return what is said with 0.95 or more."""
    return {one.nuclide for one in found.nuclides if one.probability >= 0.95}


@pytest.mark.parametrize(
    ("name", "background", "there"),
    [
        ("cave_background_2017.spe", None, {"Co-60", "Cs-137", "K-40", "Ra-226", "Th-232"}),
        ("activated_pottery_2017.spe", None, POTTERY | {"K-40"}),
        ("activated_pottery_2017.spe", "cave_background_2017.spe", POTTERY),
        ("alcatraz_field_2012.spc", None, {"K-40", "Ra-226", "Th-232"}),
        ("beach_falcon5000_2014.cnf", None, {"K-40", "Ra-226", "Th-232"}),
        ("ba133_8hpge_portal_20100317.n42", None, {"Ba-133", "K-40"}),
        (
            *("ba133_8hpge_portal_20100317.n42", "background_8hpge_portal_20100317.n42"),
            {"Ba-133"},
        ),
        ("background_8hpge_portal_20100317.n42", None, {"K-40", "Th-232"}),
    ],
)
def test_what_measured_files_show(name: str, background: str | None, there: set[str]) -> None:
    """All that is there is said, and nothing else but natural series."""
    found = identified(name, background)
    assert there <= sure(found)
    assert {one.nuclide for one in found.nuclides} <= there | NATURAL
    assert not found.undecided
    for one in found.nuclides:
        if one.probability >= 0.95 and one.nuclide in NATURAL:
            assert one.category == "NORM"


@pytest.mark.parametrize("number", range(8))
def test_each_detector_of_a_portal_shows_the_source_alone(number: int) -> None:
    names = ("ba133_8hpge_portal_20100317.n42", "background_8hpge_portal_20100317.n42")
    found = identified(*names, number)
    assert [one.nuclide for one in found.nuclides] == ["Ba-133"]


@pytest.mark.parametrize("share", [3, 10, 30, 100])
@pytest.mark.parametrize("name", ["activated_pottery_2017.spe", "alcatraz_field_2012.spc"])
def test_fewer_counts_make_no_false_claims(name: str, share: int) -> None:
    one, random = spectrum(name), np.random.default_rng(share)
    counts = random.binomial(one.counts, 1 / share)
    less = dataclasses.replace(one, counts=counts, live_s=(one.live_s or 0) / share, real_s=None)
    there = NATURAL | (POTTERY if "pottery" in name else set())
    assert sure(identify_by_peaks(less)) <= there


@pytest.mark.parametrize("gain", [0.997, 0.999, 1.001, 1.003])
def test_a_scale_that_is_off_is_found_out(gain: float) -> None:
    one = spectrum("activated_pottery_2017.spe")
    first, *rest = one.calibration.coefficients
    off = calibration_of([first, *(gain * value for value in rest)], one.channels)
    found = identify_by_peaks(dataclasses.replace(one, calibration=off))
    assert POTTERY <= sure(found) <= POTTERY | NATURAL


def test_offsets_of_a_scale_that_are_not_in_proportion() -> None:
    """The field measurement: +0.3 keV up to 900 keV, +6.5 keV at 2614.5 keV."""
    drift = natural_drift(peaks_of(spectrum("alcatraz_field_2012.spc")))
    offsets = dict(zip(drift.energies.round().tolist(), drift.offsets.tolist(), strict=True))
    assert offsets[911.0] == pytest.approx(0.3, abs=0.1)
    assert offsets[1764.0] == pytest.approx(1.8, abs=0.15)
    assert offsets[2615.0] == pytest.approx(6.5, abs=0.2)
    seen = drift.true_kev(np.array([1461.494, 1766.247, 2620.99]))
    assert seen == pytest.approx([1460.82, 1764.49, 2614.51], abs=0.1)


def test_where_no_natural_line_is_found_nothing_is_corrected() -> None:
    drift = natural_drift([])
    assert drift.true_kev(np.array([100.0, 1500.0])) == pytest.approx([100.0, 1500.0])
    assert drift.sigma_kev(np.array([1000.0]))[0] > 0.5


@pytest.mark.parametrize(
    "scale", [Calibration("none"), Calibration("invalid", (0.0, -1.0))], ids=["none", "invalid"]
)
def test_without_a_scale_nothing_is_claimed(scale: Calibration) -> None:
    one = dataclasses.replace(spectrum("alcatraz_field_2012.spc"), calibration=scale)
    found = identify_by_peaks(one)
    assert found.undecided
    assert found.nuclides == ()
    assert [problem.code for problem in found.findings] == ["UNCALIBRATED"]


@pytest.mark.parametrize("counts", [np.zeros(4096), np.full(4096, 7)], ids=["empty", "flat"])
def test_nothing_is_there(counts: np.ndarray) -> None:
    scale = calibration_of((0.0, 0.5), len(counts))
    one = Spectrum("", counts.astype(np.int64), 100.0, 100.0, None, scale)
    found = identify_by_peaks(one)
    assert (found.nuclides, found.undecided) == ((), False)


def test_annihilation_alone_is_no_nuclide() -> None:
    """A patient after a positron scan: which emitter it was cannot be told."""
    one, random, x = spectrum("alcatraz_field_2012.spc"), np.random.default_rng(4), np.arange(8192)
    at = float(np.interp(511.0, one.calibration.energies(x), x))
    more = 60_000 * np.exp(-0.5 * ((x - at) / 2.8) ** 2) / (2.8 * 2.5066)
    patient = dataclasses.replace(one, counts=one.counts + random.poisson(more))
    found = identify_by_peaks(patient)
    named = {each.nuclide: each for each in found.nuclides}
    assert (named["F-18"].category, named["F-18"].probability < 0.95) == ("medical", True)
    assert found.undecided
    assert {"K-40", "Th-232"} <= sure(found) <= NATURAL


def test_a_background_without_a_live_time_is_not_taken_off() -> None:
    quiet = dataclasses.replace(spectrum("cave_background_2017.spe"), live_s=None)
    found = identify_by_peaks(spectrum("activated_pottery_2017.spe"), quiet)
    assert "BACKGROUND" in [one.code for one in found.findings]
    assert "K-40" in sure(found)
