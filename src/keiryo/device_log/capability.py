"""What device log brings to the posting pipeline."""

from __future__ import annotations

from keiryo.device_log.tables import LINE_KINDS
from keiryo.journal.registry import Capability

DEVICE_LOGS = Capability("device_log", line_kinds=LINE_KINDS)
