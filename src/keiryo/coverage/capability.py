"""What coverage brings to the posting pipeline."""

from __future__ import annotations

from keiryo.coverage.checks import CAMERAS_KNOWN, COVERAGE_HOLDS, MOVED_HELD
from keiryo.coverage.explain import dependents, explain
from keiryo.coverage.kept_images import ANOMALIES_KEEP_IMAGES
from keiryo.coverage.tables import LINE_KINDS
from keiryo.journal.registry import Capability

COVERAGE = Capability(
    "coverage",
    line_kinds=LINE_KINDS,
    checks=(COVERAGE_HOLDS, MOVED_HELD, CAMERAS_KNOWN, ANOMALIES_KEEP_IMAGES),
    explainers=(explain,),
    dependents=(dependents,),
)
