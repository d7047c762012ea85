"""What evidence of security measures brings to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability

SECURITY_EVIDENCE = Capability("security_evidence", line_kinds=())
