"""Two instruments that measured the same items, and whose error it is.

The operator weighs an item and the inspector weighs it again. Their differences hold the errors of
both; how the values of each scatter with those of the other takes them apart. Within a session
(an inspection, a calibration) the systematic errors of both are constant, so that only what
scatters within sessions is random.

Sources: Grubbs, *J. Am. Stat. Assoc.* 43 (1948) 243 (two instruments); Thompson, *Ann. Math.
Stat.* 33 (1962) 273 (the same with variances that cannot be negative).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keiryo.measurement.estimation import (
    Floats,
    TooFewError,
    Values,
    finite,
    grouped,
    mean_of,
    middle,
)


@dataclass(frozen=True, slots=True)
class TwoInstruments:
    """The errors of two instruments that measured the same items, taken apart.

    Attributes
    ----------
    count, sessions, degrees : int
        Number of items, and of sessions; count − sessions degrees of freedom.
    variance_first, variance_second, covariance : float
        s_oo, s_ii and s_oi of the measured values, pooled within sessions.
    first, second : float
        Error variances s_oo − s_oi and s_ii − s_oi as they come out; may be negative.
    items : float
        Variance of the items themselves, s_oi as it comes out.
    first_estimable, second_estimable : bool
        Whether the variance of that instrument came out positive.
    constrained_first, constrained_second, constrained_items : float
        Estimates under the condition that none is negative.
    difference_mean, difference_variance : float
        Of first − second; the variance pooled within sessions.
    """

    count: int
    sessions: int
    degrees: int
    variance_first: float
    variance_second: float
    covariance: float
    first: float
    second: float
    items: float
    first_estimable: bool
    second_estimable: bool
    constrained_first: float
    constrained_second: float
    constrained_items: float
    difference_mean: float
    difference_variance: float


def two_instruments(
    first: Values,
    second: Values,
    sessions: Sequence[object] | None = None,
    *,
    relative: bool = False,
) -> TwoInstruments:
    """Take the random error variances of two instruments apart (Grubbs).

    Parameters
    ----------
    first, second : arrays of equal length
        What the two instruments found, item by item.
    sessions : sequence, optional
        Inspection or calibration of each pair; what is constant within it counts for neither.
        None: all in one.
    relative : bool
        Whether the errors are relative to the amount: then the logarithms are evaluated, which is
        the same to first order, and variances are relative.

    Raises
    ------
    TooFewError
        With fewer than three items, or than two beyond one of each session.
    ValueError
        If lengths differ, a value is not finite, or not positive though `relative` is set.

    Notes
    -----
    With variances s_oo, s_ii and covariance s_oi, pooled within g sessions (sums of squares and
    products about the means of each session, divided by N − g): σ₁² = s_oo − s_oi,
    σ₂² = s_ii − s_oi. A negative result says that the data cannot tell. The constrained estimates
    are those of Thompson: where σ₁² is negative, the first instrument is taken as free of error,
    and the second gets the whole variance of the differences; where s_oi is negative, the items
    are taken as equal.
    """
    one, two = finite(first), finite(second)
    labels = [0] * one.size if sessions is None else list(sessions)
    if not one.size == two.size == len(labels):
        raise ValueError("the values of the two instruments, and the sessions, differ in length")
    degrees = _degrees(labels)
    if relative and ((one <= 0).any() or (two <= 0).any()):
        raise ValueError("relative errors need amounts above zero")
    difference_mean = mean_of(np.log(one) - np.log(two) if relative else one - two)
    one, two = _from_the_middle(one, relative), _from_the_middle(two, relative)
    one, two = _within(one, labels), _within(two, labels)
    s_oo, s_oi, s_ii = (float(x @ y) / degrees for x, y in ((one, one), (one, two), (two, two)))
    spread = float((one - two) @ (one - two)) / degrees
    constrained = _constrained(s_oo, s_ii, s_oi, spread)
    return TwoInstruments(
        count=int(one.size),
        sessions=len(set(labels)),
        degrees=degrees,
        variance_first=s_oo,
        variance_second=s_ii,
        covariance=s_oi,
        first=s_oo - s_oi,
        second=s_ii - s_oi,
        items=s_oi,
        first_estimable=s_oo > s_oi,
        second_estimable=s_ii > s_oi,
        constrained_first=constrained[0],
        constrained_second=constrained[1],
        constrained_items=constrained[2],
        difference_mean=difference_mean,
        difference_variance=spread,
    )


def _degrees(sessions: Sequence[object]) -> int:
    """Return the degrees of freedom within sessions."""
    count, groups = len(sessions), len(set(sessions))
    if count - groups < 2:
        raise TooFewError(
            "needed are at least three items measured by both, and two beyond one of each "
            f"session; there are {count} items in {groups} sessions"
        )
    return count - groups


def _from_the_middle(values: Floats, relative: bool) -> Floats:
    """Return differences to one of the values, or of logarithms, without losing digits."""
    centre = middle(values)
    return np.log1p((values - centre) / centre) if relative else values - centre


def _within(values: Floats, sessions: Sequence[object]) -> Floats:
    """Return values less the mean of their session."""
    place = {session: n for n, session in enumerate(dict.fromkeys(sessions))}
    owner = np.array([place[session] for session in sessions])
    apart = values - (np.bincount(owner, values) / np.bincount(owner))[owner]
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(values).max(initial=0.0))
    return np.where(np.abs(apart) <= rounding, 0.0, apart)


def _constrained(s_oo: float, s_ii: float, s_oi: float, spread: float) -> tuple[float, ...]:
    """Return the variances of both instruments and of the items, none of them negative."""
    if s_oi < 0:
        return s_oo, s_ii, 0.0
    if s_oo < s_oi:
        return 0.0, spread, s_oo
    if s_ii < s_oi:
        return spread, 0.0, s_ii
    return s_oo - s_oi, s_ii - s_oi, s_oi


def paired_differences(
    operator: Values, inspector: Values, sessions: Sequence[object], *, relative: bool = True
) -> list[Floats]:
    """Return the differences operator − inspector, grouped by session in order of appearance.

    Parameters
    ----------
    operator, inspector : arrays of equal length
    sessions : sequence
        Inspection of each pair.
    relative : bool
        Whether to divide by the operator's value.

    Notes
    -----
    What `one_way` finds from them are variances of the difference, operator's and inspector's
    together.
    """
    one, two = finite(operator), finite(inspector)
    if not one.size == two.size == len(sessions):
        raise ValueError("operator, inspector and sessions differ in length")
    if relative and (one == 0).any():
        raise ValueError("a relative difference needs an operator's value that is not zero")
    difference = (one - two) / one if relative else one - two
    return grouped(difference, sessions)
