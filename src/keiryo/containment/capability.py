"""What containment brings to the posting pipeline."""

from __future__ import annotations

from keiryo.containment.checks import CONTAINMENTS_HOLD
from keiryo.containment.explain import dependents, explain
from keiryo.containment.tables import LINE_KINDS
from keiryo.journal.registry import Capability

CONTAINMENTS = Capability(
    "containment",
    line_kinds=LINE_KINDS,
    checks=(CONTAINMENTS_HOLD,),
    explainers=(explain,),
    dependents=(dependents,),
)
