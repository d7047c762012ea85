"""Tables of record of export control: listed items, licences, assurances, traders, consignments."""

from __future__ import annotations

from keiryo.journal.model import LineKind

LINE_KINDS: tuple[LineKind, ...] = ()
