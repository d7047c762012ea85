"""What the control measurements of a series say: variances, bias, outliers, state of control.

The kind of the series says what can be known. Standards tell the bias and both variances;
repetitions tell the random variance, and the systematic one if one item comes back in several
sessions; pairs of operator and inspector tell the variances of their difference, and (Grubbs)
how its random part divides between the two. An estimate becomes an error source by an act of its
own, whose reference names the series and the acts, so that the way back stays open.

What measurements of one session, by one instrument, share is systematic; only what scatters
within a session is random. If some measurements name a session and others do not, nobody knows
what the others share: they are left out, and the series tells its random error only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, MetaData

from keiryo.accounts.model import NOW, Knowledge
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.measurement.control_charts import (
    ControlChart,
    Outlier,
    chart_of_sessions,
    chart_within,
    control_chart,
    outlier,
    outlying_session,
)
from keiryo.measurement.estimate_findings import findings_of
from keiryo.measurement.estimation import (
    Bias,
    Floats,
    OneWay,
    Repeatability,
    TooFewError,
    bias_of_standards,
    grouped,
    mean_of,
    one_way,
    repeatability,
)
from keiryo.measurement.in_force import control_measurements
from keiryo.measurement.model import ControlMeasurement
from keiryo.measurement.pairs import TwoInstruments, paired_differences, two_instruments
from keiryo.measurement.series import BASIS, SeriesEstimate


def estimate_series(
    connection: Connection,
    metadata: MetaData,
    series: str,
    *,
    knowledge: Knowledge = NOW,
    relative: bool = True,
    standard_sd: float = 0.0,
    confidence: float = 0.95,
    alpha: float = 0.05,
) -> SeriesEstimate:
    """Estimate what the recorded control measurements of a series say.

    Parameters
    ----------
    connection, metadata
    series : str
    knowledge : Knowledge
    relative : bool
        Whether errors are relative to the amount (the default), or absolute.
    standard_sd : float
        Standard deviation of the certified values, one sigma, relative or in their unit.
    confidence, alpha : float
        Level of confidence intervals; probability to flag an outlier, of a session or among the
        sessions, where there is none.

    Raises
    ------
    NotFoundError
        If the series has no measurement in force.
    RefusedError
        If the measurements do not belong together, or are too few.
    """
    found = control_measurements(connection, metadata, knowledge, series=series)
    if not found:
        raise NotFoundError(
            f"the series {series!r} has no control measurements in force",
            "'keiryo measurements controls list' shows the series.",
        )
    _require_one_kind(found)
    named = [c for c in found if c.session is not None]
    measured = sorted(named or found, key=lambda c: (c.measured_on, c.act, c.line))
    sessions = _sessions(measured)
    try:
        told = _evaluated(measured, sessions, relative, standard_sd, confidence)
    except (TooFewError, ValueError) as error:
        raise _refused(series, error) from error
    left_out = len(found) - len(measured)
    if left_out:
        told = replace(told, components=None, bias=None, comparable=False)
    means, sizes = _means_of_sessions(told, sessions)
    estimate = SeriesEstimate(
        series, found[0].kind, found[0].method, found[0].unit, relative,
        measured[0].measured_on, measured[-1].measured_on,
        tuple(sorted({c.act for c in measured})), len(measured), len(set(sessions)),
        left_out, confidence, tuple(float(d) for d in told.deviations),
        told.random, told.components, told.bias, told.split,
        _chart(told), _session_chart(told, means, sizes),
        *_outliers(told, means, sizes, alpha), (),
    )  # fmt: skip
    return replace(estimate, findings=tuple(findings_of(estimate, measured, sessions)))


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What the arrays of a series tell.

    `groups` names what each value shares errors with. Sessions are `comparable` if all deviations
    are from the same: repetitions of several items are from the mean of each item.
    """

    deviations: Floats
    groups: list[object]
    random: Repeatability | None
    components: OneWay | None
    bias: Bias | None = None
    split: TwoInstruments | None = None
    comparable: bool = True


def _sessions(measured: Sequence[ControlMeasurement]) -> list[str]:
    """Return the session of each measurement; those of two instruments share no error."""
    several = len({c.instrument for c in measured}) > 1
    return [
        ", ".join(filter(None, (c.session or "", (c.instrument or "-") if several else "")))
        for c in measured
    ]


def _evaluated(
    measured: Sequence[ControlMeasurement],
    sessions: Sequence[str],
    relative: bool,
    standard_sd: float,
    confidence: float,
) -> _Evaluated:
    values = np.array([float(c.measured) for c in measured])
    other = np.array([math.nan if c.reference is None else float(c.reference) for c in measured])
    if measured[0].kind == "standard":
        bias = bias_of_standards(
            values, other, sessions, relative=relative, standard_sd=standard_sd,
            confidence=confidence,
        )  # fmt: skip
        deviations = (values - other) / (other if relative else 1.0)
        variances = _variances(grouped(deviations, sessions), confidence)
        return _Evaluated(deviations, list(sessions), *variances, bias=bias)
    if measured[0].kind == "paired":
        groups = paired_differences(values, other, sessions, relative=relative)
        deviations = (values - other) / (values if relative else 1.0)
        split = None
        if not (relative and (np.minimum(values, other) <= 0).any()):
            split = _if_enough(lambda: two_instruments(values, other, sessions, relative=relative))
        return _Evaluated(deviations, list(sessions), *_variances(groups, confidence), split=split)
    return _repetitions(measured, sessions, values, relative, confidence)


def _variances(
    groups: Sequence[Floats], confidence: float
) -> tuple[Repeatability | None, OneWay | None]:
    return (
        _if_enough(lambda: repeatability(groups, confidence=confidence)),
        _if_enough(lambda: one_way(groups, confidence=confidence)),
    )


def _repetitions(
    measured: Sequence[ControlMeasurement],
    sessions: Sequence[str],
    values: Floats,
    relative: bool,
    confidence: float,
) -> _Evaluated:
    """Return the deviations from the mean of each item, and what they tell."""
    items = [c.item for c in measured]
    place = {item: n for n, item in enumerate(dict.fromkeys(items))}
    owner = np.array([place[item] for item in items])
    mean = np.array([mean_of(values[owner == n]) for n in range(len(place))])
    if relative and (mean == 0).any():
        raise ValueError("a relative deviation needs a mean that is not zero")
    deviations = (values - mean[owner]) / (mean[owner] if relative else 1.0)
    groups: list[object] = list(zip(items, sessions, strict=True))
    within = repeatability(grouped(deviations, groups), confidence=confidence)
    components = None
    if len(place) == 1:
        components = _if_enough(
            lambda: one_way(grouped(deviations, sessions), confidence=confidence)
        )
    return _Evaluated(deviations, groups, within, components, comparable=len(place) == 1)


def _if_enough(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except TooFewError:
        return None


def _means_of_sessions(
    told: _Evaluated, sessions: Sequence[str]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return mean and size of each session, if they can be compared."""
    if not told.comparable:
        return (), ()
    groups = grouped(told.deviations, sessions)
    return tuple(mean_of(g) for g in groups), tuple(g.size for g in groups)


def _chart(told: _Evaluated) -> ControlChart | None:
    if len(set(told.groups)) > 1:
        return chart_within(told.deviations, told.groups)
    return None if told.deviations.size < 2 else control_chart(told.deviations)


def _session_chart(
    told: _Evaluated, means: Sequence[float], sizes: Sequence[int]
) -> ControlChart | None:
    return chart_of_sessions(means, sizes, told.components) if len(means) > 1 else None


def _outliers(
    told: _Evaluated, means: Sequence[float], sizes: Sequence[int], alpha: float
) -> tuple[Outlier | None, Outlier | None]:
    """Test values and means; where both can be tested, each gets one half of alpha."""
    value = session = None
    for level in (alpha / 2, alpha):
        value = outlier(told.deviations, told.groups, alpha=level)
        session = None
        if len(means) > 2:
            session = outlying_session(means, sizes, told.components, alpha=level)
        if value is not None and session is not None:
            break
    return value, session


def _require_one_kind(found: Sequence[ControlMeasurement]) -> None:
    findings = []
    for name in ("kind", "method", "unit"):
        words = sorted({str(getattr(c, name)) for c in found})
        if len(words) > 1:
            findings.append(
                Finding(
                    "ESTIMATE-MIXED",
                    Severity.FORMAT,
                    f"the series {found[0].series} mixes what does not belong together: {name} is "
                    f"{' and '.join(words)}",
                    "Withdraw the measurements that do not belong to it, and record them as a "
                    "series of their own.",
                    found=", ".join(words),
                    basis="Choice of keiryo",
                )
            )
    if findings:
        raise RefusedError("the series cannot be evaluated", findings)


def _refused(series: str, error: ValueError) -> RefusedError:
    advice = "Record more measurements."
    if not isinstance(error, TooFewError):
        advice = (
            "Evaluate absolute errors (--absolute); or withdraw the measurement if its 0 is an "
            "error of writing."
        )
    finding = Finding(
        "ESTIMATE-FEW",
        Severity.FORMAT,
        f"the series {series} cannot be evaluated: {error}",
        advice,
        basis=BASIS,
    )
    return RefusedError("the series cannot be evaluated", [finding])
