"""Security events are told."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    record(
        "security_access_review",
        "scope! agreement caveat review! area from_day:integer! to_day:integer! "
        "events:integer! violations:integer! open_irregularities:integer! reviewed_by! "
        "reviewed_on:integer! store_head! reason",
        checks=(
            "from_day <= to_day",
            "events >= 0 AND violations >= 0 AND open_irregularities >= 0",
        ),
        indexes=((("review",), None),),
    )
    record(
        "security_event",
        "scope! agreement caveat event! type! category severity:integer! occurred_at "
        "detected_at! reported_at restored_at title! classification! out_of_control:integer! "
        "incident_ref system reference reason",
        checks=(
            "type IN ('unauthorised_access', 'loss_of_material_control', "
            "'inventory_discrepancy', 'equipment_failure', 'cyber', 'threat', 'exercise', "
            "'procedural')",
            "category IS NULL OR category IN ('I', 'II', 'III', 'PMP')",
            "severity BETWEEN 0 AND 4",
            "classification IN ('public', 'restricted')",
            "out_of_control IN (0, 1)",
        ),
        indexes=((("event",), None), (("system",), "system IS NOT NULL")),
    )
    record(
        "security_event_notice",
        "scope! agreement caveat event! notice! recipient! notified_at! by_person! reference "
        "void:integer!",
        checks=("void IN (0, 1)",),
        indexes=((("event",), None),),
    )
    record(
        "security_event_step",
        "scope! agreement caveat event! before! state! on_day:integer! by_person! lessons "
        "reference reason",
        indexes=((("event",), None),),
    )
    record(
        "security_measure_rule",
        "scope! agreement caveat rules! valid_from:integer! level:integer! kind! "
        "within_days:integer basis",
        checks=(
            "level BETWEEN 1 AND 5",
            "kind IN ('one_way_transfer', 'signed_imports', 'no_remote_administration', "
            "'time_source', 'offline_operation', 'backup_encrypted', 'backup_tested', "
            "'pinned_dependencies', 'removable_media_quarantine', 'access_review', "
            "'patching', 'incident_exercise')",
            "within_days IS NULL OR within_days >= 1",
        ),
    )
    record(
        "security_notification_rule",
        "scope! agreement caveat rules! valid_from:integer! type category "
        "severity_at_least:integer! recipient! within_minutes:integer! basis",
        checks=(
            "type IS NULL OR type IN ('unauthorised_access', 'loss_of_material_control', "
            "'inventory_discrepancy', 'equipment_failure', 'cyber', 'threat', 'exercise', "
            "'procedural')",
            "category IS NULL OR category IN ('I', 'II', 'III', 'PMP')",
            "severity_at_least BETWEEN 0 AND 4",
            "within_minutes >= 0",
        ),
    )
    record(
        "security_statement",
        "scope! agreement caveat statement! target! required_level! meets! "
        "evaluated_on:integer! valid_until:integer! evaluated_by! approved_by! store_head! "
        "evaluation_ref! withdrawn_on:integer reason",
        checks=(
            "meets IN ('yes', 'partly', 'no')",
            "evaluated_on <= valid_until",
            "evaluated_by <> approved_by",
        ),
        indexes=((("statement",), None), (("target",), None)),
    )
    record(
        "security_system",
        "scope! agreement caveat system! function! level:integer! zone! "
        "sensitive_asset:integer! owner! retired_on:integer reason",
        checks=(
            "function IN ('safety', 'security', 'material_accountancy', 'operation', "
            "'emergency', 'support')",
            "level BETWEEN 1 AND 5",
            "sensitive_asset IN (0, 1)",
        ),
        indexes=((("system",), None),),
    )
    record(
        "security_system_measure",
        "scope! agreement caveat system! measure! kind! before state! on_day:integer! "
        "by_person! verified_by evidence next_due:integer reason",
        checks=(
            "kind IN ('one_way_transfer', 'signed_imports', 'no_remote_administration', "
            "'time_source', 'offline_operation', 'backup_encrypted', 'backup_tested', "
            "'pinned_dependencies', 'removable_media_quarantine', 'access_review', "
            "'patching', 'incident_exercise')",
            "state IN ('planned', 'in_place', 'verified', 'lapsed')",
        ),
        indexes=((("system",), None),),
    )
    record(
        "security_upgrade",
        "scope! agreement caveat upgrade! title! partner! instrument commitment agreement_ref "
        "aim! category start_by:integer install_by:integer accept_by:integer "
        "hand_over_by:integer cost_minor:integer partner_cost_minor:integer currency "
        "evaluation_ref reason",
        checks=(
            "aim IN ('meet_requirement', 'sustain', 'replace', 'new_facility')",
            "category IS NULL OR category IN ('I', 'II', 'III', 'PMP')",
            "COALESCE(partner_cost_minor, 0) >= 0",
            "COALESCE(partner_cost_minor, 0) <= COALESCE(cost_minor, 0)",
            "cost_minor IS NULL OR currency IS NOT NULL",
        ),
        indexes=(
            (("upgrade",), None),
            (("commitment",), "commitment IS NOT NULL"),
            (("instrument",), "instrument IS NOT NULL"),
        ),
    )
    record(
        "security_upgrade_step",
        "scope! agreement caveat upgrade! before! state! on_day:integer! by_person! sustained "
        "next_review:integer reason reference",
        checks=("sustained IS NULL OR sustained IN ('yes', 'partly', 'no')",),
        indexes=((("upgrade",), None),),
    )
    record(
        "security_zone_connection",
        "scope! agreement caveat connection! from_zone! to_zone! kind! on_day:integer! "
        "removed_on:integer reason",
        checks=(
            "kind IN ('one_way', 'two_way', 'admin')",
            "from_zone <> to_zone",
        ),
        indexes=((("connection",), None),),
    )
