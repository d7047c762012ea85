"""What seals brings to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.seals.tables import LINE_KINDS

SEALS = Capability("seals", line_kinds=LINE_KINDS)
