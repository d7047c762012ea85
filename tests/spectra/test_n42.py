"""N42.42: the examples of the standard read completely, and what must be refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


SHARED = Path(__file__).parent.parent / "data" / "spectra" / "ba133_8hpge_portal_20100317.n42"


def test_portal_of_eight_detectors() -> None:
    found = read_spectra(SHARED)
    assert [one.detector for one in found.spectra] == [f"{x}{n}" for x in "AB" for n in range(1, 5)]
    assert sum(one.total for one in found.spectra) == 2621142
    assert sum(one.live_s or 0 for one in found.spectra) == pytest.approx(5025.6, abs=0.05)
    first = found.spectra[0]
    assert (first.live_s, first.start) == (629.17, "2010-04-17T17:33:19.409000Z")
    assert first.more["occupied"] is True
    assert found.more["items"][0]["distance_m"] == 2.5
    assert len(first.fwhm_coefficients) == 3


@pytest.mark.parametrize(("share", "records"), [(0.5, 3), (0.9, 7)])
def test_portal_file_cut_off(share: float, records: int) -> None:
    """Whole records stay with all their counts; the one that the end runs through does not."""
    whole = SHARED.read_bytes()
    full = [one.total for one in parse_n42(whole).spectra]
    found = parse_n42(whole[: int(len(whole) * share)])
    assert found.problems[0].code == "INCOMPLETE"
    assert [one.total for one in found.spectra] == full[:records]


def test_everything_of_a_portal_is_told() -> None:
    found = parse_n42((DATA / "annex_e.n42").read_bytes())
    first = found.spectra[0]
    assert first.more["fwhm"] == {"energies_kev": [59, 661.65, 1460.8], "fwhm_kev": [2, 2.2, 2.4]}
    assert first.more["efficiencies"][0]["kind"] == "IntrinsicFullEnergyPeak"
    assert [one.more.get("derived", False) for one in found.spectra].count(True) == 1
    assert found.items[0]["ContainerID"] == "YMLU3030933"
    assert found.nuclides[0]["confidence_rule"] is not None


def test_prefixes_that_nobody_declared() -> None:
    text = BODY.replace("<RadMeasurement", "<x:Kind>1</x:Kind><RadMeasurement", 1)
    assert len(parse_n42(text.encode()).spectra) == 1


def test_bytes_that_are_no_utf8() -> None:
    text = BODY.replace('<RadMeasurement id="M">', '<RadMeasurement id="M"><Remark>ä</Remark>')
    assert len(parse_n42(text.encode("latin-1")).spectra) == 1


def test_packed_zeros_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keiryo.spectra.n42_parts.MOST_IN_FILE", 4 * 1_048_576)
    one = BODY[BODY.index("<Spectrum") : BODY.index("</Spectrum>") + 11].replace(
        "1 2 3", "0 1048576"
    )
    one = one.replace("<ChannelData>", '<ChannelData compressionCode="CountedZeroes">')
    text = BODY.replace("<Spectrum", one * 5 + "<Spectrum", 1)
    with pytest.raises(SpectrumFileError) as error:
        parse_n42(text.encode())
    assert error.value.problems[0].code == "LARGE"


@pytest.mark.parametrize(
    ("said", "share", "rule"),
    [
        (["0.99", "0.5"], 0.99, "fraction"),
        (["9.5", "1"], 0.95, "mark out of 10"),
        (["99", "1"], 0.99, "percentage"),
        (["Low"], 0.25, "word"),
        (["nearly"], None, None),
    ],
)
def test_confidences(said: list[str], share: float | None, rule: str | None) -> None:
    from keiryo.spectra.n42_parts import normalize_confidences

    nuclides = [{"confidence": one} for one in said]
    normalize_confidences(nuclides)
    assert (nuclides[0]["confidence_share"], nuclides[0]["confidence_rule"]) == (share, rule)


def test_day_in_the_future_and_unknown_detector() -> None:
    text = BODY.replace("<RealTime", "<StartDateTime>2999-01-01T00:00:00Z</StartDateTime><RealTime")
    text = text.replace('<Spectrum id="S"', '<Spectrum id="S" radDetectorInformationReference="Q"')
    assert [one.code for one in parse_n42(text.encode()).problems] == ["FUTURE", "DETECTOR"]


def test_scales_of_2006_by_reference() -> None:
    text = (
        "<Event><N42InstrumentData><Calibration Type='Energy' ID='e' EnergyUnits='keV'>"
        "<Equation Model='Polynomial'><Coefficients>1 3</Coefficients></Equation></Calibration>"
        "<Measurement><Spectrum CalibrationIDs='e'><LiveTime>PT.5S</LiveTime>"
        "<ChannelData>1 2</ChannelData></Spectrum></Measurement></N42InstrumentData></Event>"
    )
    (one,) = parse_n42(text.encode()).spectra
    assert (one.calibration.coefficients, one.live_s) == ((1, 3), 0.5)


def _scaled(scale: str, more: str = "") -> Any:
    text = (
        "<RadInstrumentData><RadDetectorInformation id='D'/>"
        f"<EnergyCalibration id='E'>{scale}</EnergyCalibration><RadMeasurement id='m'>"
        "<RealTimeDuration>PT10,5S</RealTimeDuration><Spectrum id='s' "
        "radDetectorInformationReference='D' energyCalibrationReference='E'>"
        "<LiveTimeDuration>PT9.5S</LiveTimeDuration>"
        f"<ChannelData {more}>0 2 3 4</ChannelData></Spectrum></RadMeasurement></RadInstrumentData>"
    )
    return parse_n42(text.encode()).spectra[0]


@pytest.mark.parametrize(
    ("scale", "state", "codes"),
    [
        ("<CoefficientValues>0 3 0</CoefficientValues>", "file", []),
        ("<CoefficientValues>0,5 3,0 0,0</CoefficientValues>", "file", []),
        ("<CoefficientValues>a b c</CoefficientValues>", "invalid", ["CALIBRATION"]),
        ("<CoefficientValues>0 1 0</CoefficientValues>", "none", ["IDENTITY_SCALE"]),
        ("<EnergyBoundaryValues>0 x 6</EnergyBoundaryValues>", "invalid", ["CALIBRATION"]),
        ("<EnergyBoundaryValues>0 3 6</EnergyBoundaryValues>", "invalid", ["CALIBRATION"]),
        (
            "<CoefficientValues>0 3 0</CoefficientValues><EnergyValues>9</EnergyValues>"
            "<EnergyDeviationValues>2.5</EnergyDeviationValues>",
            *("file", ["DEVIATION_PAIRS"]),
        ),
    ],
)
def test_scales_as_they_are_stated(scale: str, state: str, codes: list[str]) -> None:
    one = _scaled(scale)
    assert (one.calibration.state, [told.code for told in one.problems]) == (state, codes)
    assert one.real_s == 10.5


def test_packing_is_told_in_any_case() -> None:
    scale = "<CoefficientValues>0 3</CoefficientValues>"
    assert _scaled(scale, "compressionCode='countedzeroes'").counts.tolist() == [0, 0, 3, 4]


@pytest.mark.parametrize(
    ("calibration", "state"),
    [
        ("<Equation Model='polynomial'><Coefficients>0 3</Coefficients></Equation>", "file"),
        (
            "<Equation Model='FullRangeFraction'>"
            "<Coefficients>0 12 0 0 1</Coefficients></Equation>",
            "file",
        ),
        ("<ArrayXY><PointXY><X>0</X><Y>0</Y></PointXY></ArrayXY>", "invalid"),
        ("<Equation Model='Other'><Coefficients>0 3</Coefficients></Equation>", "invalid"),
        ("", "none"),
    ],
)
def test_scales_of_2006(calibration: str, state: str) -> None:
    text = (
        "<N42InstrumentData><Measurement><Spectrum><LiveTime>PT9.5S</LiveTime>"
        f"<Calibration Type='energy' EnergyUnits='KeV'>{calibration}</Calibration>"
        "<ChannelData>1 2 3 4</ChannelData></Spectrum></Measurement></N42InstrumentData>"
    )
    (one,) = parse_n42(text.encode()).spectra
    assert one.calibration.state == state


def test_starts_with_a_named_month_are_read() -> None:
    text = (
        "<N42InstrumentData><Measurement><Spectrum><StartTime>10-Nov-2009 12:55:47Z</StartTime>"
        "<LiveTime>PT9.5S</LiveTime><ChannelData>1 2</ChannelData></Spectrum></Measurement>"
        "</N42InstrumentData>"
    )
    assert parse_n42(text.encode()).spectra[0].start == "2009-11-10T12:55:47Z"
