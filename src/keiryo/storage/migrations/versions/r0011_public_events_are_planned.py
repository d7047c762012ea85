"""Public events are planned."""

from __future__ import annotations


from keiryo.storage.migrations.columns import record

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    record(
        "public_event_plan",
        "scope! agreement caveat event! version! title! basis! begins:integer! "
        "closes:integer! digest! row_count:integer!",
        checks=(
            "begins <= closes",
            "row_count > 0",
        ),
        indexes=((("event", "version"), None),),
    )
    record(
        "public_event_row",
        "scope! agreement caveat event! version! sheet! content!",
        indexes=((("event", "version"), None),),
    )
    record(
        "public_event_step",
        "scope! agreement caveat event! version! state! on_day:integer! reason",
        checks=(
            "state IN ('approved', 'rejected')",
            "state <> 'rejected' OR reason IS NOT NULL",
        ),
        indexes=((("event", "version"), None),),
    )
