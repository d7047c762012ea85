"""The lists of physical security as tabs, with how many stand in each."""

from __future__ import annotations

from keiryo.web.pages.protection_known import (
    COMPLIANCE,
    COMPUTERS,
    DUE_BOARD,
    EVENTS,
    EVIDENCE,
    EVIDENCE_CAPABILITY,
    FINDINGS,
    HOME,
    INSPECTIONS,
    PLANS,
    UPGRADES,
    due_now,
    facilities,
    known,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer


def tabs(viewer: Viewer, path: str) -> list[tuple[str, str, bool, int | None]]:
    """Return the lists as tabs; `path` is the one that is shown."""
    found = known(viewer)
    listed = [
        (_("Facilities"), HOME, path == HOME, len(facilities(viewer))),
        (_("Plans"), PLANS, path == PLANS, len(found.plans)),
        (_("Inspections"), INSPECTIONS, path == INSPECTIONS, len(found.inspections)),
        (_("Findings"), FINDINGS, path == FINDINGS, len(found.findings)),
        (_("What is due"), DUE_BOARD, path == DUE_BOARD, len(due_now(viewer))),
        (_("Compliance"), COMPLIANCE, path == COMPLIANCE, None),
        (_("Events"), EVENTS, path == EVENTS, None),
        (_("Upgrades"), UPGRADES, path == UPGRADES, None),
        (_("Computer security"), COMPUTERS, path == COMPUTERS, None),
    ]
    if viewer.reads(EVIDENCE_CAPABILITY):
        listed.append((_("Evidence"), EVIDENCE, path == EVIDENCE, None))
    return listed
