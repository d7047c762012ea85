"""What a series of control measurements says, as one thing that can be shown and recorded.

Sources of the methods: Searle, Casella, McCulloch, *Variance Components*, ch. 3; ISO 5725-2; and
those that `keiryo.measurement.estimation`, `pairs` and `control_charts` name.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import asdict, dataclass
from typing import Any

from keiryo.errors import Finding
from keiryo.measurement.control_charts import ControlChart, Outlier
from keiryo.measurement.estimation import Bias, OneWay, Repeatability
from keiryo.measurement.pairs import TwoInstruments

BASIS = "Searle, Casella, McCulloch, Variance Components, ch. 3; ISO 5725-2"


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
        Measurements that were evaluated, and sessions (of one instrument each).
    left_out : int
        Measurements without session, beside those of named sessions.
    confidence : float
        Level of the intervals and of the bias.
    deviations : tuple of float
        In order of time; what the chart shows.
    random : Repeatability or None
    components : OneWay or None
        None where sessions are too few.
    bias : Bias or None
        Of standards.
    split : TwoInstruments or None
        Of pairs: operator first, inspector second.
    chart, session_chart : ControlChart or None
        Of the measurements, each against its session; of the means of sessions.
    outlier, session_outlier : Outlier or None
        Of the measurements, each against its session; of the means of sessions (``index`` is
        then the number of the session).
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
    left_out: int
    confidence: float
    deviations: tuple[float, ...]
    random: Repeatability | None
    components: OneWay | None
    bias: Bias | None
    split: TwoInstruments | None
    chart: ControlChart | None
    session_chart: ControlChart | None
    outlier: Outlier | None
    session_outlier: Outlier | None
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
            "left_out": self.left_out,
            "confidence": self.confidence,
            "random": random,
            "components": components,
            "bias": bias,
            "two_instruments": plain(self.split),
            "control_chart": plain(self.chart),
            "session_control_chart": plain(self.session_chart),
            "outlier_test": plain(self.outlier),
            "session_outlier_test": plain(self.session_outlier),
            "deviations": list(self.deviations),
        }
