"""What cooperation brings to the journal."""

from __future__ import annotations

from keiryo.cooperation import exchange_tables, meeting_tables
from keiryo.cooperation.explain import dependents, explain
from keiryo.cooperation.steps import STEPS_HOLD
from keiryo.cooperation.tables import LINE_KINDS
from keiryo.journal.registry import Capability

COOPERATION = Capability(
    "cooperation",
    line_kinds=(*LINE_KINDS, *meeting_tables.LINE_KINDS, *exchange_tables.LINE_KINDS),
    checks=(STEPS_HOLD,),
    explainers=(explain,),
    dependents=(dependents,),
)
