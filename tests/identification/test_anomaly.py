"""Spectral anomalies: scores against a slow reference, rates kept, shadows that do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.identification.anomaly import (
    COUNTS,
    GROSS,
    KINDS,
    SHAPE,
    anomaly_test,
    score_weights,
    tail_threshold,
)

BINS = 40
QUIET = 60 * np.exp(-np.arange(BINS) / 12.0) + 2
SHAPES = np.array([np.exp(-0.5 * ((np.arange(BINS) - at) / 2) ** 2) for at in (8, 20, 33)])
SHAPES /= SHAPES.sum(axis=1, keepdims=True)


def test_score_by_hand() -> None:
    """``z = sum w (x - b) / sqrt(sum w**2 b)`` with ``w = s / b``, in plain loops."""
    window = np.random.default_rng(3).poisson(QUIET)
    found = score_weights(QUIET, SHAPES, kind=COUNTS) @ (window - QUIET)
    for shape, score in zip(SHAPES, found, strict=True):
        weights = [s / b for s, b in zip(shape, QUIET, strict=True)]
        upper = sum(w * (x - b) for w, x, b in zip(weights, window, QUIET, strict=True))
        lower = sum(w * w * b for w, b in zip(weights, QUIET, strict=True)) ** 0.5
        assert score == pytest.approx(upper / lower, rel=1e-12)
    gross = float((score_weights(QUIET, SHAPES, kind=GROSS) @ (window - QUIET))[0])
    assert gross == pytest.approx((window.sum() - QUIET.sum()) / QUIET.sum() ** 0.5, rel=1e-12)


@settings(max_examples=50)
@given(st.floats(0.0, 3.0), st.floats(0.0, 2.0))
def test_shape_alone_does_not_see_the_total(factor: float, share: float) -> None:
    weights = score_weights(QUIET, SHAPES, kind=SHAPE, share=share)
    assert weights @ (factor * QUIET) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_that_is_asked_for_is_kept(kind: str) -> None:
    """With a background that is estimated each time, over many of them."""
    random, rate, alarms, number = np.random.default_rng(5), 0.02, 0, 0
    for seed in range(25):
        counted = random.poisson(QUIET * 5)
        test = anomaly_test(
            counted,
            SHAPES,
            window_s=1.0,
            background_s=5.0,
            false_alarms_per_window=rate,
            kind=kind,
            trials=4000,
            seed=seed,
        )
        alarms += int(test.alarms(random.poisson(QUIET, (400, BINS))).sum())
        number += 400
    assert 0.5 * rate < alarms / number < 2 * rate


def test_a_source_behind_a_shadow() -> None:
    test = {
        kind: anomaly_test(
            (QUIET * 200).astype(int),
            SHAPES,
            window_s=1.0,
            background_s=200.0,
            false_alarms_per_window=1e-4,
            kind=kind,
            trials=20000,
        )
        for kind in (SHAPE, GROSS)
    }
    windows = np.random.default_rng(1).poisson(0.8 * QUIET + 90 * SHAPES[1], (200, BINS))
    assert test[SHAPE].alarms(windows).mean() > 0.99
    assert test[GROSS].alarms(windows).mean() < 0.2
    assert (test[SHAPE].scores(windows)[1] == 1).mean() > 0.95


def test_a_tail_beyond_the_trials() -> None:
    """The exponential tail against the law of the highest of 50 normal scores."""
    scores = np.random.default_rng(2).normal(size=(40000, 50)).max(axis=1)
    assert tail_threshold(scores, 1e-5) == pytest.approx(5.07, abs=0.25)
    assert tail_threshold(scores, 0.01) == pytest.approx(np.quantile(scores, 0.99))


@pytest.mark.parametrize(
    ("counts", "window", "background", "rate", "kind"),
    [
        (QUIET, 0.0, 5.0, 0.1, SHAPE),
        (QUIET, 1.0, 0.0, 0.1, SHAPE),
        (QUIET, 1.0, float("nan"), 0.1, SHAPE),
        (QUIET, 1.0, 5.0, 0.0, SHAPE),
        (QUIET, 1.0, 5.0, 1.0, SHAPE),
        (QUIET * 0, 1.0, 5.0, 0.1, SHAPE),
        (QUIET, 1.0, 5.0, 0.1, "x"),
    ],
)
def test_what_cannot_be_tested(
    counts: np.ndarray, window: float, background: float, rate: float, kind: str
) -> None:
    with pytest.raises(ValueError, match=r"between|counts|none of"):
        anomaly_test(
            counts,
            SHAPES,
            window_s=window,
            background_s=background,
            false_alarms_per_window=rate,
            kind=kind,
            trials=100,
        )
