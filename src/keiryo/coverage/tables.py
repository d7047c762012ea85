"""Tables of record of coverage: anomalies, what resolved them, compromises, re-verifications.

Coverage itself is never recorded: it is worked out from seals, cameras and containments as known.
An anomaly goes by its area and a number of its own (``XARA/A-1``). Instants are texts in UTC as
`keiryo.dates.utc_text` writes them.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, text

VERIFIED, DISCREPANT, NOT_CONCLUSIVE = "verified", "discrepant", "not-conclusive"
RESULTS = (VERIFIED, DISCREPANT, NOT_CONCLUSIVE)
"""What a verification of the material says: it is all there, it is not, or neither."""

COVERAGE_ANOMALY = LineKind(
    "coverage_anomaly",
    "A conclusive negative result of a device: no evidence by itself that material was removed.",
    (
        text("mba", "material balance area", required=True),
        text("anomaly", "name of the anomaly within the area, e.g. A-1", required=True),
        text("device", "the device, e.g. seal:IAEA/0042", required=True),
        text("containment", "name of the containment"),
        text("begin_at", "from when the result is negative, UTC", required=True),
        text("end_at", "until when; null: still"),
        text("reason", "code of the reason, e.g. SEAL-OPENED", required=True),
        text("items", "batches or items that were in the containment, joined by ' | '"),
        text("nodes", "what the result rests on, joined by one space"),
    ),
    indexes=((("mba", "anomaly"), None), (("device",), None)),
)

COVERAGE_RESOLUTION = LineKind(
    "coverage_resolution",
    "That the material was verified after an anomaly: by whom, how, with which result.",
    (
        text("mba", "material balance area", required=True),
        text("anomaly", "name of the anomaly", required=True),
        text("at", "when the material was verified, UTC", required=True),
        text("result", "verified or discrepant", required=True),
        text("verified_by", "who verified it", required=True),
        text("reason", "what happened, in words", required=True),
        text(
            "evidence", "act:17, line:12/3 or digests of files, joined by one space", required=True
        ),
    ),
    checks=("result IN ('verified', 'discrepant')",),
    indexes=((("mba", "anomaly"), None),),
)

COVERAGE_COMPROMISE = LineKind(
    "coverage_compromise",
    "That containment or surveillance was or may have to be compromised, told at once.",
    (
        text("mba", "material balance area", required=True),
        text("containment", "name of the containment"),
        text("device", "the device, e.g. seal:IAEA/0042"),
        text("at", "when it happened, or from when it may, UTC", required=True),
        text("reason", "what happened or has to happen", required=True),
        text("told", "who was told, and how", required=True),
        text("reported_by", "who reports it", required=True),
    ),
    checks=("containment IS NOT NULL OR device IS NOT NULL",),
    indexes=((("mba",), None), (("device",), "device IS NOT NULL")),
)

COVERAGE_REVERIFICATION = LineKind(
    "coverage_reverification",
    "That an item was measured or verified again.",
    (
        text("mba", "material balance area", required=True),
        text("batch_uid", "identity of the batch or item", required=True),
        text("at", "when, UTC", required=True),
        text("method", "how, e.g. weighing and NDA", required=True),
        text("verified_by", "who", required=True),
        text("result", "verified, discrepant or not-conclusive", required=True),
        text("evidence", "act:17, line:12/3 or digests of files, joined by one space"),
        text("note", "note"),
    ),
    checks=("result IN ('verified', 'discrepant', 'not-conclusive')",),
    indexes=((("batch_uid",), None), (("mba",), None)),
)

LINE_KINDS: tuple[LineKind, ...] = (
    *(COVERAGE_ANOMALY, COVERAGE_RESOLUTION, COVERAGE_COMPROMISE),
    COVERAGE_REVERIFICATION,
)
"""What coverage brings to the journal."""
