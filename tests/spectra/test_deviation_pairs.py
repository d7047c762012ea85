"""Deviation pairs are applied as the library of GADRAS' readers applies them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.spectra.deviation_pairs import (
    APPLIED,
    NOT_APPLIED,
    Pair,
    deviation,
    sound_pairs,
    with_deviations,
)
from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import FILE, INVALID, Calibration, calibration_of

CHANNELS = 1024
PAIRS: list[list[Pair]] = [
    [(0.0, 0.0), (60.0, -2.0), (661.0, 5.0), (1460.0, 8.0), (2614.0, 3.0)],
    [(200.0, 3.0)],
    [(100.0, 2.0), (1000.0, -4.0)],
    [(100.0, 2.0), (661.0, 7.0), (1500.0, -4.0)],
]


def of_library(pairs: list[Pair]) -> np.ndarray:
    made = SpecUtils.EnergyCalibration.fromPolynomial(CHANNELS, [0.0, 3.0], pairs)
    return np.array(made.channelEnergies(), dtype=np.float64)


@pytest.mark.parametrize("pairs", PAIRS)
def test_as_the_library(pairs: list[Pair]) -> None:
    scale = calibration_of((0.0, 3.0), CHANNELS)
    found, told = with_deviations(scale, pairs, CHANNELS, "Spectrum 1")
    along = np.arange(CHANNELS + 1)
    assert np.abs(found.energies(along) - of_library(pairs)).max() < 0.001
    assert [one.message for one in told] == [APPLIED]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(-20, 20)), min_size=2, max_size=8,
             unique_by=lambda one: one[0])
)  # fmt: skip
def test_every_pair_is_met_and_beyond_them_the_deviation_stays(
    given_pairs: list[tuple[int, int]],
) -> None:
    pairs = sorted((50.0 * place, offset / 2) for place, offset in given_pairs)
    sound = sound_pairs(pairs)
    if not sound:
        assert not any(offset for _energy, offset in pairs)
        return
    at = np.array([energy - offset for energy, offset in sound])
    assert deviation(at, sound) == pytest.approx([offset for _e, offset in sound], abs=1e-9)
    ends = deviation(np.array([at[0] - 40, at[-1] + 40]), sound)
    assert ends == pytest.approx([sound[0][1], sound[-1][1]], abs=1e-9)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        (None, [NOT_APPLIED]),
        ([(100.0, float("nan"))], [NOT_APPLIED]),
        ([(100.0, 0.0), (101.0, 5.0)], [NOT_APPLIED]),
        ([(100.0, 0.0), (900.0, 800.0), (901.0, 0.0)], [NOT_APPLIED]),
        ([], []),
        ([(0.0, 0.0), (0.0, 0.0)], []),
        ([(661.0, 0.0)], []),
    ],
)
def test_what_makes_no_curve_is_told_and_left(pairs: list[Pair] | None, told: list[str]) -> None:
    scale = calibration_of((0.0, 3.0), CHANNELS)
    found, problems = with_deviations(scale, pairs, CHANNELS, "Spectrum 1")
    assert found is scale and [one.message for one in problems] == told


def test_a_scale_that_is_none_stays_so() -> None:
    none = Calibration(INVALID)
    assert with_deviations(none, PAIRS[0], CHANNELS, "") == (none, [])
    assert calibration_of((0.0, 3.0), CHANNELS).state == FILE


def pcf(folder: Path, names: list[str]) -> bytes:
    """Return a file as the library writes it: a detector each, with pairs of their own."""
    made = SpecUtils.SpecFile()
    for number, name in enumerate(names):
        one = SpecUtils.Measurement()
        one.setGammaCounts([1.0] * CHANNELS, 10.0, 10.0)
        pairs = [(100.0 + number, 2.0 + number), (661.0, 7.0), (1500.0, -4.0 - number)]
        one.setEnergyCalibration(
            SpecUtils.EnergyCalibration.fromPolynomial(CHANNELS, [0.0, 3.0], pairs)
        )
        one.setDetectorName(name)
        made.addMeasurement(one, False)
    made.cleanupAfterLoad(True, False, False)
    file = folder / f"{len(names)}.pcf"
    made.writeAllToFile(str(file), SpecUtils.SaveSpectrumAsType.Pcf)
    return file.read_bytes()


def test_detectors_of_a_pcf_file_have_their_own(tmp_path: Path) -> None:
    names = ["Aa1", "Aa2", "Ab1", "Ba1"]
    found = {one.detector: one for one in read_content(pcf(tmp_path, names), ".pcf").spectra}
    for number, name in enumerate(names):
        pairs = [(100.0 + number, 2.0 + number), (661.0, 7.0), (1500.0, -4.0 - number)]
        edges = found[name].calibration.energies(np.arange(CHANNELS + 1))
        assert np.abs(edges - of_library(pairs)).max() < 0.01, name
        assert [one.message for one in found[name].problems] == [APPLIED]


def test_a_detector_of_another_name_has_the_only_ones_that_there_are(tmp_path: Path) -> None:
    (one,) = read_content(pcf(tmp_path, ["front"]), ".pcf").spectra
    assert [told.message for told in one.problems] == [APPLIED]
    several = pcf(tmp_path, ["front", "rear"])
    messages = {told.message for one in read_content(several, ".pcf").spectra
                for told in one.problems}  # fmt: skip
    assert messages == {NOT_APPLIED}


def test_pairs_of_an_n42_file() -> None:
    text = (
        '<?xml version="1.0"?><RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42">'
        '<EnergyCalibration id="E"><CoefficientValues>0 3 0</CoefficientValues>'
        "<EnergyValues>100 661 1500</EnergyValues>"
        "<EnergyDeviationValues>2 7 -4</EnergyDeviationValues></EnergyCalibration>"
        '<RadMeasurement id="M"><MeasurementClassCode>Foreground</MeasurementClassCode>'
        "<StartDateTime>2026-01-01T00:00:00Z</StartDateTime><RealTimeDuration>PT10S</RealTimeDuration>"
        '<Spectrum id="S" energyCalibrationReference="E"><LiveTimeDuration>PT9S</LiveTimeDuration>'
        f"<ChannelData>{'1 ' * CHANNELS}</ChannelData></Spectrum></RadMeasurement>"
        "</RadInstrumentData>"
    )
    (one,) = read_content(text.encode(), ".n42").spectra
    edges = one.calibration.energies(np.arange(CHANNELS + 1))
    assert np.abs(edges - of_library([(100.0, 2.0), (661.0, 7.0), (1500.0, -4.0)])).max() < 0.001
    assert APPLIED in [told.message for told in one.problems]
