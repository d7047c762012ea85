"""What equipment brings to the journal."""

from __future__ import annotations

from keiryo.equipment.tables import LINE_KINDS
from keiryo.journal.registry import Capability

EQUIPMENT = Capability("equipment", line_kinds=LINE_KINDS)
