"""Text files of spectra: the measured ones, and everything that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.spectrum import SpectrumFileError, calibration_of, calibration_of_edges
from keiryo.spectra.text_files import parse_csv, parse_iec, parse_spe

DATA = Path(__file__).parent.parent / "data" / "spectra"


@pytest.mark.parametrize(
    ("name", "counts", "channels", "live", "state"),
    [
        ("cave_background_2017.spe", 1052900, 16384, 437817, "file"),
        ("activated_pottery_2017.spe", 304706, 16384, 16543, "file"),
        ("d3s_csi_ba133_cs137_uncalibrated.spe", 166239, 4094, 300, "none"),
        ("nai_background_uncalibrated.spe", 398163, 1001, 3600, "none"),
        ("digibase_nai_bad_calibration.spe", 892301, 1024, 296, "invalid"),
        ("dummy_iec1455.iec", 74305419, 2048, 3564, "file"),
    ],
)
def test_measured_files(name: str, counts: int, channels: int, live: int, state: str) -> None:
    (one,) = read_spectra(DATA / name).spectra
    assert (one.total, one.channels, one.live_s) == (counts, channels, live)
    assert one.calibration.state == state
    if state != "file":
        with pytest.raises(ValueError, match="not calibrated"):
            one.calibration.energies(np.arange(3))


def test_scale_of_a_measured_file() -> None:
    (one,) = read_spectra(DATA / "cave_background_2017.spe").spectra
    assert one.calibration.coefficients == (-0.035087, 0.1828039, -6.86613e-10)
    assert one.calibration.energies(np.array([8000]))[0] == pytest.approx(1462.35217, abs=1e-4)
    (iec,) = read_spectra(DATA / "dummy_iec1455.iec").spectra
    assert iec.calibration.coefficients == (-0.0155656, 0.8, -2.97939e-08)


SPE = "$SPEC_ID:\nx\n$DATE_MEA:\n04/26/2017 11:05:11\n$MEAS_TIM:\n10 11\n$DATA:\n0 3\n1\n2\n3\n4\n"


def test_spe() -> None:
    (one,) = parse_spe(SPE)
    assert (one.counts.tolist(), one.live_s, one.real_s) == ([1, 2, 3, 4], 10, 11)
    assert (one.start, one.calibration.state) == ("2017-04-26T11:05:11", "none")
    (late,) = parse_spe(SPE.replace("0 3\n", "2 5\n"))
    assert late.counts.tolist() == [0, 0, 1, 2, 3, 4]


BAD_SPE = {
    "NO_DATA": SPE.split("$DATA")[0],
    "DATA": SPE.replace("0 3\n", "3 0\n"),
    "INCOMPLETE": SPE.replace("4\n", ""),
    "COUNTS": SPE.replace("4\n", "-4\n"),
    "TIME": SPE.replace("10 11", "12 11"),
}


@pytest.mark.parametrize("code", BAD_SPE)
def test_bad_spe(code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        parse_spe(BAD_SPE[code])
    assert code in [one.code for one in error.value.problems]


@pytest.mark.parametrize("times", ["0 11", "-1 11", "ten 11", "10"])
def test_times_that_are_none(times: str) -> None:
    with pytest.raises(SpectrumFileError, match="time"):
        parse_spe(SPE.replace("10 11", times))


@pytest.mark.parametrize(
    ("coefficients", "state"),
    [
        ((), "none"),
        ((0.0, 3.0), "file"),
        ((-10.0, 3.0), "file"),
        ((0.0, 0.0), "invalid"),
        ((0.0, -1.0), "invalid"),
        ((0.0, 1.0, -1.0), "invalid"),
        ((0.0, float("nan")), "invalid"),
        ((0.0, 1e9), "invalid"),
    ],
)
def test_what_is_an_energy_scale(coefficients: Any, state: str) -> None:
    assert calibration_of(coefficients, 100).state == state


def test_edges() -> None:
    scale = calibration_of_edges([0, 10, 30, 60], 3)
    assert scale.energies(np.array([0, 1, 1.5, 3])).tolist() == [0, 10, 20, 60]
    for edges in ([0, 10, 30], [0, 10, 10, 60], [0, 10, float("inf"), 60]):
        assert calibration_of_edges(edges, 3).state == "invalid"


def test_csv() -> None:
    text = "# live_s: 10\n# start: 2027-05-31T08:00:00+09:00\nenergy_keV,counts\n0,1\n3,2\n6,3\n"
    (one,) = parse_csv(text)
    assert (one.counts.tolist(), one.live_s, one.start) == ([1, 2, 3], 10, "2027-05-30T23:00:00Z")
    assert one.calibration.energies(np.array([0, 3])).tolist() == [0, 9]
    (plain,) = parse_csv("channel,counts\n0,1\n1,2\n")
    assert plain.calibration.state == "none"
    assert [one.code for one in plain.problems] == ["NO_LIVE_TIME"]


BAD_CSV = {
    "HEADER": "1,2\n3,4\n",
    "COUNTS": "channel,counts\n0,1.5\n",
    "ORDER": "energy_keV,counts\n3,1\n3,2\n",
    "FIELDS": "channel,counts\n0,1,2\n",
    "TIME": "# live_s: long\nchannel,counts\n0,1\n",
    "NO_CHANNELS": "channel,counts\n",
}


@pytest.mark.parametrize("code", BAD_CSV)
def test_bad_csv(code: str) -> None:
    with pytest.raises(SpectrumFileError) as error:
        parse_csv(BAD_CSV[code])
    assert [one.code for one in error.value.problems] == [code]


@pytest.mark.parametrize(
    ("text", "counts", "live", "state"),
    [
        ("Energy, Data  \n0.5, 3\n30.0, 4\n", [3, 4], None, "file"),
        (
            "Live Time (s): 12,5\nKanal;x\n\nChannel;Energy (keV);Counts\n0;0,5;3\n1;1,5;4\n",
            [3, 4],
            12.5,
            "file",
        ),
        ('"Energy [keV]"\t"Counts"\r\n"0,5"\t3\r\n1,5\t4\r\n', [3, 4], None, "file"),
        ("LiveTime: 100 seconds\nChannel Energy Counts\n0 0 3\n1 59 4\n\n", [3, 4], 100, "file"),
        ("counts\n3\n4\n", [3, 4], None, "none"),
        ("channel,counts,\n0,3,\n1,4,\n# live_s = 9\n", [3, 4], 9, "none"),
    ],
)
def test_columns_as_programs_write_them(
    text: str, counts: list[int], live: float | None, state: str
) -> None:
    (one,) = parse_csv(text)
    assert (one.counts.tolist(), one.live_s, one.calibration.state) == (counts, live, state)


def test_spectra_one_below_the_other() -> None:
    text = "LiveTime: {0} s\nEquationType: Polynomial\nCoefficients: 0 59\nChannel Energy Counts\n"
    rows = "0 0 {0}\n1 59 4\n\n"
    found = parse_csv("".join((text + rows).format(n) for n in (1, 2)))
    assert [(one.live_s, one.total) for one in found] == [(1, 5), (2, 6)]
    assert found[1].calibration.coefficients == (0, 59)
    with pytest.raises(SpectrumFileError, match="names the columns"):
        parse_csv((text + rows).format(1) + "LiveTime: 3\n0 0 7\n")


def test_energies_without_a_unit_are_told() -> None:
    (one,) = parse_csv("# start: today\nEnergy,Counts\n0,1\n30,2\n")
    assert [told.code for told in one.problems] == ["NO_LIVE_TIME", "UNIT", "DATE"]


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x", ""])
def test_csv_never_takes_what_is_no_count(value: str) -> None:
    with pytest.raises(SpectrumFileError):
        parse_csv(f"channel,counts\n0,1\n1,{value}\n")


def test_iec_with_numbers_that_touch_and_with_points() -> None:
    text = (DATA / "dummy_iec1455.iec").read_text()
    lines = text.split("\n")
    for coefficients, stated in (
        ("-0.15000000e-010.80000000e+00-.29793900e-070.00000000e+00", (-0.015, 0.8, -2.97939e-8)),
        ("1.5E+0000.8E+0000.0E+0000.0E+000", (1.5, 0.8)),
    ):
        lines[3] = "A004" + coefficients
        (one,) = parse_iec("\n".join(lines))
        assert one.calibration.coefficients == pytest.approx(stated)
    lines[3] = "A004 0.00000000E+00 0.00000000E+00 0.00000000E+00 0.00000000E+00"
    lines[10] = "A004 1.173228000E+03 1.465035000E+03 1.332492000E+03 1.665109000E+03"
    (one,) = parse_iec("\n".join(lines))
    assert one.calibration.energies(np.array([1465.035]))[0] == pytest.approx(1173.228)
    assert "SCALE_OF_POINTS" in [told.code for told in one.problems]


def test_iec_that_was_cut_off() -> None:
    text = (DATA / "dummy_iec1455.iec").read_text()
    with pytest.raises(SpectrumFileError, match="missing"):
        parse_iec(text[: len(text) // 2])


def test_command(tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["spectrum", "show", *words])

    told = json.loads(run(str(DATA / "cave_background_2017.spe"), "--format", "json").stdout)
    (one,) = told["spectra"]
    assert set(one) >= {*("detector", "start", "live_s", "real_s"), "counts", "channels"}
    assert one["calibration"]["state"] == "file"
    (tmp_path / "x.spe").write_text(SPE.replace("4\n", ""))
    (tmp_path / "x.doc").write_text("words")
    for name, code in (("x.spe", "INCOMPLETE"), ("none.spe", "FILE"), ("x.doc", "FORM")):
        done = run(str(tmp_path / name))
        assert (done.exit_code, done.stdout) == (2, "")
        assert json.loads(done.stderr)["errors"][0]["code"] == code
