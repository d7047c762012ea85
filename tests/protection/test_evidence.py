"""Statistics of evidence, outages and trial counts: published numbers and slow exact references."""

from __future__ import annotations

import datetime
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.protection.evidence import (
    Trials,
    availability,
    composite_detection,
    lower_bound,
    pooled,
    rate_per_day,
    result_problems,
    times_to_assessment,
    trials_needed,
    two_sided_interval,
)
from keiryo.protection.graph_file import read_graph_file
from keiryo.protection.inputs import InputError, Node
from keiryo.protection.minima import minima
from keiryo.protection.outages import (
    DelayValues,
    DetectionValues,
    Outage,
    apply_outages,
)
from keiryo.protection.paths_report import aggregate_result, paths_result
from keiryo.protection.records_file import (
    Records,
    read_compensatory_values,
    read_records,
    with_values,
)
from keiryo.protection.trial_counts import counts_result, read_counts

G1 = Path(__file__).parent / "graph_g1.json"
DAY = datetime.date(2027, 5, 31)

# --- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "bound"),
    [
        (30, 30, 0.9049661471446958),
        (59, 59, 0.950492390111773),
        (28, 30, 0.804673956345074),
        (45, 50, 0.8011669974835816),
        (0, 10, 0.0),
    ],
)
def test_bounds_of_the_specification(x: int, n: int, bound: float) -> None:
    assert lower_bound(x, n) == pytest.approx(bound, rel=1e-12)


def _chance_of_as_many(x: int, n: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(x, n + 1)), Fraction(0))


@given(st.integers(1, 40), st.data())
@settings(max_examples=60, deadline=None)
def test_bound_is_the_probability_at_which_as_many_are_seen_with_alpha(n: int, data: Any) -> None:
    x = data.draw(st.integers(1, n))
    alpha = data.draw(st.sampled_from([Fraction(1, 20), Fraction(1, 100), Fraction(1, 3)]))
    found = lower_bound(x, n, alpha)
    assert found is not None
    seen = _chance_of_as_many(x, n, Fraction(found))
    assert float(seen) == pytest.approx(float(alpha), rel=1e-9)
    low, high = two_sided_interval(x, n, alpha) or (0, 0)
    assert low <= x / n <= high


@given(st.integers(50, 99), st.integers(50, 99), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_trials_needed_by_counting_up(percent: int, sure: int, failures: int) -> None:
    p, alpha = Fraction(percent, 100), 1 - Fraction(sure, 100)
    n = failures + 1
    while 1 - _chance_of_as_many(failures + 1, n, 1 - p) > alpha:
        n += 1
    assert trials_needed(p, Fraction(sure, 100), failures) == n


def test_no_trials_tell_nothing() -> None:
    assert lower_bound(0, 0) is None
    assert two_sided_interval(0, 0) is None


@pytest.mark.parametrize(
    ("x", "n", "alpha", "code"),
    [
        *((3, 2, 0.05, "TRIALS_RANGE"), (-1, 2, 0.05, "TRIALS_RANGE")),
        *((1, 2, 0, "ALPHA_RANGE"), (1, 2, 1, "ALPHA_RANGE"), (1, 2, math.nan, "ALPHA_RANGE")),
        (1.5, 2, 0.05, "TRIALS_RANGE"),
    ],
)
def test_bad_counts(x: Any, n: Any, alpha: Any, code: str) -> None:
    with pytest.raises(InputError, match=code):
        lower_bound(x, n, alpha)


def test_pooling_needs_a_reason() -> None:
    sets = [Trials(10, 9, "dry"), Trials(10, 8, "wet")]
    with pytest.raises(InputError, match="NOT_POOLED"):
        pooled(sets)
    assert pooled(sets, "both are usual").trials == 20
    assert pooled([Trials(1, 1), Trials(2, 1)]).successes == 2


def test_results_that_contradict_their_counts() -> None:
    assert [p.code for p in result_problems(0, 0, "pass")] == ["RESULT"]
    assert [p.code for p in result_problems(5, 0, "pass")] == ["RESULT"]
    assert result_problems(0, 0, "inconclusive") == result_problems(5, 5, "fail") == []


def test_other_numbers_of_the_specification() -> None:
    assert availability(2000, 4) == pytest.approx(0.9980039920159681, rel=1e-15)
    with pytest.raises(InputError, match="TIME_RANGE"):
        availability(0, 0)
    assert composite_detection(0.90, 0.99, 0.95) == Fraction(84645, 100000)


def test_times_and_rates() -> None:
    times = times_to_assessment(range(1, 21))
    assert (times.count, times.median_s, times.p95_s) == (20, 10.5, 19)
    assert times_to_assessment([]).median_s is None
    rate = rate_per_day(0, 100)
    assert rate is not None
    assert (rate.low, rate.high) == (0, pytest.approx(-math.log(0.025) / 100))
    assert rate_per_day(3, 0) is None
    ten = rate_per_day(10, 1)  # Garwood's table: 4.795 to 18.390
    assert ten is not None
    assert (ten.low, ten.high) == (
        pytest.approx(4.7954, abs=1e-4),
        pytest.approx(18.3904, abs=1e-4),
    )


# --- outages -------------------------------------------------------------------------------------


def out(name: str = "P7", kind: Any = "detection", **more: Any) -> Outage:
    """Return an outage from 10 May until before 1 June."""
    start, end = datetime.date(2027, 5, 10), datetime.date(2027, 6, 1)
    return Outage(name, kind, start, end, **more)


def p_interruption(*outages: Outage, on: datetime.date = DAY) -> float:
    """Return the least probability of interruption of G-1 on a day."""
    given, _ = apply_outages(read_graph_file(G1), outages, on)
    return minima(given.graph).measures["min_p_interruption"].value


def test_outage_counts_from_its_first_day_until_before_the_return() -> None:
    whole = p_interruption()
    for day, is_out in ((9, False), (10, True), (31, True)):
        on = datetime.date(2027, 5, day)
        assert (p_interruption(out(), on=on) < whole) is is_out
    assert p_interruption(out(), on=datetime.date(2027, 6, 1)) == whole


def test_detection_and_delay_are_lost() -> None:
    given, (lost,) = apply_outages(read_graph_file(G1), [out()], DAY)
    assert lost.to_dict()["changed"] == {"p_detection": [0.9, 0.0]}
    assert lost.to_dict()["reason"] == "no compensatory measure"
    _, (lost,) = apply_outages(given, [out(kind="delay")], DAY)
    assert lost.to_dict()["changed"] == {"delay.mean_s": [120.0, 0.0], "delay.sd_s": [36.0, 0.0]}


@pytest.mark.parametrize(
    ("more", "p"),
    [
        ({"verified": True}, 0.5),
        ({"verified": False}, 0),
        ({"verified": True, "compensatory_end": DAY}, 0),
        ({"verified": True, "compensatory_start": DAY + datetime.timedelta(1)}, 0),
        ({"verified": True, "compensatory": None}, 0),
        ({"verified": True, "compensatory": DelayValues(Fraction(9), Fraction(0))}, 0),
    ],
)
def test_only_an_active_verified_measure_counts(more: dict[str, Any], p: float) -> None:
    usual = {
        "compensatory": DetectionValues(Fraction(1, 2)),
        "compensatory_start": DAY,
        "measure": "CM-1",
    }
    _, (lost,) = apply_outages(read_graph_file(G1), [out(**{**usual, **more})], DAY)
    assert float(lost.after.p_detection) == p


@given(st.lists(st.tuples(st.sampled_from(["P1", "P4", "P7", "LIM", "T1"]),
                          st.sampled_from(["detection", "delay"])), max_size=4))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_an_outage_never_adds_detection_or_delay(lost: Any) -> None:
    whole = minima(read_graph_file(G1).graph).measures
    less = minima(apply_outages(read_graph_file(G1), [out(*one) for one in lost], DAY)[0].graph)
    for name in ("min_cumulative_detection", "min_delay_s", "min_p_interruption_deterministic"):
        assert less.measures[name].value <= whole[name].value


def test_result_tells_what_was_changed_and_what_is_stale(tmp_path: Path) -> None:
    given = read_graph_file(G1)
    told = paths_result(given)
    assert "outages" not in told
    rows: dict[str, Any] = {
        "on": "2027-05-31",
        "outages": [
            {"object": "P7", "asset_kind": "detection", "out_of_service_from": "2000-01-01"},
            {"object": "P99", "asset_kind": "delay", "out_of_service_from": "2000-01-01"},
        ],
        "tests": [
            {"object": "P1", "test": "T-1", "next_due": "2999-01-01"},
            {"object": "P2", "test": "T-2", "next_due": "2001-01-01", "overdue": True},
            {"object": "P3", "test": "T-3", "failed": True},
        ],
    }
    records = read_records(Node(rows))
    told = paths_result(given, records=records)
    assert [one["object"] for one in told["outages"]] == ["P7"]
    states = {one["id"]: (one["state"], one["why"]) for one in told["inputs"]}
    assert states["P1"] == ("valid", None)
    assert states["P2"] == ("stale", "TEST_OVERDUE")
    assert states["P3"] == ("stale", "TEST_FAILED")
    codes = [one["code"] for one in told["warnings"]]
    assert codes.count("EVIDENCE_STALE") == 2
    assert "OUTAGE_UNKNOWN" in codes
    level = Fraction(65, 100)
    assert aggregate_result(given, level)["meets_level"]
    assert not aggregate_result(given, level, records)["meets_level"]
    file = tmp_path / "records.json"
    file.write_text(json.dumps(rows))
    words = ["protection", "paths", str(G1), "--evidence", str(file)]
    done = CliRunner().invoke(app, words)
    assert json.loads(done.stdout)["outages"] == told["outages"]
    file.write_text(json.dumps({**rows, "outages": [{"object": "P7"}]}))
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, done.stdout) == (2, "")


def test_values_of_measures_by_name() -> None:
    values = read_compensatory_values(
        Node({"measures": [{"measure": "CM-1", "asset_kind": "detection", "p_detection": 1}]})
    )
    lost = out(measure="CM-1", verified=True, compensatory_start=DAY)
    (made,) = with_values(Records((lost,)), values).outages
    assert made.compensatory == DetectionValues(Fraction(1))
    (other,) = with_values(Records((out(measure="CM-2"),)), values).outages
    assert other.compensatory is None


BAD_RECORDS: dict[str, dict[str, Any]] = {
    "ASSET_KIND": {"asset_kind": "both"},
    "DATE": {"out_of_service_from": "soon"},
    "DATE_ORDER": {"returned": "1999-01-01"},
    "UNKNOWN_KEY": {"compensatory": {"start": "2000-01-01", "delay": {}}},
    "PROB_RANGE": {"compensatory": {"start": "2000-01-01", "p_detection": 2}},
    "MISSING_KEY": {"compensatory": {}},
}


@pytest.mark.parametrize("code", BAD_RECORDS)
def test_bad_records(code: str) -> None:
    usual = {"object": "P7", "asset_kind": "detection", "out_of_service_from": "2000-01-01"}
    with pytest.raises(InputError) as error:
        read_records(Node({"outages": [{**usual, **BAD_RECORDS[code]}]}))
    assert {one.code for one in error.value.problems} == {code}


def test_bad_values_of_measures() -> None:
    for row, code in (
        ({"measure": "CM-1", "asset_kind": "detection"}, "MISSING_KEY"),
        ({"measure": "CM-1", "asset_kind": "delay", "p_detection": 1}, "UNKNOWN_KEY"),
    ):
        with pytest.raises(InputError, match=code):
            read_compensatory_values(Node({"measures": [row]}))


# --- trial counts --------------------------------------------------------------------------------

ROW = {"id": "T-1", "element": "P1", "trials": 30, "successes": 28}


def test_counts_by_element() -> None:
    rows = [ROW, {**ROW, "id": "T-2", "trials": 20, "successes": 17}]
    (told,) = counts_result(read_counts(Node({"test": rows})))["elements"]
    assert (told["trials"], told["successes"], told["tests"]) == (50, 45, ["T-1", "T-2"])
    assert told["lower_bound"] == pytest.approx(0.8011669974835816, rel=1e-12)


BAD_COUNTS: dict[str, dict[str, Any]] = {
    "TRIALS_RANGE": {"test": [{**ROW, "successes": 31}]},
    "TYPE": {"test": [{**ROW, "trials": "30"}]},
    "DUPLICATE_ID": {"test": [ROW, ROW]},
    "EMPTY_LIST": {"test": []},
    "POOL": {"test": [ROW], "pool": {"P2": "usual"}},
    "EMPTY_FIELD": {"test": [ROW], "pool": {"P1": " "}},
    "ALPHA_RANGE": {"test": [ROW], "alpha": 1},
}


@pytest.mark.parametrize("code", BAD_COUNTS)
def test_bad_trial_counts(code: str) -> None:
    with pytest.raises(InputError) as error:
        read_counts(Node(BAD_COUNTS[code]))
    assert {one.code for one in error.value.problems} == {code}


def test_counts_under_different_conditions_want_a_reason() -> None:
    rows = [{**ROW, "conditions": "dry"}, {**ROW, "id": "T-2", "conditions": "wet"}]
    with pytest.raises(InputError, match="NOT_POOLED"):
        counts_result(read_counts(Node({"test": rows})))
    told = counts_result(read_counts(Node({"test": rows, "pool": {"P1": "both are usual"}})))
    assert told["elements"][0]["pooled_because"] == "both are usual"


# --- commands ------------------------------------------------------------------------------------


def test_commands_that_calculate(tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["protection", "evidence", *words])

    told = json.loads(run("bound", "30", "30").stdout)
    assert told["lower_bound"] == pytest.approx(0.9049661471446958, rel=1e-12)
    assert json.loads(run("bound", "0", "0").stdout)["lower_bound"] is None
    assert json.loads(run("trials", "--p", "0.9").stdout)["trials"] == 29
    assert json.loads(run("availability", "2000", "4").stdout)["availability"] == 2000 / 2004
    assert json.loads(run("detection", "0.9", "0.99", "0.95").stdout)["p_detection"] == 0.84645
    (tmp_path / "c.json").write_text(json.dumps({"test": [ROW]}))
    assert json.loads(run("counts", str(tmp_path / "c.json")).stdout)["elements"][0]["trials"] == 30
    for words in (
        ("bound", "3", "2"),
        ("bound", "1", "2", "--alpha", "five"),
        ("trials", "--p", "1"),
        ("trials", "--p", "1e999999"),
        ("availability", "0", "0"),
        ("detection", "1.1", "1", "1"),
        ("counts", str(tmp_path / "none.json")),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (2, ""), words
        assert json.loads(done.stderr)["errors"]
