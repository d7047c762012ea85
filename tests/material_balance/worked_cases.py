"""Worked cases that several tests of material balances use."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

B_COVARIANCE = np.full((8, 8), 0.5)
"""Steady plant: 10 batches of 10 kg in and out per balance, 50 kg in the tank."""
for _i in range(8):
    B_COVARIANCE[_i, _i] = 2.7
    if _i:
        B_COVARIANCE[_i, _i - 1] = B_COVARIANCE[_i - 1, _i] = -0.5

B_MUF = np.array([1.2, -0.8, 0.5, 2.0, -1.1, 3.0, 0.4, 1.9])


@st.composite
def covariances(draw: st.DrawFn) -> np.ndarray:
    """Draw a well-conditioned covariance of one to six balances."""
    size = draw(st.integers(1, 6))
    entries = st.floats(-2, 2, allow_nan=False)
    rows = draw(st.lists(entries, min_size=size * size, max_size=size * size))
    root = np.array(rows).reshape(size, size)
    return root @ root.T + np.eye(size)
