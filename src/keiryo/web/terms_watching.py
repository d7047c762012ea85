"""Words for the acts and lines of seals, cameras and what they cover."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

ACT_KINDS: Mapping[str, str] = {
    "seal.record": sentence("seals recorded"),
    "seal.correct": sentence("event of a seal corrected"),
    "seal.refused": sentence("report about a seal refused and kept"),
    "seal.report": sentence("compromise of a seal reported"),
    "seal.readout": sentence("log of a seal read out"),
    "seal.document": sentence("seals of a shipping document recorded"),
    "containment.add": sentence("containment recorded"),
    "containment.path": sentence("way into a containment recorded"),
    "containment.hold": sentence("items put into a containment"),
    "containment.release": sentence("items taken out of a containment"),
    "containment.watch": sentence("watch of a way recorded"),
    "containment.inspect": sentence("containment inspected"),
    "surveillance.camera": sentence("camera recorded"),
    "surveillance.view": sentence("view of a camera recorded"),
    "surveillance.zone": sentence("zones of a view recorded"),
    "surveillance.clock": sentence("clock of a camera read"),
    "surveillance.ingest": sentence("images taken in"),
    "surveillance.remove": sentence("images removed after their time"),
    "surveillance.hold": sentence("hold on images recorded"),
    "surveillance.case": sentence("case file made"),
    "surveillance.declare": sentence("operation declared"),
    "surveillance.screen": sentence("images screened"),
    "surveillance.review": sentence("review begun"),
    "surveillance.look": sentence("images looked at"),
    "surveillance.mark": sentence("event marked by a reviewer"),
    "surveillance.conclude": sentence("conclusion of a review"),
    "coverage.anomaly": sentence("anomaly recorded"),
    "coverage.resolve": sentence("anomaly resolved"),
    "coverage.compromise": sentence("compromise reported"),
    "coverage.reverify": sentence("item verified again"),
    "device.key": sentence("key of a device recorded"),
    "device.head": sentence("head of a log accepted"),
}
"""Kinds of act in words."""

LINE_KINDS: Mapping[str, str] = {
    "device_key": sentence("key of a device"),
    "device_key_revocation": sentence("revocation of a device key"),
    "device_head": sentence("signed head of a log"),
    "device_head_anchor": sentence("anchor of a log head"),
    "containment": sentence("containment"),
    "containment_path": sentence("way into a containment"),
    "containment_content": sentence("content of a containment"),
    "containment_watch": sentence("watch of a way"),
    "containment_inspection": sentence("inspection of a containment"),
    "seal": sentence("seal"),
    "seal_event": sentence("event of a seal"),
    "seal_item": sentence("item under a seal"),
    "seal_interval": sentence("interval in the log of a seal"),
    "seal_refused": sentence("refused report about a seal"),
    "seal_report": sentence("report of a compromised seal"),
    "seal_document": sentence("seal of a shipping document"),
    "surveillance_camera": sentence("camera"),
    "surveillance_view": sentence("view of a camera"),
    "surveillance_zone": sentence("zone of a view"),
    "surveillance_clock": sentence("reading of a camera's clock"),
    "surveillance_set": sentence("set of images"),
    "surveillance_image": sentence("image"),
    "surveillance_removal": sentence("removal of an image"),
    "surveillance_hold": sentence("hold on images"),
    "surveillance_case_file": sentence("case file"),
    "surveillance_declared": sentence("declared operation"),
    "surveillance_screening": sentence("screening"),
    "surveillance_run": sentence("images of a screening that stand alike"),
    "surveillance_event": sentence("event that screening found"),
    "surveillance_condition": sentence("condition of a view"),
    "surveillance_review": sentence("review"),
    "surveillance_look": sentence("look at images"),
    "surveillance_mark": sentence("mark of a reviewer"),
    "surveillance_conclusion": sentence("conclusion about a camera"),
    "coverage_anomaly": sentence("anomaly"),
    "coverage_resolution": sentence("resolution of an anomaly"),
    "coverage_compromise": sentence("report of a compromise"),
    "coverage_reverification": sentence("verification of an item again"),
}
"""Kinds of lines in words."""

ROLE_WORDS = (
    *(sentence("device log"), sentence("containment"), sentence("seals"), sentence("coverage")),
)
"""What a role may read."""
