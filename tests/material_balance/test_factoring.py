"""The checked Cholesky factor: what is refused, and what is left out with a word."""

from __future__ import annotations

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.material_balance.factoring import factor
from keiryo.material_balance.statistics import sitmuf
from material_balance.worked_cases import B_COVARIANCE, B_MUF


def test_a_good_covariance() -> None:
    found = factor(B_COVARIANCE)
    np.testing.assert_allclose(found.lower @ found.lower.T, B_COVARIANCE)
    assert found.usable.all()
    assert found.findings == ()
    assert (found.balances, found.count) == (8, 8)


@pytest.mark.parametrize(
    ("covariance", "words"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], r"balance 2.*variance would be -3 .*eigenvalue -1"),
        ([[1.0, 0.5], [0.4, 1.0]], "not symmetric: balances 1 and 2"),
        ([[1.0, np.nan], [np.nan, 1.0]], "balances 1 and 2 is not a finite number"),
        ([[1.0, 0.0], [0.0, np.inf]], "balances 2 and 2 is not a finite number"),
        ([[1.0, 0.0], [0.0, -1.0]], r"variance of balance 2 is negative.*eigenvalue -1"),
        ([[0.0, 1.0], [1.0, 1.0]], "balance 1 has no variance but is correlated"),
        ([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]], "not positive semidefinite"),
        ([[1.0, 2.0]], "square"),
        (np.zeros((0, 0)), "no balance"),
    ],
)
def test_refused(covariance, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        factor(covariance)
    assert caught.value.advice


def test_a_balance_without_error_is_left_out_and_named() -> None:
    covariance = np.diag([1.0, 0.0, 4.0])
    found = factor(covariance)
    assert found.usable.tolist() == [True, False, True]
    assert [f.code for f in found.findings] == ["BALANCE-WITHOUT-ERROR"]
    assert found.findings[0].cell == "balance 2"
    y = sitmuf([1.0, 0.0, 4.0], found)
    assert y[[0, 2]].tolist() == [1.0, 2.0]
    assert np.isnan(y[1])


def test_a_determined_balance_is_left_out_and_named() -> None:
    shared = np.array([2.0, 1.0, 3.0])
    covariance = np.outer(shared, shared) + np.diag([0.0, 0.0, 1.0])
    found = factor(covariance)
    assert found.usable.tolist() == [True, False, True]
    assert [(f.code, f.cell) for f in found.findings] == [("BALANCE-DETERMINED", "balance 2")]
    rest = found.lower @ found.lower.T
    np.testing.assert_allclose(rest, covariance[np.ix_([0, 2], [0, 2])])


def test_a_missing_balance_is_left_out_silently() -> None:
    found = factor(B_COVARIANCE, leave_out=[False, True] + [False] * 6)
    kept = [0, 2, 3, 4, 5, 6, 7]
    direct = factor(B_COVARIANCE[np.ix_(kept, kept)])
    np.testing.assert_allclose(found.lower, direct.lower)
    assert found.findings == ()
    muf = B_MUF.copy()
    muf[1] = np.nan
    np.testing.assert_allclose(sitmuf(muf, found)[kept], sitmuf(B_MUF[kept], direct))


def test_nothing_to_factor() -> None:
    found = factor(np.zeros((2, 2)))
    assert found.count == 0
    assert np.isnan(sitmuf([1.0, 2.0], found)).all()
    assert len(found.findings) == 2


def test_rounding_is_no_asymmetry() -> None:
    rounded = B_COVARIANCE.copy()
    rounded[0, 1] *= 1 + 1e-15
    np.testing.assert_allclose(factor(rounded).lower, factor(B_COVARIANCE).lower)
