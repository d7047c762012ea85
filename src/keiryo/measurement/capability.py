"""What measurement brings to the journal."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.measurement.dependents import dependents
from keiryo.measurement.explain import explain
from keiryo.measurement.tables import (
    CALIBRATION,
    CONTROL_MEASUREMENT,
    ERROR_SOURCE,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
    TARGET_VALUE,
)

MEASUREMENTS = Capability(
    "measurement",
    line_kinds=(
        ERROR_SOURCE,
        STRATUM_METHOD,
        MEASUREMENT_RESULT,
        CALIBRATION,
        CONTROL_MEASUREMENT,
        TARGET_VALUE,
    ),
    explainers=(explain,),
    dependents=(dependents,),
)
