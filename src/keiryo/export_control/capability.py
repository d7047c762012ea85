"""What export control brings to the journal."""

from __future__ import annotations

from keiryo.export_control.tables import LINE_KINDS
from keiryo.journal.registry import Capability

EXPORT_CONTROL = Capability("export_control", line_kinds=LINE_KINDS)
