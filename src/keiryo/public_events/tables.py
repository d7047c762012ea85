"""Tables of record of major public events: versions of a plan, their rows, what was decided.

A version never changes: what changes is recorded as another one. A row of a sheet is kept as
canonical JSON, so that the plan that somebody approved can be read again and looked at again.
Days are integers YYYYMMDD.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

APPROVED, REJECTED = "approved", "rejected"

PUBLIC_EVENT_PLAN = LineKind(
    "public_event_plan",
    "A version of the plan of a major public event.",
    (
        text("event", "name of the event", required=True),
        text("version", "name of the version", required=True),
        text("title", "what the event is called", required=True),
        text("basis", "the agreement that it rests on", required=True),
        integer("begins", "first day", required=True),
        integer("closes", "last day", required=True),
        text("digest", "SHA-256 over the sheets", required=True),
        integer("row_count", "how many rows its sheets have", required=True),
    ),
    checks=("begins <= closes", "row_count > 0"),
    indexes=((("event", "version"), None),),
)
PUBLIC_EVENT_ROW = LineKind(
    "public_event_row",
    "A row of a sheet of the plan.",
    (
        text("event", "name of the event", required=True),
        text("version", "name of the version", required=True),
        text("sheet", "the sheet: posts, shifts, sweeps …", required=True),
        text("content", "its values as JSON, keys in order", required=True),
    ),
    indexes=((("event", "version"), None),),
)
PUBLIC_EVENT_STEP = LineKind(
    "public_event_step",
    "A version of a plan is approved or rejected, by somebody else than who recorded it.",
    (
        text("event", "name of the event", required=True),
        text("version", "name of the version", required=True),
        text("state", "approved or rejected", required=True),
        integer("on_day", "day of the decision", required=True),
        text("reason", "why"),
    ),
    checks=(f"state IN ('{APPROVED}', '{REJECTED}')", "state <> 'rejected' OR reason IS NOT NULL"),
    indexes=((("event", "version"), None),),
)
LINE_KINDS = (PUBLIC_EVENT_PLAN, PUBLIC_EVENT_ROW, PUBLIC_EVENT_STEP)
