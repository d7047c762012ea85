"""What evidence of security measures brings to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.security_evidence.links import dependents, explain
from keiryo.security_evidence.record_checks import EVIDENCE_HOLDS
from keiryo.security_evidence.tables import LINE_KINDS

SECURITY_EVIDENCE = Capability(
    "security_evidence",
    line_kinds=LINE_KINDS,
    checks=(EVIDENCE_HOLDS,),
    explainers=(explain,),
    dependents=(dependents,),
)
