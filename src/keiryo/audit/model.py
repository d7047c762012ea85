"""What a pack for an inspector is about, and what became of it.

An inspector compares the records of an area with the reports about it (INFCIRC/153 paragraphs 71
to 74): the ledger with the entries that were reported, the itemised list with the listing of a
physical inventory taking, the reported balance with its terms. The pack holds all of it for one
area and period, as known on one day, with the proof that it is what was recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keiryo.accounts.model import Knowledge
from keiryo.dates import Period

FORMAT = "keiryo-audit-pack-1"

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what)."""


@dataclass(frozen=True, slots=True)
class AuditPack:
    """A pack that was written.

    Attributes
    ----------
    path : Path
    mba : str
    period : Period
    knowledge : Knowledge
        As asked for; a time of recording is resolved to an act.
    act_id, digest : int, str
        The checkpoint: the last act that the pack takes into account.
    files : int
        How many files it holds.
    ledger_lines, superseded_lines : int
        Effective lines of the ledger, and lines that were corrected or deleted.
    corrections, findings, open_findings, proven_lines : int
    size_bytes : int
        Size of the archive.
    """

    path: Path
    mba: str
    period: Period
    knowledge: Knowledge
    act_id: int
    digest: str
    files: int
    ledger_lines: int
    superseded_lines: int
    corrections: int
    findings: int
    open_findings: int
    proven_lines: int
    size_bytes: int
