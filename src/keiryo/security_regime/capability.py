"""What the records of the security regime bring to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.security_regime import event_rules, oversight_rules, tables_events, tables_oversight

SECURITY_REGIME = Capability(
    "security_regime",
    line_kinds=(*tables_oversight.LINE_KINDS, *tables_events.LINE_KINDS),
    checks=(*oversight_rules.CHECKS, *event_rules.CHECKS),
    explainers=(*oversight_rules.EXPLAINERS, *event_rules.EXPLAINERS),
    dependents=(*oversight_rules.DEPENDENTS, *event_rules.DEPENDENTS),
)
