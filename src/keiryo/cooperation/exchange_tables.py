"""Tables of record of exchanges: information with its caveats, expert missions, people."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
