"""Is a measurement method in control? Limits of two and three sigma, runs, trends, outliers.

A control measurement that lies outside three sigma, or several that lie together on one side, say
that the method has changed: what was estimated before does not hold any more. An outlier test says
whether one value fits with the others at all; what it flags is looked into, never dropped by a
program. What sessions (calibrations, shifts, inspections) differ by is a systematic error and no
loss of control: values are judged against the mean of their own session, and the means of the
sessions against each other.

Sources: Shewhart charts with runs rules, e.g. ISO 7870-2 and Nelson, *J. Quality Technology* 16
(1984) 237; Grubbs, *Ann. Math. Stat.* 21 (1950) 27 and ISO 5725-2 (outliers).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keiryo.measurement.estimation import (
    Floats,
    OneWay,
    TooFewError,
    Values,
    finite,
    mean_of,
    middle,
)

MOVING_RANGE_FACTOR = 2 / math.sqrt(math.pi)
"""Expected range of two normal values in standard deviations, 1.128."""

SAME_SIDE = 9
TREND = 6


@dataclass(frozen=True, slots=True)
class ChartSignal:
    """Something on a control chart that calls for an explanation.

    Attributes
    ----------
    rule : str
        ``"3 sigma"``, ``"2 of 3 outside 2 sigma"``, ``"same side"`` or ``"trend"``.
    index : int
        Number of the measurement with which it shows, from 0.
    words : str
    """

    rule: str
    index: int
    words: str


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A series of control measurements against its centre and limits.

    Attributes
    ----------
    centre, sd : float
    sd_from : str
        ``"given"`` or ``"moving range"``.
    standardized : tuple of float
        (value − centre)/sd; empty if sd is 0.
    outside_two, outside_three : tuple of int
        Numbers of the measurements outside two (warning) and three sigma (action), from 0.
    signals : tuple of ChartSignal
    in_control : bool
        Whether there is no signal.
    """

    centre: float
    sd: float
    sd_from: str
    standardized: tuple[float, ...]
    outside_two: tuple[int, ...]
    outside_three: tuple[int, ...]
    signals: tuple[ChartSignal, ...]
    in_control: bool


def control_chart(
    values: Values, *, centre: float | None = None, sd: float | None = None
) -> ControlChart:
    """Judge a series in order of time.

    Parameters
    ----------
    values : array
    centre : float, optional
        Where it should lie; default: the mean.
    sd : float, optional
        Standard deviation of one value; default: mean moving range of neighbours divided by 1.128.

    Raises
    ------
    TooFewError
        With fewer than two values.

    Notes
    -----
    Signals: one value outside three sigma; two of three in a row outside two sigma on one side;
    nine in a row on one side of the centre; six in a row rising, or falling. One value of twenty
    lies outside two sigma by chance, so that alone is no signal.
    """
    array = finite(values)
    if array.size < 2:
        raise TooFewError("a control chart needs at least two measurements")
    centre_line = mean_of(array) if centre is None else centre
    width = float(np.abs(np.diff(array)).mean()) / MOVING_RANGE_FACTOR if sd is None else sd
    scale = max(1e-300, float(np.abs(array).max()) * 1e-15)
    standardized = (array - centre_line) / width if width > scale else np.zeros(0)
    signals = [] if standardized.size == 0 else _signals(standardized)
    if standardized.size:
        signals += _trends(array)
    return ControlChart(
        centre=centre_line,
        sd=width,
        sd_from="moving range" if sd is None else "given",
        standardized=tuple(float(z) for z in standardized),
        outside_two=tuple(int(n) for n in np.flatnonzero(np.abs(standardized) > 2)),
        outside_three=tuple(int(n) for n in np.flatnonzero(np.abs(standardized) > 3)),
        signals=tuple(sorted(signals, key=lambda s: (s.index, s.rule))),
        in_control=not signals,
    )


def _signals(z: Floats) -> list[ChartSignal]:
    found = [
        ChartSignal("3 sigma", int(n), f"{z[n]:.2f} sigma from the centre")
        for n in np.flatnonzero(np.abs(z) > 3)
    ]
    for n in range(2, z.size):
        window = z[n - 2 : n + 1]
        for side in (1.0, -1.0):
            if (side * window > 2).sum() >= 2 and side * z[n] > 2:
                words = "two of three in a row outside two sigma on one side"
                found.append(ChartSignal("2 of 3 outside 2 sigma", n, words))
    run = 0
    for n, value in enumerate(z):
        same = n > 0 and value * z[n - 1] > 0
        run = run + 1 if same else 1
        if run == SAME_SIDE:
            words = f"{SAME_SIDE} in a row on one side of the centre"
            found.append(ChartSignal("same side", n, words))
    return found


def _trends(values: Floats) -> list[ChartSignal]:
    found, run, before = [], 1, 0.0
    for n, step in enumerate(np.diff(values), start=1):
        run = run + 1 if step * before > 0 else 2
        before = float(step)
        if run == TREND and step != 0:
            word = "rising" if step > 0 else "falling"
            found.append(ChartSignal("trend", n, f"{TREND} in a row {word}"))
    return found


@dataclass(frozen=True, slots=True)
class Outlier:
    """The value furthest from its mean, tested.

    Attributes
    ----------
    index : int
        Number of the value (or of the session, if means of sessions are tested), from 0.
    statistic, critical : float
        Largest distance in standard deviations, and what it does not exceed with probability
        1 − alpha.
    alpha : float
    outlying : bool
    """

    index: int
    statistic: float
    critical: float
    alpha: float
    outlying: bool


def outlier(
    values: Values, sessions: Sequence[object] | None = None, *, alpha: float = 0.05
) -> Outlier | None:
    """Test the value furthest from the mean of its session (Grubbs, two-sided).

    Parameters
    ----------
    values : array
        Normal within a session, if none outlies.
    sessions : sequence, optional
        Session of each value; None: all in one.
    alpha : float
        Probability to flag a value where none outlies.

    Returns
    -------
    Outlier or None
        None where there is nothing to test: fewer than two degrees of freedom, or all equal.

    Notes
    -----
    One session of n: |value − mean|/s against (n − 1)/√n · √(t²/(n − 2 + t²)), t the quantile of
    Student's distribution with n − 2 degrees at 1 − alpha/(2n). Several sessions: the distance
    from the mean of the session of size nᵢ, divided by s√(1 − 1/nᵢ) with s pooled over sessions
    (ν = N − g degrees), against √(ν t²/(ν − 1 + t²)), t with ν − 1 degrees at 1 − alpha/(2m); m
    values are tested (the two of a session of two lie equally far: they count once, and a single
    one not at all). The two are the same test where there is one session.
    """
    array = finite(values)
    owner, sizes = _owners(array.size, sessions)
    degrees = array.size - sizes.size
    if degrees < 2:
        return None
    apart, spread = _within(array, owner, sizes)
    if spread == 0.0:
        return None
    tested = float(sizes[sizes > 2].sum() + (sizes == 2).sum())
    distance, critical = _studentized(
        np.abs(apart) / spread, np.full(sizes.size, 1.0) / sizes, owner, degrees, tested, alpha
    )
    unit = math.sqrt(1 - 1 / array.size) if sizes.size == 1 else 1.0  # as the tables print it
    return _tested(distance * unit, critical * unit, alpha)


def outlying_session(
    means: Values, sizes: Sequence[int], components: OneWay | None = None, *, alpha: float = 0.05
) -> Outlier | None:
    """Test the session whose mean lies furthest from the others (Grubbs, two-sided).

    Parameters
    ----------
    means : array
        Of each session.
    sizes : sequence of int
        Number of measurements of each.
    components : OneWay, optional
        Their variances; without, all sessions must have equal sizes.
    alpha : float

    Returns
    -------
    Outlier or None
        ``index`` is the number of the session. None for fewer than three sessions, or none that
        can be compared.

    Notes
    -----
    Weights are 1/(δ_s² + δ_r²/nᵢ), with the estimated variances; equal sizes make it Grubbs' test.
    """
    array, weights = finite(means), _weights(sizes, components)
    if array.size < 3 or weights is None:
        return None
    array = array - middle(array)
    scaled = np.sqrt(weights) * (array - float(weights @ array) / float(weights.sum()))
    spread = math.sqrt(float(scaled @ scaled) / (array.size - 1))
    if spread <= float(np.abs(np.sqrt(weights) * array).max(initial=0.0)) * 1e-14:
        return None
    share = weights / float(weights.sum())
    distance, critical = _studentized(
        np.abs(scaled) / spread, share, np.arange(array.size), array.size - 1, array.size, alpha
    )
    return _tested(distance, critical, alpha)


def chart_within(values: Values, sessions: Sequence[object]) -> ControlChart | None:
    """Judge values in order of time, each against the mean of its own session.

    Returns
    -------
    ControlChart or None
        Its limits come from the scatter within sessions. None if there is no such scatter. The
        value of a session that has only one is charted as 0.
    """
    array = finite(values)
    owner, sizes = _owners(array.size, sessions)
    if array.size - sizes.size < 2:
        return None
    apart, spread = _within(array, owner, sizes)
    free = np.sqrt(1 - 1 / np.maximum(sizes, 2))[owner]
    return control_chart(apart / free, centre=0.0, sd=spread) if spread else None


def chart_of_sessions(
    means: Values, sizes: Sequence[int], components: OneWay | None = None
) -> ControlChart | None:
    """Judge the means of sessions in order of time, as single values with a scatter of their own.

    Where sessions differ in size, each mean is divided by its expected standard deviation.
    """
    array, weights = finite(means), _weights(sizes, components)
    if array.size < 2 or weights is None:
        return None
    if np.ptp(weights) == 0:
        return control_chart(array)
    centre = float(weights @ array) / float(weights.sum())
    return control_chart((array - centre) * np.sqrt(weights / weights.max()), centre=0.0)


def _owners(
    count: int, sessions: Sequence[object] | None
) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    """Return the number of the session of each value, and the sizes of the sessions."""
    labels = [0] * count if sessions is None else list(sessions)
    place = {session: n for n, session in enumerate(dict.fromkeys(labels))}
    owner = np.array([place[session] for session in labels], dtype=np.intp)
    return owner, np.bincount(owner).astype(np.float64)


def _within(
    values: Floats, owner: np.ndarray[tuple[int], np.dtype[np.intp]], sizes: Floats
) -> tuple[Floats, float]:
    """Return values less the means of their sessions, and the pooled standard deviation."""
    shifted = values - middle(values)
    apart = shifted - (np.bincount(owner, shifted) / sizes)[owner]
    spread = math.sqrt(float(apart @ apart) / (values.size - sizes.size))
    smallest = float(np.abs(values).max(initial=0.0)) * 1e-15
    return apart, spread if spread > smallest else 0.0


def _studentized(
    distance: Floats,
    share: Floats,
    owner: np.ndarray[tuple[int], np.dtype[np.intp]],
    degrees: int,
    tested: float,
    alpha: float,
) -> tuple[Floats, float]:
    """Return distances in their own standard deviations, and the critical value of the largest."""
    from scipy.stats import t as student

    free = 1 - share[owner]
    scaled = np.where(free > 1e-12, distance / np.sqrt(np.maximum(free, 1e-12)), 0.0)
    quantile = float(student.ppf(1 - alpha / (2 * tested), degrees - 1))
    return scaled, math.sqrt(degrees * quantile**2 / (degrees - 1 + quantile**2))


def _tested(distance: Floats, critical: float, alpha: float) -> Outlier:
    index = int(distance.argmax())
    statistic = float(distance[index])
    return Outlier(index, statistic, critical, alpha, statistic > critical)


def _weights(sizes: Sequence[int], components: OneWay | None) -> Floats | None:
    """Return what the means of sessions weigh, or None if that cannot be said."""
    counts = np.asarray(sizes, dtype=np.float64)
    if counts.size and np.ptp(counts) == 0:
        return np.ones(counts.size)
    if components is None:
        return None
    expected = components.systematic_variance + components.random_variance / counts
    return float(expected.max()) / expected if (expected > 0).all() else None
