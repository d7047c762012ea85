"""Portal alarms: worked numbers, measured files, false-alarm rates by simulation, bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.counting.poisson import (
    SequentialLimits,
    count_above,
    ewma,
    li_ma,
    log_ratios,
    on_off_p_value,
    poisson_tail,
    poisson_threshold,
)
from keiryo.portal.alarm_logic import replay, replay_all
from keiryo.portal.daily_file import DailyFile, DailyFileError, parse_daily_file, read_daily_file
from keiryo.portal.replay_report import agreement, background_statistics, replayed
from keiryo.portal.setup_records import Setup
from keiryo.portal.sliding_windows import sliding_sums

DATA = Path(__file__).parent.parent / "data" / "portal"
EMPTY, NORM = (DATA / f"rpm_25_occupancies_{name}.csv" for name in ("no_source", "norm"))

# --- worked numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "alpha", "count", "chance"),
    [
        (2.64, 1e-3, 10, 4.2234940996493985e-04),
        (2.64, 1e-4, 11, 9.895031246700494e-05),
        (2.64, 1e-6, 14, 7.914223351150203e-07),
        (6.5, 1e-4, 19, 5.0548579962524685e-05),
        (6.5, 1e-6, 23, 3.9493591179400625e-07),
    ],
)
def test_exact_thresholds(b: float, alpha: float, count: int, chance: float) -> None:
    assert poisson_threshold(b, alpha) == count
    assert poisson_tail(count, b) == pytest.approx(chance, rel=1e-10)


@pytest.mark.parametrize("b", [0.0, 0.01, 0.7, 3.0, 50.0, 1600.0])
@pytest.mark.parametrize("alpha", [0.3, 1e-2, 1e-6])
def test_threshold_is_the_smallest(b: float, alpha: float) -> None:
    found = poisson_threshold(b, alpha)
    assert stats.poisson.sf(found - 1, b) <= alpha * (1 + 1e-9)
    assert found == 0 or stats.poisson.sf(found - 2, b) > alpha * (1 - 1e-9)


@pytest.mark.parametrize(
    ("n", "count", "chance"),
    [
        (3, 1767, 1.5186377627279205e-03),
        (4, 1808, 3.9534469248448574e-05),
        (5, 1848, 4.809126766301726e-07),
        (7, 1929, 5.007384453945963e-12),
    ],
)
def test_n_sigma_thresholds(n: int, count: int, chance: float) -> None:
    assert count_above(1645, n) == count
    assert poisson_tail(count, 1645) == pytest.approx(chance, rel=1e-9)


def test_background_of_finite_time() -> None:
    assert on_off_p_value(20, 1, 320, 120) == pytest.approx(1.75994894378989e-11, rel=1e-9)
    assert poisson_tail(20, 320 / 120) == pytest.approx(1.0806937594690672e-11, rel=1e-9)
    assert li_ma(20, 1, 320, 120) == pytest.approx(6.70928937373456, rel=1e-12)


def test_sequential_tests() -> None:
    limits = SequentialLimits.of(1e-4, 1e-2)
    assert limits.alarm == pytest.approx(9.20029003612268, rel=1e-14)
    assert limits.clear == pytest.approx(-4.605070180987758, rel=1e-14)
    expected = [-2.738669582931628, -3.07900299544486, 0.24870714679945394]
    expected += [5.410439066422541, 12.124035566904588]
    assert log_ratios([335, 352, 378, 391, 402], 330, 380) == pytest.approx(expected, rel=1e-10)
    means, sigmas = ewma([1645, 1700, 1760, 1790, 1810], 1645, 0.2)
    assert means == pytest.approx([1645, 1656, 1676.8, 1699.44, 1721.552], rel=1e-14)
    expected = [0, 1.0589069879799056, 2.7382911132665937, 4.414030199654671, 5.993218662494599]
    assert sigmas == pytest.approx(expected, rel=1e-12, abs=1e-12)


def lines(*records: str) -> DailyFile:
    """Return the file of some records."""
    return parse_daily_file("\r\n".join((*records, "")).encode())


SETUP = ("SG1,002000,000068,05,10,05.0,P", "SG2,1111,0.069,0.455,01,1010,A")
QUIET, LIFTED = "GS,000080,000080,000080,000080", "GS,000100,000100,000080,000080"
END = "GX,000001,002391,000000,000000"


@pytest.mark.parametrize(
    ("lifted", "sigma", "group", "alarm"),
    [
        (0, 0.0, "all", False),
        (1, 1.4142135623730951, "1+2", False),
        (2, 2.8284271247461903, "1+2", False),
        (3, 4.242640687119285, "1+2", False),
        (4, 5.656854249492381, "1+2", True),
        (5, 7.0710678118654755, "1+2", True),
    ],
)
def test_worked_window(lifted: int, sigma: float, group: str, alarm: bool) -> None:
    scans = [QUIET] * 5 + [LIFTED] * lifted
    (one,) = lines(*SETUP, "GB,000400,000400,000400,000400", *scans, END).occupancies
    found = replay(one)
    assert found.max_sigma == pytest.approx(sigma, rel=1e-14, abs=1e-14)
    assert (found.group, found.gamma_alarm, found.n_sigma) == (group, alarm, 5.0)


def test_threshold_is_strict() -> None:
    scans = [LIFTED] * 5  # 1800 of 1600: exactly 5 sigma of all panels
    quiet = "SG2,1111,0.069,0.455,01,1000,A"
    (one,) = lines(SETUP[0], quiet, "GB,400,400,400,400", *scans, END).occupancies
    assert (replay(one).max_sigma, replay(one).gamma_alarm) == (5.0, False)


# --- measured files ------------------------------------------------------------------------------


def test_empty_passages() -> None:
    file = read_daily_file(EMPTY)
    found = replayed(file, 4.0)
    assert [one.occupancy.number for one in found] == list(range(17, 42))
    assert max(one.max_sigma or 0 for one in found) == pytest.approx(2.83, abs=0.005)
    shares = [one.lowest_share or 0 for one in found]
    assert (min(shares), max(shares)) == (
        pytest.approx(0.762, abs=5e-4),
        pytest.approx(0.821, abs=5e-4),
    )
    assert agreement(found)["intervals"]["neither"] == 1410
    told = background_statistics(file)
    assert (told["records"], told["min_cps"], told["max_cps"]) == (606, 1509, 1559)
    assert told["mean_cps"] == pytest.approx(1535.6, abs=0.05)
    before = [sum(one.occupancy.background or ()) for one in found]
    assert np.mean(before) == pytest.approx(1533.1, abs=0.05)
    neutrons = [one.occupancy.neutron_background_cps or 0 for one in found]
    assert np.mean(neutrons) == pytest.approx(6.427, abs=5e-4)
    assert not any(one.neutron_alarm for one in found)
    speeds = [s for one in found for s in one.occupancy.speeds_kmh]
    assert (len(speeds), sum(one > 60 for one in speeds)) == (145, 95)
    assert sum(any(p.code == "SPEED_IMPLAUSIBLE" for p in one.problems) for one in found) > 0


def test_goods_that_are_naturally_radioactive() -> None:
    file = read_daily_file(NORM)
    found = replayed(file, 4.0)
    told = agreement(found)
    assert told["intervals"] == {
        "compared": 1399,
        "both": 675,
        "replay_only": 2,
        "instrument_only": 0,
        "neither": 722,
        "flagged_before_a_window": 0,
    }
    assert told["occupancies"]["both"] == 25
    peaks = [one.max_sigma or 0 for one in found]
    assert (min(peaks), max(peaks)) == (
        pytest.approx(159.24, abs=0.005),
        pytest.approx(168.97, abs=0.005),
    )
    assert file.records["AA"] == 1825
    assert not file.problems


def test_threshold_that_the_file_does_not_tell() -> None:
    (one, *_rest) = replayed(read_daily_file(EMPTY))
    assert (one.n_sigma, one.problems[-1].code) == (5.0, "THRESHOLD_UNKNOWN")


# --- false alarms --------------------------------------------------------------------------------


def test_false_alarms_come_as_often_as_asked() -> None:
    random, windows = np.random.default_rng(20261123), 200_000
    counts = random.poisson(1645, windows)
    for n, chance in ((3, 1.5186377627279205e-03), (4, 3.9534469248448574e-05)):
        seen = int((counts >= count_above(1645, n)).sum())
        low, high = stats.binom.interval(0.9999, windows, chance)
        assert low <= seen <= high
    neutrons = random.poisson(2.64, windows)
    seen = int((neutrons >= poisson_threshold(2.64, 1e-3)).sum())
    low, high = stats.binom.interval(0.9999, windows, 4.2234940996493985e-04)
    assert low <= seen <= high


def test_rate_per_occupancy_is_that_of_the_specification() -> None:
    random, passages = np.random.default_rng(7), 4_000
    counts = random.poisson(1645 / 20, (passages, 56, 4))
    alarms = 0
    for one in counts:
        sums = sliding_sums(one, 5)
        alarms += bool(((sums.sum(axis=1) - 1645) / np.sqrt(1645) > 3).any())
    low, high = stats.binom.interval(0.9999, passages, 0.050)
    assert low <= alarms <= high


def test_sliding_sums_as_written_out() -> None:
    counts = np.random.default_rng(1).integers(0, 9, (20, 4))
    for window in (1, 5, 20, 21):
        slow = [counts[at : at + window].sum(axis=0) for at in range(20 - window + 1)]
        assert sliding_sums(counts, window).tolist() == [row.tolist() for row in slow]


# --- bad input -----------------------------------------------------------------------------------

BACK = "GB,000400,000400,000400,000400"


def codes(file: DailyFile) -> list[str]:
    """Return the codes of everything that is told of a file."""
    told = [*file.problems, *file.faults]
    told += [problem for one in replayed(file) for problem in one.problems]
    return [one.code for one in told]


BAD: dict[str, tuple[str, ...]] = {
    "NO_BACKGROUND": (*SETUP, *[QUIET] * 5, END),
    "NOT_EVALUATED": (*SETUP, BACK, *[QUIET] * 4, END),
    "PANEL_DEAD": (*SETUP, "GB,000400,000000,000400,000400", *[QUIET] * 5, END),
    "COUNTS": (*SETUP, BACK, "GS,000080,-00080,000080,000080", *[QUIET] * 5, END),
    "SPEED_IMPLAUSIBLE": (*SETUP, BACK, QUIET, "SP,0.0000,99.999,160.93,0", *[QUIET] * 5, END),
    "RECORD_UNKNOWN": (*SETUP, BACK, "QQ,1,2,3", *[QUIET] * 5, END),
    "SETUP": ("SG1,x,000068,05,10,05.0,P", BACK, *[QUIET] * 5, END),
    "SETUP_LATER": (BACK, *[QUIET] * 5, END, *SETUP),
    "THRESHOLD_UNKNOWN": (BACK, *[QUIET] * 5, END),
    "INCOMPLETE": (*SETUP, BACK, *[QUIET] * 5),
    "PANEL_OFF": (SETUP[0], SETUP[1].replace("1111", "1110"), BACK, *[QUIET] * 5, END),
    "NO_SCANS": (*SETUP, BACK, END),
    "INTERRUPTED": (*SETUP, BACK, *[QUIET] * 5, BACK, END),
    "DAMAGED": (*SETUP, BACK, *[QUIET] * 5, "\0\0" + QUIET, END),
    "TIME": (*SETUP, f"{BACK},25-00-00.000", *[QUIET] * 5, END),
    "NEUTRON_BACKGROUND_ZERO": (*SETUP, BACK, *[QUIET] * 5, "NS,2,0,0,0", "GX,1,0,0,0"),
    "OCCUPANCY_LONG": (*SETUP, BACK, *[QUIET] * 3005, END),
    "TAMPER_CLEARED": (*SETUP, "TC", BACK, *[QUIET] * 5, END),
    "END": (*SETUP, BACK, *[QUIET] * 5, "GX,one"),
    "SPEED": (*SETUP, BACK, QUIET, "SP,fast", *[QUIET] * 5, END),
    "TAMPER": (*SETUP, BACK, "TT", *[QUIET] * 5, END),
    "GAMMA_LOW": (*SETUP, BACK, "GL,000001,000001,000001,000001", *[QUIET] * 5, END),
    "NO_NEUTRON_BACKGROUND": (*SETUP, BACK, *[QUIET] * 5, "NS,1,1,1,1", "GX,one"),
    "BACKGROUND_OLD": (
        *(*SETUP, f"{BACK},10-00-00.000"),
        *([f"{QUIET},10-02-00.000"] * 5),
        f"{END},10-02-01.000",
    ),
    "CLOCK_BACK": (
        *(*SETUP, f"{BACK},10-00-00.000", f"{QUIET},10-00-05.000"),
        *([f"{QUIET},10-00-04.000"] * 5),
        f"{END},10-00-06.000",
    ),
}


@pytest.mark.parametrize("code", BAD)
def test_bad_input_is_told_and_survived(code: str) -> None:
    file = lines(*BAD[code])
    assert code in codes(file)
    assert len(file.occupancies) == 1


def test_an_end_that_is_missing_parts_two_occupancies() -> None:
    file = lines(*SETUP, BACK, *[QUIET] * 5, BACK, *[LIFTED] * 7, END)
    first, second = replayed(file)
    assert (first.occupancy.complete, first.occupancy.number) == (False, None)
    assert [one.code for one in first.problems] == ["END_MISSING"]
    assert (second.gamma_alarm, len(second.occupancy.gamma)) == (True, 7)
    file = lines(*SETUP, BACK, *[QUIET] * 5, SETUP[0], SETUP[1], *[QUIET] * 6, END)
    assert [len(one.gamma) for one in file.occupancies] == [5, 6]


def test_background_is_the_one_before_the_occupancy() -> None:
    later = "GB,000800,000800,000800,000800"
    (one,) = lines(*SETUP, BACK, *[QUIET] * 5, later, END).occupancies
    assert one.background == (400, 400, 400, 400)


def test_setup_in_force_counts() -> None:
    once = (BACK, *[LIFTED] * 7, END)
    other = SETUP[0].replace("05.0", "09.0")
    found = replayed(lines(*SETUP, *once, other, *once))
    assert [(one.n_sigma, one.gamma_alarm) for one in found] == [(5.0, True), (9.0, False)]
    later = replayed(lines(*once, *SETUP, *once, other, *once))
    assert [one.n_sigma for one in later] == [5.0, 5.0, 9.0]


@pytest.mark.parametrize(
    ("flags", "group"),
    [("1000", "all"), ("0100", "1+3"), ("0010", "1+2"), ("0001", "1"), ("0000", None)],
)
def test_algorithm_flags(flags: str, group: str | None) -> None:
    setup = SETUP[1].replace("1010", flags)
    lifted = "GS,000200,000080,000080,000080"
    (one,) = replayed(lines(SETUP[0], setup, BACK, *[lifted] * 5, END))
    assert one.group == group


def test_a_panel_that_dies_during_an_occupancy_hides_no_alarm() -> None:
    scans = ["GS,000100,000100,000100,000000"] * 6
    (one,) = replayed(lines(*SETUP, BACK, *scans, END))
    assert one.gamma_alarm
    assert one.panels == (0, 1, 2)
    assert "PANEL_DEAD" in [problem.code for problem in one.problems]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks(end: str, mark: bytes) -> None:
    records = (*SETUP, "", BACK, *[QUIET] * 5, END)
    file = parse_daily_file(mark + end.join(records).encode())
    assert not file.problems
    assert len(file.occupancies[0].gamma) == 5
    cut = parse_daily_file(mark + end.join(records[:-1]).encode()[:-2])
    assert len(cut.occupancies[0].gamma) == 4
    assert "INCOMPLETE" in codes(cut)


def test_pieces_give_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    content = NORM.read_bytes()[:60_000]
    whole = parse_daily_file(content)
    monkeypatch.setattr("keiryo.portal.daily_file._PIECE", 997)
    parts = parse_daily_file(content)
    assert parts.records == whole.records
    assert [one.code for one in parts.problems] == [one.code for one in whole.problems]
    for one, other in zip(parts.occupancies, whole.occupancies, strict=True):
        assert np.array_equal(one.gamma, other.gamma)
        assert np.array_equal(one.gamma_flag, other.gamma_flag)


def test_many_occupancies_as_one_by_one() -> None:
    random, once = np.random.default_rng(3), []
    for length in (5, 61, 6, 200, 4, 33):
        for row in random.poisson(90, (length, 4)):
            once.append("GS," + ",".join(f"{count:06d}" for count in row))
        once += [END, BACK]
    many = lines(*SETUP, BACK, *once).occupancies
    for found, one in zip(replay_all(many), many, strict=True):
        assert found.max_sigma == replay(one).max_sigma
        if len(one.gamma) < 5:
            continue
        slow = []
        for at in range(len(one.gamma) - 4):
            sums = one.gamma[at : at + 5].sum(axis=0)
            each = [(sums.sum() - 1600) / 40]
            each += [(sums[a] + sums[b] - 800) / 800**0.5 for a, b in ((0, 1), (2, 3))]
            slow.append(max(each))
        assert found.max_sigma == pytest.approx(max(slow))
        assert found.interval_alarm[4:].tolist() == [value > 5 for value in slow]


def test_daily_file_of_a_spectroscopic_portal_is_refused() -> None:
    with pytest.raises(DailyFileError, match="spectroscopic"):
        lines("S1,NaI,SPM,512,1.0", "GB,1,3,3,3,3,3,3")


def test_what_is_not_evaluated_is_no_quiet() -> None:
    (one,) = replayed(lines(*BAD["NOT_EVALUATED"]))
    assert (one.gamma_alarm, one.evaluated, one.max_sigma) == (None, False, None)


def test_a_dead_panel_is_left_out() -> None:
    (one,) = replayed(lines(*BAD["PANEL_DEAD"]))
    assert one.evaluated
    assert Setup(flags="1010").groups((True, False, True, True)) == {
        "all": (0, 2, 3),
        "1+2": (0,),
        "3+4": (2, 3),
    }


def test_midnight_is_no_clock_that_goes_back() -> None:
    records = (f"{BACK},23-59-58.000", f"{QUIET},23-59-59.900", *[f"{QUIET},00-00-00.100"] * 5)
    file = lines(*SETUP, *records, f"{END},00-00-02.000")
    assert "CLOCK_BACK" not in codes(file)
    assert file.occupancies[0].background_age_s == pytest.approx(1.9)


def test_the_same_number_twice_is_two_occupancies() -> None:
    once = (BACK, *[QUIET] * 5, END)
    assert [one.number for one in lines(*SETUP, *once, *once).occupancies] == [1, 1]


def test_a_file_that_was_cut_off() -> None:
    content = NORM.read_bytes()[:40_000]
    assert not content.endswith(b"\n")
    file = parse_daily_file(content)
    assert "INCOMPLETE" in [one.code for one in file.problems]


@pytest.mark.parametrize("content", [b"", b"hello\nworld\n", b"\x00\xff" * 100, b"<N42/>"])
def test_no_daily_file(content: bytes) -> None:
    with pytest.raises(DailyFileError):
        parse_daily_file(content)


# --- command -------------------------------------------------------------------------------------


def test_command(tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["portal", "replay", *words])

    done = run(str(NORM), "--n-sigma", "4", "--format", "json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert set(told["occupancies"][0]) >= {
        *("number", "start", "end", "gamma_alarm", "neutron_alarm"),
        *("instrument_alarm", "max_sigma", "findings"),
    }
    assert told["occupancies"][0]["start"] == "2016-06-01T15:05:00.378-07:00"
    assert told["agreement"]["share"] == pytest.approx(1397 / 1399)
    assert run(str(NORM), "--format", "table").exit_code == 0
    missing = run(str(tmp_path / "none.csv"))
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert json.loads(missing.stderr)["errors"][0]["code"] == "FILE"


def _passage(at: int = 0) -> list[str]:
    rows = ["GB,000400,000400,000400,000400,10-00-00.000"]
    rows += [f"GS,000080,0000{80 + n},000080,000080,10-00-{at + n / 5:06.3f}" for n in range(8)]
    return [*rows, f"GX,000005,002391,000000,000000,10-00-{at + 2:02d}.000"]


def _read(rows: list[str]) -> DailyFile:
    return parse_daily_file("".join(f"{one}\r\n" for one in rows).encode())


def test_lines_that_stand_there_twice_count_once() -> None:
    file = _read([row for row in _passage() for _ in range(2)])
    (one,) = file.occupancies
    assert len(one.gamma) == 8
    assert {p.code for p in file.problems} == {"LINE_REPEATED"}
    same_time = [row[:-10] + "00-01.000" if row[:2] == "GS" else row for row in _passage()]
    same_counts = [re.sub(",0000..,", ",000080,", row) for row in same_time]
    assert len(_read(same_counts).occupancies[0].gamma) == 8


def test_an_occupancy_that_stands_there_again_is_told() -> None:
    first, second = _read(_passage() * 2).occupancies
    assert "OCCUPANCY_REPEATED" in {p.code for p in second.problems}
    assert "OCCUPANCY_REPEATED" not in {p.code for p in first.problems}


def test_passages_that_run_into_each_other_are_told() -> None:
    (one,) = _read([*_passage()[:-1], *_passage(30)[1:]]).occupancies
    assert "TIMES" in {p.code for p in one.problems}
    assert "TIMES" not in {p.code for p in _read(_passage()).occupancies[0].problems}


@pytest.mark.parametrize("change", [str.lower, lambda row: row + ",", lambda row: row + ",,"])
def test_small_letters_and_commas_at_the_end_do_not_matter(change: Any) -> None:
    whole, changed = _read(_passage()), _read([change(row) for row in _passage()])
    for name in ("number", "start", "end", "background"):
        one, other = (getattr(file.occupancies[0], name) for file in (whole, changed))
        assert one == other
    assert (whole.occupancies[0].gamma == changed.occupancies[0].gamma).all()


def test_a_line_without_end_is_told_once() -> None:
    content = ("\r\n".join(_passage()) + "\r\n").encode()
    file = parse_daily_file(b"GB," + b"0" * 9_000_000 + b"\r\n" + content + b"\x1a")
    assert [p.code for p in file.problems].count("DAMAGED") <= 2
    assert "INCOMPLETE" not in {p.code for p in file.problems}


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\x1f\x8b\x08"])
def test_a_packed_file_is_no_daily_file_even_if_records_can_be_seen_in_it(begin: bytes) -> None:
    content = begin + b"name\r\n" + "\r\n".join(_passage()).encode()
    with pytest.raises(DailyFileError, match="unpack"):
        parse_daily_file(content)
