"""Tables of record of surveillance: cameras, images, screenings, reviews and conclusions.

A camera goes by its name within the State; recorded anew, the last line counts. Views, zones and
clock readings have a time from which they hold. Instants are texts in UTC as
`keiryo.dates.utc_text` writes them. Lengths of time are integers in milliseconds.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

CAMERA = LineKind(
    "surveillance_camera",
    "A camera: where it is, how often it takes a picture, what it depends on.",
    (
        text("camera", "name, e.g. CAM-01", required=True),
        text("mba", "material balance area that it looks into", required=True),
        text("place", "where it is mounted, in words"),
        text("model", "maker and model"),
        integer("interval_ms", "picture-taking interval; null: video"),
        integer("tolerance_ms", "how much later than the interval a picture may come"),
        text("clock", "time zone of its clock where names and headers state local time"),
        text("key_id", "key with which it signs, as the register of device keys names it"),
        text("depends_on", "power feeds, links, mountings, clocks, joined by ' | '"),
        integer("retention_days", "how long its pictures are kept after their review"),
        text("note", "note"),
    ),
    checks=("interval_ms IS NULL OR interval_ms > 0",),
    indexes=((("camera",), None), (("mba",), None)),
)

CAMERA_VIEW = LineKind(
    "surveillance_view",
    "What a camera sees from an instant on: the view, and the mask of what matters in it.",
    (
        text("camera", "name of the camera", required=True),
        integer("version", "number of the view, from 1", required=True),
        text("begin_at", "from when, UTC", required=True),
        text("words", "what is seen, in words", required=True),
        text("mask", "SHA-256 of the mask (white where changes matter), a kept file"),
        text("reference", "SHA-256 of a reference picture, a kept file"),
    ),
    indexes=((("camera",), None),),
)

CAMERA_ZONE = LineKind(
    "surveillance_zone",
    "A zone of a view; the zones of the last act about a camera and version count.",
    (
        text("camera", "name of the camera", required=True),
        integer("version", "number of the view", required=True),
        text("zone", "name of the zone", required=True),
        text("type", "INTEREST, IGNORE or TRIP", required=True),
        text(
            "polygon", "corners 'x,y x,y …' in ten-thousandths of width and height", required=True
        ),
        text("reason", "for IGNORE: why nothing that matters can happen there"),
    ),
    checks=("type IN ('INTEREST', 'IGNORE', 'TRIP')",),
    indexes=((("camera",), None),),
)

CAMERA_CLOCK = LineKind(
    "surveillance_clock",
    "How far a camera's clock was off when somebody read it.",
    (
        text("camera", "name of the camera", required=True),
        text("at", "true time of the reading, UTC", required=True),
        integer("offset_ms", "true time minus the camera's time", required=True),
        text("note", "how it was read"),
    ),
    indexes=((("camera",), None),),
)

IMAGE_SET = LineKind(
    "surveillance_set",
    "A set of images as it came in: from which medium, through whose hands.",
    (
        text("set_name", "name of the set", required=True),
        text("camera", "name of the camera", required=True),
        text("source", "folder or file name as received", required=True),
        text("medium", "removable-media, network, file", required=True),
        text("custody", "through whose hands it came, joined by ' | '"),
        text("received_at", "when, UTC", required=True),
        integer("images", "images that are new in the set", required=True),
        integer("duplicates", "images that were in the record before", required=True),
        integer("unreadable", "files that could not be read as pictures", required=True),
        integer("sequence_gaps", "numbers missing from the sequence", required=True),
        text("authentic", "signed, chained, unsigned or broken", required=True),
        text("first_at", "true time of the first image, UTC"),
        text("last_at", "true time of the last image, UTC"),
        text("manifest", "SHA-256 of the manifest of the set, a kept file"),
    ),
    indexes=((("set_name",), None), (("camera",), None)),
)

IMAGE = LineKind(
    "surveillance_image",
    "One image of a camera by its digest: a file of its own, or a frame of a video.",
    (
        text("camera", "name of the camera", required=True),
        text("set_name", "name of the set that it came in", required=True),
        integer("sequence", "number given by the camera"),
        text("camera_at", "time that the camera states, UTC", required=True),
        text("at", "true time: the camera's, corrected by its clock readings, UTC", required=True),
        text("name", "file name; of a frame: file name and number", required=True),
        text(
            "digest",
            "SHA-256 of the bytes as received; of a frame: of the video file",
            required=True,
        ),
        integer("frame", "number of the frame in a video, from 0; null: a file of its own"),
        text(
            "trigger", "scheduled, or what triggered it: seal, radiation, motion …", required=True
        ),
        text(
            "state",
            "received, unreadable, bad-signature, broken-chain, not-as-listed, equivocation",
            required=True,
        ),
    ),
    indexes=((("camera", "at"), None), (("digest",), None), (("set_name",), None)),
)

IMAGE_REMOVAL = LineKind(
    "surveillance_removal",
    "That the content of an image file was removed when its time of retention was over.",
    (
        text("camera", "name of the camera", required=True),
        text("digest", "SHA-256 of the file that was removed", required=True),
        text("rule", "the rule of retention that allowed it", required=True),
    ),
    indexes=((("digest",), None), (("camera",), None)),
)

IMAGE_HOLD = LineKind(
    "surveillance_hold",
    "That images of a camera in a period must be kept, or need no longer; the last line counts.",
    (
        text("hold", "name of the hold", required=True),
        text("camera", "name of the camera", required=True),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when, UTC", required=True),
        text("reason", "why they must be kept, or need no longer", required=True),
        text("state", "held or released", required=True),
    ),
    checks=("state IN ('held', 'released')",),
    indexes=((("hold",), None), (("camera",), None)),
)

CASE_FILE = LineKind(
    "surveillance_case_file",
    "That a case file was made: its images are kept for as long as the case may be asked about.",
    (
        text("camera", "name of the camera", required=True),
        text("begin_at", "period, from when, UTC", required=True),
        text("end_at", "period, until when, UTC", required=True),
        text("name", "name of the file", required=True),
        text("digest", "SHA-256 of the file that was handed out", required=True),
        integer("images", "images in it", required=True),
    ),
    indexes=((("camera",), None), (("digest",), None)),
)

DECLARED_OPERATION = LineKind(
    "surveillance_declared",
    "An operation that the operator declares, and which devices should see it.",
    (
        text("operation", "name of the operation", required=True),
        text("mba", "material balance area", required=True),
        text("type", "e.g. cask-loading, fuel-transfer, opening"),
        text("items", "batches or items that it moves, joined by ' | '"),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when, UTC", required=True),
        text(
            "sensors", "devices that should see it: camera:CAM-01 | seal:IAEA/0042", required=True
        ),
        integer("events", "how many events it should cause; null: one or more"),
        integer("min_visible_ms", "shortest time in which a camera could see it"),
        text("process", "name of the process of which it is a step"),
        integer("step", "number of the step within the process"),
        text("state", "declared or withdrawn", required=True),
        text("declared_by", "who declares it", required=True),
    ),
    checks=("state IN ('declared', 'withdrawn')",),
    indexes=((("operation",), None), (("mba",), None)),
)

SCREENING = LineKind(
    "surveillance_screening",
    "That the images of a camera in a period were screened, by which version, with which result.",
    (
        text("screening", "name of the screening", required=True),
        text("camera", "name of the camera", required=True),
        text("begin_at", "period, from when, UTC", required=True),
        text("end_at", "period, until when, UTC", required=True),
        integer("version", "number of the view", required=True),
        text("method", "name and version of the method of screening", required=True),
        text("parameters", "digest of its parameters", required=True),
        integer("received", "images in the period, each counted once", required=True),
        integer("scheduled", "of these: scheduled ones that are authentic", required=True),
        integer("nominal", "images that the schedule asks for", required=True),
        integer("missing", "images that should be there and are not", required=True),
        integer("extra", "scheduled images beyond the schedule", required=True),
        integer("drift", "images that fall away as pictures come a little late", required=True),
        integer("presented", "images that must be looked at", required=True),
        integer("quiet", "images that were screened quiet", required=True),
        integer("unhealthy", "images whose view was bad, or that could not be read", required=True),
        integer("recorded_ppm", "recorded coverage in millionths", required=True),
        integer("valid_ppm", "valid coverage in millionths", required=True),
        text("result", "SHA-256 of the whole result, a kept file", required=True),
        integer("through_act", "the last act whose images were screened", required=True),
    ),
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

SCREENED_RUN = LineKind(
    "surveillance_run",
    "Successive images of a screening that stand alike: what became of every single image.",
    (
        text("screening", "name of the screening", required=True),
        integer("run", "number of the run within the screening, from 1", required=True),
        text("standing", "quiet, event or unhealthy", required=True),
        text("code", "what was wrong with the view, or why the image could not be read"),
        text("first_at", "time of its first image, UTC", required=True),
        text("last_at", "time of its last image, UTC", required=True),
        integer("images", "images, each counted once", required=True),
        integer("event", "number of the event that they belong to"),
        integer("created_by", "of quiet images: the event that left the scene as it stands here"),
    ),
    checks=(
        "standing IN ('quiet', 'event', 'unhealthy')",
        "standing <> 'quiet' OR (event IS NULL AND code IS NULL)",
        "standing <> 'unhealthy' OR code IS NOT NULL",
        "standing <> 'event' OR event IS NOT NULL",
        "images > 0",
    ),
    indexes=((("screening", "run"), None),),
)

SCREENED_EVENT = LineKind(
    "surveillance_event",
    "An event that screening found.",
    (
        text("screening", "name of the screening", required=True),
        integer("event", "number of the event within the screening, from 1", required=True),
        text("camera", "name of the camera", required=True),
        text("kind", "activity or state-change", required=True),
        text("begin_at", "time of its first image, UTC", required=True),
        text("end_at", "time of its last image, UTC", required=True),
        text("peak_at", "time of the image that differs most, UTC", required=True),
        text("first_digest", "digest of the first image", required=True),
        text("last_digest", "digest of the last image", required=True),
        integer("first_frame", "number of the first frame, if it is of a video"),
        integer("last_frame", "number of the last frame, if it is of a video"),
        integer("images", "images of the event", required=True),
        integer(
            "score_ppm", "largest share of the picture that changed, in millionths", required=True
        ),
        text("zones", "zones that it touches, joined by ' | '"),
        integer("against", "number of the settled scene before it", required=True),
        integer("returned_to", "number of an earlier settled scene that is back"),
    ),
    checks=("kind IN ('activity', 'state-change')",),
    indexes=((("screening", "event"), None), (("camera", "begin_at"), None)),
)

VIEW_CONDITION = LineKind(
    "surveillance_condition",
    "An interval in which a camera saw nothing that counts: a gap, or a view that was bad.",
    (
        text("screening", "name of the screening", required=True),
        text("camera", "name of the camera", required=True),
        text(
            "code",
            "gap, dark, bright, covered, moved, defocused, frozen, replaced …",
            required=True,
        ),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when, UTC", required=True),
        integer("images", "images in it", required=True),
        text("measured", "what was measured, as a decimal"),
        text("threshold", "what it was held against, as a decimal"),
    ),
    indexes=((("screening",), None), (("camera", "begin_at"), None)),
)

REVIEW = LineKind(
    "surveillance_review",
    "A review session: which cameras and which period, and who began it.",
    (
        text("review", "name of the review", required=True),
        text("mba", "material balance area", required=True),
        text("begin_at", "period, from when, UTC", required=True),
        text("end_at", "period, until when, UTC", required=True),
        text("screenings", "the screenings under review, joined by ' | '", required=True),
        text("reviewer", "who reviews, by pseudonymous id", required=True),
        text("note", "note"),
    ),
    indexes=((("review",), None), (("mba",), None)),
)

LOOK = LineKind(
    "surveillance_look",
    "That somebody looked at the images of an event: which, for how long, how large.",
    (
        text("review", "name of the review", required=True),
        text("screening", "name of the screening", required=True),
        integer("event", "number of the event; null: images outside events"),
        text("camera", "name of the camera", required=True),
        text("from_at", "time of the first image looked at, UTC", required=True),
        text("to_at", "time of the last image looked at, UTC", required=True),
        integer("images", "images shown", required=True),
        integer("dwell_ms", "how long they were looked at", required=True),
        integer("width_px", "width at which they were shown"),
        text("person", "who looked, by pseudonymous id", required=True),
    ),
    checks=("dwell_ms > 0", "images > 0", "from_at <= to_at"),
    indexes=((("review",), None), (("screening",), None)),
)

MARK = LineKind(
    "surveillance_mark",
    "What a reviewer says of an event; the last mark of an event in a review counts.",
    (
        text("review", "name of the review", required=True),
        text("screening", "name of the screening", required=True),
        integer("event", "number of the event", required=True),
        text("verdict", "explained, benign, relevant or unclear", required=True),
        text("operation", "the declared operation that explains it"),
        text("items", "batches or items that it concerns, joined by ' | '"),
        text("note", "note"),
        text("person", "who says so, by pseudonymous id", required=True),
    ),
    checks=(
        "verdict IN ('explained', 'benign', 'relevant', 'unclear')",
        "(verdict = 'explained') = (operation IS NOT NULL)",
    ),
    indexes=((("review",), None), (("screening", "event"), None)),
)

CONCLUSION = LineKind(
    "surveillance_conclusion",
    "The conclusion of a review about one camera and period, with the tally it rests on.",
    (
        text("review", "name of the review", required=True),
        text("camera", "name of the camera", required=True),
        text("begin_at", "period, from when, UTC", required=True),
        text("end_at", "period, until when, UTC", required=True),
        text("conclusion", "positive, negative or inconclusive", required=True),
        text("reason", "why it is not positive: code and words"),
        integer("received", "images in the period, each counted once", required=True),
        integer("reviewed", "seen by a person", required=True),
        integer("quiet", "screened quiet against a scene that was reviewed", required=True),
        integer("not_reviewable", "unreadable, unhealthy or not yet looked at", required=True),
        integer("not_yet_reviewed", "of these: not yet looked at", required=True),
        integer("missing", "images that should be there and are not", required=True),
        text("person", "who concludes, by pseudonymous id", required=True),
        text("evidence", "digests of the images that support it, joined by one space"),
    ),
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

CAMERA_KINDS = (CAMERA, CAMERA_VIEW, CAMERA_ZONE, CAMERA_CLOCK)
IMAGE_KINDS = (IMAGE_SET, IMAGE, IMAGE_REMOVAL, IMAGE_HOLD, CASE_FILE, DECLARED_OPERATION)
REVIEW_KINDS = (
    *(SCREENING, SCREENED_RUN, SCREENED_EVENT, VIEW_CONDITION),
    *(REVIEW, LOOK, MARK, CONCLUSION),
)
LINE_KINDS = (*CAMERA_KINDS, *IMAGE_KINDS, *REVIEW_KINDS)
"""What surveillance brings to the journal."""
