"""Tables of record of equipment: items, loans and their steps, custody, calibration."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
