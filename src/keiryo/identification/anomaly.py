"""Spectral anomalies: whether a short spectrum differs from the background towards any source.

A matched score (radiation detection, Poisson weights): each template is laid on what the spectrum
has more than the background, in bins by the square root of the energy. The form that looks at the
shape alone takes off of each template what looks as the background itself: it does not change when
a vehicle shadows the ground. The background is itself counted for a time, and the score knows
that. The threshold is not a number of sigmas but found by simulation, so that the false-alarm rate
that is asked for is kept over all templates together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHAPE, COUNTS, GROSS = "shape", "counts", "gross"
KINDS = (SHAPE, COUNTS, GROSS)
_LEAST = 1e-12
FEWEST_EXCEEDED = 30
"""A threshold is set where at least so many simulated windows would exceed it, else from a tail."""


@dataclass(frozen=True, slots=True)
class AnomalyTest:
    """A test of windows against a background.

    Attributes
    ----------
    kind : str
        ``shape`` (total counts do not matter), ``counts`` (shape and total), or ``gross``.
    weights : ndarray, shape (templates, bins)
        Score of a template: the sum of its weights times the counts, less what the background
        gives; in sigmas.
    expected : ndarray, shape (bins,)
        Counts of the background in a window.
    offsets : ndarray, shape (templates,)
        What the background gives.
    threshold : float
        A window with a higher score alarms.
    false_alarms_per_window : float
        As asked for.
    """

    kind: str
    weights: np.ndarray
    expected: np.ndarray
    offsets: np.ndarray
    threshold: float
    false_alarms_per_window: float

    def scores(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the highest score of each window, and the template that has it.

        Parameters
        ----------
        windows : ndarray, shape (windows, bins)
            Counts, each window as long as the test is for.
        """
        scored = windows @ self.weights.T - self.offsets
        which = scored.argmax(axis=1)
        return scored[np.arange(len(scored)), which], which

    def alarms(self, windows: np.ndarray) -> np.ndarray:
        """Return which windows alarm, shape (windows,)."""
        found: np.ndarray = self.scores(windows)[0] > self.threshold
        return found


def score_weights(
    expected: np.ndarray, shapes: np.ndarray, *, kind: str, share: float = 0.0
) -> np.ndarray:
    """Return the weights of the matched score ``z = sum w (x - b) / sqrt(sum w**2 V)``.

    Parameters
    ----------
    expected : ndarray, shape (bins,)
        Counts ``b`` of the background in a window.
    shapes : ndarray, shape (templates, bins)
        Each adds up to 1.
    kind : str
        One of `KINDS`; ``gross`` needs no shapes.
    share : float
        Length of a window by the time in which the background was counted: its variance is then
        ``V = b (1 + share)``.

    Returns
    -------
    ndarray, shape (templates, bins)

    Raises
    ------
    ValueError
        For an unknown kind, or a background without counts.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind} is none of {', '.join(KINDS)}")
    if not expected.sum() > 0:
        raise ValueError("the background has no counts: nothing can be tested against it")
    base = np.maximum(expected, 1e-3 * expected.mean())
    if kind == GROSS:
        made = np.ones((1, len(expected)))
    else:
        taken = shapes
        if kind == SHAPE:
            taken = shapes - shapes.sum(axis=1, keepdims=True) / base.sum() * base
        made = taken / base
    spread = np.sqrt(np.maximum((made * made) @ base, _LEAST) * (1 + share))
    found: np.ndarray = made / spread[:, None]
    return found


def anomaly_test(
    background: np.ndarray,
    shapes: np.ndarray,
    *,
    window_s: float,
    background_s: float,
    false_alarms_per_window: float,
    kind: str = SHAPE,
    trials: int = 40_000,
    seed: int = 0,
) -> AnomalyTest:
    """Return a test against a background that was counted, with its threshold by simulation.

    Windows are drawn together with backgrounds of the length that is used, so that the threshold
    holds for a background that is estimated, not known. Where fewer than 30 of the trials lie
    beyond the threshold asked for, it is found from an exponential tail of the highest one per
    cent.

    Parameters
    ----------
    background : ndarray of int, shape (bins,)
        Counts in `background_s`.
    shapes : ndarray, shape (templates, bins)
    window_s, background_s : float
        Lengths of time in seconds.
    false_alarms_per_window : float
        Between 0 and 1: of windows that do not overlap.
    kind : str
        One of `KINDS`.
    trials : int
        Number of simulated windows.
    seed : int
        Of the simulation.

    Raises
    ------
    ValueError
        If a length of time or the rate is out of its range, or the background has no counts.
    """
    if not (window_s > 0 and background_s > 0 and 0 < false_alarms_per_window < 1):
        raise ValueError("times are above 0 and the false-alarm rate is between 0 and 1")
    share = window_s / background_s
    expected = np.asarray(background, dtype=np.float64) * share
    weights = score_weights(expected, shapes, kind=kind, share=share)
    random, highest = np.random.default_rng(seed), []
    for start in range(0, trials, 2000):
        number = min(2000, trials - start)
        windows = random.poisson(expected, (number, len(expected)))
        estimated = random.poisson(np.maximum(background, 0), (number, len(expected))) * share
        highest.append(((windows - estimated) @ weights.T).max(axis=1))
    threshold = tail_threshold(np.concatenate(highest), false_alarms_per_window)
    offsets = weights @ expected
    return AnomalyTest(kind, weights, expected, offsets, threshold, false_alarms_per_window)


def tail_threshold(scores: np.ndarray, rate: float) -> float:
    """Return the score that a share of all is beyond, from an exponential tail where it is rare.

    Parameters
    ----------
    scores : ndarray, shape (trials,)
        Highest scores of windows without a source.
    rate : float
        The share.
    """
    ordered = np.sort(scores)
    beyond = len(ordered) * rate
    if beyond >= FEWEST_EXCEEDED:
        return float(np.quantile(ordered, 1 - rate))
    tail = min(0.01, max(10 * FEWEST_EXCEEDED / len(ordered), rate))
    start = float(np.quantile(ordered, 1 - tail))
    squares = ordered[ordered > start] ** 2 - start**2
    mean = float(squares.mean()) if len(squares) else 1.0
    return float(np.sqrt(start**2 + mean * np.log(tail / rate)))
