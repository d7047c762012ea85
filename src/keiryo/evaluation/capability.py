"""What evaluation brings to the journal."""

from __future__ import annotations

from keiryo.evaluation.dependents import dependents
from keiryo.evaluation.explain import explain
from keiryo.evaluation.tables import (
    EVALUATION,
    EVALUATION_LIMIT,
    EVALUATION_SHARE,
    EVALUATION_TEST,
)
from keiryo.journal.registry import Capability

EVALUATIONS = Capability(
    "evaluation",
    line_kinds=(EVALUATION, EVALUATION_TEST, EVALUATION_SHARE, EVALUATION_LIMIT),
    explainers=(explain,),
    dependents=(dependents,),
)
