"""What seals bring to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.seals.compromise import REPORTS_ARE_TOLD
from keiryo.seals.documents import DOCUMENTS_AGREE
from keiryo.seals.explain import dependents, explain
from keiryo.seals.life_check import SEAL_PARTS, SEALS_ENTER, SEALS_LIVE
from keiryo.seals.movement_check import NO_MOVEMENT_THROUGH, NONE_MOVED_BEFORE
from keiryo.seals.recording import REFUSED_ARE_KEPT
from keiryo.seals.tables import LINE_KINDS

SEALS = Capability(
    "seals",
    line_kinds=LINE_KINDS,
    checks=(
        *(SEALS_ENTER, SEALS_LIVE, SEAL_PARTS, REFUSED_ARE_KEPT),
        *(REPORTS_ARE_TOLD, DOCUMENTS_AGREE, NO_MOVEMENT_THROUGH, NONE_MOVED_BEFORE),
    ),
    explainers=(explain,),
    dependents=(dependents,),
)
