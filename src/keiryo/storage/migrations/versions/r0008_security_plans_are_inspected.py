"""Security plans are inspected."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    record(
        "security_finding",
        "scope! agreement caveat finding! inspection! requirement! grade! raised_on:integer! "
        "due:integer owner words evidence reason",
        checks=("grade IN ('deficiency', 'observation', 'good_practice')",),
        indexes=((("finding",), None), (("inspection",), None), (("requirement",), None)),
    )
    record(
        "security_finding_action",
        "scope! agreement caveat finding! action! words! owner! due:integer! done_on:integer "
        "evidence",
        indexes=((("finding",), None),),
    )
    record(
        "security_finding_step",
        "scope! agreement caveat finding! before! state! on_day:integer! by_person! reason "
        "evidence due:integer",
        indexes=((("finding",), None),),
    )
    record(
        "security_inspection",
        "scope! agreement caveat inspection! kind! planned_from:integer! planned_to:integer! "
        "team requirements follows reason",
        checks=(
            "kind IN ('announced', 'unannounced', 'special', 'follow_up', 'peer_review')",
            "planned_from <= planned_to",
        ),
        indexes=((("inspection",), None), (("follows",), "follows IS NOT NULL")),
    )
    record(
        "security_inspection_step",
        "scope! agreement caveat inspection! before! state! on_day:integer! by_person! "
        "performed_from:integer report_digest reference reason",
        checks=("performed_from IS NULL OR performed_from <= on_day",),
        indexes=((("inspection",), None),),
    )
    record(
        "security_plan",
        "scope! agreement caveat plan! version! kind! title! valid_from:integer "
        "valid_until:integer review_on:integer digest reference basis threat_ref reason",
        checks=(
            "kind IN ('physical_protection', 'contingency', 'transport', 'computer_security')",
        ),
        indexes=((("plan", "version"), None),),
    )
    record(
        "security_plan_coverage",
        "scope! agreement caveat plan! version! requirement! coverage! chapter",
        checks=("coverage IN ('full', 'part', 'none')",),
        indexes=((("plan", "version"), None), (("requirement",), None)),
    )
    record(
        "security_plan_step",
        "scope! agreement caveat plan! version! before! state! on_day:integer! by_person! "
        "reason reference successor",
        indexes=((("plan", "version"), None), (("successor",), "successor IS NOT NULL")),
    )
