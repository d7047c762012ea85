"""What people bring to the journal: their lines, their tables, and the gate of every act."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.people.gate import gate
from keiryo.people.tables import LINE_KINDS, WORKING_TABLES

PEOPLE = Capability("people", line_kinds=LINE_KINDS, gates=(gate,), working_tables=WORKING_TABLES)
