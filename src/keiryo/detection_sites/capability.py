"""What detection sites bring to the journal."""

from __future__ import annotations

from keiryo.detection_sites.explain import dependents, explain
from keiryo.detection_sites.register import RECORDS_HOLD
from keiryo.detection_sites.register_checks import SHOWN, SITE_SCOPES
from keiryo.detection_sites.tables import LINE_KINDS
from keiryo.journal.registry import Capability

DETECTION_SITES = Capability(
    "detection_sites",
    line_kinds=LINE_KINDS,
    checks=(RECORDS_HOLD, SHOWN, SITE_SCOPES),
    explainers=(explain,),
    dependents=(dependents,),
)
