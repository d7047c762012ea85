"""Sessions: what measurements of one session share is systematic, and never random or an alarm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from keiryo.errors import RefusedError, UsageError
from keiryo.measurement.control_charts import (
    chart_of_sessions,
    chart_within,
    control_chart,
    outlier,
    outlying_session,
)
from keiryo.measurement.estimate_findings import rows_of, signals_by_chance
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.estimation import bias_of_standards, grouped, one_way, repeatability
from keiryo.measurement.pairs import two_instruments
from keiryo.measurement.recording import Wanted, record_estimate
from keiryo.measurement.series import SeriesEstimate
from measurement.measurement_books import DIFFERENCES, MeasuredBooks
from small_books import ACTOR

HEAD = "series,kind,method,instrument,session,item,measured_on,measured,reference,unit\n"


@pytest.fixture
def books(sqlite_url: str) -> MeasuredBooks:
    return MeasuredBooks(sqlite_url, "sources", "controls")


def estimated(books: MeasuredBooks, series: str, **options: Any) -> SeriesEstimate:
    with books.database.reading() as connection:
        return estimate_series(connection, books.database.metadata, series, **options)


def test_split_of_pairs_counts_only_what_scatters_within_sessions(books: MeasuredBooks) -> None:
    found = estimated(books, "P")
    assert found.split is not None and found.random is not None
    assert (found.split.sessions, found.split.degrees) == (3, 9)
    # The operator's values do not scatter: the inspector has the whole random difference.
    assert found.split.second == pytest.approx(5.53e-6, rel=2e-3)
    assert found.split.constrained_second == pytest.approx(found.random.variance, rel=2e-3)
    record_estimate(books.database, ACTOR, found, Wanted("TI-i", instrument_of="inspector"))
    recorded = books.known("error_sources")["TI-i"][0].relative_sd
    assert recorded == pytest.approx(0.00235, rel=2e-3)


def test_split_within_sessions_worked_by_hand() -> None:
    # Sums of products about the means of both sessions, over 5 − 2 degrees.
    first, second = [1.0, 3.0, 2.0, 9.0, 11.0], [2.0, 4.0, 6.0, 1.0, 1.0]
    found = two_instruments(first, second, ["a", "a", "a", "b", "b"])
    assert found.variance_first == pytest.approx((2 + 2) / 3)
    assert found.variance_second == pytest.approx(8 / 3)
    assert found.covariance == pytest.approx(2 / 3)
    assert found.difference_variance == pytest.approx((2 + 8 + 2 - 2 * 2) / 3)
    one = two_instruments(first, second, ["a"] * 5)
    assert one == two_instruments(first, second)
    with pytest.raises(ValueError, match="length"):
        two_instruments(first, second, ["a"])
    with pytest.raises(ValueError, match="at least three"):
        two_instruments(first, second, ["a", "b", "c", "d", "d"])


def test_session_errors_of_both_instruments_do_not_enter_the_split() -> None:
    rng = np.random.default_rng(5)
    sessions = np.repeat(np.arange(400), 6)
    items = rng.uniform(900, 1100, sessions.size)
    shifts = rng.normal(0, 0.02, (2, 400))
    operator = items * np.exp(shifts[0][sessions] + rng.normal(0, 0.001, sessions.size))
    inspector = items * np.exp(shifts[1][sessions] + rng.normal(0, 0.003, sessions.size))
    found = two_instruments(operator, inspector, sessions.tolist(), relative=True)
    assert found.second == pytest.approx(9e-6, rel=0.2)
    assert found.difference_variance == pytest.approx(1e-5, rel=0.1)


# --- digits ----------------------------------------------------------------------------------


def test_a_large_common_part_takes_no_digits() -> None:
    steps = [(1.0, 2.0, 4.0), (0.0, 3.0, 1.0), (7.0, 5.0)]
    plain = one_way(steps)
    for offset in (1e8, -1e8, 4096.0):
        shifted = one_way([[offset + x / 1024 for x in group] for group in steps])
        assert shifted.mean_square_within * 1024**2 == pytest.approx(
            plain.mean_square_within, rel=1e-12
        )
        assert shifted.systematic_raw * 1024**2 == pytest.approx(plain.systematic_raw, rel=1e-9)
        assert shifted.mean == pytest.approx(offset + plain.mean / 1024, rel=1e-15)
    decimal = one_way([[1e8 + x / 1000 for x in group] for group in steps])
    assert decimal.mean_square_within * 1e6 == pytest.approx(plain.mean_square_within, rel=1e-4)


def test_logarithms_of_close_amounts_keep_their_digits() -> None:
    rng = np.random.default_rng(2)
    apart = rng.integers(-64, 64, (2, 9)) / 64
    found = two_instruments(2**27 + apart[0], 2**27 + apart[1], relative=True)
    assert found.variance_first * 2**54 == pytest.approx(np.var(apart[0], ddof=1), rel=1e-6)


@pytest.mark.parametrize("value", [0.1, 0.3, 1.1, 0.848, 1e8 + 0.1])
def test_equal_values_show_exactly_no_error(value: float) -> None:
    found = one_way([[value] * 3] * 3)
    assert (found.random_variance, found.systematic_raw, found.clipped) == (0.0, 0.0, False)
    assert found.mean == value and repeatability([[value] * 3]).variance == 0.0
    steps = one_way([[value] * 3, [2 * value] * 3])
    assert steps.random_variance == 0.0
    bias = bias_of_standards([value] * 9, [value] * 9, [1, 2, 3] * 3)
    assert (bias.bias, bias.bias_sd, bias.significant) == (0.0, 0.0, False)
    split = two_instruments([value] * 6, [value] * 3 + [2 * value] * 3, [1] * 3 + [2] * 3)
    assert (split.first, split.second, split.first_estimable) == (0.0, 0.0, False)
    assert outlier([value] * 6, [1, 1, 1, 2, 2, 2]) is None
    assert chart_within([value] * 6, [1, 1, 1, 2, 2, 2]) is None
    assert outlying_session([value] * 4, [3] * 4) is None


# --- alarms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(5,) * 8, (3, 1, 5, 2, 6, 4), (2,) * 12, (1,) * 12, (12,)])
def test_outliers_of_sessions_keep_alpha(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(17)
    sessions = np.repeat(np.arange(len(sizes)), sizes)
    flagged = {"value": 0, "session": 0}
    for _ in range(500):
        values = rng.normal(0, 3, len(sizes))[sessions] + rng.normal(0, 1, sessions.size)
        groups = grouped(values, sessions.tolist())
        parts = one_way(groups) if 1 < len(groups) < values.size else None
        value = outlier(values, sessions.tolist())
        session = outlying_session([g.mean() for g in groups], sizes, parts)
        flagged["value"] += value is not None and value.outlying
        flagged["session"] += session is not None and session.outlying
    testable = {"value": max(sizes) > 1, "session": len(sizes) > 2}
    for name, count in flagged.items():
        assert (8 <= count <= 43) if testable[name] else count == 0, name


def test_one_session_is_the_published_test() -> None:
    values = [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.9, 10.0, 13.0]
    found, same = outlier(values), outlying_session(values, [1] * 10)
    assert found is not None and same is not None
    assert found.critical == pytest.approx(2.290, abs=5e-4)
    assert same.statistic * math.sqrt(0.9) == pytest.approx(found.statistic, rel=1e-12)
    assert same.critical * math.sqrt(0.9) == pytest.approx(found.critical, rel=1e-12)


def test_charts_warn_no_more_often_for_sessions_that_differ() -> None:
    rng = np.random.default_rng(3)
    sizes = [5] * 8
    sessions = np.repeat(np.arange(8), 5)
    warned = {0: 0, 3: 0}
    for spread in warned:
        for _ in range(300):
            values = rng.normal(0, spread, 8)[sessions] + rng.normal(0, 1, 40)
            groups = grouped(values, sessions.tolist())
            within = chart_within(values, sessions.tolist())
            between = chart_of_sessions([g.mean() for g in groups], sizes, one_way(groups))
            assert within is not None and between is not None
            signals = [len({s.index for s in c.signals}) for c in (within, between)]
            warned[spread] += sum(signals) > signals_by_chance(48)
    assert warned[0] <= 24 and warned[3] <= 24  # 5 % of 300, and three standard deviations


def test_single_values_in_control_are_warned_of_as_seldom() -> None:
    rng = np.random.default_rng(4)
    for count in (15, 60):
        warned = 0
        for _ in range(400):
            chart = control_chart(rng.standard_normal(count))
            warned += len({s.index for s in chart.signals}) > signals_by_chance(count)
        assert warned <= 33  # 5 % of 400, and three standard deviations


def test_a_wrong_value_and_a_wrong_session_are_found_in_their_place() -> None:
    rng = np.random.default_rng(1)
    values = np.repeat(rng.normal(0, 5, 6), 4) + rng.normal(0, 0.1, 24)
    values[13] += 1
    sessions = np.repeat(np.arange(6), 4).tolist()
    found = outlier(values, sessions)
    assert found is not None and found.outlying and found.index == 13
    chart = chart_within(values, sessions)
    assert chart is not None and 13 in chart.outside_three
    far = outlying_session([0.1, -0.2, 0.0, 0.2, 9.0, -0.1, 0.1], [4] * 7)
    assert far is not None and far.outlying and far.index == 4
    drifting = chart_of_sessions([1.0, 2.1, 2.9, 4.2, 5.0, 6.1], [4] * 6)
    assert drifting is not None and "trend" in {s.rule for s in drifting.signals}
    assert chart_of_sessions([1.0, 2.0], [1, 2]) is None


def standards(values: list[tuple[str, str, str]], series: str = "T") -> str:
    """Return a file of standards from (session, instrument, value)."""
    return HEAD + "".join(
        f"{series},standard,TI,{instrument},{session},S,2025-03-{n:02},{value},10,g\n"
        for n, (session, instrument, value) in enumerate(values, start=1)
    )


def test_the_alarm_of_an_estimate_names_its_session(books: MeasuredBooks) -> None:
    means = {"A": 10.0, "B": 10.1, "C": 9.9, "D": 10.05, "E": 12.0, "F": 10.0, "G": 9.95}
    steps = (-0.001, 0.0005, 0.0, 0.0005)
    books.measure("controls", standards(
        [(s, "", f"{m + d:.4f}") for s, m in means.items() for d in steps]))  # fmt: skip
    found = {f.code: f for f in estimated(books, "T").findings}
    assert found["ESTIMATE-OUTLIER"].message.startswith("the session E lies")
    assert "with probability 0.025" in found["ESTIMATE-OUTLIER"].message
    data = estimated(books, "T").to_dict()
    assert data["session_outlier_test"]["index"] == 4 and not data["outlier_test"]["outlying"]
    assert data["session_control_chart"]["centre"] == pytest.approx(0.0285714, rel=1e-3)


# --- what does not belong together -----------------------------------------------------------


def test_instruments_that_are_mixed_are_said_and_kept_apart(books: MeasuredBooks) -> None:
    rows = [("1", "T1", value) for value in ("10.00", "10.02")]
    rows += [("1", "T2", value) for value in ("11.00", "11.02")]
    books.measure("controls", standards(rows))
    found = estimated(books, "T")
    assert found.findings[0].code == "ESTIMATE-MIXED"
    assert "T1 and T2" in found.findings[0].message
    assert found.sessions == 2 and found.random is not None
    assert math.sqrt(found.random.variance) == pytest.approx(0.001 * math.sqrt(2))


def test_measurements_without_session_beside_named_ones(books: MeasuredBooks) -> None:
    rows = [("1", "", "10.00"), ("1", "", "10.02"), ("2", "", "11.00"), ("2", "", "11.02")]
    books.measure("controls", standards([*rows, ("", "", "19"), ("", "", "1")]))
    found = estimated(books, "T")
    assert [f.code for f in found.findings] == ["ESTIMATE-MIXED"]
    assert (found.count, found.left_out, found.bias, found.components) == (4, 2, None, None)
    assert found.random is not None and found.random.degrees == 2
    assert [row["what"] for row in rows_of(found)] == ["random"]
    with pytest.raises(UsageError):
        record_estimate(books.database, ACTOR, found, Wanted("A", "systematic", basis="mass"))


def test_items_of_their_own_in_each_session_have_no_session_to_compare(
    books: MeasuredBooks,
) -> None:
    rows = [f"R,replicate,TI,,{s},item {s},2025-01-0{s},{s}.{v},,g\n"
            for s in (1, 2, 3, 4) for v in ("01", "04", "03")]  # fmt: skip
    books.measure("controls", HEAD + "".join(rows))
    found = estimated(books, "R")
    assert found.session_outlier is None and found.session_chart is None
    assert [f.code for f in found.findings] == ["ESTIMATE-FEW"]


# --- words -----------------------------------------------------------------------------------


def test_levels_are_said(books: MeasuredBooks) -> None:
    books.measure("controls", standards(
        [(str(n // 3), "", v) for n, v in enumerate(("10.02", "10.03", "10.01") * 3)]))  # fmt: skip
    found = estimated(books, "T", confidence=0.9)
    rows = rows_of(found)
    assert {"one sigma", "90 % interval"} < set(rows[0])
    assert rows[-1]["remark"].endswith("significant at 90 %")
    words = next(f.message for f in found.findings if f.code == "ESTIMATE-BIAS")
    assert "one sigma" in words and "at 90 %" in words


def test_certified_value_of_zero_is_evaluated_absolutely(books: MeasuredBooks) -> None:
    text = standards([("1", "", "0.1"), ("1", "", "0.2")]).replace(",10,g", ",0,g")
    books.measure("controls", text)
    with pytest.raises(RefusedError) as refused:
        estimated(books, "T")
    assert "--absolute" in refused.value.findings[0].advice
    assert estimated(books, "T", relative=False).bias is not None


def test_why_nothing_can_be_recorded(books: MeasuredBooks) -> None:
    books.measure("controls", standards([("1", "", "10")] * 3))
    with pytest.raises(RefusedError) as refused:
        record_estimate(books.database, ACTOR, estimated(books, "T"), Wanted("A", basis="mass"))
    assert "all equal" in refused.value.findings[0].message
    assert "digits" in refused.value.findings[0].advice
    with pytest.raises(RefusedError) as refused:
        record_estimate(
            books.database, ACTOR, estimated(books, "P"), Wanted("A", instrument_of="operator")
        )
    words = refused.value.findings[0].message
    assert "the series P does not tell this error" in words and "negative" in words


def test_sessions_of_the_worked_example() -> None:
    groups = [np.array(group) / 100 for group in DIFFERENCES]
    assert math.sqrt(one_way(groups).random_variance) == pytest.approx(0.0023511226632776474)
