"""What equipment brings to the journal."""

from __future__ import annotations

from keiryo.equipment.calibration import CALIBRATIONS_HOLD
from keiryo.equipment.conditions import CONDITIONS_FOLLOW
from keiryo.equipment.custody import CUSTODY_HOLDS
from keiryo.equipment.explain import dependents, explain
from keiryo.equipment.items import ITEMS_HOLD
from keiryo.equipment.loan_checks import LOANS_HOLD
from keiryo.equipment.plans import PLANS_HOLD
from keiryo.equipment.tables import LINE_KINDS
from keiryo.journal.registry import Capability

EQUIPMENT = Capability(
    "equipment",
    line_kinds=LINE_KINDS,
    checks=(
        *(ITEMS_HOLD, CUSTODY_HOLDS, CONDITIONS_FOLLOW, CALIBRATIONS_HOLD, LOANS_HOLD),
        PLANS_HOLD,
    ),
    explainers=(explain,),
    dependents=(dependents,),
)
