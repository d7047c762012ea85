"""What deserves an answer in an estimate: what it cannot tell, biases, outliers, loss of control.

Levels are said with every judgement: a bias is significant *at 95 %*, an outlier is one *with
probability 0.05 by chance*. Single signals of a control chart come by chance, too; only more of
them than chance explains are a warning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.measurement.control_charts import ChartSignal, ControlChart
from keiryo.measurement.model import ControlMeasurement
from keiryo.measurement.series import BASIS, SeriesEstimate

SIGNALS_BY_CHANCE = 1 / 140
"""Signals of the rules of a control chart for each value in control, by simulation."""

CHART_ALPHA = 0.05
"""Probability to warn of a loss of control where there is none."""

_GRUBBS = "Grubbs, J. Am. Stat. Assoc. 43 (1948) 243"


def findings_of(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement], sessions: Sequence[str]
) -> list[Finding]:
    """Return what deserves an answer in an estimate.

    Parameters
    ----------
    estimate : SeriesEstimate
    measured : sequence of ControlMeasurement
        That it was made from, in its order.
    sessions : sequence of str
        Session of each of them.
    """
    return [
        *_mixture_findings(estimate, measured),
        *_variance_findings(estimate),
        *_split_findings(estimate),
        *_outlier_findings(estimate, measured, sessions),
        *_chart_findings(estimate, measured, sessions),
    ]


def _mixture_findings(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement]
) -> list[Finding]:
    found = []
    instruments = sorted({c.instrument or "(none named)" for c in measured})
    if len(instruments) > 1:
        found.append(
            _finding(
                "ESTIMATE-MIXED",
                Severity.WARNING,
                f"the series {estimate.series} mixes the instruments {' and '.join(instruments)}: "
                "what is told is the random error of all together, and a systematic error that "
                "holds what they differ by",
                "Record a series for each instrument if their errors are to be known apart.",
                found=", ".join(instruments),
                basis="Choice of keiryo",
            )
        )
    if estimate.left_out:
        found.append(
            _finding(
                "ESTIMATE-MIXED",
                Severity.WARNING,
                f"{estimate.left_out} measurements of {estimate.series} name no session while "
                f"{estimate.count} do: they are left out, and only the random error is told",
                "Withdraw them and record them again with their sessions; nobody else can say "
                "which systematic error they share.",
                found=str(estimate.left_out),
                basis="Choice of keiryo",
            )
        )
    return found


def _variance_findings(estimate: SeriesEstimate) -> list[Finding]:
    found, components, bias = [], estimate.components, estimate.bias
    if components is None and not estimate.left_out:
        found.append(
            _finding(
                "ESTIMATE-FEW",
                Severity.INFORMATION,
                f"the series {estimate.series} does not tell the systematic error: that needs "
                f"{'one item' if estimate.kind == 'replicate' else 'repetitions'} in two sessions "
                "or more",
                "Name the session (calibration, shift, inspection) of each measurement; repeat "
                "one item or standard in several of them.",
            )
        )
    elif components is not None and components.clipped:
        found.append(
            _finding(
                "ESTIMATE-NEGATIVE",
                Severity.WARNING,
                f"the systematic variance of {estimate.series} comes out negative "
                f"({components.systematic_raw:.3g}) and is taken as 0",
                "The sessions differ less than repetitions do: the data show no systematic error "
                "but do not exclude one; look at the interval.",
                found=repr(components.systematic_raw),
            )
        )
    if bias is not None and bias.significant:
        found.append(
            _finding(
                "ESTIMATE-BIAS",
                Severity.WARNING,
                f"the method {estimate.method} has a bias of {bias.bias:.3g} ± {bias.bias_sd:.2g} "
                f"(one sigma{'' if estimate.relative else ', ' + estimate.unit}), significant at "
                f"{_percent(bias.confidence)}",
                "Correct the measured values first (see factor or offset); the uncertainty of the "
                "correction stays as a long-term systematic error.",
                found=repr(bias.bias),
            )
        )
    return found


def _split_findings(estimate: SeriesEstimate) -> list[Finding]:
    split = estimate.split
    if split is None:
        return []
    sides = (
        ("operator", split.first, split.first_estimable, split.constrained_second, "inspector"),
        ("inspector", split.second, split.second_estimable, split.constrained_first, "operator"),
    )
    return [
        _finding(
            "ESTIMATE-NEGATIVE",
            Severity.WARNING,
            f"the random error of the {who} is not estimable from {estimate.series}: its variance "
            f"comes out as {variance:.3g}",
            f"Take it as 0 and that of the {other} as {rest:.3g} (constrained estimate), or "
            "measure more items.",
            found=repr(variance),
            basis=_GRUBBS,
        )
        for who, variance, estimable, rest, other in sides
        if not estimable
    ]


def _outlier_findings(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement], sessions: Sequence[str]
) -> list[Finding]:
    several = len(set(sessions)) > 1
    names = list(dict.fromkeys(sessions))
    tests = (
        (estimate.outlier, "the mean of its session" if several else "the mean"),
        (estimate.session_outlier, "the mean of all sessions"),
    )
    found = []
    for test, centre in tests:
        if test is None or not test.outlying:
            continue
        whose = (
            f"the session {names[test.index]}"
            if test is estimate.session_outlier
            else f"the measurement of {_named(measured[test.index])}"
        )
        found.append(
            _finding(
                "ESTIMATE-OUTLIER",
                Severity.WARNING,
                f"{whose} lies {test.statistic:.3g} standard deviations from {centre}; by chance "
                f"the furthest one exceeds {test.critical:.3g} with probability {test.alpha:.3g}",
                "Look for its cause. Withdraw it if there is one; keep it if there is none.",
                found=f"{test.statistic:.6g}",
                expected=f"{test.critical:.6g}",
                basis="Grubbs, Ann. Math. Stat. 21 (1950) 27; ISO 5725-2",
            )
        )
    return found


def _chart_findings(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement], sessions: Sequence[str]
) -> list[Finding]:
    names = list(dict.fromkeys(sessions))
    charts = [c for c in (estimate.chart, estimate.session_chart) if c is not None]
    listed = [f"{_named(measured[s.index])}: {s.words}" for s in _signals(estimate.chart)]
    listed += [f"session {names[s.index]}: {s.words}" for s in _signals(estimate.session_chart)]
    if not listed:
        return []
    charted = sum(len(chart.standardized) for chart in charts)
    limit = signals_by_chance(charted)
    signalling = sum(len({s.index for s in chart.signals}) for chart in charts)
    chance = signalling <= limit
    words = f"{'; '.join(listed[:5])}{'; and more' if len(listed) > 5 else ''}"
    return [
        _finding(
            "CONTROL-CHART",
            Severity.INFORMATION if chance else Severity.WARNING,
            f"a look at the control chart of {estimate.series} is due: {words}"
            if chance
            else f"the method {estimate.method} is not in control in {estimate.series}: {words}",
            f"Look for a cause; {limit} in {charted} values can be chance (probability up to "
            f"{CHART_ALPHA:g} for more)."
            if chance
            else "Find out what changed. Until then, estimates over the whole series do not hold.",
            found=f"{signalling} signals",
            expected=f"at most {limit}",
            basis="ISO 7870-2; Nelson, J. Quality Technology 16 (1984) 237",
        )
    ]


def signals_by_chance(values: int) -> int:
    """Return how many values of a chart may signal though the method is in control.

    Notes
    -----
    The smallest k with P(more than k) ≤ `CHART_ALPHA`, for a Poisson number of signals with one
    expected in 140 values.
    """
    expected = values * SIGNALS_BY_CHANCE
    count, term, below = 0, math.exp(-expected), math.exp(-expected)
    while 1 - below > CHART_ALPHA:
        count += 1
        term *= expected / count
        below += term
    return count


def _signals(chart: ControlChart | None) -> tuple[ChartSignal, ...]:
    return () if chart is None else chart.signals


def _named(control: ControlMeasurement) -> str:
    return f"{control.measured_on} (act {control.act}, line {control.line})"


def _percent(level: float) -> str:
    return f"{100 * level:.4g} %"


def _finding(
    code: str,
    severity: Severity,
    message: str,
    advice: str,
    *,
    found: str | None = None,
    expected: str | None = None,
    basis: str = BASIS,
) -> Finding:
    return Finding(code, severity, message, advice, found=found, expected=expected, basis=basis)


def rows_of(estimate: SeriesEstimate) -> list[dict[str, Any]]:
    """Return the estimate as rows for people: what, one sigma, its interval, remark."""
    rows: list[dict[str, Any]] = []
    interval_at = f"{_percent(estimate.confidence)} interval"

    def add(what: str, sd: float, interval: tuple[float, float] | None, remark: str = "") -> None:
        shown = "" if interval is None else " to ".join(f"{math.sqrt(v):.4g}" for v in interval)
        rows.append({"what": what, "one sigma": f"{sd:.6g}", interval_at: shown, "remark": remark})

    of = " of the difference" if estimate.kind == "paired" else ""
    if estimate.random is not None:
        remark = f"{estimate.random.degrees} degrees of freedom"
        add(f"random{of}", math.sqrt(estimate.random.variance), estimate.random.interval, remark)
    if (parts := estimate.components) is not None:
        remark = f"{parts.groups} sessions" + (", negative: taken as 0" if parts.clipped else "")
        add(f"systematic{of}", parts.systematic_sd, parts.systematic_interval, remark)
    if (split := estimate.split) is not None:
        sides: Mapping[str, tuple[float, bool]] = {
            "operator": (split.constrained_first, split.first_estimable),
            "inspector": (split.constrained_second, split.second_estimable),
        }
        for who, (variance, estimable) in sides.items():
            remark = "Grubbs, within sessions" if split.sessions > 1 else "Grubbs"
            if not estimable:
                remark = "not estimable; constrained to 0"
            add(f"random of the {who}", math.sqrt(variance), None, remark)
    if (bias := estimate.bias) is not None:
        said = "significant" if bias.significant else "not significant"
        remark = f"bias {bias.bias:.4g}, {said} at {_percent(bias.confidence)}"
        add("bias correction", bias.correction_sd, None, remark)
    return rows
