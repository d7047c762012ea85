"""Public events are planned, watched and closed."""

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
    record(
        "public_event_check",
        "scope! agreement caveat event! serial! what! at! passed:integer! content! evidence",
        checks=(
            "what IN ('receipt', 'daily')",
            "passed IN (0, 1)",
        ),
        indexes=(
            (
                (
                    "event",
                    "serial",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_survey",
        "scope! agreement caveat event! venue! instrument! starts! ends! "
        "point_count:integer! evidence!",
        checks=(
            "starts <= ends",
            "point_count > 0",
        ),
        indexes=(
            (
                (
                    "event",
                    "venue",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_sweep",
        "scope! agreement caveat event! sweep! venue! team! instruments! starts! "
        "ends! covered_ppm:integer! needed_ppm:integer! reach_mm:integer! "
        "evidence!",
        checks=(
            "starts <= ends",
            "covered_ppm BETWEEN 0 AND 1000000",
        ),
        indexes=(
            (
                (
                    "event",
                    "venue",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_spot",
        "scope! agreement caveat event! venue! spot! state! at! words!",
        checks=("state IN ('open', 'closed')",),
        indexes=(
            (
                (
                    "event",
                    "venue",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_lock",
        "scope! agreement caveat event! venue! state! at! words!",
        checks=("state IN ('locked', 'unlocked')",),
        indexes=(
            (
                (
                    "event",
                    "venue",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_alarm",
        "scope! agreement caveat event! alarm! post! serial at! seen! state! alarm_case words!",
        checks=(
            "seen IN ('gamma', 'neutron', 'both', 'information')",
            "state IN ('open', 'false', 'innocent', 'response')",
        ),
        indexes=(
            (
                (
                    "event",
                    "post",
                ),
                None,
            ),
        ),
    )
    record(
        "public_event_release",
        "scope! agreement caveat event! information! organisation! purpose! "
        "state! on_day:integer! words!",
        checks=("state IN ('asked', 'released', 'refused')",),
        indexes=((("event",), None),),
    )
    record(
        "public_event_lesson",
        "scope! agreement caveat event! lesson! words! action! owner!",
        indexes=((("event",), None),),
    )
    record(
        "public_event_report",
        "scope! agreement caveat event! what! loan on_day:integer! evidence!",
        checks=(
            "what IN ('event', 'lender')",
            "what <> 'lender' OR loan IS NOT NULL",
        ),
        indexes=((("event",), None),),
    )
