"""New energy scales: measured files, lines that are not there, and files without a scale."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.spectra.energy_calibration import Recalibration, recalibrate
from keiryo.spectra.peak_fit import Peak, peaks_of
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.scale_proposal import Proposal, propose_scale
from keiryo.spectra.spectrum import FILE, Calibration, Spectrum, calibration_of
from keiryo.spectra.width_calibration import width_law

DATA = Path(__file__).parent.parent / "data" / "spectra"
POTTERY = [
    *((244.70, 0.93, 0.02), (344.28, 1.08, 0.01), (604.72, 1.30, 0.02), (778.90, 1.40, 0.03)),
    *((795.86, 1.45, 0.03), (889.28, 1.56, 0.04), (964.08, 1.55, 0.03), (1112.07, 1.59, 0.04)),
    *((1173.23, 1.70, 0.01), (1332.49, 1.82, 0.02), (1408.01, 1.85, 0.03)),
]
"""Eleven lines of the pottery: energy, FWHM and its error, all in keV."""


@cache
def spectrum(name: str) -> Spectrum:
    return read_spectra(DATA / name).spectra[0]


@cache
def made(name: str) -> Recalibration:
    return recalibrate(spectrum(name))


@cache
def proposed(name: str) -> Proposal:
    one = spectrum(name)
    return propose_scale(dataclasses.replace(one, calibration=Calibration("none")))


def peak(channel: float, one: Spectrum, area: float = 1000.0, fwhm: float = 5.0) -> Peak:
    """Return a peak as a fit would find it."""
    low, middle, high = one.calibration.energies(np.array([channel, channel + 0.5, channel + 1]))
    slope = high - low
    return Peak(
        *(channel, 0.05, float(middle), 0.05 * slope, fwhm * slope, fwhm),
        *(area, area**0.5, 1.0, 30.0, 1),
    )


@pytest.mark.parametrize(
    ("name", "stated", "true"),
    [
        ("cave_background_2017.spe", 662.234, 661.66),  # ± 0.087
        ("activated_pottery_2017.spe", 1333.113, 1332.49),
        ("alcatraz_field_2012.spc", 2620.99, 2614.51),
        ("alcatraz_field_2012.spc", 1461.494, 1460.82),
        ("alcatraz_field_2012.spc", 1766.247, 1764.49),
        ("beach_falcon5000_2014.cnf", 2616.007, 2614.51),
    ],
)
def test_measured_files_are_set_right(name: str, stated: float, true: float) -> None:
    one, found = spectrum(name), made(name)
    edges = one.calibration.energies(np.arange(one.channels + 1))
    fresh = found.calibration.energies(np.arange(one.channels + 1))
    moved = float(np.interp(stated, edges, fresh))
    assert found.state == "recalibrated"
    assert moved == pytest.approx(true, abs=3 * float(np.hypot(found.u_kev(true), 0.09)))
    assert float(found.u_kev(true)) < 0.2


def test_what_the_uncertainty_covers() -> None:
    """Errors at lines that took no part, over files, in units of the stated uncertainty."""
    pulls = []
    for name in ("cave_background_2017.spe", "beach_falcon5000_2014.cnf"):
        one, found = spectrum(name), peaks_of(spectrum(name))
        for left_out in (1460.822, 911.204, 1764.494):
            rest = [each for each in found if abs((each.energy_kev or 0) - left_out) > 4]
            fresh = recalibrate(one, (), rest)
            there = min(found, key=lambda each: abs((each.energy_kev or 0) - left_out))
            seen = float(fresh.calibration.energies(np.array(there.channel + 0.5)))
            sigma = np.hypot(float(fresh.u_kev(left_out)), 2 * (there.energy_sigma or 0))
            pulls.append((seen - left_out) / sigma)
    assert np.abs(pulls).max() < 4


def test_a_line_of_another_nuclide_is_not_taken_for_radium() -> None:
    """Sc-46 at 1120.5 and Eu-152 at 295.9 keV in the pottery, where no radium is seen."""
    lines = {round(one.energy_kev) for one in made("activated_pottery_2017.spe").lines}
    assert not lines & {1120, 295}


def test_lines_that_are_known_take_part() -> None:
    found = recalibrate(spectrum("activated_pottery_2017.spe"), [1173.23, 1332.49, 344.28])
    assert {1173.23, 1332.49, 344.28} <= {one.energy_kev for one in found.lines}
    assert float(found.u_kev(1332.5)) < 0.06


def test_with_too_few_lines_nothing_is_changed() -> None:
    one = Spectrum(
        "", np.zeros(4096, dtype=np.int64), 1.0, 1.0, None, calibration_of((0, 0.5), 4096)
    )
    found = recalibrate(one, (), [peak(2921.0, one), peak(1000.0, one)])
    assert (found.state, found.calibration) == ("as file", one.calibration)
    assert float(found.u_kev(1000.0)) > 1


def test_an_uncalibrated_file_stays_so() -> None:
    found = recalibrate(spectrum("nai_background_uncalibrated.spe"))
    assert found.state == "uncalibrated"
    assert np.isnan(found.u_kev(np.array([100.0, 1000.0]))).all()


def test_gains_and_offsets_are_found_again() -> None:
    one = Spectrum(
        "", np.zeros(8192, dtype=np.int64), 1.0, 1.0, None, calibration_of((0, 0.37), 8192)
    )
    for offset, gain in ((0.4, 1.0004), (-0.5, 0.9995), (0.0, 1.001)):
        channels = [
            (line * gain + offset) / 0.37 - 0.5 for line in (238.632, 911.204, 1460.822, 2614.511)
        ]
        found = recalibrate(one, (), [peak(each, one, fwhm=4.0) for each in channels])
        fresh = found.calibration.energies(np.array(channels) + 0.5)
        assert fresh == pytest.approx([238.632, 911.204, 1460.822, 2614.511], abs=0.05)


@pytest.mark.parametrize(
    "name",
    [
        "cave_background_2017.spe",
        "activated_pottery_2017.spe",
        "beach_falcon5000_2014.cnf",
        "background_8hpge_portal_20100317.n42",
    ],
)
def test_a_proposal_for_a_file_whose_scale_is_taken_away_is_right(name: str) -> None:
    found, one = proposed(name), spectrum(name)
    assert found.calibration is not None
    x = np.array([channel + 0.5 for _line, channel, _rest in found.lines])
    assert found.calibration.energies(x) == pytest.approx(one.calibration.energies(x), abs=2.5)


def test_a_proposal_for_a_small_scintillator() -> None:
    """Ba-133 and Cs-137 on CsI: 356 keV near channel 602, 661.66 near 1093, 1461 near 2305."""
    found = proposed("d3s_csi_ba133_cs137_uncalibrated.spe")
    assert found.state == "proposed"
    assert "has to confirm" in found.why
    assert {"Ba-133", "Cs-137"} <= {*found.assumed}
    assert found.calibration is not None
    energies = found.calibration.energies(np.array([602.5, 1093.5, 2305.0]))
    assert energies == pytest.approx([356.01, 661.66, 1460.82], rel=0.025)
    assert energies[1] / 1093.5 == pytest.approx(0.6133, rel=0.03)


def test_a_range_that_ends_near_2000_kev_needs_no_thallium() -> None:
    found = proposed("nai_background_uncalibrated.spe")
    assert found.calibration is not None
    assert 1900 < float(found.calibration.energies(np.array(1001))) < 2150
    assert max(line for line, *_ in found.lines) < 2000


@pytest.mark.parametrize("places", [[], [100.0, 250.0], [100.0, 111.0, 123.0, 137.0]])
def test_nothing_is_proposed_where_nothing_speaks_for_it(places: list[float]) -> None:
    scale = Spectrum(
        "", np.zeros(1024, dtype=np.int64), 1.0, 1.0, None, calibration_of((0, 1), 1024)
    )
    bare = dataclasses.replace(scale, calibration=Calibration("none"))
    found = propose_scale(bare, (), [peak(each, scale, fwhm=30.0) for each in places])
    assert (found.state, found.calibration) == ("uncalibrated", None)


def test_a_proposal_is_not_for_a_file_with_a_scale() -> None:
    with pytest.raises(ValueError):
        propose_scale(spectrum("cave_background_2017.spe"))


def test_widths_of_the_pottery() -> None:
    """FWHM² = 0.3935 + 0.002144 E, 1.803 keV at 1332.5, from eleven lines."""
    law = width_law(*zip(*POTTERY, strict=True))
    assert law is not None
    a, b = law.coefficients
    assert a == pytest.approx(0.3935, abs=float(law.covariance[0, 0]) ** 0.5)
    assert b == pytest.approx(0.002144, abs=float(law.covariance[1, 1]) ** 0.5)
    assert float(law.fwhm_kev(1332.5)) == pytest.approx(1.803, abs=0.015)


def test_annihilation_escapes_and_doublets_are_left_out_of_the_widths() -> None:
    more = [(511.0, 2.35, 0.02), (2614.5, 2.45, 0.03), (2103.5, 3.4, 0.02), (700.0, 2.2, 0.02)]
    law = width_law(*zip(*POTTERY, *more, strict=True))
    assert law is not None
    assert {511.0, 2103.5, 700.0}.isdisjoint(law.used)
    assert 2614.5 in law.used


def test_one_width_makes_no_law() -> None:
    assert width_law([661.7], [1.5], [0.1]) is None
    assert width_law([661.7, 661.7], [1.5, 1.5], [0.1, 0.1]) is None


def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "new.n42"
    given = str(DATA / "alcatraz_field_2012.spc")
    done = CliRunner().invoke(
        app, ["spectrum", "calibrate", given, "--out", str(out), "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "recalibrated"
    again = read_spectra(out).spectra[0]
    assert again.calibration.state == FILE
    places = [one.energy_kev for one in peaks_of(again) if (one.energy_kev or 0) > 2500]
    assert places == [pytest.approx(2614.51, abs=0.2)]


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("alcatraz_field_2012.spc", ["--lines", "Xx-9"], "LINES"),
        ("alcatraz_field_2012.spc", ["--lines", "5"], "LINES"),
        ("alcatraz_field_2012.spc", ["--spectrum", "2"], "SPECTRUM"),
        ("d3s_csi_ba133_cs137_uncalibrated.spe", ["--out", "new.n42"], "PROPOSED"),
    ],
)
def test_what_the_command_refuses(name: str, more: list[str], code: str) -> None:
    done = CliRunner().invoke(app, ["spectrum", "calibrate", str(DATA / name), *more])
    assert done.exit_code == 2
    assert f'"{code}"' in done.stderr


@pytest.mark.parametrize("gain", [1.01, 0.985, 1.025])
def test_a_gain_that_is_far_off_is_found_by_natural_lines_alone(gain: float) -> None:
    (given,) = read_spectra(DATA / "alcatraz_field_2012.spc").spectra
    wrong = tuple(one * gain for one in given.calibration.coefficients)
    off = dataclasses.replace(given, calibration=Calibration("file", wrong))
    places = np.array([800.0, 2000.0, 4000.0])
    right, found = recalibrate(given), recalibrate(off)
    assert found.state == "recalibrated"
    assert found.calibration.energies(places) == pytest.approx(
        right.calibration.energies(places), abs=0.05
    )
    stated = [one.stated_kev / gain for one in found.lines]
    assert stated == pytest.approx([one.stated_kev for one in right.lines], rel=1e-3)


def test_a_gain_is_not_told_by_lines_that_are_not_natural() -> None:
    (given,) = read_spectra(DATA / "activated_pottery_2017.spe").spectra
    wrong = tuple(one * 1.01 for one in given.calibration.coefficients)
    found = recalibrate(dataclasses.replace(given, calibration=Calibration("file", wrong)))
    assert found.state == "as file"
    assert found.calibration.coefficients == wrong
