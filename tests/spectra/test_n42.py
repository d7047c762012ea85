"""N42.42: the examples of the standard read completely, and what must be refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keiryo.spectra.n42 import counted_zeroes, duration_s, parse_n42
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.spectrum import SpectrumFileError

DATA = Path(__file__).parent.parent / "data" / "n42"
LETTERS = {
    "b": (1, 0, 0, 0),
    "d_alarmed": (0, 42, 0, 2),
    "f": (0, 0, 3, 0),
    "g": (2, 2, 0, 0),
}


@pytest.mark.parametrize("letter", ["b", "d_alarmed", "f", "g"])
def test_examples_are_read_completely(letter: str) -> None:
    found = parse_n42((DATA / f"annex_{letter}.n42").read_bytes())
    told = (len(found.spectra), len(found.gross_counts), len(found.doses), len(found.alarms))
    assert told == LETTERS[letter]
    assert found.problems == []


def test_portal_of_panels() -> None:
    found = parse_n42((DATA / "annex_d_alarmed.n42").read_bytes())
    first = found.gross_counts[0]
    assert (first.detector, first.category, first.counts) == ("Aa1", "Gamma", (5, 22, 200))
    assert first.windows == ((0, 100), (0, 3000), (100, 400))
    assert (first.start, first.live_s, first.occupied) == ("2003-11-23T06:45:00Z", 0.1, False)
    assert sum(one.category == "Neutron" for one in found.gross_counts) == 14
    assert found.detectors["Ba1N"]["kind"] == "He3"
    assert found.instrument["model"] == "RPM 3000"
    assert found.instrument["version Software"] == "55Q"


def test_offset_and_scale() -> None:
    (one,) = read_spectra(DATA / "annex_b.n42").spectra
    assert (one.start, one.live_s, one.total) == ("2003-11-23T06:45:19Z", 59.61, 42479)
    (edges,) = read_spectra(DATA / "annex_b_alternate_energy_calibration.n42").spectra
    assert edges.calibration.edges is not None
    assert edges.calibration.state == "file"
    middles = np.arange(one.channels)
    close = one.calibration.energies(middles) - edges.calibration.energies(middles)
    assert np.abs(close[2:]).max() < 1e-3  # a polynomial gives lower edges


def test_counted_zeroes() -> None:
    assert counted_zeroes([0, 3, 5, 0, 1, 7]).tolist() == [0, 0, 0, 5, 0, 7]
    for wrong in ([0], [5, 0, 0], [0, -1], [0, 10**9]):
        with pytest.raises(ValueError, match="run of zeros"):
            counted_zeroes(wrong)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT300.0S", 300), ("PT1H2M3S", 3723), ("P1DT1S", 86401), ("5", None), ("PT", None)],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


BODY = (
    '<RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42">'
    '<EnergyCalibration id="E"><CoefficientValues>0 3</CoefficientValues></EnergyCalibration>'
    '<RadMeasurement id="M"><RealTimeDuration>PT10S</RealTimeDuration>'
    '<Spectrum id="S" energyCalibrationReference="E"><LiveTimeDuration>PT9S</LiveTimeDuration>'
    "<ChannelData>1 2 3</ChannelData></Spectrum></RadMeasurement></RadInstrumentData>"
)


def test_smallest_file() -> None:
    (one,) = parse_n42(BODY.encode()).spectra
    assert (one.counts.tolist(), one.calibration.coefficients) == ([1, 2, 3], (0, 3))


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("PT9S", "PT11S", "TIME"),
        ("PT9S", "PT0S", "TIME"),
        ("1 2 3", "1 -2 3", "COUNTS"),
        ("1 2 3", "1 NaN 3", "COUNTS"),
        ("1 2 3", "1 -2.5 3", "COUNTS"),
        ("PT9S", "nine", "TIME"),
        ("1 2 3", "", "NO_CHANNELS"),
    ],
)
def test_spectra_that_are_none(before: str, after: str, code: str) -> None:
    found = parse_n42(BODY.replace(before, after).encode())
    assert found.spectra == []
    assert [one.code for one in found.problems] == [code]


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ('energyCalibrationReference="E"', "", "none"),
        ("0 3", "0 0", "invalid"),
        ("0 3", "0 -3", "invalid"),
    ],
)
def test_scales_are_never_made_up(before: str, after: str, state: str) -> None:
    (one,) = parse_n42(BODY.replace(before, after).encode()).spectra
    assert one.calibration.state == state


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BODY[: len(BODY) // 2], "INCOMPLETE"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "UNSAFE"),
        ("<a>" * 100 + "</a>" * 100, "UNSAFE"),
        ("<a><b></a>", "UNSAFE"),
        ("<html></html>", "FORM"),
        ("", "INCOMPLETE"),
    ],
)
def test_files_that_are_refused(content: str, code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        parse_n42(content.encode())
    assert [one.code for one in error.value.problems] == [code]


def test_every_cut_is_noticed() -> None:
    """Whole records stay, with their counts; the one at the end goes; the file says so."""
    whole = (DATA / "annex_c.n42").read_bytes()
    full = {(one.title, one.detector): one.total for one in parse_n42(whole).spectra}
    kept = set()
    for share in range(1, 60):
        try:
            found = parse_n42(whole[: len(whole) * share // 60])
        except SpectrumFileError as error:
            assert error.problems[0].code == "INCOMPLETE"
            continue
        assert found.problems[0].code == "INCOMPLETE"
        for one in found.spectra:
            assert one.total == full[one.title, one.detector]
        kept.add(len(found.spectra))
    assert max(kept) == len(full)


def test_prefixes_need_not_be_bound() -> None:
    more = "<RadInstrumentInformation><X:Kind>HPGe</X:Kind></RadInstrumentInformation>"
    at = BODY.index(">", BODY.index("<RadInstrumentData")) + 1
    assert len(parse_n42((BODY[:at] + more + BODY[at:]).encode()).spectra) == 1
