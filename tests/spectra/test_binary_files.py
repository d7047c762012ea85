"""Binary spectra: the measured ones, copies that a library writes, and files that were cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SpecUtils
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.spectra.genie_binary import pdp11_float
from keiryo.spectra.library_forms import quiet
from keiryo.spectra.reading import read_content, read_spectra
from keiryo.spectra.spectrum import SpectrumFileError

DATA = Path(__file__).parent.parent / "data" / "spectra"
SPC, CNF = DATA / "alcatraz_field_2012.spc", DATA / "beach_falcon5000_2014.cnf"
WRITTEN = {
    "x.chn": "Chn",
    "x.cnf": "Cnf",
    "x.pcf": "Pcf",
    "x.spc": "SpcBinaryInt",
    "float.spc": "SpcBinaryFloat",
    "text.spc": "SpcAscii",
    "x.tka": "Tka",
    "x.uri": "Uri",
    "x.spe": "SpeIaea",
    "2006.n42": "N42_2006",
    "2012.n42": "N42_2012",
    "gr135.dat": "ExploraniumGr135v2",
}
UNCALIBRATED = {"x.tka"}
SMALL = {"gr135.dat"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The field spectrum in every form that the library writes."""
    folder = tmp_path_factory.mktemp("written")
    source = SpecUtils.SpecFile()
    with quiet():
        source.loadFile(str(SPC), SpecUtils.ParserType.Spc)
        for name, kind in WRITTEN.items():
            form = getattr(SpecUtils.SaveSpectrumAsType, kind)
            source.writeToFile(str(folder / name), [1], source.detectorNumbers(), form)
    return folder


def test_measured_spc() -> None:
    (one,) = read_spectra(SPC).spectra
    assert (one.total, one.channels, one.live_s, one.real_s) == (132978, 8192, 900, 905.42)
    assert (one.detector, one.start) == ("Transpec MCB129", "2012-09-17T13:41:07")
    assert one.calibration.coefficients == (0.5783317, 0.37443596, 2.985859e-07)


def test_measured_cnf() -> None:
    (one,) = read_spectra(CNF).spectra
    assert (one.total, one.channels, one.live_s, one.real_s) == (683658, 4096, 841.42, 849.51)
    assert one.detector == "13000182"
    assert one.calibration.state == "file"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_form_holds_the_same(written: Path, name: str) -> None:
    found = read_spectra(written / name)
    (one,) = found.spectra
    (first,) = read_spectra(SPC).spectra
    assert found.problems == ()
    assert one.live_s == 900
    assert one.real_s == pytest.approx(905.42, abs=0.021)  # CHN counts in 20 ms
    if name not in SMALL:
        assert np.array_equal(one.counts, first.counts)
    assert one.calibration.state == ("none" if name in UNCALIBRATED else "file")
    if one.calibration.state == "file" and name not in SMALL:
        ends = np.array([0, 8192])
        wanted = first.calibration.energies(ends)
        assert one.calibration.energies(ends) == pytest.approx(wanted, abs=2e-2)


@pytest.mark.parametrize("name", ["x.chn", "x.cnf", "x.pcf", "x.spc", "float.spc"])
def test_cut_files_are_never_silently_shorter(written: Path, name: str) -> None:
    whole = (written / name).read_bytes()
    total = read_spectra(written / name).spectra[0].total
    for end in range(0, len(whole), 97):
        try:
            found = read_content(whole[:end], Path(name).suffix)
        except SpectrumFileError:
            continue
        (one,) = found.spectra
        assert one.total == total  # what is missing lies behind the counts
        known = {problem.code for problem in one.problems}
        assert known & {"INCOMPLETE"} or one.calibration.state == "file"


def test_a_scale_that_the_library_makes_up_is_none(written: Path) -> None:
    (one,) = read_spectra(written / "x.tka").spectra
    assert (one.calibration.state, one.start) == ("none", None)


def test_content_tells_the_form(written: Path) -> None:
    for name, form in (("x.chn", "chn"), ("2012.n42", "n42"), ("x.spe", "spe"), ("x.cnf", "cnf")):
        found = read_content((written / name).read_bytes(), ".dat")
        assert (found.form, [one.code for one in found.problems]) == (form, ["ENDING"])


@pytest.mark.parametrize(
    ("content", "ending", "code"),
    [
        (b"PK\x03\x04rest", ".n42", "ARCHIVE"),
        (b"\x1f\x8brest", ".spe", "ARCHIVE"),
        (b"", ".spe", "EMPTY"),
        (b"  \n", ".chn", "EMPTY"),
        (b"words", ".doc", "FORM"),
        (b"words", ".spc", "FORM"),
        (b"words", ".chn", "FORM"),
        (b"GA,1,2,3,4\nGA,1,2,3,4\nGX,1\n", ".csv", "PORTAL"),
    ],
)
def test_what_is_no_spectrum(content: bytes, ending: str, code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        read_content(content, ending)
    assert error.value.problems[0].code == code


def test_many_records_of_pcf(tmp_path: Path) -> None:
    made = SpecUtils.SpecFile()
    for number in range(3):
        one: Any = SpecUtils.Measurement.new()
        one.setGammaCounts([float(number + channel) for channel in range(64)], 10.0, 11.0)
        one.setSampleNumber(number + 1)
        made.addMeasurement(one, False)
    made.cleanupAfterLoad(False, False, False)
    with (tmp_path / "many.pcf").open("wb") as out:
        made.writePcf(out)
    found = read_spectra(tmp_path / "many.pcf").spectra
    assert [one.total for one in found] == [2016, 2080, 2144]
    content = (tmp_path / "many.pcf").read_bytes()
    kept = read_content(content[:-10], ".pcf").spectra
    assert [one.total for one in kept] == [2016, 2080]
    assert "INCOMPLETE" in [told.code for told in kept[0].problems]
    with pytest.raises(SpectrumFileError, match="cut off"):
        read_content(content[:512], ".pcf")


def test_counts_below_zero_and_centuries_without_a_mark(written: Path) -> None:
    content = bytearray((written / "x.chn").read_bytes())
    content[23:24] = b" "
    (one,) = read_content(bytes(content), ".chn").spectra
    assert one.start == "2012-09-17T13:41:07"
    content[32:36] = (-5).to_bytes(4, "little", signed=True)
    with pytest.raises(SpectrumFileError, match="negative"):
        read_content(bytes(content), ".chn")


def test_a_scale_that_is_no_number_is_none_in_the_answer_too(written: Path) -> None:
    content = bytearray((written / "x.chn").read_bytes())
    tail = 32 + 4 * 8192
    content[tail + 4 : tail + 8] = bytes.fromhex("0000c07f")
    (one,) = read_content(bytes(content), ".chn").spectra
    assert (one.calibration.state, one.calibration.coefficients) == ("invalid", ())


def test_numbers_of_the_pdp11() -> None:
    assert pdp11_float(bytes.fromhex("80400000")) == 1
    assert pdp11_float(bytes.fromhex("80c00000")) == -1
    assert pdp11_float(bytes(4)) == 0


def test_nothing_but_its_own_error(written: Path, capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(3)
    seeds = [(one.read_bytes(), one.suffix) for one in sorted(written.iterdir())]
    for number in range(400):
        whole, ending = seeds[number % len(seeds)]
        content = bytearray(whole)
        for _ in range(int(random.integers(1, 6))):
            near = int(random.choice([128, 700, len(content)]))
            content[int(random.integers(0, min(near, len(content))))] = int(random.integers(256))
        if number % 3 == 0:
            del content[int(random.integers(1, len(content))) :]
        try:
            read_content(bytes(content), ending)
        except SpectrumFileError as error:
            assert error.problems
    assert capfd.readouterr() == ("", "")


def test_columns_by_any_name_and_n42_without_spectra() -> None:
    found = read_content(b"# live_s: 3\nchannel,counts\n0,1\n1,2\n", ".spe")
    assert (found.form, [one.code for one in found.problems]) == ("csv", ["ENDING"])
    empty = read_content(b"<RadInstrumentData/>", ".n42")
    assert [one.code for one in empty.problems] == ["NO_SPECTRUM"]


def test_pictures_and_other_forms_by_command(tmp_path: Path) -> None:
    def run(*words: object) -> Any:
        return CliRunner().invoke(app, ["spectrum", *map(str, words)])

    picture = tmp_path / "a.svg"
    assert run("show", SPC, "--picture", picture, "--format", "json").exit_code == 0
    assert "132978 counts" in picture.read_text()
    assert run("show", SPC, "--picture", picture).exit_code == 2  # nothing is overwritten
    assert run("show", SPC, "--picture", tmp_path / "a.gif").exit_code == 2
    for ending in (".n42", ".spe", ".csv"):
        out = tmp_path / f"b{ending}"
        assert run("convert", SPC, out).exit_code == 0
        (one,) = read_spectra(out).spectra
        assert (one.total, one.live_s, one.real_s) == (132978, 900, 905.42)
    assert run("convert", SPC, tmp_path / "b.n42").exit_code == 2
    assert run("convert", SPC, tmp_path / "c.doc").exit_code == 2
    assert run("convert", SPC, tmp_path / "c.spe", "--spectrum", 2).exit_code == 2
    assert not (tmp_path / "c.spe").exists()


def test_cnf_with_a_second_acquisition_section_and_with_floats() -> None:
    content = bytearray(CNF.read_bytes())
    (first,) = read_content(bytes(content), ".cnf").spectra
    heads = [112 + 48 * n for n in range(40)]
    kinds = [int.from_bytes(content[at : at + 4], "little") for at in heads]
    at = heads[kinds.index(0x12000)]
    place = int.from_bytes(content[at + 10 : at + 14], "little")
    counts_at = heads[kinds.index(0x12005)]
    counts = int.from_bytes(content[counts_at + 10 : counts_at + 14], "little")
    free = heads[kinds.index(0)]
    content[free : free + 48] = content[at : at + 48]
    content[free + 10 : free + 14] = len(content).to_bytes(4, "little")
    second = bytearray(content[place : place + 4096])
    scale = int.from_bytes(second[34:36], "little")
    for begin in (48 + 32 + 36 + scale, 48 + 32 + 36):
        second[begin + 4 : begin + 8] = bytes.fromhex("80400000")
    (other,) = read_content(bytes(content + second), ".cnf").spectra
    assert other.calibration.coefficients[1] == 1.0 != first.calibration.coefficients[1]
    floats = first.counts.astype("<f4").tobytes()
    content[counts + 512 : counts + 512 + len(floats)] = floats
    (as_floats,) = read_content(bytes(content + second), ".cnf").spectra
    assert as_floats.total == first.total
    assert "FLOAT_CHANNELS" in [told.code for told in as_floats.problems]
