"""Seals and cameras watch."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    record(
        "containment",
        "scope! agreement caveat mba! name! kind! kmp location note",
        indexes=((("mba", "name"), None),),
    )
    record(
        "containment_content",
        "scope! agreement caveat mba! containment! batch_uid! begin_at! end_at note",
        indexes=((("mba", "containment"), None), (("batch_uid",), None)),
    )
    record(
        "containment_inspection",
        "scope! agreement caveat mba! containment! at! inspectors! result! note evidence",
        checks=("result IN ('intact', 'damaged', 'not-conclusive')",),
        indexes=((("mba", "containment"), None),),
    )
    record(
        "containment_path",
        "scope! agreement caveat mba! containment! path! begin_at! end_at note",
        indexes=((("mba", "containment"), None),),
    )
    record(
        "containment_watch",
        "scope! agreement caveat mba! containment! path! device! mechanism! depends_on "
        "begin_at! end_at function note",
        indexes=((("mba", "containment"), None), (("device",), None)),
    )
    record(
        "coverage_anomaly",
        "scope! agreement caveat mba! anomaly! device! containment begin_at! end_at reason! "
        "items nodes",
        indexes=((("mba", "anomaly"), None), (("device",), None)),
    )
    record(
        "coverage_compromise",
        "scope! agreement caveat mba! containment device at! reason! told! reported_by!",
        checks=("containment IS NOT NULL OR device IS NOT NULL",),
        indexes=((("mba",), None), (("device",), "device IS NOT NULL")),
    )
    record(
        "coverage_resolution",
        "scope! agreement caveat mba! anomaly! at! result! verified_by! reason! evidence!",
        checks=("result IN ('verified', 'discrepant')",),
        indexes=((("mba", "anomaly"), None),),
    )
    record(
        "coverage_reverification",
        "scope! agreement caveat mba! batch_uid! at! method! verified_by! result! evidence note",
        checks=("result IN ('verified', 'discrepant', 'not-conclusive')",),
        indexes=((("batch_uid",), None), (("mba",), None)),
    )
    record(
        "device_head",
        "scope! agreement caveat log! size:integer! root! made_at! kid! signature! standing! "
        "previous_size:integer proof note",
        checks=(
            "size >= 0",
            "standing IN ('accepted', 'contradicting')",
        ),
        indexes=((("log", "size"), None), (("kid",), None)),
    )
    record(
        "device_head_anchor",
        "scope! agreement caveat log! size:integer! root! form! holder! at! note",
        checks=("form IN ('copy', 'printed', 'time-stamp', 'witness')",),
        indexes=((("log", "size"), None),),
    )
    record(
        "device_key",
        "scope! agreement caveat kid! public_key! algorithm! purpose! owner valid_from! "
        "valid_to store note",
        checks=("purpose IN ('device', 'collector', 'reviewer')",),
        indexes=((("kid",), None), (("public_key",), None)),
    )
    record(
        "device_key_revocation",
        "scope! agreement caveat kid! revoked_at! reason!",
        indexes=((("kid",), None),),
    )
    record(
        "seal",
        "scope! agreement caveat body! number! type! delivery key_id soh_interval_s:integer "
        "battery_limit_mv:integer note",
        checks=("soh_interval_s IS NULL OR soh_interval_s > 0",),
        indexes=((("body", "number"), None),),
    )
    record(
        "seal_document",
        "scope! agreement caveat document! side! mba! at! body! number!",
        checks=("side IN ('stated', 'found')",),
        indexes=((("document",), None), (("body", "number"), None)),
    )
    record(
        "seal_event",
        "scope! agreement caveat body! number! event! at! place person! second_person role "
        "organisation by_operator:integer notice reason remark corrects_act:integer "
        "corrects_line:integer mba containment paths route co_device depends_on number_read "
        "tag wire enclosure finding bag courier expected_on:integer unopened:integer "
        "self_test retention_days:integer reference log log_state log_first:integer "
        "log_last:integer evidence",
        checks=(
            "(corrects_act IS NULL) = (corrects_line IS NULL)",
            "by_operator IS NULL OR by_operator IN (0, 1)",
            "finding IS NULL OR finding IN ('genuine-intact', 'tampered', 'substituted', "
            "'inconclusive')",
        ),
        indexes=((("body", "number"), None), (("mba", "containment"), "containment IS NOT NULL")),
    )
    record(
        "seal_interval",
        "scope! agreement caveat body! number! event_line:integer! code! begin_at! end_at value!",
        checks=("value IN ('NEGATIVE', 'INCONCLUSIVE')",),
        indexes=((("body", "number"), None),),
    )
    record(
        "seal_item",
        "scope! agreement caveat body! number! event_line:integer! batch_uid!",
        indexes=((("body", "number"), None), (("batch_uid",), None)),
    )
    record(
        "seal_refused",
        "scope! agreement caveat body! number! event! at! person! codes! findings! seen! evidence",
        indexes=((("body", "number"), None),),
    )
    record(
        "seal_report",
        "scope! agreement caveat body! number! at! reported_at! person! what! mba place evidence",
        indexes=((("body", "number"), None),),
    )
    record(
        "surveillance_camera",
        "scope! agreement caveat camera! mba! place model interval_ms:integer "
        "tolerance_ms:integer clock key_id depends_on retention_days:integer note",
        checks=("interval_ms IS NULL OR interval_ms > 0",),
        indexes=((("camera",), None), (("mba",), None)),
    )
    record(
        "surveillance_case_file",
        "scope! agreement caveat camera! begin_at! end_at! name! digest! images:integer!",
        indexes=((("camera",), None), (("digest",), None)),
    )
    record(
        "surveillance_clock",
        "scope! agreement caveat camera! at! offset_ms:integer! note",
        indexes=((("camera",), None),),
    )
    record(
        "surveillance_conclusion",
        "scope! agreement caveat review! camera! begin_at! end_at! conclusion! reason "
        "received:integer! reviewed:integer! quiet:integer! not_reviewable:integer! "
        "not_yet_reviewed:integer! missing:integer! person! evidence",
        checks=(
            "conclusion IN ('positive', 'negative', 'inconclusive')",
            "conclusion = 'positive' OR reason IS NOT NULL",
            "begin_at < end_at",
            "reviewed + quiet + not_reviewable = received",
            "not_yet_reviewed <= not_reviewable",
            "conclusion <> 'positive' OR not_yet_reviewed = 0",
        ),
        indexes=((("review",), None), (("camera", "begin_at"), None)),
    )
    record(
        "surveillance_condition",
        "scope! agreement caveat screening! camera! code! begin_at! end_at! images:integer! "
        "measured threshold",
        indexes=((("screening",), None), (("camera", "begin_at"), None)),
    )
    record(
        "surveillance_declared",
        "scope! agreement caveat operation! mba! type items begin_at! end_at! sensors! "
        "events:integer min_visible_ms:integer process step:integer state! declared_by!",
        checks=("state IN ('declared', 'withdrawn')",),
        indexes=((("operation",), None), (("mba",), None)),
    )
    record(
        "surveillance_event",
        "scope! agreement caveat screening! event:integer! camera! kind! begin_at! end_at! "
        "peak_at! first_digest! last_digest! first_frame:integer last_frame:integer "
        "images:integer! score_ppm:integer! zones against:integer! returned_to:integer",
        checks=("kind IN ('activity', 'state-change')",),
        indexes=((("screening", "event"), None), (("camera", "begin_at"), None)),
    )
    record(
        "surveillance_hold",
        "scope! agreement caveat hold! camera! begin_at! end_at! reason! state!",
        checks=("state IN ('held', 'released')",),
        indexes=((("hold",), None), (("camera",), None)),
    )
    record(
        "surveillance_image",
        "scope! agreement caveat camera! set_name! sequence:integer camera_at! at! name! "
        "digest! frame:integer trigger! state!",
        indexes=((("camera", "at"), None), (("digest",), None), (("set_name",), None)),
    )
    record(
        "surveillance_look",
        "scope! agreement caveat review! screening! event:integer camera! from_at! to_at! "
        "images:integer! dwell_ms:integer! width_px:integer person!",
        checks=(
            "dwell_ms > 0",
            "images > 0",
            "from_at <= to_at",
        ),
        indexes=((("review",), None), (("screening",), None)),
    )
    record(
        "surveillance_mark",
        "scope! agreement caveat review! screening! event:integer! verdict! operation items "
        "note person!",
        checks=(
            "verdict IN ('explained', 'benign', 'relevant', 'unclear')",
            "(verdict = 'explained') = (operation IS NOT NULL)",
        ),
        indexes=((("review",), None), (("screening", "event"), None)),
    )
    record(
        "surveillance_removal",
        "scope! agreement caveat camera! digest! rule!",
        indexes=((("digest",), None), (("camera",), None)),
    )
    record(
        "surveillance_review",
        "scope! agreement caveat review! mba! begin_at! end_at! screenings! reviewer! note",
        indexes=((("review",), None), (("mba",), None)),
    )
    record(
        "surveillance_run",
        "scope! agreement caveat screening! run:integer! standing! code first_at! last_at! "
        "images:integer! event:integer created_by:integer",
        checks=(
            "standing IN ('quiet', 'event', 'unhealthy')",
            "standing <> 'quiet' OR (event IS NULL AND code IS NULL)",
            "standing <> 'unhealthy' OR code IS NOT NULL",
            "standing <> 'event' OR event IS NOT NULL",
            "images > 0",
        ),
        indexes=((("screening", "run"), None),),
    )
    record(
        "surveillance_screening",
        "scope! agreement caveat screening! camera! begin_at! end_at! version:integer! "
        "method! parameters! received:integer! scheduled:integer! nominal:integer! "
        "missing:integer! extra:integer! drift:integer! presented:integer! quiet:integer! "
        "unhealthy:integer! recorded_ppm:integer! valid_ppm:integer! result! "
        "through_act:integer!",
        checks=(
            "begin_at < end_at",
            "presented + quiet + unhealthy = received",
            "scheduled <= received",
            "scheduled - extra + missing + drift = nominal",
            "recorded_ppm BETWEEN 0 AND 1000000",
            "valid_ppm BETWEEN 0 AND recorded_ppm",
        ),
        indexes=((("screening",), None), (("camera",), None)),
    )
    record(
        "surveillance_set",
        "scope! agreement caveat set_name! camera! source! medium! custody received_at! "
        "images:integer! duplicates:integer! unreadable:integer! sequence_gaps:integer! "
        "authentic! first_at last_at manifest",
        indexes=((("set_name",), None), (("camera",), None)),
    )
    record(
        "surveillance_view",
        "scope! agreement caveat camera! version:integer! begin_at! words! mask reference",
        indexes=((("camera",), None),),
    )
    record(
        "surveillance_zone",
        "scope! agreement caveat camera! version:integer! zone! type! polygon! reason",
        checks=("type IN ('INTEREST', 'IGNORE', 'TRIP')",),
        indexes=((("camera",), None),),
    )
