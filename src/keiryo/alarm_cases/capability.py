"""What alarm cases bring to the posting pipeline."""

from __future__ import annotations

from keiryo.alarm_cases.chain import dependents, explain
from keiryo.alarm_cases.desk import ALL_KINDS, check_cases
from keiryo.alarm_cases.tables import LINE_KINDS
from keiryo.journal.registry import Capability, Check

ALARM_CASES = Capability(
    "alarm_cases",
    line_kinds=LINE_KINDS,
    checks=(Check("alarm cases", frozenset(ALL_KINDS), check_cases),),
    explainers=(explain,),
    dependents=(dependents,),
)
