"""What material categories bring to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.material_category.checks import ATTRIBUTES_HOLD, RISES_TOLD
from keiryo.material_category.explain import dependents, explain
from keiryo.material_category.tables import LINE_KINDS

MATERIAL_CATEGORIES = Capability(
    "material_category",
    line_kinds=LINE_KINDS,
    checks=(ATTRIBUTES_HOLD, RISES_TOLD),
    explainers=(explain,),
    dependents=(dependents,),
)
