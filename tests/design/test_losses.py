"""A loss falls in the balances whose periods it happens in, and in no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.design.losses import loss_vector
from keiryo.errors import UsageError

CLOSINGS = np.array([0.0, 10.0, 20.0, 50.0])


@pytest.mark.parametrize(
    ("hour", "balance"), [(0.5, 0), (10.0, 0), (10.001, 1), (20.0, 1), (20.5, 2), (50.0, 2)]
)
def test_an_abrupt_loss_at_a_closing_belongs_to_the_period_that_ends_there(
    hour: float, balance: int
) -> None:
    found = loss_vector(3.0, hour, hour, CLOSINGS)
    assert found.tolist() == [3.0 if b == balance else 0.0 for b in range(3)]


@given(st.floats(0, 50), st.floats(0, 50), st.floats(1e-6, 100))
def test_nothing_of_a_loss_is_lost(one: float, other: float, kg: float) -> None:
    begin, end = min(one, other), max(one, other)
    if begin == end == 0.0:
        return
    assert loss_vector(kg, begin, end, CLOSINGS).sum() == pytest.approx(kg)


def test_a_protracted_loss_is_spread_by_time() -> None:
    assert loss_vector(9.0, 5.0, 50.0, CLOSINGS).tolist() == [1.0, 2.0, 6.0]


@pytest.mark.parametrize(
    ("begin", "end"), [(0.0, 0.0), (-1.0, 5.0), (5.0, 51.0), (51.0, 51.0), (9.0, 3.0)]
)
def test_a_loss_outside_the_balances_is_refused(begin: float, end: float) -> None:
    with pytest.raises(UsageError):
        loss_vector(1.0, begin, end, CLOSINGS)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_must_be_numbers(bad: float) -> None:
    with pytest.raises(UsageError):
        loss_vector(bad, 1.0, 2.0, CLOSINGS)
    with pytest.raises(UsageError):
        loss_vector(1.0, 1.0, bad, CLOSINGS)


@pytest.mark.parametrize("kg", [-1.0, 1e10])
def test_a_loss_is_positive_and_possible(kg: float) -> None:
    with pytest.raises(UsageError):
        loss_vector(kg, 1.0, 2.0, CLOSINGS)
