"""What obligations bring to the journal."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.obligations.tables import LINE_KINDS

OBLIGATIONS = Capability("obligations", line_kinds=LINE_KINDS)
