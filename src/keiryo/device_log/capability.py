"""What device logs bring to the posting pipeline."""

from __future__ import annotations

from keiryo.device_log.accepted_heads import HEADS_HOLD
from keiryo.device_log.explain import dependents, explain
from keiryo.device_log.key_register import KEYS_HOLD
from keiryo.device_log.tables import LINE_KINDS
from keiryo.journal.registry import Capability

DEVICE_LOGS = Capability(
    "device_log",
    line_kinds=LINE_KINDS,
    checks=(KEYS_HOLD, HEADS_HOLD),
    explainers=(explain,),
    dependents=(dependents,),
)
