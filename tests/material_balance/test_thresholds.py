"""Thresholds for a campaign, against published and independently computed values."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import chi2, norm

from keiryo.errors import UsageError
from keiryo.material_balance import thresholds as t

TABLE = [
    (8, 2.933520140296973, 1.710575837425016, 2.489777694388014),
    (10, 3.1749743336934264, 1.8240284194329965, 2.5678753685925684),
    (12, 3.3745214033316033, 1.9165259400283894, 2.630312646175007),
    (15, 3.619977634467042, 2.029534237068753, 2.705146563080746),
    (20, 3.936436984217009, 2.174990773264013, 2.799211472482397),
    (24, 4.136229932986248, 2.267086208043774, 2.857503686759258),
    (52, 4.971658187164014, 2.657418028174799, 3.0944402717682284),
    (269, 6.684189084519494, 3.486584667499203, 3.5526811069947684),
]


@pytest.mark.parametrize(("balances", "half", "one", "shewhart"), TABLE)
def test_table_of_thresholds(balances: int, half: float, one: float, shewhart: float) -> None:
    assert t.page_threshold(balances).threshold == pytest.approx(half, rel=1e-9)
    assert t.page_threshold(balances, k=1.0).threshold == pytest.approx(one, rel=1e-9)
    assert t.shewhart_threshold(balances).threshold == pytest.approx(shewhart, rel=1e-12)


@pytest.mark.parametrize(
    ("balances", "expected"),
    [
        (8, 5.380722613944011),
        (10, 6.106975720282277),
        (12, 6.767184801149863),
        (15, 7.6656159526858865),
        (20, 8.988103816178509),
        (24, 9.93333298540442),
    ],
)
def test_page_without_reference_value(balances: int, expected: float) -> None:
    assert t.page_threshold(balances, k=0.0).threshold == pytest.approx(expected, rel=1e-9)


def test_joint_pair() -> None:
    protracted, abrupt = t.joint_page_thresholds(15, 0.05, (0.25, 1.5))
    assert protracted.threshold == pytest.approx(6.035275782675011, rel=1e-9)
    assert abrupt.threshold == pytest.approx(1.5196734542242907, rel=1e-9)
    assert (protracted.k, abrupt.k, protracted.method) == (0.25, 1.5, "conservative")


def test_joint_pair_together_uses_less_than_alpha() -> None:
    pair = t.joint_page_thresholds(15, 0.05, (0.25, 1.5))
    y = np.random.default_rng(9).standard_normal((200_000, 15))
    alarm = np.zeros(len(y), dtype=bool)
    for threshold in pair:
        state = np.zeros(len(y))
        for i in range(15):
            state = np.maximum(0, state + y[:, i] - threshold.k)
            alarm |= state > threshold.threshold
    assert alarm.mean() == pytest.approx(0.0444, abs=0.0016)


def test_start_with_the_first_residual_as_it_is() -> None:
    assert t.page_threshold(14).threshold == pytest.approx(3.5440215192613076, rel=1e-9)
    raised = t.page_threshold(14, start=0.5)  # S_1 = max(0, y_1)
    assert raised.threshold == pytest.approx(3.650585505465645, rel=1e-9)


@pytest.mark.parametrize(
    ("h", "expected"),
    [(0.4, 0.9497044107590696), (0.5, 0.9263618768433236), (1.5, 0.48703534895018874)],
)
def test_false_alarms_of_a_threshold_that_is_too_low(h: float, expected: float) -> None:
    assert t.page_false_alarm(14, h) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("h", "shift", "expected"),
    [
        (4, 0, 335.36757762707924),
        (4, 0.5, 26.67916243433896),
        (4, 1, 8.383202129749996),
        (4, 2, 3.342770131124718),
        (4, 3, 2.1944809086117836),
        (5, 0, 930.8870120625048),
        (5, 0.5, 38.00960992189668),
        (5, 1, 10.375975300207783),
        (5, 2, 4.008871061048345),
        (5, 3, 2.573252051447415),
    ],
)
def test_published_run_lengths(h: float, shift: float, expected: float) -> None:
    assert t.page_run_length(h, 0.5, shift) == pytest.approx(expected, rel=1e-9)


def test_two_sided_run_lengths() -> None:
    found = [t.page_run_length(h, two_sided=True) for h in (4, 5)]
    assert found == pytest.approx([167.68378881353962, 465.4435060312524], rel=1e-9)


@pytest.mark.parametrize(("balances", "expected"), [(8, 0.0160), (15, 0.0120)])
def test_common_probability_of_gemuf(balances: int, expected: float) -> None:
    found = t.gemuf_v1_threshold(balances)
    assert found.threshold == pytest.approx(expected, abs=1e-4)
    assert found.method == "exact"


def test_common_probability_of_gemuf_for_two_balances_by_direct_integration() -> None:
    p = t.gemuf_v1_threshold(2).threshold
    first, second = chi2.isf(p, 1), chi2.isf(p, 2)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    y = 0.5 * np.sqrt(first) * (nodes + 1)
    inside = 2 * norm.pdf(y) * chi2.cdf(second - y * y, 1)
    quiet = 0.5 * np.sqrt(first) * weights @ inside
    assert 1 - quiet == pytest.approx(0.05, rel=1e-9)


def test_limits_of_gemuf_for_a_chart() -> None:
    limits = t.gemuf_v1_limits(t.gemuf_v1_threshold(8), 8)
    np.testing.assert_allclose(chi2.sf(limits, np.arange(1, 9)), 0.016013085295825, rtol=1e-9)


def test_tiny_probabilities_keep_their_precision() -> None:
    for balances in (5, 1000):
        h = t.page_threshold(balances, 1e-12).threshold
        assert t.page_false_alarm(balances, h) == pytest.approx(1e-12, rel=1e-9)
    assert t.page_threshold(1, 1e-12).threshold == pytest.approx(norm.isf(1e-12) - 0.5, rel=1e-9)


def test_gemuf_of_many_balances_is_conservative() -> None:
    exact, many = t.gemuf_v1_threshold(60), t.gemuf_v1_threshold(121)
    assert many.method == "conservative"
    assert many.threshold == pytest.approx(1 - 0.95 ** (1 / 121), rel=1e-9)
    assert 1 - 0.95 ** (1 / 60) < exact.threshold < 0.05


def test_random_walk_against_simulation() -> None:
    found = t.independent_cumuf_threshold(8)
    assert found.method == "exact"
    draws = np.random.default_rng(7).standard_normal((200_000, 8))
    walk = draws.cumsum(axis=1) / np.sqrt(np.arange(1, 9))
    share = (walk.max(axis=1) > found.threshold).mean()
    assert share == pytest.approx(0.05, abs=0.002)
    assert t.independent_cumuf_threshold(1).threshold == pytest.approx(norm.isf(0.05), rel=1e-9)
    two = t.independent_cumuf_threshold(2).threshold
    nodes, weights = np.polynomial.legendre.leggauss(80)
    y = 0.5 * (two + 9) * (nodes + 1) - 9
    quiet = 0.5 * (two + 9) * weights @ (norm.pdf(y) * norm.cdf(two * np.sqrt(2) - y))
    assert 1 - quiet == pytest.approx(0.05, rel=1e-9)
    assert t.independent_cumuf_threshold(151).method == "conservative"


def test_page_against_simulation() -> None:
    y = np.random.default_rng(3).standard_normal((100_000, 8))
    state, most = np.zeros(100_000), np.zeros(100_000)
    for i in range(8):
        state = np.maximum(0, state + y[:, i] - 0.5)
        most = np.maximum(most, state)
    assert (most > t.page_threshold(8).threshold).mean() == pytest.approx(0.05, abs=0.003)


def test_ten_thousand_balances_take_seconds() -> None:
    begun = time.perf_counter()
    for k in (0.5, 1.0):
        found = t.page_threshold(10_000, k=k)
        assert t.page_false_alarm(10_000, found.threshold, k) == pytest.approx(0.05, rel=1e-8)
    assert time.perf_counter() - begun < 30
    # the rate of alarms is steady in the end: 1/ARL per balance
    length = t.page_run_length(t.page_threshold(10_000).threshold)
    assert 1 - np.exp(-10_000 / length) == pytest.approx(0.05, rel=2e-3)


def test_one_balance_is_a_plain_test() -> None:
    plain = 1.6448536269514722
    assert t.page_threshold(1).threshold == pytest.approx(plain - 0.5, rel=1e-9)
    assert t.gemuf_v1_threshold(1).threshold == 0.05
    assert t.conservative_threshold(1, 0.05, "muf").threshold == pytest.approx(plain)
    assert t.conservative_threshold(1, 0.05, "muf").method == "exact"
    assert t.single_balance_threshold(0.05, 2.0) == pytest.approx(2 * plain)


def test_conservative_thresholds() -> None:
    sidak = t.conservative_threshold(8, 0.05, "cumuf")
    assert sidak.threshold == pytest.approx(2.489777694388014, rel=1e-12)
    bonferroni = t.conservative_threshold(8, 0.05, "muf", positively_correlated=False)
    assert bonferroni.threshold == pytest.approx(norm.isf(0.05 / 8), rel=1e-12)
    assert bonferroni.method == "conservative"


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.95, 2.4318273276470768), (0.9, 2.7337294303993542), (0.5, 4.8636546552941535)],
)
def test_needed_sigma(probability: float, expected: float) -> None:
    found = t.needed_sigma(8.0, detection_probability=probability)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: t.page_threshold(0), "not a number of balances"),
        (lambda: t.page_threshold(8.5), "not a number of balances"),
        (lambda: t.page_threshold(10**9), "not a number of balances"),
        (lambda: t.page_threshold(8, 0.0), "alpha = 0.0"),
        (lambda: t.page_threshold(8, 1.0), "alpha = 1.0"),
        (lambda: t.page_threshold(8, float("nan")), "alpha = nan"),
        (lambda: t.page_threshold(8, k=-0.5), "k = -0.5"),
        (lambda: t.page_threshold(8, k=4.0), "even a threshold of 0"),
        (lambda: t.page_threshold(8, start=-1.0), "cannot start"),
        (lambda: t.page_false_alarm(8, -1.0), "at least 0"),
        (lambda: t.page_run_length(float("inf")), "must be numbers"),
        (lambda: t.joint_page_thresholds(8, 0.05, ()), "no k"),
        (lambda: t.shewhart_threshold(-1), "not a number of balances"),
        (lambda: t.gemuf_v1_threshold(8, 2.0), "alpha = 2.0"),
        (lambda: t.independent_cumuf_threshold(0), "not a number of balances"),
        (lambda: t.needed_sigma(0.0), "the loss is 0.0"),
        (lambda: t.needed_sigma(8.0, detection_probability=0.04), "must lie between"),
        (lambda: t.single_balance_threshold(0.05, -1.0), "not a positive number"),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert caught.value.advice
