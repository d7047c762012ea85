"""What surveillance brings to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.surveillance.tables import LINE_KINDS

SURVEILLANCE = Capability("surveillance", line_kinds=LINE_KINDS)
