"""Tables of record of meetings: bodies that meet, what is on the agenda, what was decided."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
