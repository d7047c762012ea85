"""A review of access: everything that was given for it, read together and held together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.access_control.authorisations import Authorisations
from keiryo.access_control.case import Case
from keiryo.access_control.correlation import correlate, not_judged, rules_left_out
from keiryo.access_control.events import Events
from keiryo.access_control.findings import utc_text
from keiryo.access_control.irregularity import Irregularity
from keiryo.access_control.setup import Setup
from keiryo.access_control.visits import visits_of

RESULT = "keiryo.pp.correlation-result/1"


@dataclass(frozen=True, slots=True)
class Review:
    """What was held together, and what did not fit.

    Attributes
    ----------
    case : Case
    setup : Setup
    irregularities : tuple of Irregularity
    left_out : dict of str to str
        Rules that could not be applied, and what was missing for them.
    not_judged : tuple of str
        Records of a time of which the records of access say nothing.
    """

    case: Case
    setup: Setup
    irregularities: tuple[Irregularity, ...]
    left_out: dict[str, str]
    not_judged: tuple[str, ...] = ()


def review(
    case: Case,
    setup: Setup,
    events: Events | None = None,
    authorisations: Authorisations | None = None,
) -> Review:
    """Hold a case against records of access, if there are any."""
    visits = None if events is None else visits_of(events, setup)
    found = correlate(case, setup, visits, authorisations)
    unseen = tuple(not_judged(case, visits))
    return Review(case, setup, tuple(found), rules_left_out(case, visits), unseen)


def review_result(done: Review) -> dict[str, Any]:
    """Return what did not fit as plain data."""
    counts = {
        "transfers": len(done.case.transfers),
        "work_orders": len(done.case.work_orders),
        "seal_acts": len(done.case.seal_acts),
        "seen": len(done.case.seen),
        "item_checks": len(done.case.item_checks),
        "portal_alarms": len(done.case.portal_alarms),
        "differences": len(done.case.differences),
        "clock_checks": len(done.case.clock_checks),
        "edits": len(done.case.edits),
    }
    return {
        "schema": RESULT,
        "classification": done.setup.classification,
        "from": utc_text(done.case.start_ns),
        "to": utc_text(done.case.end_ns),
        "records": counts,
        "irregularities": [one.to_dict() for one in done.irregularities],
        "rules_left_out": done.left_out,
        "not_judged": list(done.not_judged),
    }


def counts_by_rule(found: Sequence[Irregularity]) -> dict[str, int]:
    """Return how many irregularities there are of each rule: nothing else of them."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.rule] = counts.get(one.rule, 0) + 1
    return dict(sorted(counts.items(), key=lambda row: int(row[0][1:])))
