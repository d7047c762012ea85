"""SNIP: the worked numbers of the specification, and what holds for every spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.spectra.snip import snip, window_for

WORKED = [10, 12, 11, 13, 60, 110, 62, 12, 11, 10, 9]
PLAIN = [10, 10.5, 11, 11.125, 11.25, 11, 10.75, 10.5, 10.25, 9.625, 9]
TRANSFORMED = [
    *(9.999999999999995, 10.467844568061762, 10.956454744398064, 11.078113044784601),
    *(11.201063871875087, 10.999999999999993, 10.74143350329799, 10.488670581718718),
    *(10.135435846381503, 9.55186903193817, 8.999999999999998),
]


def test_plain() -> None:
    assert snip(WORKED, 3, logarithm=False).tolist() == PLAIN


def test_with_the_logarithms() -> None:
    found = snip(WORKED, 3)
    assert found == pytest.approx(TRANSFORMED, rel=1e-12)
    assert (np.array(WORKED) - found).sum() == pytest.approx(205.3791148075441, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 80))
def test_it_never_lies_above_the_counts_and_ends_stay(counts: list[int], window: int) -> None:
    found = snip(counts, window)
    assert (found <= np.array(counts) * (1 + 1e-9) + 1e-6).all()
    assert (found >= -1e-9).all()
    assert found[[0, -1]] == pytest.approx([counts[0], counts[-1]], rel=1e-9, abs=1e-9)


def test_a_straight_line_stays() -> None:
    assert snip(np.arange(50.0), 7, logarithm=False) == pytest.approx(np.arange(50.0))


@pytest.mark.parametrize(
    ("counts", "window"), [([1.0, -1.0], 1), ([1.0, float("nan")], 1), ([[1.0]], 1), ([1.0], 0)]
)
def test_bad_input(counts: list[float], window: int) -> None:
    with pytest.raises(ValueError):
        snip(counts, window)


def test_window() -> None:
    assert (window_for(4.0), window_for(0.1)) == (6, 1)
