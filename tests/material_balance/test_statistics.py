"""Test statistics of a sequence, against a worked example (a plant that runs steadily)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.material_balance import statistics as s
from keiryo.material_balance.thresholds import shewhart_threshold
from material_balance.worked_cases import B_COVARIANCE, B_MUF, covariances

CLOSE = {"rtol": 1e-9, "atol": 1e-12}

WORKED = {
    "cumuf": [1.2, 0.4, 0.9, 2.9, 1.8, 4.8, 5.2, 7.1],
    "sigma_cumuf": [
        1.6431676725154984, 2.0976176963403033, 2.6645825188948455, 3.286335345030997,
        3.9370039370059056, 4.604345773288535, 5.282045058497703, 5.966573556070519,
    ],
    "itmuf": [
        1.2, -0.5777777777777778, 0.1875, 1.9459459459459458, -0.7122817579771226,
        2.3335514834205933, 0.9479279853842475, 1.7258336413848212,
    ],
    "sigma_itmuf": [
        1.6431676725154984, 1.6147468555186624, 1.5949137907736581, 1.5409241300100323,
        1.485875704921383, 1.441148435541435, 1.4069412762719016, 1.3810210690124036,
    ],
    "sitmuf": [
        0.7302967433402214, -0.3578132236660672, 0.11756121307913944, 1.2628434509188178,
        -0.47936833183150324, 1.6192304872078531, 0.6737509243428107, 1.2496794437893697,
    ],
    "page": [
        0.23029674334022143, 0, 0, 0.7628434509188178, 0, 1.1192304872078531, 1.292981411550664,
        2.0426608553400336,
    ],
    "ewma": [
        0.7302967433402217, 0.17680757284266618, 0.20864186969943643, 0.9877416240420259,
        0.45856267857645766, 1.365901443244639, 1.4919347822947961, 1.9443739403612235,
    ],
    "gemuf_v1": [
        0.5333333333333332, 0.6613636363636363, 0.675184275184275, 2.2699578567128236,
        2.499751854275742, 5.1216592249791235, 5.575599533031915, 7.137298245261624,
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", list(WORKED))
def test_worked_example(name: str) -> None:
    known = s.factor(B_COVARIANCE)
    y = s.sitmuf(B_MUF, known)
    found = {
        "cumuf": s.cumuf(B_MUF),
        "sigma_cumuf": s.sigma_cumuf(B_COVARIANCE),
        "itmuf": s.itmuf(B_MUF, known),
        "sigma_itmuf": s.sigma_itmuf(known),
        "sitmuf": y,
        "page": s.page(y),
        "ewma": s.ewma(y),
        "gemuf_v1": s.gemuf_v1(y),
    }[name]
    np.testing.assert_allclose(found, WORKED[name], **CLOSE)


def test_probability_of_the_last_gemuf() -> None:
    y = s.sitmuf(B_MUF, s.factor(B_COVARIANCE))
    probability = s.gemuf_v1_probability(s.gemuf_v1(y))
    assert probability[-1] == pytest.approx(0.5218943866367189, rel=1e-9)


def test_power_one_boundary() -> None:
    assert s.power_one_constant(0.05) == pytest.approx(2.4477468306808166, rel=1e-12)
    assert s.power_one_boundary(10, m=5) == pytest.approx(10.31266951553483, rel=1e-12)


def test_sprt_bounds() -> None:
    found = s.sprt_bounds(0.05, 0.1)
    assert found.alarm == pytest.approx(2.8903717578961645, rel=1e-12)
    assert found.no_alarm == pytest.approx(-2.251291798606495, rel=1e-12)


def test_sprt_is_the_log_likelihood_ratio() -> None:
    y, mean = np.array([0.3, np.nan, 1.1]), np.array([1.0, np.nan, 0.5])
    found = s.sprt(y, mean)
    assert found[0] == pytest.approx(0.3 - 0.5)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(0.3 - 0.5 + 0.55 - 0.125)


def test_gemuf_v5_by_the_full_quadratic_form() -> None:
    found = s.gemuf_v5(B_MUF, s.factor(B_COVARIANCE))
    assert np.isnan(found[[0, 1, 6, 7]]).all()
    estimate = np.zeros(8)
    for i in range(2, 6):
        window = B_MUF[i - 2 : i + 3]
        estimate[i] = window @ [1, 1, 3, 1, 1] / 7
    for i in range(2, 6):
        part = np.linalg.solve(B_COVARIANCE[: i + 1, : i + 1], B_MUF[: i + 1])
        assert found[i] == pytest.approx(estimate[: i + 1] @ part, rel=1e-12)


def test_gemuf_v5_needs_five_balances() -> None:
    found = s.gemuf_v5(B_MUF[:4], s.factor(B_COVARIANCE[:4, :4]))
    assert np.isnan(found).all()


def test_neyman_pearson() -> None:
    loss = np.full(8, 1.5)
    weights = np.linalg.solve(B_COVARIANCE, loss)
    expected = weights @ B_MUF / np.sqrt(weights @ loss)
    found = s.neyman_pearson(B_MUF, loss, s.factor(B_COVARIANCE))
    assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(UsageError, match="zero in every balance"):
        s.neyman_pearson(B_MUF, np.zeros(8), s.factor(B_COVARIANCE))


def test_realizations_are_rows() -> None:
    rows = np.stack([B_MUF, 2 * B_MUF, -B_MUF])
    known = s.factor(B_COVARIANCE)
    y = s.sitmuf(rows, known)
    np.testing.assert_allclose(y[1], 2 * y[0])
    for statistic in (s.page, s.ewma, s.gemuf_v1, lambda v: s.joint_page(v, [0.25, 1.5])[1]):
        whole = statistic(y)
        for n in range(3):
            np.testing.assert_allclose(whole[n], statistic(y[n]))
    np.testing.assert_allclose(s.gemuf_v5(rows, known)[2], s.gemuf_v5(-B_MUF, known))


def test_one_balance() -> None:
    known = s.factor([[4.0]])
    y = s.sitmuf([3.0], known)
    assert y.tolist() == [1.5]
    assert s.page(y).tolist() == [1.0]
    assert s.page(-y).tolist() == [0.0]
    assert s.itmuf([3.0], known).tolist() == [3.0]
    assert s.ewma(y) == pytest.approx([1.5])
    assert s.gemuf_v1(y).tolist() == [2.25]
    assert s.sigma_cumuf([[4.0]]).tolist() == [2.0]
    assert shewhart_threshold(1).threshold == pytest.approx(1.6448536269514722, rel=1e-12)


def test_page_skips_a_balance_that_cannot_be_tested() -> None:
    found = s.page([1.0, np.nan, 1.0], 0.5)
    assert found[0] == 0.5
    assert np.isnan(found[1])
    assert found[2] == 1.0
    assert s.page([0.2], 0.5, start=1.0).tolist() == [0.7]


def test_ewma_skips_too() -> None:
    with_gap = s.ewma([0.5, np.nan, 1.5, -0.3])
    np.testing.assert_allclose(with_gap[[0, 2, 3]], s.ewma([0.5, 1.5, -0.3]))
    np.testing.assert_allclose(s.ewma([0.5, 1.5], 1.0), [0.5, 1.5])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: s.page([1.0], -0.1), "reference value"),
        (lambda: s.page([1.0], 0.5, start=-1), "cannot start"),
        (lambda: s.ewma([1.0], 0.0), "outside"),
        (lambda: s.power_one_boundary(1, m=0), "positive"),
        (lambda: s.power_one_constant(0), "probability"),
        (lambda: s.sprt_bounds(0.6, 0.5), "nothing to decide"),
        (lambda: s.sitmuf([1.0, 2.0], s.factor([[1.0]])), "2 balances were given"),
        (lambda: s.sitmuf([np.nan], s.factor([[1.0]])), "not a finite number"),
        (lambda: s.sigma_cumuf([[1.0, -2.0], [-2.0, 1.0]]), "negative at balance 2"),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert caught.value.advice


@settings(deadline=None, max_examples=40)
@given(covariances(), st.integers(1, 6))
def test_sitmuf_is_prefix_stable(covariance: np.ndarray, length: int) -> None:
    size = len(covariance)
    part = min(length, size)
    muf = np.linspace(-1, 2, size)
    whole = s.sitmuf(muf, s.factor(covariance))
    prefix = s.sitmuf(muf[:part], s.factor(covariance[:part, :part]))
    np.testing.assert_allclose(whole[:part], prefix, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(covariances())
def test_laws_of_a_covariance(covariance: np.ndarray) -> None:
    size = len(covariance)
    direct = [np.sqrt(covariance[: i + 1, : i + 1].sum()) for i in range(size)]
    np.testing.assert_allclose(s.sigma_cumuf(covariance), direct, rtol=1e-9)
    muf = np.arange(1.0, size + 1)
    y = s.sitmuf(muf, s.factor(covariance))
    # the Mahalanobis distance
    assert s.gemuf_v1(y)[-1] == pytest.approx(muf @ np.linalg.solve(covariance, muf), rel=1e-7)
    # other units change nothing
    scaled = s.sitmuf(muf * 1000, s.factor(covariance * 1e6))
    np.testing.assert_allclose(scaled, y, rtol=1e-9, atol=1e-12)
