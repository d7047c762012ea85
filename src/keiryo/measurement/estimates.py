"""What the control measurements of a series say: variances, bias, outliers, state of control.

The kind of the series says what can be known. Standards tell the bias and both variances;
repetitions tell the random variance, and the systematic one if one item comes back in several
sessions; pairs of operator and inspector tell the variances of their difference, and (Grubbs)
how it divides between the two. An estimate becomes an error source by an act of its own, whose
reference names the series and the acts, so that the way back to the measurements stays open.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, MetaData

from keiryo.accounts.model import NOW, Knowledge
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.measurement.control_charts import ControlChart, Outlier, control_chart, outlier
from keiryo.measurement.estimation import (
    Bias,
    Floats,
    OneWay,
    Repeatability,
    TooFewError,
    TwoInstruments,
    bias_of_standards,
    grouped,
    one_way,
    paired_differences,
    repeatability,
    two_instruments,
)
from keiryo.measurement.in_force import control_measurements
from keiryo.measurement.model import ControlMeasurement

BASIS = "Searle, Casella, McCulloch, Variance Components, ch. 3; ISO 5725-2"
_GRUBBS = "Grubbs, J. Am. Stat. Assoc. 43 (1948) 243"


@dataclass(frozen=True, slots=True)
class SeriesEstimate:
    """What a series of control measurements says.

    Attributes
    ----------
    series, kind, method, unit : str
    relative : bool
        Whether deviations are relative; otherwise they are in `unit`.
    first, last : datetime.date
    acts : tuple of int
        Acts that recorded the measurements.
    count, sessions : int
    deviations : tuple of float
        In order of time; what the chart shows.
    random : Repeatability or None
    components : OneWay or None
        None where sessions are too few.
    bias : Bias or None
        Of standards.
    split : TwoInstruments or None
        Of pairs: operator first, inspector second.
    chart : ControlChart or None
    outlier : Outlier or None
    findings : tuple of Finding
    """

    series: str
    kind: str
    method: str
    unit: str
    relative: bool
    first: datetime.date
    last: datetime.date
    acts: tuple[int, ...]
    count: int
    sessions: int
    deviations: tuple[float, ...]
    random: Repeatability | None
    components: OneWay | None
    bias: Bias | None
    split: TwoInstruments | None
    chart: ControlChart | None
    outlier: Outlier | None
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as plain data; standard deviations beside their variances."""

        def plain(part: Any) -> Any:
            return None if part is None else asdict(part)

        components = plain(self.components)
        if self.components is not None:
            components["random_sd"] = self.components.random_sd
            components["systematic_sd"] = self.components.systematic_sd
        bias = plain(self.bias)
        if bias is not None:
            del bias["components"]
        random = plain(self.random)
        if self.random is not None:
            random["sd"] = math.sqrt(self.random.variance)
        return {
            "series": self.series,
            "kind": self.kind,
            "method": self.method,
            "unit": "relative" if self.relative else self.unit,
            "of": "operator minus inspector" if self.kind == "paired" else "deviation",
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "acts": list(self.acts),
            "measurements": self.count,
            "sessions": self.sessions,
            "random": random,
            "components": components,
            "bias": bias,
            "two_instruments": plain(self.split),
            "control_chart": plain(self.chart),
            "outlier_test": plain(self.outlier),
            "deviations": list(self.deviations),
        }


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
        Level of confidence intervals; probability to flag an outlier where there is none.

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
    measured = sorted(found, key=lambda c: (c.measured_on, c.act, c.line))
    try:
        told = _evaluated(measured, relative, standard_sd, confidence)
    except (TooFewError, ValueError) as error:
        raise _refused(series, str(error)) from error
    estimate = SeriesEstimate(
        series, found[0].kind, found[0].method, found[0].unit, relative,
        measured[0].measured_on, measured[-1].measured_on, tuple(sorted({c.act for c in found})),
        len(found), len({c.session for c in measured}), tuple(float(d) for d in told.deviations),
        told.random, told.components, told.bias, told.split,
        _chart(told.deviations, told.components), outlier(told.deviations, alpha=alpha), (),
    )  # fmt: skip
    return _with_findings(estimate, measured)


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What the arrays of a series tell."""

    deviations: Floats
    random: Repeatability | None
    components: OneWay | None
    bias: Bias | None = None
    split: TwoInstruments | None = None


def _evaluated(
    measured: Sequence[ControlMeasurement], relative: bool, standard_sd: float, confidence: float
) -> _Evaluated:
    sessions = [c.session for c in measured]
    values = np.array([float(c.measured) for c in measured])
    other = np.array([math.nan if c.reference is None else float(c.reference) for c in measured])
    if measured[0].kind == "standard":
        bias = bias_of_standards(
            values, other, sessions, relative=relative, standard_sd=standard_sd,
            confidence=confidence,
        )  # fmt: skip
        deviations = (values - other) / (other if relative else 1.0)
        return _Evaluated(
            deviations, *_variances(grouped(deviations, sessions), confidence), bias=bias
        )
    if measured[0].kind == "paired":
        groups = paired_differences(values, other, sessions, relative=relative)
        deviations = (values - other) / (values if relative else 1.0)
        split = None
        if values.size >= 3 and not (relative and (np.minimum(values, other) <= 0).any()):
            split = two_instruments(values, other, relative=relative)
        return _Evaluated(deviations, *_variances(groups, confidence), split=split)
    return _Evaluated(*_repetitions(measured, values, relative, confidence))


def _variances(
    groups: Sequence[Floats], confidence: float
) -> tuple[Repeatability | None, OneWay | None]:
    return (
        _if_enough(lambda: repeatability(groups, confidence=confidence)),
        _if_enough(lambda: one_way(groups, confidence=confidence)),
    )


def _repetitions(
    measured: Sequence[ControlMeasurement], values: Floats, relative: bool, confidence: float
) -> tuple[Floats, Repeatability, OneWay | None]:
    """Return the deviations from the mean of each item, and what they tell."""
    items = [c.item for c in measured]
    place = {item: n for n, item in enumerate(dict.fromkeys(items))}
    owner = np.array([place[item] for item in items])
    mean = np.bincount(owner, values) / np.bincount(owner)
    if relative and (mean == 0).any():
        raise ValueError("a relative deviation needs a mean that is not zero")
    deviations = (values - mean[owner]) / (mean[owner] if relative else 1.0)
    within = repeatability(
        grouped(deviations, [(c.item, c.session) for c in measured]), confidence=confidence
    )
    components = None
    if len(place) == 1:
        sessions = [c.session for c in measured]
        components = _if_enough(
            lambda: one_way(grouped(deviations, sessions), confidence=confidence)
        )
    return deviations, within, components


def _if_enough(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except TooFewError:
        return None


def _chart(deviations: Floats, components: OneWay | None) -> ControlChart | None:
    sd = None
    if components is not None:
        sd = math.hypot(components.random_sd, components.systematic_sd)
    try:
        return control_chart(deviations, sd=sd or None)
    except TooFewError:
        return None


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


def _refused(series: str, words: str) -> RefusedError:
    finding = Finding(
        "ESTIMATE-FEW",
        Severity.FORMAT,
        f"the series {series} cannot be evaluated: {words}",
        "Record more measurements, or correct the one that is named.",
        basis=BASIS,
    )
    return RefusedError("the series cannot be evaluated", [finding])


def _with_findings(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement]
) -> SeriesEstimate:
    findings = [
        *_variance_findings(estimate),
        *_split_findings(estimate),
        *_state_findings(estimate, measured),
    ]
    fields = {name: getattr(estimate, name) for name in SeriesEstimate.__slots__}
    return SeriesEstimate(**{**fields, "findings": tuple(findings)})


def _variance_findings(estimate: SeriesEstimate) -> list[Finding]:
    found, components, bias = [], estimate.components, estimate.bias
    if components is None:
        found.append(
            _finding(
                "ESTIMATE-FEW",
                Severity.INFORMATION,
                f"the series {estimate.series} does not tell the systematic error: that needs "
                "two sessions or more, with repetitions",
                "Name the session (calibration, shift, inspection) of each measurement; repeat "
                "one item or standard in several of them.",
            )
        )
    elif components.clipped:
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
                f"the method {estimate.method} has a bias of {bias.bias:.3g} ± {bias.bias_sd:.2g}"
                f"{'' if estimate.relative else ' ' + estimate.unit}",
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


def _state_findings(
    estimate: SeriesEstimate, measured: Sequence[ControlMeasurement]
) -> list[Finding]:
    found = []

    def named(index: int) -> str:
        control = measured[index]
        return f"{control.measured_on} (act {control.act}, line {control.line})"

    if estimate.outlier is not None and estimate.outlier.outlying:
        test = estimate.outlier
        found.append(
            _finding(
                "ESTIMATE-OUTLIER",
                Severity.WARNING,
                f"the measurement of {named(test.index)} lies {test.statistic:.3g} standard "
                f"deviations from the mean; {test.critical:.3g} would be expected at most",
                "Look for its cause. Withdraw it if there is one; keep it if there is none.",
                found=f"{test.statistic:.6g}",
                expected=f"{test.critical:.6g}",
                basis="Grubbs, Ann. Math. Stat. 21 (1950) 27; ISO 5725-2",
            )
        )
    if estimate.chart is not None and not estimate.chart.in_control:
        listed = "; ".join(f"{named(s.index)}: {s.words}" for s in estimate.chart.signals[:5])
        found.append(
            _finding(
                "CONTROL-CHART",
                Severity.WARNING,
                f"the method {estimate.method} is not in control in {estimate.series}: {listed}",
                "Find out what changed. Until then, estimates over the whole series do not hold.",
                found=f"{len(estimate.chart.signals)} signals",
                basis="ISO 7870-2; Nelson, J. Quality Technology 16 (1984) 237",
            )
        )
    return found


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
    """Return the estimate as rows for people: what, standard deviation, interval, remark."""
    rows: list[dict[str, Any]] = []

    def add(what: str, sd: float, interval: tuple[float, float] | None, remark: str = "") -> None:
        shown = "" if interval is None else " to ".join(f"{math.sqrt(v):.4g}" for v in interval)
        rows.append({"what": what, "sd": f"{sd:.6g}", "interval": shown, "remark": remark})

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
            remark = "Grubbs" if estimable else "not estimable; constrained to 0"
            add(f"random of the {who}", math.sqrt(variance), None, remark)
    if (bias := estimate.bias) is not None:
        remark = f"bias {bias.bias:.4g}, {'significant' if bias.significant else 'not significant'}"
        add("bias correction", bias.correction_sd, None, remark)
    return rows
