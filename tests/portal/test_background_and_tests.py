"""Background, calibrated tests, suppression, energy windows, health: numbers and laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.counting.detectors import KINDS, Detector, calibrate, equivalent_window
from keiryo.counting.poisson import ewma, log_ratios
from keiryo.portal.background import moving_background
from keiryo.portal.daily_file import parse_daily_file, read_daily_file
from keiryo.portal.energy_windows import gross_windows, window_ratio, windows_of
from keiryo.portal.health import health_report
from keiryo.portal.suppression import error_rates, local_baseline, net_needed, site_profile
from keiryo.portal.triage import triage_of
from keiryo.spectra.n42 import GrossCount

DATA = Path(__file__).parent.parent / "data" / "portal"
EMPTY, NORM = (DATA / f"rpm_25_occupancies_{name}.csv" for name in ("no_source", "norm"))


# --- detectors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("background", [None, 100.0])
def test_false_alarms_come_as_often_as_asked(kind: Any, background: float | None) -> None:
    found = calibrate(Detector(kind), 329.0, 56, 0.02, background_intervals=background)
    # Three standard deviations; whole counts make the share of N sigma a little smaller.
    assert 0.0165 < found.share < 0.0235
    assert found.low < found.share < found.high
    assert found.rows == 80_000


def test_detectors_are_the_statistics_written_out() -> None:
    counts = np.array([[335, 352, 378, 391, 402]])
    quiet = np.array([330.0])
    one = Detector("cusum", rise_sigma=50 / np.sqrt(330)).statistic(counts, quiet)
    slow, now = [], 0.0
    for x in counts[0]:
        now += float(log_ratios([x], 330, 380)[0])
        slow.append(now)
        now = max(now, 0.0)
    assert one[0] == pytest.approx(slow)
    sprt = Detector("sprt", rise_sigma=50 / np.sqrt(330)).statistic(counts, quiet)
    assert sprt[0] == pytest.approx(log_ratios(counts[0], 330, 380), rel=1e-10)
    counts = np.array([[1645, 1700, 1760, 1790, 1810]])
    found = Detector("ewma").statistic(counts, np.array([1645.0]))
    assert found[0] == pytest.approx(ewma(counts[0], 1645, 0.2)[1], abs=1e-12)


def test_what_cannot_be_calibrated_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 100000 rows"):
        calibrate(Detector("cusum"), 300, 56, 1e-3, rows=1000)
    with pytest.raises(ValueError, match="more simulated counts"):
        calibrate(Detector("cusum"), 300, 56, 1e-9)
    for mean, intervals, chance in ((0, 5, 0.1), (5, 0, 0.1), (5, 5, 1.5), (5, 4, 0.1)):
        with pytest.raises(ValueError, match=r"chance|window"):
            calibrate(Detector("n_sigma"), mean, intervals, chance)
    assert equivalent_window(0.2) == pytest.approx(9)


# --- background ----------------------------------------------------------------------------------


def test_background_is_the_mean_and_freezes() -> None:
    counts = np.array([10, 12, 14, 99, 99, 99, 16, 18])
    there = np.array([False, False, False, True, True, False, False, False])
    found = moving_background(counts, there, 1.0, window_s=3, guard_s=1, reject_sigma=5)
    assert np.isnan(found.rate[0])
    assert found.rate[1:].tolist() == [10, 11, 12, 12, 12, 12, 14]
    assert found.age_s[1:].tolist() == [0, 0, 0, 1, 2, 3, 0]
    assert found.variance[3] == pytest.approx(12 / 3)
    expected, variance = found.expected(2.0)
    assert (expected[3], variance[3]) == (24, pytest.approx(4 * 12 / 3))


def test_background_refuses_a_source_left_in_the_lane() -> None:
    counts = np.array([100] * 10 + [160] * 5)
    found = moving_background(counts, np.zeros(15, dtype=bool), 1.0)
    assert found.rejected.sum() == 5
    assert (found.rate[-1], found.age_s[-1]) == (100, 4)
    smooth = moving_background(counts[:10], np.zeros(10, dtype=bool), 1.0, weight=0.2)
    assert smooth.rate[-1] == pytest.approx(100)


# --- suppression ---------------------------------------------------------------------------------


def test_suppression() -> None:
    assert net_needed(1533, 5, 0.20) == pytest.approx(502.37, abs=0.05)
    profile = site_profile(read_daily_file(EMPTY).occupancies)
    assert profile is not None
    assert 0.75 < profile.mean.min() < 0.85
    assert site_profile([]) is None
    without, by_profile, local = (
        error_rates(way, profile, 1533.0, 250.0, passages=5000)
        for way in ("none", "profile", "local")
    )
    for one in (without, by_profile, local):
        assert one.false_interval[0] <= 0.0115
        assert one.false_interval[1] >= 0.0085
    assert by_profile.detections > without.detections + 0.2


def test_local_baseline_sees_a_narrow_rise_only() -> None:
    sums = np.full(40, 1000.0)
    sums[18:22] = 1500
    found = local_baseline(sums, 12)
    assert found[20] == 1000
    assert found.shape == sums.shape


# --- energy windows ------------------------------------------------------------------------------

BACK = (1151.497222222222, 488.3177777777778)
"""Counts a second of the simulated 2x4x16 NaI background, 60-400 and 400-3000 keV."""


@pytest.mark.parametrize(
    ("low", "high", "ratio", "sigma", "sense"),
    [
        (2155.800038458378, 1125.422007566612, 0.812, 0.030, "hard"),  # Th-232
        (2262.033665395847, 999.7100816856619, 0.960, 0.036, "as background"),  # Ra-226
        (1895.522686853084, 1282.7289730930952, 0.627, 0.023, "hard"),  # Cs-137
        (1793.4899994866253, 1505.5984458983348, 0.505, 0.018, "hard"),  # Co-60
        (2783.738998192135, 504.98761300101995, 2.34, 0.11, "soft"),  # U-235
        (2664.266197172058, 488.3012558113726, 2.31, 0.11, "soft"),  # Tc-99m in a body
        (2685.8117154534284, 539.5319826048752, 2.11, 0.10, "soft"),  # I-131 in a body
    ],
)
def test_window_ratios(low: float, high: float, ratio: float, sigma: float, sense: str) -> None:
    found = window_ratio(low, high, *BACK, background_counted=False)
    assert found is not None
    assert found.ratio == pytest.approx(ratio, abs=0.015)
    assert found.uncertainty == pytest.approx(sigma, abs=0.005)
    assert (found.sense, found.to_dict()["closes"]) == (sense, False)


def test_windows() -> None:
    edges = np.array([0, 59, 60, 399, 400, 2999, 3000, 3100.0])
    assert windows_of(np.array([1, 2, 4, 8, 16, 32, 64]), edges) == (12, 48)
    assert gross_windows([5, 7, 11], [(0, 200), (200, 400), (400, 3000)]) == (12, 11)
    around = [(0, 100), (0, 3000), (100, 400)]
    assert gross_windows([5, 700, 200], around) == (205, 495)
    with pytest.raises(ValueError, match="fewer counts"):
        gross_windows([5, 22, 200], around)  # annex D of N42.42, invented numbers
    with pytest.raises(ValueError, match="overlap"):
        gross_windows([5, 7], [(0, 300), (200, 400)])
    with pytest.raises(ValueError, match="across"):
        gross_windows([5, 7], [(0, 300), (300, 500)])
    assert window_ratio(0, 1, 1, 1) is None
    with pytest.raises(ValueError, match="0 or more"):
        window_ratio(-1, 1, 1, 1)


def test_triage_of_gross_counts() -> None:
    def gross(counts: tuple[int, ...], occupied: bool) -> GrossCount:
        windows = ((0.0, 400.0), (400.0, 3000.0))
        return GrossCount("Aa1", "M", "Gamma", counts, windows, 0.1, None, occupied)

    found = triage_of([gross((20000, 10000), False), gross((200, 400), True)])
    assert found["ratio"]["sense"] == "hard"
    assert (found["closes"], found["ratio"]["ratio"]) == (False, pytest.approx(0.25))
    assert triage_of([])["findings"][0]["code"] == "NOT_RANKED"
    annex = Path(__file__).parent.parent / "data" / "n42" / "annex_d_alarmed.n42"
    done = run("triage", str(annex))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ratio"]) == (1, None)
    assert {one["code"] for one in told["findings"]} >= {"WINDOWS", "NOT_RANKED"}
    assert run("triage", str(EMPTY)).exit_code == 2


# --- state of health -----------------------------------------------------------------------------

SETUP = ("SG1,002000,000068,05,10,05.0,P", "SG2,1111,0.069,0.455,01,1010,A")


def codes(*records: str) -> set[str]:
    """Return the codes of the health of some records."""
    file = parse_daily_file("\n".join((*SETUP, *records, "")).encode())
    return {one["code"] for one in health_report([file])["findings"]}


def test_health_of_the_measured_files() -> None:
    empty, norm = read_daily_file(EMPTY), read_daily_file(NORM)
    told = health_report([empty, norm, norm])
    assert [one["occupancies"] for one in told["days"]] == [25, 25]
    assert [one["instrument_gamma_alarms"] for one in told["days"]] == [0, 25]
    assert [one["code"] for one in told["findings"]] == ["DUPLICATE_FILE"]


def test_health_findings() -> None:
    back = "GB,000400,000400,000400,000400"
    assert "PANEL_DEAD" in codes(back, "GB,000400,000400,000400,000000")
    assert "BACKGROUND_HIGH" in codes(back, "GB,002400,000400,000400,000400")
    assert "BACKGROUND_LOW" in codes(back, "GB,000040,000400,000400,000400")
    assert "PANEL_DRIFT" in codes(*[back] * 20, *["GB,000600,000400,000400,000400"] * 20)
    assert {"TAMPER", "GAMMA_LOW"} <= codes(back, "TT", "TC", "GL,000001,000001,000001,000001")
    end = "GX,000001,002391,000000,000000"
    assert "OCCUPANCY_SENSOR" in codes(back, "GS,000080,000080,000080,000080", end)
    assert not codes(*[back] * 20)


# --- commands ------------------------------------------------------------------------------------


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["portal", *words])


def test_commands(tmp_path: Path) -> None:
    done = run("health", str(EMPTY), str(NORM))
    assert (done.exit_code, len(json.loads(done.stdout)["days"])) == (0, 2)
    done = run("test-statistics", "--test", "cusum", "--background", "329", "--probability", "0.02")
    told = json.loads(done.stdout)
    assert told["calibration"]["low"] <= 0.021
    assert run("test-statistics", "--test", "none").exit_code == 2
    assert run("test-statistics", "--background", "nan").exit_code == 2
    done = run("test-statistics", str(NORM), "--test", "ewma", "--probability", "0.02")
    assert sum(one["alarm"] for one in json.loads(done.stdout)["occupancies"]) == 25
    done = run("windows", *["--low", "200", "--high", "100"], *["--background", "20000", "5000"])
    assert json.loads(done.stdout)["sense"] == "hard"
    picture = tmp_path / "one.svg"
    words = (str(NORM), "--n-sigma", "4", "--picture", str(picture), "--occupancy", "2")
    assert run("replay", *words).exit_code == 0
    assert "alarm, instrument" in picture.read_text()
    assert run("replay", *words).exit_code == 2
    for wrong in (("--n-sigma", "nan"), ("--n-sigma", "0"), ("--n-sigma", "-1")):
        assert run("replay", str(NORM), *wrong).exit_code == 2
    done = run("suppression", str(EMPTY), "--passages", "2000", "--source", "300")
    assert {one["way"] for one in json.loads(done.stdout)["ways"]} == {"none", "profile", "local"}
