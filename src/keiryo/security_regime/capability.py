"""What the records of the security regime bring to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability

SECURITY_REGIME = Capability("security_regime", line_kinds=())
