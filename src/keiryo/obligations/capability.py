"""What obligations bring to the journal."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.obligations.explain import dependents, explain
from keiryo.obligations.follow import LABELS_FOLLOW
from keiryo.obligations.register_checks import OBLIGATIONS_HOLD
from keiryo.obligations.statement_checks import STATEMENT_CHECKS
from keiryo.obligations.sums import OBLIGATION_HOLDING, OBLIGATION_STEP, OBLIGATION_SUM
from keiryo.obligations.tables import LINE_KINDS

OBLIGATIONS = Capability(
    "obligations",
    line_kinds=LINE_KINDS,
    checks=(OBLIGATIONS_HOLD, *STATEMENT_CHECKS),
    companions=(LABELS_FOLLOW,),
    projections=(OBLIGATION_SUM, OBLIGATION_HOLDING, OBLIGATION_STEP),
    explainers=(explain,),
    dependents=(dependents,),
)
