"""Tables of record of sealss."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
"""What this brings to the journal."""
