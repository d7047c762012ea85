"""What the protection of material brings to the evidence chain."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.material_protection.explain import dependents, explain

MATERIAL_PROTECTION = Capability(
    "material_protection", line_kinds=(), explainers=(explain,), dependents=(dependents,)
)
