"""Two measured files, and every form as another program writes it, whole, cut and damaged."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SpecUtils
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.spectra.reading import SpectrumFile, read_content, read_spectra
from keiryo.spectra.spectrum import SpectrumFileError

DATA = Path(__file__).parent.parent / "data" / "spectra"
SPC = DATA / "alcatraz_field_2012.spc"
WRITTEN: dict[str, tuple[str, int]] = {
    "CHN": ("Chn", 1),
    "PCF": ("Pcf", 0),
    "CNF": ("Cnf", 0),
    "TKA": ("Tka", 0),
    "SPC": ("SpcBinaryFloat", 0),
    "SPE": ("SpeIaea", 0),
    "N42": ("N42_2012", 0),
}
"""What the library calls a form, and how many of the counts it loses in writing it."""


@cache
def written(form: str) -> bytes:
    """Return the field measurement in another form, as the library writes it."""
    library: Any = SpecUtils
    file, out = library.SpecFile(), io.BytesIO()
    file.loadFile(str(SPC), library.ParserType.Spc)
    kind = getattr(library.SaveSpectrumAsType, WRITTEN[form][0])
    file.writeToStream(out, file.sampleNumbers(), file.detectorNumbers(), kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "detector", "live", "real", "counts", "channels", "start"),
    [
        (
            *("alcatraz_field_2012.spc", "Transpec MCB129", 900.0, 905.42),
            *(132_978, 8192, "2012-09-17T13:41:07"),
        ),
        (
            *("beach_falcon5000_2014.cnf", "13000182", 841.42, 849.51),
            *(683_658, 4096, "2014-01-12T15:12:28.125000"),
        ),
    ],
)
def test_measured_files(
    name: str, detector: str, live: float, real: float, counts: int, channels: int, start: str
) -> None:
    (one,) = read_spectra(DATA / name).spectra
    assert (one.detector, one.live_s, one.real_s) == (detector, live, real)
    assert (one.total, one.channels, one.start) == (counts, channels, start)
    assert one.calibration.state == "file"
    assert one.role is None


@pytest.mark.parametrize("form", WRITTEN)
def test_every_form_says_the_same(form: str) -> None:
    (original,) = read_spectra(SPC).spectra
    content = written(form)
    found: SpectrumFile = parse_spectra(content, "x.tka" if form == "TKA" else "x")
    (one,) = found.spectra
    assert abs(one.total - original.total) <= WRITTEN[form][1]
    assert one.live_s == pytest.approx(900.0)
    assert one.real_s == pytest.approx(905.42, abs=0.021)
    assert one.calibration.state == ("none" if form == "TKA" else "file")
    if form != "TKA":
        places = np.array([0, 4000, 8000])
        given = original.calibration.energies(places)
        assert one.calibration.energies(places) == pytest.approx(given, abs=0.02)


def parse_spectra(content: bytes, name: str) -> SpectrumFile:
    """Return the content of a file of a name."""
    return read_content(content, Path(name).suffix)


@pytest.mark.parametrize("form", WRITTEN)
def test_a_wrong_ending_does_not_mislead(form: str) -> None:
    found = parse_spectra(written(form), "x.iec" if form != "TKA" else "x.tka")
    assert [one.code for one in found.problems] == ([] if form == "TKA" else ["ENDING"])


@pytest.mark.parametrize("form", sorted({*WRITTEN} - {"TKA"}))
def test_a_cut_is_never_silent(form: str) -> None:
    """Whatever stays of a file has all its counts, or the file says that it was cut off."""
    content = written(form)
    for share in (1, 10, 40, 50, 70, 90, 97):
        cut = content[: len(content) * share // 100]
        try:
            found = parse_spectra(cut, "x." + form.lower().split()[0])
        except SpectrumFileError as error:
            assert error.problems
            continue
        codes = {p.code for p in found.problems} | {
            p.code for s in found.spectra for p in s.problems
        }
        whole = sum(one.total for one in found.spectra) >= 132_977
        assert whole or "INCOMPLETE" in codes, (form, share)


@pytest.mark.parametrize("form", ["SPC", "CHN", "CNF", "PCF"])
def test_damaged_files_end_in_words(form: str) -> None:
    random, content = np.random.default_rng(3), bytearray(written(form))
    for _ in range(60):
        damaged = bytearray(content)
        for at in random.integers(0, min(len(damaged), 400), 6):
            damaged[at] = int(random.integers(256))
        try:
            found = parse_spectra(bytes(damaged), "x." + form.lower())
        except SpectrumFileError as error:
            assert error.problems
        else:
            assert all(len(one.counts) for one in found.spectra)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04x", "ARCHIVE"),
        (b"\x1f\x8bx", "ARCHIVE"),
        (b"", "EMPTY"),
        (b"\0" * 99, "FORM"),
    ],
)
def test_what_is_no_spectrum(content: bytes, code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        parse_spectra(content, "x.spc")
    assert error.value.problems[0].code == code


def test_nothing_is_printed_by_the_library(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SpectrumFileError):
        parse_spectra(written("CNF")[:30_000], "x.cnf")
    assert capfd.readouterr() == ("", "")


def test_command() -> None:
    done = CliRunner().invoke(app, ["spectrum", "show", str(SPC), "--format", "json"])
    told = json.loads(done.stdout)
    assert told["spectra"][0]["counts"] == 132_978


def test_what_is_written_keeps_parts_of_seconds_and_tells_what_it_does_not_hold() -> None:
    from dataclasses import replace

    from keiryo.spectra.writing import write_spectra

    (one,) = read_spectra(SPC).spectra
    one = replace(
        one, detector="Dét 1", start="2020-01-02T03:04:05.123456", more={"neutron_counts": 4.0}
    )
    for ending in (".n42", ".spe", ".csv"):
        content, told = write_spectra([one], ending)
        (again,) = read_content(content, ending).spectra
        assert again.start == one.start
        assert "neutron counts" in told[0].message
        assert "Dét 1" in (again.detector, again.more.get("detector_name"))


def test_radiacode_states_one_time_and_no_dead_time_is_made_up() -> None:
    points = "".join(f"<DataPoint>{n % 7}</DataPoint>" for n in range(256))
    text = (
        '<?xml version="1.0"?><ResultDataFile><FormatVersion>120920</FormatVersion>'
        "<ResultDataList><ResultData><DeviceConfigReference><Name>RadiaCode-102</Name>"
        "</DeviceConfigReference><StartTime>2023-06-07T05:52:00</StartTime><EnergySpectrum>"
        "<NumberOfChannels>256</NumberOfChannels><ChannelPitch>1</ChannelPitch>"
        "<SpectrumName>Am-241</SpectrumName><EnergyCalibration><PolynomialOrder>2"
        "</PolynomialOrder><Coefficients><Coefficient>-6.28</Coefficient><Coefficient>9.7"
        "</Coefficient><Coefficient>0.0003</Coefficient></Coefficients></EnergyCalibration>"
        f"<MeasurementTime>613</MeasurementTime><Spectrum>{points}</Spectrum>"
        "</EnergySpectrum></ResultData></ResultDataList></ResultDataFile>"
    )
    (one,) = read_content(text.encode(), ".xml").spectra
    assert (one.live_s, one.real_s, one.total) == (613, 613, 762)
    assert one.calibration.coefficients == (-6.28, 9.7, 0.0003)
    assert "ONE_TIME" in [told.code for told in one.problems]
