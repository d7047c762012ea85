"""What export control brings to the journal."""

from __future__ import annotations

from keiryo.export_control.explain import dependents, explain
from keiryo.export_control.posting_check import SHIPMENTS_COVERED
from keiryo.export_control.register_checks import REGISTERS_HOLD
from keiryo.export_control.tables import LINE_KINDS
from keiryo.journal.registry import Capability

EXPORT_CONTROL = Capability(
    "export_control",
    line_kinds=LINE_KINDS,
    checks=(REGISTERS_HOLD, SHIPMENTS_COVERED),
    explainers=(explain,),
    dependents=(dependents,),
)
