"""Limits, activity and acceptance: worked numbers, laws, and what has no answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.counting.acceptance import (
    Requirement,
    daily_checks,
    interval,
    judged,
    lower_bound,
    rate_bound,
    smallest_passing,
    trials_without_alarm,
    trials_without_failure,
    upper_bound,
)
from keiryo.counting.activity import activity, kerma_rate
from keiryo.counting.limits import count_limits, currie, exact_limits, iso11929
from keiryo.counting.poisson import (
    on_off_p_value,
    on_off_threshold,
    poisson_tail,
    poisson_threshold,
)
from keiryo.portal.energy_windows import window_ratio


@pytest.mark.parametrize(
    ("b", "critical", "limit"),
    [
        (0, 0.0, 2.705543454095413),
        (4, 4.652348614706695, 12.010240683508803),
        (100, 23.261743073533474, 49.22902960116236),
        (1000, 73.56009045801144, 149.8257243701183),
    ],
)
def test_currie(b: float, critical: float, limit: float) -> None:
    found = currie(b)
    assert found.decision == pytest.approx(critical, rel=1e-13)
    assert found.detection == pytest.approx(limit, rel=1e-13)


def test_currie_of_unequal_times() -> None:
    found = count_limits(1000, 300, 3000)
    assert (found.method, found.background) == ("currie", 100)
    assert found.decision == pytest.approx(17.251370378914697, rel=1e-13)
    assert found.detection == pytest.approx(37.208284211924806, rel=1e-13)


@given(b=st.floats(0, 30), alpha=st.sampled_from([0.05, 1e-3]), beta=st.sampled_from([0.05, 0.01]))
@settings(max_examples=60, deadline=None)
def test_exact_limits_hold_what_they_say(b: float, alpha: float, beta: float) -> None:
    found = exact_limits(b, alpha, beta)
    assert found.gross_from is not None
    assert stats.poisson.sf(found.gross_from - 1, b) <= alpha * (1 + 1e-9)
    assert stats.poisson.sf(found.gross_from - 1, b + found.detection) >= 1 - beta - 1e-9


def test_few_counts_are_taken_exactly() -> None:
    assert count_limits(0, 60, 60).method == "exact"
    assert exact_limits(0.0).detection == pytest.approx(-math.log(0.05), rel=1e-12)
    count = on_off_threshold(320, 120, 1, 1e-6)
    assert on_off_p_value(count, 1, 320, 120) <= 1e-6 < on_off_p_value(count - 1, 1, 320, 120)


W = 1 / (0.012 * 0.851)


def test_iso_11929() -> None:
    found = iso11929(160, 300, 1000, 3000, factor=W, relative_uncertainty=0.08)
    assert found.factor == pytest.approx(97.92401096748922, rel=1e-14)
    assert found.value == pytest.approx(19.584802193497847, rel=1e-13)
    assert found.uncertainty == pytest.approx(4.535149349251444, rel=1e-13)
    assert found.threshold == pytest.approx(5.631077940630204, rel=1e-13)
    assert found.detection_limit == pytest.approx(12.35928842564249, rel=1e-13)
    assert found.detected
    assert found.omega == pytest.approx(0.9999921434535288, rel=1e-13)
    assert found.lower == pytest.approx(10.696667129780318, rel=1e-12)
    assert found.upper == pytest.approx(28.473546823659255, rel=1e-12)
    assert found.best == pytest.approx(19.58496360315113, rel=1e-13)


def test_no_detection_limit_where_there_is_none() -> None:
    assert iso11929(160, 300, 1000, 3000, relative_uncertainty=0.62).detection_limit is None
    assert iso11929(160, 300, 1000, 3000, relative_uncertainty=0.6).detection_limit is not None
    nothing = iso11929(0, 300, 0, 3000)
    assert (nothing.lower, nothing.best, nothing.detected) == (None, None, False)
    deep = iso11929(10, 300, 10_000, 3000)
    assert deep.best is not None
    assert deep.best > 0
    assert deep.lower is not None
    assert 0 <= deep.lower < (deep.upper or 0)


def test_peak_with_side_regions() -> None:
    peak = iso11929(160, 300, 200, 300, region=10, side_region=20)
    assert peak.value == pytest.approx((160 - 100) / 300)
    assert peak == iso11929(160, 300, 200, 600)


@given(
    gross=st.floats(0, 1e5),
    quiet=st.floats(1, 1e5),
    u=st.floats(0, 0.6),
    a=st.sampled_from([0.05, 0.01]),
    b=st.sampled_from([0.05, 0.1]),
)
@settings(max_examples=80, deadline=None)
def test_detection_limit_solves_its_equation(
    gross: float, quiet: float, u: float, a: float, b: float
) -> None:
    found = iso11929(gross, 100, quiet, 1000, relative_uncertainty=u, alpha=a, beta=b)
    limit = found.detection_limit
    k = stats.norm.ppf(1 - b)
    if k * u >= 1:
        assert limit is None
        return
    assert limit is not None
    assert limit >= found.threshold
    r = quiet / 1000
    sigma = math.sqrt((limit + r) / 100 + r / 1000 + limit**2 * u**2)
    assert limit == pytest.approx(found.threshold + k * sigma, rel=1e-9)


def test_activity_and_dead_time() -> None:
    one = activity(1000, 300, 0.012, 0.851, net_sigma=40, relative_uncertainty=0.03, real_s=310)
    assert one.activity_bq == pytest.approx(1000 / (0.012 * 0.851 * 300))
    assert one.uncertainty_bq == pytest.approx((one.activity_bq or 0) * math.hypot(0.04, 0.03))
    assert not one.findings
    assert activity(1, 70, 0.1, 1, real_s=100).findings[0][0] == "DEAD_TIME"
    refused = activity(1, 40, 0.1, 1, real_s=100)
    assert (refused.activity_bq, refused.findings[0][0]) == (None, "DEAD_TIME_REFUSED")
    with pytest.raises(ValueError, match="real time"):
        activity(1, 40, 0.1, 1, real_s=30)


def test_kerma_rate() -> None:
    found = kerma_rate(1e6, [(661.657, 0.851, 2.931e-3)], 1.0)
    assert found == pytest.approx(2.104160287261804e-11, rel=1e-12)
    assert found * 3.6e9 == pytest.approx(0.07574977034142495, rel=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "bound"),
    [
        (59, 60, 0.9233600050654955),
        (60, 60, 0.9512970866899025),
        (29, 29, 0.9018553723227043),
        (49, 50, 0.9086018692803026),
        (50, 50, 0.9418449208830277),
        (10, 10, 0.7411344491069477),
        (8, 10, 0.4930986989367976),
    ],
)
def test_lower_bounds(k: int, n: int, bound: float) -> None:
    assert lower_bound(k, n) == pytest.approx(bound, rel=1e-12)
    assert upper_bound(n - k, n) == pytest.approx(1 - bound, rel=1e-12)


def test_trials_needed() -> None:
    assert trials_without_failure(0.9) == 29
    assert trials_without_alarm(1e-3) == 2995
    assert smallest_passing(20, 0.5) == 15
    assert smallest_passing(28, 0.9) is None
    assert smallest_passing(29, 0.9) == 29
    assert stats.binom.sf(14, 20, 0.5) == pytest.approx(0.020694732666015625, rel=1e-13)
    assert rate_bound(0, 10) == pytest.approx(-math.log(0.05) / 10)
    low, high = interval(0, 10)
    assert (low, high) == (0, pytest.approx(1 - 0.025**0.1))


def test_plan_is_judged() -> None:
    wanted = Requirement("Cs-137 at 1.2 m/s", "detection", 0.9)
    assert judged(wanted, 59, 60).passed is True
    assert judged(wanted, 57, 60).passed is False
    assert judged(wanted, 0, 0).passed is None
    assert judged(Requirement("false", "false_alarm", 1e-3), 0, 2995).passed is True
    assert judged(Requirement("false", "false_alarm", 1e-3), 0, 2994).passed is False
    assert judged(Requirement("rate", "false_alarm_rate", 1.0), 0, 3).passed is True


def test_daily_checks_without_a_reading_are_no_pass() -> None:
    limits = {"background": (68.0, 2000.0), "clock s": (None, 5.0), "source": (80.0, 120.0)}
    found = daily_checks({"background": 1533.0, "clock s": 60.0}, limits)
    assert [one.passed for one in found] == [True, False, None]


# --- commands ------------------------------------------------------------------------------------


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["detection", *words])


def test_commands() -> None:
    words = "limits --gross 160 --time 300 --background 1000 --background-time 3000"
    done = run(*(words + " --efficiency 0.012 --intensity 0.851 --u-rel 0.08").split())
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert told["iso11929"]["detection_limit"] == pytest.approx(12.35928842564249)
    assert told["counts"]["decision"] == pytest.approx(17.251370378914697)
    words = "activity --net 1000 --live 300 --efficiency 0.012 --intensity 0.851"
    assert json.loads(run(*words.split()).stdout)["findings"][0]["code"] == "REAL_TIME"
    words = "trials --successes 59 --trials 60 --claim 0.9"
    assert json.loads(run(*words.split()).stdout)["passed"] is True
    assert json.loads(run("trials", "--claim", "0.9").stdout)["trials_without_failure"] == 29
    assert run(*words.replace("59", "57").split()).exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        "limits --time 300 --background -1 --background-time 3000",
        "limits --time nan --background 1 --background-time 3000",
        "limits --time 0 --background 1 --background-time 3000",
        "limits --time 1 --background 1 --background-time 1 --alpha 1",
        "limits --time 1 --background 1 --background-time 1 --gross -3",
        "activity --net nan --live 300 --efficiency 0.012 --intensity 0.851",
        "activity --net 1 --live 300 --efficiency 1.2 --intensity 0.851",
        "trials --successes 61 --trials 60",
        "trials --successes 1",
        "trials --claim 1.5",
        "trials",
    ],
)
def test_wrong_numbers_are_refused(words: str) -> None:
    done = run(*words.split())
    assert (done.exit_code, done.stdout) == (2, "")


def test_numbers_at_the_ends_of_the_scale_are_refused_or_answered() -> None:
    assert poisson_tail(poisson_threshold(2.64, 1e-320), 2.64) <= 1e-320
    with pytest.raises(ValueError, match="no activity"):
        activity(1e300, 1e-300, 1e-300, 0.5)
    with pytest.raises(ValueError, match="number"):
        activity(1.0, 1.0, 0.1, 0.5, relative_uncertainty=float("inf"))
    with pytest.raises(ValueError, match="so small"):
        window_ratio(1e15, 1e-308, 1e-308, 1e15)
    with pytest.raises(ValueError, match="belong here"):
        window_ratio(1e308, 1, 1, 1)
