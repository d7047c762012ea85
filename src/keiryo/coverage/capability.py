"""What coverage brings to the posting pipeline."""

from __future__ import annotations

from keiryo.coverage.tables import LINE_KINDS
from keiryo.journal.registry import Capability

COVERAGE = Capability("coverage", line_kinds=LINE_KINDS)
