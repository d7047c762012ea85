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
        "surveillance_camera",
        "scope! agreement caveat camera! mba! place model interval_ms:integer "
        "tolerance_ms:integer clock key_id depends_on retention_days:integer note",
        checks=("interval_ms IS NULL OR interval_ms > 0",),
        indexes=((("camera",), None), (("mba",), None)),
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
            "reviewed + quiet + not_reviewable = received",
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
        "surveillance_image",
        "scope! agreement caveat camera! set_name! sequence:integer camera_at! at! name! "
        "digest! frame:integer trigger! state!",
        indexes=((("camera", "at"), None), (("digest",), None), (("set_name",), None)),
    )
    record(
        "surveillance_look",
        "scope! agreement caveat review! screening! event:integer camera! from_at! to_at! "
        "images:integer! dwell_ms:integer! width_px:integer person!",
        checks=("dwell_ms >= 0",),
        indexes=((("review",), None),),
    )
    record(
        "surveillance_mark",
        "scope! agreement caveat review! screening! event:integer! verdict! operation items "
        "note person!",
        checks=("verdict IN ('explained', 'benign', 'relevant', 'unclear')",),
        indexes=((("review",), None),),
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
        "surveillance_screening",
        "scope! agreement caveat screening! camera! begin_at! end_at! version:integer! "
        "method! parameters! received:integer! scheduled:integer! nominal:integer! "
        "missing:integer! extra:integer! presented:integer! quiet:integer! unhealthy:integer! "
        "recorded_ppm:integer! valid_ppm:integer! result!",
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
