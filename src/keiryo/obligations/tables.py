"""Tables of record of obligations: none yet; labels are calculated with and not posted."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
