"""Tables of record of containment: structures, ways into them, what they hold, what watches.

A containment goes by its area and a name of its own (``XARA/pond``). Lines of a way, of what is
held and of a watch state an interval; to end one, it is stated anew with an end: of the lines of
the same key and the same beginning the last one counts. Instants are texts in UTC as
`keiryo.dates.utc_text` writes them, which sort as texts.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, text

KINDS = ("vessel", "rack", "room", "pond", "cask", "cabinet", "building", "other")

CONTAINMENT = LineKind(
    "containment",
    "A structure that bounds material; the last line of its name counts.",
    (
        text("mba", "material balance area", required=True),
        text("name", "name within the area, e.g. store-1", required=True),
        text("kind", "vessel, rack, room, pond, cask, cabinet, building or other", required=True),
        text("kmp", "key measurement point"),
        text("location", "where it is, in words"),
        text("note", "note"),
    ),
    indexes=((("mba", "name"), None),),
)

CONTAINMENT_PATH = LineKind(
    "containment_path",
    "A way by which material could leave a containment, for the time that there is one.",
    (
        text("mba", "material balance area", required=True),
        text("containment", "name of the containment", required=True),
        text("path", "name of the way, e.g. lid, door, hatch", required=True),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when (it is bricked up); null: still"),
        text("note", "note"),
    ),
    indexes=((("mba", "containment"), None),),
)

CONTAINMENT_CONTENT = LineKind(
    "containment_content",
    "That a batch or item is in a containment, from when and until when.",
    (
        text("mba", "material balance area", required=True),
        text("containment", "name of the containment", required=True),
        text("batch_uid", "identity of the batch or item", required=True),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when; null: still"),
        text("note", "note"),
    ),
    indexes=((("mba", "containment"), None), (("batch_uid",), None)),
)

CONTAINMENT_WATCH = LineKind(
    "containment_watch",
    "That a camera or another device without a period of its own watches a way.",
    (
        text("mba", "material balance area", required=True),
        text("containment", "name of the containment", required=True),
        text("path", "name of the way", required=True),
        text("device", "camera:NAME", required=True),
        text("mechanism", "how the device works", required=True),
        text("depends_on", "power feeds, links, mountings, clocks, joined by ' | '"),
        text("begin_at", "from when, UTC", required=True),
        text("end_at", "until when; null: still"),
        text("function", "which statement of the operator it can confirm"),
        text("note", "sensitivity, tamper resistance, servicing, frequency of review"),
    ),
    indexes=((("mba", "containment"), None), (("device",), None)),
)

CONTAINMENT_INSPECTION = LineKind(
    "containment_inspection",
    "That a containment was looked over: is it whole?",
    (
        text("mba", "material balance area", required=True),
        text("containment", "name of the containment", required=True),
        text("at", "when, UTC", required=True),
        text("inspectors", "who, joined by ' | '", required=True),
        text("result", "intact, damaged or not-conclusive", required=True),
        text("note", "what was looked at"),
        text("evidence", "digests of files, joined by one space"),
    ),
    checks=("result IN ('intact', 'damaged', 'not-conclusive')",),
    indexes=((("mba", "containment"), None),),
)

LINE_KINDS = (
    *(CONTAINMENT, CONTAINMENT_PATH, CONTAINMENT_CONTENT, CONTAINMENT_WATCH),
    CONTAINMENT_INSPECTION,
)
"""What containment brings to the journal."""
